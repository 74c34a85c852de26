// A tile of 16 queries of one key head, whatever row and head of the group they are of: brought to workgroup memory,
// scored four at a time, and their results stored. The kernel declares `params`, `qkv` and `out`.

// Quad i of query q at i * 16 + q.
var<workgroup> queries: array<vec4<f32>, 512>;

// First quad of a query in a row of qkv that starts with query heads: row t, head h of the group.
fn query_start(query: u32, head: u32) -> u32 {
    return (query / params.group) * params.stride + (head * params.group + query % params.group) * params.quads;
}

// Brings the 16 queries from `first` on to workgroup memory; those past the end repeat the last one.
fn load_queries(first: u32, head: u32, offset: u32, lane: u32) {
    for (var i = lane; i < params.quads * 16u; i += 64u) {
        let query = min(first + i % 16u, params.group * step.count - 1u);
        queries[i] = qkv[query_start(query, head) + offset + i / 16u] * params.scale;
    }
}

// Adds to the scores of four queries with four positions (a column each) what a quad of the head gives.
fn more(scores: mat4x4<f32>, at: u32, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>) -> mat4x4<f32> {
    let q = mat4x4<f32>(queries[at], queries[at + 1u], queries[at + 2u], queries[at + 3u]);
    return mat4x4<f32>(scores[0] + a * q, scores[1] + b * q, scores[2] + c * q, scores[3] + d * q);
}

// The scores of a position that a query sees, up to its last.
fn masked(scores: vec4<f32>, number: u32, last: vec4<u32>) -> vec4<f32> {
    return select(vec4<f32>(LOWEST), scores, vec4<u32>(number) <= last);
}

fn store(query: u32, head: u32, quad: u32, value: vec4<f32>) {
    if query < params.group * step.count && quad < params.quads {
        let row = query / params.group * params.heads + head * params.group + query % params.group;
        out[row * params.quads + quad] = value;
    }
}

fn store_four(query: u32, head: u32, quad: u32, values: mat4x4<f32>) {
    store(query, head, quad, values[0]);
    store(query + 1u, head, quad, values[1]);
    store(query + 2u, head, quad, values[2]);
    store(query + 3u, head, quad, values[3]);
}

