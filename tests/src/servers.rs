//! Where the servers are, as `cargo xtask test` tells through the environment.

/// The PostgreSQL server's address, with a user who may create databases.
///
/// # Panics
///
/// Where nobody said it, with the remedy: a missing server is an error and never a silent skip.
pub fn postgres_url() -> String {
    read("MONITOR_TEST_POSTGRES_URL", "PostgreSQL")
}

/// The MariaDB or MySQL server's address, with a user who may create databases.
///
/// # Panics
///
/// Where nobody said it, with the remedy: a missing server is an error and never a silent skip.
pub fn mysql_url() -> String {
    read("MONITOR_TEST_MYSQL_URL", "MariaDB")
}

/// Alertmanager's address.
///
/// # Panics
///
/// Where nobody said it, with the remedy: a missing server is an error and never a silent skip.
pub fn alertmanager_url() -> String {
    read("MONITOR_TEST_ALERTMANAGER_URL", "Alertmanager")
}

/// The folder of what drives a browser: its `node_modules` hold Playwright and axe.
///
/// # Panics
///
/// Where nobody said it, with the remedy: a missing tool is an error and never a silent skip.
pub fn page_tools() -> String {
    read("MONITOR_TEST_PAGE_TOOLS", "browser")
}

fn read(variable: &str, server: &str) -> String {
    match std::env::var(variable) {
        Ok(url) if !url.trim().is_empty() => url,
        _ => panic!(
            "no {server} to test on: run `cargo xtask test`, or set {variable} to a server's address"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn a_missing_server_is_an_error_that_names_the_remedy() {
        let panic = std::panic::catch_unwind(|| read("MONITOR_TEST_NOWHERE_URL", "NowhereDB"));
        let text = *panic.unwrap_err().downcast::<String>().unwrap();
        assert!(text.contains("cargo xtask test"), "{text}");
        assert!(text.contains("MONITOR_TEST_NOWHERE_URL"), "{text}");
    }
}
