//! Monitors as the page's tests want them: one without a call, a busy shop, thousands of statements, hostile texts.
//!
//! An hour of traffic is told with a clock in the test's hands, always the same; it ends at the present, so that the
//! page's own clock agrees.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use monitor_core::capture::{
    Call, CallSite, Clock, Database, ErrorClass, Failure, Hands, Origin, Outcome, PoolLevels, Rows,
    System,
};
use monitor_core::{Builder, LastCall, Monitor, ScopeRule, Source};

use super::page_traffic::{SHOP, Work};

/// A monitor, the hands of its clock, and what moves on in it.
pub(crate) struct Scene {
    pub(crate) monitor: Monitor,
    hands: Hands,
    pools: Vec<Source>,
    random: Random,
    /// Beats so far.
    beats: u64,
}

/// The time of one beat.
const BEAT: Duration = Duration::from_secs(5);

/// Beats of an hour.
const HOUR: u64 = 720;

/// Numbers that look random, and are the same each time (Knuth's MMIX constants).
struct Random(u64);

// === impl Scene ===

impl Scene {
    /// Nothing has run yet.
    pub(crate) fn empty() -> Self {
        Self::of(|builder| builder, Duration::from_secs(20))
    }

    /// A shop on two pools: an hour of changing load, and some minutes of trouble towards its end.
    pub(crate) fn busy() -> Self {
        let change = |builder: Builder| {
            builder
                .slow(Duration::from_millis(100))
                .very_slow(Duration::from_secs(1))
                .alert_held_for(Duration::from_secs(10))
                .on_notice(|_| {})
                .build_id("shop 4.2.0")
                .scope_rule("GET /cart", ScopeRule::default().calls_max(3))
        };
        let mut scene = Self::of(change, BEAT * u32::try_from(HOUR).unwrap());
        let database = |name: &str| Database {
            system: System::PostgreSql,
            name: name.into(),
            host: "db.internal".into(),
            port: Some(5432),
        };
        scene.pools = vec![
            scene.monitor.pool("web", database("shop")),
            scene.monitor.pool("reports", database("shop")),
        ];
        for _ in 0..HOUR {
            scene.beat();
        }
        scene.monitor.look_for_advice();
        scene
    }

    /// More statements than anybody looks at, each with a few calls.
    pub(crate) fn crowded() -> Self {
        let mut scene =
            Self::of(|builder| builder.statements_max(6_000).texts_max(12_000), BEAT * 24);
        let database = Database { name: "crowd".into(), ..Database::of(System::PostgreSql) };
        scene.pools = vec![scene.monitor.pool("crowd", database)];
        for _ in 0..24 {
            for number in 0..5_000_u64 {
                let text = format!(
                    "SELECT id, name, price FROM shelf_{number} WHERE owner = $1 AND price > $2 ORDER BY price LIMIT 20"
                );
                let took = Duration::from_micros(200 + number * 3);
                scene.pools[0].record(Call::new(&text, took).rows(Rows::returned(number % 20)));
            }
            scene.hands.advance(BEAT);
            scene.monitor.beat();
        }
        scene
    }

    /// Texts that want to be read as something else.
    pub(crate) fn hostile() -> Self {
        let mut scene = Self::of(|builder| builder.slow(Duration::from_micros(1)), BEAT * 36);
        let database = Database { name: "<b>db</b>".into(), ..Database::of(System::Sqlite) };
        let pool = scene.monitor.pool("<img src=x onerror=alert(1)>", database);
        let held = pool.checkout().taken();
        let last = LastCall::default();
        held.shows(&last);
        last.begins(pool.statement(HOSTILE[0]), scene.monitor.clock().now());
        let long = format!("SELECT {} FROM long_text", vec!["some_column_name"; 60_000].join(", "));
        for _ in 0..36 {
            let unit = scene.monitor.scope("<img src=x onerror=alert(7)>");
            unit.run(|| pool.record(Call::new(HOSTILE[0], Duration::from_millis(3))));
            for text in HOSTILE.into_iter().chain([long.as_str()]) {
                let origin = Origin {
                    tag: Some("<script>alert(2)</script>"),
                    user: Some("<i>me</i>"),
                    ..Origin::default()
                };
                let code = Failure::new(ErrorClass::Other).with_code("<u>42</u>");
                pool.record(Call::new(text, Duration::from_millis(3)).origin(origin));
                pool.record(
                    Call::new(text, Duration::from_millis(4))
                        .outcome(Outcome::Failed(code))
                        .origin(origin),
                );
            }
            scene.hands.advance(BEAT);
            scene.monitor.beat();
        }
        scene.pools = vec![pool];
        scene.monitor.look_for_advice();
        drop(held);
        scene
    }

    /// Started so long ago, by its own clock.
    fn of(change: impl FnOnce(Builder) -> Builder, ago: Duration) -> Self {
        let (clock, hands) = Clock::by_hand();
        hands.advance(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().saturating_sub(ago));
        let monitor = change(Monitor::builder().clock(clock).beat_by_hand()).build().unwrap();
        let mut scene = Self { monitor, hands, pools: Vec::new(), random: Random(7), beats: 0 };
        scene.monitor.beat();
        if scene.pools.is_empty() && ago < BEAT * 10 {
            scene.hands.advance(ago);
            scene.monitor.beat();
        }
        scene.beats = 0;
        scene
    }

    /// Lets a second pass, with what the shop does in it. What only waits stays as it is.
    pub(crate) fn second(&mut self) {
        if self.pools.len() == 2 {
            self.work(BEAT / 5);
        } else {
            self.hands.advance(BEAT / 5);
        }
        self.monitor.beat();
    }

    fn beat(&mut self) {
        self.work(BEAT);
        self.monitor.beat();
        self.beats += 1;
    }

    /// What the shop does within a time: more by noon, slowly for six minutes of trouble.
    fn work(&mut self, time: Duration) {
        let began = self.monitor.clock().now();
        let trouble = (600..672).contains(&self.beats);
        let wave = 1.0 + 0.45 * (self.beats as f64 / 90.0).sin();
        for (place, work) in SHOP.iter().enumerate() {
            let pool = self.pools[usize::from(work.is_report)].clone();
            let wanted = work.per_second
                * time.as_secs_f64()
                * wave
                * if work.is_report { 1.0 } else { self.random.between(0.85, 1.15) };
            let calls = wanted.floor() as u64 + u64::from(self.random.unit() < wanted.fract());
            for _ in 0..calls {
                self.call(&pool, work, place, trouble);
            }
        }
        self.transactions(trouble);
        self.requests();
        if trouble && self.beats.is_multiple_of(12) {
            self.starve();
        }
        let busy = if trouble { 16 } else { 3 + (self.random.unit() * 5.0) as u32 };
        self.pools[0].set_levels(PoolLevels {
            size: 16,
            idle: 16 - busy,
            max: Some(16),
            min: Some(4),
            overflow: 0,
        });
        self.pools[1].set_levels(PoolLevels {
            size: 3,
            idle: 2,
            max: Some(4),
            ..PoolLevels::default()
        });
        let spent = self.monitor.clock().now().since(began);
        self.hands.advance(time.saturating_sub(spent));
    }

    fn call(&mut self, pool: &Source, work: &Work, place: usize, trouble: bool) {
        let slower = if trouble && work.suffers { 9.0 } else { 1.0 };
        let spread = (work.spread * self.random.normal()).exp();
        let took = Duration::from_secs_f64(work.median_ms / 1e3 * spread * slower);
        let waited = Duration::from_secs_f64(if trouble {
            0.08 * self.random.unit()
        } else {
            0.0003 * self.random.unit()
        });
        pool.checkout_taken(waited).returned_after(took + Duration::from_micros(400));
        let rows = if work.writes {
            Rows::affected(work.rows)
        } else {
            Rows::returned((work.rows as f64 * self.random.between(0.5, 1.5)) as u64)
        };
        let failed = self.random.unit() < work.failing * if trouble { 6.0 } else { 1.0 };
        let outcome = match failed {
            true if place.is_multiple_of(2) => {
                Outcome::Failed(Failure::new(ErrorClass::UniqueViolation).with_code("23505"))
            }
            true => Outcome::Failed(Failure::new(ErrorClass::Timeout).with_code("57014")),
            false => Outcome::Completed,
        };
        let origin = Origin {
            tag: Some(work.route),
            call_site: Some(CallSite::from(work.site)),
            connection: Some(place as u64 % 16),
            ..Origin::default()
        };
        pool.record(Call::new(work.text, took).rows(rows).outcome(outcome).origin(origin));
    }

    fn transactions(&mut self, trouble: bool) {
        for _ in 0..3 {
            let mut open = self.pools[0].transaction().with_calls();
            for _ in 0..3 {
                open.call_begins();
                self.hands.advance(Duration::from_micros(900));
                open.call_ends();
                self.hands.advance(Duration::from_micros(if trouble { 9_000 } else { 1_300 }));
            }
            match self.random.unit() {
                chance if chance < 0.94 => open.committed(),
                chance if chance < 0.99 => open.rolled_back(),
                _ => drop(open),
            }
        }
    }

    /// A page that looks up each of its rows, a cart that now and then asks too much, and a job that reports.
    fn requests(&mut self) {
        let (web, reports) = (self.pools[0].clone(), self.pools[1].clone());
        let [order, customer, item] = [0, 6, 5].map(|place: usize| SHOP[place].text);
        self.monitor.scope("GET /orders/{id}").run(|| {
            self.ask(&web, order, 0, 18);
            self.hands.advance(Duration::from_millis(4));
            (0..12).for_each(|value| self.ask(&web, customer, value, 1));
        });
        let more = if self.random.unit() < 0.1 { 3 } else { 0 };
        self.monitor.scope("GET /cart").run(|| {
            web.checkout_taken(Duration::from_millis(2)).returned_after(Duration::from_millis(3));
            self.ask(&web, customer, 1, 1);
            (0..=more).for_each(|_| self.ask(&web, item, 1, 1));
            self.hands.advance(Duration::from_millis(7));
        });
        if self.random.unit() < 0.02 {
            let all = SHOP.last().map_or("", |work| work.text);
            self.monitor.scope("job:newsletter").run(|| self.ask(&reports, all, 0, 60));
        }
    }

    #[track_caller]
    fn ask(&self, pool: &Source, text: &str, value: u64, millis: u64) {
        let timer = pool.call(text).called_at(Some(CallSite::here()));
        let mut timer = timer.with_parameters(|hasher| {
            hasher.values(&value.to_le_bytes());
            true
        });
        self.hands.advance(Duration::from_millis(millis));
        timer.add_returned(1);
        timer.complete();
    }

    /// A caller that gets nothing, because reports hold every connection.
    fn starve(&mut self) {
        let pool = self.pools[0].clone();
        pool.set_levels(PoolLevels { size: 16, idle: 0, max: Some(16), ..PoolLevels::default() });
        let holders: Vec<_> = (0..16)
            .map(|_| {
                let (checkout, last) = (
                    pool.checkout_at(Some(CallSite::from(SHOP[0].site))).taken(),
                    LastCall::default(),
                );
                checkout.shows(&last);
                last.begins(pool.statement(SHOP[0].text), self.monitor.clock().now());
                (checkout, last)
            })
            .collect();
        let waiting = pool.checkout_at(Some(CallSite::from(SHOP[1].site)));
        self.hands.advance(Duration::from_secs(3));
        waiting.timed_out();
        drop(holders);
    }
}

/// Marks, scripts, signs from everywhere, and quotes that never end.
pub(crate) const HOSTILE: [&str; 7] = [
    "SELECT \"<img src=x onerror=alert(3)>\" FROM \"<script>alert(4)</script>\" WHERE a = 1",
    "select 😀, \"日本語\" from \"ünïcödé\" where \u{202e}reversed = 1",
    "SELECT 'never closed <svg onload=alert(5)>",
    "select javascript from \"javascript:alert(6)\"",
    "SELECT * FROM t WHERE x = '</pre></code><h1>out</h1>' -- <b>bold</b>",
    "\u{0}\u{1b}[31m DELETE FROM \"&lt;b&gt;&amp;\"",
    "INSERT INTO __proto__ (constructor) VALUES ('{{7*7}}${7*7}')",
];

// === impl Random ===

impl Random {
    fn unit(&mut self) -> f64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Nearly normal: the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }
}
