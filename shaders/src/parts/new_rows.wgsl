// The step's own keys and values of one key head: rotated, turned where the cache wants that, packed and written to their
// rows. The kernel declares `params`, `qkv`, `angles`, `keys` and `values`.

// A quad of a new row: keys are rotated.
fn new_quad(at: u32, angle: u32, is_key: bool) -> vec4<f32> {
    let v = qkv[at];
    return select(v, rotate(v, angles[angle]), is_key);
}

// A block of row `t` as the cache gets it. One way for all caches: a driver may go both sides of a branch.
fn new_block(t: u32, block: u32, is_key: bool) -> array<vec4<f32>, 8> {
    let head_blocks = params.quads >> 3u;
    let heads = params.heads + select(params.heads / params.group, 0u, is_key);
    let row = t * params.stride + heads * params.quads;
    let mine = block % head_blocks;
    let turned = params.turn != 0.0;
    var x: array<vec4<f32>, 8>;
    for (var other = select(mine, 0u, turned); other < select(mine + 1u, head_blocks, turned); other++) {
        let at = row + (block - mine + other) * 8u;
        let angle = t * params.quads + other * 8u;
        let sign = select(1.0, turn_sign(mine, other, params.turn), turned);
        x = turn_add(x, sign, array<vec4<f32>, 8>(
            new_quad(at, angle, is_key), new_quad(at + 1u, angle + 1u, is_key),
            new_quad(at + 2u, angle + 2u, is_key), new_quad(at + 3u, angle + 3u, is_key),
            new_quad(at + 4u, angle + 4u, is_key), new_quad(at + 5u, angle + 5u, is_key),
            new_quad(at + 6u, angle + 6u, is_key), new_quad(at + 7u, angle + 7u, is_key),
        ));
    }
    if turned {
        x = turn_block(x);
    }
    return x;
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

