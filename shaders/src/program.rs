//! What is played. A plan names a [`Shader`]: a kernel and its parts. A device plays a [`Program`]: a shader by one of the
//! kernel's variants, in one medium; parts and variant joined are its source.

use crate::cache::CacheFormat;
use crate::kernel::{Bind, Feature, Kernel, Part, Parts, Variant, WEIGHTS};
use crate::weights::{Medium, WeightFormat};

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
                Part::Team if self.variant.needs.contains(&Feature::Subgroups) => {
                    include_str!("parts/team_subgroup.wgsl")
                }
                Part::Team => include_str!("parts/team_lanes.wgsl"),
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
