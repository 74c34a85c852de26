//! Workgroup memory of a shader, summed from naga's view of it: wgpu has a limit for it and does not look
//! (gfx-rs/wgpu#8946), and a driver may do anything then.

use wgpu::naga::back::{PipelineConstants, pipeline_constants::process_overrides};
use wgpu::naga::proc::Layouter;
use wgpu::naga::valid::{Capabilities, ValidationFlags, Validator};
use wgpu::naga::{AddressSpace, ArraySize, Module, ShaderStage, TypeInner, front};

/// Bytes of workgroup memory of one shader, each variable at a multiple of 16. `constants` are its overrides, which may
/// be lengths of arrays.
///
/// # Errors
/// What naga has against the shader.
pub(super) fn bytes(source: &str, entry: &str, constants: &[(&str, f64)]) -> Result<u32, String> {
    let module = front::wgsl::parse_str(source).map_err(|error| error.emit_to_string(source))?;
    if !has_open_lengths(&module) {
        return sum(&module);
    }
    let info = Validator::new(ValidationFlags::all(), Capabilities::all())
        .validate(&module)
        .map_err(|error| error.emit_to_string(source))?;
    let constants: PipelineConstants = constants
        .iter()
        .map(|(name, value)| ((*name).to_owned(), *value))
        .collect();
    let entry = Some((ShaderStage::Compute, entry));
    let (module, _) =
        process_overrides(&module, &info, entry, &constants).map_err(|error| error.to_string())?;
    sum(&module)
}

fn has_open_lengths(module: &Module) -> bool {
    module.types.iter().any(|(_, ty)| {
        let size = match ty.inner {
            TypeInner::Array { size, .. } => Some(size),
            _ => None,
        };
        matches!(size, Some(ArraySize::Pending(_)))
    })
}

fn sum(module: &Module) -> Result<u32, String> {
    let mut layouter = Layouter::default();
    layouter
        .update(module.to_ctx())
        .map_err(|error| error.to_string())?;
    Ok(module
        .global_variables
        .iter()
        .filter(|(_, variable)| variable.space == AddressSpace::WorkGroup)
        .map(|(_, variable)| layouter[variable.ty].size.next_multiple_of(16))
        .sum())
}
