//! Every answer is what `openapi.json` says it is.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, act, ask};

fn description() -> Value {
    let text = monitor_dashboard::openapi().expect("a description");
    serde_json::from_str(&text).expect("JSON")
}

/// Checks an answer against what the description says of a path's 200.
fn check(description: &Value, path: &str, method: &str, answer: &Value) {
    let pointer = path.replace('~', "~0").replace('/', "~1");
    let at = format!("/paths/{pointer}/{method}/responses/200/content/application~1json/schema");
    let schema =
        description.pointer(&at).unwrap_or_else(|| panic!("{method} {path} is not described"));
    let mut whole = json!({ "$schema": "https://json-schema.org/draft/2020-12/schema", "components": description["components"] });
    if let (Some(whole), Some(schema)) = (whole.as_object_mut(), schema.as_object()) {
        whole.extend(schema.clone());
    }
    let validator = jsonschema::validator_for(&whole).expect("a schema");
    let errors: Vec<String> = validator
        .iter_errors(answer)
        .map(|error| format!("{error} at {}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{path}: {errors:#?}");
}

#[tokio::test]
async fn every_answer_is_as_described() {
    let description = description();
    for world in [World::busy(), World::silent(), crate::scopes::working()] {
        world.monitor.look_for_advice();
        for path in crate::answers::EVERYTHING {
            let (status, answer) = world.get(path).await;
            assert_eq!(status, StatusCode::OK);
            check(&description, path, "get", &answer);
        }
    }
}

#[tokio::test]
async fn one_statement_and_a_comparison_are_as_described() {
    let description = description();
    let world = World::busy();
    let router = world.dashboard().actions().router().expect("sound settings");
    let (_, all) = ask(&router, "/api/v1/statements").await;
    let fingerprint = all["statements"][0]["fingerprint"].as_str().expect("a fingerprint");
    let (_, one) = ask(&router, &format!("/api/v1/statements/{fingerprint}")).await;
    check(&description, "/api/v1/statements/{fingerprint}", "get", &one);
    let (_, moment) = act(&router, axum::http::Method::PUT, "/api/v1/moments/before", "").await;
    check(&description, "/api/v1/moments/{name}", "put", &moment);
    let (_, comparison) = ask(&router, "/api/v1/comparison?before=before").await;
    check(&description, "/api/v1/comparison", "get", &comparison);
}

#[test]
fn a_wrong_answer_would_be_noticed() {
    let description = description();
    let wrong = json!({ "at": 7, "status": "healthy", "checks": [] });
    assert!(
        std::panic::catch_unwind(|| check(&description, "/api/v1/health", "get", &wrong)).is_err()
    );
}

#[test]
fn the_committed_description_is_the_present_one() {
    let committed = include_str!("../../openapi.json");
    let is_present = committed == monitor_dashboard::openapi().expect("a description");
    assert!(is_present, "run `cargo xtask openapi`");
}

#[test]
fn every_operation_is_described_and_names_what_may_go_wrong() {
    let description = description();
    let paths = description["paths"].as_object().expect("paths");
    assert!(paths.len() >= 20, "{}", paths.len());
    for (path, item) in paths {
        for (method, operation) in item.as_object().expect("operations") {
            assert!(
                operation["summary"].as_str().is_some_and(|it| !it.is_empty()),
                "{method} {path}"
            );
            assert!(
                operation["responses"].as_object().is_some_and(|all| !all.is_empty()),
                "{method} {path}"
            );
        }
    }
}
