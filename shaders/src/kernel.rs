//! How a kernel is described: its source, what it binds, its params, its grid, and its plain f32 reference.
//!
//! A resolved [`Shader`] is a kernel joined with the parts it was chosen with. Nothing here knows a GPU API.

use crate::cache::CacheFormat;
use crate::reference::Call;
use crate::weights::WeightFormat;

/// What changes from one step to the next: the uniform at binding 1 of every kernel.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Step {
    /// Position of the step's first row in the sequence.
    pub position: u32,
    /// Rows (tokens) in this step.
    pub count: u32,
    #[doc(hidden)]
    pub unused: [u32; 2],
}

impl Step {
    /// `count` rows from `position` on.
    pub const fn new(position: u32, count: u32) -> Self {
        Self {
            position,
            count,
            unused: [0; 2],
        }
    }
}

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
    /// `weights_unpack` of the chosen weight format.
    Weights,
    /// `keys_block` and `values_quad` of the chosen KV cache format.
    Cache,
    /// `cache_pack` of the chosen KV cache format.
    CachePack,
    /// `reduce_add` over lanes of the workgroup.
    ReduceAdd,
    /// `reduce_add4`: the same for four sums at once.
    ReduceAdd4,
    /// `reduce_best`: the largest value of the workgroup and its index.
    ReduceBest,
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

/// A kernel: the same name for the file, the entry point, the GPU label and the test.
#[derive(Debug)]
pub struct Kernel {
    /// Its name.
    pub name: &'static str,
    /// Its own WGSL, without parts.
    pub wgsl: &'static str,
    /// The parts it needs.
    pub parts: &'static [Part],
    /// Its storage buffers, in binding order.
    pub binds: &'static [Bind],
    /// The fields of its params uniform.
    pub params: &'static [Field],
    /// Bytes of its params uniform.
    pub params_bytes: usize,
    /// Values of its `override` constants.
    pub constants: &'static [(&'static str, u32)],
    /// Workgroups for a step: a host function, so that a short chunk does not pay for a long one.
    pub grid: fn(&[u8], &Step) -> [u32; 3],
    /// The same mathematics in plain f32 on the host.
    pub reference: fn(Call<'_>),
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

/// A kernel with its parts chosen: one pipeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shader {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The parts it was chosen with.
    pub parts: Parts,
}

impl Shader {
    /// The kernel's name and the parts: `matvec[q4_0]`.
    pub fn label(&self) -> String {
        let part = self
            .parts
            .weights
            .map(WeightFormat::name)
            .or(self.parts.cache.map(CacheFormat::name));
        match part {
            Some(part) => format!("{}[{part}]", self.kernel.name),
            None => self.kernel.name.to_owned(),
        }
    }

    /// The whole WGSL: step, parts and kernel joined.
    pub fn source(&self) -> String {
        let weights = || self.parts.weights.expect("a weight format for this kernel");
        let cache = || self.parts.cache.expect("a cache format for this kernel");
        let mut text = String::from(include_str!("parts/step.wgsl"));
        for part in self.kernel.parts {
            text.push_str(match part {
                Part::Weights => weights().part(),
                Part::Cache => cache().load_part(),
                Part::CachePack => cache().pack_part(),
                Part::ReduceAdd => include_str!("parts/reduce_add.wgsl"),
                Part::ReduceAdd4 => include_str!("parts/reduce_add4.wgsl"),
                Part::ReduceBest => include_str!("parts/reduce_best.wgsl"),
            });
        }
        text.push_str(self.kernel.wgsl);
        text
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
