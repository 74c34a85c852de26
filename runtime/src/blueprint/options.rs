//! What the app may ask of a load. Whether the file and the device can do it is found out when the plan is drawn.

use lorgnette_shaders::CacheFormat;

use crate::budget::Budget;
use crate::memory::STAGING_BYTES;
use crate::profiles::Profile;

/// How a model is loaded.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    /// Positions a session can hold; the model's own, but at most 2048, if not given.
    pub context: Option<u32>,
    /// How keys and values are stored.
    pub kv: CacheFormat,
    /// The most tokens of a prompt that go through the model at once.
    pub prefill_chunk: u32,
    /// Layers, from the last one back, that stay in the file and are read from there whenever a step comes to them,
    /// through two slots of a layer each. The numbers stay the same.
    pub streamed_layers: usize,
    /// Bytes of the ring that weights pass through on their way to the device: at least eight rows in each of its three
    /// buffers.
    pub staging_bytes: u64,
    /// The bytes that everything together may take, and how far from the options a plan may go for that.
    pub budget: Option<Budget>,
    /// Residual additions are part of the matrix products before them. The unfused plan gives the same numbers.
    pub fused: bool,
    /// Sessions can check up to seven drafted tokens at once ([`crate::Session::set_speculation`]): a fourth plan, whose
    /// logits are eight rows instead of one.
    pub speculation: bool,
}

impl Default for LoadOptions {
    /// The model's context up to 2048, f16 keys and values, 128 tokens a chunk, nothing streamed, 3 MiB of staging,
    /// no budget, fused, no speculation.
    fn default() -> Self {
        Self {
            context: None,
            kv: CacheFormat::F16,
            prefill_chunk: 128,
            streamed_layers: 0,
            staging_bytes: STAGING_BYTES,
            budget: None,
            fused: true,
            speculation: false,
        }
    }
}

impl LoadOptions {
    /// The options for such a device: what it can hope to hold is the budget, where none is stated.
    pub fn on(&self, profile: &Profile) -> Self {
        let hoped = profile.memory_bytes.map(Budget::bytes);
        Self {
            budget: self.budget.clone().or(hoped),
            ..self.clone()
        }
    }
}
