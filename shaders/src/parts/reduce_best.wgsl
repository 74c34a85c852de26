// The largest of all lanes' values and where it was; the lowest index wins a tie. The kernel declares WORKGROUP.
struct Best {
    value: f32,
    index: u32,
    // Not zero when any value was infinite or NaN.
    broken: u32,
}
var<workgroup> best_values: array<f32, WORKGROUP>;
var<workgroup> best_indices: array<u32, WORKGROUP>;
var<workgroup> best_broken: array<u32, WORKGROUP>;

fn reduce_best(mine: Best, lane: u32) -> Best {
    best_values[lane] = mine.value;
    best_indices[lane] = mine.index;
    best_broken[lane] = mine.broken;
    workgroupBarrier();
    var best = Best(best_values[0], best_indices[0], best_broken[0]);
    for (var i = 1u; i < WORKGROUP; i++) {
        let value = best_values[i];
        let index = best_indices[i];
        if value > best.value || (value == best.value && index < best.index) {
            best.value = value;
            best.index = index;
        }
        best.broken |= best_broken[i];
    }
    return best;
}

// The best of one row of `count` logits from `first` on, as this lane sees it before the reduction.
fn best_of_lane(first: u32, count: u32, lane: u32) -> Best {
    // Where that is not finite, the row is broken whatever is best.
    var best = Best(logits[first], 0u, 0u);
    for (var i = lane; i < count; i += WORKGROUP) {
        let value = logits[first + i];
        if not_finite(value) {
            best.broken = 1u;
        } else if value > best.value {
            best.value = value;
            best.index = i;
        }
    }
    return best;
}

