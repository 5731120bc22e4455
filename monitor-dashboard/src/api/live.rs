//! Live updates: the same few numbers for everybody, once a second.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::Stream;
use futures_util::stream::unfold;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::Failure;
use super::answer::ErrorView;
use crate::reading::Reading;
use crate::state::Shared;
use crate::view::{Live, Session};

/// How often it is looked for a new reading, of which there is one a second.
const EVERY: Duration = Duration::from_millis(250);

/// One client that listens.
struct Listener {
    shared: Arc<Shared>,
    ticks: Interval,
    /// What it was told last.
    told: Option<Arc<Reading>>,
    /// Its place among all streams, given back when it goes.
    _seat: OwnedSemaphorePermit,
}

/// Live updates as server-sent events: one `live` a second, each a `Live`.
///
/// A client that reads slowly misses updates and holds up nobody: none is kept for it.
#[utoipa::path(get, path = "/live", responses(
    (status = OK, body = Live, content_type = "text/event-stream"),
    (status = SERVICE_UNAVAILABLE, body = ErrorView, description = "Too many streams: ask for the overview instead."),
))]
pub(crate) async fn live(
    State(shared): State<Arc<Shared>>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let Ok(seat) = shared.streams.clone().try_acquire_owned() else {
        shared.refused();
        let full = "too many streams at once; ask for the overview now and then instead";
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, full));
    };
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let listener = Listener { shared, ticks, told: None, _seat: seat };
    let updates = unfold(listener, async |mut listener| {
        let reading = listener.news().await?;
        let event = Event::default().event("live").data(reading.live());
        Some((Ok(event), listener))
    });
    Ok(Sse::new(updates).keep_alive(KeepAlive::default()))
}

// === impl Listener ===

impl Listener {
    /// The next reading; `None` where the runtime ends.
    async fn news(&mut self) -> Option<Arc<Reading>> {
        loop {
            self.ticks.tick().await;
            let reading = self.shared.readings.now().await.ok()?;
            if self.told.as_ref().is_none_or(|told| !Arc::ptr_eq(told, &reading)) {
                self.told = Some(reading.clone());
                return Some(reading);
            }
        }
    }
}

/// What this dashboard is and allows.
#[utoipa::path(get, path = "/session", responses((status = OK, body = Session)))]
pub(crate) async fn session(State(shared): State<Arc<Shared>>) -> Json<Session> {
    Json(Session {
        version: env!("CARGO_PKG_VERSION"),
        has_token: shared.access.has_form(),
        actions: shared.actions,
        moments_max: shared.limits.moments_max,
        upload_bytes_max: shared.limits.upload_bytes_max,
        refused: shared.refusals(),
    })
}
