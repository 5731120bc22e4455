//! What the books said at one moment, and what it adds up to.

use std::sync::Arc;

use super::fresh::Fresh;
use super::reading::Reading;
use super::sources::Source;
use super::tally::Copied;
use super::windows::Sum;
use crate::snapshot::{Activity, List, Rollup, StatementActivity, merge_errors, merged};

/// A copy of all series.
///
/// Sources are added up by whoever takes the copy, for totals are always asked for; statements by whoever reads them.
pub(super) struct Copies {
    series: Arc<Vec<Reading<Copied>>>,
    sources: Arc<[Arc<Source>]>,
}

// === impl Copies ===

impl Copies {
    pub(super) fn new(series: Vec<Reading<Copied>>, sources: &[Arc<Source>]) -> Self {
        Self { series: Arc::new(series), sources: sources.into() }
    }

    /// What the windows have not seen.
    pub(super) fn fresh(&self) -> Sum {
        let mut by_source = Vec::<Fresh>::new();
        by_source.resize_with(self.sources.len(), Fresh::default);
        for one in self.series.iter() {
            if let Some(fresh) = one.numbers.fresh() {
                let sum = &mut by_source[usize::from(one.source)];
                sum.merge(fresh);
                merge_errors(&mut sum.errors, &fresh.errors);
            }
        }
        Sum {
            by_source: by_source.iter().map(Fresh::activity).collect(),
            readings: List::lazy(self.reads(|copied| copied.fresh().map(Fresh::activity))),
        }
    }

    /// Everything since the start, which adds up to `total`.
    pub(super) fn lifetime(&self, total: Activity) -> Rollup {
        Rollup::lazy(total, self.reads(|copied| Some(copied.all())))
    }

    /// One reading of each statement, of some of its numbers.
    fn reads(
        &self,
        numbers: fn(&Copied) -> Option<Activity>,
    ) -> impl FnOnce() -> Vec<StatementActivity> + Send + 'static {
        let (series, sources) = (self.series.clone(), self.sources.clone());
        move || {
            let readings = series.iter();
            merged(readings.filter_map(|one| Some(one.with(&sources, numbers(&one.numbers)?))))
        }
    }
}
