//! The words that mean something.
//!
//! Only words that change how a text is read, classified or spaced are here, and those that a quoted name must not
//! become by losing its quotes. A look-up is one multiplication and one comparison, for any word.

use super::bytes::{Spelled, folded};

/// After this word stands a value: a sign there belongs to the number, a `?` is a placeholder.
const VALUE_NEXT: u8 = 1;
/// Before a parenthesis this word keeps its space: `in (`, not `in(`.
const SPACED: u8 = 2;
/// This word may say what sort of name comes next, or that one ends.
const NAMING: u8 = 4;
/// A query or rows may begin with this word.
const OPENS: u8 = 8;

/// Which keyword a word is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Keyword {
    pub(super) word: Word,
    flags: u8,
}

impl Keyword {
    /// The keyword that `text` spells in any case.
    pub(super) fn of(text: &[u8]) -> Option<Self> {
        Self::spelled(text, folded(text))
    }

    /// The same, of a word that was read.
    #[inline]
    pub(super) fn at(bytes: &[u8], from: usize, Spelled { len, head }: Spelled) -> Option<Self> {
        Self::spelled(bytes.get(from..from + len)?, head)
    }

    #[inline]
    fn spelled(text: &[u8], head: u64) -> Option<Self> {
        let index = usize::from(SLOTS[slot_by(text, head, MULTIPLIER)]);
        if HEADS[index] != head {
            return None;
        }
        let (spelling, keyword) = WORDS.get(index)?;
        let is_all = text.len() <= HEAD_LEN || spelling.as_bytes().eq_ignore_ascii_case(text);
        is_all.then_some(*keyword)
    }

    /// Whether a value stands next.
    pub(super) const fn value_next(self) -> bool {
        self.flags & VALUE_NEXT != 0
    }

    /// Whether this word may matter to the name that is next or that it follows.
    pub(super) const fn is_about_names(self) -> bool {
        self.flags & NAMING != 0
    }

    /// Whether a query or rows may begin with this word.
    pub(super) const fn opens(self) -> bool {
        self.flags & OPENS != 0
    }

    /// Whether a space stands before a parenthesis.
    pub(super) const fn spaced(self) -> bool {
        self.flags & SPACED != 0
    }
}

macro_rules! words {
    ($($word:ident $spelling:literal $flags:expr,)*; $($reserved:literal)*; $($spaced:literal)*; $($value:literal)*) => {
        /// What a word is to us.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Word {
            /// Any word that is no keyword: a name, a type, a function.
            Name,
            /// A keyword we only must not take for a name.
            Reserved,
            $($word,)*
        }

        const WORDS: &[(&str, Keyword)] = &[
            $(($spelling, Keyword { word: Word::$word, flags: $flags }),)*
            $(($reserved, Keyword { word: Word::Reserved, flags: 0 }),)*
            $(($spaced, Keyword { word: Word::Reserved, flags: SPACED }),)*
            $(($value, Keyword { word: Word::Reserved, flags: VALUE_NEXT | SPACED }),)*
        ];
    };
}

words! {
    Abort "abort" 0,
    All "all" VALUE_NEXT | SPACED,
    Alter "alter" 0,
    Analyze "analyze" 0,
    And "and" VALUE_NEXT | SPACED,
    Array "array" 0,
    As "as" SPACED,
    Attach "attach" 0,
    Backward "backward" 0,
    Begin "begin" 0,
    Between "between" VALUE_NEXT | SPACED,
    By "by" VALUE_NEXT | SPACED,
    Call "call" 0,
    Case "case" VALUE_NEXT | SPACED,
    Checkpoint "checkpoint" 0,
    Close "close" 0,
    Cluster "cluster" 0,
    Column "column" 0,
    Comment "comment" 0,
    Commit "commit" 0,
    Concurrently "concurrently" 0,
    Copy "copy" SPACED | NAMING,
    Create "create" 0,
    Current "current" 0,
    Cursor "cursor" 0,
    Database "database" 0,
    Deallocate "deallocate" 0,
    Declare "declare" 0,
    Default "default" VALUE_NEXT | SPACED,
    Delayed "delayed" 0,
    Delete "delete" 0,
    Desc "desc" 0,
    Describe "describe" 0,
    Detach "detach" 0,
    Discard "discard" 0,
    Distinct "distinct" VALUE_NEXT | SPACED,
    Do "do" 0,
    Drop "drop" 0,
    Duplicate "duplicate" 0,
    Else "else" VALUE_NEXT | SPACED,
    End "end" 0,
    Escape "escape" VALUE_NEXT | SPACED,
    Event "event" 0,
    Except "except" VALUE_NEXT | SPACED,
    Execute "execute" 0,
    Exists "exists" SPACED | NAMING,
    Explain "explain" 0,
    Extension "extension" 0,
    Fail "fail" 0,
    False "false" 0,
    Fetch "fetch" 0,
    First "first" 0,
    Flush "flush" 0,
    For "for" VALUE_NEXT | SPACED,
    Forward "forward" 0,
    From "from" VALUE_NEXT | SPACED,
    Function "function" 0,
    Glob "glob" VALUE_NEXT | SPACED,
    Grant "grant" 0,
    Group "group" SPACED,
    Having "having" VALUE_NEXT | SPACED,
    If "if" 0,
    Ignore "ignore" NAMING,
    Ilike "ilike" VALUE_NEXT | SPACED,
    Immediate "immediate" 0,
    In "in" VALUE_NEXT | SPACED,
    Index "index" 0,
    Insert "insert" SPACED | NAMING,
    Intersect "intersect" VALUE_NEXT | SPACED,
    Into "into" SPACED | NAMING,
    Is "is" VALUE_NEXT | SPACED,
    Join "join" SPACED,
    Kill "kill" 0,
    Lateral "lateral" SPACED,
    Like "like" VALUE_NEXT | SPACED,
    Limit "limit" VALUE_NEXT | SPACED,
    Listen "listen" 0,
    Load "load" 0,
    Lock "lock" 0,
    Loop "loop" 0,
    LowPriority "low_priority" 0,
    HighPriority "high_priority" 0,
    Match "match" VALUE_NEXT | SPACED,
    Materialized "materialized" SPACED,
    Merge "merge" 0,
    Move "move" 0,
    Next "next" 0,
    Not "not" VALUE_NEXT | SPACED,
    Notify "notify" 0,
    Null "null" 0,
    Of "of" NAMING,
    Offset "offset" VALUE_NEXT | SPACED,
    On "on" VALUE_NEXT | SPACED | NAMING,
    Only "only" SPACED | NAMING,
    Optimize "optimize" 0,
    Or "or" VALUE_NEXT | SPACED,
    Order "order" SPACED,
    Over "over" SPACED,
    Policy "policy" 0,
    Pragma "pragma" 0,
    Prepare "prepare" NAMING,
    Prepared "prepared" 0,
    Prior "prior" 0,
    Procedure "procedure" 0,
    Quick "quick" 0,
    Reassign "reassign" 0,
    Recursive "recursive" NAMING,
    References "references" SPACED | NAMING,
    Refresh "refresh" 0,
    Reindex "reindex" 0,
    Relative "relative" 0,
    Absolute "absolute" 0,
    Last "last" 0,
    Release "release" 0,
    Rename "rename" 0,
    Repair "repair" 0,
    Repeat "repeat" 0,
    Replace "replace" NAMING,
    Reset "reset" 0,
    Returning "returning" VALUE_NEXT | SPACED,
    Revoke "revoke" 0,
    Rollback "rollback" 0,
    Row "row" 0,
    Savepoint "savepoint" 0,
    Schema "schema" 0,
    Security "security" 0,
    Select "select" VALUE_NEXT | SPACED | OPENS,
    Sequence "sequence" 0,
    Session "session" 0,
    Set "set" VALUE_NEXT | SPACED,
    Show "show" 0,
    Start "start" 0,
    StraightJoin "straight_join" SPACED,
    Table "table" SPACED | NAMING | OPENS,
    Tables "tables" 0,
    Then "then" VALUE_NEXT | SPACED,
    To "to" VALUE_NEXT | SPACED,
    Transaction "transaction" 0,
    Trigger "trigger" 0,
    True "true" 0,
    Truncate "truncate" 0,
    Type "type" 0,
    Union "union" VALUE_NEXT | SPACED,
    Unlisten "unlisten" 0,
    Unlock "unlock" 0,
    Update "update" 0,
    Use "use" 0,
    User "user" 0,
    Role "role" 0,
    Using "using" SPACED,
    Vacuum "vacuum" 0,
    Values "values" SPACED | OPENS,
    Verbose "verbose" 0,
    View "view" NAMING,
    When "when" VALUE_NEXT | SPACED,
    Where "where" VALUE_NEXT | SPACED,
    While "while" VALUE_NEXT | SPACED,
    Window "window" 0,
    With "with" SPACED | NAMING | OPENS,
    Work "work" 0,
    Xa "xa" 0,
    ;
    // Never a name.
    "add" "asc" "both" "cast" "collate" "constraint" "convert" "cross" "current_date" "current_role" "current_time"
    "current_timestamp" "current_user" "foreign" "full" "inner" "leading" "left" "localtime" "localtimestamp" "natural"
    "nulls" "outer" "placing" "primary" "right" "session_user" "symmetric" "trailing" "within";
    // The same, with a space before a parenthesis.
    "check" "conflict" "filter" "key" "partition" "unique";
    // The same, and a value comes next.
    "div" "interval" "mod" "regexp" "return" "rlike" "similar" "xor"
}

/// How much of a word is compared at once.
const HEAD_LEN: usize = 8;
const SLOT_BITS: u32 = 13;
const EMPTY: u8 = u8::MAX;

// A perfect hash: the build looks for a multiplier under which no two words meet.
const MULTIPLIER: u64 = find_multiplier();
static SLOTS: [u8; 1 << SLOT_BITS] = match fill(MULTIPLIER) {
    Some(slots) => slots,
    None => [EMPTY; 1 << SLOT_BITS],
};
/// How each word begins, by its index. Nothing begins as [`EMPTY`] does.
static HEADS: [u64; EMPTY as usize + 1] = heads();

/// Where a word would be: by its first eight bytes, and the last four of a longer one, in any case.
#[inline]
const fn slot_by(text: &[u8], head: u64, multiplier: u64) -> usize {
    let tail = match text.last_chunk() {
        Some(tail) if text.len() > HEAD_LEN => u32::from_le_bytes(*tail) | 0x2020_2020,
        _ => 0,
    };
    let mixed = (head ^ (tail as u64) << 3).wrapping_mul(multiplier);
    (mixed >> (64 - SLOT_BITS)) as usize
}

const fn find_multiplier() -> u64 {
    let mut multiplier: u64 = 0x9e37_79b9_7f4a_7c15;
    while fill(multiplier).is_none() {
        multiplier = multiplier.wrapping_add(0x6a09_e667_f3bc_c908);
    }
    multiplier
}

/// Each word's index at its slot, if no two words meet.
const fn fill(multiplier: u64) -> Option<[u8; 1 << SLOT_BITS]> {
    let mut slots = [EMPTY; 1 << SLOT_BITS];
    assert!(WORDS.len() < EMPTY as usize, "an index must fit a byte");
    let mut index = 0;
    while index < WORDS.len() {
        let spelling = WORDS[index].0.as_bytes();
        let at = slot_by(spelling, folded(spelling), multiplier);
        if slots[at] != EMPTY {
            return None;
        }
        slots[at] = index as u8;
        index += 1;
    }
    Some(slots)
}

const fn heads() -> [u64; EMPTY as usize + 1] {
    let mut heads = [u64::MAX; EMPTY as usize + 1];
    let mut index = 0;
    while index < WORDS.len() {
        heads[index] = folded(WORDS[index].0.as_bytes());
        index += 1;
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::{Keyword, WORDS, Word};

    #[test]
    fn every_word_is_found_in_any_case() {
        for (spelling, keyword) in WORDS {
            assert_eq!(Keyword::of(spelling.as_bytes()), Some(*keyword), "{spelling}");
            assert_eq!(
                Keyword::of(spelling.to_ascii_uppercase().as_bytes()),
                Some(*keyword),
                "{spelling}"
            );
        }
    }

    #[test]
    fn a_word_that_begins_or_ends_like_a_keyword_is_a_name() {
        for name in [
            "selected",
            "fro",
            "fromage",
            "s",
            "",
            "x",
            "in_",
            "orders",
            "valueses",
            "current_timestamps",
        ] {
            assert_eq!(Keyword::of(name.as_bytes()), None, "{name}");
        }
        assert_eq!(Keyword::of(b"iS").map(|keyword| keyword.word), Some(Word::Is));
    }
}
