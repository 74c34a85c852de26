// How likely a token is by its distance from the likeliest one, in whole numbers: as in `draw.rs`.

// A logit in units of 2^-16. Every step is exact, however a device rounds.
fn fixed(logit: f32) -> i32 {
    return i32(floor(clamp(logit, -32767.0, 32767.0) * 65536.0));
}

// 2^30 at distance 0. `shift` is 1 to 63.
fn likelihood(distance: u32, scale: u32, shift: u32) -> u32 {
    let product = times(distance, scale);
    var halvings = product.y >> (shift & 31u);
    if shift < 32u {
        let low = (product.y << (32u - shift)) | (product.x >> shift);
        halvings = select(low, 0xffffffffu, halvings != 0u);
    }
    if halvings >= 0x1f0000u {
        return 0u;
    }
    let x = halvings & 0xffffu;
    var power = 3548u - ((x * 479u + 0x8000u) >> 16u);
    power = 15724u - ((x * power + 0x8000u) >> 16u);
    power = 45423u - ((x * power + 0x8000u) >> 16u);
    power = 65536u - ((x * power + 0x8000u) >> 16u);
    return (power << 14u) >> (halvings >> 16u);
}
