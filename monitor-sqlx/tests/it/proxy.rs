//! A TCP proxy before a server, which can fall silent.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Accepts on a loopback port and passes everything on, unless it is frozen.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    frozen: Arc<AtomicBool>,
    lines: Lines,
}

/// What passes bytes on, connection by connection.
type Lines = Arc<Mutex<Vec<JoinHandle<()>>>>;

// === impl Proxy ===

impl Proxy {
    /// A proxy that runs as long as the runtime.
    pub(crate) async fn before(host: &str, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().port();
        let frozen = Arc::new(AtomicBool::new(false));
        let lines = Lines::default();
        let (still, host, passing) = (frozen.clone(), host.to_owned(), lines.clone());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect((host.as_str(), port)).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                let there = tokio::spawn(pass(from_client, to_server, still.clone()));
                let back = tokio::spawn(pass(from_server, to_client, still.clone()));
                passing.lock().unwrap().extend([there, back]);
            }
        });
        Self { port: here, frozen, lines }
    }

    /// Cuts every connection there is; new ones can be made.
    pub(crate) fn cut(&self) {
        self.lines.lock().unwrap().drain(..).for_each(|line| line.abort());
    }

    /// Keeps what comes from now on, or lets it go again.
    pub(crate) fn freeze(&self, frozen: bool) {
        self.frozen.store(frozen, Relaxed);
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    frozen: Arc<AtomicBool>,
) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        while frozen.load(Relaxed) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
