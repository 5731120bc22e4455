//! A budget bounds what asking costs.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use monitor_core::capture::{Clock, Hands, System};
use monitor_core::inquire::{Answer, AskError, AskErrorKind, Asker, Budget, Budgeted};

const MS: Duration = Duration::from_millis(1);

/// Answers after the time it is told to take, and fails where it is told to.
struct Server {
    hands: Hands,
    answers: Arc<Mutex<Answers>>,
}

#[derive(Default)]
struct Answers {
    take: Duration,
    fail: Option<AskErrorKind>,
    asked: u32,
    closed: u32,
}

impl Asker for Server {
    fn system(&self) -> System {
        System::PostgreSql
    }

    fn ask(&mut self, _: &str) -> Result<Answer, AskError> {
        let mut answers = self.answers.lock().unwrap();
        answers.asked += 1;
        self.hands.advance(answers.take);
        answers.fail.map_or(Ok(Answer::default()), |kind| Err(AskError::new(kind)))
    }

    fn rest(&mut self) {
        self.answers.lock().unwrap().closed += 1;
    }
}

struct World {
    hands: Hands,
    answers: Arc<Mutex<Answers>>,
    rested: Arc<Mutex<Duration>>,
    asker: Budgeted,
}

impl World {
    fn new(change: impl FnOnce(&mut Budget)) -> Self {
        let (clock, hands) = Clock::by_hand();
        let answers = Arc::new(Mutex::new(Answers { take: MS, ..Answers::default() }));
        let server = Server { hands: hands.clone(), answers: answers.clone() };
        let mut budget = Budget::default();
        change(&mut budget);
        let rested = Arc::new(Mutex::new(Duration::ZERO));
        let rest = rested.clone();
        let wait = move |time| *rest.lock().unwrap() += time;
        let asker = Budgeted::resting(Box::new(server), budget, clock, wait);
        Self { hands, answers, rested, asker }
    }

    fn ask(&mut self) -> Result<Answer, AskErrorKind> {
        self.asker.ask("select 1").map_err(|error| error.kind)
    }

    fn set(&self, take: Duration, fail: Option<AskErrorKind>) {
        let mut answers = self.answers.lock().unwrap();
        answers.take = take;
        answers.fail = fail;
    }
}

#[test]
fn nothing_is_asked_outside_a_refresh() {
    let mut world = World::new(|_| {});
    assert_eq!(world.ask(), Err(AskErrorKind::Spent));
    assert!(world.asker.begin(false));
    assert!(world.ask().is_ok());
    world.asker.end();
    assert_eq!(world.ask(), Err(AskErrorKind::Spent));
    let answers = world.answers.lock().unwrap();
    assert_eq!((answers.asked, answers.closed), (1, 1));
}

#[test]
fn questions_past_the_limit_are_refused_and_counted_until_the_next_refresh() {
    let mut world = World::new(|budget| budget.questions_max = 2);
    world.asker.begin(false);
    assert!(world.ask().is_ok() && world.ask().is_ok());
    assert_eq!(world.ask(), Err(AskErrorKind::Spent));
    world.asker.end();
    assert!(world.asker.begin(false));
    assert!(world.ask().is_ok());
    let asked = world.asker.asked();
    assert_eq!((asked.questions, asked.over_questions), (3, 1));
}

#[test]
fn time_past_the_limit_ends_the_refresh() {
    let mut world = World::new(|budget| budget.time_max = 3 * MS);
    world.asker.begin(false);
    for _ in 0..3 {
        assert!(world.ask().is_ok());
    }
    assert_eq!(world.ask(), Err(AskErrorKind::Spent));
    let asked = world.asker.asked();
    assert_eq!((asked.time, asked.over_time, asked.slow), (3 * MS, 1, 0));
}

#[test]
fn after_each_answer_comes_a_rest_as_long_as_the_answer_demands() {
    let mut world = World::new(|budget| budget.rest_ratio = 4);
    world.asker.begin(false);
    world.set(5 * MS, None);
    world.ask().unwrap();
    world.ask().unwrap();
    assert_eq!(*world.rested.lock().unwrap(), 40 * MS);
}

#[test]
fn a_busy_application_is_left_alone() {
    let mut world = World::new(|_| {});
    assert!(!world.asker.begin(true));
    assert_eq!(world.ask(), Err(AskErrorKind::Spent));
    assert_eq!(world.asker.asked().put_off, 1);
    assert!(world.asker.begin(false), "it is calm again");
}

#[test]
fn repeated_trouble_ends_a_refresh_and_pauses_longer_each_time() {
    let mut world = World::new(|_| {});
    let minute = Duration::from_secs(60);
    for pause in [minute, 2 * minute, 4 * minute] {
        assert!(world.asker.begin(false));
        world.set(MS, Some(AskErrorKind::TooSlow));
        for _ in 0..3 {
            assert_eq!(world.ask(), Err(AskErrorKind::TooSlow));
        }
        assert_eq!(world.ask(), Err(AskErrorKind::Spent));
        world.asker.end();
        world.hands.advance(pause - MS);
        assert!(!world.asker.begin(false), "the pause is not over");
        world.hands.advance(MS);
    }
    world.set(MS, None);
    assert!(world.asker.begin(false));
    world.ask().unwrap();
    world.asker.end();
    assert!(world.asker.begin(false), "one good refresh, and trouble is forgotten");
    let asked = world.asker.asked();
    assert_eq!((asked.slow, asked.over_trouble, asked.put_off), (9, 3, 3));
}

#[test]
fn an_answer_past_its_expected_time_is_trouble_and_a_denied_one_is_not() {
    let mut world = World::new(|_| {});
    world.asker.begin(false);
    world.set(250 * MS, None);
    world.ask().unwrap();
    world.set(251 * MS, None);
    world.ask().unwrap();
    world.ask().unwrap();
    world.set(MS, Some(AskErrorKind::Denied));
    for _ in 0..5 {
        assert_eq!(world.ask(), Err(AskErrorKind::Denied));
    }
    world.set(251 * MS, None);
    world.ask().unwrap();
    assert_eq!(world.ask(), Err(AskErrorKind::Spent));
    let asked = world.asker.asked();
    assert_eq!((asked.slow, asked.failed, asked.over_trouble), (3, 5, 1));
}
