// Four queries of one key head, whatever row and head of the group they are of: rotated, turned where the cache wants
// that, and scored. The kernel declares `params`, `qkv`, `angles` and LANES.

// Quad i of query q at i * 4 + q.
var<workgroup> queries: array<vec4<f32>, 128>;

// Brings the queries from `first` on to workgroup memory; those past the end repeat the last one. Their angles are those
// of the row `angle_rows` further on: of their own position, or of the shifted one that meets kept keys.
fn load_queries(first: u32, head: u32, angle_rows: u32, lane: u32) {
    let scale = select(1.0, params.scale, params.turn == 0.0);
    for (var i = lane; i < params.quads * 4u; i += LANES) {
        let query = min(first + (i & 3u), params.group * step.count - 1u);
        let t = query / params.group;
        let own = (head * params.group + query % params.group) * params.quads;
        let v = qkv[t * params.stride + own + (i >> 2u)];
        queries[i] = rotate(v, angles[(angle_rows + t) * params.quads + (i >> 2u)]) * scale;
    }
    workgroupBarrier();
    if params.turn != 0.0 {
        turn_queries(lane);
    }
}

fn turn_queries(lane: u32) {
    let mine = lane >> 2u;
    let query = lane & 3u;
    var x: array<vec4<f32>, 8>;
    for (var other = 0u; other < (params.quads >> 3u); other++) {
        let at = other * 32u + query;
        x = turn_add(x, turn_sign(mine, other, params.turn), array<vec4<f32>, 8>(
            queries[at], queries[at + 4u], queries[at + 8u], queries[at + 12u],
            queries[at + 16u], queries[at + 20u], queries[at + 24u], queries[at + 28u],
        ));
    }
    let y = turn_block(x);
    workgroupBarrier();
    if mine < (params.quads >> 3u) {
        let at = mine * 32u + query;
        queries[at] = y[0] * params.scale;
        queries[at + 4u] = y[1] * params.scale;
        queries[at + 8u] = y[2] * params.scale;
        queries[at + 12u] = y[3] * params.scale;
        queries[at + 16u] = y[4] * params.scale;
        queries[at + 20u] = y[5] * params.scale;
        queries[at + 24u] = y[6] * params.scale;
        queries[at + 28u] = y[7] * params.scale;
    }
    workgroupBarrier();
}

// The scores of four queries with eight positions: a column a position.
struct Scores {
    low: mat4x4<f32>,
    high: mat4x4<f32>,
}

fn score_quad(s: mat4x4<f32>, q: mat4x4<f32>, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
    return mat4x4<f32>(s[0] + a * q, s[1] + b * q, s[2] + c * q, s[3] + d * q);
}

fn quad_of_four(quad: u32) -> mat4x4<f32> {
    let at = quad * 4u;
    return mat4x4<f32>(queries[at], queries[at + 1u], queries[at + 2u], queries[at + 3u]);
}

// With the keys of eight rows, half a block at a time.
fn score_rows(head: u32, rows: vec4<u32>, more: vec4<u32>) -> Scores {
    var low = mat4x4<f32>();
    var high = mat4x4<f32>();
    for (var i = 0u; i < params.quads; i += 4u) {
        let half = (head * params.quads + i) >> 2u;
        let a = keys_half(rows.x, half);
        let b = keys_half(rows.y, half);
        let c = keys_half(rows.z, half);
        let d = keys_half(rows.w, half);
        let e = keys_half(more.x, half);
        let f = keys_half(more.y, half);
        let g = keys_half(more.z, half);
        let h = keys_half(more.w, half);
        var q = quad_of_four(i);
        low = score_quad(low, q, a[0], b[0], c[0], d[0]);
        high = score_quad(high, q, e[0], f[0], g[0], h[0]);
        q = quad_of_four(i + 1u);
        low = score_quad(low, q, a[1], b[1], c[1], d[1]);
        high = score_quad(high, q, e[1], f[1], g[1], h[1]);
        q = quad_of_four(i + 2u);
        low = score_quad(low, q, a[2], b[2], c[2], d[2]);
        high = score_quad(high, q, e[2], f[2], g[2], h[2]);
        q = quad_of_four(i + 3u);
        low = score_quad(low, q, a[3], b[3], c[3], d[3]);
        high = score_quad(high, q, e[3], f[3], g[3], h[3]);
    }
    return Scores(low, high);
}

