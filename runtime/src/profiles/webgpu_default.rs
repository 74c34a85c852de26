//! What every implementation of WebGPU has without asking: the column "default" of the limits of the W3C's WebGPU
//! specification (section "Limits"), and none of its optional features.

use super::{COMMON_BINDING_BYTES, Offer, Profile, SubmitBound};

pub(super) const PROFILE: Profile = Profile {
    name: "webgpu-default",
    offer: Some(Offer {
        // maxStorageBufferBindingSize: gpuweb#1163.
        binding_bytes: COMMON_BINDING_BYTES,
        // maxBufferSize: gpuweb#3366.
        buffer_bytes: 256 << 20,
        // maxStorageBuffersPerShaderStage.
        storage_buffers: 8,
        // maxComputeWorkgroupStorageSize: gpuweb#2832.
        workgroup_bytes: 16 << 10,
        // maxComputeInvocationsPerWorkgroup, maxComputeWorkgroupSizeX and maxComputeWorkgroupsPerDimension: gpuweb#1898.
        workgroup_invocations: 256,
        workgroup_size: 256,
        workgroups: 65535,
        // minStorageBufferOffsetAlignment: gpuweb#1863.
        offset_alignment: 256,
        f16: false,
        subgroups: false,
        // The smallest and largest that the feature `subgroups` may report.
        subgroup_sizes: (4, 128),
    }),
    // The specification names neither memory nor how long a submit may be.
    memory_bytes: None,
    submit: SubmitBound::NONE,
};
