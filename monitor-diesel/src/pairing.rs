//! Which start belongs to which finish.

use std::time::Duration;

use monitor_core::CallTimer;
use monitor_core::capture::{ErrorClass, Failure, Outcome};

use crate::link::Link;
use crate::transaction::Step;

/// Calls of one connection that may run at the same time; of more, the oldest is given up.
const CALLS_MAX: usize = 16;

/// A call is given up when this many calls that began after it have ended: pipelined calls end
/// nearly in order, so one that stays behind further than this has lost its caller.
const OVERTAKEN_MAX: u8 = 4;

/// Nobody tells when a cancelled call ended; the next thing its connection does is taken for it.
/// Later than this, the connection has just been idle, and the call is counted with no time.
const CANCELLED_MAX: Duration = Duration::from_secs(30);

/// The calls that one connection has started and not finished.
///
/// A start is paired with the next finish of the same SQL, the newest first. That holds for calls
/// inside of others (diesel looks up a custom type while the query that needs it is under way), for
/// pipelined calls, for starts that never finish and for finishes that come twice.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    running: Vec<Call>,
    manner: Manner,
}

/// A call that has started.
#[derive(Debug)]
pub(crate) struct Call {
    /// Which SQL it runs.
    pub(crate) hash: u64,
    /// Its timer.
    pub(crate) timer: CallTimer<'static>,
    /// What it does to a transaction.
    pub(crate) step: Option<Step>,
    /// Whether its start showed bind values.
    pub(crate) shows_binds: bool,
    /// How long it had been running when the connection began another one.
    followed_after: Option<Duration>,
    /// How many calls that began later have ended.
    overtaken: u8,
}

/// The text of a query that has finished.
#[derive(Clone, Copy)]
pub(crate) struct Finished {
    pub(crate) hash: u64,
    pub(crate) shows_binds: bool,
}

/// How a connection works. Only its events tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Manner {
    #[default]
    Unknown,
    /// One call at a time, and the thread waits for it: a start without a finish was refused before
    /// anything was sent.
    Blocking,
    /// Calls are futures, which can be dropped.
    Async,
}

// === impl Call ===

impl Call {
    pub(crate) fn new(
        hash: u64,
        timer: CallTimer<'static>,
        step: Option<Step>,
        shows_binds: bool,
    ) -> Self {
        Self { hash, timer, step, shows_binds, followed_after: None, overtaken: 0 }
    }

    /// Whether its connection has begun nothing after it.
    fn is_newest(&self) -> bool {
        self.followed_after.is_none()
    }
}

// === impl Calls ===

impl Calls {
    /// A call has started.
    pub(crate) fn start(&mut self, call: Call, link: &Link) {
        self.overtake(link);
        self.running.push(call);
    }

    /// Whether there is none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// A call has started, and somebody else records it.
    #[inline]
    pub(crate) fn overtake(&mut self, link: &Link) {
        if !self.is_empty() {
            self.make_room(link);
        }
    }

    /// The call that has finished; `None` when it has finished before. `text` builds the query's SQL
    /// once more, and is asked only where there is a doubt.
    pub(crate) fn finish(&mut self, text: impl FnOnce() -> Finished) -> Option<Call> {
        let place = match self.running.len() {
            0 => return None,
            // Nothing has begun since, so this is what ends: a finish can come twice only before the
            // connection is used again. With something in between, the text decides.
            1 if self.manner == Manner::Blocking && self.running[0].is_newest() => 0,
            _ => {
                let finished = text();
                let place = self.running.iter().rposition(|call| call.hash == finished.hash)?;
                self.learn(self.running[place].shows_binds, finished.shows_binds);
                place
            }
        };
        for earlier in &mut self.running[..place] {
            earlier.overtaken = earlier.overtaken.saturating_add(1);
        }
        match place + 1 == self.running.len() {
            true => self.running.pop(),
            false => Some(self.running.remove(place)),
        }
    }

    /// Only a blocking connection shows bind values again when a query has finished.
    fn learn(&mut self, start_shows_binds: bool, finish_shows_binds: bool) {
        if start_shows_binds {
            self.manner = if finish_shows_binds { Manner::Blocking } else { Manner::Async };
        }
    }

    #[cold]
    fn make_room(&mut self, link: &Link) {
        for call in &mut self.running {
            if call.followed_after.is_none() {
                call.followed_after = Some(call.timer.elapsed());
            }
        }
        let manner = self.manner;
        for lost in self.running.extract_if(.., |call| call.overtaken >= OVERTAKEN_MAX) {
            lost.give_up(manner);
            link.call_ends();
        }
        if self.running.len() >= CALLS_MAX {
            self.running.remove(0).give_up(manner);
            link.call_ends();
        }
    }
}

impl Drop for Calls {
    fn drop(&mut self) {
        for lost in self.running.drain(..) {
            lost.give_up(self.manner);
        }
    }
}

impl Call {
    /// Its finish will not come any more.
    fn give_up(self, manner: Manner) {
        if manner == Manner::Blocking {
            let refused = Failure::new(ErrorClass::Encode);
            return self.timer.end_late(Outcome::Failed(refused), Duration::ZERO);
        }
        let lasted = self.followed_after.unwrap_or_else(|| self.timer.elapsed());
        let believed = if lasted > CANCELLED_MAX { Duration::ZERO } else { lasted };
        self.timer.end_late(Outcome::Cancelled, believed);
    }
}

#[cfg(test)]
mod tests {
    use monitor_core::capture::{Clock, Database, Hands, System};
    use monitor_core::snapshot::Activity;
    use monitor_core::{Monitor, Source};

    use super::*;

    /// A connection whose queries are named by a letter.
    struct Connection {
        calls: Calls,
        source: Source,
        monitor: Monitor,
        hands: Hands,
        finish_shows_binds: bool,
        link: Link,
    }

    impl Connection {
        fn new(finish_shows_binds: bool) -> Self {
            let (clock, hands) = Clock::by_hand();
            let monitor = Monitor::builder().clock(clock).beat_by_hand().build();
            let monitor = monitor.expect("the defaults make sense");
            let source = monitor.database(Database::of(System::PostgreSql));
            let (calls, link) = (Calls::default(), Link::new());
            Self { calls, source, monitor, hands, finish_shows_binds, link }
        }

        fn blocking() -> Self {
            let mut connection = Self::new(true);
            connection.run("warmup");
            connection
        }

        fn pipelining() -> Self {
            Self::new(false)
        }

        fn run(&mut self, name: &str) {
            self.start(name);
            assert!(self.finish(name));
        }

        fn start(&mut self, name: &str) {
            let timer = self.source.call(&format!("select {name}")).detach();
            self.calls.start(Call::new(hash(name), timer, None, true), &self.link);
        }

        /// Whether it was running.
        fn finish(&mut self, name: &str) -> bool {
            let finished = Finished { hash: hash(name), shows_binds: self.finish_shows_binds };
            let call = self.calls.finish(|| finished);
            call.map(|call| call.timer.complete()).is_some()
        }

        fn pass(&self, millis: u64) {
            self.hands.advance(Duration::from_millis(millis));
        }

        fn seen(&self, name: &str) -> Activity {
            let text = format!("select {name}");
            let statements = self.monitor.snapshot().lifetime.statements;
            let found = statements.iter().find(|statement| *statement.text == *text);
            found.map(|statement| statement.activity.clone()).unwrap_or_default()
        }
    }

    fn hash(name: &str) -> u64 {
        name.bytes().fold(7, |hash, byte| hash * 31 + u64::from(byte))
    }

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_call_inside_of_another_is_kept_apart() {
        let mut connection = Connection::blocking();
        connection.start("outer");
        connection.pass(1);
        connection.start("inner");
        connection.pass(2);
        connection.finish("inner");
        connection.pass(4);
        connection.finish("outer");
        assert_eq!(connection.seen("inner").time, millis(2));
        assert_eq!(connection.seen("outer").time, millis(7));
    }

    #[test]
    fn a_second_finish_is_ignored() {
        let mut connection = Connection::blocking();
        connection.run("a");
        assert!(!connection.finish("a"));
        connection.start("b");
        assert_eq!(connection.seen("a").calls, 1);
    }

    /// What used to happen: with one call left on a blocking connection any finish was taken for its own.
    #[test]
    fn a_second_finish_inside_of_a_call_does_not_end_that_call() {
        let mut connection = Connection::blocking();
        connection.start("outer");
        connection.pass(1);
        connection.run("inner");
        assert!(!connection.finish("inner"));
        connection.pass(4);
        assert!(connection.finish("outer"));
        assert_eq!((connection.seen("inner").calls, connection.seen("outer").calls), (1, 1));
        assert_eq!(connection.seen("outer").time, millis(5));
    }

    /// As row-by-row loading on PostgreSQL does when a value was refused before.
    #[test]
    fn a_second_finish_after_a_refused_call_does_not_complete_that_call() {
        let mut connection = Connection::blocking();
        connection.start("refused");
        connection.run("rows");
        assert!(!connection.finish("rows"));
        connection.calls = Calls::default();
        assert_eq!((connection.seen("refused").failed, connection.seen("rows").calls), (1, 1));
    }

    #[test]
    fn a_call_that_somebody_else_records_leaves_those_before_it_alone() {
        let mut connection = Connection::blocking();
        connection.start("refused");
        connection.calls.overtake(&connection.link);
        assert!(!connection.finish("covered"));
        assert_eq!(connection.seen("covered").calls, 0);
        connection.run("next");
        assert_eq!(connection.seen("next").completed(), 1);
    }

    #[test]
    fn pipelined_calls_may_end_in_any_order() {
        let mut connection = Connection::pipelining();
        for name in ["a", "b", "c"] {
            connection.start(name);
        }
        for (time, name) in [(1, "b"), (2, "a"), (4, "c")] {
            connection.pass(time);
            assert!(connection.finish(name));
        }
        let times = ["a", "b", "c"].map(|name| connection.seen(name).time);
        assert_eq!(times, [millis(3), millis(1), millis(7)]);
    }

    #[test]
    fn the_newest_of_equal_calls_has_finished() {
        let mut connection = Connection::pipelining();
        connection.start("a");
        connection.pass(400);
        connection.start("a");
        connection.pass(100);
        connection.finish("a");
        assert_eq!(connection.seen("a").time, millis(100), "the first was cancelled");
    }

    #[test]
    fn a_cancelled_call_lasts_until_its_connection_does_something_else() {
        let mut connection = Connection::pipelining();
        connection.start("slow");
        connection.pass(50);
        for _ in 0..=OVERTAKEN_MAX {
            connection.run("next");
            connection.pass(1_000);
        }
        let slow = connection.seen("slow");
        assert_eq!((slow.calls, slow.cancelled, slow.time), (1, 1, millis(50)));
    }

    #[test]
    fn a_call_that_is_only_overtaken_is_not_lost() {
        let mut connection = Connection::pipelining();
        connection.start("slow");
        for _ in 0..OVERTAKEN_MAX {
            connection.run("quick");
        }
        assert!(connection.finish("slow"));
        assert_eq!(connection.seen("slow").completed(), 1);
    }

    #[test]
    fn the_time_a_connection_was_idle_is_not_a_cancelled_calls_time() {
        let mut connection = Connection::pipelining();
        connection.start("slow");
        connection.hands.advance(CANCELLED_MAX + millis(1));
        connection.calls = Calls::default();
        assert_eq!(connection.seen("slow").cancelled, 1);
        assert_eq!(connection.seen("slow").time, Duration::ZERO);
    }

    #[test]
    fn a_blocking_connection_cannot_cancel_so_its_call_was_refused() {
        let mut connection = Connection::blocking();
        connection.start("refused");
        connection.pass(5);
        for _ in 0..=OVERTAKEN_MAX {
            connection.run("next");
        }
        let refused = connection.seen("refused");
        assert_eq!((refused.calls, refused.failed, refused.time), (1, 1, Duration::ZERO));
    }

    #[test]
    fn a_blocking_connection_with_one_call_is_not_asked_for_its_text() {
        let mut connection = Connection::blocking();
        connection.start("a");
        let call = connection.calls.finish(|| unreachable!("there is no doubt"));
        assert!(call.is_some());
    }

    #[test]
    fn what_runs_at_the_same_time_is_bounded() {
        let mut connection = Connection::pipelining();
        for _ in 0..CALLS_MAX + 3 {
            connection.start("a");
        }
        assert_eq!(connection.calls.running.len(), CALLS_MAX);
        assert_eq!(connection.seen("a").cancelled, 3);
    }
}
