//! Streamed layers on paper: which segment needs which, and which weights share a buffer.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lorgnette::formats::Checkpoint;
use lorgnette::plan::{Dispatch, Home, Plan};
use lorgnette::synth::{SynthShape, synth};
use lorgnette::{Blueprint, LoadOptions, WeightFormat};

use super::COMMON;

const LAYERS: usize = 7;

/// A model of seven layers.
fn tall() -> Checkpoint {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    let path = FILE.get_or_init(|| {
        let shape = SynthShape {
            layers: LAYERS as u32,
            dim: 64,
            ffn: 96,
            heads: 2,
            kv_heads: 1,
            head_dim: 32,
            vocabulary: 300,
            ..SynthShape::like("llama-3.2-1b").expect("a known shape")
        };
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan-tall.gguf");
        synth(&shape, WeightFormat::Q4_0, 1, &path, &mut |_, _| ()).expect("a file");
        path
    });
    Checkpoint::open(path).expect("opens")
}

fn blueprint(streamed_layers: usize, limit: u64) -> Blueprint {
    let options = LoadOptions {
        streamed_layers,
        ..Default::default()
    };
    Blueprint::new(&tall(), &options, limit).expect("fits")
}

/// The streamed layer, if it is one, whose weights a dispatch reads.
fn reads(blueprint: &Blueprint, plan: &Plan, dispatch: &Dispatch) -> Option<usize> {
    let resident = LAYERS - blueprint.memory.streamed_layers;
    let layers = &blueprint.weights.layers[resident..];
    let weights = dispatch
        .tensors
        .iter()
        .filter_map(|id| match plan.tensor(*id).home {
            Home::Weight(weight) => Some(weight),
            _ => None,
        });
    let found = weights.map(|weight| layers.iter().position(|layer| layer.contains(&weight)));
    found.flatten().next()
}

#[test]
fn a_segment_needs_the_layer_that_it_reads() {
    for streamed in 0..=LAYERS {
        let blueprint = blueprint(streamed, COMMON);
        for plan in &blueprint.plans {
            let mut needed = Vec::new();
            let mut at = 0;
            for (index, segment) in plan.segments.iter().enumerate() {
                needed.extend(segment.needs);
                for dispatch in &segment.dispatches {
                    let read = reads(&blueprint, plan, dispatch);
                    assert!(
                        read.is_none() || read == segment.needs,
                        "{streamed} {}: {} reads {read:?}, its segment needs {:?}",
                        plan.name,
                        dispatch.label,
                        segment.needs
                    );
                    assert_eq!(plan.needs(at), segment.needs);
                    at += 1;
                }
                let behind = plan.segments[index + 1..].iter().find_map(|s| s.needs);
                let next = behind.or((streamed > 0).then_some(0));
                assert_eq!(plan.needs_behind(index), next, "{streamed} {}", plan.name);
            }
            assert_eq!(plan.needs(at), None);
            let each: Vec<usize> = (0..streamed).collect();
            assert_eq!(needed, each, "{} needs each once, in order", plan.name);
        }
        assert_eq!(blueprint.plans[0].segments.len(), 1 + streamed);
        assert_eq!(
            blueprint.plans[1].segments.len(),
            LAYERS + 1 + usize::from(streamed == LAYERS)
        );
    }
}

/// Weights share a buffer only with those of every other streamed layer, and each has room.
#[test]
fn two_slots() {
    for limit in [COMMON, 4 << 10] {
        for streamed in 0..=LAYERS {
            let blueprint = blueprint(streamed, limit);
            let (memory, list) = (&blueprint.memory, &blueprint.weights);
            assert_eq!(list.layers.len(), LAYERS);
            let resident = LAYERS - streamed;
            let mut used: BTreeMap<usize, Vec<Option<usize>>> = BTreeMap::new();
            for (weight, buffer) in memory.weight_buffers.iter().enumerate() {
                assert!(memory.weights[*buffer] >= list.weights[weight].bytes);
                let layer = list.layers.iter().position(|l| l.contains(&weight));
                let index = layer.and_then(|layer| layer.checked_sub(resident));
                used.entry(*buffer).or_default().push(index);
            }
            assert_eq!(used.len(), memory.weights.len(), "every buffer is used");
            for (buffer, layers) in used {
                if layers.len() == 1 {
                    continue;
                }
                let indices: Vec<usize> = layers.iter().copied().flatten().collect();
                assert_eq!(indices.len(), layers.len(), "{buffer}: {layers:?}");
                let slot = indices[0] % 2;
                assert!(indices.iter().all(|index| index % 2 == slot), "{indices:?}");
                let mut different = indices.clone();
                different.dedup();
                assert_eq!(different, indices, "two weights of a layer in {buffer}");
            }
        }
    }
}

/// Layers of one type: both slots are as large as a layer.
#[test]
fn all_but_two_layers_are_saved() {
    let layer: u64 = {
        let blueprint = blueprint(0, COMMON);
        let weights = &blueprint.weights;
        let own = &weights.weights[weights.layers[0].clone()];
        own.iter().map(|weight| weight.bytes).sum()
    };
    let whole = blueprint(0, COMMON).memory.weights_bytes();
    for streamed in 2..=LAYERS {
        let held = blueprint(streamed, COMMON).memory.weights_bytes();
        assert_eq!(whole - held, (streamed as u64 - 2) * layer, "{streamed}");
    }
    assert_eq!(blueprint(1, COMMON).memory.weights_bytes(), whole);
}
