// out = x w, all plain f32: what a device does where nothing has to be unpacked. A lane makes four rows of x by four
// columns of w, without workgroup memory. No model plays it.
@compute @workgroup_size(64)
fn multiply(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let quad = group.x * 16u + lane % 16u;
    let row = (group.y * 4u + lane / 16u) * 4u;
    if quad >= params.quads || row >= step.count {
        return;
    }
    // Rows past the last are the last again: they are not stored.
    let rows = min(vec4<u32>(row, row + 1u, row + 2u, row + 3u), vec4<u32>(step.count - 1u)) * params.depth;
    var sum_0 = vec4<f32>();
    var sum_1 = vec4<f32>();
    var sum_2 = vec4<f32>();
    var sum_3 = vec4<f32>();
    for (var k = 0u; k < params.depth; k++) {
        let at = 4u * k * params.quads + quad;
        let block = mat4x4<f32>(
            w[at], w[at + params.quads], w[at + 2u * params.quads], w[at + 3u * params.quads],
        );
        sum_0 += block * x[rows.x + k];
        sum_1 += block * x[rows.y + k];
        sum_2 += block * x[rows.z + k];
        sum_3 += block * x[rows.w + k];
    }
    store(row, quad, sum_0);
    store(row + 1u, quad, sum_1);
    store(row + 2u, quad, sum_2);
    store(row + 3u, quad, sum_3);
}
