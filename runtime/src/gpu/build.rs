//! Pipelines of a whole model, made away from the calling thread: a driver may take seconds for one, and the caller has
//! something to do and to show meanwhile.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Instant;

use lorgnette_shaders::Program;

use super::device::Gpu;
use crate::Result;

/// Threads that make pipelines: drivers gain little from more, and each may take tens of megabytes for its compiler.
const THREADS: usize = 2;

/// Pipelines in the making, as the thread that wants them sees it.
pub(crate) struct Building {
    results: Receiver<(Instant, Result<()>)>,
    done: u64,
    total: u64,
    last: Instant,
}

impl Building {
    /// Calls `progress` for each that was made since: how many are made, of how many.
    ///
    /// # Errors
    /// The first that failed, as [`Gpu::pipeline`] says it.
    pub fn look(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<()> {
        while let Ok(result) = self.results.try_recv() {
            self.count(result, progress)?;
        }
        Ok(())
    }

    /// Waits for the rest of them, and says when the last was made.
    ///
    /// # Errors
    /// As [`Building::look`].
    pub fn finish(mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<Instant> {
        while let Ok(result) = self.results.recv() {
            self.count(result, progress)?;
        }
        Ok(self.last)
    }

    fn count(
        &mut self,
        (at, result): (Instant, Result<()>),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        result?;
        self.done += 1;
        self.last = self.last.max(at);
        progress(self.done, self.total);
        Ok(())
    }
}

impl Gpu {
    /// Makes the pipelines of the programs, each once, while `meanwhile` goes on on this thread, and keeps them on disk
    /// where there is a cache. When `meanwhile` ends, no further one is begun.
    ///
    /// # Errors
    /// Those of `meanwhile`.
    pub fn build<'a, T>(
        &self,
        programs: impl Iterator<Item = &'a Program>,
        meanwhile: impl FnOnce(Building) -> Result<T>,
    ) -> Result<T> {
        let mut seen = HashSet::new();
        let programs: Vec<&Program> = programs.filter(|program| seen.insert(**program)).collect();
        let next = AtomicUsize::new(0);
        let (done, results) = mpsc::channel();
        let work = |done: Sender<(Instant, Result<()>)>| {
            while let Some(program) = programs.get(next.fetch_add(1, Relaxed)) {
                let made = self.pipeline(program).map(drop);
                // Nobody listens once one has failed, or something else.
                if done.send((Instant::now(), made)).is_err() {
                    return;
                }
            }
        };
        let found = thread::scope(|scope| {
            for _ in 0..THREADS.min(programs.len()) {
                let done = done.clone();
                scope.spawn(|| work(done));
            }
            drop(done);
            meanwhile(Building {
                results,
                done: 0,
                total: programs.len() as u64,
                last: Instant::now(),
            })
        })?;
        if let Some(cache) = &self.cache {
            cache.keep(self.counts.pipelines.load(Relaxed));
        }
        Ok(found)
    }
}
