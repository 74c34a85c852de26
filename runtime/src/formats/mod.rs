//! Model files: bytes in, named tensors and GPU bytes out. Nothing here knows a GPU.

/// File rows to GPU planes.
pub mod repack;
