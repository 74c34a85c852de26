// Causal attention with grouped queries, softmax kept online over tiles of 64 positions (Milakov and Gimelshein, 2018).
// One workgroup a query head of a row. In a tile a lane first scores one position; then it owns four elements of the
// head and every `slices`-th position of the tile. Loops take four at a time: fewer rounds, of which some drivers allow
// an invocation only 65,535.
//
// Where positions have left the cache, those that remain count as if they had always been neighbours: the kept ones lie
// directly before the ring (Xiao et al., 2023). Rotary scores depend on the distance alone, so instead of rotating the
// kept keys again a second query meets them, rotated at a position that is less by `dropped`. No key is written twice.
const WORKGROUP: u32 = 64u;

// The query, and behind it the one for kept positions.
var<workgroup> query: array<vec4<f32>, 64>;
var<workgroup> scores: array<f32, 64>;
var<workgroup> highs: array<f32, 64>;
var<workgroup> totals: array<f32, 64>;
var<workgroup> sums: array<vec4<f32>, 64>;

// The scores of a slice's next four positions in the tile.
fn four_scores(i: u32, slices: u32) -> vec4<f32> {
    return vec4<f32>(scores[i], scores[i + slices], scores[i + slices * 2u], scores[i + slices * 3u]);
}

@compute @workgroup_size(64)
fn attend(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let head = group.x;
    let quads = params.quads;
    let kv_head = head / params.group * quads;
    let seen = window();
    let last = step.position + group.y - step.dropped;
    if lane < quads {
        let row = group.y * params.stride;
        query[lane] = qkv[row + head * quads + lane] * params.scale;
        if seen.kept > 0u {
            let shifted = row + params.stride - params.heads * quads;
            query[32u + lane] = qkv[shifted + head * quads + lane] * params.scale;
        }
    }
    let quad = lane % quads;
    let slice = lane / quads;
    let slices = WORKGROUP / quads;
    // Each slice keeps a softmax of its own positions; they are brought to one scale at the end.
    var highest = LOWEST;
    var total = 0.0;
    var sum = vec4<f32>();
    for (var first = 0u; first <= last; first += WORKGROUP) {
        workgroupBarrier();
        if first + lane <= last {
            let row = window_row(seen, first + lane);
            let own = select(0u, 32u, first + lane < seen.kept);
            var score = 0.0;
            for (var i = 0u; i < quads; i += 8u) {
                let key = keys_block(row, (kv_head + i) >> 3u);
                let q = own + i;
                score += dot(query[q], key[0]) + dot(query[q + 1u], key[1])
                    + dot(query[q + 2u], key[2]) + dot(query[q + 3u], key[3]);
                score += dot(query[q + 4u], key[4]) + dot(query[q + 5u], key[5])
                    + dot(query[q + 6u], key[6]) + dot(query[q + 7u], key[7]);
            }
            scores[lane] = score;
        } else {
            scores[lane] = LOWEST;
        }
        workgroupBarrier();
        var high = highest;
        for (var i = slice; i < WORKGROUP; i += slices * 4u) {
            let four = four_scores(i, slices);
            high = max(high, max(max(four.x, four.y), max(four.z, four.w)));
        }
        let shrink = exp(highest - high);
        total *= shrink;
        sum *= shrink;
        highest = high;
        for (var i = slice; i < WORKGROUP; i += slices * 4u) {
            let number = vec4<u32>(0u, slices, slices * 2u, slices * 3u) + first + i;
            let share = select(vec4<f32>(), exp(four_scores(i, slices) - high), number <= vec4<u32>(last));
            let row = window_rows(seen, min(number, vec4<u32>(last)));
            let mine = kv_head + quad;
            total += dot(share, vec4<f32>(1.0));
            sum += share.x * values_quad(row.x, mine) + share.y * values_quad(row.y, mine)
                + share.z * values_quad(row.z, mine) + share.w * values_quad(row.w, mine);
        }
    }
    workgroupBarrier();
    highs[lane] = highest;
    totals[lane] = total;
    sums[lane] = sum;
    workgroupBarrier();
    if lane < quads {
        for (var i = lane + quads; i < WORKGROUP; i += quads) {
            highest = max(highest, highs[i]);
        }
        sum = vec4<f32>();
        total = 0.0;
        for (var i = lane; i < WORKGROUP; i += quads) {
            let scale = exp(highs[i] - highest);
            sum += sums[i] * scale;
            total += totals[i] * scale;
        }
        out[(group.y * params.heads + head) * quads + lane] = sum / total;
    }
}
