//! Rust source without its comments and strings, so that a rule about code does not stumble over prose.
//!
//! This is a scanner of tokens, no parser: it knows where text begins and ends, and how deep `mod name {` nests.

/// Source text in which every byte of a comment, string or character is a space; lines stay where they are.
pub(super) struct Code {
    text: String,
}

impl Code {
    /// Blanks what is not code.
    pub(super) fn of(source: &str) -> Self {
        Self { text: blank(source) }
    }

    /// The code, line by line, counted from one.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(at, line)| (at + 1, line))
    }

    /// The line of a byte, counted from one.
    pub(super) fn line_of(&self, offset: usize) -> usize {
        self.text[..offset].matches('\n').count() + 1
    }

    /// Every place where `word` stands alone, not as a part of a longer name.
    pub(super) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        self.text.match_indices(word).filter_map(move |(at, _)| {
            let before = self.text[..at].chars().next_back();
            let after = self.text[at + word.len()..].chars().next();
            (!before.is_some_and(is_name) && !after.is_some_and(is_name)).then_some(at)
        })
    }

    /// The names that a path goes on with after `offset`: one for `a::b`, several for `{a::b, c}`.
    pub(super) fn heads(&self, offset: usize) -> Vec<&str> {
        let rest = self.text[offset..].trim_start();
        let Some(group) = rest.strip_prefix('{') else {
            return name(rest).into_iter().collect();
        };
        let mut heads = Vec::new();
        let (mut depth, mut expects_name) = (1_usize, true);
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' if depth == 1 => expects_name = true,
                c if expects_name && is_name(c) => {
                    heads.extend(name(&group[at..]));
                    expects_name = false;
                }
                _ => {}
            }
        }
        heads
    }

    /// How many `mod name {` enclose this byte.
    pub(super) fn modules_around(&self, offset: usize) -> usize {
        let mut braces: Vec<bool> = Vec::new();
        for (at, c) in self.text[..offset].char_indices() {
            match c {
                '{' => braces.push(opens_module(&self.text[..at])),
                '}' => {
                    braces.pop();
                }
                _ => {}
            }
        }
        braces.into_iter().filter(|&module| module).count()
    }

    /// The code as one text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

/// Whether a character can be part of a Rust name.
pub(super) fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn name(text: &str) -> Option<&str> {
    let end = text.find(|c| !is_name(c)).unwrap_or(text.len());
    (end > 0).then(|| &text[..end])
}

/// Whether the text before a brace ends with `mod name`.
fn opens_module(before: &str) -> bool {
    let mut words = before.trim_end().rsplit(char::is_whitespace);
    words.next().is_some_and(|name| name.chars().all(is_name)) && words.next() == Some("mod")
}

fn blank(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let text = prose(rest, out.chars().next_back());
        if text == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..text].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[text..];
        }
    }
    out
}

/// The bytes of the comment, string or character this text begins with; zero if it begins with code.
fn prose(text: &str, before: Option<char>) -> usize {
    let rest = text.as_bytes();
    match rest {
        [b'/', b'/', ..] => text.find('\n').unwrap_or(text.len()),
        [b'/', b'*', ..] => block_comment(text),
        [b'"', ..] => quoted(text, '"'),
        // A raw string, unless the `r` ends a longer name.
        [b'r', ..] if !before.is_some_and(|c| is_name(c) && c != 'b' && c != 'c') => {
            raw_string(text)
        }
        [b'\'', ..] => character(text),
        _ => 0,
    }
}

/// Block comments nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        match rest {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

fn quoted(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|&b| b == b'#').count();
    if text.as_bytes().get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let body = 2 + hashes;
    text[body..].find(&close).map_or(text.len(), |at| body + at + close.len())
}

/// `'a'` and `'\n'`, told from the lifetime `'a`.
fn character(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match (chars.next(), chars.next()) {
        (Some('\\'), _) => quoted(text, '\''),
        (Some(c), Some('\'')) => 2 + c.len_utf8(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Code;

    fn words(source: &str, word: &str) -> usize {
        Code::of(source).words(word).count()
    }

    #[test]
    fn comments_strings_and_characters_are_no_code() {
        for prose in [
            "// lock",
            "/* lock /* lock */ lock */",
            r#"let s = "a \" lock";"#,
            "let s = r\"lock\";",
            "let s = br#\"a \" lock\"#;",
            "/// [`lock`]",
        ] {
            assert_eq!(words(prose, "lock"), 0, "{prose}");
        }
        assert_eq!(words("let c = '\"'; lock('\\'') // lock", "lock"), 1);
        assert_eq!(words("fn f<'a>(x: &'a str) { lock(\"x\") }", "lock"), 1);
        assert_eq!(words("lock unlock lock_all r#lock", "lock"), 2);
    }

    #[test]
    fn lines_stay_where_they_are() {
        let code = Code::of("a\n/* b\nc */ d\n\"e\nf\" g\n");
        let at = code.words("g").next().map(|at| code.line_of(at));
        assert_eq!(at, Some(5));
    }

    #[test]
    fn a_group_has_a_head_for_each_of_its_paths() {
        let code = Code::of("use crate::{a::{b, c}, d, e::f};");
        assert_eq!(code.heads("use crate::".len()), ["a", "d", "e"]);
        assert_eq!(Code::of("x::y").heads(0), ["x"]);
        assert!(Code::of("*").heads(0).is_empty());
    }

    #[test]
    fn only_the_braces_of_modules_nest() {
        let code = Code::of("fn f() { if x { } } pub mod tests { fn g() { HERE } }");
        let here = code.words("HERE").next();
        assert_eq!(here.map(|at| code.modules_around(at)), Some(1));
    }
}
