// out = silu(W_gate norm(x)) * (W_up norm(x)), the two matrices one below the other. `lanes` lanes share eight rows of each;
// each of the first two stores four.
const WORKGROUP: u32 = 64u;

@compute @workgroup_size(64)
fn matvec_gate(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let count = params.elements;
    let row = (group.x * (WORKGROUP / params.lanes) + lane / params.lanes) * 8u;
    // Lanes without a row stay for the barrier.
    let blocks = select(0u, params.blocks, row < count);
    let up = select(count, 0u, params.gated == 1u);
    let rows = row + vec4<u32>(0u, 4u, up, up + 4u);
    share_rows(sixteen(rows, scaled_at(0u), lane, params.lanes, blocks), lane);
    let quad = lane % params.lanes;
    if quad >= 2u {
        return;
    }
    let factor = norm_factor(0u);
    let gates = sum_quad(quad, lane, params.lanes) * factor;
    let ups = sum_quad(quad + 2u, lane, params.lanes) * factor;
    for (var i = 0u; i < 4u; i++) {
        let to = row + quad * 4u + i;
        if to < count {
            out[to] = swiglu(select(gates[i], out[to], params.gated == 1u), ups[i]);
        }
    }
}
