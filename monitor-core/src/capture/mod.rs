//! Stage 1. What just happened: calls, checkouts, connections, transactions, and when.
//!
//! Everything here is plain, borrowed and infallible. It does not know SQL, numbers that add up,
//! or any driver: an adapter translates its driver's words into these.

mod call;
mod clock;
mod origin;
mod outcome;
mod pace;
mod parameters;
mod pool;
mod stopwatch;
mod trace;

pub use call::{Call, Rows};
pub use clock::{Clock, Hands, Tick};
pub use origin::{CallSite, Database, Labels, Origin, System};
pub use outcome::{ErrorClass, Failure, Outcome, OutcomeKind};
pub use pace::ProbePace;
pub use parameters::{ParameterHasher, Parameters};
pub use pool::{CheckoutEnd, PoolLevels, ProbeEnd, TransactionEnd};
pub use stopwatch::Stopwatch;
pub use trace::TraceContext;
