//! Statements that are hard to tell apart, hard to see as one or hard to understand, judged by hand before anyone tried them.

use monitor_core::identify::{Dialect, identify};

use super::{MYSQL, POSTGRES, SQLITE};

/// Blocks of three lines: the judgement with its dialect, and two texts. `⏎` stands for a line break, `⇥` for a tab.
const PAIRS: &str = include_str!("pairs.txt");
/// Statements whose kind, tables and summary are hard to tell.
const HARD: &str = include_str!("hard.txt");

fn dialect(name: &str) -> Dialect {
    match name {
        "postgres" => POSTGRES,
        "mysql" => MYSQL,
        "sqlite" => SQLITE,
        _ => panic!("no dialect `{name}`"),
    }
}

#[test]
fn pairs_are_told_apart_as_an_expert_would() {
    let mut wrong = String::new();
    for block in PAIRS.split("\n\n") {
        let block: Vec<_> = block.lines().filter(|line| !line.starts_with('%')).collect();
        let [judgement, texts @ ..] = &block[..] else { continue };
        let (expected, name) = judgement.split_once(' ').unwrap();
        let normal =
            |text: &str| identify(&text.replace('⏎', "\n").replace('⇥', "\t"), dialect(name)).text;
        let [one, other] = texts else { panic!("not a pair: {block:?}") };
        let (one, other) = (normal(one), normal(other));
        let told = if one == other { "same" } else { "different" };
        if told != expected {
            wrong.push_str(&format!("{judgement}, told {told}:\n  {one}\n  {other}\n"));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn what_hard_statements_do_and_to_what_is_known_from_their_tokens() {
    for line in HARD.lines().filter(|line| !line.starts_with('%')) {
        let (expected, text) = line.rsplit_once(" | ").unwrap();
        let name = expected.split(' ').next().unwrap();
        let found = identify(text, dialect(name));
        let or_none = |text: String| if text.is_empty() { "-".to_owned() } else { text };
        let told = [
            name.to_owned(),
            found.kind.to_string(),
            or_none(found.tables.read.join(", ")),
            or_none(found.tables.written.join(", ")),
            or_none(found.summary),
        ];
        assert_eq!(told.join(" | "), expected, "{text}");
    }
}
