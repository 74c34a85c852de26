// out = x w, all plain f32: what a device does where nothing has to be unpacked. A lane makes eight rows of x by eight
// columns of w in registers, without workgroup memory; a workgroup 64 by 64. No model plays it.

// Four rows of x and a quad of each as a column; rows past the last are the last again, and not stored.
fn x_block(row: u32, k: u32) -> mat4x4<f32> {
    let rows = min(vec4<u32>(row, row + 1u, row + 2u, row + 3u), vec4<u32>(step.count - 1u)) * params.depth + k;
    return mat4x4<f32>(x[rows.x], x[rows.y], x[rows.z], x[rows.w]);
}

// Four rows of w and a quad of each as a column; quads past the last are the last again, and not stored.
fn w_block(k: u32, quad: u32) -> mat4x4<f32> {
    let at = 4u * k * params.quads + min(quad, params.quads - 1u);
    return mat4x4<f32>(w[at], w[at + params.quads], w[at + 2u * params.quads], w[at + 3u * params.quads]);
}

fn store_block(row: u32, quad: u32, sums: mat4x4<f32>) {
    store(row, quad, sums[0]);
    store(row + 1u, quad, sums[1]);
    store(row + 2u, quad, sums[2]);
    store(row + 3u, quad, sums[3]);
}

@compute @workgroup_size(64)
fn multiply(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let quad = group.x * 16u + lane % 8u * 2u;
    let row = (group.y * 8u + lane / 8u) * 8u;
    if quad >= params.quads || row >= step.count {
        return;
    }
    var sum_00 = mat4x4<f32>();
    var sum_01 = mat4x4<f32>();
    var sum_10 = mat4x4<f32>();
    var sum_11 = mat4x4<f32>();
    for (var k = 0u; k < params.depth; k++) {
        let x_0 = x_block(row, k);
        let x_1 = x_block(row + 4u, k);
        let w_0 = w_block(k, quad);
        let w_1 = w_block(k, quad + 1u);
        sum_00 += w_0 * x_0;
        sum_01 += w_1 * x_0;
        sum_10 += w_0 * x_1;
        sum_11 += w_1 * x_1;
    }
    store_block(row, quad, sum_00);
    store_block(row, quad + 1u, sum_01);
    store_block(row + 4u, quad, sum_10);
    store_block(row + 4u, quad + 1u, sum_11);
}
