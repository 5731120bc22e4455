//! What a builder refuses, and the remedy it names.

use super::builder::{BuildError, Builder, refuse};
use crate::aggregate::{PLACES_MAX, SOURCES_MAX};

/// Texts a monitor may be told to remember: a gigabyte of them.
const TEXTS_MAX: usize = 1 << 26;
/// Characters of a build id: a commit, or the name and digest of an image.
const BUILD_ID_CHARS_MAX: usize = 256;

/// Calls of one thread that may be followed: the beat looks at all of them.
const SLOTS_MAX: usize = 1 << 16;

// === impl Builder ===

impl Builder {
    pub(super) fn check_thresholds(&self) -> Result<(), BuildError> {
        let t = &self.thresholds;
        if t.slow.is_zero() {
            return refuse(
                "slow threshold is 0 s, which would keep every call; choose one above zero",
            );
        }
        if t.very_slow < t.slow {
            return refuse(format!(
                "very slow threshold {:?} is below the slow threshold {:?}; choose one at least as long",
                t.very_slow, t.slow
            ));
        }
        for (name, share) in [("error rate", t.error_rate), ("pool usage", t.pool_usage)] {
            if !(share > 0.0 && share <= 1.0) {
                return refuse(format!(
                    "{name} threshold is {share}; it is a share, choose one above 0 and up to 1 (0.05 is 5 %)"
                ));
            }
        }
        if !(t.calls_per_second > 0.0 && t.calls_per_second.is_finite()) {
            return refuse(format!(
                "calls-per-second threshold is {}; choose a number above zero",
                t.calls_per_second
            ));
        }
        if !(t.regression > 1.0 && t.regression.is_finite()) {
            return refuse(format!(
                "regression threshold is {}; it is a factor, choose one above 1",
                t.regression
            ));
        }
        for (name, duration) in [
            ("average time", t.average_time),
            ("p99", t.p99),
            ("pool wait", t.pool_wait),
            ("transaction time", t.transaction_time),
            ("leak", t.leak_after),
        ] {
            if duration.is_zero() {
                return refuse(format!("{name} threshold is 0 s; choose one above zero"));
            }
        }
        for (name, count) in [
            ("leaked connections", t.leaked_connections),
            ("failed connections", t.failed_connections),
            ("failed checkouts", t.failed_checkouts),
        ] {
            if count == 0 {
                return refuse(format!(
                    "{name} threshold is 0, which is always reached; choose at least 1"
                ));
            }
        }
        Ok(())
    }

    pub(super) fn check_build_id(&self) -> Result<(), BuildError> {
        let Some(build) = &self.build else { return Ok(()) };
        if build.trim().is_empty() {
            return refuse("build id is empty; leave it out, or give a version or a commit");
        }
        let chars = build.chars().count();
        if chars > BUILD_ID_CHARS_MAX {
            return refuse(format!(
                "build id has {chars} characters; choose at most {BUILD_ID_CHARS_MAX}"
            ));
        }
        Ok(())
    }

    pub(super) fn check_alerts(&self) -> Result<(), BuildError> {
        let clear_for = self.rules.by_kind.values().filter_map(|rule| rule.clear_for);
        if clear_for.chain([self.rules.clear_for]).any(|clear_for| clear_for.is_zero()) {
            return refuse(
                "alerts that clear after 0 s would fire and resolve on every beat; choose a time above zero",
            );
        }
        for (kind, rule) in &self.rules.by_kind {
            if !(rule.clear_at > 0.0 && rule.clear_at <= 1.0) {
                return refuse(format!(
                    "clear threshold of {kind} is {} of its threshold; choose a share above 0 and up to 1",
                    rule.clear_at
                ));
            }
        }
        Ok(())
    }

    pub(super) fn check_limits(&self) -> Result<(), BuildError> {
        let l = &self.limits;
        for (name, count, least, most) in [
            ("statements_max", l.statements_max, 1, PLACES_MAX),
            ("texts_max", l.texts_max, 1, TEXTS_MAX),
            ("slow_statements_max", l.slow_statements_max, 1, usize::MAX),
            ("slow_text_bytes_max", l.slow_text_bytes_max, 1, usize::MAX),
            ("running_per_thread_max", l.running_per_thread_max, 0, SLOTS_MAX),
            ("running_told_max", l.running_told_max, 1, usize::MAX),
            ("observed_calls_max", l.observed_calls_max, 1, usize::MAX),
            ("sources_max", l.sources_max, 2, SOURCES_MAX),
            ("checkouts_tracked_max", l.checkouts_tracked_max, 1, usize::MAX),
            ("scope_names_max", l.scope_names_max, 2, usize::MAX),
            ("scope_calls_max", l.scope_calls_max, 1, usize::MAX),
            ("scope_calls_kept_max", l.scope_calls_kept_max, 1, usize::MAX),
            ("alerts_max", l.alerts_max, 1, usize::MAX),
        ] {
            if count < least {
                return refuse(format!("{name} is {count}; choose at least {least}"));
            }
            if count > most {
                return refuse(format!("{name} is {count}; choose at most {most}"));
            }
        }
        Ok(())
    }
}
