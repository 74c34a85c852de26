//! Qualcomm Adreno 710 to 750 (phones of 2022 on) with Qualcomm's driver.

use super::{Offer, Profile, SubmitBound};

pub(super) const PROFILE: Profile = Profile {
    name: "adreno-7xx",
    offer: Some(Offer {
        // Galaxy S23 (Adreno 740): web-llm#209.
        binding_bytes: 128 << 20,
        // WebGPU's defaults, which browsers offer on these phones; the drivers themselves allow more.
        buffer_bytes: 256 << 20,
        storage_buffers: 8,
        // Adreno 750: ggml#1287; only the 610 and 612 have less: gpuweb#2832.
        workgroup_bytes: 32 << 10,
        // Our assumption: what every desktop driver has, and twice adreno-6xx.
        workgroup_invocations: 1024,
        workgroup_size: 1024,
        workgroups: 65535,
        // 64 on most Adreno; WebGPU's 256 holds on all: gpuweb#1863.
        offset_alignment: 256,
        // The driver lacks 16-bit storage in uniform buffers, which SHADER_F16 needs: gpuweb#5006.
        f16: false,
        // llama.cpp uses them on the 750: llama.cpp#29165.
        subgroups: true,
        // 64 with Qualcomm's driver (llama.cpp#8743), 64 to 128 with Mesa's (ggml#1287, llama.cpp#22690).
        subgroup_sizes: (64, 128),
    }),
    // Our assumption: a quarter of the 8 GB that such phones are sold with.
    memory_bytes: Some(2 << 30),
    // A 740 runs small models with about 100 operations a submit and loses the device without a cap: llama.cpp#5186.
    // Two thirds of that, and the bytes, are our assumption.
    submit: SubmitBound {
        dispatches: Some(64),
        bytes: Some(256 << 20),
    },
};
