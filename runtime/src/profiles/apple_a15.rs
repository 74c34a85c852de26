//! Apple A15 (iPhone 13 and 14, iPhone SE of 2022), GPU family Apple 8 in Apple's Metal feature set tables.

use super::{Offer, Profile, SubmitBound};

pub(super) const PROFILE: Profile = Profile {
    name: "apple-a15",
    offer: Some(Offer {
        // What tvm#17150 found to work on iPhones. Metal itself binds whole buffers, and `native` does too there.
        binding_bytes: 128 << 20,
        // Phones of these years reported 256 MB through WebKit (WebKit#49472); Metal allows about 1 GB: gpuweb#1371.
        buffer_bytes: 256 << 20,
        // wgpu's Metal backend gives 9 where it cannot ask for more: its source, `metal/adapter.rs`.
        storage_buffers: 8,
        // "Maximum total threadgroup memory allocation" and "Maximum threads per threadgroup" of the tables.
        workgroup_bytes: 32 << 10,
        workgroup_invocations: 1024,
        workgroup_size: 1024,
        // wgpu's Metal backend: 0xFFFF, and storage offsets of 32 bytes; uniforms of 256 hold on every device.
        workgroups: 65535,
        offset_alignment: 256,
        f16: true,
        subgroups: true,
        // SIMD groups of 32 on every GPU of Apple's.
        subgroup_sizes: (32, 32),
    }),
    // The system ends WebKit's process at 1.5 GB (WebKit#49472); an app may get more.
    memory_bytes: Some(3 << 29),
    // No report of a device lost in a long command buffer.
    submit: SubmitBound::NONE,
};
