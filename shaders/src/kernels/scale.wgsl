// Makes of a row of the stream what the kernels with a norm in them read: the sums of the squares of every 64 elements,
// zeros to whole quads behind them, and the stream times the norm's gain. One workgroup a row, one lane 64 elements.
struct Params {
    // Elements of the stream.
    cols: u32,
    // Elements of a row: the stream, sums of squares, the stream with its gain.
    stride: u32,
    unused_0: u32,
    unused_1: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(2) var<storage, read_write> stream: array<f32>;
@group(0) @binding(3) var<storage, read> gain: array<f32>;

@compute @workgroup_size(64)
fn scale(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let row = group.x * params.stride;
    let scaled = row + params.stride - params.cols;
    for (var at = lane; row + params.cols + at < scaled; at += 64u) {
        var sum = 0.0;
        // By fours, as matvec_add adds them: a row has the same sums whichever kernel left it.
        for (var i = at * 64u; i < min(at * 64u + 64u, params.cols); i += 4u) {
            var four = 0.0;
            for (var j = i; j < i + 4u; j++) {
                let value = stream[row + j];
                stream[scaled + j] = value * gain[j];
                four += value * value;
            }
            sum += four;
        }
        stream[row + params.cols + at] = sum;
    }
}
