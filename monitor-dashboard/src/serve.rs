//! Serving the dashboard alone: a few connections at a time, and none that hangs.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;

use crate::limits::Limits;

/// A dashboard that listens. Dropping it, or the future of [`run`](Self::run), ends its connections.
#[derive(Debug)]
#[must_use = "nobody is answered until it runs"]
pub struct Serving {
    listener: TcpListener,
    router: Router,
    limits: Limits,
}

/// Bytes of a request's head.
const HEAD_BYTES_MAX: usize = 32 * 1024;

/// The wait after a connection could not be accepted, most often for want of a file descriptor.
const PAUSE: Duration = Duration::from_millis(200);

// === impl Serving ===

impl Serving {
    pub(crate) fn new(listener: TcpListener, router: Router, limits: Limits) -> Self {
        Self { listener, router, limits }
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The system's own.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers, for as long as it is polled.
    pub async fn run(self) {
        let room = Arc::new(Semaphore::new(self.limits.connections_max));
        let mut connections = JoinSet::new();
        loop {
            let Ok(seat) = room.clone().acquire_owned().await else { return };
            while connections.try_join_next().is_some() {}
            let Ok((stream, peer)) = self.listener.accept().await else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let connection = connection(stream, peer, self.router.clone(), self.limits);
            connections.spawn(async move {
                connection.await;
                drop(seat);
            });
        }
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, router: Router, limits: Limits) {
    let mut stream = TimeoutStream::new(stream);
    // Whoever takes no piece of an answer for so long is gone, or means harm.
    stream.set_write_timeout(Some(limits.time_max));
    let service = tower::service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        tower::ServiceExt::oneshot(router.clone(), request)
    });
    // What goes wrong with a connection is its client's.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.time_max)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(TokioIo::new(Box::pin(stream)), TowerToHyperService::new(service))
        .await;
}
