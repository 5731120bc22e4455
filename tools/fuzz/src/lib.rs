//! What must hold of any bytes, a function for each reader. The targets only hand them over.

use monitor_core::identify::{Dialect, Identity, identify, refine};
use monitor_core::show;

/// How much text the time of a reader is felt on, in bytes: what takes a step for each pair of bytes runs into the
/// fuzzer's `-timeout`.
const LONG_BYTES: usize = 512 * 1024;

/// A secret no other part of an input spells.
const SECRET: &str = "Zq7Secret9Kx";

/// The first byte picks a dialect; the rest is text, as far as it is UTF-8.
fn text(data: &[u8]) -> Option<(Dialect, &str)> {
    let (&first, rest) = data.split_first()?;
    let text = match std::str::from_utf8(rest) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&rest[..error.valid_up_to()]).ok()?,
    };
    Some((Dialect::ALL[usize::from(first) % Dialect::ALL.len()], text))
}

/// A normalised text is its own normal form, with the same fingerprint, kind, tables and summary.
pub fn identify_any(data: &[u8]) {
    let Some((dialect, text)) = text(data) else { return };
    let once = identify(text, dialect);
    if once.truncated {
        return;
    }
    let twice = identify(&once.text, dialect);
    let told = |one: &Identity| (one.text.clone(), one.fingerprint, one.kind, one.tables.clone(), one.summary.clone());
    assert_eq!(told(&once), told(&twice), "{dialect:?} {text:?}");
}

/// A text of any length takes time in proportion to it: this one is long, and slow where that fails.
pub fn take_time(data: &[u8]) {
    let Some((dialect, text)) = text(data) else { return };
    if !text.is_empty() {
        let _long = identify(&text.repeat(LONG_BYTES / text.len()), dialect);
    }
}

/// A string stays hidden whatever follows it, and so does all that follows a quote that never closes.
pub fn hide_literals(data: &[u8]) {
    let Some((dialect, text)) = text(data) else { return };
    if text.to_lowercase().contains(&SECRET.to_lowercase()) {
        return;
    }
    for hidden in [
        format!("select '{SECRET}' {text}"),
        format!("insert into t values (1, '{SECRET}'), {text}"),
        format!("select a from t where b in ('{SECRET}', {text}"),
        format!("select 'x' || '{SECRET} {}", text.replace(['\'', '\\'], "")),
    ] {
        let identity = identify(&hidden, dialect);
        assert!(!identity.text.to_lowercase().contains(&SECRET.to_lowercase()), "{dialect:?} {hidden:?}");
        assert!(!identity.summary.to_lowercase().contains(&SECRET.to_lowercase()), "{dialect:?} {hidden:?}");
    }
}

/// The parser says something or nothing, and returns.
pub fn refine_any(data: &[u8]) {
    if let Some((dialect, text)) = text(data) {
        let _maybe = refine(text, dialect);
        let _maybe = refine(&identify(text, dialect).text, dialect);
    }
}

/// A saved snapshot is read or refused.
pub fn load_saved(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        let _snapshot_or_reason = show::load(text);
    }
}

/// Of an address with a password, nothing that is kept has it.
pub fn take_apart_url(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _database = monitor_diesel::database_of(text);
    if !text.contains(['@', '/', '?', '#', '\\']) && !text.contains(SECRET) {
        for url in [
            format!("postgres://{text}:{SECRET}@host/db"),
            format!("mysql://user:{text}{SECRET}@host:3306/db?a=b"),
        ] {
            let database = format!("{:?}", monitor_diesel::database_of(&url));
            assert!(!database.contains(SECRET), "{url:?}: {database}");
        }
    }
}
