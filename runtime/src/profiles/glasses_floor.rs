//! The least we run on. No limits are published for the chips of glasses (Snapdragon AR1 and AR2), so this is the
//! smallest number of every other profile, the fewest storage buffers that wgpu knows, and the shortest submits.

use super::{Offer, Profile, SubmitBound};

pub(super) const PROFILE: Profile = Profile {
    name: "glasses-floor",
    offer: Some(Offer {
        // Adreno 702, a GPU of this class, reports a storage range of 134217728: meta-flutter/workspace-automation#150.
        binding_bytes: 128 << 20,
        // The default of WebGPU, and what low-end devices fall back to: tvm#17150.
        buffer_bytes: 256 << 20,
        // wgpu's `downlevel_defaults`.
        storage_buffers: 4,
        // Adreno 610 and some 612: gpuweb#2832.
        workgroup_bytes: 16 << 10,
        // The defaults of WebGPU: gpuweb#1898, gpuweb#1863.
        workgroup_invocations: 256,
        workgroup_size: 256,
        workgroups: 65535,
        offset_alignment: 256,
        f16: false,
        subgroups: false,
        // Adreno: 64 or 128.
        subgroup_sizes: (64, 128),
    }),
    // Our assumption: a quarter of 2 GB.
    memory_bytes: Some(512 << 20),
    // Our assumption: half of adreno-6xx.
    submit: SubmitBound {
        dispatches: Some(16),
        bytes: Some(64 << 20),
    },
};
