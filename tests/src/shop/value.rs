//! A column's value, and how it is written in CSV and in SQL.

use std::fmt::{self, Display, Write};

use super::Dialect;

/// A row: one value for each of its table's columns.
pub type Row = Vec<Value>;

/// A column's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A truth, which MariaDB and SQLite keep as 0 or 1.
    Bool(bool),
    /// A decimal of two places, in hundredths: money must not go through floats.
    Cents(i64),
    /// A whole number.
    Int(i64),
    /// Nothing.
    Null,
    /// Text.
    Text(String),
    /// A moment, in seconds since 2023-01-01 00:00:00.
    Time(u32),
}

impl Value {
    /// Appends the value as a CSV field; nothing is the empty field, the empty text is quoted.
    pub(super) fn write_csv(&self, out: &mut String) {
        match self {
            Self::Null => {}
            Self::Bool(truth) => out.push(if *truth { '1' } else { '0' }),
            Self::Text(text) if text.is_empty() || text.contains([',', '"', '\n', '\r']) => {
                quote(out, text, '"');
            }
            plain => append(out, plain),
        }
    }

    /// Appends the value as an SQL literal.
    pub(super) fn write_sql(&self, dialect: Dialect, out: &mut String) {
        match self {
            Self::Null => out.push_str("NULL"),
            Self::Text(text) => write_sql_text(text, dialect, out),
            Self::Time(_) => append(out, format_args!("'{self}'")),
            plain => append(out, plain),
        }
    }
}

/// Without quotes: `12.50`, `2023-01-01 00:00:00`, `true`.
impl Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(truth) => write!(f, "{truth}"),
            Self::Cents(cents) => {
                let sign = if *cents < 0 { "-" } else { "" };
                let cents = cents.unsigned_abs();
                write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
            }
            Self::Int(number) => write!(f, "{number}"),
            Self::Null => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Time(seconds) => {
                let (year, month, day) = date(seconds / 86_400);
                let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
                write!(f, "{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
            }
        }
    }
}

/// Appends a text as an SQL literal.
pub(super) fn write_sql_text(text: &str, dialect: Dialect, out: &mut String) {
    // Only MariaDB and MySQL read a backslash in a literal as the start of something.
    if dialect == Dialect::Mysql && text.contains('\\') {
        quote(out, &text.replace('\\', "\\\\"), '\'');
    } else {
        quote(out, text, '\'');
    }
}

fn quote(out: &mut String, text: &str, mark: char) {
    out.push(mark);
    for c in text.chars() {
        if c == mark {
            out.push(mark);
        }
        out.push(c);
    }
    out.push(mark);
}

fn append(out: &mut String, value: impl Display) {
    write!(out, "{value}").expect("writing to a String can't fail");
}

/// The date so many days after 2023-01-01. The shop's data ends with 2024.
fn date(mut day: u32) -> (u32, u32, u32) {
    let mut year = 2023;
    loop {
        let february = if year % 4 == 0 { 29 } else { 28 };
        let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        for (month, days) in (1..).zip(months) {
            if day < days {
                return (year, month, day + 1);
            }
            day -= days;
        }
        year += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Dialect, Value};

    fn csv(value: &Value) -> String {
        let mut out = String::new();
        value.write_csv(&mut out);
        out
    }

    fn sql(value: &Value, dialect: Dialect) -> String {
        let mut out = String::new();
        value.write_sql(dialect, &mut out);
        out
    }

    #[test]
    fn moments_are_dates_of_the_calendar() {
        let day = |days: u32| Value::Time(days * 86_400).to_string();
        assert_eq!(day(0), "2023-01-01 00:00:00");
        assert_eq!(day(364), "2023-12-31 00:00:00");
        assert_eq!(day(365 + 31 + 28), "2024-02-29 00:00:00");
        assert_eq!(day(730), "2024-12-31 00:00:00");
        assert_eq!(Value::Time(86_399).to_string(), "2023-01-01 23:59:59");
    }

    #[test]
    fn csv_tells_nothing_from_the_empty_text() {
        assert_eq!(csv(&Value::Null), "");
        assert_eq!(csv(&Value::Text(String::new())), "\"\"");
        assert_eq!(csv(&Value::Text("a \"b\", c".into())), "\"a \"\"b\"\", c\"");
        assert_eq!(csv(&Value::Bool(true)), "1");
        assert_eq!(csv(&Value::Cents(1205)), "12.05");
    }

    #[test]
    fn sql_literals_survive_quotes_and_backslashes() {
        let text = Value::Text("it's \\ here".into());
        assert_eq!(sql(&text, Dialect::Postgres), "'it''s \\ here'");
        assert_eq!(sql(&text, Dialect::Mysql), "'it''s \\\\ here'");
        assert_eq!(sql(&Value::Null, Dialect::Sqlite), "NULL");
        assert_eq!(sql(&Value::Time(0), Dialect::Sqlite), "'2023-01-01 00:00:00'");
        assert_eq!(sql(&Value::Cents(-5), Dialect::Sqlite), "-0.05");
    }
}
