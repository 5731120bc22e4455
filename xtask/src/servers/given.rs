//! A server somebody else runs: its address comes from a variable, and only a look at its port is taken.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};

use crate::steps::Step;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// The address in this variable, if it holds one.
pub(super) fn url(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|url| !url.trim().is_empty())
}

/// Fails with the variable's name where nothing listens, rather than in the first of a hundred tests.
///
/// A URL without `host:port` after its user (a Unix socket) is left to the tests. The password is never printed.
pub(super) fn check(variable: &str, url: &str) -> Result<()> {
    let Some((host, port)) = host_and_port(url) else {
        bail!(
            "{variable} is not a URL like postgres://user@host:port/database or http://host:port; unset it to have a server started"
        );
    };
    if host.is_empty() || host.contains('%') {
        return Ok(());
    }
    let step = Step::begin("server");
    connect(&host, port).with_context(|| {
        format!("nothing answers at {host}:{port}, which {variable} names; unset it to have a server started")
    })?;
    step.done(format_args!("given by {variable}, at {host}:{port}"));
    Ok(())
}

fn connect(host: &str, port: u16) -> Result<()> {
    let mut last = anyhow!("the name has no address");
    for address in (host, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_TIMEOUT) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

fn host_and_port(url: &str) -> Option<(String, u16)> {
    let (scheme, rest) = url.split_once("://")?;
    let default = match scheme {
        "postgres" | "postgresql" => 5432,
        "mysql" | "mariadb" => 3306,
        "http" => 80,
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    // An IPv6 address stands in brackets, which are no part of the name.
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port.parse().ok()?),
        _ => (place, default),
    };
    Some((host.trim_matches(['[', ']']).to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::{check, host_and_port};

    fn at(url: &str) -> Option<String> {
        host_and_port(url).map(|(host, port)| format!("{host} {port}"))
    }

    #[test]
    fn host_and_port_are_read_past_user_and_password() {
        assert_eq!(at("postgres://me:p@ss@db:5433/app?x=1").as_deref(), Some("db 5433"));
        assert_eq!(at("mysql://root@127.0.0.1/test").as_deref(), Some("127.0.0.1 3306"));
        assert_eq!(at("postgres://u@[::1]:9/d").as_deref(), Some("::1 9"));
        assert_eq!(at("postgres://u@[::1]/d").as_deref(), Some("::1 5432"));
        assert_eq!(at("http://127.0.0.1:9093").as_deref(), Some("127.0.0.1 9093"));
        assert_eq!(at("localhost:5432"), None);
        assert_eq!(at("mysql://root@127.0.0.1:port/test"), None);
    }

    #[test]
    fn a_dead_address_is_named_without_its_password() {
        // Port 1 is reserved, and nothing listens there.
        let error = check("SOME_URL", "postgres://me:secret@127.0.0.1:1/app");
        let text = error.err().map(|error| format!("{error:#}")).unwrap_or_default();
        assert!(text.contains("SOME_URL") && text.contains("127.0.0.1:1"), "{text}");
        assert!(!text.contains("secret"), "{text}");
    }
}
