// Four sums at once over neighbouring lanes, with one barrier. The kernel declares WORKGROUP.
var<workgroup> partial_sums: array<vec4<f32>, WORKGROUP>;

// The sum of `value` over the group of `width` lanes that `lane` is in, the same in each of them. Call it once:
// a second call would need a barrier before it.
fn reduce_add4(value: vec4<f32>, lane: u32, width: u32) -> vec4<f32> {
    partial_sums[lane] = value;
    workgroupBarrier();
    let first = lane - lane % width;
    var sum = vec4<f32>();
    for (var i = 0u; i < width; i++) {
        sum += partial_sums[first + i];
    }
    return sum;
}

