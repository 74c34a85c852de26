//! One file pair per kernel: `<name>.wgsl` says how, `<name>.rs` says what.

pub mod add;
pub mod argmax;
pub mod attend;
pub mod attend_merge;
pub mod attend_split;
pub mod choose;
pub mod embed;
pub mod hadamard;
pub mod kv_write;
pub mod matmul;
pub mod matvec;
pub mod matvec_add;
pub mod matvec_gate;
pub mod matvec_norm;
pub mod multiply;
pub mod peaks;
pub mod rms_norm;
pub mod rope;
pub mod scale;
pub mod score;
pub mod sweep;
pub mod swiglu;
