//! The terminal: keys come in, answers come in, pictures go out.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyEvent, KeyEventKind};

use crate::app::App;
use crate::client::{Client, Trouble};
use crate::options::Options;
use crate::pages::Answer;
use crate::question::Question;
use crate::screen;

/// Something that happened.
enum Happening {
    /// A key was pressed.
    Key(KeyEvent),
    /// The terminal has another size.
    Resized,
    /// A question was answered, or not.
    Heard(Question, Result<Answer, Trouble>),
    /// Somebody wants the process to end.
    Stopped,
    /// The terminal is gone.
    Lost(io::Error),
}

/// How often it is drawn when nothing happens, so that a clock that is shown goes on.
const PICTURE: Duration = Duration::from_secs(1);

/// Happenings that may wait: a key held down must not pile up.
const HAPPENINGS_MAX: usize = 64;

/// Shows a dashboard until its user leaves or the process is told to end; the terminal is then as it was.
///
/// # Errors
///
/// When the terminal cannot be used.
pub fn show(options: Options) -> io::Result<()> {
    let (happened, happenings) = mpsc::sync_channel(HAPPENINGS_MAX);
    let stopped = happened.clone();
    let told = ctrlc::set_handler(move || {
        let _ = stopped.send(Happening::Stopped);
    });
    told.map_err(io::Error::other)?;
    let app = App::new(options.address.clone(), options.question.clone());
    let questions = ask(options, happened.clone())?;
    let mut terminal = ratatui::try_init()?;
    let ended =
        read_keys(happened).and_then(|()| turn(app, &mut terminal, &happenings, &questions));
    ratatui::try_restore()?;
    ended
}

fn turn(
    mut app: App,
    terminal: &mut DefaultTerminal,
    happenings: &Receiver<Happening>,
    questions: &Sender<Question>,
) -> io::Result<()> {
    let mut asked = app.question().clone();
    while !app.is_over() {
        terminal.draw(|frame| screen::draw(&mut app, frame, Instant::now()))?;
        match happenings.recv_timeout(PICTURE) {
            Ok(Happening::Key(key)) => app.press(key),
            Ok(Happening::Heard(question, result)) => app.hear(&question, result, Instant::now()),
            Ok(Happening::Stopped) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
            Ok(Happening::Lost(error)) => return Err(error),
            Ok(Happening::Resized) | Err(RecvTimeoutError::Timeout) => {}
        }
        if asked != *app.question() {
            asked = app.question().clone();
            // Where nobody asks any more, the end is near.
            let _ = questions.send(asked.clone());
        }
    }
    Ok(())
}

/// Asks again and again, on a thread of its own; at once, when the question is another.
fn ask(options: Options, happened: SyncSender<Happening>) -> io::Result<Sender<Question>> {
    let (questions, asked) = mpsc::channel();
    let work = move || {
        let client = Client::new(options.address, options.token);
        let mut question = options.question;
        loop {
            let result = question.ask(&client);
            if happened.send(Happening::Heard(question.clone(), result)).is_err() {
                return;
            }
            match asked.recv_timeout(options.every) {
                // Of several, the newest.
                Ok(newer) => question = asked.try_iter().last().unwrap_or(newer),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    };
    thread::Builder::new().name("monitor-top-ask".into()).spawn(work)?;
    Ok(questions)
}

/// Waits for keys on a thread of its own, which ends with the process.
fn read_keys(happened: SyncSender<Happening>) -> io::Result<()> {
    let work = move || {
        loop {
            let happening = match event::read() {
                Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => Happening::Key(key),
                Ok(Event::Resize(..)) => Happening::Resized,
                Ok(_) => continue,
                Err(error) => Happening::Lost(error),
            };
            let is_lost = matches!(happening, Happening::Lost(_));
            if happened.send(happening).is_err() || is_lost {
                return;
            }
        }
    };
    thread::Builder::new().name("monitor-top-keys".into()).spawn(work)?;
    Ok(())
}
