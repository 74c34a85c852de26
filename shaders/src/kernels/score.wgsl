// What a row of logits says: the greedy id, its logit, log(sum(exp(logits))), and the logit of the id that really came
// next. 16 bytes a row come back instead of the logits. One workgroup a row.
const WORKGROUP: u32 = 256u;

struct Params {
    vocabulary: u32,
    // Positions share words of `ids` round a ring of this many.
    ids: u32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<u32>>;

@compute @workgroup_size(256)
fn score(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first = group.x * params.vocabulary;
    let best = reduce_best(best_of_lane(first, params.vocabulary, lane), lane);
    var sum = 0.0;
    for (var i = lane; i < params.vocabulary; i += WORKGROUP) {
        sum += exp(logits[first + i] - best.value);
    }
    let total = reduce_add(sum, lane, WORKGROUP);
    if lane == 0u {
        let next = min(ids[(step.position + group.x + 1u) % params.ids], params.vocabulary - 1u);
        let id = select(best.index, 0xffffffffu, best.broken != 0u);
        out[group.x] = vec4<u32>(
            id,
            bitcast<u32>(best.value),
            bitcast<u32>(best.value + log(total)),
            bitcast<u32>(logits[first + next]),
        );
    }
}
