// Weights in a storage buffer: unit i of 16 bytes is element i.
@group(0) @binding(2) var<storage, read> weights: array<vec4<u32>>;

fn weights_at(i: u32) -> vec4<u32> {
    return weights[i];
}

