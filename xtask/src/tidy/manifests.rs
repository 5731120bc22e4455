//! Manifests alike: a member inherits what the workspace decides, is named as its folder, and points nowhere else.

use toml::{Table, Value};

use super::Violation;
use super::crates::package_name;
use super::tree::Tree;

/// What a package takes from the workspace.
const INHERITED: [&str; 4] = ["version", "edition", "rust-version", "license"];

/// Folders whose package has another name, which must not be taken for somebody else's on crates.io.
const NAMED_OTHERWISE: [(&str, &str); 2] =
    [("examples", "monitor-examples"), ("tests", "monitor-tests")];

/// Checks the members' manifests, and the paths in every manifest.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    let mut found = Vec::new();
    for (folder, text) in tree.members() {
        let file = format!("{folder}/Cargo.toml");
        match text.parse::<Table>() {
            Ok(manifest) => member(folder, &file, text, &manifest, &mut found),
            Err(error) => found.push(Violation::new(
                &file,
                1,
                format!("the manifest is no TOML: {}", error.message()),
                "mend it",
            )),
        }
    }
    let folders: Vec<&str> = tree.members().map(|(folder, _)| folder).collect();
    for (path, text) in tree.files() {
        if path == "Cargo.toml"
            && let Ok(manifest) = text.parse::<Table>()
        {
            root_paths(&folders, path, text, &manifest, &mut found);
        }
    }
    found
}

fn member(folder: &str, file: &str, text: &str, manifest: &Table, found: &mut Vec<Violation>) {
    if !inherits(manifest.get("lints")) {
        found.push(Violation::new(
            file,
            line_of(text, "lints"),
            "the package does not take the workspace's lints",
            "add `[lints]` with `workspace = true`",
        ));
    }
    for key in INHERITED {
        if !inherits(manifest.get("package").and_then(|package| package.get(key))) {
            found.push(Violation::new(
                file,
                line_of(text, key),
                format!("the package has a `{key}` of its own"),
                format!("write `{key}.workspace = true`"),
            ));
        }
    }
    let expected = NAMED_OTHERWISE
        .iter()
        .find(|(name, _)| *name == folder)
        .map_or(folder, |(_, package)| package);
    if package_name(manifest) != Some(expected) {
        found.push(Violation::new(
            file,
            line_of(text, "name"),
            format!("the package in `{folder}` is not called `{expected}`"),
            "name the package as its folder",
        ));
    }
    for (key, _) in paths(manifest) {
        found.push(Violation::new(
            file,
            line_of(text, &key),
            format!("`{key}` is a path"),
            format!("write `{key}.workspace = true`; the root manifest has the paths"),
        ));
    }
}

/// The root's dependencies by path are members.
fn root_paths(
    folders: &[&str],
    file: &str,
    text: &str,
    manifest: &Table,
    found: &mut Vec<Violation>,
) {
    let workspace = manifest.get("workspace").and_then(Value::as_table);
    let patches = manifest
        .get("patch")
        .and_then(Value::as_table)
        .into_iter()
        .flat_map(Table::values)
        .filter_map(Value::as_table)
        .flat_map(table_paths);
    for (key, path) in workspace.map(paths).unwrap_or_default().into_iter().chain(patches) {
        if !folders.contains(&path.as_str()) {
            found.push(Violation::new(
                file,
                line_of(text, &key),
                format!("`{key}` lies at `{path}`, outside the workspace"),
                "use a published version",
            ));
        }
    }
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool) == Some(true)
}

/// The dependencies that are paths: their names and where they lie.
fn paths(manifest: &Table) -> Vec<(String, String)> {
    ["dependencies", "build-dependencies", "dev-dependencies"]
        .iter()
        .filter_map(|kind| manifest.get(*kind)?.as_table())
        .flat_map(table_paths)
        .collect()
}

fn table_paths(table: &Table) -> Vec<(String, String)> {
    table
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), value.get("path")?.as_str()?.to_owned())))
        .collect()
}

/// The line that gives a key its value, counted from one; the first line where there is none.
pub(super) fn line_of(text: &str, key: &str) -> usize {
    let starts = |line: &str| {
        line.trim_start_matches('[')
            .strip_prefix(key)
            .is_some_and(|rest| rest.starts_with([' ', '.', '=', ']']))
    };
    text.lines().position(starts).map_or(1, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::tidy::places;

    const MEMBER: &str = "\
[package]
name = \"monitor-core\"
version.workspace = true
edition.workspace = true
rust-version.workspace = true
license.workspace = true

[dependencies]
serde.workspace = true

[lints]
workspace = true
";

    fn found(folder: &str, text: &str) -> Vec<String> {
        places(check, &[(&format!("{folder}/Cargo.toml"), text)])
    }

    #[test]
    fn a_regular_manifest_is_quiet() {
        assert_eq!(found("monitor-core", MEMBER), [""; 0]);
        let tests = MEMBER.replace("monitor-core", "monitor-tests");
        assert_eq!(found("tests", &tests), [""; 0]);
    }

    #[test]
    fn what_a_member_decides_for_itself_is_reported() {
        let own = MEMBER.replace("edition.workspace = true", "edition = \"2021\"");
        assert_eq!(found("monitor-core", &own), ["monitor-core/Cargo.toml:4"]);
        let unlinted = MEMBER.replace("[lints]\nworkspace = true\n", "");
        assert_eq!(found("monitor-core", &unlinted), ["monitor-core/Cargo.toml:1"]);
        assert_eq!(found("core", MEMBER), ["core/Cargo.toml:2"]);
        let path = MEMBER.replace("serde.workspace = true", "serde = { path = \"../serde\" }");
        assert_eq!(found("monitor-core", &path), ["monitor-core/Cargo.toml:9"]);
    }

    #[test]
    fn a_path_in_the_root_manifest_is_a_member() {
        let root = "\
[workspace.dependencies]
monitor-core = { path = \"monitor-core\" }
sqlx = { path = \"../sqlx\" }
";
        let files = [("Cargo.toml", root), ("monitor-core/Cargo.toml", MEMBER)];
        assert_eq!(places(check, &files), ["Cargo.toml:3"]);
    }
}
