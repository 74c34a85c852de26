//! An answer that is being made: a thread of its own makes it, the app pulls what is ready.

use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;

use lorgnette::{Canceller, GenerateOptions, Generation, Model};

use crate::{Batch, BindingError, Prompt, Result};

/// All of a token: its id, the text that it ends, the end of the answer.
type Made = Result<Batch>;

/// An answer that is being made. Dropping it ends it, and waits until it has ended.
#[derive(Debug, uniffi::Object)]
pub struct Answer {
    canceller: Canceller,
    /// Whether the session is this answer's.
    live: Mutex<bool>,
    /// Says how many tokens more may be made; gone once the answer has ended.
    wanted: Mutex<Option<Sender<u32>>>,
    /// Whether [`Answer::next`] asks for a token, and not only [`Answer::want`].
    asks: bool,
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
        let mut slot = locked(&self.worker);
        let Some(worker) = slot.as_mut() else {
            return Ok(None);
        };
        self.allow(self.asks.into());
        let (taken, result) = worker.pull();
        if matches!(&result, Ok(Some(batch)) if batch.done.is_none()) {
            // One of them was asked for, the others came ahead of that.
            self.allow(taken - 1);
        } else {
            // The session is free once its thread has ended.
            *locked(&self.live) = false;
            if let Some(worker) = slot.take() {
                self.ask_no_more();
                worker.join();
            }
        }
        result
    }

    /// Lets one token more be made; never waits. Where [`crate::Session::answer`] was given no tokens ahead, a call of this
    /// belongs to each of [`Answer::next`], from whichever thread.
    pub fn want(&self) {
        self.allow(1);
    }

    /// Stops it before the next submit, from any thread. What was made can still be pulled; the last batch says
    /// [`crate::StopReason::Cancelled`], if it was not done already.
    pub fn cancel(&self) {
        // The session's next answer has the same canceller.
        let live = locked(&self.live);
        if *live {
            self.canceller.cancel();
            // So that it comes to its end.
            self.allow(u32::MAX);
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
        ahead: u32,
    ) -> Result<Self> {
        let ids = prompt.encode(model)?;
        let (wanted, asked) = channel();
        let (sender, made) = channel();
        let maker = Maker {
            allowed: ahead.into(),
            asked,
            made: sender,
        };
        let (begun, beginning) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("lorgnette-answer".to_owned())
            .spawn(move || make(&session, &ids, &options, &begun, maker))
            .map_err(|error| BindingError::Device(format!("a thread for the answer: {error}")))?;
        let refused = match beginning.recv() {
            Ok(Ok(())) => {
                let late = None;
                let worker = Worker { made, late, thread };
                return Ok(Self {
                    canceller,
                    live: Mutex::new(true),
                    wanted: Mutex::new(Some(wanted)),
                    asks: ahead > 0,
                    worker: Mutex::new(Some(worker)),
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
    fn allow(&self, tokens: u32) {
        // For nothing the thread need not wake.
        if let Some(wanted) = locked(&self.wanted).as_ref().filter(|_| tokens > 0) {
            // Behind its end the thread does not listen.
            wanted.send(tokens).unwrap_or(());
        }
    }

    /// Ends the thread where it waits to be asked.
    fn ask_no_more(&self) {
        *locked(&self.wanted) = None;
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the thread does: says whether the answer could begin, then makes it.
fn make(
    session: &Mutex<lorgnette::Session>,
    ids: &[u32],
    options: &GenerateOptions,
    begun: &SyncSender<Result<()>>,
    maker: Maker,
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
    if begun.send(Ok(())).is_ok() {
        maker.run(generation);
    }
}

/// The thread's end of a [`Worker`].
struct Maker {
    /// Tokens that may be made now, less the one that was made beyond them.
    allowed: i64,
    asked: Receiver<u32>,
    made: Sender<Made>,
}

impl Maker {
    /// Makes tokens as they are allowed, until the answer has ended or was dropped; and one beyond them where that is
    /// at most one submit, so that it is there when the app has done with the one before.
    fn run(mut self, mut generation: Generation<'_>) {
        loop {
            let least = -i64::from(generation.is_within_a_submit());
            while self.allowed <= least {
                let Ok(more) = self.asked.recv() else {
                    return;
                };
                self.allowed += i64::from(more);
            }
            self.allowed -= 1;
            let Some(made) = token(&mut generation) else {
                return;
            };
            if self.made.send(made).is_err() {
                return;
            }
        }
    }
}

/// All that comes with the next token. An error comes alone.
fn token(generation: &mut Generation<'_>) -> Option<Made> {
    let mut batch = Batch::default();
    loop {
        match generation.next()? {
            Ok(event) => batch.add(event),
            Err(error) => return Some(Err(error.into())),
        }
        if !generation.is_ready() {
            return Some(Ok(batch));
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
    /// Waits for the first token and takes those that are there behind it: how many, and all of them.
    fn pull(&mut self) -> (u32, Result<Option<Batch>>) {
        if let Some(error) = self.late.take() {
            return (0, Err(error));
        }
        let mut batch = match self.made.recv() {
            Ok(Ok(first)) => first,
            Ok(Err(error)) => return (0, Err(error)),
            Err(_) => return (0, Ok(None)),
        };
        let mut taken = 1;
        for made in self.made.try_iter() {
            match made {
                Ok(made) => batch.append(made),
                Err(error) => {
                    self.late = Some(error);
                    break;
                }
            }
            taken += 1;
        }
        (taken, Ok(Some(batch)))
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
        self.ask_no_more();
        if let Some(Worker { made, thread, .. }) = locked(&self.worker).take() {
            self.canceller.cancel();
            drop(made);
            // A panic has nobody to be told to here.
            drop(thread.join());
        }
    }
}
