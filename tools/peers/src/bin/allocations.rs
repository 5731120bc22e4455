//! What is measured in allocations: a program of its own, as the allocator that counts would make others slower.

use anyhow::Result;

fn main() -> Result<()> {
    let name = std::env::args().nth(1).unwrap_or_default();
    let tables = peers::parts::run(&name, Some(count))?;
    println!("{}", serde_json::to_string(&tables)?);
    Ok(())
}

/// Those of this thread.
fn count(work: &mut dyn FnMut()) -> u64 {
    allocation_counter::measure(work).count_total
}
