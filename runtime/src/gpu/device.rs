//! The device: which adapter, with which limits, and what it said when something went wrong.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lorgnette_shaders::{Feature, Program};

use super::asked::Asked;
use super::cache::PipelineCache;
use super::counters::Counts;
use super::pipelines::Pipeline;
use crate::reserve::BLOCK;
use crate::{Error, Profile, Result, SubmitBound};

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
    fn new(adapter: &wgpu::Adapter) -> Self {
        Self::of(adapter.get_info(), &adapter.limits(), adapter.features())
    }

    /// An adapter, or a device on it that was asked for with less.
    fn of(info: wgpu::AdapterInfo, limits: &wgpu::Limits, features: wgpu::Features) -> Self {
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

fn enumerate() -> Vec<wgpu::Adapter> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
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

/// How long a segment may take: minutes on a busy software driver, far less than a person waits on any GPU.
const PATIENCE: Duration = Duration::from_secs(600);

/// An open device.
pub(crate) struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(crate) counts: Arc<Counts>,
    pub(super) pipelines: Mutex<HashMap<Program, Arc<Pipeline>>>,
    pub(super) cache: Option<PipelineCache>,
    /// What one submit of a step may hold.
    pub(crate) submit: SubmitBound,
    pub(crate) report: AdapterReport,
    fault: Arc<Mutex<Fault>>,
}

/// What went wrong with a device.
#[derive(Default)]
struct Fault {
    /// Why it is gone. That stays so.
    lost: Option<String>,
    /// The first complaint since the last look.
    complaint: Option<String>,
}

impl Gpu {
    /// Opens the first adapter, hardware before software, whose name or driver holds `wanted` (any, if `None`), as the
    /// device of the profile.
    pub fn open(
        wanted: Option<&str>,
        profile: &Profile,
        cache_dir: Option<&Path>,
        timestamps: bool,
    ) -> Result<Self> {
        let adapters = enumerate();
        let named = |report: &AdapterReport| {
            let text =
                format!("{} {} {}", report.name, report.driver, report.backend).to_lowercase();
            wanted.is_none_or(|wanted| text.contains(&wanted.to_lowercase()))
        };
        let Some((adapter, report)) = adapters
            .iter()
            .map(|adapter| (adapter, AdapterReport::new(adapter)))
            .find(|(_, report)| named(report))
        else {
            let names: Vec<String> = adapters
                .iter()
                .map(|adapter| adapter.get_info().name)
                .collect();
            return Err(Error::Input {
                what: "adapter".into(),
                expected: wanted.map_or("a GPU or a software driver".into(), |wanted| {
                    format!("one whose name holds \"{wanted}\"")
                }),
                found: if names.is_empty() {
                    "no adapter at all".into()
                } else {
                    names.join(", ")
                },
            });
        };
        if report.kind == AdapterKind::Software {
            log::warn!(
                "no hardware GPU in use: {} computes on the processor, slowly",
                report.name
            );
        }
        Self::request(adapter, profile, cache_dir, timestamps)
    }

    fn request(
        adapter: &wgpu::Adapter,
        profile: &Profile,
        cache_dir: Option<&Path>,
        timestamps: bool,
    ) -> Result<Self> {
        let info = adapter.get_info();
        let mut asked = Asked::of(profile, adapter)?;
        let report = AdapterReport::of(info.clone(), &asked.limits, asked.features);
        if cache_dir.is_some() {
            // No kernel sees it.
            asked.features |= adapter.features() & wgpu::Features::PIPELINE_CACHE;
        }
        if timestamps {
            // Nor this.
            asked.features |= adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        }
        let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
            label: Some("lorgnette"),
            required_features: asked.features,
            required_limits: asked.limits,
            // wgpu reserves blocks ahead of use: all of one size, as the budget counts them.
            memory_hints: wgpu::MemoryHints::Manual {
                suballocated_device_memory_block_size: BLOCK..BLOCK,
            },
            ..Default::default()
        }))
        .map_err(|error| Error::Device(format!("{} gives no device: {error}", report.name)))?;
        let fault = Arc::new(Mutex::new(Fault::default()));
        let (lost, wrong) = (fault.clone(), fault.clone());
        device.set_device_lost_callback(move |reason, message| {
            // We destroy a device only when nobody is left to ask.
            if reason != wgpu::DeviceLostReason::Destroyed {
                log::error!("GPU: the device was lost: {message}");
                locked(&lost).lost.get_or_insert(message);
            }
        });
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let message = error.to_string();
            log::error!("GPU: {message}");
            locked(&wrong).complaint.get_or_insert(message);
        }));
        let cache = cache_dir.and_then(|folder| PipelineCache::open(&device, &info, folder));
        Ok(Self {
            device,
            queue,
            counts: Arc::default(),
            pipelines: Mutex::default(),
            cache,
            submit: profile.submit,
            report,
            fault,
        })
    }

    /// That the device is lost, or the first thing it complained about since the last look.
    pub fn check(&self) -> Result<()> {
        let mut fault = locked(&self.fault);
        if let Some(why) = &fault.lost {
            return Err(Error::DeviceLost(why.clone()));
        }
        match fault.complaint.take() {
            Some(message) => Err(Error::Device(message)),
            None => Ok(()),
        }
    }

    /// Loses the device, as a driver's reset would. For tests.
    pub fn lose(&self, why: &str) {
        locked(&self.fault).lost.get_or_insert(why.to_owned());
        self.device.destroy();
    }

    /// Whether a pass can say when it began and ended.
    pub fn has_timestamps(&self) -> bool {
        let features = self.device.features();
        features.contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    /// Waits until a submission has ended.
    pub fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<()> {
        let poll = wgpu::PollType::Wait {
            submission_index: Some(submission),
            timeout: Some(PATIENCE),
        };
        let polled = self.device.poll(poll);
        self.check()?;
        polled
            .map(drop)
            .map_err(|error| Error::Device(format!("waiting for the device: {error}")))
    }

    /// Waits until the device has nothing left to do, so that dropped buffers are really given back.
    pub fn settle(&self) -> Result<()> {
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|error| Error::Device(error.to_string()))?;
        self.check()
    }

    /// Bytes that wgpu's allocator has handed out, and bytes it holds from the driver, where it keeps an account.
    pub fn allocator(&self) -> Option<(u64, u64)> {
        let report = self.device.generate_allocator_report()?;
        Some((report.total_allocated_bytes, report.total_reserved_bytes))
    }
}

impl std::fmt::Debug for Gpu {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gpu")
            .field("report", &self.report)
            .finish_non_exhaustive()
    }
}

fn locked(fault: &Mutex<Fault>) -> MutexGuard<'_, Fault> {
    fault.lock().unwrap_or_else(PoisonError::into_inner)
}
