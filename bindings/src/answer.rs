//! An answer that is being made: a thread of its own makes it, the app pulls what is ready.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;

use lorgnette::{Canceller, Event, GenerateOptions, Model};

use crate::{Batch, BindingError, Prompt, Result};

/// Events that may wait for the app: as many as eight tokens have. Then the making waits.
const WAITING: usize = 16;

type Made = Result<Event>;

/// An answer that is being made. Dropping it ends it, and waits until it has ended.
#[derive(Debug, uniffi::Object)]
pub struct Answer {
    canceller: Canceller,
    /// Whether the session is this answer's.
    live: Mutex<bool>,
    /// Gone once the answer has ended.
    worker: Mutex<Option<Worker>>,
}

#[derive(Debug)]
struct Worker {
    made: Receiver<Made>,
    /// An error that came behind events that were ready.
    late: Option<BindingError>,
    thread: JoinHandle<()>,
}

#[uniffi::export]
impl Answer {
    /// Waits until something is there and takes all that is; `None` behind the batch with `done`, and behind an error.
    pub fn next(&self) -> Result<Option<Batch>> {
        let mut slot = self.worker.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(worker) = slot.as_mut() else {
            return Ok(None);
        };
        let result = worker.pull();
        if !matches!(&result, Ok(Some(batch)) if batch.done.is_none()) {
            // The session is free once its thread has ended.
            *self.live() = false;
            if let Some(worker) = slot.take() {
                worker.join();
            }
        }
        result
    }

    /// Stops it before the next submit, from any thread. What was made can still be pulled; the last batch says
    /// [`crate::StopReason::Cancelled`], if it was not done already.
    pub fn cancel(&self) {
        // The session's next answer has the same canceller.
        let live = self.live();
        if *live {
            self.canceller.cancel();
        }
    }
}

impl Answer {
    /// Begins an answer on a thread of its own, which holds the session as long as it is being made.
    pub(crate) fn new(
        session: Arc<Mutex<lorgnette::Session>>,
        model: &Model,
        canceller: Canceller,
        prompt: Prompt,
        options: GenerateOptions,
    ) -> Result<Self> {
        let ids = prompt.encode(model)?;
        let (maker, made) = sync_channel(WAITING);
        let (begun, beginning) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("lorgnette-answer".to_owned())
            .spawn(move || make(&session, &ids, &options, &begun, &maker))
            .map_err(|error| BindingError::Device(format!("a thread for the answer: {error}")))?;
        let refused = match beginning.recv() {
            Ok(Ok(())) => {
                let late = None;
                return Ok(Self {
                    canceller,
                    live: Mutex::new(true),
                    worker: Mutex::new(Some(Worker { made, late, thread })),
                });
            }
            Ok(Err(error)) => error,
            // Only a panic ends the thread without a word, and is told below.
            Err(_) => BindingError::Device("the answer ended before it began".into()),
        };
        // Behind this the session is free again.
        match thread.join() {
            Ok(()) => Err(refused),
            Err(panic) => resume_unwind(panic),
        }
    }
}

impl Answer {
    fn live(&self) -> MutexGuard<'_, bool> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the thread does: says whether the answer could begin, then makes it.
fn make(
    session: &Mutex<lorgnette::Session>,
    ids: &[u32],
    options: &GenerateOptions,
    begun: &SyncSender<Result<()>>,
    maker: &SyncSender<Made>,
) {
    // Nobody listens any more where a send fails: the answer was dropped.
    let mut session = match idle(session) {
        Ok(session) => session,
        Err(error) => return begun.send(Err(error)).unwrap_or(()),
    };
    let generation = match session.generate(lorgnette::Prompt::Ids(ids), options) {
        Ok(generation) => generation,
        Err(error) => return begun.send(Err(error.into())).unwrap_or(()),
    };
    if begun.send(Ok(())).is_err() {
        return;
    }
    for event in generation {
        if maker.send(event.map_err(Into::into)).is_err() {
            return;
        }
    }
}

/// The session, if no answer is being made.
pub(crate) fn idle(
    session: &Mutex<lorgnette::Session>,
) -> Result<MutexGuard<'_, lorgnette::Session>> {
    session.try_lock().map_err(|error| {
        BindingError::Busy(match error {
            TryLockError::WouldBlock => {
                "the session is making an answer: expected that one to be done, cancelled or dropped first".into()
            }
            TryLockError::Poisoned(_) => {
                "a call of this session ended in a panic: expected a new session".into()
            }
        })
    })
}

impl Worker {
    /// Waits for the first event and takes those that are there behind it.
    fn pull(&mut self) -> Result<Option<Batch>> {
        if let Some(error) = self.late.take() {
            return Err(error);
        }
        let Ok(first) = self.made.recv() else {
            return Ok(None);
        };
        let mut batch = Batch::default();
        batch.add(first?);
        for event in self.made.try_iter() {
            match event {
                Ok(event) => batch.add(event),
                Err(error) => {
                    self.late = Some(error);
                    break;
                }
            }
        }
        Ok(Some(batch))
    }

    /// Waits until the session is free. A panic of the thread is one of the caller.
    fn join(self) {
        drop(self.made);
        if let Err(panic) = self.thread.join() {
            resume_unwind(panic);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let worker = self
            .worker
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(Worker { made, thread, .. }) = worker.take() {
            self.canceller.cancel();
            drop(made);
            // A panic has nobody to be told to here.
            drop(thread.join());
        }
    }
}
