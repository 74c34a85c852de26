// The largest logit of every slice of 256 tokens and its id, the lowest on a tie; 0xffffffff for the id where a logit is
// not finite. One workgroup a slice: few lanes, as the last step of the reduction is each one's own.
const WORKGROUP: u32 = 64u;
const SLICE: u32 = 256u;

struct Params {
    vocabulary: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read_write> out: array<vec2<u32>>;

@compute @workgroup_size(64)
fn peaks(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let first = group.x * SLICE;
    let best = reduce_best(best_of_lane(first, min(SLICE, params.vocabulary - first), lane), lane);
    if lane == 0u {
        let peak = vec2<u32>(bitcast<u32>(best.value), first + best.index);
        out[group.x] = select(peak, vec2<u32>(0u, 0xffffffffu), best.broken != 0u);
    }
}
