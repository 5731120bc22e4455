//! A value between two values, given as text.

/// The value that lies a share `at` of the way from `low` to `high`: of numbers, dates and moments the one in
/// between, of everything else one of the two.
pub(super) fn between(low: &str, high: &str, at: f64) -> Option<String> {
    if let (Ok(from), Ok(to)) = (low.parse::<f64>(), high.parse::<f64>()) {
        let value = from + (to - from) * at;
        let is_whole = !low.contains('.') && !high.contains('.');
        return Some(if is_whole { format!("{value:.0}") } else { format!("{value:.4}") });
    }
    if let (Some(from), Some(to)) = (seconds(low), seconds(high)) {
        let value = from + ((to - from) as f64 * at) as i64;
        return Some(moment(value, low));
    }
    Some(if at < 0.5 { low.to_owned() } else { high.to_owned() })
}

/// Seconds since 1970 of `2024-03-05` or `2024-03-05 06:07:08`; what follows is left out.
fn seconds(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok();
    let is_date = text.len() >= 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    if !is_date {
        return None;
    }
    let days = days_of(number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let time = match text.len() {
        10 => 0,
        _ => number(11, 13)? * 3600 + number(14, 16)? * 60 + number(17, 19)?,
    };
    Some(days * 86_400 + time)
}

/// A moment in the form of another.
fn moment(seconds: i64, form: &str) -> String {
    let (year, month, day) = date_of(seconds.div_euclid(86_400));
    let date = format!("{year:04}-{month:02}-{day:02}");
    if form.len() == 10 {
        return date;
    }
    let time = seconds.rem_euclid(86_400);
    let zone = form.get(19..).and_then(|rest| rest.rfind(['+', '-']).map(|at| &rest[at..]));
    let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
    format!("{date} {hour:02}:{minute:02}:{second:02}{}", zone.unwrap_or_default())
}

/// Days since 1970 of a date of the Gregorian calendar. Years start in March, so that a leap day ends one.
fn days_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn a_value_in_between_keeps_the_form_of_its_neighbours() {
        for (low, high, at, expected) in [
            ("10", "20", 0.25, "12"),
            ("0.50", "1.50", 0.5, "1.0000"),
            ("2024-02-28", "2024-03-02", 0.34, "2024-02-29"),
            ("2023-12-31 00:00:00", "2024-01-02 00:00:00", 0.5, "2024-01-01 00:00:00"),
            ("2023-12-31 00:00:00+00", "2024-01-02 00:00:00+00", 0.75, "2024-01-01 12:00:00+00"),
            ("apple", "pear", 0.2, "apple"),
            ("apple", "pear", 0.8, "pear"),
        ] {
            assert_eq!(between(low, high, at).as_deref(), Some(expected), "{low} {high}");
        }
    }
}
