//! What a parser makes of a statement.
//!
//! The tokens tell the kind and the tables of nearly every statement; a parser is surer where it understands the text at
//! all, which is most of the time and never certain. So it may correct what the tokens said, and nothing depends on it.

use std::thread;

use sqlparser::{
    ast::Statement,
    dialect::{GenericDialect, MySqlDialect, PostgreSqlDialect, SQLiteDialect},
    parser::Parser,
};

use super::{
    dialect::Dialect,
    keyword::Word,
    kind::Kind,
    lexer::Lexer,
    relations::relations,
    tables::Tables,
    token::TokenKind,
    wording::{Like, Wording},
};

/// The longest text that is given to the parser, in bytes.
pub const PARSE_BYTES_MAX: usize = 16 * 1024;
/// How many operators a text may have that is given to the parser; a join counts as four.
///
/// Each may nest the tree one level deeper, and the tree takes stack to build, to walk and to drop.
pub const PARSE_OPERATORS_MAX: usize = 256;
/// PostgreSQL's and MySQL's joins are parsed by recursion that nothing else bounds.
const JOIN_WEIGHT: usize = 4;
/// The stack the parser gets. The deepest text it is given needs less than 2 MB, several times that in a debug build.
const PARSE_STACK_BYTES: usize = 8 * 1024 * 1024;

/// What a parser adds to what the tokens told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refinement {
    /// What the statement does.
    pub kind: Kind,
    /// What it does that to.
    pub tables: Tables,
}

/// The kind and tables of a text as a parser sees them; `None` when it sees nothing, or less than the tokens tell.
///
/// Takes a normalised text or any other, up to [`PARSE_BYTES_MAX`] and [`PARSE_OPERATORS_MAX`]. Parses on a thread of
/// its own, because a stack that overflows ends the process and the caller's may be short: tens of microseconds for an
/// ordinary statement, so it has no place between a query and its caller.
#[must_use]
pub fn refine(text: &str, dialect: Dialect) -> Option<Refinement> {
    on_a_long_stack(text, dialect, || refine_here(text, dialect))
}

/// Gives the parsed statement of a text to `read`, on the thread that parsed it; `None` when there is not exactly one.
///
/// A `?` is understood where the dialect's own parser does; see [`numbered`]. Bounds and cost are those of [`refine`].
pub(crate) fn parsed<R: Send>(
    text: &str,
    dialect: Dialect,
    read: impl FnOnce(Statement) -> Option<R> + Send,
) -> Option<R> {
    on_a_long_stack(text, dialect, || {
        let mut statements = parse(text, dialect)?;
        let statement = statements.pop()?;
        if statements.is_empty() { read(statement) } else { None }
    })
}

/// What is added to the number of a placeholder that stands for a list; see [`numbered`].
pub(crate) const LIST_FROM: usize = 100_000;

/// Runs what recurses as deep as a text is nested, if the text is within bounds.
fn on_a_long_stack<R: Send>(
    text: &str,
    dialect: Dialect,
    run: impl FnOnce() -> Option<R> + Send,
) -> Option<R> {
    if text.len() > PARSE_BYTES_MAX || is_too_nested(text, dialect) {
        return None;
    }
    thread::scope(|scope| {
        let parser =
            thread::Builder::new().name("monitor-parse".to_owned()).stack_size(PARSE_STACK_BYTES);
        parser.spawn_scoped(scope, run).ok()?.join().ok().flatten()
    })
}

fn refine_here(text: &str, dialect: Dialect) -> Option<Refinement> {
    // What a `?` stands for can't be seen: `limit ?` wants a placeholder, `varchar(?)` a number, `comment ?` a string.
    let placeholder = if dialect == Dialect::PostgreSql { "$1" } else { "?" };
    let mut stand_ins = [placeholder, "1", "''"].into_iter();
    let statements =
        stand_ins.find_map(|stand_in| parse(&filled(text, dialect, stand_in), dialect))?;
    match statements.as_slice() {
        [] => None,
        [statement] => {
            let (kind, tables) = relations(statement)?;
            Some(Refinement { kind, tables })
        }
        several => {
            let mut tables = Tables::default();
            for statement in several {
                let (_, found) = relations(statement)?;
                found.read.iter().for_each(|name| tables.add_read(name));
                found.written.iter().for_each(|name| tables.add_written(name));
            }
            Some(Refinement { kind: Kind::Batch, tables })
        }
    }
}

fn parse(text: &str, dialect: Dialect) -> Option<Vec<Statement>> {
    match dialect {
        Dialect::Generic => Parser::parse_sql(&GenericDialect {}, text),
        Dialect::PostgreSql => Parser::parse_sql(&PostgreSqlDialect {}, text),
        Dialect::MySql => Parser::parse_sql(&MySqlDialect {}, text),
        Dialect::Sqlite => Parser::parse_sql(&SQLiteDialect {}, text),
    }
    .ok()
}

/// Whether the tree could be deeper than the stack is long.
fn is_too_nested(text: &str, dialect: Dialect) -> bool {
    let mut lexer = Lexer::new(text, dialect);
    let mut operators = 0;
    while let Some(kind) = lexer.next(false) {
        operators += match kind {
            TokenKind::Operator | TokenKind::Sign | TokenKind::Cast | TokenKind::OpenBracket => 1,
            TokenKind::Keyword(keyword)
                if matches!(keyword.word, Word::Join | Word::StraightJoin) =>
            {
                JOIN_WEIGHT
            }
            TokenKind::Keyword(keyword) => {
                usize::from(keyword.value_next() || keyword.word == Word::Reserved)
            }
            // `a at time zone b`: words that are operators, but not to us.
            TokenKind::Name => {
                usize::from(matches!(lexer.token_text(), "at" | "isnull" | "notnull"))
            }
            _ => 0,
        };
    }
    operators > PARSE_OPERATORS_MAX
}

/// The text with something in the place of each value.
fn filled(text: &str, dialect: Dialect, stand_in: &str) -> String {
    replaced(text, dialect, |value| {
        // A string after a name is a typed literal, as in `date '2020-02-02'`.
        Some(if value.is_typed { "''".to_owned() } else { stand_in.to_owned() })
    })
}

/// The text with a numbered placeholder in the place of each `?` and `...`, which a parser understands.
///
/// They are counted from 1 in the order of the text; one that stands for a list has [`LIST_FROM`] added. Other
/// placeholders are numbered too, and literals stay.
pub(crate) fn numbered(text: &str, dialect: Dialect) -> String {
    numbered_as_told(text, dialect, &Wording::default()).0
}

/// The same with what is known of the literals that were hidden: truths stand where they stood. And the placeholders
/// in whose place a pattern begins with text.
pub(crate) fn numbered_as_told(
    text: &str,
    dialect: Dialect,
    wording: &Wording,
) -> (String, Vec<String>) {
    let mut prefixes = Vec::new();
    let sign = if dialect == Dialect::PostgreSql { '$' } else { '?' };
    let mut count = 0;
    let text = replaced(text, dialect, |value| {
        if !value.is_list && !is_placeholder(value.text) {
            return None;
        }
        let like = wording.at(value.at);
        if let (Some(truth), false) = (like.truth(), value.is_typed) {
            return Some(truth.to_owned());
        }
        count += 1;
        Some(match value.before {
            "interval" if dialect == Dialect::PostgreSql => "'1 day'".to_owned(),
            "date" | "timestamp" | "datetime" | "timestamptz" if value.is_typed => {
                "'2020-02-02'".to_owned()
            }
            _ if value.is_typed => "''".to_owned(),
            _ if value.is_list => format!("{sign}{}", count + LIST_FROM),
            _ => {
                let name = format!("{sign}{count}");
                if like == Like::Prefix {
                    prefixes.push(name.clone());
                }
                name
            }
        })
    });
    (text, prefixes)
}

/// Whether a value is one to be bound: `?`, `$1`, `?1`, `:name`, `@name`, but not `$$text$$`.
fn is_placeholder(value: &str) -> bool {
    let mut chars = value.chars();
    match (chars.next(), chars.next()) {
        (Some('?' | ':' | '@'), _) => true,
        (Some('$'), Some(second)) => second.is_ascii_digit(),
        _ => false,
    }
}

/// A value in a text.
struct Found<'a> {
    /// Where it stands, in bytes.
    at: usize,
    /// As it is written.
    text: &'a str,
    /// The token before it.
    before: &'a str,
    /// Whether that is a type's name.
    is_typed: bool,
    /// Whether it stands for a list.
    is_list: bool,
}

/// The text with some of its values replaced.
fn replaced(
    text: &str,
    dialect: Dialect,
    mut replacement: impl FnMut(&Found<'_>) -> Option<String>,
) -> String {
    let mut out = String::with_capacity(text.len() + 64);
    let mut lexer = Lexer::new(text, dialect);
    let mut copied = 0;
    let mut last = None;
    let mut before = "";
    while let Some(kind) = lexer.next(false) {
        let written = text.get(lexer.token_start()..lexer.position()).unwrap_or_default();
        // Behind any other word but these, PostgreSQL's `?` is an operator of jsonb.
        let is_count = written == "?" && matches!(before, "first" | "next");
        if is_count || matches!(kind, TokenKind::Value | TokenKind::Text | TokenKind::Ellipsis) {
            let found = Found {
                at: lexer.token_start(),
                text: written,
                before,
                is_typed: matches!(last, Some(TokenKind::Name)),
                is_list: kind == TokenKind::Ellipsis,
            };
            if let Some(new) = replacement(&found) {
                out.push_str(text.get(copied..lexer.token_start()).unwrap_or_default());
                out.push_str(&new);
                copied = lexer.position();
            }
        }
        before = written;
        last = Some(kind);
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}
