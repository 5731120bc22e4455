//! A monitor whose time is moved by hand, its dashboard on a free port, and somebody who looks.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use monitor_core::Monitor;
use monitor_core::capture::{
    Call, Clock, Database, ErrorClass, Failure, Hands, Outcome, PoolLevels, Rows, System,
};
use monitor_dashboard::Dashboard;
use monitor_top::{Address, App, Client, Question, Token, View, draw};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{KeyCode, KeyEvent};
use tokio::runtime::Runtime;

pub(crate) struct World {
    pub(crate) monitor: Monitor,
    hands: Hands,
}

/// A dashboard that is served until this is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _runtime: Runtime,
}

/// Somebody in front of a terminal of so many columns and lines.
pub(crate) struct Viewer {
    pub(crate) app: App,
    pub(crate) client: Client,
    pub(crate) now: Instant,
    terminal: Terminal<TestBackend>,
}

pub(crate) const TOKEN: &str = "0123456789abcdef";

// === impl World ===

impl World {
    pub(crate) fn silent() -> Self {
        let (clock, hands) = Clock::by_hand();
        let monitor = Monitor::builder().clock(clock).beat_by_hand().statements_max(10_000);
        let monitor = monitor.slow(Duration::from_millis(100)).build().expect("sound settings");
        Self { monitor, hands }
    }

    /// Three minutes of a shop whose orders are slow and whose users fail now and then.
    pub(crate) fn busy() -> Self {
        let world = Self::silent();
        let pool = world.monitor.pool("web", Self::database());
        pool.set_levels(PoolLevels { size: 5, idle: 1, max: Some(5), ..PoolLevels::default() });
        for second in 0..180 {
            let orders = Call::new(
                "SELECT * FROM orders WHERE customer_id = 7",
                Duration::from_millis(150 + second % 7),
            );
            pool.record(orders.rows(Rows::returned(3)));
            let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
            let fails = second % 10 == 0;
            let outcome = if fails { Outcome::Failed(failure) } else { Outcome::Completed };
            for _ in 0..3 {
                let users = Call::new("UPDATE users SET name = 'x'", Duration::from_millis(2));
                pool.record(users.rows(Rows::affected(1)).outcome(outcome));
            }
            world.second();
        }
        world
    }

    pub(crate) fn database() -> Database {
        Database { name: "shop".into(), ..Database::of(System::PostgreSql) }
    }

    pub(crate) fn second(&self) {
        self.pass(Duration::from_secs(1));
        self.monitor.beat();
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.hands.advance(time);
    }

    /// Its dashboard for this machine, on a free port.
    pub(crate) fn serve(&self) -> Server {
        Server::of(Dashboard::new(&self.monitor), 0)
    }
}

// === impl Server ===

impl Server {
    pub(crate) fn of(dashboard: Dashboard, port: u16) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let serving =
            runtime.block_on(dashboard.bind(([127, 0, 0, 1], port).into())).expect("a free port");
        let address = serving.address().expect("an address");
        runtime.spawn(serving.run());
        Self { address, _runtime: runtime }
    }
}

// === impl Viewer ===

impl Viewer {
    pub(crate) fn of(server: &Server, view: View, (columns, lines): (u16, u16)) -> Self {
        Self::with_token(server, view, (columns, lines), None)
    }

    pub(crate) fn with_token(
        server: &Server,
        view: View,
        (columns, lines): (u16, u16),
        token: Option<&str>,
    ) -> Self {
        let address = Address::new(&server.address.to_string()).expect("an address");
        let token = token.map(|token| Token::new(token).expect("a sendable token"));
        Self {
            app: App::new(address.clone(), Question { view, ..Question::default() }),
            client: Client::new(address, token),
            now: Instant::now(),
            terminal: Terminal::new(TestBackend::new(columns, lines)).expect("a terminal"),
        }
    }

    /// What there is to see after a question.
    pub(crate) fn look(&mut self) -> String {
        self.app.refresh(&self.client, self.now);
        self.glance()
    }

    /// What there is to see without one.
    pub(crate) fn glance(&mut self) -> String {
        self.terminal.draw(|frame| draw(&mut self.app, frame, self.now)).expect("a picture");
        let buffer = self.terminal.backend().buffer();
        let lines = buffer.content().chunks(buffer.area.width.into()).map(|cells| {
            let line: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
            line.trim_end().to_owned()
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    pub(crate) fn press(&mut self, code: KeyCode) {
        self.app.press(KeyEvent::from(code));
    }

    pub(crate) fn type_in(&mut self, words: &str) {
        words.chars().for_each(|letter| self.press(KeyCode::Char(letter)));
    }

    /// Presses a key, and sees what comes of it.
    pub(crate) fn after(&mut self, code: KeyCode) -> String {
        self.press(code);
        self.look()
    }
}

/// The lines with these words.
pub(crate) fn lines<'a>(screen: &'a str, words: &str) -> Vec<&'a str> {
    screen.lines().filter(|line| line.contains(words)).collect()
}

/// Sees that a screen says all of this.
#[track_caller]
pub(crate) fn says(screen: &str, all: &[&str]) {
    for words in all {
        assert!(screen.contains(words), "no `{words}` in\n{screen}");
    }
}
