//! A monitor that has seen something, and requests to its dashboard.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, Response, StatusCode};
use monitor_core::Monitor;
use monitor_core::capture::{
    Call, Clock, Database, ErrorClass, Failure, Hands, Outcome, PoolLevels, Rows, System,
};
use monitor_dashboard::Dashboard;
use serde_json::Value;
use tower::ServiceExt;

/// A monitor whose time is moved by hand.
pub(crate) struct World {
    pub(crate) monitor: Monitor,
    pub(crate) hands: Hands,
}

/// The token of dashboards that have one.
pub(crate) const TOKEN: &str = "0123456789abcdef";

/// Bytes of a body that is read whole.
const BODY_BYTES_MAX: usize = 64 * 1024 * 1024;

// === impl World ===

impl World {
    /// A monitor that has seen nothing.
    pub(crate) fn silent() -> Self {
        let (clock, hands) = Clock::by_hand();
        let monitor = Monitor::builder().clock(clock).beat_by_hand();
        let monitor = monitor.slow(Duration::from_millis(100)).build().expect("sound settings");
        Self { monitor, hands }
    }

    /// A monitor of a shop whose orders are slow, and fail now and then.
    pub(crate) fn busy() -> Self {
        let world = Self::silent();
        world.minutes(3);
        world
    }

    pub(crate) fn database() -> Database {
        Database { name: "shop".into(), ..Database::of(System::PostgreSql) }
    }

    /// So many minutes of calls.
    pub(crate) fn minutes(&self, minutes: u64) {
        let pool = self.monitor.pool("web", Self::database());
        pool.set_levels(PoolLevels { size: 5, idle: 1, max: Some(5), ..PoolLevels::default() });
        for second in 0..minutes * 60 {
            let ms = |ms| Duration::from_millis(ms + second % 7);
            let orders = "SELECT * FROM orders WHERE customer_id = 7";
            pool.record(Call::new(orders, ms(150)).rows(Rows::returned(3)));
            let users = "UPDATE users SET name = 'x' WHERE id = 1";
            let failure = Failure::new(ErrorClass::UniqueViolation).with_code("23505");
            let fails = second % 10 == 0;
            let outcome = if fails { Outcome::Failed(failure) } else { Outcome::Completed };
            pool.record(Call::new(users, ms(2)).rows(Rows::affected(1)).outcome(outcome));
            self.second();
        }
    }

    /// A statement that a rule has something to say about.
    pub(crate) fn careless(&self) {
        let pool = self.monitor.pool("web", Self::database());
        for _ in 0..600 {
            let call = Call::new("SELECT id FROM orders LIMIT 10", Duration::from_millis(20));
            pool.record(call.rows(Rows::returned(10)));
            self.second();
        }
    }

    /// A second goes by.
    pub(crate) fn second(&self) {
        self.hands.advance(Duration::from_secs(1));
        self.monitor.beat();
    }

    /// A dashboard for this machine.
    pub(crate) fn dashboard(&self) -> Dashboard {
        Dashboard::new(&self.monitor)
    }

    /// Its answer to a question from this machine.
    pub(crate) async fn get(&self, path: &str) -> (StatusCode, Value) {
        ask(&self.dashboard().router().expect("sound settings"), path).await
    }
}

/// A request from a browser on this machine.
pub(crate) fn request(method: Method, path: &str) -> axum::http::request::Builder {
    let peer: SocketAddr = ([127, 0, 0, 1], 50_000).into();
    let builder = Request::builder().method(method).uri(path);
    builder.header("host", "localhost:9300").extension(ConnectInfo(peer))
}

/// Sends a request.
pub(crate) async fn send(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.expect("a router answers everything")
}

/// The JSON that a question from this machine is answered with.
pub(crate) async fn ask(router: &Router, path: &str) -> (StatusCode, Value) {
    let request = request(Method::GET, path).body(Body::empty()).expect("a sound request");
    let response = send(router, request).await;
    (response.status(), json(response).await)
}

/// Does what changes something, as the page does.
pub(crate) async fn act(
    router: &Router,
    method: Method,
    path: &str,
    body: &str,
) -> (StatusCode, Value) {
    let request = request(method, path)
        .header("x-monitor-action", "1")
        .header("content-type", "application/json")
        .body(Body::from(body.to_owned()))
        .expect("a sound request");
    let response = send(router, request).await;
    (response.status(), json(response).await)
}

/// The body as JSON; null where there is none.
pub(crate) async fn json(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).unwrap_or(Value::Null)
}

/// The body as a text.
pub(crate) async fn text(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), BODY_BYTES_MAX).await.expect("a whole body");
    String::from_utf8(bytes.to_vec()).expect("a text")
}
