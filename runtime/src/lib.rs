//! Lorgnette runs 4-bit small Llama 3 models on the GPU, inside a memory budget.
//!
//! A [`Runtime`] is a device, a [`Model`] is weights on it, a [`Session`] is a conversation with a model.

mod blueprint;
mod budget;
mod canceller;
mod chat;
mod chunk;
mod cpu;
mod error;
mod event;
mod folder;
pub mod formats;
mod frames;
mod gate;
mod generate;
mod gpu;
mod host;
mod laps;
mod loader;
mod memory;
mod model;
mod models;
mod ops;
mod pace;
mod packer;
pub mod plan;
mod player;
mod present;
mod profiles;
#[cfg(feature = "pull")]
pub mod pull;
mod realize;
mod record;
mod reserve;
mod roofline;
mod runtime;
mod sampler;
mod score;
mod session;
mod speculate;
mod steps;
mod stop;
mod stream;
mod submits;
pub mod synth;
pub mod text;
mod tokenizer;
mod trace;
pub mod trust;
mod wait;
pub mod weights;
mod window;
mod work;

pub use blueprint::{Blueprint, LoadOptions};
pub use budget::{Budget, Price, Refusal};
pub use canceller::Canceller;
pub use chat::{ChatTemplate, Message};
pub use error::{Error, Result};
pub use event::{Event, StopReason, Timings};
pub use folder::cache_dir;
pub use formats::Source;
pub use generate::{GenerateOptions, Generation, Prompt};
pub use gpu::{AdapterKind, AdapterReport, Counters, adapters};
pub use laps::{Lap, Laps};
pub use lorgnette_shaders::{
    CacheFormat as KvFormat, Medium, WeightFormat, shaders as every_shader,
};
pub use memory::{HostMemory, MemoryPlan, SessionMemory};
pub use model::Model;
pub use models::Config;
pub use pace::{Pace, Thermal};
pub use present::Trim;
pub use profiles::{COMMON_BINDING_BYTES, Offer, Profile, SubmitBound};
pub use realize::{LoadTimings, Progress, Stage};
pub use roofline::Roofline;
pub use runtime::{Adapter, Runtime, RuntimeOptions};
pub use sampler::{Sampling, log_probability};
pub use score::Score;
pub use session::Session;
pub use speculate::Speculation;
pub use stop::{Passed, StopStrings};
pub use tokenizer::{Piece, RawVocabulary, Split, StreamDecoder, TokenKind, Tokenizer, Vocabulary};
pub use trace::{Difference, TraceReport, trace};
pub use trust::Variants;
pub use window::Overflow;
pub use work::Work;

/// Compiles the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
