// What every slice of the vocabulary weighs in a draw: four slices a lane. The kernel has the part `tally` too.

// What is kept: all tokens nearer than `distance`, and of those at it the `ties` lowest ids.
struct Cut {
    distance: u32,
    ties: u32,
}

// Tokens of each slice that are as far as the cut, four slices a lane.
var<workgroup> ties_of: array<vec4<u32>, WORKGROUP>;

// How likely each slice's tokens below the cut are, and how many are at it.
fn weigh_slices(best: i32, cut: Cut, lane: u32) {
    var sums = Sums();
    var ties = vec4<u32>(0u);
    for (var i = 0u; i < 4u; i++) {
        let slice = lane + i * WORKGROUP;
        if slice < slices() && peak_distance(best, slice) <= cut.distance {
            let end = min((slice + 1u) * WORKGROUP, params.vocabulary);
            var sum = vec2<u32>(0u);
            for (var id = slice * WORKGROUP; id < end; id++) {
                let far = distance_of(best, logits[id]);
                if far < cut.distance {
                    sum = plus(sum, vec2<u32>(likelihood(far, step.draw.scale, step.draw.shift), 0u));
                } else if far == cut.distance {
                    ties[i]++;
                }
            }
            sums.low[i] = sum.x;
            sums.high[i] = sum.y;
        }
    }
    workgroupBarrier();
    low_sums[lane] = sums.low;
    high_sums[lane] = sums.high;
    ties_of[lane] = ties;
    workgroupBarrier();
}

fn slice_sum(slice: u32) -> vec2<u32> {
    return vec2<u32>(low_sums[slice % WORKGROUP][slice / WORKGROUP], high_sums[slice % WORKGROUP][slice / WORKGROUP]);
}
