//! A device that is lost at a counted dispatch: two kernels of this test's own, with the sources of the plain variants, burn
//! a fuse whenever their grid is asked for, in the middle of a step.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use lorgnette::{Runtime, RuntimeOptions, Variants};
use lorgnette_shaders::{KERNELS, Step, Variant};

/// Dispatches to go; 0 never burns.
static LEFT: AtomicU64 = AtomicU64::new(0);
/// The fuses behind that one, the last first.
static MORE: Mutex<Vec<u64>> = Mutex::new(Vec::new());
static BURNT: AtomicU64 = AtomicU64::new(0);

/// The device of all tests here that lose theirs.
pub fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let variants = [plain("matvec_add", adding), plain("matmul", multiplying)];
        Runtime::new(RuntimeOptions {
            adapter: lorgnette_tests::adapter(),
            variants: Variants::in_order(),
            extra_variants: variants.to_vec(),
            ..Default::default()
        })
        .expect("a device")
    })
}

/// Only one test at a time may light it.
pub fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    light(0);
    alone
}

/// The device is lost in so many dispatches; never where that is none.
pub fn light(left: u64) {
    light_all(&[left]);
}

/// The same, and in so many behind that once more, and so on.
pub fn light_all(fuses: &[u64]) {
    let mut more: Vec<u64> = fuses.iter().rev().copied().collect();
    LEFT.store(more.pop().unwrap_or(0), SeqCst);
    *MORE.lock().unwrap_or_else(PoisonError::into_inner) = more;
    BURNT.store(0, SeqCst);
}

/// How often it was lost since then.
pub fn burnt() -> u64 {
    BURNT.load(SeqCst)
}

/// Dispatches to go.
pub fn left() -> u64 {
    LEFT.load(SeqCst)
}

fn burn() {
    if LEFT.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) == Ok(1) {
        let mut more = MORE.lock().unwrap_or_else(PoisonError::into_inner);
        LEFT.store(more.pop().unwrap_or(0), SeqCst);
        BURNT.fetch_add(1, SeqCst);
        runtime().lose_device();
    }
}

type Grid = fn(&[u8], &Step) -> [u32; 3];

fn of(kernel: &str) -> &'static Variant {
    let found = KERNELS.into_iter().find(|found| found.name == kernel);
    let variants = found.expect("a kernel").variants;
    variants.last().expect("a variant")
}

fn plain(kernel: &'static str, grid: Grid) -> (&'static str, &'static Variant) {
    let plain = of(kernel);
    let variant = Variant {
        name: "burns",
        wgsl: plain.wgsl,
        parts: plain.parts,
        constants: plain.constants,
        needs: plain.needs,
        grid,
    };
    (kernel, Box::leak(Box::new(variant)))
}

fn adding(params: &[u8], step: &Step) -> [u32; 3] {
    burn();
    (of("matvec_add").grid)(params, step)
}

fn multiplying(params: &[u8], step: &Step) -> [u32; 3] {
    burn();
    (of("matmul").grid)(params, step)
}
