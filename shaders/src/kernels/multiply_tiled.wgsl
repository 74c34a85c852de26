// out = x w by tiles of 64 rows and 64 columns in workgroup memory, 16 deep: each number is read from memory once for 64
// products. A lane makes four rows by four columns. The ordinary way where workgroup memory is fast.
const DEPTH: u32 = 16u;

// 64 rows of x, each 4 quads along the depth; and 16 rows of w, each 16 quads of columns.
var<workgroup> x_tile: array<vec4<f32>, 256>;
var<workgroup> w_tile: array<vec4<f32>, 256>;

@compute @workgroup_size(256)
fn multiply(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let column = lane % 16u;
    let row = lane / 16u * 4u;
    // What this lane brings: clamped, since past the end nothing is stored.
    let x_at = min(group.y * 64u + lane / 4u, step.count - 1u) * params.depth;
    let w_at = min(group.x * 16u + column, params.quads - 1u);
    var sum_0 = vec4<f32>();
    var sum_1 = vec4<f32>();
    var sum_2 = vec4<f32>();
    var sum_3 = vec4<f32>();
    for (var k = 0u; k < params.depth; k += DEPTH / 4u) {
        workgroupBarrier();
        let x_quad = k + lane % 4u;
        let w_row = 4u * k + lane / 16u;
        // The depth may end inside a tile: zeros there add nothing.
        x_tile[lane] = select(vec4<f32>(), x[x_at + min(x_quad, params.depth - 1u)], x_quad < params.depth);
        w_tile[lane] = select(
            vec4<f32>(), w[min(w_row, 4u * params.depth - 1u) * params.quads + w_at], w_row < 4u * params.depth,
        );
        workgroupBarrier();
        for (var i = 0u; i < DEPTH / 4u; i++) {
            let at = i * 64u + column;
            let block = mat4x4<f32>(w_tile[at], w_tile[at + 16u], w_tile[at + 32u], w_tile[at + 48u]);
            sum_0 += block * x_tile[row * 4u + i];
            sum_1 += block * x_tile[row * 4u + 4u + i];
            sum_2 += block * x_tile[row * 4u + 8u + i];
            sum_3 += block * x_tile[row * 4u + 12u + i];
        }
    }
    let first = group.y * 64u + row;
    let quad = group.x * 16u + column;
    store(first, quad, sum_0);
    store(first + 1u, quad, sum_1);
    store(first + 2u, quad, sum_2);
    store(first + 3u, quad, sum_3);
}
