//! What watching costs, beside what others cost.
//!
//! All that is compared runs in one process, in small blocks, in an order that turns from round to round; tables show
//! medians over the rounds, and the cost above the plain way in the same round. Two ways that are the same (A/A) show how much of
//! it is noise.

pub mod floods;
mod nowhere;
pub mod observers;
pub mod parts;
pub mod report;
pub mod rounds;
