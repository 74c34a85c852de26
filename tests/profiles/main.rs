//! Device profiles: the table, what is asked of an adapter and refused, submits that stay within their bound, and
//! pipelines kept on disk. Kernels and models on every profile are in `kernels` and `golden` (`everywhere.rs`).

mod cache;
mod device;
mod submits;
mod table;

use lorgnette::{Offer, Profile};

/// A made-up profile: `glasses-floor` with a change.
fn changed(change: impl FnOnce(&mut Profile, &mut Offer)) -> Profile {
    let mut profile = Profile::named("glasses-floor").expect("a profile");
    let mut offer = profile.offer.expect("its limits");
    profile.name = "made-up";
    change(&mut profile, &mut offer);
    profile.offer = Some(offer);
    profile
}
