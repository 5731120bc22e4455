//! `monitor-top`: parses, looks, and says by its exit code how that went.

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use monitor_top::{Client, Command, HELP, Options, TOKEN_VARIABLE, Trouble, WIDTH, plain, show};

/// The dashboard could not be asked, or there is no terminal.
const FAILED: u8 = 1;

/// The command line makes no sense.
const MISUSED: u8 = 2;

/// The dashboard let nobody in.
const DENIED: u8 = 3;

fn main() -> ExitCode {
    let token = std::env::var_os(TOKEN_VARIABLE);
    match Command::parse(std::env::args_os().skip(1), token.as_deref()) {
        Ok(Command::Help) => print(HELP),
        Ok(Command::Version) => print(concat!("monitor-top ", env!("CARGO_PKG_VERSION"), "\n")),
        Ok(Command::Look(options)) if options.is_once => once(options),
        Ok(Command::Look(options)) => look(options),
        Err(error) => fail(MISUSED, &error.to_string()),
    }
}

fn once(options: Options) -> ExitCode {
    let width = options.width.or_else(columns).unwrap_or(WIDTH);
    let client = Client::new(options.address, options.token);
    match options.question.ask(&client) {
        Ok(answer) => print(&plain(&answer, &options.question, width)),
        Err(trouble) => {
            let code = if matches!(trouble, Trouble::Denied(_)) { DENIED } else { FAILED };
            fail(code, &format!("{}: {trouble}", client.address().as_str()))
        }
    }
}

fn look(options: Options) -> ExitCode {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return fail(MISUSED, "there is no terminal to show anything on; --once prints plain text");
    }
    match show(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, &format!("the terminal cannot be used: {error}")),
    }
}

/// Columns of the terminal that is written to.
fn columns() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (columns, _) = ratatui::crossterm::terminal::size().ok()?;
    (columns > 0).then(|| columns.into())
}

fn print(text: &str) -> ExitCode {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever read has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => fail(FAILED, &format!("cannot write: {error}")),
    }
}

fn fail(code: u8, words: &str) -> ExitCode {
    // Nothing is left to tell where this cannot be written.
    let _ = writeln!(io::stderr(), "monitor-top: {words}");
    ExitCode::from(code)
}
