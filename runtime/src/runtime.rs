//! The runtime: one device (or the plain references in its place) that models share.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lorgnette_shaders::{Shader, Variant};

use crate::gate::Gate;
use crate::gpu::{AdapterKind, AdapterReport, Counters, Counts, Gpu, Opening};
use crate::pace::Thermal;
use crate::trust::{Judged, Trust, Variants};
use crate::wait::{self, locked};
use crate::{Profile, Result};

/// Which adapter to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Adapter {
    /// The best hardware there is; a software driver only where there is none, and with a warning.
    #[default]
    Auto,
    /// The first whose name, driver or backend holds this text, in any case of letters.
    Named(String),
    /// No GPU: the plan is played by the plain references. Right, and very slow.
    Cpu,
}

/// How a runtime is made.
#[derive(Clone, Debug, Default)]
pub struct RuntimeOptions {
    /// Which adapter to use.
    pub adapter: Adapter,
    /// The device to ask the adapter for: exactly this one, with no limit above it and no feature beside its own.
    pub profile: Profile,
    /// Pretend that one storage binding may have at most this many bytes, as on smaller devices. A GPU's own limit stays;
    /// the references take any.
    pub max_binding_bytes: Option<u64>,
    /// A folder of the app's own for what is learned of a device: which kernels it computes rightly, and its compiled
    /// pipelines. Made if it is not there; nothing is written without one.
    pub cache_dir: Option<PathBuf>,
    /// Which variants of kernels may be used; by default the fastest that is right on this device.
    pub variants: Variants,
    /// Ask for the device's own clock too, where it has one: for [`crate::Session::laps`]. No kernel sees it.
    pub timestamps: bool,
    /// Variants, by kernel, that are wanted before this crate's own: for experiments, and for tests of what happens with
    /// broken ones.
    #[doc(hidden)]
    pub extra_variants: Vec<(&'static str, &'static Variant)>,
}

/// A device that models share. Cloning it is cheap and gives the same device.
#[derive(Clone, Debug)]
pub struct Runtime {
    /// The device that is open now: another one behind every loss.
    gpu: Option<Arc<Mutex<Arc<Gpu>>>>,
    counts: Arc<Counts>,
    gate: Arc<Gate>,
    thermal: Arc<Mutex<Thermal>>,
    trust: Arc<Trust>,
    report: AdapterReport,
    profile: Profile,
    max_binding_bytes: u64,
}

impl Runtime {
    /// Opens the device.
    ///
    /// # Errors
    /// [`crate::Error::Input`] if no adapter fits, naming those that are there, or a pinned variant is not known;
    /// [`crate::Error::Unsupported`] if it has less than the profile or a pinned variant, [`crate::Error::Device`] if it gives
    /// no device.
    pub fn new(options: RuntimeOptions) -> Result<Self> {
        let open = |adapter| {
            let opening = Opening {
                adapter,
                profile: options.profile,
                cache_dir: options.cache_dir.clone(),
                timestamps: options.timestamps,
            };
            Gpu::open(opening).map(Some)
        };
        let gpu = match &options.adapter {
            Adapter::Auto => open(None)?,
            Adapter::Named(name) => open(Some(name.clone()))?,
            Adapter::Cpu => None,
        };
        let report = gpu.as_ref().map_or_else(
            || reference_report(&options.profile),
            |gpu| gpu.report.clone(),
        );
        let trust = Trust::new(
            &report,
            options.variants,
            options.extra_variants,
            options.cache_dir.as_deref(),
        )?;
        let max_binding_bytes = match (&gpu, options.max_binding_bytes) {
            (_, None) => report.max_binding_bytes,
            (Some(_), Some(asked)) => asked.min(report.max_binding_bytes),
            // Host memory has no such limit of its own.
            (None, Some(asked)) => asked,
        };
        let (counts, gate) = match &gpu {
            Some(gpu) => (gpu.counts.clone(), gpu.gate.clone()),
            None => Default::default(),
        };
        Ok(Self {
            gpu: gpu.map(|gpu| Arc::new(Mutex::new(Arc::new(gpu)))),
            counts,
            gate,
            thermal: Arc::default(),
            trust: Arc::new(trust),
            report,
            profile: options.profile,
            max_binding_bytes,
        })
    }

    /// What it runs on.
    pub fn adapter(&self) -> &AdapterReport {
        &self.report
    }

    /// The profile it was opened with.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Everything counted so far; all zero without a GPU.
    pub fn counters(&self) -> Counters {
        self.counts.snapshot()
    }

    /// Whether single dispatches are measured by the device's own clock.
    pub fn has_timestamps(&self) -> bool {
        self.gpu().is_some_and(|gpu| gpu.has_timestamps())
    }

    /// Bytes that wgpu's allocator has handed out and bytes it holds, where it keeps an account.
    pub fn allocator(&self) -> Option<(u64, u64)> {
        self.gpu().and_then(|gpu| gpu.allocator())
    }

    /// Bytes that one storage binding may have.
    pub fn max_binding_bytes(&self) -> u64 {
        self.max_binding_bytes
    }

    /// Tries what this device has not been tried with yet of these shaders' programs, and says which are used. A load does
    /// so itself with the shaders of its plans, and looks which variants are the fastest only for `limit`; without one,
    /// what was left out is made up for. Without a GPU there is nothing to be judged. `progress` gets how many shaders are
    /// done, of how many; it is not called where everything is known.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`] if that happened; the program it happened with is barred from then on.
    pub fn judge(
        &self,
        shaders: &[Shader],
        limit: Option<Duration>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Vec<Judged>> {
        match &self.gpu() {
            Some(gpu) => self.trust.judge(gpu, shaders, limit, progress),
            None => Ok(Vec::new()),
        }
    }

    /// Forgets the verdict on this device, also where it is stored: the next load tries everything again.
    pub fn forget_verdict(&self) {
        self.trust.forget();
    }

    /// Keeps the GPU free, as an app must that leaves the foreground: when this returns, nothing of this runtime is on it,
    /// and nothing comes until [`Runtime::resume`], of no model and no session. What was submitted ends first: a submit is
    /// as long as the profile lets it be, and at most two of a model are in flight. Answers, scores and loads wait;
    /// a cancel ends them meanwhile.
    pub fn pause(&self) {
        self.gate.shut();
        self.settle();
    }

    /// Ends a pause: what waited goes on where it was.
    pub fn resume(&self) {
        self.gate.open();
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.gate.is_shut()
    }

    /// Says how hot the platform finds the device: how fast answers with [`crate::Pace::Thermal`] come from now on.
    pub fn set_thermal(&self, state: Thermal) {
        *locked(&self.thermal) = state;
        wait::ring();
    }

    /// What was last said.
    pub fn thermal(&self) -> Thermal {
        *locked(&self.thermal)
    }

    /// Loses the device, as a driver's reset would. For tests.
    #[doc(hidden)]
    pub fn lose_device(&self) {
        if let Some(gpu) = self.gpu() {
            gpu.lose("as a test wanted");
        }
    }

    /// The device that is open now, lost or not.
    pub(crate) fn gpu(&self) -> Option<Arc<Gpu>> {
        self.gpu.as_ref().map(|gpu| locked(gpu).clone())
    }

    /// The device; opened anew where it was lost, with the same limits and what was found out about it.
    ///
    /// # Errors
    /// [`crate::Error::DeviceLost`] where it does not come back.
    pub(crate) fn revived(&self) -> Result<Option<Arc<Gpu>>> {
        let Some(gpu) = &self.gpu else {
            return Ok(None);
        };
        let mut gpu = locked(gpu);
        if gpu.is_lost() {
            *gpu = Arc::new(gpu.again()?);
        }
        Ok(Some(gpu.clone()))
    }

    pub(crate) fn has_gpu(&self) -> bool {
        self.gpu.is_some()
    }

    /// What every step passes.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Waits until the GPU has nothing left to do, and dropped buffers are really given back.
    pub(crate) fn settle(&self) {
        if let Some(gpu) = self.gpu() {
            gpu.idle();
        }
    }
}

fn reference_report(profile: &Profile) -> AdapterReport {
    AdapterReport {
        name: "CPU reference".into(),
        driver: format!("lorgnette {}", env!("CARGO_PKG_VERSION")),
        backend: "none".into(),
        kind: AdapterKind::Reference,
        max_binding_bytes: profile.binding_bytes(),
        max_buffer_bytes: u64::MAX,
        max_texture_side: 0,
        max_workgroup_bytes: 0,
        max_workgroup_invocations: 0,
        subgroup_sizes: (0, 0),
        features: Vec::new(),
    }
}
