// F16. Plane 0: 32 halves per block, as in the file. Subnormal weights are exact, see `weights_halves`.

fn weights_unpack(planes: vec4<u32>, block: u32) -> array<vec4<f32>, 8> {
    let at = planes.x + block * 4u;
    let a = weights_at(at);
    let b = weights_at(at + 1u);
    let c = weights_at(at + 2u);
    let d = weights_at(at + 3u);
    return array<vec4<f32>, 8>(
        vec4<f32>(weights_halves(a.x), weights_halves(a.y)), vec4<f32>(weights_halves(a.z), weights_halves(a.w)),
        vec4<f32>(weights_halves(b.x), weights_halves(b.y)), vec4<f32>(weights_halves(b.z), weights_halves(b.w)),
        vec4<f32>(weights_halves(c.x), weights_halves(c.y)), vec4<f32>(weights_halves(c.z), weights_halves(c.w)),
        vec4<f32>(weights_halves(d.x), weights_halves(d.y)), vec4<f32>(weights_halves(d.z), weights_halves(d.w)),
    );
}
