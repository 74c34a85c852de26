// Sums of 16 rows over neighbouring lanes, with one barrier. The kernel declares WORKGROUP.
var<workgroup> partial_rows: array<array<vec4<f32>, 4>, WORKGROUP>;

// Lets the other lanes see these sums. Call it once: a second call would need a barrier before it.
fn share_rows(rows: array<vec4<f32>, 4>, lane: u32) {
    partial_rows[lane] = rows;
    workgroupBarrier();
}

// One quad of the shared sums over the group of `width` lanes that `lane` is in.
fn sum_quad(quad: u32, lane: u32, width: u32) -> vec4<f32> {
    let first = lane - lane % width;
    var sum = vec4<f32>();
    for (var i = 0u; i < width; i++) {
        sum += partial_rows[first + i][quad];
    }
    return sum;
}

