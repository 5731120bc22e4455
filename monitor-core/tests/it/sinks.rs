//! Telling somebody: queue, pace, retry, and that nobody else is harmed. Time is the test's.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_core::Builder;
use monitor_core::capture::Call;
use monitor_core::deliver::{Delivery, SendError, Sink};
use monitor_core::judge::{Alert, AlertEvent, Notice};
use monitor_core::show;
use monitor_core::snapshot::SinkActivity;

use super::{World, secs, world_with};

/// A sink that answers as it is told, and remembers what it heard.
#[derive(Clone)]
struct Scripted {
    delivery: Delivery,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Default)]
struct Shared {
    answers: VecDeque<SendError>,
    broken: Option<SendError>,
    attempts: usize,
    /// What each successful send said: event and table.
    heard: Vec<Vec<String>>,
    refreshed: Vec<usize>,
}

impl Scripted {
    fn new() -> Self {
        Self { delivery: Delivery::default(), shared: Arc::default() }
    }

    fn with(delivery: Delivery) -> Self {
        Self { delivery, ..Self::new() }
    }

    fn will_answer(&self, answers: impl IntoIterator<Item = SendError>) {
        self.shared.lock().unwrap().answers.extend(answers);
    }

    fn breaks(&self) {
        self.shared.lock().unwrap().broken = Some(SendError::transient("out of order"));
    }

    fn works_again(&self) {
        self.shared.lock().unwrap().broken = None;
    }

    fn attempts(&self) -> usize {
        self.shared.lock().unwrap().attempts
    }

    /// Everything heard so far, which is forgotten then.
    fn heard(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut self.shared.lock().unwrap().heard)
    }
}

impl Sink for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn delivery(&self) -> Delivery {
        self.delivery
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        let mut shared = self.shared.lock().unwrap();
        shared.attempts += 1;
        if let Some(error) = shared.answers.pop_front().or(shared.broken.clone()) {
            return Err(error);
        }
        shared.heard.push(notices.iter().map(said).collect());
        Ok(())
    }

    fn refresh(&mut self, firing: &[Alert]) -> Result<(), SendError> {
        self.shared.lock().unwrap().refreshed.push(firing.len());
        Ok(())
    }
}

/// `fired t3` for the alert about table `t3`.
fn said(notice: &Notice) -> String {
    let key = notice.alert.key();
    let table =
        key.split(' ').find(|word| word.starts_with('t') && word[1..].parse::<u32>().is_ok());
    format!("{} {}", notice.event, table.unwrap_or_default())
}

/// A world whose alerts are slow statements, one a table; they are over 70 seconds later.
fn world_of(sink: &Scripted) -> World {
    let sink = sink.clone();
    world_with(|b| b.alert_clear_for(secs(5)).alert_fold_after(usize::MAX).sink(sink))
}

/// Makes the alert about table `t<number>` fire.
fn trouble(world: &World, numbers: impl IntoIterator<Item = u32>) {
    for number in numbers {
        world.shop.record(Call::new(&format!("select 1 from t{number}"), secs(2)));
    }
    world.pass(5);
}

fn activity(world: &World) -> SinkActivity {
    world.monitor.snapshot().sinks.remove(0)
}

/// Lets seconds pass, a beat each.
fn tick(world: &World, seconds: u64) {
    for _ in 0..seconds {
        world.hands.advance(secs(1));
        world.monitor.beat();
    }
}

#[test]
fn a_sink_hears_what_fires_and_what_is_over() {
    let sink = Scripted::new();
    let world = world_of(&sink);
    trouble(&world, [1]);
    assert_eq!(sink.heard(), [["fired t1"]]);
    world.pass(100);
    assert_eq!(sink.heard(), [["resolved t1"]]);
    let activity = activity(&world);
    assert_eq!((&*activity.name, activity.delivered), ("scripted", 2));
    assert!(activity.waiting.is_empty() && activity.last_success.is_some());
}

#[test]
fn what_fails_is_tried_again_at_growing_intervals_until_it_is_told() {
    let sink = Scripted::new();
    let world = world_of(&sink);
    sink.will_answer((0..3).map(|_| SendError::transient("server error").code(503)));
    trouble(&world, [1]);
    assert_eq!(sink.attempts(), 1);
    // The waits are 0.5 to 1 s, 1 to 2 s and 2 to 4 s; each is seen on a beat.
    tick(&world, 1);
    assert_eq!(sink.attempts(), 2);
    let waiting = activity(&world);
    assert_eq!(waiting.failures_in_a_row, 2);
    assert_eq!(waiting.last_failure.unwrap().class, "server error (503)");
    assert!(waiting.waiting[0].contains("t1"), "{:?}", waiting.waiting);
    tick(&world, 2);
    assert_eq!(sink.attempts(), 3);
    tick(&world, 1);
    assert_eq!(sink.attempts(), 3, "too soon for the fourth");
    tick(&world, 3);
    assert_eq!(sink.heard(), [["fired t1"]]);
    let told = activity(&world);
    assert_eq!((told.retried, told.delivered, told.failures_in_a_row), (3, 1, 0));
}

#[test]
fn the_report_and_the_json_say_whom_alerts_do_not_reach() {
    let sink = Scripted::new();
    let world = world_of(&sink);
    trouble(&world, [1]);
    assert!(!world.monitor.report().contains("alerts to"), "all is told");
    sink.breaks();
    trouble(&world, [2]);
    let report = world.monitor.report();
    let line = "! alerts to scripted: failed 1 times, last at 1970-01-01T00:00:10Z: out of order; \
                1 waiting, 0 never told";
    assert!(report.contains(line), "{report}");
    let json = show::json(&world.monitor.snapshot(), &world.monitor.health()).unwrap();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["sinks"][0]["delivered"], 1);
    assert_eq!(json["sinks"][0]["last_failure"]["class"], "out of order");
    assert!(json["sinks"][0]["waiting"][0].as_str().unwrap().contains("t2"));
}

#[test]
fn a_receiver_that_asks_for_time_gets_it() {
    let sink = Scripted::new();
    let world = world_of(&sink);
    sink.will_answer([SendError::transient("too many requests").retry_after(secs(30))]);
    trouble(&world, [1]);
    tick(&world, 29);
    assert_eq!(sink.attempts(), 1);
    tick(&world, 1);
    assert_eq!(sink.heard(), [["fired t1"]]);
}

#[test]
fn what_is_refused_is_not_tried_again_and_holds_nothing_up() {
    let sink = Scripted::new();
    let world = world_of(&sink);
    sink.will_answer([SendError::permanent("refused").code(404)]);
    trouble(&world, [1, 2]);
    assert_eq!(sink.heard(), [["fired t2"]]);
    let refused = activity(&world);
    assert_eq!((refused.given_up, refused.retried), (1, 0));
    assert!(refused.untold[0].contains("t1"), "{:?}", refused.untold);
    assert_eq!(world.monitor.snapshot().losses.notices_given_up, 1);

    world.pass(100);
    assert_eq!(activity(&world).untold, [""; 0], "that it is over was told, so nothing is untold");
}

#[test]
fn a_notice_is_given_up_when_the_sink_fails_for_too_long() {
    let sink = Scripted::with(Delivery::default().give_up_after(secs(60)).retry(secs(1), secs(4)));
    let world = world_of(&sink);
    sink.breaks();
    trouble(&world, [1]);
    tick(&world, 50);
    assert_eq!(activity(&world).given_up, 0);
    assert_eq!(activity(&world).waiting.len(), 1);
    // Over meanwhile: the newest notice is another one, with a time of its own.
    tick(&world, 100);
    let given_up = activity(&world);
    assert_eq!((given_up.given_up, given_up.waiting.len()), (1, 0));
    assert!(given_up.untold[0].contains("t1"));
}

#[test]
fn a_queue_is_bounded_and_lets_the_oldest_go() {
    let sink = Scripted::with(Delivery::default().queue_max(10));
    let world = world_of(&sink);
    sink.breaks();
    trouble(&world, 1..=200);
    let full = activity(&world);
    assert_eq!((full.waiting.len(), full.dropped, full.untold.len()), (10, 190, 10));
    assert_eq!(world.monitor.snapshot().losses.notices_dropped, 190);
    sink.works_again();
    tick(&world, 2);
    assert_eq!(sink.heard().len(), 10);
}

#[test]
fn that_it_is_over_is_not_pushed_out_by_newer_trouble() {
    let sink = Scripted::with(Delivery::default().queue_max(2).retry(secs(1), secs(4)));
    let world = world_of(&sink);
    trouble(&world, [1]);
    assert_eq!(sink.heard(), [["fired t1"]]);
    sink.breaks();
    world.pass(100);
    trouble(&world, 2..=5);
    sink.works_again();
    tick(&world, 4);
    assert_eq!(sink.heard(), [["resolved t1"], ["fired t5"]]);
}

#[test]
fn trouble_that_is_over_before_it_could_be_told_is_told_once_as_over() {
    let sink = Scripted::new();
    let world = world_of(&sink);
    sink.breaks();
    trouble(&world, [1]);
    world.pass(100);
    sink.works_again();
    tick(&world, 60);
    assert_eq!(sink.heard(), [["resolved t1"]]);
    assert_eq!(activity(&world).folded, 1);
}

#[test]
fn a_burst_is_told_together_and_no_more_often_than_the_sink_bears() {
    let sink = Scripted::with(Delivery::default().batch_max(3).spacing(secs(10)));
    let world = world_of(&sink);
    trouble(&world, 1..=5);
    assert_eq!(sink.heard(), [["fired t1", "fired t2", "fired t3"]]);
    tick(&world, 9);
    assert_eq!(sink.heard().len(), 0);
    tick(&world, 1);
    assert_eq!(sink.heard(), [["fired t4", "fired t5"]]);
}

#[test]
fn a_sink_that_forgets_is_told_again_what_fires_for_as_long_as_it_fires() {
    let sink = Scripted::with(Delivery::default().refresh_every(secs(20)));
    let world = world_of(&sink);
    let refreshed = || sink.shared.lock().unwrap().refreshed.clone();
    trouble(&world, [1, 2]);
    tick(&world, 19);
    assert!(refreshed().is_empty());
    tick(&world, 1);
    assert_eq!(refreshed(), [2]);
    tick(&world, 100);
    let so_far = refreshed();
    assert!(so_far.len() > 1, "{so_far:?}");
    tick(&world, 100);
    assert_eq!(refreshed(), so_far, "nothing fires any more");
}

#[test]
fn a_sink_that_panics_is_counted_and_told_the_next_alert() {
    let (tell, told) = channel();
    let world = world_with(|b| {
        b.on_notice(move |notice| {
            assert!(!notice.alert.key().contains("t1"), "a bug in the callback");
            tell.send(said(notice)).unwrap();
        })
    });
    trouble(&world, [1, 2]);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), ["fired t2"]);
    let activity = activity(&world);
    assert_eq!((activity.panicked, activity.given_up, activity.delivered), (1, 1, 1));
    assert_eq!(world.monitor.snapshot().losses.panics_caught, 1);
}

#[test]
fn sinks_of_one_name_are_told_apart() {
    let world = world_with(|b| b.on_alert(|_| {}).on_alert(|_| {}));
    let snapshot = world.monitor.snapshot();
    let names: Vec<_> = snapshot.sinks.iter().map(|sink| &*sink.name).collect();
    assert_eq!(names, ["callback", "callback-2"]);
}

#[test]
fn settings_of_a_sink_that_make_no_sense_are_refused_with_its_name() {
    let sink = Scripted::with(Delivery::default().queue_max(0));
    let error = Builder::default().sink(sink).build().unwrap_err().to_string();
    assert_eq!(error, "delivery to `scripted`: queue_max is 0; choose at least 1");
}

/// A sink that hangs in the middle of a notice until it is let go.
struct Hanging {
    began: Sender<AlertEvent>,
    let_go: Receiver<()>,
}

impl Sink for Hanging {
    fn name(&self) -> &str {
        "hanging"
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        self.began.send(notices[0].event).unwrap();
        let _ = self.let_go.recv();
        Ok(())
    }
}

/// Longer than anything here takes, and no test waits so long unless it fails.
const LONG: Duration = Duration::from_secs(30);

#[test]
fn a_sink_that_hangs_delays_neither_the_beat_nor_other_sinks_nor_the_end() {
    let (began, has_begun) = channel();
    let (release, let_go) = channel();
    let (tell, told) = channel();
    let (clock, hands) = monitor_core::capture::Clock::by_hand();
    let monitor = Builder::default()
        .clock(clock)
        .sink(Hanging { began, let_go })
        .on_alert(move |alert| tell.send(alert.key()).unwrap())
        .build()
        .unwrap();
    let shop = monitor.database(super::shop());
    shop.record(Call::new("select 1 from t1", secs(2)));
    hands.advance(secs(5));
    monitor.beat();
    assert_eq!(has_begun.recv_timeout(LONG), Ok(AlertEvent::Fired));
    assert!(told.recv_timeout(LONG).is_ok());

    shop.record(Call::new("select 1 from t2", secs(2)));
    hands.advance(secs(5));
    monitor.beat();
    assert!(told.recv_timeout(LONG).is_ok());
    assert!(!monitor.flush_alerts(Duration::ZERO));
    let hanging = monitor.snapshot().sinks.remove(0);
    assert_eq!((hanging.delivered, hanging.waiting.len()), (0, 2));
    assert!(hanging.busy_since.is_some());

    release.send(()).unwrap();
    assert!(has_begun.recv_timeout(LONG).is_ok());
    drop((monitor, shop));
    drop(release);
    // The thread ends after what it is doing, and takes the sink with it.
    assert!(has_begun.recv_timeout(LONG).is_err());
}

/// A sink that says when it is told, and fails the first time.
struct Stumbling(Sender<AlertEvent>, bool);

impl Sink for Stumbling {
    fn name(&self) -> &str {
        "stumbling"
    }

    fn send(&mut self, notices: &[Notice]) -> Result<(), SendError> {
        self.0.send(notices[0].event).unwrap();
        match std::mem::replace(&mut self.1, true) {
            true => Ok(()),
            false => Err(SendError::transient("stumbled")),
        }
    }
}

#[test]
fn a_thread_tries_again_by_the_monitors_clock() {
    let (tell, told) = channel();
    let (clock, hands) = monitor_core::capture::Clock::by_hand();
    let monitor = Builder::default().clock(clock).sink(Stumbling(tell, false)).build().unwrap();
    monitor.database(super::shop()).record(Call::new("select 1 from t1", secs(2)));
    hands.advance(secs(5));
    monitor.beat();
    assert_eq!(told.recv_timeout(LONG), Ok(AlertEvent::Fired));
    while monitor.snapshot().sinks[0].retried == 0 {
        std::thread::yield_now();
    }
    assert!(told.try_recv().is_err(), "the clock stands still");
    hands.advance(secs(1));
    monitor.review_alerts();
    assert_eq!(told.recv_timeout(LONG), Ok(AlertEvent::Fired));
    assert!(monitor.flush_alerts(LONG));
    assert_eq!(monitor.snapshot().sinks[0].delivered, 1);
}

#[test]
fn nothing_is_left_untold_after_a_flush() {
    let (tell, told) = channel();
    let (clock, hands) = monitor_core::capture::Clock::by_hand();
    let monitor =
        Builder::default().clock(clock).on_alert(move |alert| tell.send(alert.key()).unwrap());
    let monitor = monitor.build().unwrap();
    assert!(monitor.flush_alerts(Duration::ZERO), "nothing waits");
    monitor.database(super::shop()).record(Call::new("select 1 from t1", secs(2)));
    hands.advance(secs(5));
    monitor.beat();
    assert!(monitor.flush_alerts(LONG));
    assert_eq!(told.try_iter().count(), 1);
}

#[test]
fn a_flush_in_which_something_was_refused_has_left_it_untold() {
    let sink = Scripted::new();
    sink.will_answer([SendError::transient("busy"), SendError::permanent("refused")]);
    let world = world_with(|b| b.sink(sink.clone()));
    world.shop.record(Call::new("select 1 from t1", secs(2)));
    world.hands.advance(secs(5));
    world.monitor.beat();
    assert_eq!(activity(&world).retried, 1);
    world.hands.advance(secs(2));
    assert!(!world.monitor.flush_alerts(Duration::ZERO), "it was refused");
    assert!(world.monitor.flush_alerts(Duration::ZERO), "nothing waits any more");
}
