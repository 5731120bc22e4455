//! The scenes on loopback ports, each as a page of its own; the busy one goes on.

use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::scenes::Scene;

/// Every scene being served. Dropping it ends them.
pub(crate) struct Stage {
    _runtime: Runtime,
    urls: Vec<(&'static str, String)>,
}

// === impl Stage ===

impl Stage {
    /// Makes the scenes and serves each on a free port.
    pub(crate) fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let scenes = [
            ("empty", Scene::empty as fn() -> Scene),
            ("busy", Scene::busy),
            ("crowded", Scene::crowded),
            ("hostile", Scene::hostile),
        ];
        let urls = scenes.map(|(name, scene)| (name, runtime.block_on(serve(scene()))));
        Self { _runtime: runtime, urls: urls.into() }
    }

    /// Where each is.
    pub(crate) fn urls(&self) -> &[(&'static str, String)] {
        &self.urls
    }
}

async fn serve(mut scene: Scene) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = monitor_dashboard::router(&scene.monitor);
    tokio::spawn(async move { axum::serve(listener, router).await });
    tokio::spawn(async move {
        let mut seconds = tokio::time::interval(Duration::from_secs(1));
        loop {
            seconds.tick().await;
            scene.second();
        }
    });
    url
}
