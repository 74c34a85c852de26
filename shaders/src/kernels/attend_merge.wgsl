// Joins what the splits of attend_split left of a query head of a row: brought to one scale, added in the order of their
// positions, and divided by the total. Heads that the cache has turned are turned back. One lane a quad of the head.
const LANES: u32 = 32u;

struct Params {
    // Query heads.
    heads: u32,
    // Head size / 4: 8, 16 or 32.
    quads: u32,
    // Row length of qkv / 4.
    stride: u32,
    // Where the partial sums start in a row of qkv, / 4.
    partials: u32,
    // Positions of a split.
    span: u32,
    // 1 / sqrt(head size) where the cache has its heads turned, else 0.
    turn: f32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4<f32>>;

var<workgroup> merged: array<vec4<f32>, LANES>;

@compute @workgroup_size(32)
fn attend_merge(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let splits = (step.position + group.y - step.dropped) / params.span + 1u;
    let size = params.quads + 1u;
    let first = group.y * params.stride + params.partials + group.x * size;
    let start = (group.y * params.heads + group.x) * params.quads;
    var result = vec4<f32>();
    if lane < params.quads {
        var highest = LOWEST;
        for (var i = 0u; i < splits; i++) {
            highest = max(highest, qkv[first + i * params.heads * size + params.quads].x);
        }
        var total = 0.0;
        for (var i = 0u; i < splits; i++) {
            let at = first + i * params.heads * size;
            let of_split = qkv[at + params.quads].xy;
            let share = exp(of_split.x - highest);
            total += share * of_split.y;
            result += share * qkv[at + lane];
        }
        result /= total;
        if params.turn == 0.0 {
            out[start + lane] = result;
        }
    }
    if params.turn != 0.0 {
        merged[lane] = result;
        workgroupBarrier();
        if lane < (params.quads >> 3u) {
            var x: array<vec4<f32>, 8>;
            for (var other = 0u; other < (params.quads >> 3u); other++) {
                let at = other * 8u;
                x = turn_add(x, turn_sign(lane, other, params.turn), array<vec4<f32>, 8>(
                    merged[at], merged[at + 1u], merged[at + 2u], merged[at + 3u],
                    merged[at + 4u], merged[at + 5u], merged[at + 6u], merged[at + 7u],
                ));
            }
            let y = turn_block(x);
            let at = start + lane * 8u;
            out[at] = y[0];
            out[at + 1u] = y[1];
            out[at + 2u] = y[2];
            out[at + 3u] = y[3];
            out[at + 4u] = y[4];
            out[at + 5u] = y[5];
            out[at + 6u] = y[6];
            out[at + 7u] = y[7];
        }
    }
}
