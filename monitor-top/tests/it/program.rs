//! The program as scripts run it.

use std::ffi::OsString;
use std::process::{Command as Process, Output};

use monitor_dashboard::Dashboard;
use monitor_top::{Command, HELP, TOKEN_VARIABLE};

use crate::world::{Server, TOKEN, World, says};

fn run(arguments: &[&str], token: Option<&str>) -> Output {
    let mut process = Process::new(env!("CARGO_BIN_EXE_monitor-top"));
    process.args(arguments).env_remove(TOKEN_VARIABLE);
    process.envs(token.map(|token| (TOKEN_VARIABLE, token)));
    process.output().expect("it runs")
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a text");
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn once_prints_each_view_and_succeeds() {
    let world = World::busy();
    let server = world.serve();
    let address = server.address.to_string();
    for (view, words) in [
        ("overview", "calls 720"),
        ("statements", "select * from orders where customer_id = ?"),
        ("pools", "in use 4 of 5"),
        ("alerts", "slow_query"),
    ] {
        let (code, out, err) = told(&run(&["--once", "--view", view, &address], None));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        says(&out, &[words]);
        assert!(!out.contains('\u{1b}'));
    }
    let sorted =
        ["--once", "--view=statements", "--sort=calls", "--width=60", "--window=start", &address];
    let (_, out, _) = told(&run(&sorted, None));
    says(&out, &["by calls, highest first"]);
    assert!(out.lines().all(|line| line.chars().count() <= 60), "{out}");
}

#[test]
fn exit_codes_tell_apart_who_is_away_and_who_keeps_us_out() {
    let world = World::busy();
    let server = Server::of(Dashboard::new(&world.monitor).token(TOKEN), 0);
    let address = server.address.to_string();
    let once = |token| told(&run(&["--once", &address], token));
    assert_eq!(once(Some(TOKEN)).0, Some(0));
    let (code, out, err) = once(Some("fedcba9876543210"));
    assert_eq!((code, out.as_str()), (Some(3), ""));
    says(&err, &["the token is wrong"]);
    assert!(!err.contains("fedcba"));
    assert_eq!(once(None).0, Some(3));
    drop(server);
    let (code, _, err) = once(Some(TOKEN));
    assert_eq!(code, Some(1), "{err}");
    let (code, _, err) = told(&run(&["--token", "x"], None));
    assert_eq!(code, Some(2));
    says(&err, &["is seen by everybody"]);
    let (code, _, err) = told(&run(&[&address], None));
    assert_eq!(code, Some(2));
    says(&err, &["--once"]);
}

#[test]
fn a_token_is_read_from_a_file_which_goes_before_the_variable() {
    let world = World::busy();
    let server = Server::of(Dashboard::new(&world.monitor).token(TOKEN), 0);
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = folder.join(format!("token-{}", std::process::id()));
    std::fs::write(&file, format!("{TOKEN}\n")).expect("a file");
    let (path, address) = (file.to_str().expect("a path"), server.address.to_string());
    let output = run(&["--once", "--token-file", path, &address], Some("another-token-here"));
    std::fs::remove_file(&file).expect("it was there");
    assert_eq!(output.status.code(), Some(0));
    let (code, _, err) = told(&run(&["--once", "--token-file", path, &address], None));
    assert_eq!(code, Some(2));
    says(&err, &["cannot read the token's file"]);
}

#[test]
fn help_names_every_option_and_fits_a_narrow_terminal() {
    let (code, out, _) = told(&run(&["--help"], None));
    assert_eq!((code, out.as_str()), (Some(0), HELP));
    assert!(HELP.lines().all(|line| line.chars().count() <= 80));
    says(&told(&run(&["-V"], None)).1, &[env!("CARGO_PKG_VERSION")]);
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    let refused = |arguments: &[&str]| {
        let arguments = arguments.iter().map(OsString::from);
        Command::parse(arguments, None).expect_err("no sense").to_string()
    };
    for (arguments, words) in [
        (&["--view", "tables"][..], "choose overview, statements, pools, alerts"),
        (&["--window", "2m"], "choose 1m, 5m, 15m, 60m, start"),
        (&["--sort", "name"], "choose time, calls"),
        (&["--every", "0"], "choose 1 to 3600"),
        (&["--width", "wide"], "choose 20 to 1000"),
        (&["--frobnicate"], "--help"),
        (&["ftp://x"], "choose one like"),
        (&["http://me:pw@x"], "leave out what stands before"),
        (&["a", "b"], "--help"),
    ] {
        says(&refused(arguments), &[words]);
    }
}
