//! Every WGSL part parses and validates with no optional capability, and offers the one function with its one signature:
//! the kernel that calls it would not validate otherwise.

use lorgnette_shaders::weights::{Medium, WeightFormat};
use naga::valid::{Capabilities, ValidationFlags, Validator};

const KERNEL: &str = "
struct Params { planes: vec4<u32>, blocks: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> out: array<vec4<f32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    let block = id.x;
    if block >= params.blocks { return; }
    let unpacked: array<vec4<f32>, 8> = weights_unpack(params.planes, block);
    out[block * 8u] = unpacked[0];
    out[block * 8u + 7u] = unpacked[7];
}
";

/// Every format in every medium.
fn sources() -> impl Iterator<Item = (String, String)> {
    WeightFormat::ALL.into_iter().flat_map(|format| {
        Medium::ALL.map(|medium| {
            let name = format!("{} in a {}", format.name(), medium.name());
            (name, [medium.part(), format.part(), KERNEL].concat())
        })
    })
}

#[test]
fn parts_validate_without_capabilities() {
    for (name, source) in sources() {
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
        Validator::new(ValidationFlags::all(), Capabilities::empty())
            .validate(&module)
            .unwrap_or_else(|error| panic!("{name}: {}", error.emit_to_string(&source)));
    }
}

#[test]
fn names_of_parts_do_not_meet_those_of_kernels() {
    for (source_name, source) in sources() {
        let module = naga::front::wgsl::parse_str(&source).unwrap();
        for (_, function) in module.functions.iter() {
            let name = function.name.as_deref().unwrap_or_default();
            assert!(name.starts_with("weights_"), "{source_name}: {name}");
        }
        assert!(
            !module.functions.is_empty()
                && module.overrides.is_empty()
                && module.global_variables.len() == 3
        );
    }
}
