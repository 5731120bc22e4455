//! What a byte can be, and where a run of bytes ends.
//!
//! Most of a text is words, so they are read eight bytes at a step, and without a branch for each byte.

/// How many bytes are read at a step.
const STEP: usize = 8;
/// A word's worth of one byte.
const fn all(byte: u8) -> u64 {
    u64::from_le_bytes([byte; STEP])
}
const HIGH: u64 = all(0x80);

/// Makes a letter lower case, and of nothing else in a word a letter.
const LOWER: u64 = all(0x20);

/// A word as it stands in a text.
#[derive(Clone, Copy)]
pub(super) struct Spelled {
    pub(super) len: usize,
    /// Its first eight bytes, folded; zeros behind a shorter one.
    pub(super) head: u64,
}

/// The word at `from`, however short.
#[inline(always)]
pub(super) fn word_at(bytes: &[u8], from: usize) -> Spelled {
    let step = eight(bytes, from);
    let len = word_bytes(step);
    if len == STEP {
        return Spelled { len: STEP + more_of_word(bytes, from + STEP), head: step | LOWER };
    }
    Spelled { len, head: (step | LOWER) & !(u64::MAX << (8 * len)) }
}

/// How many bytes the word at `from` has.
#[inline]
pub(super) fn word_len(bytes: &[u8], from: usize) -> usize {
    word_at(bytes, from).len
}

#[inline(never)]
fn more_of_word(bytes: &[u8], from: usize) -> usize {
    let mut len = 0;
    loop {
        let more = word_bytes(eight(bytes, from + len));
        len += more;
        if more < STEP {
            return len;
        }
    }
}

/// Eight bytes at `from`, zeros behind the end.
#[inline(always)]
fn eight(bytes: &[u8], from: usize) -> u64 {
    let rest = bytes.get(from..).unwrap_or_default();
    match rest.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk),
        None => short(rest),
    }
}

/// The same of fewer than eight.
const fn short(bytes: &[u8]) -> u64 {
    let mut step = 0;
    let mut at = bytes.len();
    while at > 0 {
        at -= 1;
        step = step << 8 | bytes[at] as u64;
    }
    step
}

/// The first eight bytes of a text, folded; zeros behind a shorter one.
pub(super) const fn folded(text: &[u8]) -> u64 {
    match text.first_chunk() {
        Some(chunk) => u64::from_le_bytes(*chunk) | LOWER,
        None => (short(text) | LOWER) & !(u64::MAX << (8 * text.len())),
    }
}

/// How many of eight bytes a word goes on with; the same as [`is_word`] of each.
///
/// Within a byte of 7 bits, adding `0x80 - x` sets the eighth where it was `x` or more, and never carries.
#[inline(always)]
const fn word_bytes(step: u64) -> usize {
    let plain = step & !HIGH;
    let folded = plain | LOWER;
    let letters = (folded + all(0x80 - b'a')) & !(folded + all(0x80 - b'z' - 1));
    let digits = (plain + all(0x80 - b'0')) & !(plain + all(0x80 - b'9' - 1));
    let others = !((plain ^ all(b'_')) + all(0x7f)) | !((plain ^ all(b'$')) + all(0x7f));
    let ends = !(letters | digits | others | step) & HIGH;
    ends.trailing_zeros() as usize / 8
}

/// Whether a word may go on with this byte. Any byte beyond ASCII may.
pub(super) const fn is_word(byte: u8) -> bool {
    CLASSES[byte as usize] & (WORD | DIGIT) != 0
}

/// Whether a word may start with this byte.
pub(super) const fn is_word_start(byte: u8) -> bool {
    CLASSES[byte as usize] & START != 0
}

/// Whether this byte is nothing: a space or a control character.
pub(super) const fn is_blank(byte: u8) -> bool {
    CLASSES[byte as usize] & BLANK != 0
}

/// Whether a comment may begin or end with this byte.
pub(super) const fn is_of_comment(byte: u8) -> bool {
    CLASSES[byte as usize] & COMMENT != 0
}

/// Whether operators are made of this byte.
pub(super) const fn is_operator(byte: u8) -> bool {
    CLASSES[byte as usize] & OPERATOR != 0
}

const WORD: u8 = 1;
const DIGIT: u8 = 2;
const BLANK: u8 = 4;
const COMMENT: u8 = 8;
const OPERATOR: u8 = 16;
const START: u8 = 32;

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        classes[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => WORD | START,
            b'$' => WORD,
            b'0'..=b'9' => DIGIT,
            0..=b' ' | 0x7f => BLANK,
            b'-' | b'#' | b'/' | b'*' => COMMENT | OPERATOR,
            b'+' | b'<' | b'>' | b'=' | b'~' | b'!' | b'@' | b'%' | b'^' | b'&' | b'|' | b'?' => {
                OPERATOR
            }
            _ => 0,
        };
        byte += 1;
    }
    classes
};

/// The next `wanted` at or after `from`.
pub(super) fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    find_either(bytes, from, wanted, wanted)
}

/// The next of either byte at or after `from`, eight bytes at a step.
pub(super) fn find_either(bytes: &[u8], from: usize, one: u8, other: u8) -> Option<usize> {
    let rest = bytes.get(from..)?;
    let (ones, others) = (all(one), all(other));
    let (chunks, tail) = rest.as_chunks::<STEP>();
    for (index, chunk) in chunks.iter().enumerate() {
        let word = u64::from_le_bytes(*chunk);
        // A byte that is zero after the exclusive-or borrows from its top bit; the lowest such bit is exact.
        let zero = |word: u64| word.wrapping_sub(all(1)) & !word & HIGH;
        let hits = zero(word ^ ones) | zero(word ^ others);
        if hits != 0 {
            return Some(from + index * STEP + hits.trailing_zeros() as usize / 8);
        }
    }
    let tail_at = bytes.len() - tail.len();
    tail.iter().position(|&byte| byte == one || byte == other).map(|index| tail_at + index)
}

#[cfg(test)]
mod tests {
    use super::{find_either, folded, is_word, word_at};

    #[test]
    fn a_byte_is_found_wherever_it_stands() {
        for len in 0..40 {
            for at in 0..len {
                let mut bytes = vec![b'x'; len];
                bytes[at] = b'\'';
                assert_eq!(find_either(&bytes, 0, b'\'', b'\\'), Some(at));
                assert_eq!(find_either(&bytes, at + 1, b'\'', b'\\'), None);
            }
        }
        assert_eq!(find_either(b"", 5, b'a', b'b'), None);
    }

    #[test]
    fn a_word_ends_with_its_last_byte_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for len in 0..20 {
                for behind in 0..12 {
                    let mut bytes = vec![b'x'; len];
                    bytes.push(byte);
                    bytes.resize(len + 1 + behind, b' ');
                    let expected = len + usize::from(is_word(byte));
                    assert_eq!(word_at(&bytes, 0).len, expected, "{byte} after {len}");
                }
            }
        }
        assert_eq!(word_at(b"abc", 3).len, 0);
    }

    #[test]
    fn a_word_folds_to_the_same_head_wherever_it_ends() {
        for word in ["a", "select", "SELECT", "sElEcted", "CONCURRENTLY"] {
            let expected = folded(word.to_lowercase().as_bytes());
            for behind in ["", " ", " x = 1", "(select 1 from t)"] {
                let text = format!("{word}{behind}");
                assert_eq!(word_at(text.as_bytes(), 0).head, expected, "{text}");
            }
        }
    }
}
