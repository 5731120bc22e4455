//! Texts and numbers as they may be shown on a terminal.
//!
//! Whatever comes from the server is taken for hostile: an escape sequence would command the terminal, a character that
//! takes no column or turns the direction of writing would show something else than what is there.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Stands for a character that is not shown.
const UNSHOWN: char = '\u{fffd}';

/// Stands for the rest of a text.
const REST: char = '…';

/// Bars of a spark line, from low to high.
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The text in one line, without anything that a terminal obeys.
///
/// White space becomes one blank, other control characters a replacement character; what takes no column is left out.
pub(crate) fn safe(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            _ if character.is_whitespace() => {
                if !safe.ends_with(' ') {
                    safe.push(' ');
                }
            }
            _ if character.is_control() => safe.push(UNSHOWN),
            _ if character.width().unwrap_or(0) == 0 => {}
            _ => safe.push(character),
        }
    }
    safe.trim().to_owned()
}

/// Columns it takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of a safe text that fits, with a mark where that is not all.
pub(crate) fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut fitting = String::new();
    let mut left = columns.saturating_sub(1);
    for character in text.chars() {
        let taken = character.width().unwrap_or(0);
        if taken > left {
            break;
        }
        left -= taken;
        fitting.push(character);
    }
    if columns > 0 {
        fitting.push(REST);
    }
    fitting
}

/// The end of a safe text that fits, with a mark where that is not all: of a path, its end tells most.
pub(crate) fn fit_end(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut from = text.len();
    let mut left = columns.saturating_sub(1);
    for (at, character) in text.char_indices().rev() {
        let taken = character.width().unwrap_or(0);
        if taken > left {
            break;
        }
        left -= taken;
        from = at;
    }
    format!("{REST}{}", &text[from..])
}

/// A safe text in lines of so many columns, broken anywhere; what does not fit into so many lines is cut.
pub(crate) fn fold(text: &str, columns: usize, lines_max: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && columns > 1 && lines.len() < lines_max {
        if lines.len() + 1 == lines_max || width(rest) <= columns {
            lines.push(fit(rest, columns));
            break;
        }
        let end = end_of_line(rest, columns);
        lines.push(rest[..end].to_owned());
        rest = rest[end..].trim_start();
    }
    lines
}

/// Where a line ends: after its last blank, unless that is far from its end.
fn end_of_line(text: &str, columns: usize) -> usize {
    let mut taken = 0;
    let mut blank = None;
    for (at, character) in text.char_indices() {
        taken += character.width().unwrap_or(0);
        if taken > columns {
            return blank.filter(|blank| *blank > at / 2).unwrap_or(at);
        }
        if character == ' ' {
            blank = Some(at + 1);
        }
    }
    text.len()
}

/// A time, in three digits and its unit.
pub(crate) fn time(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return "-".to_owned();
    }
    // The unit is chosen by what is left after rounding, so that no time reads `1000ms`.
    if seconds < 999.5e-6 {
        digits(seconds * 1e6, "µs")
    } else if seconds < 999.5e-3 {
        digits(seconds * 1e3, "ms")
    } else if seconds < 59.95 {
        digits(seconds, "s")
    } else {
        let seconds = seconds.round() as u64;
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
        match (days, hours) {
            (0, 0) => format!("{minutes}m{:02}s", seconds % 60),
            (0, _) => format!("{hours}h{:02}m", minutes % 60),
            _ => format!("{days}d{:02}h", hours % 24),
        }
    }
}

/// A time, where there is one.
pub(crate) fn time_of(seconds: Option<f64>) -> String {
    seconds.map_or_else(|| "-".to_owned(), time)
}

/// How many, in three digits where it is many.
pub(crate) fn count(count: u64) -> String {
    if count < 10_000 { count.to_string() } else { amount(count as f64) }
}

/// How much, in three digits.
pub(crate) fn amount(amount: f64) -> String {
    match amount {
        _ if !amount.is_finite() => "-".to_owned(),
        _ if amount < 999.5 => digits(amount, ""),
        _ if amount < 999.5e3 => digits(amount / 1e3, "k"),
        _ if amount < 999.5e6 => digits(amount / 1e6, "M"),
        _ => digits(amount / 1e9, "G"),
    }
}

/// A share as per cent.
pub(crate) fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1}%", share * 100.0) } else { "-".to_owned() }
}

fn digits(value: f64, unit: &str) -> String {
    match value {
        _ if value == 0.0 => format!("0{unit}"),
        _ if value < 9.995 => format!("{value:.2}{unit}"),
        _ if value < 99.95 => format!("{value:.1}{unit}"),
        _ => format!("{value:.0}{unit}"),
    }
}

/// The last of these numbers as bars; a blank where nobody knows.
pub(crate) fn spark(numbers: &[Option<f64>], columns: usize) -> String {
    let shown = &numbers[numbers.len().saturating_sub(columns)..];
    let highest = shown.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |number: &Option<f64>| match number {
        None => ' ',
        Some(_) if highest <= 0.0 => BARS[0],
        Some(number) => {
            let height = number / highest * (BARS.len() - 1) as f64;
            BARS[(height.round() as usize).min(BARS.len() - 1)]
        }
    };
    shown.iter().map(bar).collect()
}

/// A share as a bar of so many columns.
pub(crate) fn bar(share: f64, columns: usize) -> String {
    let full = (share.clamp(0.0, 1.0) * columns as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(columns - full))
}

/// The time of day of a moment such as `2026-11-23T20:53:28.703Z`, in UTC as it is.
pub(crate) fn time_of_day(moment: &str) -> String {
    let time = moment.split_once('T').map_or(moment, |(_, time)| time);
    safe(time.split(['.', 'Z']).next().unwrap_or(time))
}

/// Day and time of a moment, in UTC as it is.
pub(crate) fn day_and_time(moment: &str) -> String {
    match moment.split_once('T') {
        Some((day, _)) => format!("{} {}", safe(day), time_of_day(moment)),
        None => safe(moment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left() {
        for (text, shown) in [
            ("a\u{1b}[2Jb", "a\u{fffd}[2Jb"),
            ("a\u{9b}31mb\u{7}\u{7f}", "a\u{fffd}31mb\u{fffd}\u{fffd}"),
            ("line\r\nbreak\ttab", "line break tab"),
            ("\u{202e}txet\u{202c} \u{2066}x\u{2069}", "txet x"),
            ("z\u{200b}e\u{200d}r\u{feff}o", "zero"),
            ("e\u{301}\u{301}\u{301}", "e"),
            ("日本 \u{1f4a9}", "日本 \u{1f4a9}"),
        ] {
            assert_eq!(safe(text), shown, "{text:?}");
        }
    }

    #[test]
    fn what_is_cut_fits_and_says_so() {
        for (text, columns, shown) in [
            ("select", 6, "select"),
            ("select", 5, "sele…"),
            ("日本語", 5, "日本…"),
            ("日本", 3, "日…"),
            ("日本", 2, "…"),
            ("x", 0, ""),
        ] {
            assert_eq!(fit(text, columns), shown);
            assert!(width(&fit(text, columns)) <= columns);
        }
        assert_eq!(fit_end("src/日本/cart.rs:42", 11), "…cart.rs:42");
        assert_eq!(fit_end("cart.rs:42", 10), "cart.rs:42");
        assert_eq!(fold("select a from t", 10, 9), ["select a ", "from t"]);
        assert_eq!(fold("日本語日本語", 5, 2), ["日本", "語日…"]);
        assert_eq!(fold("a b", 1, 2), [""; 0]);
    }

    #[test]
    fn times_and_counts_take_three_digits() {
        for (seconds, shown) in [
            (0.0, "0µs"),
            (0.000_235, "235µs"),
            (0.000_999_6, "1.00ms"),
            (0.012_34, "12.3ms"),
            (1.5, "1.50s"),
            (59.96, "1m00s"),
            (3_725.0, "1h02m"),
            (90_000.0, "1d01h"),
            (-1.0, "-"),
            (f64::NAN, "-"),
        ] {
            assert_eq!(time(seconds), shown);
        }
        for (number, shown) in [
            (0, "0"),
            (9_999, "9999"),
            (12_345, "12.3k"),
            (999_700, "1.00M"),
            (u64::MAX, "18446744074G"),
        ] {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn a_spark_line_shows_the_newest_and_leaves_gaps() {
        assert_eq!(spark(&[Some(9.0), Some(0.0), None, Some(7.0)], 3), "▁ █");
        assert_eq!(spark(&[Some(0.0)], 3), "▁");
        assert_eq!(bar(0.5, 4), "██░░");
    }
}
