//! Scripts of mysqltest: statements between commands of its own.

use super::split::{self, Manner};

/// Commands of mysqltest that may stand without `--`.
const COMMANDS: &[&str] = &[
    "append_file", "assert", "cat_file", "change_user", "character_set", "chmod", "connect", "connection", "copy_file",
    "copy_files_wildcard", "dec", "delimiter", "die", "diff_files", "dirty_close", "disable_abort_on_error",
    "disable_info", "disable_query_log", "disable_result_log", "disable_warnings", "disconnect", "echo",
    "enable_abort_on_error", "enable_info", "enable_query_log", "enable_result_log", "enable_warnings", "end",
    "error", "eval", "evalp", "exec", "exit", "file_exists", "horizontal_results", "if", "inc", "let", "list_files",
    "mkdir", "move_file", "output", "perl", "ping", "query", "query_get_value", "query_horizontal", "query_vertical",
    "real_sleep", "reap", "remove_file", "remove_files_wildcard", "replace_column", "replace_regex", "replace_result",
    "require", "reset_connection", "result", "rmdir", "rowid", "save_master_pos", "send", "send_eval", "send_quit",
    "shutdown_server", "skip", "sleep", "sorted_result", "source", "start_timer", "sync_slave_with_master",
    "sync_with_master", "system", "vertical_results", "wait_for_slave_to_stop", "while", "write_file",
];

/// The statements of a script. Those that mysqltest would fill in are left out.
pub(super) fn statements(script: &str) -> Vec<String> {
    let (mut found, mut at) = (Vec::new(), 0);
    let mut delimiter = ";".to_owned();
    while at < script.len() {
        let rest = &script[at..];
        let blank = rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '{' | '}')).len();
        let word = rest[blank..].split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next().unwrap_or_default();
        let word = word.to_ascii_lowercase();
        if blank > 0 {
            at += blank;
        } else if rest.starts_with("--") || rest.starts_with('#') {
            let line = rest.lines().next().unwrap_or_default();
            let command = line.trim_start_matches(['-', ' ']);
            if let Some(new) = command.strip_prefix("delimiter ") {
                delimiter = new.trim().to_owned();
            }
            at += line.len();
            if let Some(end) = here_document(command) {
                at += script[at..].find(&format!("\n{end}")).map_or(0, |found| found + end.len() + 1);
            }
        } else {
            let manner = Manner { delimiter: &delimiter, backslash: true, dollars: false, hash: true, blocks: false };
            let is_command = COMMANDS.contains(&word.as_str());
            let opens = matches!(word.as_str(), "if" | "while");
            // The condition of `if` and `while` ends with its line.
            let (stop, next) = if opens {
                let line = at + rest.find('\n').unwrap_or(rest.len());
                (line, line)
            } else {
                split::end(script, at, manner)
            };
            let statement = script[at..stop].trim();
            at = next;
            if let Some(end) = is_command.then(|| here_document(statement)).flatten() {
                at += script[at..].find(&format!("\n{end}")).map_or(0, |found| found + end.len() + 1);
            }
            if word == "delimiter" {
                delimiter = statement["delimiter".len()..].trim().to_owned();
            } else if !is_command && !statement.contains('$') {
                found.push(statement.to_owned());
            }
            if delimiter.is_empty() {
                delimiter = ";".to_owned();
            }
        }
    }
    found
}

/// What ends the lines that follow `perl` or `write_file`.
fn here_document(command: &str) -> Option<&str> {
    let mut words = command.split_ascii_whitespace();
    match words.next()? {
        "perl" => Some(words.next().map_or("EOF", |end| end.trim_end_matches(';'))),
        "write_file" | "append_file" => Some(words.nth(1).map_or("EOF", |end| end.trim_end_matches(';'))),
        _ => None,
    }
}
