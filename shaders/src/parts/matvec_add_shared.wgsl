// What the variants of matvec_add begin with: params, bindings, and how an element of the stream is renewed.
struct Params {
    planes: vec4<u32>,
    rows: u32,
    // Blocks of 32 in a row.
    blocks: u32,
    // Elements of a row of the stream: itself, sums of squares, itself with the gain.
    stride: u32,
    unused: u32,
}
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> stream: array<f32>;
@group(0) @binding(5) var<storage, read> gain: array<f32>;

var<workgroup> squares: array<f32, 64>;

// Adds a product to its element of the stream, scales it for the norm that comes next, and returns its square.
fn renew(row: u32, product: f32) -> f32 {
    if row >= params.rows {
        return 0.0;
    }
    let value = stream[row] + product;
    stream[row] = value;
    stream[row + params.stride - params.rows] = value * gain[row];
    return value * value;
}

// Stores the sum of the squares of the workgroup's 64 rows, which its first 64 lanes have; the last workgroup fills the
// quad with zeros. For all lanes: there is a barrier.
fn put_squares(group: u32, lane: u32, square: f32) {
    if lane < 64u {
        squares[lane] = square;
    }
    workgroupBarrier();
    if lane > 0u {
        return;
    }
    var sum = 0.0;
    for (var i = 0u; i < 64u; i++) {
        sum += squares[i];
    }
    stream[params.rows + group] = sum;
    if (group + 1u) * 64u >= params.rows {
        for (var i = params.rows + group + 1u; i < params.stride - params.rows; i++) {
            stream[i] = 0.0;
        }
    }
}

