// The attention of a step of one or a few rows over a split of the positions (Flash-Decoding, Dao et al., 2023), with all
// that comes before it: rotary positions, and the step's own keys and values on their way to the cache. One workgroup
// four queries of one key head, whatever row and head of the group they are of, and one split: nearly always all queries.
//
// The new rows are written first and then read back like all others, so that the numbers are those of a cache that was
// written before. Where a key head has more than four queries, its workgroups write the same words. Softmax is kept
// online (Milakov and Gimelshein, 2018) over tiles of 256 positions: a lane scores eight of them, side by side, then it
// owns eight elements of the head and sums the values of every `slices`-th position. Splits and tiles begin at fixed
// positions, and a row beyond its last adds nothing: the numbers of a row do not depend on the rows beside it.
const LANES: u32 = 32u;
const TILE: u32 = 256u;

// Of each position of the tile: exp(score - highest) of four queries; in the end, the lanes' sums.
var<workgroup> shares: array<vec4<f32>, TILE>;
// Of each lane: its highest scores; in the end, its part of the totals.
var<workgroup> of_lanes: array<vec4<f32>, LANES>;
var<workgroup> tops: array<f32, 4>;

fn largest(m: mat4x4<f32>) -> vec4<f32> {
    return max(max(m[0], m[1]), max(m[2], m[3]));
}

fn exps(m: mat4x4<f32>, high: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(exp(m[0] - high), exp(m[1] - high), exp(m[2] - high), exp(m[3] - high));
}

// The scores of the positions that each query sees, up to its last; a column a position.
fn masked(m: mat4x4<f32>, number: vec4<u32>, last: vec4<u32>) -> mat4x4<f32> {
    let none = vec4<f32>(LOWEST);
    return mat4x4<f32>(
        select(none, m[0], number.xxxx <= last), select(none, m[1], number.yyyy <= last),
        select(none, m[2], number.zzzz <= last), select(none, m[3], number.wwww <= last),
    );
}

fn scaled(m: mat4x4<f32>, by: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(m[0] * by.x, m[1] * by.y, m[2] * by.z, m[3] * by.w);
}

fn weigh(m: mat4x4<f32>, by: vec4<f32>, v: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(m[0] + by.x * v, m[1] + by.y * v, m[2] + by.z * v, m[3] + by.w * v);
}

@compute @workgroup_size(32)
fn attend_split(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let head = group.x;
    let seen = window();
    // The number of the step's first row, and which numbers the split has.
    let before = step.position - step.dropped;
    let begin = group.y * params.span;
    let end = min(begin + params.span, before + step.count);
    write_rows(head, max(begin, before) - before, max(end, before) - before, lane, LANES);
    storageBarrier();
    let all = params.group * step.count;
    let query = group.z * 4u;
    // The number of the last key that each of the four queries sees.
    let last = min(vec4<u32>(0u, 1u, 2u, 3u) + query, vec4<u32>(all - 1u)) / params.group + before;
    let eights = params.quads >> 1u;
    let slices = LANES / eights;
    let slice = lane / eights;
    let mine = head * eights + lane % eights;
    var highest = vec4<f32>(LOWEST);
    var total = vec4<f32>(); // of this lane's positions
    // Of this lane's eight elements, four and four: a column a query.
    var low = mat4x4<f32>();
    var high = mat4x4<f32>();
    // Kept keys meet the shifted queries, in tiles of their own.
    var until = 0u;
    for (var first = begin; first < end; first = until) {
        let kept = first < seen.kept;
        until = min(first + TILE, select(end, min(end, seen.kept), kept));
        workgroupBarrier();
        if first == begin || first == seen.kept {
            load_queries(query, head, select(0u, step.count, kept), lane);
        }
        let own = lane * 8u;
        let number = vec4<u32>(0u, 1u, 2u, 3u) + first + own;
        var scores = Scores(mat4x4<f32>(), mat4x4<f32>());
        if first + own < until {
            let rows = window_rows(seen, min(number, vec4<u32>(until - 1u)));
            scores = score_rows(head, rows, window_rows(seen, min(number + 4u, vec4<u32>(until - 1u))));
        }
        let shown = min(last, vec4<u32>(until - 1u));
        let a = masked(scores.low, number, shown);
        let b = masked(scores.high, number + 4u, shown);
        of_lanes[lane] = max(largest(a), largest(b));
        workgroupBarrier();
        if lane < 4u {
            var top = highest[lane];
            for (var i = 0u; i < LANES; i += 4u) {
                top = max(top, max(of_lanes[i][lane], of_lanes[i + 1u][lane]));
                top = max(top, max(of_lanes[i + 2u][lane], of_lanes[i + 3u][lane]));
            }
            tops[lane] = top;
        }
        workgroupBarrier();
        let top = vec4<f32>(tops[0], tops[1], tops[2], tops[3]);
        let shrink = select(exp(highest - top), vec4<f32>(1.0), highest == top);
        highest = top;
        total *= shrink;
        // What `slices` read at a time is a whole number of lanes.
        if own < ((until - first + 31u) & ~31u) {
            let c = exps(a, top);
            let d = exps(b, top);
            shares[own] = c[0];
            shares[own + 1u] = c[1];
            shares[own + 2u] = c[2];
            shares[own + 3u] = c[3];
            shares[own + 4u] = d[0];
            shares[own + 5u] = d[1];
            shares[own + 6u] = d[2];
            shares[own + 7u] = d[3];
            total += c[0] + c[1] + c[2] + c[3] + d[0] + d[1] + d[2] + d[3];
        }
        workgroupBarrier();
        low = scaled(low, shrink);
        high = scaled(high, shrink);
        for (var i = slice; i < until - first; i += slices * 4u) {
            let four = vec4<u32>(0u, 1u, 2u, 3u) * slices + i;
            let rows = window_rows(seen, min(four + first, vec4<u32>(until - 1u)));
            let v = values_eight(rows.x, mine);
            let w = values_eight(rows.y, mine);
            let x = values_eight(rows.z, mine);
            let y = values_eight(rows.w, mine);
            let s = mat4x4<f32>(shares[four.x], shares[four.y], shares[four.z], shares[four.w]);
            low = weigh(weigh(weigh(weigh(low, s[0], v[0]), s[1], w[0]), s[2], x[0]), s[3], y[0]);
            high = weigh(weigh(weigh(weigh(high, s[0], v[1]), s[1], w[1]), s[2], x[1]), s[3], y[1]);
        }
    }
    store_partials(low, high, total, highest, group, last, begin, lane);
}
