// What changes from one step to the next: `count` rows of the sequence from `position` on. The cache holds the first
// `keep` positions and a ring of the latest; `dropped` positions between the two have left it.
// `draw` is how the next token is chosen; only `choose` looks at it.
struct Draw {
    top_k: u32,
    top_p: u32,
    reach: u32,
    bits: u32,
    scale: u32,
    shift: u32,
    random: u32,
    unused: u32,
}
struct Step {
    position: u32,
    count: u32,
    keep: u32,
    dropped: u32,
    draw: Draw,
}
@group(0) @binding(1) var<uniform> step: Step;

// Stands for minus infinity, which WGSL does not promise.
const LOWEST: f32 = -3.0e38;

// True for infinities and NaN, asked of the bits: a compiler may assume that floats are finite.
fn not_finite(value: f32) -> bool {
    return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
}

