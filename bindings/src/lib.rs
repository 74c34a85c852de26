//! Lorgnette for Kotlin and Swift: the surface that uniffi makes their code of, and the only place that names it.
//!
//! A [`Runtime`] is a device, a [`Model`] is weights on it, a [`Session`] is a conversation, an [`Answer`] is pulled out of
//! a session. Every call blocks until it is done, and any thread may make it: the shells in `android/` and `ios/` make
//! coroutines and tasks of them. What an app sees are those shells.
//!
//! - An answer is made on a thread of its own. [`Answer::next`] waits for something and takes all that is ready, so that
//!   one call into Rust is for as many tokens as there are. [`Answer::pull`] does so without waiting: a [`Listener`] is told
//!   when to, on the answer's thread. Nothing else calls back but a load's progress, and that on the thread that loads.
//! - A session makes one answer at a time; another call meanwhile is [`BindingError::Busy`]. Once [`Answer::next`] has
//!   given `done`, or the answer was dropped, the session is free.
//! - [`Answer::cancel`] and dropping an answer stop it before the next submit to the GPU.
//! - An answer waits where it is while its runtime is paused, and where its device was lost it goes on with another one:
//!   the same answer. [`Answer::cancel`] wakes one that waits.
//! - Errors are a handful of cases with the runtime's whole message. A panic is a bug of ours; it unwinds and becomes the
//!   caller's exception.

// What uniffi's macros make exports symbols and reads raw buffers; there is no line of it in this crate's own code.
#![allow(unsafe_code)]

mod answer;
mod ask;
mod doctor;
mod error;
mod event;
mod figures;
mod inbox;
mod lifecycle;
mod load;
mod model;
mod runtime;
mod session;
mod source;

pub use answer::{Answer, Pulled};
pub use ask::{AnswerOptions, Message, Overflow, Prompt, Speculation};
pub use doctor::{Doctor, KernelVerdict, VariantVerdict};
pub use error::{BindingError, Result};
pub use event::{Batch, Done, StopReason, Timings, Token};
pub use figures::{Memory, PlanFigures, Purposes, inspect};
pub use inbox::Listener;
pub use lifecycle::{Pace, Thermal, Trim};
pub use load::{Budget, KvFormat, LoadOptions};
pub use model::{LoadProgress, LoadTimings, Model, Progress, Stage};
pub use runtime::{AdapterFacts, Counters, Runtime, RuntimeOptions, adapters, profiles, version};
pub use session::Session;
pub use source::Source;

uniffi::setup_scaffolding!();
