// Sums over neighbouring lanes with one barrier: on software drivers barriers cost more than additions.
// The kernel declares WORKGROUP. A subgroup part can offer the same function.
var<workgroup> partial_sums: array<f32, WORKGROUP>;

// The sum of `value` over the group of `width` lanes that `lane` is in, the same in each of them. Call it once:
// a second call would need a barrier before it.
fn reduce_add(value: f32, lane: u32, width: u32) -> f32 {
    partial_sums[lane] = value;
    workgroupBarrier();
    let first = lane - lane % width;
    var sum = 0.0;
    for (var i = 0u; i < width; i++) {
        sum += partial_sums[first + i];
    }
    return sum;
}

