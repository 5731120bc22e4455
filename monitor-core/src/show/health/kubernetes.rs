//! Health as Kubernetes' own servers answer it. A probe looks at the HTTP status alone; the body is
//! for people.

use super::{Details, kinds, name};
use crate::judge::{Health, Status};

pub(super) fn livez(details: Details) -> String {
    match details {
        Details::Word => "ok".into(),
        Details::Checks | Details::Full => "[+]process ok\nlivez check passed\n".into(),
    }
}

/// As the originals do, it names the checks also without being asked when one of them fails.
pub(super) fn readyz(health: &Health, details: Details) -> String {
    let ready = health.status < Status::Unhealthy;
    if ready && details == Details::Word {
        return "ok".into();
    }
    let mut lines: Vec<String> = match details {
        Details::Word | Details::Checks => {
            kinds(health).map(|(kind, status)| line(kind.as_str(), status, None)).collect()
        }
        Details::Full => {
            let check = health.checks.iter();
            check.map(|check| line(&name(check), check.status, Some(&check.message))).collect()
        }
    };
    lines.push(format!("readyz check {}\n", if ready { "passed" } else { "failed" }));
    lines.join("\n")
}

fn line(name: &str, status: Status, reason: Option<&str>) -> String {
    match (status, reason) {
        (Status::Unhealthy, reason) => {
            format!("[-]{name} failed: {}", reason.unwrap_or("reason withheld"))
        }
        (Status::Degraded | Status::Unknown, Some(reason)) => {
            format!("[+]{name} ok, {status}: {reason}")
        }
        (_, _) => format!("[+]{name} ok"),
    }
}
