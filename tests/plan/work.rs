//! What a token must cost, counted from the plan: the same however it is recorded, and what the file's shapes say.

use lorgnette::{Blueprint, KvFormat, LoadOptions, Work};

use super::{COMMON, QUANTS, checkpoint};

fn blueprint(quant: &str, kv: KvFormat, fused: bool) -> Blueprint {
    let options = LoadOptions {
        kv,
        fused,
        ..Default::default()
    };
    Blueprint::new(&checkpoint(quant), &options, COMMON).expect("fits")
}

#[test]
fn fused_or_not_a_token_costs_the_same() {
    for quant in QUANTS {
        for kv in KvFormat::ALL {
            let [fused, apart] = [true, false].map(|fused| blueprint(quant, kv, fused));
            for position in [0, 1, 77, 300] {
                let [fused, apart] = [&fused, &apart].map(|paper| paper.decode_work(position));
                assert_eq!(fused, apart, "{quant} {kv:?} at {position}");
            }
        }
    }
}

/// Two operations for each weight of every matrix but the embedding's rows, and four for each element of the queries and
/// each position that they meet.
#[test]
fn operations_are_those_of_the_shapes() {
    for quant in QUANTS {
        let file = checkpoint(quant);
        let paper = blueprint(quant, KvFormat::F16, true);
        let tied = file.tensor("output.weight").is_none();
        let tensors = file.tensors().iter();
        let matrices = tensors.filter(|t| t.rows > 1 && (tied || t.name != "token_embd.weight"));
        let weights: u64 = matrices.map(|t| t.rows * t.cols).sum();
        let config = &paper.config;
        let queries = (config.layers * config.heads * config.head_size) as u64;
        for position in [0u32, 5, 200] {
            let Work { operations, .. } = paper.decode_work(position);
            let expected = 2 * weights + 4 * queries * u64::from(position + 1);
            assert_eq!(operations, expected, "{quant} at {position}");
        }
        let prompt: u64 = (1..=9).map(|seen| 4 * queries * seen).sum();
        let head = (config.vocabulary * config.width) as u64;
        // The head makes one row.
        let expected = 2 * (9 * (weights - head) + head) + prompt;
        assert_eq!(paper.prefill_work(9).operations, expected, "{quant}");
    }
}
