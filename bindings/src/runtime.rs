//! The runtime: one device that models share, what it is, and what was counted on it.

use std::sync::Arc;

use lorgnette::{Adapter, AdapterKind, AdapterReport, Error, Profile, Variants};

use crate::{BindingError, Doctor, Result, Thermal};

/// What an adapter has.
#[derive(Clone, Debug, PartialEq, uniffi::Record)]
pub struct AdapterFacts {
    /// The device's name.
    pub name: String,
    /// Driver and version.
    pub driver: String,
    /// `vulkan` or `metal`; `none` for the references.
    pub backend: String,
    /// What it is made of: `discrete`, `integrated`, `virtual`, `software`, `reference`, `unknown`.
    pub kind: String,
    /// Bytes one storage binding may have.
    pub max_binding_bytes: u64,
    /// Bytes one buffer may have.
    pub max_buffer_bytes: u64,
    /// Bytes of workgroup memory.
    pub max_workgroup_bytes: u32,
    /// Invocations of a workgroup.
    pub max_workgroup_invocations: u32,
    /// The smallest subgroup.
    pub least_subgroup: u32,
    /// The largest subgroup.
    pub largest_subgroup: u32,
    /// Optional features that it has.
    pub features: Vec<String>,
}

impl From<&AdapterReport> for AdapterFacts {
    fn from(report: &AdapterReport) -> Self {
        let kind = match report.kind {
            AdapterKind::Discrete => "discrete",
            AdapterKind::Integrated => "integrated",
            AdapterKind::Virtual => "virtual",
            AdapterKind::Software => "software",
            AdapterKind::Reference => "reference",
            AdapterKind::Unknown => "unknown",
        };
        Self {
            name: report.name.clone(),
            driver: report.driver.clone(),
            backend: report.backend.clone(),
            kind: kind.to_owned(),
            max_binding_bytes: report.max_binding_bytes,
            max_buffer_bytes: report.max_buffer_bytes,
            max_workgroup_bytes: report.max_workgroup_bytes,
            max_workgroup_invocations: report.max_workgroup_invocations,
            least_subgroup: report.subgroup_sizes.0,
            largest_subgroup: report.subgroup_sizes.1,
            features: report
                .features
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
        }
    }
}

/// What was asked of the GPU since the runtime was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Counters {
    /// Bytes of buffers and textures that are alive.
    pub live_bytes: u64,
    /// The most that were alive at once.
    pub peak_bytes: u64,
    /// Buffers and textures created.
    pub buffers: u64,
    /// Dispatches encoded.
    pub dispatches: u64,
    /// Submits of compute passes.
    pub submits: u64,
    /// Copies of staged weights, each a submit of its own.
    pub copies: u64,
    /// Bytes read back.
    pub read_back_bytes: u64,
}

/// The adapters of this machine, the best first.
#[uniffi::export]
pub fn adapters() -> Vec<AdapterFacts> {
    lorgnette::adapters().iter().map(Into::into).collect()
}

/// The names of the profiles.
#[uniffi::export]
pub fn profiles() -> Vec<String> {
    Profile::ALL.map(|profile| profile.name.to_owned()).to_vec()
}

/// The version of the library.
#[uniffi::export]
pub fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// How a device is opened.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct RuntimeOptions {
    /// A part of the adapter's name, driver or backend; `cpu` plays the plain references, very slowly. If not given, the
    /// best there is.
    #[uniffi(default = None)]
    pub adapter: Option<String>,
    /// The kind of device to ask for, exactly: one of [`crate::profiles`]. If not given, all that the adapter has.
    #[uniffi(default = None)]
    pub profile: Option<String>,
    /// A folder of the app's own for what is learned of the device and for compiled pipelines; made if it is not there.
    #[uniffi(default = None)]
    pub cache_dir: Option<String>,
    /// Which variants of kernels may be used, as `lorgnette --variants` takes it. If not given, the fastest right ones.
    #[uniffi(default = None)]
    pub variants: Option<String>,
}

impl RuntimeOptions {
    pub(crate) fn into_runtime(self) -> Result<lorgnette::RuntimeOptions> {
        Ok(lorgnette::RuntimeOptions {
            adapter: match self.adapter {
                None => Adapter::Auto,
                Some(name) if name == "cpu" => Adapter::Cpu,
                Some(name) => Adapter::Named(name),
            },
            profile: profile(self.profile.as_deref())?,
            cache_dir: self.cache_dir.map(Into::into),
            variants: match self.variants {
                None => Variants::default(),
                Some(text) => text.parse()?,
            },
            ..Default::default()
        })
    }
}

/// The profile of that name; `native` without one.
pub(crate) fn profile(name: Option<&str>) -> Result<Profile> {
    let Some(name) = name else {
        return Ok(Profile::NATIVE);
    };
    Profile::named(name).ok_or_else(|| {
        let known = Profile::ALL.map(|profile| profile.name).join(", ");
        BindingError::Input(format!(
            "invalid profile: expected one of {known}, found \"{name}\""
        ))
    })
}

/// A device that models share.
#[derive(Debug, uniffi::Object)]
pub struct Runtime(lorgnette::Runtime);

impl Runtime {
    pub(crate) fn inner(&self) -> &lorgnette::Runtime {
        &self.0
    }
}

#[uniffi::export]
impl Runtime {
    /// Opens a device.
    #[uniffi::constructor]
    pub fn new(options: RuntimeOptions) -> Result<Arc<Self>> {
        let runtime = lorgnette::Runtime::new(options.into_runtime()?);
        let runtime = runtime.map_err(|error| match error {
            // Here it is the device that has less than the profile.
            Error::Unsupported { .. } => BindingError::Device(error.to_string()),
            error => error.into(),
        })?;
        Ok(Arc::new(Self(runtime)))
    }

    /// What it runs on.
    pub fn adapter(&self) -> AdapterFacts {
        self.0.adapter().into()
    }

    /// The name of its profile.
    pub fn profile(&self) -> String {
        self.0.profile().name.to_owned()
    }

    /// Everything counted so far; all zero without a GPU.
    pub fn counters(&self) -> Counters {
        let counters = self.0.counters();
        Counters {
            live_bytes: counters.live_bytes,
            peak_bytes: counters.peak_bytes,
            buffers: counters.buffers,
            dispatches: counters.dispatches,
            submits: counters.submits,
            copies: counters.copies,
            read_back_bytes: counters.read_back_bytes,
        }
    }

    /// Keeps the GPU free, as an app must in the background. When this returns nothing of it is on the GPU: at most two
    /// submits end first. Answers and loads wait where they are.
    pub fn pause(&self) {
        self.0.pause();
    }

    /// Ends a pause: what waited goes on where it was.
    pub fn resume(&self) {
        self.0.resume();
    }

    /// Whether it is paused.
    pub fn is_paused(&self) -> bool {
        self.0.is_paused()
    }

    /// Says how hot the device is, for [`crate::Pace::Thermal`].
    pub fn set_thermal(&self, state: Thermal) {
        self.0.set_thermal(state.into());
    }

    /// Loses the device as a driver's reset would, for tests: answers go on with another one.
    pub fn lose_device(&self) {
        self.0.lose_device();
    }

    /// Tries every kernel on this device, as far as it was not tried, and says what was found: for a bug report.
    pub fn doctor(&self) -> Result<Doctor> {
        Doctor::of(&self.0)
    }

    /// Forgets what was found out about this device: the next load tries everything again.
    pub fn forget_verdict(&self) {
        self.0.forget_verdict();
    }
}
