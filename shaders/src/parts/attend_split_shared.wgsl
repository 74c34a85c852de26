// What every variant of attend_split begins with: params and bindings.
struct Params {
    // Query heads that share a key head.
    group: u32,
    // Query heads.
    heads: u32,
    // Blocks of 32 elements in a row of keys (and of values).
    row_blocks: u32,
    // Head size / 4: 8, 16 or 32.
    quads: u32,
    // Row length of qkv / 4.
    stride: u32,
    // Where the partial sums start in a row of qkv, / 4.
    partials: u32,
    // Positions of a split.
    span: u32,
    // Rows of the cache.
    context: u32,
    // 1 / sqrt(head size).
    scale: f32,
    // The same where the cache has its heads turned, else 0.
    turn: f32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> angles: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> qkv: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> keys: array<CacheWord>;
@group(0) @binding(5) var<storage, read_write> values: array<CacheWord>;

