//! What one statement must hold to.

use std::collections::BTreeSet;
use std::panic::catch_unwind;

use monitor_core::identify::{Dialect, Identity, Tables, identify, refine};
use sqlparser::dialect::{GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect};
use sqlparser::tokenizer::{Token, Tokenizer, Word};

/// A string shorter than this may be found in a statement for many reasons.
const SECRET_BYTES_MIN: usize = 4;

/// What was found out about one statement.
#[derive(Default)]
pub(crate) struct Checked {
    /// Promises that were broken, each in a few words.
    pub(crate) broken: Vec<String>,
    /// Words that are neither in the normalised text nor known to leave.
    pub(crate) lost: Vec<String>,
    /// What the parser says of kind and tables, if it understands the text.
    pub(crate) parsed: Option<Compared>,
}

/// Tokens and parser side by side.
pub(crate) struct Compared {
    /// Whether they agree.
    pub(crate) same_kind: bool,
    pub(crate) same_tables: bool,
    /// Both answers, for a reader.
    pub(crate) tokens: String,
    pub(crate) parser: String,
}

/// Checks one statement.
pub(crate) fn check(text: &str, dialect: Dialect) -> Checked {
    let Ok(identity) = catch_unwind(|| identify(text, dialect)) else {
        return Checked { broken: vec!["panicked".to_owned()], ..Checked::default() };
    };
    let mut checked = Checked::default();
    if identity.truncated {
        return checked;
    }
    check_normal(&identity, dialect, &mut checked);
    check_literals(text, &identity, dialect, &mut checked);
    checked.parsed = compare(text, &identity, dialect);
    checked
}

fn check_normal(identity: &Identity, dialect: Dialect, checked: &mut Checked) {
    let again = identify(&identity.text, dialect);
    if again.text != identity.text || again.fingerprint != identity.fingerprint {
        checked.broken.push(format!("normalised once more: {}", again.text));
    } else if (&again.kind, &again.tables, &again.summary) != (&identity.kind, &identity.tables, &identity.summary) {
        checked.broken.push("another kind, tables or summary the second time".to_owned());
    }
}

/// No literal is left, as another tokenizer cuts them, and nothing else is lost.
fn check_literals(text: &str, identity: &Identity, dialect: Dialect, checked: &mut Checked) {
    let Some(before) = tokens(text, dialect) else { return };
    let normal = identity.text.to_lowercase();
    let names: Vec<String> = before.iter().filter_map(|token| name(token, dialect)).collect();
    for token in &before {
        if let Some(secret) = secret(token, dialect).map(|secret| secret.to_lowercase())
            && secret.len() >= SECRET_BYTES_MIN
            && normal.contains(&secret)
            && !is_spelt_by_names(&secret, &names)
        {
            checked.broken.push(format!("shows `{secret}`"));
        }
    }
    let after = tokens(&identity.text.replace("...", "?"), dialect).unwrap_or_default();
    for (at, token) in after.iter().enumerate() {
        // `2fa_tokens` is a name to MySQL, and a number and a name to this tokenizer.
        let is_name = matches!(after.get(at + 1), Some(Token::Word(_) | Token::Number(..)));
        if secret(token, dialect).is_some() && !is_name && !is_mysql_name(token, dialect, &identity.text) {
            checked.broken.push(format!("leaves {token}"));
        }
    }
    let kept: BTreeSet<String> = after.iter().filter_map(word).map(|word| word.value.to_lowercase()).collect();
    let is_hidden = names.iter().any(|name| matches!(name.as_str(), "savepoint" | "deallocate" | "prepare" | "execute"
        | "declare" | "close" | "fetch" | "move" | "release" | "rollback" | "cursor" | "current"));
    if !is_hidden && !identity.text.contains("...") && !after.is_empty() {
        let leaves = ["null", "true", "false", "default", "values"];
        checked.lost = before
            .iter()
            .enumerate()
            .filter(|(at, _)| *at == 0 || !is_sign(&before[at - 1]))
            .filter_map(|(_, token)| word(token))
            .map(|word| word.value.to_lowercase())
            .filter(|word| !kept.contains(word) && !leaves.contains(&word.as_str()))
            // A user such as `root@localhost` is one word here, and `_utf8` before a string a part of it.
            .filter(|word| !(word.contains('@') || dialect == Dialect::MySql && word.starts_with('_')))
            .collect();
    }
}

/// Whether this makes a placeholder, or a number, of the word behind it.
fn is_sign(token: &Token) -> bool {
    matches!(token, Token::Colon | Token::AtSign | Token::Number(..))
}

/// Whether the statement spells a string by its names as well, such as `'select 1'` or `'table '`.
fn is_spelt_by_names(secret: &str, names: &[String]) -> bool {
    secret
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| !word.is_empty())
        .all(|word| names.iter().any(|name| name.contains(word)))
}

/// What a token must not leave behind.
fn secret(token: &Token, dialect: Dialect) -> Option<&str> {
    match token {
        Token::Number(text, _)
        | Token::SingleQuotedString(text)
        | Token::NationalStringLiteral(text)
        | Token::EscapedStringLiteral(text)
        | Token::UnicodeStringLiteral(text)
        | Token::HexStringLiteral(text)
        | Token::SingleQuotedByteStringLiteral(text) => Some(text),
        Token::DollarQuotedString(text) => Some(&text.value),
        Token::DoubleQuotedString(text) if dialect == Dialect::MySql => Some(text),
        _ => None,
    }
}

/// Whether this is the beginning of a name such as `0xfg`.
fn is_mysql_name(token: &Token, dialect: Dialect, text: &str) -> bool {
    let Token::HexStringLiteral(digits) = token else { return false };
    let after = |at: usize| text.as_bytes().get(at + 2 + digits.len());
    dialect == Dialect::MySql
        && text.match_indices(&format!("0x{digits}")).any(|(at, _)| after(at).is_some_and(u8::is_ascii_alphanumeric))
}

/// A word without quotes.
fn word(token: &Token) -> Option<&Word> {
    match token {
        Token::Word(word) if word.quote_style.is_none() => Some(word),
        _ => None,
    }
}

/// A word with or without quotes, as far as its dialect takes it for a name.
fn name(token: &Token, dialect: Dialect) -> Option<String> {
    match token {
        Token::Word(word) => Some(word.value.to_lowercase()),
        Token::DoubleQuotedString(text) if dialect != Dialect::MySql => Some(text.to_lowercase()),
        Token::Placeholder(text) => Some(text.to_lowercase()),
        _ => None,
    }
}

fn tokens(text: &str, dialect: Dialect) -> Option<Vec<Token>> {
    let tokens = match dialect {
        Dialect::Generic => Tokenizer::new(&GenericDialect {}, text).tokenize(),
        Dialect::PostgreSql => Tokenizer::new(&PostgreSqlDialect {}, text).tokenize(),
        Dialect::MySql => Tokenizer::new(&MySqlDialect {}, text).tokenize(),
        Dialect::Sqlite => Tokenizer::new(&SQLiteDialect {}, text).tokenize(),
    };
    tokens.ok()
}

fn compare(text: &str, identity: &Identity, dialect: Dialect) -> Option<Compared> {
    let parsed = refine(text, dialect)?;
    let tables = |tables: &Tables| {
        let sorted = |names: &[String]| names.iter().cloned().collect::<BTreeSet<_>>();
        (sorted(&tables.read), sorted(&tables.written))
    };
    let shown = |kind: &str, tables: &Tables| {
        format!("{kind} reads {} writes {}", tables.read.join(" "), tables.written.join(" "))
    };
    Some(Compared {
        same_kind: parsed.kind == identity.kind,
        same_tables: tables(&parsed.tables) == tables(&identity.tables),
        tokens: shown(identity.kind.as_str(), &identity.tables),
        parser: shown(parsed.kind.as_str(), &parsed.tables),
    })
}
