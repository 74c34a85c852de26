//! Every row of every matrix goes through exactly one dispatch of a token, and its result to exactly one place.

use std::collections::BTreeMap;
use std::ops::Range;

use lorgnette::plan::{Dispatch, Home, Plan};
use lorgnette_shaders::Step;
use lorgnette_shaders::kernels::{embed, matmul, matvec, matvec_add, matvec_gate, matvec_norm};
use lorgnette_shaders::weights::{BLOCK, Texels};

use super::{Paper, papers};

/// What a dispatch says of the weights that it reads.
struct Matrix {
    weight: usize,
    rows: usize,
    blocks: usize,
    planes: [u32; 4],
    /// First row in the embedding, or first element of the result.
    first: usize,
}

fn matrix(plan: &Plan, dispatch: &Dispatch) -> Option<Matrix> {
    let (rows, blocks, planes, first) = match dispatch.shader.kernel.name {
        "embed" => {
            let p: embed::Params = bytemuck::pod_read_unaligned(&dispatch.params);
            (p.rows, p.blocks, p.planes, p.first)
        }
        "matvec" => {
            let p: matvec::Params = bytemuck::pod_read_unaligned(&dispatch.params);
            (p.rows, p.blocks, p.planes, p.out_offset)
        }
        "matvec_norm" => {
            let p: matvec_norm::Params = bytemuck::pod_read_unaligned(&dispatch.params);
            (p.rows, p.blocks, p.planes, p.out_offset)
        }
        "matvec_gate" => {
            let p: matvec_gate::Params = bytemuck::pod_read_unaligned(&dispatch.params);
            (p.rows, p.blocks, p.planes, 0)
        }
        "matvec_add" => {
            let p: matvec_add::Params = bytemuck::pod_read_unaligned(&dispatch.params);
            (p.rows, p.blocks, p.planes, 0)
        }
        "matmul" => {
            let p: matmul::Params = bytemuck::pod_read_unaligned(&dispatch.params);
            let out = plan.tensor(dispatch.tensors[2]);
            assert_eq!(
                u64::from(p.out_stride) * 4,
                out.row_bytes,
                "{}",
                dispatch.label
            );
            (p.rows, p.blocks, p.planes, p.out_offset)
        }
        _ => return None,
    };
    let Home::Weight(weight) = plan.tensor(dispatch.tensors[0]).home else {
        panic!("{} reads no weights", dispatch.label)
    };
    let [rows, blocks, first] = [rows, blocks, first].map(|n| n as usize);
    Some(Matrix {
        weight,
        rows,
        blocks,
        planes,
        first,
    })
}

fn covers_once(mut ranges: Vec<Range<u64>>, rows: u64) -> bool {
    ranges.sort_by_key(|range| range.start);
    let mut end = 0;
    for range in ranges {
        if range.start != end || range.end <= range.start {
            return false;
        }
        end = range.end;
    }
    end == rows
}

/// Rows of the file's tensors, by the kernels that read them: `embed` or a product.
fn reads(paper: &Paper, plan: &Plan) -> BTreeMap<(String, bool), Vec<Range<u64>>> {
    let mut reads: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for dispatch in plan.dispatches() {
        let Some(matrix) = matrix(plan, dispatch) else {
            continue;
        };
        let weight = &paper.blueprint.weights.weights[matrix.weight];
        let label = format!("{} {}", paper.name, dispatch.label);
        assert_eq!(
            (matrix.rows, matrix.blocks * BLOCK),
            (weight.rows, weight.cols),
            "{label}"
        );
        assert_eq!(
            dispatch.shader.parts.weights,
            Some(weight.format),
            "{label}"
        );
        let layout = weight.format.layout(weight.rows, weight.cols);
        assert_eq!(
            (matrix.planes, weight.bytes),
            (layout.planes, Texels::holding(layout.bytes).bytes()),
            "{label}"
        );
        let gather = dispatch.shader.kernel.name == "embed";
        for source in &weight.sources {
            let key = (source.tensor.clone(), gather);
            reads.entry(key).or_default().push(source.rows.clone());
        }
    }
    reads
}

#[test]
fn every_row_is_read_once() {
    for paper in papers() {
        for plan in &paper.blueprint.plans {
            let mut reads = reads(&paper, plan);
            for tensor in paper.checkpoint.tensors().iter().filter(|t| t.rows > 1) {
                let name = format!("{} {}: {}", paper.name, plan.name, tensor.name);
                let mut once = |gather: bool| {
                    let ranges = reads.remove(&(tensor.name.clone(), gather));
                    let ranges = ranges.unwrap_or_else(|| panic!("{name} is not read"));
                    assert!(
                        covers_once(ranges.clone(), tensor.rows),
                        "{name}: {ranges:?}"
                    );
                };
                let embedding = tensor.name == "token_embd.weight";
                let tied = paper.checkpoint.tensor("output.weight").is_none();
                if embedding {
                    once(true);
                }
                if !embedding || tied {
                    once(false);
                }
            }
            assert!(
                reads.is_empty(),
                "{}: and nothing else: {reads:?}",
                paper.name
            );
        }
    }
}

/// Elements of a row of a product's result: of the stream, those in front of what its norm needs.
fn written(paper: &Paper, plan: &Plan, dispatch: &Dispatch) -> u64 {
    let out = plan.tensor(dispatch.tensors[2]);
    match out.name.as_str() {
        "x" => paper.blueprint.config.width as u64,
        _ => out.row_bytes / 4,
    }
}

/// Dispatches of one label write the columns of their result once, side by side.
#[test]
fn every_result_is_written_once() {
    for paper in papers() {
        for plan in &paper.blueprint.plans {
            let mut writes: BTreeMap<(&str, u64, bool), Vec<Range<u64>>> = BTreeMap::new();
            let mut embedded = Vec::new();
            for dispatch in plan.dispatches() {
                let Some(matrix) = matrix(plan, dispatch) else {
                    continue;
                };
                let range = matrix.first as u64..(matrix.first + matrix.rows) as u64;
                if dispatch.shader.kernel.name == "embed" {
                    embedded.push(range);
                } else {
                    let cols = written(&paper, plan, dispatch);
                    let range = match dispatch.shader.kernel.name {
                        // Gate and up make one result.
                        "matvec_gate" => 0..cols,
                        _ => range,
                    };
                    // Where the gate is made apart, SwiGLU goes over it once more.
                    let gate = dispatch.shader.kernel.name == "matvec_gate";
                    let key = (dispatch.label.as_str(), cols, gate);
                    writes.entry(key).or_default().push(range);
                }
            }
            let vocabulary = paper.blueprint.config.vocabulary as u64;
            assert!(covers_once(embedded.clone(), vocabulary), "{embedded:?}");
            let config = &paper.blueprint.config;
            for ((label, cols, _), ranges) in writes {
                // Behind the values is room for shifted queries or partial sums, which no weights make.
                let made = (config.heads + 2 * config.kv_heads) * config.head_size;
                let cols = match label.ends_with(" qkv") {
                    true => made as u64,
                    false => cols,
                };
                assert!(
                    covers_once(ranges.clone(), cols),
                    "{label}: {ranges:?} of {cols}"
                );
            }
        }
    }
}

#[test]
fn bytes_are_those_of_the_file() {
    for paper in papers() {
        let tensors = paper.checkpoint.tensors().iter();
        let file: u64 = tensors
            .filter(|t| t.name != "rope_freqs.weight")
            .map(|t| t.bytes)
            .sum();
        let gpu = paper.blueprint.memory.weights_bytes();
        assert!(gpu >= file, "{}: {gpu} for {file}", paper.name);
        assert!(gpu * 100 <= file * 103, "{}: {gpu} for {file}", paper.name);
    }
}

/// Grid times rows: a row of a matrix belongs to one workgroup, whatever the rows of the step, so that a chunk reads every
/// byte of the weights once.
#[test]
fn a_chunk_reads_every_byte_once() {
    for paper in papers() {
        for plan in &paper.blueprint.plans {
            for count in 1..=plan.rows {
                let step = Step::new(3, count);
                for dispatch in plan.dispatches() {
                    let Some(matrix) = matrix(plan, dispatch) else {
                        continue;
                    };
                    let kernel = dispatch.shader.kernel;
                    let [x, y, _] = dispatch.grid(&kernel.variants[0], &step);
                    let label = format!("{} {} {count}", paper.name, dispatch.label);
                    if kernel.name == "embed" {
                        continue;
                    }
                    assert_eq!(y, 1, "{label}: rows of the step share a workgroup");
                    assert!(x as usize <= matrix.rows.div_ceil(16), "{label}: {x}");
                }
            }
        }
    }
}
