//! The planned bytes of a model as `inspect` shows them: what was chosen, what it takes, and how it stands to the budget.

use lorgnette::Blueprint;
use serde::Serialize;

use crate::inspect::row;
use crate::output::bytes;

/// Where the bytes go, and whether they are within the budget. What does not fit is shown as small as it can be.
#[derive(Debug, Serialize)]
pub struct Planned {
    #[serde(skip_serializing_if = "Option::is_none")]
    fits: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    budget: Option<u64>,
    /// On the GPU and on the host at the peak, with one session open.
    total_bytes: u64,
    weights: u64,
    kv: u64,
    scratch: u64,
    staging: u64,
    reserve: u64,
    host: u64,
    context: u32,
    kv_type: &'static str,
    prefill_chunk: u32,
    resident_layers: usize,
    streamed_layers: usize,
    /// Bytes that every token reads from the file.
    streamed_bytes_per_token: u64,
    /// The fewest bytes that will do.
    minimum_bytes: u64,
    planned_bytes: Purposes,
}

/// Bytes by purpose. Without streamed layers, staging is given back before keys and values are made, so that `gpu_peak`
/// is less than the sum: weights, scratch, and the larger of staging and a session.
#[derive(Clone, Copy, Debug, Serialize)]
struct Purposes {
    weights: u64,
    /// Keys and values of one session.
    kv: u64,
    /// What is overwritten in every step, with params and a session's ids, step and readback.
    scratch: u64,
    staging: u64,
    /// What the GPU's allocator may hold beside all these: an upper bound.
    reserve: u64,
    /// What is on the host's heap: an upper bound.
    host: u64,
    gpu_peak: u64,
    /// On the GPU at the peak, in reserve there, and on the host.
    total: u64,
}

impl Planned {
    pub fn new(blueprint: &Blueprint, budget: Option<u64>, minimum_bytes: u64) -> Self {
        let memory = &blueprint.memory;
        let all = Purposes {
            weights: memory.weights_bytes(),
            kv: memory.session.kv(),
            scratch: memory.scratch_bytes() + memory.session.total() - memory.session.kv(),
            staging: memory.staging,
            reserve: memory.reserve(1),
            host: memory.host.held(1),
            gpu_peak: memory.peak(1),
            total: memory.total(1),
        };
        Self {
            fits: budget.map(|budget| all.total <= budget),
            budget,
            total_bytes: all.total,
            weights: all.weights,
            kv: all.kv,
            scratch: all.scratch,
            staging: all.staging,
            reserve: all.reserve,
            host: all.host,
            context: blueprint.context,
            kv_type: blueprint.kv.name(),
            prefill_chunk: blueprint.prefill_chunk,
            resident_layers: blueprint.config.layers - memory.streamed_layers,
            streamed_layers: memory.streamed_layers,
            streamed_bytes_per_token: blueprint.streamed_bytes_per_token,
            minimum_bytes,
            planned_bytes: all,
        }
    }

    pub fn rows(&self) -> Vec<Vec<String>> {
        let planned = format!(
            "for {} positions, {} keys and values, prompts in chunks of {}",
            self.context, self.kv_type, self.prefill_chunk
        );
        let all = &self.planned_bytes;
        let staging = match self.streamed_layers {
            0 => format!("{}, while loading", bytes(self.staging)),
            _ => bytes(self.staging),
        };
        let mut rows = vec![
            row("planned", planned),
            row("  weights", bytes(self.weights)),
            row("  keys and values", bytes(self.kv)),
            row("  scratch", bytes(self.scratch)),
            row("  staging", staging),
            row("  GPU at its peak", bytes(all.gpu_peak)),
            row("  in reserve, at most", bytes(self.reserve)),
            row("  host, at most", bytes(self.host)),
            row("  total", bytes(self.total_bytes)),
            row("  at the least", bytes(self.minimum_bytes)),
        ];
        if self.streamed_layers > 0 {
            let (resident, streamed) = (self.resident_layers, self.streamed_layers);
            let read = bytes(self.streamed_bytes_per_token);
            let layers =
                format!("{resident} in memory, {streamed} streamed: {read} read for every token");
            rows.insert(1, row("  layers", layers));
        }
        if let Some(budget) = self.budget {
            let verdict = match budget.checked_sub(self.total_bytes) {
                Some(left) => format!("{}: fits, {} left", bytes(budget), bytes(left)),
                None => {
                    let short = bytes(self.total_bytes - budget);
                    format!("{}: does not fit, {short} short", bytes(budget))
                }
            };
            rows.push(row("budget", verdict));
        }
        rows
    }
}
