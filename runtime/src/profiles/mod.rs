//! Device profiles: what a kind of phone or pair of glasses offers, as plain data, to plan for it and to play on no more
//! than it. One file a profile, the source of each number beside it; nothing here knows a GPU API.

mod adreno_6xx;
mod adreno_7xx;
mod apple_a15;
mod glasses_floor;
mod mali_g7xx;
mod webgpu_default;

/// What most phones can bind, assumed where no device is asked.
pub const COMMON_BINDING_BYTES: u64 = 128 << 20;

/// A kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// As `--profile` takes it.
    pub name: &'static str,
    /// What the device offers; the adapter's own limits and features where there is none.
    pub offer: Option<Offer>,
    /// Bytes that one app can hope to hold, GPU and host together, where that is known or assumed: the budget of a load
    /// that states none.
    pub memory_bytes: Option<u64>,
    /// How much work one submit may hold.
    pub submit: SubmitBound,
}

/// Limits and features of a device, in the words of WebGPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Bytes one storage binding may have.
    pub binding_bytes: u64,
    /// Bytes one buffer may have.
    pub buffer_bytes: u64,
    /// Storage buffers that one kernel may bind.
    pub storage_buffers: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Invocations of a workgroup in all.
    pub workgroup_invocations: u32,
    /// Invocations of a workgroup in its first dimension.
    pub workgroup_size: u32,
    /// Workgroups of a dispatch in each dimension.
    pub workgroups: u32,
    /// Buffers are bound at multiples of this many bytes.
    pub offset_alignment: u32,
    /// Whether WGSL may `enable f16`.
    pub f16: bool,
    /// Whether WGSL may use subgroup operations.
    pub subgroups: bool,
    /// Smallest and largest subgroup. It cannot be asked of an adapter: for people and for planning only.
    pub subgroup_sizes: (u32, u32),
}

/// The most work of one submit. Long ones lose the device on some drivers, and no frame is drawn while one runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SubmitBound {
    /// Dispatches, if bounded.
    pub dispatches: Option<u32>,
    /// Bytes read and written, if bounded. One dispatch alone may pass it.
    pub bytes: Option<u64>,
}

impl SubmitBound {
    /// A step is as few submits as it has segments.
    pub const NONE: Self = Self {
        dispatches: None,
        bytes: None,
    };
}

impl Profile {
    /// Whatever the adapter has, unbounded.
    pub const NATIVE: Self = Self {
        name: "native",
        offer: None,
        memory_bytes: None,
        submit: SubmitBound::NONE,
    };

    /// Every profile.
    pub const ALL: [Self; 7] = [
        Self::NATIVE,
        webgpu_default::PROFILE,
        glasses_floor::PROFILE,
        adreno_6xx::PROFILE,
        adreno_7xx::PROFILE,
        mali_g7xx::PROFILE,
        apple_a15::PROFILE,
    ];

    /// The profile of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name == name)
    }

    /// Bytes one storage binding may have, for a plan without a device: what most phones bind where the profile is
    /// [`Profile::NATIVE`].
    pub fn binding_bytes(&self) -> u64 {
        self.offer
            .map_or(COMMON_BINDING_BYTES, |offer| offer.binding_bytes)
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::NATIVE
    }
}
