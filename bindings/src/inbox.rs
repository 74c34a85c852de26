//! What one thread makes and others take, by waiting for it or when they are told.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Who is told, on the thread that makes things, that something came or that nothing more will.
#[uniffi::export(with_foreign)]
pub trait Listener: Send + Sync {
    /// Returns soon and does not panic.
    fn ready(&self);
}

/// The taking end.
#[derive(Debug)]
pub(crate) struct Inbox<T>(Arc<Shared<T>>);

/// The making end. Nothing more comes once it is dropped, also by a panic.
pub(crate) struct Outbox<T> {
    shared: Arc<Shared<T>>,
    listener: Option<Arc<dyn Listener>>,
}

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    things: VecDeque<T>,
    /// Whether more may come.
    open: bool,
}

pub(crate) fn pair<T>(listener: Option<Arc<dyn Listener>>) -> (Outbox<T>, Inbox<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            things: VecDeque::new(),
            open: true,
        }),
        changed: Condvar::new(),
    });
    let inbox = Inbox(shared.clone());
    (Outbox { shared, listener }, inbox)
}

impl<T> Inbox<T> {
    /// Waits until something is there or nothing is to come.
    pub fn wait(&self) {
        let nothing = |state: &mut State<T>| state.things.is_empty() && state.open;
        drop(self.0.changed.wait_while(locked(&self.0.state), nothing));
    }

    /// Takes of what is there, by `take`, which is not called where that is nothing.
    pub fn take<U>(&self, take: impl FnOnce(&mut VecDeque<T>) -> U) -> Taken<U> {
        let mut state = locked(&self.0.state);
        if !state.things.is_empty() {
            return Taken::Ready(take(&mut state.things));
        }
        if state.open {
            Taken::Later
        } else {
            Taken::Ended
        }
    }
}

pub(crate) enum Taken<T> {
    Ready(T),
    /// There is nothing yet.
    Later,
    /// Nothing is to come.
    Ended,
}

impl<T> Outbox<T> {
    pub fn put(&self, thing: T) {
        self.change(|state| state.things.push_back(thing));
    }

    fn change(&self, change: impl FnOnce(&mut State<T>)) {
        change(&mut locked(&self.shared.state));
        self.shared.changed.notify_all();
        if let Some(listener) = &self.listener {
            listener.ready();
        }
    }
}

impl<T> Drop for Outbox<T> {
    fn drop(&mut self) {
        self.change(|state| state.open = false);
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
