//! Sequences of events.
pub(super) fn run(_: &std::path::Path) -> anyhow::Result<()> {
    Ok(())
}
