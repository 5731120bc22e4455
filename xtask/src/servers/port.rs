//! A free port, found by asking the system and letting go again.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

/// Between letting go and the server's own bind, another process may take the port: that often is enough.
const ATTEMPTS_MAX: usize = 5;

/// Runs `start` on a free loopback port, on another one where it lost the race for the first.
pub(super) fn on_free_port<T>(mut start: impl FnMut(u16) -> Result<T>) -> Result<T> {
    for _ in 1..ATTEMPTS_MAX {
        match start(free()?) {
            Err(error) if is_taken(&error) => {}
            result => return result,
        }
    }
    start(free()?)
}

/// C says `Address already in use`, Go `address already in use`.
fn is_taken(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("ddress already in use")
}

fn free() -> Result<u16> {
    let listener =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot find a free port")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::{ATTEMPTS_MAX, on_free_port};
    use anyhow::{Result, anyhow};

    #[test]
    fn a_port_lost_to_another_process_is_replaced() {
        let mut calls = 0;
        let port = on_free_port(|port| {
            calls += 1;
            if calls < 3 {
                return Err(anyhow!("could not bind: Address already in use"));
            }
            Ok(port)
        });
        assert!(port.is_ok_and(|port| port > 0));
        assert_eq!(calls, 3);
    }

    #[test]
    fn any_other_failure_is_told_at_once_and_the_race_is_not_run_forever() {
        let mut calls = 0;
        let result: Result<()> = on_free_port(|_| {
            calls += 1;
            Err(anyhow!("no such file"))
        });
        assert!(result.is_err());
        assert_eq!(calls, 1);

        let mut calls = 0;
        let result: Result<()> = on_free_port(|_| {
            calls += 1;
            Err(anyhow!("Address already in use"))
        });
        assert!(result.is_err());
        assert_eq!(calls, ATTEMPTS_MAX);
    }
}
