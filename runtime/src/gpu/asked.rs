//! What is asked of an adapter: the limits and features of a profile and no more, or the adapter's own. An adapter that
//! has less is refused with everything it lacks.

use lorgnette_shaders::Variant;
use lorgnette_shaders::weights::Texels;

use crate::{Error, Offer, Profile, Result};

/// Limits and features to request.
pub(super) struct Asked {
    pub limits: wgpu::Limits,
    pub features: wgpu::Features,
}

impl Asked {
    pub fn of(profile: &Profile, adapter: &wgpu::Adapter) -> Result<Self> {
        let (has, features) = (adapter.limits(), adapter.features());
        match &profile.offer {
            None => Ok(Self {
                limits: native(&has),
                features: features & (wgpu::Features::SHADER_F16 | wgpu::Features::SUBGROUP),
            }),
            Some(offer) => {
                let asked = Self {
                    limits: limits(offer),
                    features: optional(offer),
                };
                let name = &adapter.get_info().name;
                asked.refuse_less(profile.name, name, &has, features)?;
                Ok(asked)
            }
        }
    }

    fn refuse_less(
        &self,
        profile: &str,
        adapter: &str,
        has: &wgpu::Limits,
        features: wgpu::Features,
    ) -> Result<()> {
        let mut lacking: Vec<(String, String)> = Vec::new();
        self.limits
            .check_limits_with_fail_fn(has, false, |name, asked, has| {
                lacking.push((format!("{name} {asked}"), format!("{name} {has}")));
            });
        for (name, _) in (self.features - features).iter_names() {
            lacking.push((name.to_owned(), format!("no {name}")));
        }
        if lacking.is_empty() {
            return Ok(());
        }
        let (asked, found): (Vec<_>, Vec<_>) = lacking.into_iter().unzip();
        Err(Error::Unsupported {
            what: format!("profile {profile} on {adapter}"),
            expected: asked.join(", "),
            found: found.join(", "),
        })
    }
}

/// That a device of these features cannot have a variant, if so. `what` names it.
///
/// # Errors
/// [`Error::Unsupported`] with everything that is lacking.
pub(crate) fn refuse_lacking(what: &str, variant: &Variant, features: &[&str]) -> Result<()> {
    if variant.fits(features) {
        return Ok(());
    }
    let names = variant.needs.iter().map(|feature| feature.name());
    let lacking: Vec<&str> = names.filter(|name| !features.contains(name)).collect();
    Err(Error::Unsupported {
        what: format!("variant {what}"),
        expected: format!("a device with {}", lacking.join(", ")),
        found: match features {
            [] => "one without optional features".into(),
            _ => format!("one with {}", features.join(", ")),
        },
    })
}

/// The adapter's own in what kernels use; of the rest (vertices, samplers) the least there is.
fn native(has: &wgpu::Limits) -> wgpu::Limits {
    wgpu::Limits {
        max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
        max_buffer_size: has.max_buffer_size,
        max_storage_buffers_per_shader_stage: has.max_storage_buffers_per_shader_stage,
        max_compute_workgroup_storage_size: has.max_compute_workgroup_storage_size,
        max_compute_invocations_per_workgroup: has.max_compute_invocations_per_workgroup,
        max_compute_workgroup_size_x: has.max_compute_workgroup_size_x,
        max_compute_workgroups_per_dimension: has.max_compute_workgroups_per_dimension,
        max_texture_dimension_2d: has.max_texture_dimension_2d.min(Texels::SIDE),
        ..wgpu::Limits::downlevel_defaults()
    }
}

fn limits(offer: &Offer) -> wgpu::Limits {
    wgpu::Limits {
        max_storage_buffer_binding_size: offer.binding_bytes,
        max_buffer_size: offer.buffer_bytes,
        max_storage_buffers_per_shader_stage: offer.storage_buffers,
        max_compute_workgroup_storage_size: offer.workgroup_bytes,
        max_compute_invocations_per_workgroup: offer.workgroup_invocations,
        max_compute_workgroup_size_x: offer.workgroup_size,
        max_compute_workgroups_per_dimension: offer.workgroups,
        min_storage_buffer_offset_alignment: offer.offset_alignment,
        min_uniform_buffer_offset_alignment: offer.offset_alignment,
        // What WebGPU guarantees, and so what every profile has.
        max_texture_dimension_2d: Texels::SIDE,
        ..wgpu::Limits::downlevel_defaults()
    }
}

fn optional(offer: &Offer) -> wgpu::Features {
    let mut features = wgpu::Features::empty();
    features.set(wgpu::Features::SHADER_F16, offer.f16);
    features.set(wgpu::Features::SUBGROUP, offer.subgroups);
    features
}
