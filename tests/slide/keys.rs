//! The keys of layer 0 after a slide, held against keys that this file computes from the weights: embedding, norm, matrix,
//! rotation, all in f64.

use lorgnette::formats::Checkpoint;
use lorgnette::{Adapter, Config, Runtime};
use lorgnette_tests::{data, own_runtime, runtime};

use super::{KEEP, sliding, tiny, tokens};

const CONTEXT: u32 = 64;

struct Layer0 {
    config: Config,
    embeddings: Vec<f32>,
    gain: Vec<f32>,
    queries: Vec<f32>,
    keys: Vec<f32>,
    factors: Vec<f32>,
}

impl Layer0 {
    fn new(config: &Config) -> Self {
        let file = Checkpoint::open(&data("llama3-tiny/q4_0.gguf")).expect("opens");
        let tensor = |name: &str| {
            let tensor = file.tensor(name)?;
            let bytes = file.rows(tensor, 0..tensor.rows);
            Some(tensor.format.dequantize_file(bytes))
        };
        let find = |name: &str| tensor(name).unwrap_or_else(|| panic!("no {name}"));
        Self {
            config: config.clone(),
            embeddings: find("token_embd.weight"),
            gain: find("blk.0.attn_norm.weight"),
            queries: find("blk.0.attn_q.weight"),
            keys: find("blk.0.attn_k.weight"),
            factors: tensor("rope_freqs.weight").unwrap_or(vec![1.0; config.head_size / 2]),
        }
    }

    /// All heads of a token by these rows of weights, not rotated.
    fn heads(&self, matrix: &[f32], id: u32) -> Vec<f64> {
        let width = self.config.width;
        let x = &self.embeddings[id as usize * width..][..width];
        let squares: f64 = x.iter().map(|x| f64::from(*x).powi(2)).sum();
        let norm = (squares / width as f64 + f64::from(self.config.epsilon)).sqrt();
        let x = x.iter().zip(&self.gain);
        let x: Vec<f64> = x
            .map(|(x, gain)| f64::from(*x) / norm * f64::from(*gain))
            .collect();
        let row = |row: &[f32]| row.iter().zip(&x).map(|(w, x)| f64::from(*w) * x).sum();
        matrix.chunks_exact(width).map(row).collect()
    }

    /// Turns heads by so many positions, on from where they are.
    fn turned(&self, heads: &[f64], positions: f64) -> Vec<f64> {
        let pairs = self.config.head_size / 2;
        let turn = |(i, pair): (usize, &[f64])| {
            let i = i % pairs;
            let frequency = f64::from(self.config.rope_base).powf(-(i as f64) / pairs as f64);
            let (sin, cos) = (positions * frequency / f64::from(self.factors[i])).sin_cos();
            [pair[0] * cos - pair[1] * sin, pair[0] * sin + pair[1] * cos]
        };
        heads.chunks_exact(2).enumerate().flat_map(turn).collect()
    }

    fn keys_at(&self, id: u32, position: usize) -> Vec<f64> {
        self.turned(&self.heads(&self.keys, id), position as f64)
    }
}

fn distance(found: &[f64], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let apart = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    apart.fold(0.0, f64::max)
}

fn check(runtime: &Runtime) {
    let model = tiny(runtime, CONTEXT);
    let layer = Layer0::new(model.config());
    let mut session = sliding(&model);
    let ids = tokens(201);
    session.logits(&ids).expect("logits");
    let cached = session.keys(0).expect("keys");
    let width = layer.config.kv_heads * layer.config.head_size;
    assert_eq!(cached.len(), CONTEXT as usize * width);
    let rows: Vec<Vec<f64>> = cached
        .chunks_exact(width)
        .map(|row| row.iter().map(|v| f64::from(*v)).collect())
        .collect();
    let (keep, ring) = (KEEP as usize, (CONTEXT - KEEP) as usize);
    let dropped = ids.len() - CONTEXT as usize;

    // Each row holds the key of the latest position that belongs there, at its own absolute position.
    let mut furthest = 0f64;
    for (row, found) in rows.iter().enumerate() {
        let belongs = |position: &usize| match *position {
            kept if kept < keep => kept == row,
            later => keep + (later - keep) % ring == row,
        };
        let position = (0..ids.len()).rev().find(belongs).expect("a position");
        assert!(
            position < keep || position >= keep + dropped,
            "{position} has left"
        );
        furthest = furthest.max(distance(found, &layer.keys_at(ids[position], position)));
    }
    println!(
        "{}: keys in place, max |d| {furthest:.1e}",
        runtime.adapter().name
    );
    assert!(furthest <= 1e-4, "max |d| {furthest}");

    // Directly before the ring the kept ones would be `dropped` further on: turned by that, they are the keys of there.
    let mut furthest = 0f64;
    let last = ids.len() - 1;
    let queries = layer.heads(&layer.queries, ids[last]);
    let (own, shifted) = (
        layer.turned(&queries, last as f64),
        layer.turned(&queries, (last - dropped) as f64),
    );
    for (position, found) in rows[..keep].iter().enumerate() {
        let there = layer.turned(found, dropped as f64);
        let expected = layer.keys_at(ids[position], position + dropped);
        furthest = furthest.max(distance(&there, &expected));
        // And what the kernels do instead gives the same scores.
        let group = layer.config.heads / layer.config.kv_heads;
        for head in 0..layer.config.heads {
            let size = layer.config.head_size;
            let score = |queries: &[f64], keys: &[f64]| -> f64 {
                let queries = queries[head * size..].iter().take(size);
                queries
                    .zip(&keys[head / group * size..])
                    .map(|(q, k)| q * k)
                    .sum()
            };
            let apart = score(&shifted, found) - score(&own, &expected);
            furthest = furthest.max(apart.abs());
        }
    }
    assert!(furthest <= 1e-3, "max |d| {furthest}");
}

#[test]
fn keys_are_those_of_their_positions() {
    check(runtime());
}

#[test]
fn and_so_by_the_references() {
    check(&own_runtime(Adapter::Cpu, None));
}
