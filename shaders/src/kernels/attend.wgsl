// Causal attention with grouped queries, softmax kept online over tiles of 64 positions (Milakov and Gimelshein, 2018).
// One workgroup a query head of a row. In a tile a lane first scores one position; then it owns four elements of the
// head and every `slices`-th position of the tile.
const WORKGROUP: u32 = 64u;

struct Params {
    // Query heads that share a key head.
    group: u32,
    // Key heads.
    kv_heads: u32,
    // Head size / 4: a power of two, at most 32.
    quads: u32,
    // Row length of qkv / 4.
    stride: u32,
    // 1 / sqrt(head size).
    scale: f32,
    // Query heads.
    heads: u32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> keys: array<CacheWord>;
@group(0) @binding(4) var<storage, read> values: array<CacheWord>;
@group(0) @binding(5) var<storage, read_write> out: array<vec4<f32>>;

var<workgroup> query: array<vec4<f32>, 32>;
var<workgroup> scores: array<f32, 64>;
var<workgroup> highs: array<f32, 64>;
var<workgroup> totals: array<f32, 64>;
var<workgroup> sums: array<vec4<f32>, 64>;

@compute @workgroup_size(64)
fn attend(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let head = group.x;
    let quads = params.quads;
    let kv_stride = params.kv_heads * quads;
    let kv_head = head / params.group * quads;
    let last = step.position + group.y;
    if lane < quads {
        query[lane] = qkv[group.y * params.stride + head * quads + lane] * params.scale;
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
            let key = (first + lane) * kv_stride + kv_head;
            var score = 0.0;
            for (var i = 0u; i < quads; i++) {
                score += dot(query[i], cache_unpack(keys[key + i]));
            }
            scores[lane] = score;
        }
        workgroupBarrier();
        let end = min(WORKGROUP, last - first + 1u);
        var high = highest;
        for (var i = slice; i < end; i += slices) {
            high = max(high, scores[i]);
        }
        let shrink = exp(highest - high);
        total *= shrink;
        sum *= shrink;
        highest = high;
        for (var i = slice; i < end; i += slices) {
            let share = exp(scores[i] - high);
            total += share;
            sum += share * cache_unpack(values[(first + i) * kv_stride + kv_head + quad]);
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
