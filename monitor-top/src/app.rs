//! What is looked at, and what was heard of it.

use std::time::Instant;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use crate::client::{Address, Client, Trouble};
use crate::pages::Answer;
use crate::question::{Question, Sort, View, Window, next};

/// A look at one dashboard: what is asked, the newest answer, and why there is no newer one.
#[derive(Debug)]
pub struct App {
    pub(crate) address: Address,
    pub(crate) question: Question,
    pub(crate) answer: Option<Answer>,
    pub(crate) trouble: Option<(Trouble, Instant)>,
    /// The chosen line of a list, or the first line in sight.
    pub(crate) line: usize,
    /// The first line of a list in sight.
    pub(crate) top: usize,
    /// Lines that were in sight, and lines there were, when it was last drawn.
    pub(crate) seen: (usize, usize),
    /// The search as it is being typed.
    pub(crate) typing: Option<String>,
    pub(crate) is_help: bool,
    is_over: bool,
}

/// Characters of a search.
const SEARCH_CHARS_MAX: usize = 100;

// === impl App ===

impl App {
    /// A look that has seen nothing yet.
    pub fn new(address: Address, question: Question) -> Self {
        Self {
            address,
            question,
            answer: None,
            trouble: None,
            line: 0,
            top: 0,
            seen: (0, 0),
            typing: None,
            is_help: false,
            is_over: false,
        }
    }

    /// What is to be asked.
    pub fn question(&self) -> &Question {
        &self.question
    }

    /// Whether its user wants to leave.
    pub fn is_over(&self) -> bool {
        self.is_over
    }

    /// Asks, and hears the answer. Takes as long as the server does.
    pub fn refresh(&mut self, client: &Client, now: Instant) {
        let question = self.question.clone();
        let result = question.ask(client);
        self.hear(&question, result, now);
    }

    /// Hears what came of a question.
    ///
    /// An answer to what is no longer asked is let go. Where there is none, the former stays, with the trouble beside it.
    pub fn hear(&mut self, question: &Question, result: Result<Answer, Trouble>, now: Instant) {
        match result {
            _ if *question != self.question => {}
            Ok(answer) => {
                self.trouble = None;
                // A list may have become shorter than where we were.
                let pages = answer.pages();
                self.answer = Some(answer);
                if self.question.page >= pages {
                    self.turn_to(pages - 1);
                }
            }
            Err(trouble) => {
                let since = self.trouble.as_ref().map_or(now, |(_, since)| *since);
                self.trouble = Some((trouble, since));
            }
        }
    }

    /// Does what a key means.
    pub fn press(&mut self, key: KeyEvent) {
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control => self.is_over = true,
            _ if self.typing.is_some() => self.type_in(key.code),
            KeyCode::Char(_) if is_control => {}
            _ if self.is_help => self.is_help = false,
            KeyCode::Char('q') | KeyCode::Esc => self.is_over = true,
            KeyCode::Char('?' | 'h') => self.is_help = true,
            KeyCode::Char('/') => {
                self.look_at(View::Statements);
                self.typing = Some(String::new());
            }
            KeyCode::Char(letter) => self.choose(letter),
            KeyCode::Tab => self.look_at(next(&View::ALL, self.question.view)),
            code => self.go(code),
        }
    }

    fn choose(&mut self, letter: char) {
        match letter {
            '1' => self.look_at(View::Overview),
            '2' => self.look_at(View::Statements),
            '3' => self.look_at(View::Pools),
            '4' => self.look_at(View::Alerts),
            '5' => self.look_at(View::Requests),
            'w' => self.ask(|question| question.window = next(&Window::ALL, question.window)),
            's' => self.sort_by(next(&Sort::ALL, self.question.sort)),
            't' => self.sort_by(Sort::Time),
            'c' => self.sort_by(Sort::Calls),
            'p' => self.sort_by(Sort::P95),
            'e' => self.sort_by(Sort::ErrorRate),
            'r' => self.ask(|question| question.is_ascending = !question.is_ascending),
            'j' => self.go(KeyCode::Down),
            'k' => self.go(KeyCode::Up),
            _ => {}
        }
    }

    fn look_at(&mut self, view: View) {
        if self.question.view != view {
            self.answer = None;
            self.ask(|question| question.view = view);
        }
    }

    fn sort_by(&mut self, sort: Sort) {
        self.look_at(View::Statements);
        self.ask(|question| question.sort = sort);
    }

    /// Asks something else, from its first page on.
    fn ask(&mut self, change: impl FnOnce(&mut Question)) {
        change(&mut self.question);
        self.turn_to(0);
    }

    fn turn_to(&mut self, page: u64) {
        self.question.page = page;
        (self.line, self.top) = (0, 0);
    }

    fn type_in(&mut self, code: KeyCode) {
        let Some(typing) = &mut self.typing else { return };
        match code {
            KeyCode::Char(letter) if typing.chars().count() < SEARCH_CHARS_MAX => {
                typing.push(letter);
            }
            KeyCode::Backspace => {
                typing.pop();
            }
            KeyCode::Esc => self.typing = None,
            KeyCode::Enter => {
                let search = self.typing.take().unwrap_or_default();
                self.ask(|question| question.search = search.trim().to_owned());
            }
            _ => {}
        }
    }

    /// Moves within what is shown; drawing holds it to what there is.
    fn go(&mut self, code: KeyCode) {
        let (height, lines) = self.seen;
        let pages = self.answer.as_ref().map_or(1, Answer::pages);
        let leap = height.saturating_sub(1).max(1);
        match code {
            KeyCode::Up => self.line = self.line.saturating_sub(1),
            KeyCode::Down => self.line = self.line.saturating_add(1),
            KeyCode::PageUp => self.line = self.line.saturating_sub(leap),
            KeyCode::PageDown => self.line = self.line.saturating_add(leap),
            KeyCode::Home => self.line = 0,
            KeyCode::End => self.line = lines,
            KeyCode::Right if self.question.page + 1 < pages => {
                self.turn_to(self.question.page + 1)
            }
            KeyCode::Left if self.question.page > 0 => self.turn_to(self.question.page - 1),
            _ => {}
        }
    }

    /// Holds the place to what there is to see, and keeps the chosen line of a list in sight.
    pub(crate) fn settle(&mut self, height: usize, lines: usize, is_list: bool) {
        self.seen = (height, lines);
        if is_list {
            self.line = self.line.min(lines.saturating_sub(1));
            let lowest = (self.line + 1).saturating_sub(height.max(1));
            self.top = self.top.clamp(lowest, self.line);
        } else {
            self.line = self.line.min(lines.saturating_sub(height));
            self.top = self.line;
        }
    }
}
