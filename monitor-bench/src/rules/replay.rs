//! A trace on its way through a monitor, and as the story it tells.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use monitor_core::capture::{
    Call, Clock, Database, ErrorClass, Failure, Hands, Outcome, PoolLevels, Rows, System,
};
use monitor_core::identify::{Dialect, Kind, identify};
use monitor_core::inquire::{Catalogue, Table, Writes};
use monitor_core::judge::advice::{
    Advice, AdviceSettings, Hold, LevelSample, PoolPeak, Question, Story, StoryCall, Wait, advise,
};
use monitor_core::{Monitor, Source, TransactionTimer};
use serde::Deserialize;

/// The one pool of a trace.
const POOL: &str = "app";

/// One line of a trace.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Event {
    t_ms: f64,
    #[serde(flatten)]
    what: What,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum What {
    Query {
        task: String,
        conn: u64,
        sql: String,
        params: serde_json::Value,
        dur_ms: f64,
        rows: u64,
        caller: String,
        tx: Option<String>,
        err: Option<String>,
    },
    Pool {
        max: u32,
        size: u32,
        in_use: u32,
        idle: u32,
        waiting: u64,
        acquire_p95_ms: f64,
        opened: u32,
        closed: u32,
    },
    Hold {
        task: String,
        held_ms: f64,
        busy_ms: f64,
    },
    AcquireWait {
        task: String,
        waited_ms: f64,
        holds: u32,
    },
    Tx {
        id: String,
        op: String,
    },
    Info {
        server_max_connections: Option<u32>,
        instances: Option<u32>,
        db_cpu: Option<f64>,
        replicas: Option<u32>,
        #[serde(default)]
        tables: BTreeMap<String, TableInfo>,
    },
}

#[derive(Clone, Debug, Deserialize)]
struct TableInfo {
    rows: f64,
    bytes: u64,
    #[serde(default)]
    append_only: bool,
}

/// A monitor whose time is the trace's.
struct Stage {
    monitor: Monitor,
    hands: Hands,
    source: Source,
    at: Duration,
    beaten: Duration,
    transactions: BTreeMap<String, TransactionTimer>,
}

/// How often the monitor's beat comes.
const BEAT: Duration = Duration::from_secs(5);

/// What the monitor advises at the end of a trace.
pub(super) fn judge(events: &[Event]) -> Result<Advice> {
    let mut stage = Stage::new()?;
    let mut moments: Vec<_> = events.iter().map(|event| (moment(event), event)).collect();
    moments.sort_by_key(|(at, _)| *at);
    for (at, event) in moments {
        stage.pass_until(at);
        stage.play(&event.what);
    }
    let settings = AdviceSettings::default();
    stage.pass_until(settings.observe_for.max(stage.at) + BEAT);
    let (story, catalogue) = tell(events);
    Ok(advise(Question {
        snapshot: &stage.monitor.snapshot(),
        story: &story,
        catalogue: catalogue.as_ref(),
        settings: &settings,
    }))
}

/// When the monitor learns of an event: of a call, when it ends.
fn moment(event: &Event) -> Duration {
    match &event.what {
        What::Query { dur_ms, .. } => ms(event.t_ms + dur_ms),
        _ => ms(event.t_ms),
    }
}

fn ms(millis: f64) -> Duration {
    Duration::from_secs_f64(millis / 1e3)
}

fn hash(of: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    hasher.finish()
}

// === impl Stage ===

impl Stage {
    fn new() -> Result<Self> {
        let (clock, hands) = Clock::by_hand();
        let monitor = Monitor::builder().clock(clock).beat_by_hand().recent_calls_max(0).build()?;
        let database = Database { name: "app".into(), ..Database::of(System::PostgreSql) };
        let source = monitor.pool(POOL, database);
        let (at, beaten) = (Duration::ZERO, Duration::ZERO);
        Ok(Self { monitor, hands, source, at, beaten, transactions: BTreeMap::new() })
    }

    fn pass_until(&mut self, at: Duration) {
        while self.beaten + BEAT <= at {
            self.beaten += BEAT;
            self.hands.advance(self.beaten.saturating_sub(self.at));
            self.at = self.at.max(self.beaten);
            self.monitor.beat();
        }
        self.hands.advance(at.saturating_sub(self.at));
        self.at = self.at.max(at);
    }

    fn play(&mut self, what: &What) {
        match what {
            What::Query { sql, dur_ms, rows, err, .. } => {
                let outcome = match err {
                    Some(code) => Outcome::Failed(Failure {
                        class: ErrorClass::from_sqlstate(code),
                        code: Some(code),
                    }),
                    None => Outcome::Completed,
                };
                let call = Call::new(sql, ms(*dur_ms)).rows(rows_of(sql, *rows)).outcome(outcome);
                self.source.record(call);
            }
            What::Pool { max, size, idle, opened, closed, .. } => {
                let levels = PoolLevels {
                    size: *size,
                    idle: *idle,
                    max: Some(*max),
                    ..PoolLevels::default()
                };
                self.source.set_levels(levels);
                (0..*opened).for_each(|_| self.source.connection_created(None));
                (0..*closed).for_each(|_| self.source.connection_closed());
            }
            What::Hold { held_ms, .. } => {
                self.source.checkout_taken(Duration::ZERO).returned_after(ms(*held_ms));
            }
            What::AcquireWait { waited_ms, .. } => self.source.checkout_timed_out(ms(*waited_ms)),
            What::Tx { id, op } if op == "begin" => {
                self.transactions.insert(id.clone(), self.source.transaction());
            }
            What::Tx { id, .. } => {
                if let Some(transaction) = self.transactions.remove(id) {
                    transaction.committed();
                }
            }
            What::Info { .. } => {}
        }
    }
}

fn rows_of(sql: &str, rows: u64) -> Rows {
    match identify(sql, Dialect::PostgreSql).kind {
        Kind::Select => Rows::returned(rows),
        _ => Rows::affected(rows),
    }
}

/// The story of a trace: all of what its events say.
fn tell(events: &[Event]) -> (Story, Option<Catalogue>) {
    let mut story = Story::default();
    let mut catalogue = None;
    for event in events {
        let at = ms(event.t_ms);
        match &event.what {
            query @ What::Query { .. } => story.calls.extend(call(at, query)),
            What::Pool { max, in_use, waiting, acquire_p95_ms, .. } => {
                story.levels.push(LevelSample {
                    at,
                    pool: POOL.into(),
                    in_use: *in_use,
                    max: Some(*max),
                    waiting: *waiting,
                    wait_p95: Some(ms(*acquire_p95_ms)),
                })
            }
            What::Hold { task, held_ms, busy_ms } => story.holds.push(Hold {
                pool: POOL.into(),
                held: ms(*held_ms),
                busy: Some(ms(*busy_ms)),
                in_transaction: has_transaction(events, task),
                caller: None,
            }),
            What::AcquireWait { task, waited_ms, holds } => story.waits.push(Wait {
                waited: ms(*waited_ms),
                holds: Some(*holds),
                scope: Some(hash(task)),
            }),
            What::Info { server_max_connections, instances, db_cpu, replicas, tables } => {
                story.surroundings.server_connections_max = *server_max_connections;
                story.surroundings.instances = *instances;
                story.surroundings.database_cpu = *db_cpu;
                story.surroundings.replicas = *replicas;
                catalogue = (!tables.is_empty()).then(|| of_tables(tables));
            }
            What::Tx { .. } => {}
        }
    }
    story.calls.sort_by_key(|call| call.start);
    story.peaks.extend(peak(&story.levels));
    (story, catalogue)
}

fn call(start: Duration, query: &What) -> Option<StoryCall> {
    let What::Query { task, conn, sql, params, dur_ms, rows, caller, tx, err } = query else {
        return None;
    };
    let identity = identify(sql, Dialect::PostgreSql);
    Some(StoryCall {
        start,
        took: ms(*dur_ms),
        fingerprint: identity.fingerprint,
        text: identity.text.into(),
        kind: identity.kind,
        parameters: Some(hash((sql, params.to_string()))),
        rows: rows_of(sql, *rows),
        error: err.as_deref().map(ErrorClass::from_sqlstate),
        caller: Some(Arc::from(caller.as_str())),
        connection: Some(*conn),
        transaction: tx.as_ref().map(hash),
        scope: Some(hash(task)),
    })
}

fn has_transaction(events: &[Event], holder: &str) -> bool {
    events
        .iter()
        .any(|event| matches!(&event.what, What::Query { task, tx: Some(_), .. } if task == holder))
}

fn peak(levels: &[LevelSample]) -> Option<PoolPeak> {
    let (first, last) = (levels.first()?, levels.last()?);
    Some(PoolPeak {
        pool: first.pool.clone(),
        in_use: levels.iter().map(|sample| sample.in_use).max()?,
        max: last.max,
        watched: last.at - first.at,
    })
}

fn of_tables(tables: &BTreeMap<String, TableInfo>) -> Catalogue {
    let table = |(name, info): (&String, &TableInfo)| Table {
        name: name.clone(),
        rows: Some(info.rows),
        bytes: Some(info.bytes),
        writes: info.append_only.then(|| Writes { inserted: info.rows, ..Writes::default() }),
        ..Table::default()
    };
    Catalogue {
        system: System::PostgreSql,
        tables: tables.iter().map(table).collect(),
        ..Catalogue::default()
    }
}
