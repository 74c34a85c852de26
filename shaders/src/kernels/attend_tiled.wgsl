// Causal attention with grouped queries, softmax kept online over tiles of 64 positions (Milakov and Gimelshein, 2018).
// One workgroup 16 queries of one key head, whatever row and head of the group they are of, so that keys and values
// are loaded once for all of them. Four queries belong to 16 lanes: in a tile a lane scores four positions with its
// four queries, then it owns one quad of the head (or two, 16 apart) and sums the values of all 64 positions for them.
const LANES: u32 = 16u;
const TILE: u32 = 64u;

// Of each lane: the highest of its scores for each of its queries; in the end, its part of their totals.
var<workgroup> highs: array<vec4<f32>, 64>;
// Of each position of the tile, for each four queries: exp(score - highest).
var<workgroup> shares: array<vec4<f32>, 256>;

// share[q] * value added to column q.
fn weigh(sums: mat4x4<f32>, share: vec4<f32>, value: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(
        sums[0] + share.x * value, sums[1] + share.y * value,
        sums[2] + share.z * value, sums[3] + share.w * value,
    );
}

// The sums with a quad of every value of the tile, weighed for four queries (a column each). Eight at a time: some
// drivers allow an invocation only 65,535 rounds of loops in all.
fn gather(before: mat4x4<f32>, seen: Window, first: u32, until: u32, quad: u32, own: u32) -> mat4x4<f32> {
    var sums = before;
    for (var i = 0u; i < min(TILE, until - first); i += 8u) {
        let number = vec4<u32>(0u, 1u, 2u, 3u) + first + i;
        let a = window_rows(seen, min(number, vec4<u32>(until - 1u)));
        let b = window_rows(seen, min(number + 4u, vec4<u32>(until - 1u)));
        let at = i * 4u + own;
        sums = weigh(sums, shares[at], values_quad(a.x, quad));
        sums = weigh(sums, shares[at + 4u], values_quad(a.y, quad));
        sums = weigh(sums, shares[at + 8u], values_quad(a.z, quad));
        sums = weigh(sums, shares[at + 12u], values_quad(a.w, quad));
        sums = weigh(sums, shares[at + 16u], values_quad(b.x, quad));
        sums = weigh(sums, shares[at + 20u], values_quad(b.y, quad));
        sums = weigh(sums, shares[at + 24u], values_quad(b.z, quad));
        sums = weigh(sums, shares[at + 28u], values_quad(b.w, quad));
    }
    return sums;
}

fn scaled(sums: mat4x4<f32>, by: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(sums[0] * by.x, sums[1] * by.y, sums[2] * by.z, sums[3] * by.w);
}

@compute @workgroup_size(64)
fn attend(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let head = group.x;
    let start = head * params.quads;
    let own = lane / LANES; // which four of the 16 queries
    let mine = lane % LANES;
    let all = params.group * step.count;
    let query = group.y * 16u + own * 4u;
    let seen = window();
    // The number of the last key that each of the four queries sees, and how many any of the 16 sees.
    let before = step.position - step.dropped;
    let last = min(vec4<u32>(0u, 1u, 2u, 3u) + query, vec4<u32>(all - 1u)) / params.group + before;
    let end = before + min(group.y * 16u + 15u, all - 1u) / params.group + 1u;
    var highest = vec4<f32>(LOWEST);
    var total = vec4<f32>(); // of this lane's positions
    var sums = mat4x4<f32>();
    var sums_16 = mat4x4<f32>();
    // Kept keys meet the shifted queries, in tiles of their own.
    var until = select(end, seen.kept, seen.kept > 0u);
    for (var first = 0u; first < end; first = min(first + TILE, until)) {
        workgroupBarrier();
        if first == 0u || first == seen.kept {
            let kept = first < seen.kept;
            load_queries(group.y * 16u, head, select(0u, params.stride - params.heads * params.quads, kept), lane);
            until = select(end, seen.kept, kept);
            workgroupBarrier();
        }
        let number = vec4<u32>(0u, 16u, 32u, 48u) + first + mine;
        let row = window_rows(seen, min(number, vec4<u32>(until - 1u)));
        var scores = mat4x4<f32>();
        for (var i = 0u; i < params.quads; i += 8u) {
            let block = (start + i) >> 3u;
            let a = keys_block(row.x, block);
            let b = keys_block(row.y, block);
            let c = keys_block(row.z, block);
            let d = keys_block(row.w, block);
            let at = i * 16u + own * 4u;
            scores = more(scores, at, a[0], b[0], c[0], d[0]);
            scores = more(scores, at + 16u, a[1], b[1], c[1], d[1]);
            scores = more(scores, at + 32u, a[2], b[2], c[2], d[2]);
            scores = more(scores, at + 48u, a[3], b[3], c[3], d[3]);
            scores = more(scores, at + 64u, a[4], b[4], c[4], d[4]);
            scores = more(scores, at + 80u, a[5], b[5], c[5], d[5]);
            scores = more(scores, at + 96u, a[6], b[6], c[6], d[6]);
            scores = more(scores, at + 112u, a[7], b[7], c[7], d[7]);
        }
        let shown = min(last, vec4<u32>(until - 1u));
        scores = mat4x4<f32>(
            masked(scores[0], number.x, shown), masked(scores[1], number.y, shown),
            masked(scores[2], number.z, shown), masked(scores[3], number.w, shown),
        );
        highs[lane] = max(max(scores[0], scores[1]), max(scores[2], scores[3]));
        workgroupBarrier();
        var high = highest;
        for (var i = own * LANES; i < own * LANES + LANES; i += 4u) {
            high = max(high, max(max(highs[i], highs[i + 1u]), max(highs[i + 2u], highs[i + 3u])));
        }
        let shrink = exp(highest - high);
        highest = high;
        let at = mine * 4u + own;
        shares[at] = exp(scores[0] - high);
        shares[at + 64u] = exp(scores[1] - high);
        shares[at + 128u] = exp(scores[2] - high);
        shares[at + 192u] = exp(scores[3] - high);
        total = total * shrink + shares[at] + shares[at + 64u] + shares[at + 128u] + shares[at + 192u];
        workgroupBarrier();
        sums = gather(scaled(sums, shrink), seen, first, until, start + min(mine, params.quads - 1u), own);
        if params.quads > LANES {
            sums_16 = gather(scaled(sums_16, shrink), seen, first, until, start + mine + LANES, own);
        }
    }
    highs[lane] = total;
    workgroupBarrier();
    total = vec4<f32>();
    for (var i = 0u; i < LANES; i++) {
        total += highs[own * LANES + i];
    }
    store_four(query, head, mine, scaled(sums, 1.0 / total));
    store_four(query, head, mine + LANES, scaled(sums_16, 1.0 / total));
}
