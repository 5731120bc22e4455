//! Advice with its evidence.

pub mod index;
pub mod query;

mod ledger;
mod pool_watch;
mod recommendation;
mod report;
mod rules;
mod settings;
mod story;

pub(crate) use ledger::Ledger;
pub(crate) use pool_watch::PoolWatch;
pub use recommendation::{
    Category, Confidence, Effort, Evidence, Fact, Impact, Priority, Recommendation,
};
pub use report::{Advice, Reason, RuleAnswer, Verdict};
pub(crate) use rules::{Least, Shapes, repeats};
pub use rules::{Question, advise};
pub use settings::AdviceSettings;
pub use story::{Hold, LevelSample, PoolPeak, Story, StoryCall, Surroundings, Wait};
