//! What of a model and its sessions is on the player at present: it can be dropped at any time between two steps, when the
//! device is lost or the app wants its memory, and is made again behind the same handles. How is known to others.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError, Weak};

use crate::Result;
use crate::model::Shared;
use crate::player::{Awaited, Player, PlayerSession};
use crate::wait::{Door, Inside, locked};

/// What [`crate::Model::trim`] gives back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// Keys, values and all that is a session's, of those that are not in the middle of an answer. When such a session is
    /// used again, its tokens go through the model again.
    Sessions,
    /// Those, and the model's own weights and scratch, where no session is in the middle of an answer. They come from the
    /// file again.
    Weights,
}

/// A model's player, and the seats of its sessions.
#[derive(Debug)]
pub(crate) struct Present {
    /// Whoever is inside plays a step; so a step owns the scratch from its first segment to its last.
    player: Door<Option<Player>>,
    seats: Mutex<Vec<Weak<Seat>>>,
}

/// A session's place.
#[derive(Debug, Default)]
pub(crate) struct Seat {
    /// Only held behind the player's door, or for a moment: who waits for it may be inside.
    held: Mutex<Option<Held>>,
    /// How many answers, scores and the like are being made.
    busy: AtomicUsize,
}

/// What a session has on the player.
#[derive(Debug)]
pub(crate) struct Held {
    pub session: PlayerSession,
    /// Positions whose keys and values are there, from the first.
    pub positions: u32,
    /// Whether the last step has chosen the id behind them.
    pub has_chosen: bool,
    /// Results on their way, the oldest first.
    pub awaited: VecDeque<Awaited>,
}

/// A session in the middle of something, until it is dropped.
#[derive(Debug)]
pub(crate) struct Busy(Arc<Seat>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, SeqCst);
    }
}

impl Held {
    pub fn new(session: PlayerSession) -> Self {
        Self {
            session,
            positions: 0,
            has_chosen: false,
            awaited: VecDeque::new(),
        }
    }
}

impl Seat {
    pub fn lock(&self) -> MutexGuard<'_, Option<Held>> {
        locked(&self.held)
    }

    /// Nothing of it is trimmed as long as that lives.
    pub fn busy(self: &Arc<Self>) -> Busy {
        self.busy.fetch_add(1, SeqCst);
        Busy(self.clone())
    }

    fn is_busy(&self) -> bool {
        self.busy.load(SeqCst) > 0
    }

    /// What it held, if nobody uses it. Waits for nobody.
    fn leave(&self) -> u64 {
        let held = match self.held.try_lock() {
            Ok(mut held) if !self.is_busy() => held.take(),
            Ok(_) | Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Poisoned(held)) => held.into_inner().take(),
        };
        held.map_or(0, |held| held.session.bytes())
    }
}

impl Present {
    pub fn new(player: Player) -> Self {
        Self {
            player: Door::new(Some(player)),
            seats: Mutex::default(),
        }
    }

    /// A seat for a new session, with nothing on it.
    pub fn seat(&self) -> Arc<Seat> {
        let seat = Arc::new(Seat::default());
        let mut seats = locked(&self.seats);
        seats.retain(|seat| seat.strong_count() > 0);
        seats.push(Arc::downgrade(&seat));
        seat
    }

    fn seats(&self) -> Vec<Arc<Seat>> {
        locked(&self.seats)
            .iter()
            .filter_map(Weak::upgrade)
            .collect()
    }

    /// The player, once nobody else is there; made again where there is none or its device was lost. `None` where
    /// `given_up` says so before.
    ///
    /// # Errors
    /// As [`Shared::realize`], but for being given up.
    pub fn enter(
        &self,
        shared: &Shared,
        given_up: &dyn Fn() -> bool,
    ) -> Result<Option<Inside<'_, Option<Player>>>> {
        let Some(mut player) = self.player.enter(given_up) else {
            return Ok(None);
        };
        if player.as_ref().is_none_or(Player::is_lost) {
            // What is gone goes first: nothing is ever held twice.
            *player = None;
            for seat in self.seats() {
                *seat.lock() = None;
            }
            *player = match shared.realize(given_up) {
                Err(crate::Error::Cancelled) => return Ok(None),
                made => Some(made?),
            };
        }
        Ok(Some(player))
    }

    /// Drops what the level says, and says how many bytes. Waits for nobody: what is in use stays.
    pub fn trim(&self, level: Trim) -> u64 {
        let seats = self.seats();
        let mut bytes = seats.iter().map(|seat| seat.leave()).sum();
        if level == Trim::Weights
            && let Some(mut player) = self.player.try_enter()
            && !seats
                .iter()
                .any(|seat| seat.is_busy() || seat.lock().is_some())
        {
            bytes += player.take().map_or(0, |player| player.bytes());
        }
        bytes
    }
}
