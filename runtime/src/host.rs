//! What a model holds on the heap of the host, from its header and plans alone: an upper bound that the budget counts.
//! Not the pages of the mapped file, which are the system's to take back, and not the driver, which is not ours.

use lorgnette_shaders::Shader;

use crate::chunk::{Chunk, chunk_count, largest_chunk};
use crate::formats::{Checkpoint, Metadata};
use crate::memory::{HostMemory, MemoryPlan};
use crate::models::Config;
use crate::packer::{LOADING, STREAMING};
use crate::plan::Plan;
use crate::record::Run;
use crate::tokenizer::Tokenizer;
use crate::weights::WeightList;
use crate::{Result, text};

/// Bytes of the chat template's environment, and for each byte of its source, as measured.
const TEMPLATE: u64 = 64 << 10;
const TEMPLATE_SOURCE: u64 = 16;
/// What wgpu keeps of pipelines for each byte of their shaders' text, which it parses: less than 16 was measured for those
/// of a model together.
const PIPELINE_TEXT: u64 = 16;
/// What it keeps for its other objects, rounded up from what was measured: what a bind group and a buffer point at.
const BIND_GROUP: u64 = 1 << 10;
const BUFFER: u64 = 2 << 10;
/// What wgpu makes and drops while it compiles a shader, or encodes and submits a step.
const COMPILING: u64 = 512 << 10;
const ENCODING: u64 = 64 << 10;
/// The cases that kernels are tried with, what is computed of them, and what else is compiled for them.
const TRYING: u64 = 3 << 20;
/// How each position of a session went through the model: at the worst every one in a run of its own, in a list that
/// grows by doubling. Usual conversations take two runs a turn.
const RUN: u64 = 2 * size_of::<Run>() as u64;
/// A prompt in the making: its text in pieces and joined, and its ids, for each position of the context.
const PROMPT: u64 = 32;
/// The logits of one row as read back, as numbers, kept for log-probabilities, and what sampling makes of each.
const SAMPLING: u64 = 24;

/// What a file's vocabulary and chat template take: the same whatever is chosen for the model.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextBytes {
    held: u64,
    reading: u64,
}

impl TextBytes {
    pub fn new(metadata: &Metadata) -> Result<Self> {
        let template = metadata.opt_string("tokenizer.chat_template")?;
        let template =
            template.map_or(0, |source| TEMPLATE + TEMPLATE_SOURCE * source.len() as u64);
        let (tokenizer, reading) = text::host_bytes(metadata)?;
        Ok(Self {
            held: tokenizer + template,
            reading: reading.max(tokenizer + template),
        })
    }
}

/// Adds up what the host holds.
pub(crate) fn estimate(
    checkpoint: &Checkpoint,
    text: TextBytes,
    config: &Config,
    plans: &[Plan],
    weights: &WeightList,
    memory: &MemoryPlan,
) -> HostMemory {
    let dispatches = || plans.iter().flat_map(Plan::dispatches);
    let shaders: std::collections::HashSet<_> = dispatches().map(|d| d.shader).collect();
    let count = dispatches().count() as u64;
    let session = &memory.session;
    let context = session.ids / 4;
    let held = plans.iter().map(plan_bytes).sum::<u64>()
        + list_bytes(weights)
        + stream_bytes(weights, memory)
        + checkpoint.header_bytes();
    // A handle of each pipeline for each dispatch; weights, slots, params and the ring.
    let buffers = (memory.weights.len() + memory.slots.len()) as u64 + 1 + 3;
    let texts: u64 = shaders.iter().map(longest_text).sum();
    let device = texts * PIPELINE_TEXT + count * 8 + buffers * BUFFER;
    let chunk = largest_chunk(weights, memory.staging);
    // The params of all dispatches pass in one piece.
    let loading = (LOADING as u64 * chunk).max(memory.params) + COMPILING;
    let logits = config.vocabulary as u64 * SAMPLING;
    let read_back = session.readback + logits.max(session.readback);
    let streamed = match memory.streamed_layers {
        0 => 0,
        _ => STREAMING as u64 * chunk,
    };
    let stepping = read_back + 2 * session.step + ENCODING + context * PROMPT + streamed;
    HostMemory {
        text: text.held + Tokenizer::SEEN,
        plans: held,
        device,
        session: context * (4 + RUN)
            + count * BIND_GROUP
            + (2 * session.keys.len() as u64 + 5) * BUFFER,
        passing: loading.max(stepping),
        reading: held + text.reading,
        trying: text.held + held + device + TRYING,
    }
}

/// Bytes of a shader's text by the variant that has the most: the plan does not know which will be played.
fn longest_text(shader: &Shader) -> u64 {
    let texts = shader.programs().map(|program| program.source().len());
    texts.max().unwrap_or(0) as u64
}

/// The lists of chunks in which streamed layers come.
fn stream_bytes(list: &WeightList, memory: &MemoryPlan) -> u64 {
    let streamed = &list.layers[list.layers.len() - memory.streamed_layers..];
    let weights = streamed
        .iter()
        .flat_map(|layer| &list.weights[layer.clone()]);
    let chunks: u64 = weights
        .map(|weight| chunk_count(weight, memory.staging))
        .sum();
    chunks * size_of::<Chunk>() as u64
}

fn plan_bytes(plan: &Plan) -> u64 {
    let tensors = plan.tensors.iter().map(|tensor| tensor.name.capacity());
    let segments = plan
        .segments
        .iter()
        .map(|segment| segment.dispatches.capacity() * size_of::<crate::plan::Dispatch>());
    let dispatches = plan.dispatches().map(|dispatch| {
        dispatch.label.capacity()
            + dispatch.params.capacity()
            + dispatch.tensors.capacity() * size_of::<crate::plan::TensorId>()
    });
    let own = plan.tensors.capacity() * size_of::<crate::plan::Tensor>()
        + plan.segments.capacity() * size_of::<crate::plan::Segment>();
    (own + tensors.chain(segments).chain(dispatches).sum::<usize>()) as u64
}

fn list_bytes(list: &WeightList) -> u64 {
    let weights = list.weights.iter().map(|weight| {
        let sources = weight.sources.iter().map(|source| source.tensor.capacity());
        weight.name.capacity()
            + weight.sources.capacity() * size_of::<crate::weights::Source>()
            + sources.sum::<usize>()
    });
    let own = list.weights.capacity() * size_of::<crate::weights::Weight>()
        + list.layers.capacity() * size_of::<std::ops::Range<usize>>();
    (own + weights.sum::<usize>()) as u64
}
