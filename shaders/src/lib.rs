//! The kernels of Lorgnette: WGSL sources, what they bind, and a plain f32 reference of each. No GPU API here.
//!
//! A kernel is a name in four places: `kernels/<name>.wgsl`, `kernels/<name>.rs`, a line in [`KERNELS`], and its cases
//! in the tests. A source is the parts that a variant asks for and the variant, joined as text.

pub mod cache;
pub mod cases;
pub mod draw;
pub mod kernel;
pub mod kernels;
mod program;
pub mod reference;
mod step;
pub mod weights;

pub use cache::CacheFormat;
pub use draw::Draw;
pub use kernel::{Access, Feature, Kernel, Part, Parts, Step, Variant};
pub use program::{Program, Shader, fingerprint};
pub use weights::{Medium, WeightFormat};

/// Every kernel.
pub static KERNELS: [&Kernel; 22] = [
    &kernels::embed::KERNEL,
    &kernels::rms_norm::KERNEL,
    &kernels::matvec::KERNEL,
    &kernels::scale::KERNEL,
    &kernels::matvec_norm::KERNEL,
    &kernels::matvec_gate::KERNEL,
    &kernels::matvec_add::KERNEL,
    &kernels::matmul::KERNEL,
    &kernels::rope::KERNEL,
    &kernels::hadamard::KERNEL,
    &kernels::kv_write::KERNEL,
    &kernels::attend::KERNEL,
    &kernels::attend_split::KERNEL,
    &kernels::attend_merge::KERNEL,
    &kernels::swiglu::KERNEL,
    &kernels::add::KERNEL,
    &kernels::argmax::KERNEL,
    &kernels::peaks::KERNEL,
    &kernels::choose::KERNEL,
    &kernels::score::KERNEL,
    &kernels::sweep::KERNEL,
    &kernels::multiply::KERNEL,
];

/// Every shader that can be made: each kernel with each part it takes.
pub fn shaders() -> Vec<Shader> {
    let mut all = Vec::new();
    for kernel in KERNELS {
        if kernel.takes(Part::Weights) {
            all.extend(WeightFormat::ALL.map(|format| Shader {
                kernel,
                parts: format.into(),
            }));
        } else if [Part::Cache, Part::CachePack]
            .into_iter()
            .any(|part| kernel.takes(part))
        {
            all.extend(CacheFormat::ALL.map(|format| Shader {
                kernel,
                parts: format.into(),
            }));
        } else {
            all.push(Shader {
                kernel,
                parts: Parts::default(),
            });
        }
    }
    all
}

/// Every program that can be made: each shader by each variant of its kernel, with its weights in each medium.
pub fn programs() -> Vec<Program> {
    shaders().into_iter().flat_map(Shader::programs).collect()
}
