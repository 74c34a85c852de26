//! How a kernel is described: what it binds, its params, its plain f32 reference, and the variants that compute it.
//!
//! How one of them becomes a source is in `program`. Nothing here knows a GPU API.

use crate::cache::CacheFormat;
use crate::reference::Call;
use crate::weights::WeightFormat;

pub use crate::step::Step;

/// How a kernel uses a storage buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads all of it.
    Read,
    /// Reads the few rows that the ids name.
    Gather,
    /// Writes without reading.
    Write,
    /// Reads and writes.
    Update,
}

impl Access {
    /// Whether the kernel may change the buffer.
    pub const fn writes(self) -> bool {
        matches!(self, Self::Write | Self::Update)
    }
}

/// One storage buffer of a kernel. Bindings count from 2; 0 is the params, 1 the step.
#[derive(Clone, Copy, Debug)]
pub struct Bind {
    /// The variable's name in the WGSL.
    pub name: &'static str,
    /// How it is used.
    pub access: Access,
}

/// Binding number of the first storage buffer.
pub const FIRST_STORAGE: u32 = 2;
/// The name of the binding that may be a texture; it is the first one of its kernel.
pub const WEIGHTS: &str = "weights";

/// Shorthand for a [`Bind`].
pub const fn bind(name: &'static str, access: Access) -> Bind {
    Bind { name, access }
}

/// One field of a kernel's params, as Rust lays it out.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The same name in WGSL and Rust.
    pub name: &'static str,
    /// Bytes from the start of the struct.
    pub offset: usize,
    /// Bytes.
    pub size: usize,
}

/// Which text is joined to a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What the variants of one kernel share: its params and bindings, so that they are declared once.
    Shared(&'static str),
    /// `weights_unpack` of the chosen weight format, and the binding `weights` in the chosen medium.
    Weights,
    /// `times` and what it takes: products of a block with four rows of weights.
    Products,
    /// `keys_block`, `values_quad` and their kind of the chosen KV cache format.
    Cache,
    /// `load_queries`, `more` and `store_four`: 16 queries of one key head at once.
    QueryTile,
    /// `cache_pack` of the chosen KV cache format.
    CachePack,
    /// `keys_put` and `values_put` of the chosen KV cache format.
    CachePut,
    /// `cache_row` and `window_row`: which row of the cache a position is in.
    Window,
    /// `reduce_add` over lanes of the workgroup.
    ReduceAdd,
    /// `reduce_rows`: the same for 16 sums at once.
    ReduceRows,
    /// `team_lanes`, `team_sum` and their kind: lanes that add up among themselves, a subgroup where the variant needs those.
    Team,
    /// `reduce_best`: the largest value of the workgroup and its index.
    ReduceBest,
    /// `times`, `plus`, `minus`, `less` and `share`: whole numbers of 64 bits.
    Wide,
    /// `fixed` and `likelihood`: the chance of a token by its distance from the likeliest one.
    Likelihood,
    /// `tally` and `search`: sums over the tokens within a distance.
    Tally,
    /// `weigh_slices` and `slice_sum`: what the slices of the vocabulary weigh in a draw.
    Slices,
}

/// What a kernel with variants was chosen with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parts {
    /// For kernels with [`Part::Weights`].
    pub weights: Option<WeightFormat>,
    /// For kernels with [`Part::Cache`] or [`Part::CachePack`].
    pub cache: Option<CacheFormat>,
}

impl From<WeightFormat> for Parts {
    fn from(weights: WeightFormat) -> Self {
        Self {
            weights: Some(weights),
            cache: None,
        }
    }
}

impl From<CacheFormat> for Parts {
    fn from(cache: CacheFormat) -> Self {
        Self {
            weights: None,
            cache: Some(cache),
        }
    }
}

/// What a device may have beyond what all have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Operations over the lanes of a subgroup.
    Subgroups,
}

impl Feature {
    /// Its name where a device says what it has, and in WebGPU.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subgroups => "subgroups",
        }
    }
}

/// One way to compute a kernel: its own WGSL with its own grid, the same bindings and params as every other variant.
#[derive(Debug)]
pub struct Variant {
    /// Its name among the kernel's variants; the simplest is always `plain`.
    pub name: &'static str,
    /// Its own WGSL, without parts.
    pub wgsl: &'static str,
    /// The parts it needs.
    pub parts: &'static [Part],
    /// Values of its `override` constants.
    pub constants: &'static [(&'static str, u32)],
    /// What a device must have for it. A plain variant needs nothing.
    pub needs: &'static [Feature],
    /// Workgroups for a step: a host function, so that a short chunk does not pay for a long one.
    pub grid: fn(&[u8], &Step) -> [u32; 3],
}

impl Variant {
    /// Whether a device with these features, by name, has all that it needs.
    pub fn fits(&self, features: &[&str]) -> bool {
        let mut needs = self.needs.iter();
        needs.all(|feature| features.contains(&feature.name()))
    }
}

/// A kernel: the same name for the file, the entry point, the GPU label and the test.
#[derive(Debug)]
pub struct Kernel {
    /// Its name.
    pub name: &'static str,
    /// Its storage buffers, in binding order.
    pub binds: &'static [Bind],
    /// The fields of its params uniform.
    pub params: &'static [Field],
    /// Bytes of its params uniform.
    pub params_bytes: usize,
    /// The ways to compute it, the most wanted first, the simplest last.
    pub variants: &'static [Variant],
    /// The same mathematics in plain f32 on the host.
    pub reference: fn(Call<'_>),
}

impl Kernel {
    /// Whether it takes that part; its variants agree on weights and caches.
    pub fn takes(&self, part: Part) -> bool {
        self.variants
            .iter()
            .any(|variant| variant.parts.contains(&part))
    }
}

impl PartialEq for Kernel {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Kernel {}

impl std::hash::Hash for Kernel {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// Declares a kernel's `Params` and the list of its fields, which a test compares with the WGSL.
macro_rules! params {
    ($($(#[$doc:meta])* $field:ident: $type:ty),* $(,)?) => {
        /// The params of this kernel, as the uniform at binding 0.
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
        pub struct Params { $($(#[$doc])* pub $field: $type,)* }

        const FIELDS: &[$crate::kernel::Field] = &[$($crate::kernel::Field {
            name: stringify!($field),
            offset: std::mem::offset_of!(Params, $field),
            size: size_of::<$type>(),
        }),*];
    };
}
pub(crate) use params;

/// Reads params back from a dispatch's bytes.
pub(crate) fn read<P: bytemuck::Pod>(bytes: &[u8]) -> P {
    bytemuck::pod_read_unaligned(bytes)
}
