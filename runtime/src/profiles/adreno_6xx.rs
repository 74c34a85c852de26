//! Qualcomm Adreno 610 to 690 (phones of 2018 to 2022) with Qualcomm's driver: the smallest numbers of the family.

use super::{Offer, Profile, SubmitBound};

pub(super) const PROFILE: Profile = Profile {
    name: "adreno-6xx",
    offer: Some(Offer {
        // Through a browser: Adreno 640 (webgpu-samples#294, Pixel 4) and 650 (web-stable-diffusion#35, Poco F3).
        binding_bytes: 128 << 20,
        // WebGPU's defaults, which browsers offer on these phones.
        buffer_bytes: 256 << 20,
        storage_buffers: 8,
        // 16 KiB on the 610 and some 612, 32 KiB on the rest: gpuweb#2832.
        workgroup_bytes: 16 << 10,
        // A phone of 512 in all is in gpuweb#1898; whether it is an Adreno is not said, so this is our assumption.
        workgroup_invocations: 512,
        workgroup_size: 512,
        workgroups: 65535,
        // 64 on most Adreno; WebGPU's 256 holds on all: gpuweb#1863.
        offset_alignment: 256,
        // The driver lacks 16-bit storage in uniform buffers, which SHADER_F16 needs: gpuweb#5006.
        f16: false,
        // The 620 has no quad operations, which wgpu's SUBGROUP needs: termux-packages#7165.
        subgroups: false,
        // 64 with Qualcomm's driver; 128 with Mesa's on a 619: llama.cpp#9064.
        subgroup_sizes: (64, 128),
    }),
    // Our assumption: a quarter of the 4 GB that such phones are sold with.
    memory_bytes: Some(1 << 30),
    // Older Adreno lose the device in long command buffers (flutter/engine#54846, llama.cpp#12139). llama.cpp submits
    // every 100 nodes or 100 MB of matrices, and large models still fail with that (llama.cpp#5186): a third of the
    // dispatches is our assumption.
    submit: SubmitBound {
        dispatches: Some(32),
        bytes: Some(128 << 20),
    },
};
