//! Scripts for psql: statements, commands of its own behind a backslash, and the rows of a `copy`.

use super::split::{self, Manner};

const MANNER: Manner<'_> =
    Manner { delimiter: ";", backslash: false, dollars: true, hash: false, blocks: true };

/// The statements of a script. Those that psql would fill in or end by a command of its own are left out.
pub(super) fn statements(script: &str) -> Vec<String> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < script.len() {
        let rest = &script[at..];
        let blank = rest.len() - rest.trim_start().len();
        if blank > 0 {
            at += blank;
        } else if rest.starts_with('\\') {
            at += rest.find('\n').unwrap_or(rest.len());
        } else {
            let (stop, next) = split::end(script, at, MANNER);
            let statement = &script[at..stop];
            at = next;
            if is_copied_in(statement) {
                at += script[at..].find("\n\\.").map_or(0, |end| end + 3);
            }
            if !has_psql(statement) {
                found.push(statement.trim().to_owned());
            }
        }
    }
    found
}

fn is_copied_in(statement: &str) -> bool {
    let lower = statement.to_ascii_lowercase();
    let code = lower.lines().filter(|line| !line.trim_start().starts_with("--")).collect::<Vec<_>>().join(" ");
    code.trim_start().starts_with("copy") && code.contains("from stdin")
}

/// Whether psql has a part in this: a command, or a variable `:name` of its own.
fn has_psql(statement: &str) -> bool {
    let bytes = statement.as_bytes();
    let is_variable = |at: usize| {
        (at == 0 || bytes[at - 1] != b':')
            && bytes.get(at + 1).is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, b'\'' | b'"'))
    };
    statement.lines().any(|line| line.starts_with('\\') || line.contains(" \\") || line.contains("\\;"))
        || statement.match_indices(':').any(|(at, _)| is_variable(at))
}
