//! An answer that is being made: a thread of its own makes it, the app pulls what is ready.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread::JoinHandle;

use lorgnette::{Canceller, GenerateOptions, Generation, Model};

use crate::inbox::{Inbox, Listener, Outbox, Taken, locked, pair};
use crate::{Batch, BindingError, Prompt, Result};

/// All of a token: its id, the text that it ends, the end of the answer.
type Made = Result<Batch>;

/// An answer that is being made. Dropping it ends it, and waits until it has ended.
#[derive(Debug, uniffi::Object)]
pub struct Answer {
    canceller: Canceller,
    /// Whether the session is this answer's.
    live: Arc<Mutex<bool>>,
    /// Says how many tokens more may be made; gone where no more may.
    wanted: Mutex<Option<Sender<u32>>>,
    /// Whether a token was asked for that was not taken yet.
    asked: AtomicBool,
    made: Inbox<Made>,
    /// Gone once it was joined.
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What [`Answer::pull`] found.
#[derive(Clone, Debug, PartialEq, uniffi::Enum)]
pub enum Pulled {
    /// All that was there.
    Ready {
        /// It.
        batch: Batch,
    },
    /// Nothing is there yet.
    Later,
    /// Nothing is to come: behind the batch with `done`, and behind an error.
    Ended,
}

#[uniffi::export]
impl Answer {
    /// Waits until something is there and takes all that is; `None` behind the batch with `done`, and behind an error.
    pub fn next(&self) -> Result<Option<Batch>> {
        loop {
            match self.pull()? {
                Pulled::Ready { batch } => return Ok(Some(batch)),
                Pulled::Ended => return Ok(None),
                Pulled::Later => self.made.wait(),
            }
        }
    }

    /// The same without waiting: the listener that [`crate::Session::answer`] was given is told when to ask again.
    pub fn pull(&self) -> Result<Pulled> {
        if !self.asked.swap(true, Relaxed) {
            self.allow(1);
        }
        match self.made.take(take) {
            Taken::Ready((taken, result)) => {
                self.asked.store(false, Relaxed);
                // One of them was asked for, the others came ahead of that.
                self.allow(taken - 1);
                result.map(|batch| Pulled::Ready { batch })
            }
            Taken::Later => Ok(Pulled::Later),
            Taken::Ended => {
                self.join();
                Ok(Pulled::Ended)
            }
        }
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
        listener: Option<Arc<dyn Listener>>,
    ) -> Result<Self> {
        let ids = prompt.encode(model)?;
        let (wanted, asked) = channel();
        let (outbox, made) = pair(listener);
        let live = Arc::new(Mutex::new(true));
        let maker = Maker {
            allowed: ahead.into(),
            asked,
            made: outbox,
            live: live.clone(),
        };
        let (begun, beginning) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("lorgnette-answer".to_owned())
            .spawn(move || maker.run(&session, &ids, &options, &begun))
            .map_err(|error| BindingError::Device(format!("a thread for the answer: {error}")))?;
        let refused = match beginning.recv() {
            Ok(Ok(())) => {
                return Ok(Self {
                    canceller,
                    live,
                    wanted: Mutex::new(Some(wanted)),
                    asked: AtomicBool::new(false),
                    made,
                    thread: Mutex::new(Some(thread)),
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

    fn allow(&self, tokens: u32) {
        // For nothing the thread need not wake.
        if let Some(wanted) = locked(&self.wanted).as_ref().filter(|_| tokens > 0) {
            // Behind its end the thread does not listen.
            wanted.send(tokens).unwrap_or(());
        }
    }

    /// Where the thread has ended, or is about to. A panic of it is one of the caller.
    fn join(&self) {
        let thread = locked(&self.thread).take();
        if let Some(Err(panic)) = thread.map(JoinHandle::join) {
            resume_unwind(panic);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let Some(thread) = locked(&self.thread).take() else {
            return;
        };
        self.cancel();
        // It ends where it waits to be asked.
        *locked(&self.wanted) = None;
        // A panic has nobody to be told to here.
        drop(thread.join());
    }
}

/// Takes the tokens that are there, at least one: how many, and all of them. An error stays until it is the first.
fn take(made: &mut VecDeque<Made>) -> (u32, Made) {
    let taken = made.iter().take_while(|made| made.is_ok()).count().max(1);
    let mut all = Batch::default();
    let result = made
        .drain(..taken)
        .try_for_each(|batch| batch.map(|batch| all.append(batch)));
    (taken as u32, result.map(|()| all))
}

/// The thread that makes an answer.
struct Maker {
    /// Tokens that may be made now, less the one that was made beyond them.
    allowed: i64,
    asked: Receiver<u32>,
    made: Outbox<Made>,
    live: Arc<Mutex<bool>>,
}

impl Maker {
    /// Says whether the answer could begin, then makes it. What comes last comes when the session is free.
    fn run(
        mut self,
        session: &Mutex<lorgnette::Session>,
        ids: &[u32],
        options: &GenerateOptions,
        begun: &SyncSender<Result<()>>,
    ) {
        // Nobody listens any more where this fails: the answer was dropped.
        let say = |what| begun.send(what).unwrap_or(());
        let last = match idle(session) {
            Err(error) => return say(Err(error)),
            Ok(mut session) => {
                let last = match session.generate(lorgnette::Prompt::Ids(ids), options) {
                    Err(error) => return say(Err(error.into())),
                    Ok(generation) => {
                        say(Ok(()));
                        self.make(generation)
                    }
                };
                *locked(&self.live) = false;
                last
            }
        };
        last.into_iter().for_each(|last| self.made.put(last));
    }

    /// Makes tokens as they are allowed, and one beyond them where that is at most one submit, so that it is there when
    /// the app has done with the one before. What comes last, if the answer was not dropped.
    fn make(&mut self, mut generation: Generation<'_>) -> Option<Made> {
        loop {
            let least = -i64::from(generation.is_within_a_submit());
            while self.allowed <= least {
                self.allowed += i64::from(self.asked.recv().ok()?);
            }
            self.allowed -= 1;
            let made = token(&mut generation)?;
            if !matches!(&made, Ok(batch) if batch.done.is_none()) {
                return Some(made);
            }
            self.made.put(made);
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
