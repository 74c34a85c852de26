//! Writes the Kotlin and Swift code of this crate, from the built library. For people and scripts who build an app's
//! library; no part of one.

fn main() {
    uniffi::uniffi_bindgen_main();
}
