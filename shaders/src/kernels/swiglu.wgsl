// SwiGLU (Shazeer, 2020): out = silu(gate) * up, the two side by side in a row. One lane four elements.
struct Params {
    // Elements of gate (and of up) / 4.
    quads: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> gate_up: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> out: array<vec4<f32>>;

@compute @workgroup_size(64)
fn swiglu(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = group.x * 64u + lane;
    if i >= params.quads {
        return;
    }
    let source = group.y * params.quads * 2u + i;
    // Bounded so that exp stays finite: silu is above -2e-33 from there on.
    let gate = max(gate_up[source], vec4<f32>(-80.0));
    out[group.y * params.quads + i] = gate / (1.0 + exp(-gate)) * gate_up[source + params.quads];
}
