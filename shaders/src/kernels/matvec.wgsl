// out = W x, or out += W x, for one row of activations. A lane makes one row, alone: no workgroup memory, no barrier.
@compute @workgroup_size(64)
fn matvec(@builtin(global_invocation_id) id: vec3<u32>) {
    let row = id.x;
    if row >= params.rows {
        return;
    }
    var sums = vec4<f32>();
    for (var block = 0u; block < params.blocks; block++) {
        let w = weights_unpack(params.planes, row * params.blocks + block);
        let at = block * 8u;
        sums += x[at] * w[0] + x[at + 1u] * w[1] + x[at + 2u] * w[2] + x[at + 3u] * w[3];
        sums += x[at + 4u] * w[4] + x[at + 5u] * w[5] + x[at + 6u] * w[6] + x[at + 7u] * w[7];
    }
    put(row, sums.x + sums.y + sums.z + sums.w);
}
