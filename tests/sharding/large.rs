//! A model of Llama 3.2 1B's shape: its embedding is larger than 128 MiB, which is all that many devices can bind, and a
//! texture hold. The GPU's logits, out of pieces, against the plain references'; that pieces give what a whole gives is for
//! the tiny models.

use lorgnette::plan::{Rows, Tensor};
use lorgnette::synth::{SynthShape, synth};
use lorgnette::{Adapter, KvFormat, LoadOptions, Model, Runtime, WeightFormat};
use lorgnette_tests::{Scratch, free_bytes, load, own_runtime, skipped};

use super::pieces;

const LIMIT: u64 = 128 << 20;

/// The first row of each piece of the head, and the row behind the last.
fn edges(model: &Model) -> Vec<usize> {
    let plan = &model.blueprint().plans[0];
    let rows = |tensor: &Tensor| match tensor.rows {
        Rows::Fixed(rows) => rows as usize,
        _ => panic!("weights have as many rows as they have"),
    };
    let mut edges = vec![0];
    for dispatch in plan.dispatches().filter(|d| d.label == "output") {
        edges.push(edges[edges.len() - 1] + rows(plan.tensor(dispatch.tensors[0])));
    }
    edges
}

/// First, last, both sides of each edge, and others spread between them: 64 different rows.
fn chosen_rows(edges: &[usize]) -> Vec<usize> {
    let vocabulary = edges[edges.len() - 1];
    let beside = edges
        .iter()
        .flat_map(|edge| [edge.saturating_sub(1), *edge]);
    let mut rows: Vec<usize> = beside.filter(|row| *row < vocabulary).collect();
    rows.sort_unstable();
    rows.dedup();
    let mut spread = (0..).map(|i| (i * 50_021 + 17) % vocabulary);
    while rows.len() < 64 {
        let row = spread.next().expect("it has no end");
        if !rows.contains(&row) {
            rows.push(row);
        }
    }
    rows
}

/// Logits behind `ids`, which go through the model one by one: a prefill would cost the same for 32.
fn logits(runtime: &Runtime, path: &Scratch, ids: &[u32]) -> (Vec<f32>, Vec<usize>, usize) {
    let options = LoadOptions {
        context: Some(16),
        kv: KvFormat::F32,
        ..Default::default()
    };
    let model = load(runtime, path, &options);
    let mut session = model.session().expect("a session");
    let mut logits = Vec::new();
    for length in 1..=ids.len() {
        logits = session.logits(&ids[..length]).expect("logits");
    }
    let embedding = pieces(model.blueprint(), "token_embd");
    (logits, edges(&model), embedding)
}

#[test]
fn the_head_of_a_1b_model() {
    let test = "the_head_of_a_1b_model";
    match free_bytes() {
        Some(free) if free > 3 << 30 => {}
        Some(free) => return skipped(test, &format!("{free} bytes are free, 3 GiB needed")),
        None => return skipped(test, "`df` does not say how much is free"),
    }
    let shape = SynthShape {
        head: Some(WeightFormat::Q4_0),
        ..SynthShape::like("llama-3.2-1b").expect("a known shape")
    };
    let path = Scratch::new("1b.gguf");
    synth(&shape, WeightFormat::Q4_0, 1, path.as_ref(), &mut |_, _| ()).expect("written");
    // The last token's row is in the last piece of the embedding, the other's in the first.
    let ids = [shape.vocabulary - 1, 5];
    let gpu = own_runtime(Adapter::Auto, Some(LIMIT));
    let (found, edges, embedding) = logits(&gpu, &path, &ids);
    let cpu = own_runtime(Adapter::Cpu, Some(u64::MAX));
    let (expected, of_references, _) = logits(&cpu, &path, &ids);
    assert!(embedding > 1, "the embedding is in {embedding} piece");
    assert!(edges.len() > 2, "the head has edges: {edges:?}");
    assert_eq!(of_references, edges, "whatever could be bound");
    let rows = chosen_rows(&edges);
    assert_eq!(rows.len(), 64);
    let spread = expected
        .iter()
        .fold(0.0f32, |most, logit| most.max(logit.abs()));
    assert!(spread > 0.1, "logits to compare: the largest is {spread}");
    let mut largest = 0.0f32;
    for row in rows {
        let distance = (found[row] - expected[row]).abs();
        largest = largest.max(distance);
        assert!(
            distance <= 1e-3,
            "row {row} at edges {edges:?}: {} for {}",
            found[row],
            expected[row]
        );
    }
    println!("edges {edges:?}, logits up to {spread:.2}, max |d| {largest:.2e}");
}
