//! What a text says to the monitor in its comments.
//!
//! Comments do not enter the identity, so what stands in them is told beside it.

/// What the comments of a text ask of the monitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Marks {
    /// `monitor:mute`: nobody wants to hear about this statement.
    pub muted: bool,
}

/// The word that mutes a statement.
const MUTE: &str = "monitor:mute";

impl Marks {
    /// Reads a comment, its delimiters included. Takes one pass over it.
    pub(super) fn read(&mut self, comment: &str) {
        self.muted |= has_word(comment, MUTE);
    }
}

/// Whether a word stands in a text by itself, not as a part of a longer one.
fn has_word(text: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | ':' | '.');
    text.match_indices(word).any(|(at, _)| {
        // The dashes of `--monitor:mute` are the comment's own.
        let before = text[..at].trim_start_matches('-');
        !before.ends_with(goes_on) && !text[at + word.len()..].starts_with(goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::Marks;

    #[test]
    fn a_mark_is_a_word_by_itself() {
        for (comment, muted) in [
            ("/* monitor:mute */", true),
            ("/*monitor:mute*/", true),
            ("--monitor:mute", true),
            ("-- nightly report, monitor:mute, ask Ann", true),
            ("/* xmonitor:mute */", false),
            ("/* monitor:muted */", false),
            ("-- my-monitor:mute", false),
            ("/* monitor: mute */", false),
            ("/* é monitor:mute é */", true),
            ("/* émonitor:mute */", false),
        ] {
            let mut marks = Marks::default();
            marks.read(comment);
            assert_eq!(marks.muted, muted, "{comment}");
        }
    }
}
