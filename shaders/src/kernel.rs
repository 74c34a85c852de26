//! How a kernel is described: what it binds, its params, its plain f32 reference, and the variants that compute it.
//!
//! A plan names a [`Shader`]: a kernel and its parts. A device plays a [`Program`]: a shader by one of the variants.
//! Nothing here knows a GPU API.

use crate::cache::CacheFormat;
use crate::reference::Call;
use crate::weights::{Medium, WeightFormat};

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
    /// Workgroups for a step: a host function, so that a short chunk does not pay for a long one.
    pub grid: fn(&[u8], &Step) -> [u32; 3],
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

/// A kernel with its parts chosen: what a plan says and a case checks.
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

    /// What its weights may lie in; without weights, that makes no difference.
    pub const fn media(self) -> &'static [Medium] {
        match self.parts.weights {
            Some(_) => &Medium::ALL,
            None => &[Medium::Buffer],
        }
    }

    /// The shader by each of its kernel's variants, in each medium.
    pub fn programs(self) -> impl Iterator<Item = Program> {
        let variants = self.kernel.variants.iter();
        variants.flat_map(move |variant| self.by(variant).in_media())
    }

    /// The shader by the most wanted variant, in buffers.
    pub const fn wanted(self) -> Program {
        self.by(&self.kernel.variants[0])
    }

    /// The shader by one variant, in buffers.
    pub const fn by(self, variant: &'static Variant) -> Program {
        Program {
            shader: self,
            variant,
            medium: Medium::Buffer,
        }
    }
}

/// A shader by one of the variants, with its weights in one medium: one source, one pipeline.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// What is computed.
    pub shader: Shader,
    /// How.
    pub variant: &'static Variant,
    /// What its weights lie in.
    pub medium: Medium,
}

impl PartialEq for Program {
    fn eq(&self, other: &Self) -> bool {
        let of = |program: &Self| (program.shader, program.variant.name, program.medium);
        of(self) == of(other)
    }
}

impl Eq for Program {}

impl std::hash::Hash for Program {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (self.shader, self.variant.name, self.medium).hash(state);
    }
}

impl Program {
    /// The same, with its weights in that medium.
    pub const fn with(self, medium: Medium) -> Self {
        Self { medium, ..self }
    }

    /// The same in each medium that its weights may lie in.
    pub fn in_media(self) -> impl Iterator<Item = Self> {
        let media = self.shader.media().iter();
        media.map(move |medium| self.with(*medium))
    }

    /// Whether that binding is a texture.
    pub fn samples(&self, bind: &Bind) -> bool {
        self.medium == Medium::Texture && bind.name == WEIGHTS
    }

    /// The variant, and the medium where it is a texture: `wide`, `wide@texture`.
    pub fn name(&self) -> String {
        let variant = self.variant.name;
        match self.medium {
            Medium::Buffer => variant.to_owned(),
            Medium::Texture => format!("{variant}@{}", self.medium.name()),
        }
    }

    /// The shader's label and the name: `matvec[q4_0].wide@texture`.
    pub fn label(&self) -> String {
        format!("{}.{}", self.shader.label(), self.name())
    }

    /// A number that changes with the source and its constants.
    pub fn fingerprint(&self) -> u64 {
        fingerprint(format!("{:?}{}", self.variant.constants, self.source()).as_bytes())
    }

    /// The whole WGSL: step, parts and variant joined.
    pub fn source(&self) -> String {
        let weights = || {
            self.shader
                .parts
                .weights
                .expect("a weight format for this kernel")
        };
        let cache = || {
            self.shader
                .parts
                .cache
                .expect("a cache format for this kernel")
        };
        let mut text = String::from(include_str!("parts/step.wgsl"));
        let parts = self.variant.parts;
        if parts.contains(&Part::Weights) {
            text.push_str(self.medium.part());
        }
        if parts.contains(&Part::Cache) || parts.contains(&Part::CachePack) {
            text.push_str(cache().scale_part());
        }
        for part in parts {
            text.push_str(match part {
                Part::Shared(text) => text,
                Part::Weights => weights().part(),
                Part::Cache => cache().load_part(),
                Part::CachePack => cache().pack_part(),
                Part::CachePut => cache().put_part(),
                Part::QueryTile => include_str!("parts/query_tile.wgsl"),
                Part::Window => include_str!("parts/window.wgsl"),
                Part::Products => include_str!("parts/products.wgsl"),
                Part::ReduceAdd => include_str!("parts/reduce_add.wgsl"),
                Part::ReduceRows => include_str!("parts/reduce_rows.wgsl"),
                Part::ReduceBest => include_str!("parts/reduce_best.wgsl"),
                Part::Wide => include_str!("parts/wide.wgsl"),
                Part::Likelihood => include_str!("parts/likelihood.wgsl"),
                Part::Tally => include_str!("parts/tally.wgsl"),
                Part::Slices => include_str!("parts/slices.wgsl"),
            });
        }
        text.push_str(self.variant.wgsl);
        text
    }
}

/// A number that names a text, the same in every build: FNV-1a (Fowler, Noll and Vo).
pub fn fingerprint(bytes: &[u8]) -> u64 {
    let add = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, add)
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
