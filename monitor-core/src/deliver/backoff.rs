//! How long to leave a failing sink alone.

use std::time::Duration;

use super::Delivery;

/// The wait after so many failures in a row: `first`, doubled each time up to `max`, less a random part of up to
/// one half; never less than the receiver asked for, as far as [`Delivery::RETRY_AFTER_MAX`] believes it.
///
/// This is "equal jitter" of Marc Brooker's "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015).
pub(super) fn wait(delivery: &Delivery, failures: u32, asked: Duration, random: u64) -> Duration {
    let doubled = delivery.retry_first.saturating_mul(1 << failures.saturating_sub(1).min(31));
    let whole = doubled.min(delivery.retry_max);
    let share = random as f64 / u64::MAX as f64;
    (whole - (whole / 2).mul_f64(share)).max(asked.min(Delivery::RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: Duration = Duration::from_secs(1);

    #[test]
    fn a_wait_doubles_up_to_its_end_and_loses_at_most_half() {
        let delivery = Delivery::default().retry(S, 20 * S);
        let waits = |random| [1, 2, 3, 5, 6, 99].map(|n| wait(&delivery, n, S / 9, random));
        assert_eq!(waits(0), [S, 2 * S, 4 * S, 16 * S, 20 * S, 20 * S]);
        assert_eq!(waits(u64::MAX), [S / 2, S, 2 * S, 8 * S, 10 * S, 10 * S]);
    }

    #[test]
    fn what_the_receiver_asks_for_is_the_least_and_believed_up_to_a_limit() {
        let delivery = Delivery::default();
        assert_eq!(wait(&delivery, 1, 30 * S, 7), 30 * S);
        assert_eq!(wait(&delivery, 1, 86_400 * S, 7), Delivery::RETRY_AFTER_MAX);
    }
}
