//! The kernels of Lorgnette: WGSL sources, what they bind, and a plain f32 reference of each. No GPU API here.

pub mod weights;
