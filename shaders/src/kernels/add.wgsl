// out += x, the residual connection where it is not part of a matrix product. One lane four elements.
struct Params {
    // Row length / 4.
    quads: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4<f32>>;

@compute @workgroup_size(64)
fn add(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = group.x * 64u + lane;
    if i < params.quads {
        let at = group.y * params.quads + i;
        out[at] += x[at];
    }
}
