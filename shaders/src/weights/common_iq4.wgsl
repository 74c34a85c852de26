// The 16 values of IQ4_NL and IQ4_XS, as bytes biased by 127 in four words. A select tree, because a constant array
// with a dynamic index lands in slow private memory on many GPUs.

fn weights_iq4_quad(q: vec4<u32>, scale: f32) -> vec4<f32> {
    let upper = (q & vec4<u32>(4u)) != vec4<u32>(0u);
    let negative = select(vec4<u32>(0x3e2c1700u), vec4<u32>(0x75695c4eu), upper);
    let positive = select(vec4<u32>(0xa5988c80u), vec4<u32>(0xf0d8c4b4u), upper);
    let words = select(negative, positive, (q & vec4<u32>(8u)) != vec4<u32>(0u));
    let bytes = (words >> ((q & vec4<u32>(3u)) << vec4<u32>(3u))) & vec4<u32>(255u);
    return scale * (vec4<f32>(bytes) - 127.0);
}

fn weights_iq4(quants: vec4<u32>, scale: f32) -> array<vec4<f32>, 8> {
    let q = weights_nibbles(quants);
    return array<vec4<f32>, 8>(
        weights_iq4_quad(q[0], scale), weights_iq4_quad(q[1], scale),
        weights_iq4_quad(q[2], scale), weights_iq4_quad(q[3], scale),
        weights_iq4_quad(q[4], scale), weights_iq4_quad(q[5], scale),
        weights_iq4_quad(q[6], scale), weights_iq4_quad(q[7], scale),
    );
}

