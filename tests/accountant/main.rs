//! One account of every byte: what a plan says the host will hold against what a counting allocator sees, what a budget
//! promises against what a run takes, and that all of it is given back. The whole program is counted, so that the tests
//! of this binary take turns.

mod agree;
mod cycles;
mod host;

use std::sync::{Mutex, MutexGuard, PoisonError};

use lorgnette_tests::allocations;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// Until it is dropped, no other test allocates.
fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    // A test that failed has said so itself.
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}
