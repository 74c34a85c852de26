//! Whether this device computes the kernels rightly: cases played on it and on the plain references. The same words
//! serve a device's own check, with small cases, and the tests, with many.

use lorgnette_shaders::cases::{Case, Distance, small};
use lorgnette_shaders::{Program, Step, Variant, reference};

use crate::runtime::Runtime;
use crate::{Error, Result, gpu};

/// What came of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As the reference says, but for rounding.
    Passed,
    /// Something else than the reference says.
    Failed,
    /// The device did not play it.
    Refused,
}

/// A case and what came of it.
#[derive(Clone, Debug)]
pub struct SelfTest {
    /// Kernel, parts and variant: `matvec[q4_0].plain`.
    pub program: String,
    /// The whole case.
    pub case: String,
    /// Whether it is right.
    pub verdict: Verdict,
    /// How far it is from the reference; zero where nothing was computed.
    pub distance: Distance,
    /// What is wrong, empty where nothing is.
    pub message: String,
}

/// Plays at least one small case of every program.
pub fn selftest(runtime: &Runtime) -> Vec<SelfTest> {
    let cases = small();
    let variants = |case: &Case| case.shader.kernel.variants;
    let each = cases
        .iter()
        .flat_map(|case| variants(case).iter().map(move |v| (case, v)));
    each.map(|(case, variant)| check(runtime, case, variant))
        .collect()
}

/// Plays one case by a variant of its kernel and holds the result against the reference.
pub fn check(runtime: &Runtime, case: &Case, variant: &'static Variant) -> SelfTest {
    let program = case.shader.by(variant);
    let mut found = case.buffers.clone();
    let played = runtime.run_kernel(&program, &case.params, case.step, &mut found);
    let (verdict, distance, message) = match played {
        Err(error) => (Verdict::Refused, Distance::default(), error.to_string()),
        Ok(()) => match case.compare(&found, &case.expected()) {
            Ok(distance) => (Verdict::Passed, distance, String::new()),
            Err(wrong) => (Verdict::Failed, wrong.distance, wrong.message),
        },
    };
    SelfTest {
        program: program.label(),
        case: case.name.clone(),
        verdict,
        distance,
        message,
    }
}

impl Runtime {
    /// One dispatch on the given buffers (in binding order), for tests and checks of a device. Those that the kernel may
    /// write come back changed. Without a GPU the reference is played.
    ///
    /// # Errors
    /// [`Error::Input`] for params or buffers that are not the shader's, [`Error::Limit`] for a buffer that cannot be
    /// bound, [`Error::Device`] where the device fails.
    pub fn run_kernel(
        &self,
        program: &Program,
        params: &[u8],
        step: Step,
        buffers: &mut [Vec<u32>],
    ) -> Result<()> {
        let kernel = program.shader.kernel;
        let sizes = (params.len(), buffers.len());
        if sizes != (kernel.params_bytes, kernel.binds.len()) {
            let sizes = |(params, buffers)| format!("{params} bytes, {buffers} buffers");
            return Err(Error::Input {
                what: format!("params and buffers of {}", program.label()),
                expected: sizes((kernel.params_bytes, kernel.binds.len())),
                found: sizes((params.len(), buffers.len())),
            });
        }
        for (bind, words) in kernel.binds.iter().zip(buffers.iter()) {
            let needed = words.len() as u64 * 4;
            if needed > self.max_binding_bytes() {
                return Err(Error::Limit {
                    what: format!("binding {} of {}", bind.name, program.label()),
                    needed,
                    limit: self.max_binding_bytes(),
                });
            }
        }
        match self.gpu() {
            Some(gpu) => gpu::play_alone(gpu, program, params, step, buffers)?,
            None => reference::play(&program.shader, params, step, buffers),
        }
        Ok(())
    }
}
