//! naga turns every program into what Vulkan, Metal and Direct3D compile, with the options of a device that wgpu drives.
//! Whether those compilers like it is for a machine that has them; the validator of SPIR-V is in `spirv.rs`.

use std::collections::BTreeMap;

use lorgnette_shaders::kernel::FIRST_STORAGE;
use lorgnette_shaders::{Program, programs};
use naga::back::{PipelineConstants, hlsl, msl, pipeline_constants, spv};
use naga::proc::{BoundsCheckPolicies, BoundsCheckPolicy};
use naga::valid::{Capabilities, ModuleInfo, ValidationFlags, Validator};
use naga::{Module, ResourceBinding, ShaderStage};

/// A program with its constants put in.
pub(super) struct Resolved {
    module: Module,
    info: ModuleInfo,
    entry: (ShaderStage, String),
    bindings: u8,
    /// The binding that is a texture, if one is.
    texture: Option<u32>,
}

impl Resolved {
    /// Parsed and validated for a target that can do `capabilities`.
    pub(super) fn new(program: &Program, capabilities: Capabilities) -> Self {
        let (label, source) = (program.label(), program.source());
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|e| panic!("{label}: {}", e.emit_to_string(&source)));
        let info = Validator::new(ValidationFlags::all(), capabilities)
            .validate(&module)
            .unwrap_or_else(|e| panic!("{label}: {}", e.emit_to_string(&source)));
        let kernel = program.shader.kernel;
        let mut binds = (FIRST_STORAGE..).zip(kernel.binds);
        let texture = binds.find(|(_, bind)| program.samples(bind));
        let given = program.variant.constants.iter();
        let constants: PipelineConstants = given
            .map(|(name, value)| ((*name).to_owned(), f64::from(*value)))
            .collect();
        let (stage, name) = (ShaderStage::Compute, kernel.name);
        let entry = Some((stage, name));
        let resolved = pipeline_constants::process_overrides(&module, &info, entry, &constants);
        let (module, info) = resolved.unwrap_or_else(|e| panic!("{label}: {e}"));
        Self {
            module: module.into_owned(),
            info: info.into_owned(),
            entry: (stage, name.to_owned()),
            bindings: FIRST_STORAGE as u8 + kernel.binds.len() as u8,
            texture: texture.map(|(binding, _)| binding),
        }
    }

    /// Each binding of the program.
    fn bound(&self) -> impl Iterator<Item = ResourceBinding> {
        (0..u32::from(self.bindings)).map(|binding| ResourceBinding { group: 0, binding })
    }

    /// SPIR-V of a version, for a driver that checks bounds of buffers by itself or one that does not.
    pub(super) fn spirv(&self, lang_version: (u8, u8), checked: bool) -> Result<Vec<u32>, String> {
        let target = |r: ResourceBinding| spv::BindingInfo {
            descriptor_set: r.group,
            binding: r.binding,
            binding_array_size: None,
        };
        let options = spv::Options {
            lang_version,
            fake_missing_bindings: false,
            binding_map: self.bound().map(|r| (r, target(r))).collect(),
            bounds_check_policies: policies(match checked {
                true => BoundsCheckPolicy::Unchecked,
                false => BoundsCheckPolicy::Restrict,
            }),
            zero_initialize_workgroup_memory: spv::ZeroInitializeWorkgroupMemoryMode::None,
            ..spv::Options::default()
        };
        let entry = spv::PipelineOptions {
            shader_stage: self.entry.0,
            entry_point: self.entry.1.clone(),
        };
        spv::write_vec(&self.module, &self.info, &options, Some(&entry)).map_err(|e| e.to_string())
    }

    /// Metal's language as of iOS 15, and what the entry point is called in it.
    fn msl(&self) -> Result<(String, String), String> {
        let target = |r: ResourceBinding| msl::BindTarget {
            buffer: Some(r.binding as u8).filter(|_| self.texture != Some(r.binding)),
            texture: Some(0).filter(|_| self.texture == Some(r.binding)),
            mutable: true,
            ..msl::BindTarget::default()
        };
        let resources = msl::EntryPointResources {
            resources: self.bound().map(|r| (r, target(r))).collect(),
            immediates_buffer: None,
            sizes_buffer: Some(self.bindings),
        };
        let options = msl::Options {
            lang_version: (2, 4),
            per_entry_point_map: BTreeMap::from([(self.entry.1.clone(), resources)]),
            fake_missing_bindings: false,
            bounds_check_policies: policies(BoundsCheckPolicy::Restrict),
            zero_initialize_workgroup_memory: false,
            ..msl::Options::default()
        };
        let entry = msl::PipelineOptions {
            entry_point: Some(self.entry.clone()),
            ..msl::PipelineOptions::default()
        };
        let (text, translated) = msl::write_string(&self.module, &self.info, &options, &entry)
            .map_err(|e| e.to_string())?;
        Ok((text, only(translated.entry_point_names)?))
    }

    /// Direct3D's language as of the model that has f16, and what the entry point is called in it.
    fn hlsl(&self) -> Result<(String, String), String> {
        let target = |r: ResourceBinding| hlsl::BindTarget {
            register: r.binding,
            restrict_indexing: true,
            ..hlsl::BindTarget::default()
        };
        let options = hlsl::Options {
            shader_model: hlsl::ShaderModel::V6_2,
            binding_map: self.bound().map(|r| (r, target(r))).collect(),
            fake_missing_bindings: false,
            zero_initialize_workgroup_memory: false,
            ..hlsl::Options::default()
        };
        let entry = hlsl::PipelineOptions {
            entry_point: Some(self.entry.clone()),
        };
        let mut text = String::new();
        let translated = hlsl::Writer::new(&mut text, &options, &entry)
            .write(&self.module, &self.info, None)
            .map_err(|e| e.to_string())?;
        Ok((text, only(translated.entry_point_names)?))
    }
}

fn policies(policy: BoundsCheckPolicy) -> BoundsCheckPolicies {
    BoundsCheckPolicies {
        index: BoundsCheckPolicy::Restrict,
        buffer: policy,
        ..BoundsCheckPolicies::default()
    }
}

/// The name of the one entry point, unless it was left out because something of it could not be said.
fn only<E: std::fmt::Display>(names: Vec<Result<String, E>>) -> Result<String, String> {
    match <[_; 1]>::try_from(names) {
        Ok([name]) => name.map_err(|e| e.to_string()),
        Err(names) => Err(format!("{} entry points", names.len())),
    }
}

/// Translates every program; `head` is how a program in that language begins its entry point.
fn all(
    capabilities: Capabilities,
    translate: impl Fn(&Resolved) -> Result<(String, String), String>,
    head: impl Fn(&str) -> String,
) {
    let mut wrong = Vec::new();
    let programs = programs();
    for program in &programs {
        let label = program.label();
        match translate(&Resolved::new(program, capabilities)) {
            Ok((text, entry)) if text.matches(&head(&entry)).count() == 1 => {}
            Ok((text, entry)) => wrong.push(format!("{label}: not one {entry} in\n{text}")),
            Err(error) => wrong.push(format!("{label}: {error}")),
        }
    }
    println!("{} programs translated", programs.len());
    assert!(!programs.is_empty());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn to_metal() {
    all(msl::supported_capabilities(), Resolved::msl, |entry| {
        format!("kernel void {entry}(")
    });
}

#[test]
fn to_direct3d() {
    all(hlsl::supported_capabilities(), Resolved::hlsl, |entry| {
        format!("void {entry}(")
    });
}
