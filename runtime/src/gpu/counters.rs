//! What was asked of the GPU so far. Counts hold on every device where times do not, so tests assert on these.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A snapshot of everything counted since the runtime was made, also over devices that were lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Bytes of our buffers and textures that are alive.
    pub live_bytes: u64,
    /// The most bytes of them that were alive at once.
    pub peak_bytes: u64,
    /// Buffers and textures created.
    pub buffers: u64,
    /// Bind groups created.
    pub bind_groups: u64,
    /// Pipelines created.
    pub pipelines: u64,
    /// Dispatches encoded.
    pub dispatches: u64,
    /// Submits of compute passes.
    pub submits: u64,
    /// Copies of staged bytes, weights above all, each a submit of its own. None in a step where nothing is streamed.
    pub copies: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Uploads of steps and ids.
    pub uploads: u64,
    /// Their bytes.
    pub uploaded_bytes: u64,
    /// Bytes read back.
    pub read_back_bytes: u64,
}

impl std::ops::Sub for Counters {
    type Output = Self;

    /// What was counted since `earlier`. Live and peak bytes stay those of the later snapshot.
    fn sub(self, earlier: Self) -> Self {
        Self {
            live_bytes: self.live_bytes,
            peak_bytes: self.peak_bytes,
            buffers: self.buffers - earlier.buffers,
            bind_groups: self.bind_groups - earlier.bind_groups,
            pipelines: self.pipelines - earlier.pipelines,
            dispatches: self.dispatches - earlier.dispatches,
            submits: self.submits - earlier.submits,
            copies: self.copies - earlier.copies,
            copied_bytes: self.copied_bytes - earlier.copied_bytes,
            uploads: self.uploads - earlier.uploads,
            uploaded_bytes: self.uploaded_bytes - earlier.uploaded_bytes,
            read_back_bytes: self.read_back_bytes - earlier.read_back_bytes,
        }
    }
}

/// The live counts.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    live_bytes: AtomicU64,
    peak_bytes: AtomicU64,
    buffers: AtomicU64,
    pub(super) bind_groups: AtomicU64,
    pub(super) pipelines: AtomicU64,
    pub(super) dispatches: AtomicU64,
    submits: AtomicU64,
    copies: AtomicU64,
    copied_bytes: AtomicU64,
    uploads: AtomicU64,
    uploaded_bytes: AtomicU64,
    pub(super) read_back_bytes: AtomicU64,
}

impl Counts {
    pub(super) fn made(&self, bytes: u64) {
        self.buffers.fetch_add(1, Relaxed);
        let live = self.live_bytes.fetch_add(bytes, Relaxed) + bytes;
        self.peak_bytes.fetch_max(live, Relaxed);
    }

    pub(super) fn dropped(&self, bytes: u64) {
        self.live_bytes.fetch_sub(bytes, Relaxed);
    }

    pub(super) fn uploaded(&self, bytes: u64) {
        self.uploads.fetch_add(1, Relaxed);
        self.uploaded_bytes.fetch_add(bytes, Relaxed);
    }

    pub(super) fn submitted(&self) {
        self.submits.fetch_add(1, Relaxed);
    }

    pub(super) fn copied(&self, bytes: u64) {
        self.copies.fetch_add(1, Relaxed);
        self.copied_bytes.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn snapshot(&self) -> Counters {
        Counters {
            live_bytes: self.live_bytes.load(Relaxed),
            peak_bytes: self.peak_bytes.load(Relaxed),
            buffers: self.buffers.load(Relaxed),
            bind_groups: self.bind_groups.load(Relaxed),
            pipelines: self.pipelines.load(Relaxed),
            dispatches: self.dispatches.load(Relaxed),
            submits: self.submits.load(Relaxed),
            copies: self.copies.load(Relaxed),
            copied_bytes: self.copied_bytes.load(Relaxed),
            uploads: self.uploads.load(Relaxed),
            uploaded_bytes: self.uploaded_bytes.load(Relaxed),
            read_back_bytes: self.read_back_bytes.load(Relaxed),
        }
    }
}
