//! Arm Mali-G710 to G720 and Immortalis (Pixel 7 on, Dimensity 9000 on) with Arm's driver.

use super::{Offer, Profile, SubmitBound};

pub(super) const PROFILE: Profile = Profile {
    name: "mali-g7xx",
    offer: Some(Offer {
        // What a browser gives on a Pixel 6 and 7 (webgpu-samples#294); the driver itself may allow more.
        binding_bytes: 128 << 20,
        // WebGPU's default.
        buffer_bytes: 256 << 20,
        storage_buffers: 8,
        // Mali-G720: llama.cpp#17783.
        workgroup_bytes: 32 << 10,
        // A phone of 512 in all is in gpuweb#1898; whether it is a Mali is not said, so this is our assumption.
        workgroup_invocations: 512,
        workgroup_size: 512,
        workgroups: 65535,
        // WebGPU's 256 holds on all: gpuweb#1863.
        offset_alignment: 256,
        // Mali-G720: llama.cpp#17783.
        f16: true,
        subgroups: true,
        subgroup_sizes: (16, 16),
    }),
    // Our assumption: a quarter of the 8 GB that such phones are sold with.
    memory_bytes: Some(2 << 30),
    // An Immortalis loses the device in long runs (llama.cpp#5186), and phones time out in long submits (ggml#1420).
    // The numbers are our assumption.
    submit: SubmitBound {
        dispatches: Some(64),
        bytes: Some(256 << 20),
    },
};
