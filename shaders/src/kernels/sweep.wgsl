// Reads everything once, side by side in a workgroup, and writes a word a lane so that nothing can be left out. What it
// takes is the device's bandwidth: no model plays it.
struct Params {
    // Workgroups.
    groups: u32,
    // 16-byte units that a lane reads: a multiple of 4.
    rounds: u32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> x: array<vec4<u32>>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

const WORKGROUP: u32 = 128u;

@compute @workgroup_size(128)
fn sweep(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    var at = group.x * WORKGROUP * params.rounds + lane;
    var a = vec4<u32>();
    var b = vec4<u32>();
    // Four loads in flight: none waits for the sum before it.
    for (var i = 0u; i < params.rounds; i += 4u) {
        let first = x[at] + x[at + WORKGROUP];
        let second = x[at + 2u * WORKGROUP] + x[at + 3u * WORKGROUP];
        a += first;
        b += second;
        at += 4u * WORKGROUP;
    }
    let sum = a + b;
    out[group.x * WORKGROUP + lane] = sum.x + sum.y + sum.z + sum.w;
}
