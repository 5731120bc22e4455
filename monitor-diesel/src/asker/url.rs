//! The URL of a connection that asks, made from the application's.

use monitor_core::capture::System;
use monitor_core::inquire::Manners;

/// A URL for a connection of the monitor's own; `None` where nobody else can get at the database.
pub(super) fn asking(url: &str, system: System, manners: &Manners) -> Option<String> {
    let url = url.trim();
    match system {
        System::PostgreSql => Some(postgres(url, manners)),
        System::Sqlite => sqlite(url),
        _ => Some(url.to_owned()),
    }
}

/// With the settings among libpq's `options`, behind those that are there: of two, the last one counts.
fn postgres(url: &str, manners: &Manners) -> String {
    let settings = manners.postgres_settings();
    let settings: Vec<String> =
        settings.iter().map(|(name, value)| format!("-c {name}={value}")).collect();
    let settings = settings.join(" ");
    let seconds = manners.connect_max.as_secs().max(2);
    let who = Manners::APPLICATION_NAME;
    if !url.contains("://") {
        // Of a word that is said twice libpq takes the last.
        let before = word(url, "options").map(|before| before + " ").unwrap_or_default();
        let options = escape(&(before + &settings));
        let who = escape(who);
        return format!(
            "{url} options='{options}' application_name='{who}' connect_timeout={seconds}"
        );
    }
    let (address, query) = url.split_once('?').unwrap_or((url, ""));
    let mut pairs: Vec<String> = Vec::new();
    let mut options = String::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("options", before)) => options = format!("{before}%20"),
            Some(("application_name" | "connect_timeout", _)) => {}
            _ => pairs.push(pair.to_owned()),
        }
    }
    pairs.push(format!("options={options}{}", percent(&settings)));
    pairs.push(format!("application_name={}", percent(who)));
    pairs.push(format!("connect_timeout={seconds}"));
    format!("{address}?{}", pairs.join("&"))
}

/// The value of a word in `host=db options='-c a=b'`.
fn word(url: &str, name: &str) -> Option<String> {
    let at = url.match_indices(name).map(|(at, _)| at).filter(|&at| {
        let before = url[..at].chars().next_back();
        before.is_none_or(char::is_whitespace)
            && url[at + name.len()..].trim_start().starts_with('=')
    });
    let value = url[at.last()? + name.len()..].trim_start().strip_prefix('=')?.trim_start();
    Some(match value.strip_prefix('\'') {
        Some(quoted) => unquoted(quoted),
        None => value.split_whitespace().next().unwrap_or_default().to_owned(),
    })
}

/// Up to the closing quote, backslashes taken away.
fn unquoted(text: &str) -> String {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' => break,
            '\\' => value.extend(chars.next()),
            c => value.push(c),
        }
    }
    value
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\'', "\\'")
}

/// Read-only, and never made where it is not there.
fn sqlite(url: &str) -> Option<String> {
    let path = url.strip_prefix("sqlite://").unwrap_or(url);
    let uri = match path.strip_prefix("file:") {
        Some(uri) => uri.to_owned(),
        None if url.starts_with("sqlite://") => path.to_owned(),
        None => path.replace('%', "%25").replace('?', "%3f").replace('#', "%23"),
    };
    let (file, query) = uri.split_once('?').unwrap_or((&uri, ""));
    let is_memory = file.is_empty() || file == ":memory:" || query.contains("mode=memory");
    if is_memory {
        // Shared within the process, it can be reached; else it belongs to one connection.
        return query.contains("cache=shared").then(|| url.to_owned());
    }
    let query: Vec<&str> = query
        .split('&')
        .filter(|pair| !pair.is_empty() && !pair.starts_with("mode="))
        .chain(["mode=ro"])
        .collect();
    Some(format!("file:{file}?{}", query.join("&")))
}

/// Percent-encodes all but letters and digits.
fn percent(text: &str) -> String {
    let encoded = text.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    });
    encoded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, system: System, expected: &[&str]) {
        let asking = asking(url, system, &Manners::default()).expect("a URL");
        for part in expected {
            assert!(asking.contains(part), "{part} is not in {asking}");
        }
    }

    #[test]
    fn settings_come_behind_those_that_are_there() {
        let check = |url, expected: &[&str]| check(url, System::PostgreSql, expected);
        let settings = "-c%20default_transaction_read_only%3Don%20-c%20lock_timeout%3D200";
        check("postgres://a:b@db/shop", &["postgres://a:b@db/shop?options=-c%20", settings]);
        check(
            "postgres://db/shop?options=-c%20search_path%3Dx&sslmode=require&application_name=web",
            &[
                "?sslmode=require&options=-c%20search_path%3Dx%20-c%20default_transaction_read_only",
                "&application_name=monitor%20",
            ],
        );
        check("host=db", &["host=db options='-c default_transaction_read_only=on -c lock"]);
        check(
            r"host=db options='-c search_path=it\'s' user=a",
            &[r"user=a options='-c search_path=it\'s -c default_transaction_read_only=on"],
        );
    }

    #[test]
    fn a_file_is_opened_to_be_read() {
        let read = |url| asking(url, System::Sqlite, &Manners::default());
        assert_eq!(read("shop.db").as_deref(), Some("file:shop.db?mode=ro"));
        assert_eq!(read("/a b/50%?.db").as_deref(), Some("file:/a b/50%25%3f.db?mode=ro"));
        assert_eq!(
            read("file:shop.db?mode=rwc&vfs=unix").as_deref(),
            Some("file:shop.db?vfs=unix&mode=ro")
        );
        assert_eq!(read("sqlite:///srv/shop.db").as_deref(), Some("file:/srv/shop.db?mode=ro"));
    }

    #[test]
    fn memory_is_asked_only_where_it_is_shared() {
        let read = |url| asking(url, System::Sqlite, &Manners::default());
        assert_eq!(read(":memory:"), None);
        assert_eq!(read("file::memory:"), None);
        let shared = "file:one?mode=memory&cache=shared";
        assert_eq!(read(shared).as_deref(), Some(shared));
    }
}
