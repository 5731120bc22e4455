//! Lines of source as small numbers, so that an event can carry one in half a word.

use std::sync::OnceLock;

use crate::capture::CallSite;

/// Lines that have a number. A program has as many as it has lines that call a database; those of more travel in a box.
const SITES: usize = 4_096;

/// Places looked at for a line before it goes without a number.
const PROBES: usize = 8;

/// The lines of all monitors of the process: what is written into a program does not change. 64 KB that nobody touches until
/// there are lines.
static LINES: [OnceLock<CallSite>; SITES] = [const { OnceLock::new() }; SITES];

/// The number of a line, from 1; `None` where there is no room for it.
#[inline]
pub(super) fn number(site: CallSite) -> Option<u16> {
    // Fibonacci hashing of its address.
    let first = (site.address() as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 52;
    (0..PROBES).map(|step| (first as usize + step) % SITES).find_map(|place| {
        let known = LINES[place].get_or_init(|| site);
        (known.address() == site.address()).then_some(place as u16 + 1)
    })
}

/// The line of a number; 0 is none.
pub(super) fn line(number: u16) -> Option<CallSite> {
    LINES.get(usize::from(number).checked_sub(1)?)?.get().copied()
}
