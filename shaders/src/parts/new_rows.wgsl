// The step's own keys and values of one key head: rotated, turned where the cache wants that, packed and written to their
// rows. The kernel declares `params`, `qkv`, `angles`, `keys` and `values`.

// A block of a new row as it is in qkv from quad `at` on; keys are rotated by the angles from `angle` on.
fn new_quads(at: u32, angle: u32, is_key: bool) -> array<vec4<f32>, 8> {
    if is_key {
        return array<vec4<f32>, 8>(
            rotate(qkv[at], angles[angle]), rotate(qkv[at + 1u], angles[angle + 1u]),
            rotate(qkv[at + 2u], angles[angle + 2u]), rotate(qkv[at + 3u], angles[angle + 3u]),
            rotate(qkv[at + 4u], angles[angle + 4u]), rotate(qkv[at + 5u], angles[angle + 5u]),
            rotate(qkv[at + 6u], angles[angle + 6u]), rotate(qkv[at + 7u], angles[angle + 7u]),
        );
    }
    return array<vec4<f32>, 8>(
        qkv[at], qkv[at + 1u], qkv[at + 2u], qkv[at + 3u], qkv[at + 4u], qkv[at + 5u], qkv[at + 6u], qkv[at + 7u],
    );
}

// A block of row `t` as the cache gets it.
fn new_block(t: u32, block: u32, is_key: bool) -> array<vec4<f32>, 8> {
    let head_blocks = params.quads >> 3u;
    let heads = params.heads + select(params.heads / params.group, 0u, is_key);
    let row = t * params.stride + heads * params.quads;
    let mine = block % head_blocks;
    if params.turn == 0.0 {
        return new_quads(row + block * 8u, t * params.quads + mine * 8u, is_key);
    }
    var x: array<vec4<f32>, 8>;
    for (var other = 0u; other < head_blocks; other++) {
        let y = new_quads(row + (block - mine + other) * 8u, t * params.quads + other * 8u, is_key);
        x = turn_add(x, turn_sign(mine, other, params.turn), y);
    }
    return turn_block(x);
}

fn put(at: u32, word: u32, is_key: bool) {
    if is_key {
        keys_put(at, word);
    } else {
        values_put(at, word);
    }
}

// Writes the rows from `first` up to `until` (by their number in the step) of a key head; a lane two blocks at a time,
// since their scales share a word. Where a head is one block, the neighbour's scale is worked out with its own.
fn write_rows(head: u32, first: u32, until: u32, lane: u32, lanes: u32) {
    let head_blocks = params.quads >> 3u;
    let pairs = max(head_blocks >> 1u, 1u);
    for (var i = lane; i < (until - first) * pairs * 2u; i += lanes) {
        let is_key = (i & 1u) == 0u;
        let t = first + (i >> 1u) / pairs;
        let pair = ((head * head_blocks) >> 1u) + (i >> 1u) % pairs;
        let start = cache_start(cache_row(step.position + t), params.row_blocks);
        var scales = 0u;
        for (var half = 0u; half < 2u; half++) {
            let block = pair * 2u + half;
            let own = block / head_blocks == head;
            if own || (CACHE_SCALED && block < params.row_blocks) {
                var packed = cache_pack(new_block(t, block, is_key));
                scales |= packed.scale << (half * 16u);
                for (var word = 0u; own && word < CACHE_WORDS; word++) {
                    put(start + block * CACHE_WORDS + word, packed.words[word], is_key);
                }
            }
        }
        if CACHE_SCALED {
            put(start + params.row_blocks * CACHE_WORDS + pair, scales, is_key);
        }
    }
}

