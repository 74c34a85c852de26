//! Every kernel on the device against its reference, with the same params, step and buffers. The files hold only cases.

mod add;
mod argmax;
mod attend;
mod attend_merge;
mod attend_split;
mod cache;
mod choose;
mod embed;
mod everywhere;
mod hadamard;
mod kv_write;
mod matmul;
mod matvec;
mod matvec_add;
mod matvec_gate;
mod matvec_norm;
mod multiply;
mod peaks;
mod rms_norm;
mod rope;
mod scale;
mod score;
mod selftest;
mod sliding;
mod sweep;
mod swiglu;

/// Numbers of rows around the sizes of workgroups and tiles.
const COUNTS: [usize; 7] = [1, 2, 31, 32, 33, 63, 65];
