//! What is dispatched: how often, in how many segments, and how large the logits are.

use lorgnette::formats::Checkpoint;
use lorgnette::{Blueprint, KvFormat, LoadOptions, WeightFormat};
use lorgnette_shaders::Step;
use lorgnette_shaders::kernels::attend_split;

use super::{COMMON, QUANTS, checkpoint, papers, plan};

/// Runs of one format among tensors that are joined by row.
fn runs(checkpoint: &Checkpoint, names: &[String]) -> usize {
    let format = |name: &String| checkpoint.tensor(name).expect("a tensor").format;
    let mut formats: Vec<WeightFormat> = names.iter().map(format).collect();
    formats.dedup();
    formats.len()
}

/// Decode: products with norms and SwiGLU in them, attention and the joining of its splits. Prefill: rotation, two
/// norms and SwiGLU more, and a norm in front of the head for what decode does behind the embedding.
#[test]
fn decode_is_six_dispatches_a_layer_and_prefill_ten_and_four_more() {
    let mut mixed = 0;
    for quant in QUANTS {
        let checkpoint = checkpoint(quant);
        let blueprint = Blueprint::new(&checkpoint, &LoadOptions::default(), COMMON).expect("fits");
        let (mut decode, mut prefill) = (4, 4);
        for layer in 0..blueprint.config.layers {
            let names = |parts: &[&str]| -> Vec<String> {
                let name = |part: &&str| format!("blk.{layer}.{part}.weight");
                parts.iter().map(name).collect()
            };
            let qkv = runs(&checkpoint, &names(&["attn_q", "attn_k", "attn_v"]));
            let gate_up = runs(&checkpoint, &names(&["ffn_gate", "ffn_up"]));
            mixed += qkv + gate_up - 2;
            decode += 6 + (qkv - 1) + (gate_up - 1);
            prefill += 10 + (qkv - 1) + (gate_up - 1);
        }
        for (name, expected) in [("decode", decode), ("prefill", prefill)] {
            let greedy = Step::new(0, 1);
            let all = plan(&blueprint, name).dispatches();
            let found = all.filter(|dispatch| dispatch.is_played(&greedy)).count();
            assert_eq!(found, expected, "{quant} {name}");
        }
    }
    assert!(
        mixed > 0,
        "one of the models mixes formats in a joined matrix"
    );
}

/// With shards, as many more as there are more pieces; where a shard's edge keeps SwiGLU or a norm out of a product, it is a
/// dispatch of its own.
#[test]
fn every_further_piece_is_one_dispatch() {
    for paper in papers() {
        let blueprint = &paper.blueprint;
        let layers = blueprint.config.layers;
        let fused = !paper.name.ends_with("fused false");
        let turned = if blueprint.kv == KvFormat::Q4_0 { 2 } else { 0 };
        for name in ["decode", "prefill", "score", "few"] {
            let of = |kernels: &[&str]| -> usize {
                let dispatches = plan(blueprint, name).dispatches();
                let named = dispatches.filter(|d| kernels.contains(&d.shader.kernel.name));
                named.count()
            };
            let products = [
                "matvec",
                "matvec_norm",
                "matvec_gate",
                "matvec_add",
                "matmul",
            ];
            let matrices = of(&products) + of(&["embed"]);
            assert!(matrices >= layers * 4 + 2, "{} {name}", paper.name);
            let apart = of(&["swiglu"]) + of(&["scale"]);
            // Without the matrices: rope, kv_write and attend, heads turned there and back for a cache that wants them so,
            // or all that in two; argmax, peaks and choose, of which a step plays what it needs (or score, or argmax alone).
            let carried = fused && ["decode", "few"].contains(&name);
            let attention = match carried {
                true => 2,
                false => 3 + turned,
            };
            let mut rest = layers * attention
                + if ["decode", "prefill"].contains(&name) {
                    3
                } else {
                    1
                };
            if carried {
                // Behind the embedding, and what several rows or a shard keep apart.
                let all = 1 + 3 * layers;
                let whole = name == "decode" && matrices == layers * 4 + 2;
                let expected = match name {
                    "few" => all..=all,
                    _ if whole => 1..=1,
                    _ => 1..=all,
                };
                assert!(expected.contains(&apart), "{} {name}: {apart}", paper.name);
                rest += apart;
            } else {
                // Two norms and SwiGLU, the norm in front of the head, and two additions where they are not fused.
                rest += layers * if fused { 3 } else { 5 } + 1;
            }
            let found = plan(blueprint, name).dispatches().count();
            assert_eq!(found, rest + matrices, "{} {name}", paper.name);
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

/// Keys and values are read once for all the query heads that share them: a column of workgroups for each key head, with a
/// workgroup for each split of the positions.
#[test]
fn a_token_attends_in_one_column_for_each_key_head() {
    let mut seen = 0;
    for paper in papers() {
        let config = &paper.blueprint.config;
        for dispatch in plan(&paper.blueprint, "decode").dispatches() {
            if dispatch.shader.kernel.name != "attend_split" {
                continue;
            }
            for position in [0, paper.blueprint.context - 1] {
                let step = Step::new(position, 1);
                let [x, y, z] = dispatch.grid(dispatch.shader.wanted().variant, &step);
                let splits = (position + 1).div_ceil(attend_split::span(paper.blueprint.context));
                let expected = [config.kv_heads as u32, splits, 1];
                assert_eq!([x, y, z], expected, "{}", paper.name);
                seen += 1;
            }
        }
    }
    assert!(seen > 0, "decode attends in splits");
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
