// RMSNorm (Zhang and Sennrich, 2019): out = x / sqrt(mean(x^2) + epsilon) * gain. One workgroup a row.
const WORKGROUP: u32 = 64u;

struct Params {
    // Columns / 4.
    quads: u32,
    // 1: only the step's last row, written as row 0.
    last_only: u32,
    epsilon: f32,
    unused: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> out: array<vec4<f32>>;

@compute @workgroup_size(64)
fn rms_norm(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = select(group.x, step.count - 1u, params.last_only == 1u);
    let source = row * params.quads;
    let to = group.x * params.quads;
    var squares = 0.0;
    for (var i = lane; i < params.quads; i += WORKGROUP) {
        let v = x[source + i];
        squares += dot(v, v);
    }
    let mean = reduce_add(squares, lane, WORKGROUP) / f32(params.quads * 4u);
    let scale = inverseSqrt(mean + params.epsilon);
    for (var i = lane; i < params.quads; i += WORKGROUP) {
        out[to + i] = x[source + i] * scale * gain[i];
    }
}
