//! One call of a unit of work.

use std::sync::Arc;
use std::time::SystemTime;

use super::CallRecord;
use crate::capture::Parameters;

/// One call that was made in a unit of work.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ScopedCall {
    /// The number, in this process, of the innermost unit it was made in.
    pub scope: u64,
    /// When the call started.
    pub started: SystemTime,
    /// What its values hash to, where the adapter tells.
    pub parameters: Option<Parameters>,
    /// How many reads with the same values ran already when it began, in whichever unit.
    pub beside: u32,
    /// Whether a transaction of the unit was open when it ended.
    pub in_transaction: bool,
    /// Whether a comment in its text mutes its statement.
    pub muted: bool,
    /// The statement's operations and tables in a few words.
    pub summary: Arc<str>,
    /// What histories tell of it, except why it is slow.
    pub record: CallRecord,
}
