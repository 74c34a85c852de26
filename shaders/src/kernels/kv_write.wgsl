// Copies the step's keys and values into the cache, in the cache's own format. One lane four elements of each.
struct Params {
    // Elements of a row of keys (and of values) / 4.
    quads: u32,
    // Where keys and values start in a row of qkv, and the row's length, / 4.
    keys_offset: u32,
    values_offset: u32,
    stride: u32,
    // Rows of the cache.
    context: u32,
    unused_0: u32,
    unused_1: u32,
    unused_2: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> keys: array<CacheWord>;
@group(0) @binding(4) var<storage, read_write> values: array<CacheWord>;

@compute @workgroup_size(64)
fn kv_write(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let i = group.x * 64u + lane;
    if i >= params.quads {
        return;
    }
    let source = group.y * params.stride + i;
    let to = cache_row(step.position + group.y) * params.quads + i;
    keys[to] = cache_pack(qkv[source + params.keys_offset]);
    values[to] = cache_pack(qkv[source + params.values_offset]);
}
