//! Signatures of the Standard Webhooks specification, version 1.0.

use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use monitor_core::judge::Notice;
use sha2::{Digest, Sha256};

use crate::{Request, Secret, SetupError};

/// Signs requests with one key.
pub(super) struct Signer(Hmac<Sha256>);

/// Bytes a key must have, by the specification.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

// === impl Signer ===

impl Signer {
    pub(super) fn new(key: &Secret) -> Result<Self, SetupError> {
        let text = key.reveal().trim();
        let key = BASE64_STANDARD.decode(text.strip_prefix("whsec_").unwrap_or(text)).ok();
        let key = key.filter(|key| KEY_BYTES.contains(&key.len()));
        let hmac = key.and_then(|key| Hmac::new_from_slice(&key).ok());
        hmac.map(Self).ok_or_else(|| {
            SetupError::new(
                "the webhook's key cannot be used; choose 24 to 64 random bytes in base64",
            )
        })
    }

    pub(super) fn sign(&self, request: Request, notice: &Notice, now: SystemTime) -> Request {
        let id = id(notice);
        let time = seconds(now).to_string();
        let signature = self.signature(&id, &time, request.body());
        request
            .header("webhook-id", &id)
            .header("webhook-timestamp", &time)
            .header("webhook-signature", &signature)
    }

    fn signature(&self, id: &str, time: &str, body: &str) -> String {
        let mut hmac = self.0.clone();
        for part in [id, ".", time, ".", body] {
            hmac.update(part.as_bytes());
        }
        format!("v1,{}", BASE64_STANDARD.encode(hmac.finalize().into_bytes()))
    }
}

/// Names a notice, so that a receiver knows it when it comes a second time.
fn id(notice: &Notice) -> String {
    let since = notice.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let what = format!("{} {} {}", notice.alert.key(), notice.event, since.as_nanos());
    let digest = Sha256::digest(what.as_bytes());
    digest.iter().take(16).fold(String::from("msg_"), |id, byte| format!("{id}{byte:02x}"))
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::Signer;

    /// The example that libraries for Standard Webhooks test themselves with.
    #[test]
    fn a_signature_is_the_one_receivers_compute() {
        let signer = Signer::new(&"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".into()).unwrap();
        let signature = signer.signature(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }
}
