//! The only room that names wgpu: the device, its buffers and pipelines, and the player that plays plans on it.

mod adapter;
mod asked;
mod buffers;
mod build;
mod cache;
mod counters;
mod device;
mod laps;
mod pipelines;
mod player;
mod readback;
mod realized;
mod session;
mod solo;
mod transfer;
mod workgroup;

pub use adapter::{AdapterKind, AdapterReport, adapters};
pub(crate) use asked::refuse_lacking;
pub use counters::Counters;
pub(crate) use counters::Counts;
pub(crate) use device::{Gpu, Opening};
pub(crate) use realized::GpuPlayer;
pub(crate) use session::GpuSession;
pub(crate) use solo::{best_seconds, play as play_alone, seconds as seconds_of};
