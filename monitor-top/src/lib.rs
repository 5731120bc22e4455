//! The dashboard of a database performance monitor, on a terminal.
//!
//! For people on a server: `monitor-top` asks the JSON API of `monitor-dashboard` every second and shows the overview, the statements that matter,
//! the pools and the alerts. `monitor-top --once` prints one of them as plain text. `monitor-top --help` says the rest, exit codes included.
//!
//! It only reads. A server that is away or restarts is asked again every second, and the last numbers stay in sight with their age. What a
//! server says is taken for hostile: nothing of it reaches the terminal as a command.

mod answers;
mod app;
mod client;
mod once;
mod options;
mod pages;
mod question;
mod screen;
mod sheet;
mod terminal;
mod text;

pub use app::App;
pub use client::{Address, Client, SetupError, Token, Trouble};
pub use once::plain;
pub use options::{Command, HELP, Options, TOKEN_VARIABLE, UsageError, WIDTH};
pub use pages::Answer;
pub use question::{Question, Sort, View, Window};
pub use screen::draw;
pub use terminal::show;
