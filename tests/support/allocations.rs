//! The system's allocator with a count of what was asked of it: by each thread, and by the whole program. Layouts are
//! counted, not what the system puts around them. A test binary makes it its global allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

/// The allocator.
pub struct Counting;

/// What one thread asked for while something ran.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    /// Bytes of the largest allocation.
    pub largest: usize,
    /// Bytes of all allocations together, freed or not.
    pub total: usize,
    /// Bytes of allocations less those freed: what is still held.
    pub held: isize,
    /// The most that was held at once.
    pub peak: isize,
}

thread_local! {
    static ASKED: Cell<Asked> =
        const { Cell::new(Asked { largest: 0, total: 0, held: 0, peak: 0 }) };
}

/// Bytes that all threads hold, and the most that they held since [`live_from_now`].
static LIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn count(size: usize, freed: usize) {
    let change = size as isize - freed as isize;
    let live = LIVE.fetch_add(change, Relaxed) + change;
    PEAK.fetch_max(live, Relaxed);
    // A thread that ends frees what was its own when its counts are gone.
    let _ = ASKED.try_with(|asked| {
        let Asked {
            largest,
            total,
            held,
            peak,
        } = asked.get();
        let held = held.wrapping_add(change);
        asked.set(Asked {
            largest: largest.max(size),
            total: total.saturating_add(size),
            held,
            peak: peak.max(held),
        });
    });
}

/// Runs `work` and says what it allocated on this thread.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Asked) {
    ASKED.set(Asked::default());
    let out = work();
    (out, ASKED.get())
}

/// Bytes that the program holds.
pub fn live() -> isize {
    LIVE.load(Relaxed)
}

/// Forgets the peak so far: the next [`peak`] is since now. Returns the bytes held now.
pub fn live_from_now() -> isize {
    let live = live();
    PEAK.store(live, Relaxed);
    live
}

/// The most bytes held at once since [`live_from_now`].
pub fn peak() -> isize {
    PEAK.load(Relaxed)
}

// SAFETY: every call goes on to the system's allocator with the same arguments; counting neither allocates nor panics.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        unsafe { System.realloc(at, layout, size) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(0, layout.size());
        unsafe { System.dealloc(at, layout) }
    }
}
