//! Scripts in Tcl: the statements stand between braces, behind the name of a command that runs them.

use super::split::{self, Manner};

/// Commands whose braces hold statements. Some have a name of the case before them.
const COMMANDS: &[&str] =
    &["execsql {", "catchsql {", "db eval {", "db one {", "db exists {", "do_execsql_test ", "do_catchsql_test "];

const MANNER: Manner<'_> =
    Manner { delimiter: ";", backslash: false, dollars: false, hash: false, blocks: true };

/// The statements of a script.
pub(super) fn statements(script: &str) -> Vec<String> {
    let mut found = Vec::new();
    for command in COMMANDS {
        for (at, _) in script.match_indices(command) {
            let line = script[at..].find('\n').map_or(script.len(), |end| at + end);
            // The braces open on the same line: `do_execsql_test case-1.1 {`.
            let Some(open) = script[at..line].find('{').map(|open| at + open) else { continue };
            if let Some(text) = braced(&script[open..]) {
                found.extend(split::all(text, MANNER));
            }
        }
    }
    found
}

/// What stands between a brace and the one that closes it.
fn braced(text: &str) -> Option<&str> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return text.get(1..at);
                }
            }
            _ => {}
        }
    }
    None
}
