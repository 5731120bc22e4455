//! Numbers as people write them.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A duration in three digits and a unit: `812 ns`, `4.31 ms`, `12.0 s`, `3.2 min`.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    let (value, unit) = match seconds {
        s if s >= 120.0 => return format!("{:.1} min", s / 60.0),
        // The limits lie where rounding to three digits would carry over into the next unit.
        s if s >= 0.999_5 => (s, "s"),
        s if s >= 0.999_5e-3 => (s * 1e3, "ms"),
        s if s >= 0.999_5e-6 => (s * 1e6, "µs"),
        s => return format!("{:.0} ns", s * 1e9),
    };
    match value {
        v if v >= 99.95 => format!("{v:.0} {unit}"),
        v if v >= 9.995 => format!("{v:.1} {unit}"),
        v => format!("{v:.2} {unit}"),
    }
}

/// A count with thin groups of three: `1 234 567`.
pub(super) fn count(count: u64) -> String {
    let digits = count.to_string();
    let mut grouped = String::with_capacity(digits.len() * 4 / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// A rate: `0.20/s`, `12.3/s`, `4 512/s`.
pub(super) fn rate(per_second: f64) -> String {
    match per_second {
        r if r >= 99.95 => format!("{}/s", count(r.round() as u64)),
        r if r >= 9.995 => format!("{r:.1}/s"),
        r => format!("{r:.2}/s"),
    }
}

/// A share in percent: `0 %`, `0.4 %`, `12 %`; never `0 %` for something, nor `100 %` for less than all.
pub(super) fn percent(share: f64) -> String {
    match share * 100.0 {
        p if p <= 0.0 => "0 %".into(),
        p if p < 0.05 => "<0.1 %".into(),
        p if p < 9.95 => format!("{p:.1} %"),
        p if (99.5..100.0).contains(&p) => ">99 %".into(),
        p => format!("{p:.0} %"),
    }
}

/// How often chance does something: `0.012`, `3e-7`, `<1e-99`.
pub(super) fn chance(p: f64) -> String {
    match p {
        p if p < 1e-99 => "<1e-99".into(),
        p if p < 0.001 => format!("{p:.0e}"),
        p => format!("{p:.3}"),
    }
}

/// More or less time: `+12.0 s`, `-3.20 ms`.
pub(super) fn signed_seconds(seconds: f64) -> String {
    let sign = if seconds < 0.0 { '-' } else { '+' };
    format!(
        "{sign}{}",
        duration(Duration::try_from_secs_f64(seconds.abs()).unwrap_or(Duration::MAX))
    )
}

/// A trace's id as W3C writes it: 32 hex digits.
pub(super) fn trace(id: u128) -> String {
    format!("{id:032x}")
}

/// A moment in UTC by RFC 3339, to the millisecond.
pub(super) fn moment(at: SystemTime) -> String {
    let at = OffsetDateTime::from(at);
    let millis = at.replace_millisecond(at.millisecond()).unwrap_or(at);
    millis.format(&Rfc3339).unwrap_or_default()
}

/// A moment in UTC by RFC 3339, as exactly as it is known: for files, which are read back.
pub(super) fn instant(at: SystemTime) -> String {
    OffsetDateTime::from(at).format(&Rfc3339).unwrap_or_default()
}

/// At most `max` characters of a text, with an ellipsis where it was cut, and nothing in it that
/// would move a terminal's cursor.
pub(super) fn cut(text: &str, max: usize) -> String {
    let text = &text.replace(char::is_control, "\u{fffd}");
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some(_) => {
            let end = text.char_indices().nth(max.saturating_sub(1)).map_or(0, |(end, _)| end);
            format!("{}…", &text[..end])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_three_digits() {
        for (nanos, words) in [
            (0, "0 ns"),
            (812, "812 ns"),
            (1_000, "1.00 µs"),
            (999_960, "1.00 ms"),
            (4_310_000, "4.31 ms"),
            (99_960_000, "100 ms"),
            (12_000_000_000, "12.0 s"),
            (192_000_000_000, "3.2 min"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanos)), words);
        }
    }

    #[test]
    fn counts_rates_and_shares_read_well() {
        assert_eq!(count(7), "7");
        assert_eq!(count(1_234_567), "1 234 567");
        assert_eq!(rate(4_512.3), "4 512/s");
        assert_eq!(rate(0.2), "0.20/s");
        assert_eq!(percent(0.0), "0 %");
        assert_eq!(percent(0.000_1), "<0.1 %");
        assert_eq!(percent(0.999), ">99 %");
        assert_eq!(percent(1.0), "100 %");
    }

    #[test]
    fn chances_and_differences_read_well() {
        assert_eq!(chance(0.0123), "0.012");
        assert_eq!(chance(3.2e-7), "3e-7");
        assert_eq!(chance(0.0), "<1e-99");
        assert_eq!(signed_seconds(-0.0032), "-3.20 ms");
        assert_eq!(signed_seconds(12.0), "+12.0 s");
    }

    #[test]
    fn a_cut_text_has_the_length_asked_for() {
        assert_eq!(cut("select", 6), "select");
        assert_eq!(cut("sélect *", 4), "sél…");
        assert_eq!(cut("abc", 0), "…");
        assert_eq!(cut("a\u{1b}[2J", 9), "a\u{fffd}[2J");
    }

    #[test]
    fn a_moment_is_utc_to_the_millisecond() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_123_456);
        assert_eq!(moment(at), "2023-11-14T22:13:20.123Z");
    }
}
