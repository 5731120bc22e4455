//! The scenes of the page's tests, to look at: prints where each is, and lets time pass until it is stopped.
#![allow(clippy::unwrap_used, reason = "tests do as well")]

#[path = "../tests/system/page_traffic.rs"]
mod page_traffic;
#[path = "../tests/system/scenes.rs"]
mod scenes;
#[path = "../tests/system/stage.rs"]
mod stage;

fn main() -> ! {
    let stage = stage::Stage::open();
    for (name, url) in stage.urls() {
        println!("{name} {url}");
    }
    loop {
        std::thread::park();
    }
}
