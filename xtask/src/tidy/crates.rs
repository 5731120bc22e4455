//! Which crate may depend on which: a new crate opens only where this table changes.

use toml::{Table, Value};

use super::Violation;
use super::manifests::line_of;
use super::tree::Tree;

/// A package: ours that it may use, and the foreign families that belong to another crate.
struct Row {
    package: &'static str,
    ours: &'static [&'static str],
    never: &'static [&'static str],
    better: &'static str,
}

const ROWS: [Row; 14] = [
    Row {
        package: "monitor-core",
        ours: &[],
        never: &[
            "sqlx",
            "diesel",
            "axum",
            "hyper",
            "tower",
            "tokio",
            "async-std",
            "opentelemetry",
            "tracing",
            "prometheus",
            "reqwest",
        ],
        better: "the brain has no driver, no HTTP and no runtime; give it the value, and keep the library in its adapter",
    },
    Row {
        package: "monitor-sqlx",
        ours: &["monitor-core"],
        never: &["diesel", "axum", "hyper", "opentelemetry"],
        better: "an adapter knows its driver and monitor-core; what two adapters share belongs to monitor-core",
    },
    Row {
        package: "monitor-diesel",
        ours: &["monitor-core"],
        never: &["sqlx", "axum", "hyper", "opentelemetry"],
        better: "an adapter knows its driver and monitor-core; what two adapters share belongs to monitor-core",
    },
    Row {
        package: "monitor-dashboard",
        ours: &["monitor-core", "monitor-prometheus"],
        never: &["sqlx", "diesel", "opentelemetry"],
        better: "the dashboard shows what monitor-core says, and knows no driver",
    },
    Row {
        package: "monitor-top",
        ours: &["monitor-core", "monitor-dashboard"],
        never: &["sqlx", "diesel", "axum", "hyper", "reqwest", "opentelemetry"],
        better: "the terminal shows what a dashboard answers over HTTP; only its tests run one",
    },
    Row {
        package: "monitor-otel",
        ours: &["monitor-core"],
        never: &["sqlx", "diesel", "axum", "hyper"],
        better: "the exporter sends what monitor-core says, and knows no driver and no page",
    },
    Row {
        package: "monitor-prometheus",
        ours: &["monitor-core"],
        never: &["sqlx", "diesel", "axum", "hyper", "tokio", "opentelemetry"],
        better: "the exporter writes what monitor-core says; let any web framework serve the bytes",
    },
    Row {
        package: "monitor-tower",
        ours: &["monitor-core"],
        never: &["sqlx", "diesel", "hyper", "tokio", "opentelemetry", "tracing"],
        better: "the layer enters units of work of monitor-core, and knows no driver and no runtime",
    },
    Row {
        package: "monitor-tracing",
        ours: &["monitor-core"],
        never: &["sqlx", "diesel", "axum", "hyper", "tokio", "opentelemetry"],
        better: "the layer makes spans units of work of monitor-core, and knows no driver and no runtime",
    },
    Row {
        package: "monitor-notify",
        ours: &["monitor-core"],
        never: &["sqlx", "diesel", "axum", "hyper", "reqwest", "opentelemetry"],
        better: "a sink blocks on a thread of its own: a small blocking client will do",
    },
    Row {
        package: "monitor-bench",
        ours: &["monitor-core", "monitor-sqlx", "monitor-tests"],
        never: &[],
        better: "advice is scored on what users use, on the tests' shop; costs are measured in tools/peers",
    },
    Row {
        package: "monitor-examples",
        ours: &EVERYTHING,
        never: &[],
        better: "examples use what users use",
    },
    Row {
        package: "monitor-tests",
        ours: &EVERYTHING,
        never: &[],
        better: "tests use what users use",
    },
    Row {
        package: "xtask",
        ours: &[],
        never: &["sqlx", "diesel", "tokio"],
        better: "the chores build in seconds, on a machine without a database library",
    },
];

/// Ours that a package may use in its tests and examples only.
const FOR_TESTS: [(&str, &[&str]); 1] = [
    // Its example watches the shop of the examples.
    ("monitor-dashboard", &["monitor-examples", "monitor-sqlx"]),
];

const EVERYTHING: [&str; 9] = [
    "monitor-core",
    "monitor-sqlx",
    "monitor-diesel",
    "monitor-dashboard",
    "monitor-notify",
    "monitor-otel",
    "monitor-prometheus",
    "monitor-tower",
    "monitor-tracing",
];

/// Compares every manifest with the table.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, text) in tree.members() {
        let file = format!("{folder}/Cargo.toml");
        let Ok(manifest) = text.parse::<Table>() else {
            continue; // `manifests` says so.
        };
        let package = package_name(&manifest);
        let Some(row) = ROWS.iter().find(|row| Some(row.package) == package) else {
            found.push(Violation::new(
                &file,
                1,
                format!("`{}` is in no row of the table of crates", package.unwrap_or(folder)),
                "add it to ARCHITECTURE.md and to xtask/src/tidy/crates.rs, or put the code in an existing crate",
            ));
            continue;
        };
        for dependency in dependencies(&manifest) {
            if row.forbids(&dependency) {
                found.push(Violation::new(
                    &file,
                    line_of(text, &dependency.key),
                    format!("`{}` must not depend on `{}`", row.package, dependency.name),
                    row.better,
                ));
            }
        }
    }
    found
}

/// The name a manifest gives its package.
pub(super) fn package_name(manifest: &Table) -> Option<&str> {
    manifest.get("package")?.get("name")?.as_str()
}

struct Dependency {
    /// As the manifest calls it.
    key: String,
    /// As the registry calls it.
    name: String,
    for_tests: bool,
}

impl Row {
    /// Ours count wherever they are named; a foreign library may help in tests.
    fn forbids(&self, dependency: &Dependency) -> bool {
        let name = dependency.name.as_str();
        if EVERYTHING.contains(&name) || ROWS.iter().any(|row| row.package == name) {
            let only_tests = FOR_TESTS.iter().find(|(package, _)| *package == self.package);
            let in_tests = only_tests.is_some_and(|(_, ours)| ours.contains(&name));
            return name != self.package
                && !self.ours.contains(&name)
                && !(dependency.for_tests && in_tests);
        }
        !dependency.for_tests && self.never.iter().any(|family| is_of(name, family))
    }
}

/// `sqlx` and `sqlx-core` are of the family `sqlx`; `sqlxmq` is not.
fn is_of(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_']))
}

/// All dependencies: plain, for tests, for builds, for one platform.
fn dependencies(manifest: &Table) -> Vec<Dependency> {
    let platforms = manifest
        .get("target")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table);
    let mut found = Vec::new();
    for table in std::iter::once(manifest).chain(platforms) {
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let listed = table.get(kind).and_then(Value::as_table);
            for (key, value) in listed.into_iter().flatten() {
                let renamed = value.get("package").and_then(Value::as_str);
                found.push(Dependency {
                    key: key.clone(),
                    name: renamed.unwrap_or(key).to_owned(),
                    for_tests: kind == "dev-dependencies",
                });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::places;

    fn manifest(package: &str, dependencies: &str) -> String {
        format!("[package]\nname = \"{package}\"\n{dependencies}")
    }

    fn found(folder: &str, package: &str, dependencies: &str) -> Vec<String> {
        let file = format!("{folder}/Cargo.toml");
        places(check, &[(&file, &manifest(package, dependencies))])
    }

    #[test]
    fn what_the_table_allows_is_quiet() {
        for (package, dependencies) in [
            (
                "monitor-core",
                "[dependencies]\ndashmap = \"6\"\n[dev-dependencies]\ntokio = \"1\"\n",
            ),
            ("monitor-sqlx", "[dependencies]\nsqlx-core = \"1\"\nmonitor-core.workspace = true\n"),
            ("monitor-tests", "[dependencies]\nmonitor-sqlx.workspace = true\ndiesel = \"2\"\n"),
        ] {
            assert_eq!(found(package, package, dependencies), [""; 0]);
        }
    }

    #[test]
    fn a_forbidden_dependency_is_named_with_its_line() {
        for (package, dependencies, line) in [
            ("monitor-core", "[dependencies]\ntokio = \"1\"\n", 4),
            (
                "monitor-core",
                "[target.'cfg(unix)'.dependencies]\ndb = { package = \"sqlx-core\", version = \"1\" }\n",
                4,
            ),
            ("monitor-sqlx", "\n[dev-dependencies]\nmonitor-diesel.workspace = true\n", 5),
            ("monitor-diesel", "[dependencies]\nmonitor-dashboard.workspace = true\n", 4),
            ("xtask", "[dependencies]\nmonitor-core.workspace = true\n", 4),
        ] {
            let place = format!("{package}/Cargo.toml:{line}");
            assert_eq!(found(package, package, dependencies), [place], "{dependencies}");
        }
    }

    #[test]
    fn a_new_crate_needs_a_row() {
        assert_eq!(found("monitor-misc", "monitor-misc", ""), ["monitor-misc/Cargo.toml:1"]);
    }
}
