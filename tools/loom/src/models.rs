//! A story for each part, told in every order.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use loom::sync::Arc;
use loom::thread;

use crate::capture::Tick;
use crate::desk::{Batch, Desks, Then};
use crate::event::{Entry, Event, SeriesRef};
use crate::generations::Generations;
use crate::lock;
use crate::ring::{RING, Ring, Room};
use crate::running::Slab;
use crate::sync::Mutex;
use crate::texts::{Seen, Texts};

/// How often a thread may be interrupted in the larger models: most faults need one or two.
const INTERRUPTIONS: usize = 3;
/// The number of the only monitor.
const MONITOR: u64 = 1;
/// Slots of a desk, where calls are followed.
const SLOTS: usize = 2;
/// The series of all calls, where it does not matter.
const SERIES: fn() -> SeriesRef = || SeriesRef::new(1, 0);

/// Tells a story in every order there is.
fn tell(story: impl Fn() + Sync + Send + 'static) {
    explore(None, story);
}

/// Tells a long story in every order with few interruptions.
fn tell_long(story: impl Fn() + Sync + Send + 'static) {
    explore(Some(INTERRUPTIONS), story);
}

fn explore(interruptions: Option<usize>, story: impl Fn() + Sync + Send + 'static) {
    let orders = std::sync::Arc::new(AtomicUsize::new(0));
    let told = orders.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = interruptions;
    builder.check(move || {
        told.fetch_add(1, Relaxed);
        story();
    });
    println!("{} orders", orders.load(Relaxed));
}

loom::lazy_static! {
    static ref STEPS: loom::sync::atomic::AtomicUsize = loom::sync::atomic::AtomicUsize::new(0);
}

/// Another thread may go first here.
///
/// Loom tries another order where two threads meet, but keeps in mind only who used a word last: whoever reads it before
/// writing it hides an earlier reader. So threads also meet at each step of a story.
fn step() {
    STEPS.fetch_add(1, Relaxed);
}

/// Puts plain entries in, and says which there was room for.
fn put_all(ring: &Ring, numbers: impl Iterator<Item = u64>) -> Vec<u64> {
    let put = |number: &u64| {
        step();
        let entry = Entry::plain(SERIES(), *number);
        // As a desk does.
        ring.put(entry) || ring.look() != Room::None && ring.put(entry)
    };
    numbers.filter(put).collect()
}

fn numbers(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.number).collect()
}

/// What was put into a ring comes out whole, once and in order, and what found it full was told so.
pub fn ring() {
    tell(|| {
        let ring = Arc::new(Ring::new());
        let writer = thread::spawn({
            let ring = ring.clone();
            move || put_all(&ring, 1..=RING as u64 + 2)
        });
        let mut taken = Vec::new();
        for _ in 0..2 {
            step();
            ring.take(&mut taken);
        }
        let put = writer.join().unwrap();
        assert!(put.len() >= RING, "full too early");
        ring.take(&mut taken);
        assert_eq!(numbers(&taken), put);
    });
}

/// Two who keep the books in turn take each entry once.
pub fn ring_with_two_keepers() {
    tell_long(|| {
        let ring = Arc::new(Ring::new());
        let books = Arc::new(Mutex::new(Vec::new()));
        let keeper = |ring: &Arc<Ring>, books: &Arc<Mutex<Vec<Entry>>>| {
            let (ring, books) = (ring.clone(), books.clone());
            move || {
                step();
                ring.take(&mut lock(&books));
            }
        };
        let others = thread::spawn(keeper(&ring, &books));
        let writer = thread::spawn({
            let ring = ring.clone();
            move || put_all(&ring, 1..=3)
        });
        keeper(&ring, &books)();
        let put = writer.join().unwrap();
        others.join().unwrap();
        keeper(&ring, &books)();
        assert_eq!(numbers(&lock(&books)), put);
    });
}

/// Everything that was taken: each number once, and with its own rest.
#[derive(Default)]
struct Kept {
    numbers: Vec<u64>,
}

impl Kept {
    fn settle(&mut self, batch: &mut Batch) {
        for entry in &batch.entries {
            if entry.has_rest() {
                let rest = batch.rests.pop_front().expect("an entry's rest is there");
                assert_eq!(rest.0, entry.number, "another one's rest");
            }
            self.numbers.push(entry.number);
        }
        assert!(batch.rests.is_empty(), "a rest without its entry");
    }

    fn settle_all(books: &Mutex<Self>, desks: &Desks) {
        step();
        let mut books = lock(books);
        desks.settle_all(|batch| books.settle(batch));
    }

    fn check(books: &Mutex<Self>, desks: &Desks, all: &[u64]) {
        Self::settle_all(books, desks);
        let mut numbers = lock(books).numbers.clone();
        numbers.sort_unstable();
        assert_eq!(numbers, all);
    }
}

/// As the registry does: settles the own desk where that is due and nobody else keeps the books.
fn record(desks: &Desks, books: &Mutex<Kept>, event: Event) {
    step();
    if desks.put(event) != Then::Nothing
        && let Ok(mut books) = books.try_lock()
    {
        desks.settle_mine(|batch| books.settle(batch));
    }
}

fn desks() -> (Arc<Desks>, Arc<Mutex<Kept>>) {
    (Arc::new(Desks::new(MONITOR, SLOTS)), Arc::new(Mutex::new(Kept::default())))
}

/// A snapshot is taken while a thread records more than its ring holds, some calls with a rest: each stays with its
/// own, and none is lost.
pub fn full_desk() {
    tell_long(|| {
        let (desks, books) = desks();
        let recorder = thread::spawn({
            let desks = desks.clone();
            move || {
                for number in 1..=4 {
                    let is_plain = number % 2 == 1;
                    let entry =
                        if is_plain { Entry::plain } else { Entry::with_rest }(SERIES(), number);
                    step();
                    desks.put(Event::new(entry));
                }
            }
        });
        Kept::settle_all(&books, &desks);
        recorder.join().unwrap();
        Kept::check(&books, &desks, &[1, 2, 3, 4]);
    });
}

/// Two threads record and settle their own desks, a third takes a snapshot.
pub fn two_recorders_and_a_snapshot() {
    tell_long(|| {
        let (desks, books) = desks();
        let recorders = [1, 2].map(|number| {
            let (desks, books) = (desks.clone(), books.clone());
            thread::spawn(move || {
                record(&desks, &books, Event::new(Entry::with_rest(SERIES(), number)));
                record(&desks, &books, Event::new(Entry::plain(SERIES(), number + 2)));
            })
        });
        Kept::settle_all(&books, &desks);
        recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
        Kept::check(&books, &desks, &[1, 2, 3, 4]);
    });
}

/// A thread ends while a snapshot is taken and another thread begins, which may get its desk: nothing is lost, and
/// nothing is counted twice.
pub fn a_desk_changes_hands() {
    tell_long(|| {
        let (desks, books) = desks();
        let come_and_go = |number| {
            let desks = desks.clone();
            thread::spawn(move || {
                step();
                let running = desks.follow(SERIES(), Tick::from_nanos(number));
                step();
                desks.call_ended(Entry::plain(SERIES(), number), running);
                step();
            })
        };
        let (one, other) = (come_and_go(1), come_and_go(2));
        Kept::settle_all(&books, &desks);
        one.join().unwrap();
        let third = come_and_go(3);
        other.join().unwrap();
        third.join().unwrap();
        Kept::check(&books, &desks, &[1, 2, 3]);
        assert_eq!(desks.sights(Tick::from_nanos(9)).len(), 0);
    });
}

/// A call that outlives its thread keeps the desk it started on until it ends, and is seen until then.
pub fn a_call_outlives_its_thread() {
    tell_long(|| {
        let (desks, books) = desks();
        let starts = |number| {
            let desks = desks.clone();
            thread::spawn(move || {
                step();
                desks.follow(SeriesRef::new(number, 0), Tick::from_nanos(number)).apart()
            })
        };
        let call = starts(1).join().unwrap();
        let next = starts(2);
        step();
        let seen = desks.sights(Tick::from_nanos(9));
        assert!(
            seen.iter().any(|sight| sight.started == Tick::from_nanos(1)),
            "a call that runs is not seen"
        );
        assert!(seen.iter().all(|sight| sight.series.place() as u64 == sight.started.as_nanos()));
        step();
        desks.call_ended(Entry::plain(SERIES(), 1), call);
        step();
        desks.clear(next.join().unwrap());
        Kept::check(&books, &desks, &[1]);
        assert_eq!(desks.sights(Tick::from_nanos(9)).len(), 0);
    });
}

/// Three threads where two have a desk: what the third records lies on a heap, which all of them share.
pub fn more_threads_than_desks() {
    tell_long(|| {
        let (desks, books) = desks();
        // Main has one.
        desks.put(Event::new(Entry::plain(SERIES(), 1)));
        let recorders = [2, 3].map(|number| {
            let (desks, books) = (desks.clone(), books.clone());
            thread::spawn(move || {
                record(&desks, &books, Event::new(Entry::with_rest(SERIES(), number)))
            })
        });
        Kept::settle_all(&books, &desks);
        recorders.into_iter().for_each(|recorder| recorder.join().unwrap());
        Kept::check(&books, &desks, &[1, 2, 3]);
    });
}

/// The words of a running call are those of one call, however fast the slot goes to the next, and whoever ends the call.
pub fn running_calls() {
    tell_long(|| {
        let slab = Arc::new(Slab::new(1));
        let claim =
            |slab: &Slab, number| slab.claim(SeriesRef::new(number, 0), Tick::from_nanos(number));
        assert_eq!(claim(&slab, 1), Some(0));
        let ends = thread::spawn({
            let slab = slab.clone();
            move || {
                step();
                slab.slot(0).expect("there is one").clear();
            }
        });
        let looks = thread::spawn({
            let slab = slab.clone();
            move || {
                step();
                for sight in slab.sights(0, Tick::from_nanos(9)) {
                    assert_eq!(
                        sight.series.place() as u64,
                        sight.started.as_nanos(),
                        "words of two calls"
                    );
                    assert_eq!(sight.nanos, 9 - sight.started.as_nanos(), "words of two calls");
                }
            }
        });
        step();
        let second = claim(&slab, 2);
        ends.join().unwrap();
        if let Some(slot) = second.and_then(|slot| slab.slot(slot)) {
            slot.clear();
            assert_eq!(claim(&slab, 3), Some(0));
            slot.clear();
        }
        looks.join().unwrap();
        assert!(slab.is_idle());
        assert_eq!(slab.unfollowed(), u64::from(second.is_none()));
    });
}

/// What is known of a text, which tells whose it is.
fn seen(place: u64, generation: u32) -> Seen {
    Seen { series: SeriesRef::new(place, generation), is_bare: place % 2 == 1 }
}

/// A look-up finds nothing or what is known of its own text, however the set changes meanwhile.
pub fn texts() {
    tell_long(|| {
        // One set of seven, and two texts more than it holds.
        let texts = Arc::new(Texts::new(1));
        (1..=7).for_each(|hash| texts.insert(hash, seen(hash, 0)));
        let writer = thread::spawn({
            let texts = texts.clone();
            move || {
                for hash in [8, 9] {
                    step();
                    texts.insert(hash, seen(hash, 0));
                }
            }
        });
        for hash in [8, 1] {
            step();
            let found = texts.find(hash);
            assert!(found.is_none_or(|found| found == seen(hash, 0)), "another text's");
        }
        writer.join().unwrap();
        assert_eq!(texts.find(9), Some(seen(9, 0)));
    });
}

/// A statement loses its place while a call of it is recorded: the call counts as its own or as one of "other", never as one of
/// the statement that has the place now.
pub fn eviction() {
    /// Calls of who has the place, by generation, and of others; all behind one lock, as the books are.
    #[derive(Default)]
    struct Books {
        generation: u32,
        own: u32,
        other: u32,
        before: u32,
    }
    impl Books {
        fn settle(&mut self, desks: &Desks) {
            desks.settle_all(|batch| {
                for entry in &batch.entries {
                    let is_own = entry.series.generation() == self.generation;
                    assert!(
                        !is_own || entry.number == u64::from(self.generation),
                        "counted as another's"
                    );
                    *(if is_own { &mut self.own } else { &mut self.other }) += 1;
                }
            });
        }
    }
    tell_long(|| {
        let desks = Arc::new(Desks::new(MONITOR, 0));
        let books = Arc::new(Mutex::new(Books::default()));
        let shared = Arc::new((Texts::new(1), Generations::new(1)));
        shared.0.insert(5, seen(0, 0));
        let recorder = thread::spawn({
            let (desks, shared) = (desks.clone(), shared.clone());
            move || {
                // Known and current, or seen for the first time again: then it counts elsewhere.
                step();
                let known = shared.0.find(5).map(|seen| seen.series);
                let known = known.filter(|series| shared.1.is_current(*series));
                step();
                if let Some(series) = known {
                    desks.put(Event::new(Entry::plain(series, u64::from(series.generation()))));
                }
                known.is_some()
            }
        });
        step();
        {
            let mut books = lock(&books);
            books.settle(&desks);
            books.before = std::mem::take(&mut books.own);
            books.generation = 1;
            step();
            shared.1.set(0, 1);
        }
        shared.0.insert(6, seen(0, 1));
        let recorded = recorder.join().unwrap();
        let mut books = lock(&books);
        books.settle(&desks);
        assert_eq!(books.before + books.own + books.other, u32::from(recorded));
        assert_eq!(books.own, 0, "nobody called the new statement");
    });
}
