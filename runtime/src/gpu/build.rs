//! Pipelines of a whole model, made away from the calling thread: a driver may take seconds for one, and the caller has
//! something to show meanwhile.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;

use lorgnette_shaders::Program;

use super::device::Gpu;
use crate::Result;

/// Threads that make pipelines: drivers gain little from more, and each may take tens of megabytes for its compiler.
const THREADS: usize = 2;

impl Gpu {
    /// Makes the pipelines of the programs, each once, and keeps them on disk where there is a cache. `progress` is
    /// called on this thread: how many are made, of how many.
    ///
    /// # Errors
    /// The first that failed, as [`Gpu::pipeline`] says it; the rest is not begun.
    pub fn build<'a>(
        &self,
        programs: impl Iterator<Item = &'a Program>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        let mut seen = HashSet::new();
        let programs: Vec<&Program> = programs.filter(|program| seen.insert(**program)).collect();
        let next = AtomicUsize::new(0);
        let (done, made) = mpsc::channel();
        let work = |done: mpsc::Sender<Result<()>>| {
            while let Some(program) = programs.get(next.fetch_add(1, Relaxed)) {
                // Nobody listens once one has failed.
                if done.send(self.pipeline(program).map(drop)).is_err() {
                    return;
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..THREADS.min(programs.len()) {
                let done = done.clone();
                scope.spawn(|| work(done));
            }
            drop(done);
            for (count, result) in (1..).zip(made) {
                result?;
                progress(count, programs.len() as u64);
            }
            Ok(())
        })?;
        if let Some(cache) = &self.cache {
            cache.keep(self.counts.pipelines.load(Relaxed));
        }
        Ok(())
    }
}
