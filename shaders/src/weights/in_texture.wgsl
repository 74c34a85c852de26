// Weights in a texture, row behind row: unit i of 16 bytes is a texel. Its width is a power of two.
@group(0) @binding(2) var weights: texture_2d<u32>;

fn weights_at(i: u32) -> vec4<u32> {
    let width = textureDimensions(weights).x;
    return textureLoad(weights, vec2<u32>(i & (width - 1u), i >> firstTrailingBit(width)), 0);
}

