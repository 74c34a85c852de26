//! The device: which adapter, with which limits, and what it said when something went wrong.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lorgnette_shaders::Program;

use super::adapter::{AdapterKind, AdapterReport, enumerate};
use super::asked::Asked;
use super::cache::PipelineCache;
use super::counters::Counts;
use super::pipelines::Pipeline;
use crate::gate::Gate;
use crate::reserve::BLOCK;
use crate::wait::{self, locked};
use crate::{Error, Profile, Result, SubmitBound};

/// How long a segment may take: minutes on a busy software driver, far less than a person waits on any GPU.
const PATIENCE: Duration = Duration::from_secs(600);

/// What a device is opened by, the first time and whenever it was lost.
#[derive(Clone, Debug)]
pub(crate) struct Opening {
    /// A part of the adapter's name, its driver's or backend's; any, if `None`.
    pub adapter: Option<String>,
    /// What it is asked for.
    pub profile: Profile,
    /// Where compiled pipelines are kept.
    pub cache_dir: Option<PathBuf>,
    /// Whether it is asked for its clock.
    pub timestamps: bool,
}

/// An open device.
pub(crate) struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    opening: Opening,
    pub(crate) counts: Arc<Counts>,
    pub(crate) gate: Arc<Gate>,
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
    /// Opens the first adapter that is meant, hardware before software, as the device of the profile.
    ///
    /// # Errors
    /// [`Error::Input`] where none is, [`Error::Unsupported`] where it has less than the profile, [`Error::Device`].
    pub fn open(opening: Opening) -> Result<Self> {
        Self::open_with(opening, Arc::default(), Arc::default())
    }

    /// The same device, which was lost, opened anew: with its counts, behind its gate.
    ///
    /// # Errors
    /// [`Error::DeviceLost`] where it does not come back.
    pub fn again(&self) -> Result<Self> {
        let why = |what: &str| {
            let lost = locked(&self.fault).lost.clone().unwrap_or_default();
            Error::DeviceLost(format!("{lost}; opened again: {what}"))
        };
        // They are of no more use, and new ones are coming.
        locked(&self.pipelines).clear();
        let (counts, gate) = (self.counts.clone(), self.gate.clone());
        let gpu = Self::open_with(self.opening.clone(), counts, gate)
            .map_err(|error| why(&error.to_string()))?;
        if gpu.report != self.report {
            return Err(why(&format!("{} is another device", gpu.report.name)));
        }
        Ok(gpu)
    }

    fn open_with(opening: Opening, counts: Arc<Counts>, gate: Arc<Gate>) -> Result<Self> {
        let wanted = opening.adapter.as_deref();
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
        Self::request(adapter, opening, counts, gate)
    }

    fn request(
        adapter: &wgpu::Adapter,
        opening: Opening,
        counts: Arc<Counts>,
        gate: Arc<Gate>,
    ) -> Result<Self> {
        let info = adapter.get_info();
        let mut asked = Asked::of(&opening.profile, adapter)?;
        let report = AdapterReport::of(info.clone(), &asked.limits, asked.features);
        if opening.cache_dir.is_some() {
            // No kernel sees it.
            asked.features |= adapter.features() & wgpu::Features::PIPELINE_CACHE;
        }
        if opening.timestamps {
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
                wait::ring();
            }
        });
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let message = error.to_string();
            log::error!("GPU: {message}");
            locked(&wrong).complaint.get_or_insert(message);
        }));
        let folder = opening.cache_dir.as_deref();
        let cache = folder.and_then(|folder| PipelineCache::open(&device, &info, folder));
        Ok(Self {
            device,
            queue,
            counts,
            gate,
            pipelines: Mutex::default(),
            cache,
            submit: opening.profile.submit,
            report,
            fault,
            opening,
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

    /// Whether it is gone.
    pub fn is_lost(&self) -> bool {
        locked(&self.fault).lost.is_some()
    }

    /// A result of this device: what it complains of when it is lost is that it is lost.
    pub fn blamed<T>(&self, result: Result<T>) -> Result<T> {
        match result {
            Err(Error::Device(_)) if self.is_lost() => self.check().and(result),
            other => other,
        }
    }

    /// Loses the device, as a driver's reset would. For tests.
    pub fn lose(&self, why: &str) {
        locked(&self.fault).lost.get_or_insert(why.to_owned());
        self.device.destroy();
        wait::ring();
    }

    /// Submits what was encoded, and `count`s it, as soon as the runtime is not paused. When, and what to wait for.
    ///
    /// # Errors
    /// [`Error::Cancelled`] where `given_up` says so before; as [`Gpu::check`].
    pub fn submit(
        &self,
        encoder: wgpu::CommandEncoder,
        count: impl FnOnce(&Counts),
        given_up: &dyn Fn() -> bool,
    ) -> Result<(Instant, wgpu::SubmissionIndex)> {
        let commands = encoder.finish();
        let passing = self.gate.pass(&|| given_up() || self.is_lost());
        let passing = passing.or_else(|error| self.check().and(Err(error)))?;
        let start = Instant::now();
        let submission = self.queue.submit([commands]);
        count(&self.counts);
        drop(passing);
        self.check()?;
        Ok((start, submission))
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

    /// The same, whatever became of it: on a device that is lost nothing is left.
    pub fn idle(&self) {
        if let Err(error) = self.device.poll(wgpu::PollType::wait_indefinitely()) {
            log::debug!("while waiting for the device: {error}");
        }
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
