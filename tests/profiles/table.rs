//! The table itself, without a device.

use std::collections::BTreeSet;
use std::path::Path;

use lorgnette::{COMMON_BINDING_BYTES, Offer, Profile};

fn offers() -> Vec<(Profile, Offer)> {
    let all = Profile::ALL.into_iter();
    all.filter_map(|profile| profile.offer.map(|offer| (profile, offer)))
        .collect()
}

#[test]
fn names_are_found_again() {
    let names: BTreeSet<&str> = Profile::ALL.iter().map(|profile| profile.name).collect();
    assert_eq!(names.len(), Profile::ALL.len(), "{names:?}");
    for profile in Profile::ALL {
        assert_eq!(Profile::named(profile.name), Some(profile));
    }
    assert_eq!(Profile::named("no such phone"), None);
    assert_eq!(Profile::default(), Profile::NATIVE);
}

#[test]
fn the_readme_names_them() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
    let readme = std::fs::read_to_string(readme).expect("a README");
    for profile in Profile::ALL {
        assert!(readme.contains(profile.name), "{}", profile.name);
    }
}

#[test]
fn only_native_leaves_the_adapter_as_it_is() {
    assert_eq!(offers().len(), Profile::ALL.len() - 1);
    assert_eq!(Profile::NATIVE.offer, None);
    assert_eq!(Profile::NATIVE.binding_bytes(), COMMON_BINDING_BYTES);
    assert_eq!(Profile::NATIVE.submit, lorgnette::SubmitBound::NONE);
}

#[test]
fn the_floor_is_below_all_others() {
    let floor = Profile::named("glasses-floor").expect("a profile");
    let least = floor.offer.expect("its limits");
    for (profile, offer) in offers() {
        let name = profile.name;
        assert!(least.binding_bytes <= offer.binding_bytes, "{name}");
        assert!(least.buffer_bytes <= offer.buffer_bytes, "{name}");
        assert!(least.storage_buffers <= offer.storage_buffers, "{name}");
        assert!(least.workgroup_bytes <= offer.workgroup_bytes, "{name}");
        let invocations = offer.workgroup_invocations;
        assert!(least.workgroup_invocations <= invocations, "{name}");
        assert!(least.workgroup_size <= offer.workgroup_size, "{name}");
        assert!(least.workgroups <= offer.workgroups, "{name}");
        assert!(least.offset_alignment >= offer.offset_alignment, "{name}");
        assert!(!least.f16 && !least.subgroups, "a floor needs no feature");
        let memory = profile.memory_bytes.unwrap_or(u64::MAX);
        assert!(floor.memory_bytes <= Some(memory), "{name}");
        let [dispatches, bytes] = [
            profile.submit.dispatches.map_or(u64::MAX, u64::from),
            profile.submit.bytes.unwrap_or(u64::MAX),
        ];
        assert!(
            floor.submit.dispatches.map(u64::from) <= Some(dispatches),
            "{name}"
        );
        assert!(floor.submit.bytes <= Some(bytes), "{name}");
    }
}

#[test]
fn the_numbers_of_a_profile_go_together() {
    for (profile, offer) in offers() {
        let name = profile.name;
        assert!(offer.binding_bytes <= offer.buffer_bytes, "{name}");
        assert!(
            offer.workgroup_size <= offer.workgroup_invocations,
            "{name}"
        );
        // Every kernel binds four and has up to 256 invocations; uniforms are laid out for 256.
        assert!(offer.storage_buffers >= 4, "{name}");
        assert!(offer.workgroup_size >= 256, "{name}");
        assert!(offer.workgroup_bytes >= 16 << 10, "{name}");
        assert!(256u32.is_multiple_of(offer.offset_alignment), "{name}");
        let (low, high) = offer.subgroup_sizes;
        assert!(low <= high && low.is_power_of_two() && high.is_power_of_two());
    }
}
