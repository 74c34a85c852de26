// Sums of 16 rows over neighbouring lanes, with one barrier. The kernel declares WORKGROUP.
var<workgroup> partial_rows: array<array<vec4<f32>, 4>, WORKGROUP>;

// Quad `lane % width` (at most 3) of the sums of `rows` over the group of `width` lanes that `lane` is in; the other
// lanes get the last quad. Call it once: a second call would need a barrier before it.
fn reduce_rows(rows: array<vec4<f32>, 4>, lane: u32, width: u32) -> vec4<f32> {
    partial_rows[lane] = rows;
    workgroupBarrier();
    let first = lane - lane % width;
    let quad = min(lane % width, 3u);
    var sum = vec4<f32>();
    for (var i = 0u; i < width; i++) {
        sum += partial_rows[first + i][quad];
    }
    return sum;
}

