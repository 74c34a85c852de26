// The next id, drawn by chance in whole numbers, so that it is the host's choice too (`draw.rs`). It is written behind the
// step's ids; 0xffffffff where a logit is not finite. One workgroup, which first sees the largest logit of every slice.
const WORKGROUP: u32 = 256u;
// At temperature 1.
const PLAIN_SCALE: u32 = 3098164009u;
const PLAIN_SHIFT: u32 = 31u;

struct Params {
    vocabulary: u32,
    // Positions share words of `ids` round a ring of this many.
    ids: u32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read> logits: array<f32>;
@group(0) @binding(3) var<storage, read> peaks: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read_write> ids: array<u32>;

fn cut_of(best: i32, lane: u32) -> Cut {
    var cut = Cut(0xffffffffu, 0u);
    if step.draw.top_k != 0u {
        let edge = search(best, vec2<u32>(step.draw.top_k, 0u), false, lane);
        cut = Cut(edge.distance, step.draw.top_k - edge.before.x);
    }
    if step.draw.top_p != 0xffffffffu {
        let kept = tally(best, vec4<u32>(cut.distance), true, lane);
        let tied = times(cut.ties, likelihood(cut.distance, PLAIN_SCALE, PLAIN_SHIFT));
        let all = plus(vec2<u32>(kept.low.x, kept.high.x), tied);
        var needed = share(all, step.draw.top_p);
        // One token at the least.
        needed.x = select(needed.x, 1u, needed.x == 0u && needed.y == 0u);
        let edge = search(best, needed, true, lane);
        let each = likelihood(edge.distance, PLAIN_SCALE, PLAIN_SHIFT);
        var ties = 0u;
        for (var bit = 1u << 18u; bit > 0u; bit >>= 1u) {
            if less(plus(edge.before, times(ties + bit, each)), needed) {
                ties += bit;
            }
        }
        cut = Cut(edge.distance, ties + 1u);
    }
    if step.draw.reach < cut.distance {
        cut = Cut(step.draw.reach + 1u, 0u);
    }
    return cut;
}

// Where an amount of luck comes to lie when all that is kept is laid side by side: below the cut, then at it, each in the
// order of ids.
fn drawn(best: i32, lane: u32) -> u32 {
    let cut = cut_of(best, lane);
    weigh_slices(best, cut, lane);
    let each = likelihood(cut.distance, step.draw.scale, step.draw.shift);
    var sum = vec2<u32>(0u);
    for (var slice = 0u; slice < slices(); slice++) {
        sum = plus(sum, slice_sum(slice));
    }
    var left = share(plus(sum, times(cut.ties, each)), step.draw.random);
    let tied = !less(left, sum);
    if tied {
        left = minus(left, sum);
    }
    // Every lane goes the same way to the slice, then each looks at one token of it.
    var slice = 0u;
    for (; slice < slices() - 1u; slice++) {
        let amount = select(slice_sum(slice), times(ties_of[slice % WORKGROUP][slice / WORKGROUP], each), tied);
        if less(left, amount) {
            break;
        }
        left = minus(left, amount);
    }
    let id = slice * WORKGROUP + lane;
    var mine = 0u;
    if id < params.vocabulary {
        let far = distance_of(best, logits[id]);
        if tied {
            mine = select(0u, each, far == cut.distance);
        } else if far < cut.distance {
            mine = likelihood(far, step.draw.scale, step.draw.shift);
        }
    }
    workgroupBarrier();
    low_sums[lane].x = mine;
    workgroupBarrier();
    var at = 0u;
    for (; at < WORKGROUP - 1u; at++) {
        let amount = vec2<u32>(low_sums[at].x, 0u);
        if less(left, amount) {
            break;
        }
        left = minus(left, amount);
    }
    return slice * WORKGROUP + at;
}

fn best_peak(lane: u32) -> Best {
    var best = Best(bitcast<f32>(peaks[0].x), peaks[0].y, 0u);
    for (var slice = lane; slice < slices(); slice += WORKGROUP) {
        let peak = peaks[slice];
        let value = bitcast<f32>(peak.x);
        if peak.y == 0xffffffffu {
            best.broken = 1u;
        } else if value > best.value {
            best.value = value;
            best.index = peak.y;
        }
    }
    return best;
}

@compute @workgroup_size(256)
fn choose(@builtin(local_invocation_index) lane: u32) {
    let best = reduce_best(best_peak(lane), lane);
    let id = drawn(fixed(best.value), lane);
    if lane == 0u {
        ids[(step.position + step.count) % params.ids] = select(id, 0xffffffffu, best.broken != 0u);
    }
}
