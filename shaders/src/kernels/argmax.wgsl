// The next id, greedily: the index of the largest logit, the lowest on a tie, written behind the id of its row. Where a
// logit is not finite, 0xffffffff is written instead: the host makes an error of it. One workgroup a row.
const WORKGROUP: u32 = 256u;

struct Params {
    vocabulary: u32,
    // Positions share words of `ids` round a ring of this many.
    ids: u32,
    // Not zero: there are logits of every row of the step, not of its last one only.
    all_rows: u32,
    unused: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read_write> ids: array<u32>;

@compute @workgroup_size(256)
fn argmax(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let best = reduce_best(best_of_lane(group.x * params.vocabulary, params.vocabulary, lane), lane);
    if lane == 0u {
        let row = select(step.count - 1u, group.x, params.all_rows != 0u);
        ids[(step.position + row + 1u) % params.ids] = select(best.index, 0xffffffffu, best.broken != 0u);
    }
}
