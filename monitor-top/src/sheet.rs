//! A page as lines of a given width, the same for a screen and for plain text.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use crate::text;

/// What a page shows: lines of safe text.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    /// Columns there are.
    pub(crate) width: usize,
    /// Stays in sight.
    pub(crate) head: Vec<Line<'static>>,
    /// May be scrolled.
    pub(crate) body: Vec<Line<'static>>,
}

/// How a piece of text is meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As it is.
    #[default]
    Plain,
    /// Names what follows.
    Label,
    /// Opens a part of the page.
    Title,
    /// Fine.
    Good,
    /// Worth a look.
    Warning,
    /// Trouble.
    Bad,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    /// Columns of the terminal; zero for what is left, which only the last column may have.
    pub(crate) width: usize,
    /// Columns the page must have for this one to be shown.
    pub(crate) from: usize,
    pub(crate) is_number: bool,
}

/// One place of a table.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

// === impl Sheet ===

impl Sheet {
    pub(crate) fn new(width: usize) -> Self {
        Self { width, ..Self::default() }
    }

    /// Opens a part of the page.
    pub(crate) fn title(&mut self, title: &str) {
        if !self.body.is_empty() {
            self.body.push(Line::default());
        }
        self.pieces(&[(Tone::Title, title)]);
    }

    /// A line of pieces, a blank between two.
    pub(crate) fn pieces(&mut self, pieces: &[(Tone, &str)]) {
        let line = line(pieces, self.width);
        self.body.push(line);
    }

    /// Bars between a name and a number.
    pub(crate) fn bars(&mut self, name: &'static str, bars: &str, number: &str) {
        let (style, bars) = (Tone::Label.style(), format!(" {bars} "));
        let number =
            text::fit(number, self.width.saturating_sub(text::width(name) + text::width(&bars)));
        self.body.push(Line::from(vec![
            Span::styled(name, style),
            Span::raw(bars),
            Span::raw(number),
        ]));
    }

    /// A text of any length in so many lines.
    pub(crate) fn text(&mut self, tone: Tone, words: &str, lines_max: usize) {
        for words in text::fold(&text::safe(words), self.width, lines_max) {
            self.body.push(Line::styled(words, tone.style()));
        }
    }

    /// The names of a table's columns, as a line.
    pub(crate) fn names(&self, columns: &[Column]) -> Line<'static> {
        let cells = columns.iter().map(|column| Cell::toned(Tone::Label, column.name)).collect();
        self.row(columns, cells)
    }

    /// One row of a table, as a line. As many cells as columns.
    pub(crate) fn row(&self, columns: &[Column], cells: Vec<Cell>) -> Line<'static> {
        let mut spans = Vec::new();
        let mut left = self.width;
        for (column, cell) in
            columns.iter().zip(cells).filter(|(column, _)| column.from <= self.width)
        {
            if !spans.is_empty() && left > 0 {
                spans.push(Span::raw(" "));
                left -= 1;
            }
            let width = if column.width == 0 { left } else { column.width.min(left) };
            let shown = text::fit(&text::safe(&cell.text), width);
            let padding = " ".repeat(width - text::width(&shown));
            let shown = if column.is_number { padding + &shown } else { shown + &padding };
            spans.push(Span::styled(shown, cell.tone.style()));
            left -= width;
        }
        Line::from(spans)
    }

    /// A table below what is there, its names first.
    pub(crate) fn table(&mut self, columns: &[Column], rows: Vec<Vec<Cell>>) {
        let names = self.names(columns);
        self.body.push(names);
        for cells in rows {
            let row = self.row(columns, cells);
            self.body.push(row);
        }
    }
}

/// Pieces in one line, a blank between two, cut where the line ends.
pub(crate) fn line(pieces: &[(Tone, &str)], width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    let mut left = width;
    for (tone, piece) in pieces {
        if !spans.is_empty() {
            spans.push(Span::raw(" "));
            left = left.saturating_sub(1);
        }
        let shown = text::fit(&text::safe(piece), left);
        left -= text::width(&shown);
        spans.push(Span::styled(shown, tone.style()));
    }
    Line::from(spans)
}

// === impl Tone ===

impl Tone {
    /// Colours of the terminal's own sixteen, so that they fit its background.
    pub(crate) fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Label => Style::new().add_modifier(Modifier::DIM),
            Self::Title => Style::new().add_modifier(Modifier::BOLD),
            Self::Good => Style::new().fg(Color::Green),
            Self::Warning => Style::new().fg(Color::Yellow),
            Self::Bad => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
        }
    }

    /// Of a severity or of a health.
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "healthy" => Self::Good,
            "warning" | "degraded" => Self::Warning,
            "error" | "critical" | "unhealthy" => Self::Bad,
            _ => Self::Plain,
        }
    }

    /// Bad where there are any.
    pub(crate) fn of_trouble(count: u64) -> Self {
        if count > 0 { Self::Bad } else { Self::Plain }
    }
}

// === impl Column ===

impl Column {
    pub(crate) const fn number(name: &'static str, width: usize) -> Self {
        Self { name, width, from: 0, is_number: true }
    }

    pub(crate) const fn words(name: &'static str, width: usize) -> Self {
        Self { name, width, from: 0, is_number: false }
    }

    /// What is left of the line.
    pub(crate) const fn rest(name: &'static str) -> Self {
        Self::words(name, 0)
    }

    /// Only on pages of so many columns.
    pub(crate) const fn from(self, columns: usize) -> Self {
        Self { from: columns, ..self }
    }
}

// === impl Cell ===

impl Cell {
    pub(crate) fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::toned(Tone::Plain, text)
    }
}
