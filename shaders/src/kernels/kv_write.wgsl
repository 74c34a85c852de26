// Copies the step's keys and values into the cache, in the cache's own format. One lane a block of 32 elements: of keys
// where z is 0, of values where it is 1.
const WORKGROUP: u32 = 64u;

struct Params {
    // Blocks of 32 elements in a row of keys (and of values).
    row_blocks: u32,
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
@group(0) @binding(3) var<storage, read_write> keys: array<u32>;
@group(0) @binding(4) var<storage, read_write> values: array<u32>;

var<workgroup> scales: array<u32, WORKGROUP>;

fn store(z: u32, at: u32, word: u32) {
    if z == 0u {
        keys[at] = word;
    } else {
        values[at] = word;
    }
}

@compute @workgroup_size(64)
fn kv_write(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let block = group.x * WORKGROUP + lane;
    let start = cache_start(cache_row(step.position + group.y), params.row_blocks);
    var packed: CacheBlock;
    if block < params.row_blocks {
        let i = group.y * params.stride + block * 8u + select(params.values_offset, params.keys_offset, group.z == 0u);
        packed = cache_pack(array<vec4<f32>, 8>(
            qkv[i], qkv[i + 1u], qkv[i + 2u], qkv[i + 3u], qkv[i + 4u], qkv[i + 5u], qkv[i + 6u], qkv[i + 7u],
        ));
        for (var word = 0u; word < CACHE_WORDS; word++) {
            store(group.z, start + block * CACHE_WORDS + word, packed.words[word]);
        }
    }
    if CACHE_SCALED {
        // Two neighbours share a word behind the blocks.
        scales[lane] = packed.scale;
        workgroupBarrier();
        if block < params.row_blocks && (lane & 1u) == 0u {
            let word = params.row_blocks * CACHE_WORDS + (block >> 1u);
            store(group.z, start + word, scales[lane] | (scales[lane + 1u] << 16u));
        }
    }
}
