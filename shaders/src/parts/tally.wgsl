// Sums over tokens by their distance from the likeliest one, and the distance at which such a sum is reached. The
// kernel declares WORKGROUP, which are the tokens of a slice too, and binds `logits` and `peaks`.

// For each of four limits, a sum of 64 bits; later, of four slices a lane.
struct Sums {
    low: vec4<u32>,
    high: vec4<u32>,
}
var<workgroup> low_sums: array<vec4<u32>, WORKGROUP>;
var<workgroup> high_sums: array<vec4<u32>, WORKGROUP>;

fn add(sums: Sums, other: Sums) -> Sums {
    let low = sums.low + other.low;
    let carry = select(vec4<u32>(0u), vec4<u32>(1u), low < other.low);
    return Sums(low, sums.high + other.high + carry);
}

fn slices() -> u32 {
    return (params.vocabulary + WORKGROUP - 1u) / WORKGROUP;
}

fn distance_of(best: i32, logit: f32) -> u32 {
    return bitcast<u32>(best - fixed(logit));
}

fn peak_distance(best: i32, slice: u32) -> u32 {
    return distance_of(best, bitcast<f32>(peaks[slice].x));
}

// What the tokens nearer than each limit come to: 1 each, or where `weighed` how likely they are before the temperature.
// The last limit is the largest.
fn tally(best: i32, limits: vec4<u32>, weighed: bool, lane: u32) -> Sums {
    var mine = Sums();
    for (var slice = 0u; slice < slices(); slice++) {
        let id = slice * WORKGROUP + lane;
        if peak_distance(best, slice) < limits.w && id < params.vocabulary {
            let far = distance_of(best, logits[id]);
            if far < limits.w {
                var amount = 1u;
                if weighed {
                    amount = likelihood(far, PLAIN_SCALE, PLAIN_SHIFT);
                }
                let counted = vec4<u32>(far) < limits;
                mine = add(mine, Sums(select(vec4<u32>(0u), vec4<u32>(amount), counted), vec4<u32>(0u)));
            }
        }
    }
    // Each of 16 lanes adds up 16, then every lane those: barriers cost more than additions.
    workgroupBarrier();
    low_sums[lane] = mine.low;
    high_sums[lane] = mine.high;
    workgroupBarrier();
    if lane < 16u {
        var part = Sums();
        for (var i = 0u; i < 16u; i++) {
            part = add(part, Sums(low_sums[lane * 16u + i], high_sums[lane * 16u + i]));
        }
        low_sums[lane * 16u] = part.low;
        high_sums[lane * 16u] = part.high;
    }
    workgroupBarrier();
    var all = Sums();
    for (var i = 0u; i < WORKGROUP; i += 16u) {
        all = add(all, Sums(low_sums[i], high_sums[i]));
    }
    return all;
}

// The farthest distance before which less than `needed` is reached, and what is reached before it.
struct Edge {
    distance: u32,
    before: vec2<u32>,
}

// Two bits of the distance at a time: `bits` is even.
fn search(best: i32, needed: vec2<u32>, weighed: bool, lane: u32) -> Edge {
    var edge = Edge();
    for (var shift = step.draw.bits; shift > 0u; shift -= 2u) {
        let limits = vec4<u32>(edge.distance) + (vec4<u32>(1u, 2u, 3u, 3u) << vec4<u32>(shift - 2u));
        let sums = tally(best, limits, weighed, lane);
        for (var i = 0u; i < 3u; i++) {
            let before = vec2<u32>(sums.low[i], sums.high[i]);
            if less(before, needed) {
                edge = Edge(limits[i], before);
            }
        }
    }
    return edge;
}
