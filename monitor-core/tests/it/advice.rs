//! Advice: a story in which a rule speaks, one that comes close, and one too soon to tell.

mod calls;
mod false_alarms;
mod living;
mod near;
mod pools;
mod same_rows;
mod statements;
mod units;
mod workload;

use std::time::Duration;

use monitor_core::capture::{Call, Database, ErrorClass, Failure, Outcome, Rows, System};
use monitor_core::identify::{Dialect, identify};
use monitor_core::inquire::{Catalogue, Column, Index, KeyPart, Table};
use monitor_core::judge::advice::{
    Advice, AdviceSettings, Question, Story, StoryCall, Verdict, advise,
};
use monitor_core::{Monitor, Source};

use super::{World, ms, world_with};

/// A library that is watched: its monitor, what happened one by one, and what its database holds.
pub(crate) struct Library {
    world: World,
    source: Source,
    story: Story,
    catalogue: Option<Catalogue>,
    settings: AdviceSettings,
    at: Duration,
}

impl Library {
    fn open() -> Self {
        Self::on(System::PostgreSql)
    }

    fn on(system: System) -> Self {
        let world = world_with(|builder| builder.recent_calls_max(0));
        let source = world
            .monitor
            .pool("library", Database { name: "library".into(), ..Database::of(system) });
        let catalogue = Some(Catalogue { system, ..catalogue() });
        let settings = AdviceSettings::default();
        Self { world, source, story: Story::default(), catalogue, settings, at: Duration::ZERO }
    }

    /// Calls of a statement, one a second.
    fn calls(&mut self, sql: &str, count: u64, took: Duration, rows: u64) -> &mut Self {
        for _ in 0..count {
            self.source.record(
                Call::new(sql, took).rows(Rows { returned: Some(rows), affected: Some(rows) }),
            );
            self.wait(Duration::from_secs(1));
        }
        self
    }

    /// Calls of a statement that fail, one a second.
    fn failures(&mut self, sql: &str, count: u64, code: &str) -> &mut Self {
        for _ in 0..count {
            let failure = Failure { class: ErrorClass::from_sqlstate(code), code: Some(code) };
            self.source.record(Call::new(sql, ms(1)).outcome(Outcome::Failed(failure)));
            self.wait(Duration::from_secs(1));
        }
        self
    }

    /// One call of a unit of work, in the story and in the numbers; the clock goes on to its end.
    fn step(&mut self, call: StoryCall, sql: &str) -> &mut Self {
        self.wait(call.took);
        let outcome = match call.error {
            Some(class) => Outcome::Failed(Failure::new(class)),
            None => Outcome::Completed,
        };
        self.source.record(Call::new(sql, call.took).rows(call.rows).outcome(outcome));
        self.story.calls.push(StoryCall { start: self.at - call.took, ..call });
        self
    }

    fn wait(&mut self, time: Duration) -> &mut Self {
        let before = self.at.as_secs() / 5;
        self.at += time;
        self.world.hands.advance(time);
        if self.at.as_secs() / 5 > before {
            self.world.monitor.beat();
        }
        self
    }

    fn monitor(&self) -> &Monitor {
        &self.world.monitor
    }

    /// Lets the shortest time pass in which anything is judged, and asks.
    fn advice(&mut self) -> Advice {
        let left = self.settings.observe_for.saturating_sub(self.at);
        for _ in 0..left.as_secs() / 5 + 1 {
            self.wait(Duration::from_secs(5));
        }
        self.advice_now()
    }

    fn advice_now(&self) -> Advice {
        advise(Question {
            snapshot: &self.monitor().snapshot(),
            story: &self.story,
            catalogue: self.catalogue.as_ref(),
            settings: &self.settings,
        })
    }
}

/// A call of unit of work 1 from one line.
pub(crate) fn call(sql: &str, parameters: u64) -> StoryCall {
    let identity = identify(sql, Dialect::PostgreSql);
    StoryCall {
        start: Duration::ZERO,
        took: ms(3),
        fingerprint: identity.fingerprint,
        text: identity.text.into(),
        kind: identity.kind,
        parameters: Some(parameters),
        rows: Rows::returned(1),
        error: None,
        caller: Some("library.rs:1".into()),
        connection: Some(1),
        transaction: None,
        scope: Some(1),
    }
}

/// The rules that recommend something.
pub(crate) fn said(advice: &Advice) -> Vec<&'static str> {
    advice.recommendations.iter().map(|one| one.rule).collect()
}

#[track_caller]
pub(crate) fn check(advice: &Advice, rule: &str, verdict: Verdict) {
    let answer = advice.answer(rule).expect("there is no such rule");
    assert_eq!(answer.verdict, verdict, "{:?}, said {:?}", answer.reasons, said(advice));
    assert_eq!(advice.of_rule(rule).count() > 0, verdict == Verdict::Found);
}

/// 100 000 books with indexes, 500 000 loans without, ten shelves.
fn catalogue() -> Catalogue {
    let column = |name: &str, type_name: &str, nullable| Column {
        name: name.into(),
        type_name: type_name.into(),
        nullable,
        ..Column::default()
    };
    let books = Table {
        schema: "public".into(),
        name: "books".into(),
        rows: Some(100_000.0),
        columns: vec![
            column("id", "integer", false),
            column("title", "text", false),
            column("author_id", "integer", false),
            column("isbn", "text", true),
            column("printed_at", "timestamp without time zone", false),
            column("state", "text", false),
            column("blurb", "text", false),
        ],
        indexes: vec![
            key("books_pkey", "id"),
            index("books_author", &["author_id"]),
            index("books_isbn", &["isbn"]),
            index("books_printed", &["printed_at"]),
            Index { include: vec!["title".into()], ..index("books_state", &["state"]) },
        ],
        ..Table::default()
    };
    let loans = Table {
        schema: "public".into(),
        name: "loans".into(),
        rows: Some(500_000.0),
        columns: vec![
            column("id", "integer", false),
            column("book_id", "integer", false),
            column("reader_id", "integer", true),
            column("due", "timestamp without time zone", false),
        ],
        indexes: vec![key("loans_pkey", "id"), index("loans_reader", &["reader_id"])],
        ..Table::default()
    };
    let readers = Table {
        schema: "public".into(),
        name: "readers".into(),
        rows: Some(50_000.0),
        columns: vec![
            column("id", "integer", false),
            column("email", "text", false),
            column("card", "text", false),
        ],
        indexes: vec![
            key("readers_pkey", "id"),
            index("readers_card", &["card"]),
            Index { key: vec![KeyPart::expression("lower(email)")], ..index("readers_email", &[]) },
        ],
        ..Table::default()
    };
    let shelves = Table {
        schema: "public".into(),
        name: "shelves".into(),
        rows: Some(10.0),
        columns: vec![column("id", "integer", false), column("room", "text", false)],
        indexes: vec![key("shelves_pkey", "id")],
        ..Table::default()
    };
    Catalogue { tables: vec![books, loans, readers, shelves], ..Catalogue::default() }
}

fn index(name: &str, columns: &[&str]) -> Index {
    Index {
        name: name.into(),
        key: columns.iter().map(|column| KeyPart::column(*column)).collect(),
        method: "btree".into(),
        valid: true,
        ..Index::default()
    }
}

fn key(name: &str, column: &str) -> Index {
    Index { unique: true, primary: true, constraint: true, ..index(name, &[column]) }
}
