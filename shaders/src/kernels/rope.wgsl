// Rotary position embedding (Su et al., 2021) in place, on the first `heads` heads of each row. The angles come as a
// table of (cos, sin) made in f64 on the host: WGSL promises little of sin and cos of large numbers. One lane two
// pairs.
//
// Where positions have left the cache, the queries are rotated a second time, as if at a position that is less by
// `dropped`, into the end of the row: those meet the kept keys. Their angles follow those of the step's rows.
struct Params {
    // Query heads and key heads together: they lie side by side.
    heads: u32,
    // Head size / 4.
    quads: u32,
    // Row length / 4.
    stride: u32,
    // Query heads.
    queries: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> angles: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> qkv: array<vec4<f32>>;

@compute @workgroup_size(64)
fn rope(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = group.x * 64u + lane;
    if i >= params.heads * params.quads {
        return;
    }
    let at = group.y * params.stride + i;
    let v = qkv[at];
    qkv[at] = rotate(v, angles[group.y * params.quads + i % params.quads]);
    let queries = params.queries * params.quads;
    if step.dropped > 0u && i < queries {
        let angle = angles[(step.count + group.y) * params.quads + i % params.quads];
        qkv[at + params.stride - queries] = rotate(v, angle);
    }
}
