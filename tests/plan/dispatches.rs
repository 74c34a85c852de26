//! What is dispatched: how often, in how many segments, and how large the logits are.

use lorgnette::formats::Checkpoint;
use lorgnette::{Blueprint, KvFormat, LoadOptions, WeightFormat};
use lorgnette_shaders::Step;

use super::{COMMON, QUANTS, checkpoint, papers, plan};

/// Runs of one format among tensors that are joined by row.
fn runs(checkpoint: &Checkpoint, names: &[String]) -> usize {
    let format = |name: &String| checkpoint.tensor(name).expect("a tensor").format;
    let mut formats: Vec<WeightFormat> = names.iter().map(format).collect();
    formats.dedup();
    formats.len()
}

#[test]
fn decode_is_ten_dispatches_a_layer_and_four() {
    let mut mixed = 0;
    for quant in QUANTS {
        let checkpoint = checkpoint(quant);
        let blueprint = Blueprint::new(&checkpoint, &LoadOptions::default(), COMMON).expect("fits");
        let mut expected = 4;
        for layer in 0..blueprint.config.layers {
            let names = |parts: &[&str]| -> Vec<String> {
                let name = |part: &&str| format!("blk.{layer}.{part}.weight");
                parts.iter().map(name).collect()
            };
            let qkv = runs(&checkpoint, &names(&["attn_q", "attn_k", "attn_v"]));
            let gate_up = runs(&checkpoint, &names(&["ffn_gate", "ffn_up"]));
            mixed += qkv + gate_up - 2;
            expected += 10 + (qkv - 1) + (gate_up - 1);
        }
        for name in ["decode", "prefill"] {
            let found = plan(&blueprint, name).dispatches().count();
            assert_eq!(found, expected, "{quant} {name}");
        }
    }
    assert!(
        mixed > 0,
        "one of the models mixes formats in a joined matrix"
    );
}

/// With shards, as many more as there are more pieces; unfused, two more a layer.
#[test]
fn every_further_piece_is_one_dispatch() {
    for paper in papers() {
        let blueprint = &paper.blueprint;
        let matrices = |name: &str| -> usize {
            let products = plan(blueprint, name).dispatches();
            let kernels = ["embed", "matvec", "matmul"];
            products
                .filter(|d| kernels.contains(&d.shader.kernel.name))
                .count()
        };
        let layers = blueprint.config.layers;
        let fused = !paper.name.ends_with("fused false");
        for name in ["decode", "prefill", "score", "few"] {
            // Without the matrices: 6 a layer, output_norm, argmax (or score); two additions where not fused; and heads
            // turned there and back for a cache that wants them so.
            let more =
                if fused { 0 } else { 2 } + if blueprint.kv == KvFormat::Q4_0 { 2 } else { 0 };
            let rest = layers * (6 + more) + 2;
            let found = plan(blueprint, name).dispatches().count();
            assert_eq!(found, rest + matrices(name), "{} {name}", paper.name);
            assert!(matrices(name) >= layers * 4 + 2, "{} {name}", paper.name);
        }
    }
}

#[test]
fn tokens_are_one_segment_and_chunks_one_a_layer() {
    for paper in papers() {
        let segments = |name: &str| plan(&paper.blueprint, name).segments.len();
        assert_eq!(segments("decode"), 1, "{}", paper.name);
        assert_eq!(segments("few"), 1, "{}", paper.name);
        let layers = paper.blueprint.config.layers;
        assert_eq!(segments("prefill"), layers + 1, "{}", paper.name);
        assert_eq!(segments("score"), layers + 1, "{}", paper.name);
    }
}

#[test]
fn logits_are_one_row_but_for_scores_and_drafts() {
    for paper in papers() {
        let vocabulary = paper.blueprint.config.vocabulary as u64;
        for name in ["decode", "prefill"] {
            let plan = plan(&paper.blueprint, name);
            assert_eq!(
                plan.bytes(plan.logits),
                vocabulary * 4,
                "{} {name}",
                paper.name
            );
        }
        let score = plan(&paper.blueprint, "score");
        assert!(score.rows >= 1 && score.rows <= 32, "{}", paper.name);
        let bytes = score.bytes(score.logits);
        assert_eq!(bytes, u64::from(score.rows) * vocabulary * 4);
        assert!(bytes <= 8 << 20, "{}", paper.name);
        let few = plan(&paper.blueprint, "few");
        assert_eq!(few.rows, 8, "{}", paper.name);
        assert_eq!(few.bytes(few.logits), 8 * vocabulary * 4);
        assert_eq!(few.scores, None);
    }
}

#[test]
fn a_step_of_any_size_has_grids_that_every_device_takes() {
    for paper in papers() {
        for plan in &paper.blueprint.plans {
            for count in 1..=plan.rows {
                let step = Step::new(0, count);
                for dispatch in plan.dispatches() {
                    for program in dispatch.shader.programs() {
                        let grid = dispatch.grid(program.variant, &step);
                        let fits = grid.iter().all(|n| (1..=65_535).contains(n));
                        let what = format!("{} {}", dispatch.label, program.label());
                        assert!(fits, "{} {what}: {grid:?}", paper.name);
                    }
                }
            }
        }
    }
}

#[test]
fn a_short_chunk_is_a_small_grid() {
    let mut seen = 0;
    for paper in papers() {
        let plan = plan(&paper.blueprint, "prefill");
        let groups = |count| -> u32 {
            let step = Step::new(0, count);
            let grids = plan
                .dispatches()
                .map(|d| d.grid(d.shader.wanted().variant, &step));
            grids.map(|[x, y, z]| x * y * z).sum()
        };
        // Fewer rows are one tile of a matrix product.
        if plan.rows >= 64 {
            assert!(groups(2) * 2 < groups(plan.rows), "{}", paper.name);
            seen += 1;
        }
    }
    assert!(seen > 0, "no plan is larger than a tile");
}
