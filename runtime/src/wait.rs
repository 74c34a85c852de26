//! Waiting that ends at once when something changes: a pause or its end, a cancel, a device's heat, a lock that is free. All
//! of that is rare, so that one bell for the process will do; who waits looks again whenever it rings. Nothing is polled.

use std::ops::{Deref, DerefMut};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Instant;

static BELL: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

/// Locks, also where a thread has panicked with it: what is behind our locks is whole between any two lines.
pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says that something has changed that others may wait for.
pub(crate) fn ring() {
    let _held = locked(&BELL.0);
    BELL.1.notify_all();
}

/// Waits until `ready` says so, or `deadline` has come. `ready` is asked now, and again at every ring; it must not ring.
pub(crate) fn until(deadline: Option<Instant>, mut ready: impl FnMut() -> bool) {
    let mut held = locked(&BELL.0);
    while !ready() {
        held = match deadline {
            None => BELL.1.wait(held).unwrap_or_else(PoisonError::into_inner),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return;
                }
                let waited = BELL.1.wait_timeout(held, left);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        };
    }
}

/// A lock that one can give up waiting for.
#[derive(Debug, Default)]
pub(crate) struct Door<T>(Mutex<T>);

impl<T> Door<T> {
    pub fn new(inside: T) -> Self {
        Self(Mutex::new(inside))
    }

    /// Waits for whoever is inside; `None` where `given_up` says so before.
    pub fn enter(&self, given_up: &dyn Fn() -> bool) -> Option<Inside<'_, T>> {
        let mut inside = self.try_enter();
        if inside.is_none() {
            until(None, || {
                inside = self.try_enter();
                inside.is_some() || given_up()
            });
        }
        inside
    }

    /// `None` where somebody is inside.
    pub fn try_enter(&self) -> Option<Inside<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(Inside(Some(guard))),
            Err(TryLockError::Poisoned(error)) => Some(Inside(Some(error.into_inner()))),
            Err(TryLockError::WouldBlock) => None,
        }
    }
}

/// What is behind a [`Door`], until it is dropped: then the next one enters.
#[derive(Debug)]
pub(crate) struct Inside<'a, T>(Option<MutexGuard<'a, T>>);

impl<T> Deref for Inside<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("there until it is dropped")
    }
}

impl<T> DerefMut for Inside<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("there until it is dropped")
    }
}

impl<T> Drop for Inside<'_, T> {
    fn drop(&mut self) {
        self.0 = None;
        ring();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_deadline_ends_waiting() {
        let start = Instant::now();
        until(Some(start + Duration::from_millis(20)), || false);
        assert!(start.elapsed() >= Duration::from_millis(20));
        until(None, || true);
    }

    #[test]
    fn one_is_inside_and_the_others_wait_or_give_up() {
        let door = Door::new(0);
        let given_up = AtomicBool::new(false);
        thread::scope(|scope| {
            let first = door.enter(&|| false).expect("free");
            assert!(door.try_enter().is_none());
            let tired = scope.spawn(|| door.enter(&|| given_up.load(Relaxed)).is_none());
            let patient = scope.spawn(|| *door.enter(&|| false).expect("never given up") += 1);
            given_up.store(true, Relaxed);
            ring();
            assert!(tired.join().expect("no panic"), "it gave up");
            drop(first);
            patient.join().expect("no panic");
        });
        assert_eq!(*door.try_enter().expect("free"), 1);
    }
}
