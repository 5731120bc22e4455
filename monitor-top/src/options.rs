//! What is said on the command line and in the environment.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::time::Duration;
use std::{fs, io};

use lexopt::prelude::{Long, Short, Value, ValueExt};

use crate::client::{Address, SetupError, Token};
use crate::question::{Question, Sort, View, Window};

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Look at a dashboard.
    Look(Options),
    /// Tell what can be said here.
    Help,
    /// Tell the version.
    Version,
}

/// How to look at a dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Where it is.
    pub address: Address,
    /// What opens it.
    pub token: Option<Token>,
    /// What is looked at first.
    pub question: Question,
    /// How often it is asked.
    pub every: Duration,
    /// Whether to print one answer and leave.
    pub is_once: bool,
    /// Columns of what is printed; `None` for those of the terminal, or [`WIDTH`] where there is none.
    pub width: Option<usize>,
}

/// Why there is nothing to be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// The words make no sense.
    #[error("{0}; `monitor-top --help` lists what can be said")]
    Words(#[from] lexopt::Error),
    /// A value is not one of those there are.
    #[error("{name} is `{value}`; choose {choices}")]
    Value {
        /// The option.
        name: &'static str,
        /// What it was given.
        value: String,
        /// What would work.
        choices: String,
    },
    /// A token where everybody on the machine can read it.
    #[error(
        "a token on the command line is seen by everybody on this machine; put it in {TOKEN_VARIABLE}, or in a file for --token-file"
    )]
    TokenInSight,
    /// The token's file cannot be read.
    #[error("cannot read the token's file {path}: {cause}")]
    TokenFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The address or the token cannot be used.
    #[error(transparent)]
    Setup(#[from] SetupError),
}

/// The environment variable that holds the token.
pub const TOKEN_VARIABLE: &str = "MONITOR_TOP_TOKEN";

/// Columns of what is printed where there is no terminal.
pub const WIDTH: usize = 120;

/// Where a dashboard is that was served as its documentation shows.
const ADDRESS: &str = "http://127.0.0.1:9300/";

/// Seconds between two questions, at least and at most. The server's readings are a second old, so more often tells no more.
const EVERY_SECONDS: (u64, u64) = (1, 3_600);

/// Columns that can be asked for.
const WIDTHS: (usize, usize) = (20, 1_000);

/// Bytes of a token's file: a header carries no more.
const TOKEN_BYTES_MAX: usize = 4 * 1024;

/// What can be said.
pub const HELP: &str = "\
monitor-top: the dashboard of a database performance monitor, on a terminal

usage: monitor-top [OPTIONS] [ADDRESS]

ADDRESS is where the dashboard is; http://127.0.0.1:9300/ unless said.

  --view VIEW        what to show first: overview (default), statements, pools,
                     alerts, requests
  --window WINDOW    the time that numbers are about: 1m, 5m, 15m (default),
                     60m, start
  --sort SORT        statements by: time (default), calls, mean, p95, max,
                     failed, error_rate, slow
  --ascending        the lowest first
  --search WORDS     only statements with these words
  --every SECONDS    how often to ask: 1 (default) to 3600
  --once             print the view as plain text and leave: for scripts and CI
  --width COLUMNS    columns of that text, 20 to 1000; those of the terminal
                     unless said, 120 where there is none
  --token-file FILE  a file that holds the dashboard's token
  -h, --help         this
  -V, --version      the version

environment:
  MONITOR_TOP_TOKEN  the dashboard's token; --token-file goes before
  NO_COLOR           no colours, if it is not empty

exit code:
  0  all went well
  1  there was no answer, or another than a dashboard's (--once), or the
     terminal could not be used
  2  the command line makes no sense
  3  the dashboard let nobody in: the token is missing or wrong (--once)
";

// === impl Command ===

impl Command {
    /// What these arguments ask for. The token comes from `token`, the variable's value, or from the file that is named.
    ///
    /// # Errors
    ///
    /// When they make no sense, or the token cannot be read.
    pub fn parse(
        arguments: impl IntoIterator<Item = OsString>,
        token: Option<&OsStr>,
    ) -> Result<Self, UsageError> {
        let mut parser = lexopt::Parser::from_args(arguments);
        let mut options = Options {
            address: Address::new(ADDRESS)?,
            token: None,
            question: Question::default(),
            every: Duration::from_secs(EVERY_SECONDS.0),
            is_once: false,
            width: None,
        };
        let (mut token_file, mut is_addressed) = (None, false);
        while let Some(argument) = parser.next()? {
            match argument {
                Short('h') | Long("help") => return Ok(Self::Help),
                Short('V') | Long("version") => return Ok(Self::Version),
                Long("token") => return Err(UsageError::TokenInSight),
                Long("token-file") => token_file = Some(PathBuf::from(parser.value()?)),
                Long("once") => options.is_once = true,
                Long("width") => options.width = Some(number(&mut parser, "--width", WIDTHS)?),
                Long("every") => {
                    let seconds = number(&mut parser, "--every", EVERY_SECONDS)?;
                    options.every = Duration::from_secs(seconds);
                }
                Value(address) if !is_addressed => {
                    options.address = Address::new(&address.string()?)?;
                    is_addressed = true;
                }
                Long(name) if is_question(name) => {
                    let name = name.to_owned();
                    options.question.set(&name, &mut parser)?;
                }
                other => return Err(other.unexpected().into()),
            }
        }
        options.token = match token_file {
            Some(path) => Some(read_token(path)?),
            None => token.filter(|token| !token.is_empty()).map(variable).transpose()?,
        };
        Ok(Self::Look(options))
    }
}

fn variable(token: &OsStr) -> Result<Token, SetupError> {
    Token::new(token.to_str().ok_or(SetupError::Token)?)
}

fn read_token(path: PathBuf) -> Result<Token, UsageError> {
    match fs::read(&path) {
        Err(cause) => Err(UsageError::TokenFile { path, cause }),
        Ok(bytes) if bytes.len() > TOKEN_BYTES_MAX => Err(SetupError::Token.into()),
        Ok(bytes) => Ok(Token::new(&String::from_utf8_lossy(&bytes))?),
    }
}

// === impl Question ===

fn is_question(name: &str) -> bool {
    ["view", "window", "sort", "search", "ascending"].contains(&name)
}

impl Question {
    fn set(&mut self, name: &str, parser: &mut lexopt::Parser) -> Result<(), UsageError> {
        match name {
            "view" => self.view = word(parser, "--view", &View::ALL, View::as_str)?,
            "window" => self.window = word(parser, "--window", &Window::ALL, Window::as_str)?,
            "sort" => self.sort = word(parser, "--sort", &Sort::ALL, Sort::as_str)?,
            "search" => self.search = parser.value()?.string()?,
            _ => self.is_ascending = true,
        }
        Ok(())
    }
}

/// One of a few words.
fn word<T: Copy>(
    parser: &mut lexopt::Parser,
    name: &'static str,
    all: &[T],
    as_str: impl Fn(T) -> &'static str,
) -> Result<T, UsageError> {
    let value = parser.value()?.string()?;
    let known = all.iter().copied().find(|one| as_str(*one) == value);
    let words = || all.iter().map(|one| as_str(*one)).collect::<Vec<_>>().join(", ");
    known.ok_or_else(|| UsageError::Value { name, value, choices: words() })
}

/// A number between two.
fn number<T: Copy + std::str::FromStr + PartialOrd + std::fmt::Display>(
    parser: &mut lexopt::Parser,
    name: &'static str,
    (least, most): (T, T),
) -> Result<T, UsageError> {
    let value = parser.value()?.string()?;
    let number = value.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| UsageError::Value { name, value, choices: format!("{least} to {most}") })
}
