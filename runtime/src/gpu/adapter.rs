//! What adapters there are, and what a person would call them. None is opened here.

use lorgnette_shaders::Feature;

/// What an adapter is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterKind {
    /// A GPU of its own memory.
    Discrete,
    /// A GPU that shares memory with the processor, as in phones.
    Integrated,
    /// A GPU handed into a virtual machine.
    Virtual,
    /// A driver that computes on the processor: right numbers, low speed.
    Software,
    /// No GPU at all: the plan is played by the plain references.
    Reference,
    /// The driver does not say.
    Unknown,
}

/// An adapter as a person would name it.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterReport {
    /// The device's name.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// The graphics interface, for example `vulkan`.
    pub backend: String,
    /// What it is made of.
    pub kind: AdapterKind,
    /// Bytes one storage binding may have.
    pub max_binding_bytes: u64,
    /// Bytes one buffer may have.
    pub max_buffer_bytes: u64,
    /// Texels of a texture's longest side.
    pub max_texture_side: u32,
    /// Bytes of workgroup memory.
    pub max_workgroup_bytes: u32,
    /// Invocations in a workgroup.
    pub max_workgroup_invocations: u32,
    /// Smallest and largest subgroup.
    pub subgroup_sizes: (u32, u32),
    /// Optional features that it has: `f16`, `subgroups`, `timestamps`. Variants that need others are not for it.
    pub features: Vec<&'static str>,
}

impl AdapterReport {
    pub(super) fn new(adapter: &wgpu::Adapter) -> Self {
        Self::of(adapter.get_info(), &adapter.limits(), adapter.features())
    }

    /// An adapter, or a device on it that was asked for with less.
    pub(super) fn of(
        info: wgpu::AdapterInfo,
        limits: &wgpu::Limits,
        features: wgpu::Features,
    ) -> Self {
        let kind = match info.device_type {
            wgpu::DeviceType::DiscreteGpu => AdapterKind::Discrete,
            wgpu::DeviceType::IntegratedGpu => AdapterKind::Integrated,
            wgpu::DeviceType::VirtualGpu => AdapterKind::Virtual,
            wgpu::DeviceType::Cpu => AdapterKind::Software,
            wgpu::DeviceType::Other => AdapterKind::Unknown,
        };
        Self {
            name: info.name,
            driver: format!("{} {}", info.driver, info.driver_info)
                .trim()
                .to_owned(),
            backend: info.backend.to_str().to_owned(),
            kind,
            max_binding_bytes: limits.max_storage_buffer_binding_size,
            max_buffer_bytes: limits.max_buffer_size,
            max_texture_side: limits.max_texture_dimension_2d,
            max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
            max_workgroup_invocations: limits.max_compute_invocations_per_workgroup,
            subgroup_sizes: (info.subgroup_min_size, info.subgroup_max_size),
            features: OPTIONAL
                .into_iter()
                .filter(|(_, flag)| features.contains(*flag))
                .map(|(name, _)| name)
                .collect(),
        }
    }
}

/// Features that are told of, by our names.
const OPTIONAL: [(&str, wgpu::Features); 3] = [
    ("f16", wgpu::Features::SHADER_F16),
    (Feature::Subgroups.name(), wgpu::Features::SUBGROUP),
    ("timestamps", wgpu::Features::TIMESTAMP_QUERY),
];

/// Every adapter of this machine, hardware first.
pub fn adapters() -> Vec<AdapterReport> {
    enumerate().iter().map(AdapterReport::new).collect()
}

pub(super) fn enumerate() -> Vec<wgpu::Adapter> {
    let mut wanted = wgpu::InstanceDescriptor::new_without_display_handle();
    // In a debug build wgpu would put the place of every expression into the SPIR-V, which takes longer than all the rest
    // of a pipeline. What is validated stays.
    wanted.flags.remove(wgpu::InstanceFlags::DEBUG);
    let instance = wgpu::Instance::new(wanted);
    let mut adapters = pollster::block_on(instance.enumerate_adapters(wgpu::Backends::PRIMARY));
    let rank = |adapter: &wgpu::Adapter| match adapter.get_info().device_type {
        wgpu::DeviceType::DiscreteGpu => 0,
        wgpu::DeviceType::IntegratedGpu => 1,
        wgpu::DeviceType::VirtualGpu => 2,
        wgpu::DeviceType::Other => 3,
        wgpu::DeviceType::Cpu => 4,
    };
    adapters.sort_by_key(rank);
    adapters
}
