//! The scenes on loopback ports, each as a page of its own; time goes on in them.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use axum::Router;
use monitor_core::Monitor;
use monitor_dashboard::Dashboard;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::scenes::Scene;

/// Every scene being served. Dropping it ends them.
pub(crate) struct Stage {
    _runtime: Runtime,
    urls: Vec<(&'static str, String)>,
}

/// The token of the scene that asks for one.
pub(crate) const TOKEN: &str = "correct-horse-battery-staple";

// === impl Stage ===

impl Stage {
    /// Makes the scenes and serves each on a free port.
    pub(crate) fn open() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let urls = runtime.block_on(async {
            let busy = Scene::busy();
            let router = |monitor: &Monitor| Dashboard::new(monitor).actions().router().unwrap();
            let mounted = Router::new().nest("/deep/down", router(&busy.monitor));
            let guarded = Dashboard::new(&busy.monitor).token(TOKEN).router().unwrap();
            let mut urls = vec![
                ("MOUNTED", serve(mounted, "deep/down").await),
                ("GUARDED", serve(guarded, "").await),
            ];
            let scenes = [
                ("BUSY", busy),
                ("EMPTY", Scene::empty()),
                ("CROWDED", Scene::crowded()),
                ("HOSTILE", Scene::hostile()),
            ];
            for (name, scene) in scenes {
                urls.push((name, serve(router(&scene.monitor), "").await));
                tokio::spawn(go_on(scene));
            }
            urls
        });
        Self { _runtime: runtime, urls }
    }

    /// Where each is.
    pub(crate) fn urls(&self) -> &[(&'static str, String)] {
        &self.urls
    }
}

async fn serve(router: Router, path: &str) -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/{path}", listener.local_addr().unwrap());
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    url
}

/// What a page shows of the present has to move.
async fn go_on(mut scene: Scene) {
    let mut seconds = tokio::time::interval(Duration::from_secs(1));
    loop {
        seconds.tick().await;
        scene.second();
    }
}
