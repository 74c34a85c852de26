//! Every program without a GPU: it parses and validates with no feature but what its variant needs, and what Rust says about it (params,
//! bindings, step, constants, names) is what the WGSL says.

use std::sync::OnceLock;

use lorgnette_shaders::kernel::{Bind, FIRST_STORAGE};
use lorgnette_shaders::{Access, Draw, Feature, KERNELS, Medium, Part, Program, Step, programs};
use naga::proc::Layouter;
use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{
    AddressSpace, ArraySize, GlobalVariable, Handle, ImageClass, ImageDimension, Module,
    ScalarKind, StorageAccess, Type, TypeInner,
};

/// `pack2x16float` and its kind are WGSL's own, and every Vulkan and Metal device has them.
const EVERYWHERE: Capabilities = Capabilities::SHADER_FLOAT16_IN_FLOAT32;
/// Bytes of workgroup memory that every device has.
const WORKGROUP_BYTES: u32 = 16 << 10;
/// Storage buffers that the device is asked for.
const STORAGE_BUFFERS: usize = 4;

/// Every program, parsed once for all tests.
fn modules() -> &'static [(Program, Module)] {
    static MODULES: OnceLock<Vec<(Program, Module)>> = OnceLock::new();
    let parsed = |program: Program| {
        let source = program.source();
        let module = naga::front::wgsl::parse_str(&source)
            .unwrap_or_else(|e| panic!("{}: {}", program.label(), e.emit_to_string(&source)));
        (program, module)
    };
    MODULES.get_or_init(|| programs().into_iter().map(parsed).collect())
}

/// The variable at a binding of group 0.
fn bound(module: &Module, binding: u32) -> &GlobalVariable {
    let here = |variable: &&GlobalVariable| {
        let place = variable.binding.as_ref();
        place.is_some_and(|place| place.group == 0 && place.binding == binding)
    };
    let found = module.global_variables.iter().map(|(_, v)| v).find(here);
    found.unwrap_or_else(|| panic!("nothing at binding {binding}"))
}

fn layouter(module: &Module) -> Layouter {
    let mut layouter = Layouter::default();
    layouter.update(module.to_ctx()).expect("types have sizes");
    layouter
}

/// Name, offset and size of each member of the struct that a variable holds, and the bytes of the whole.
fn members(module: &Module, variable: &GlobalVariable) -> (Vec<(String, usize, usize)>, usize) {
    members_of(module, variable.ty)
}

fn members_of(module: &Module, ty: Handle<Type>) -> (Vec<(String, usize, usize)>, usize) {
    let layouter = layouter(module);
    let TypeInner::Struct { members, span } = &module.types[ty].inner else {
        panic!("{:?} is no struct", module.types[ty].name)
    };
    let member = |member: &naga::StructMember| {
        let size = layouter[member.ty].size as usize;
        let name = member.name.clone().unwrap_or_default();
        (name, member.offset as usize, size)
    };
    (members.iter().map(member).collect(), *span as usize)
}

#[test]
fn no_feature_is_needed_but_what_a_variant_says() {
    for (program, module) in modules() {
        let source = program.source();
        let valid = |needs: &[Feature]| {
            let capabilities = needs.iter().map(|feature| match feature {
                Feature::Subgroups => Capabilities::SUBGROUP,
            });
            let capabilities = capabilities.fold(EVERYWHERE, Capabilities::union);
            let valid = Validator::new(ValidationFlags::all(), capabilities).validate(module);
            valid.map(drop).map_err(|e| e.emit_to_string(&source))
        };
        let needs = program.variant.needs;
        valid(needs).unwrap_or_else(|error| panic!("{}: {error}", program.label()));
        let without = valid(&[]).is_ok();
        assert_eq!(without, needs.is_empty(), "{}", program.label());
    }
}

#[test]
fn there_is_a_program_of_every_variant_and_no_name_twice() {
    let programs = programs();
    for kernel in KERNELS {
        for variant in kernel.variants {
            for medium in Medium::ALL {
                let of_variant = |p: &Program| {
                    (p.shader.kernel, p.variant.name, p.medium) == (kernel, variant.name, medium)
                };
                let there = medium == Medium::Buffer || kernel.takes(Part::Weights);
                let name = (kernel.name, variant.name, medium);
                assert_eq!(programs.iter().any(of_variant), there, "{name:?}");
            }
        }
    }
    let mut labels: Vec<String> = programs.iter().map(Program::label).collect();
    let all = labels.len();
    labels.sort();
    labels.dedup();
    assert_eq!(labels.len(), all);
}

/// What a plan says of a kernel holds for each of its variants, and the last one is what remains where others fail.
#[test]
fn variants_take_the_same_parts_and_end_with_the_plain_one() {
    for kernel in KERNELS {
        for variant in kernel.variants {
            for part in [Part::Weights, Part::Cache] {
                let takes = variant.parts.contains(&part);
                assert_eq!(
                    takes,
                    kernel.takes(part),
                    "{} {}",
                    kernel.name,
                    variant.name
                );
            }
        }
        let last = kernel.variants.last().expect("a variant");
        assert_eq!(last.name, "plain", "{}", kernel.name);
        assert!(last.needs.is_empty(), "{} is for every device", kernel.name);
    }
}

#[test]
fn params_are_laid_out_as_in_rust() {
    for (program, module) in modules() {
        let (found, bytes) = members(module, bound(module, 0));
        let fields = program.shader.kernel.params.iter();
        let expected: Vec<_> = fields
            .map(|f| (f.name.to_owned(), f.offset, f.size))
            .collect();
        assert_eq!(found, expected, "{}", program.label());
        assert_eq!(
            bytes,
            program.shader.kernel.params_bytes,
            "{}",
            program.label()
        );
        // A uniform is bound in whole units of 16 bytes.
        assert!(bytes.is_multiple_of(16), "{}", program.label());
        assert_eq!(bound(module, 0).space, AddressSpace::Uniform);
        assert_eq!(bound(module, 0).name.as_deref(), Some("params"));
    }
}

#[test]
fn the_step_is_laid_out_as_in_rust() {
    macro_rules! members {
        ($type:ident: $($field:ident $size:expr),*) => {
            [$((
                stringify!($field).to_owned(),
                std::mem::offset_of!($type, $field),
                $size,
            )),*]
        };
    }
    let expected = members!(Step: position 4, count 4, keep 4, dropped 4, draw size_of::<Draw>());
    let of_draw = members!(
        Draw: top_k 4, top_p 4, reach 4, bits 4, scale 4, shift 4, random 4, unused 4
    );
    for (program, module) in modules() {
        let (found, bytes) = members(module, bound(module, 1));
        assert_eq!(found, expected, "{}", program.label());
        assert_eq!(bytes, size_of::<Step>(), "{}", program.label());
        let draw = module
            .types
            .iter()
            .find(|(_, ty)| ty.name.as_deref() == Some("Draw"));
        let draw = members_of(module, draw.expect("a type").0);
        assert_eq!(
            draw,
            (of_draw.to_vec(), size_of::<Draw>()),
            "{}",
            program.label()
        );
        assert_eq!(bound(module, 1).space, AddressSpace::Uniform);
    }
}

#[test]
fn bindings_are_those_of_rust() {
    for (program, module) in modules() {
        let binds: &[Bind] = program.shader.kernel.binds;
        for (binding, bind) in (FIRST_STORAGE..).zip(binds) {
            let variable = bound(module, binding);
            let label = format!("{} {}", program.label(), bind.name);
            assert_eq!(variable.name.as_deref(), Some(bind.name), "{label}");
            if program.samples(bind) {
                assert!(!bind.access.writes(), "{label}");
                assert_eq!(variable.space, AddressSpace::Handle, "{label}");
                let texture = TypeInner::Image {
                    dim: ImageDimension::D2,
                    arrayed: false,
                    class: ImageClass::Sampled {
                        kind: ScalarKind::Uint,
                        multi: false,
                    },
                };
                assert_eq!(module.types[variable.ty].inner, texture, "{label}");
                continue;
            }
            let access = match bind.access {
                Access::Read | Access::Gather => StorageAccess::LOAD,
                Access::Write | Access::Update => StorageAccess::LOAD | StorageAccess::STORE,
            };
            assert_eq!(variable.space, AddressSpace::Storage { access }, "{label}");
        }
        let all = module.global_variables.iter();
        let bound = all.filter(|(_, variable)| variable.binding.is_some());
        let expected = FIRST_STORAGE as usize + binds.len();
        assert_eq!(bound.count(), expected, "{}: nothing else", program.label());
        assert!(binds.len() <= STORAGE_BUFFERS, "{}", program.label());
    }
}

#[test]
fn the_entry_point_is_the_kernel() {
    for (program, module) in modules() {
        let label = program.label();
        let [entry] = &module.entry_points[..] else {
            panic!("{label}: {} entry points", module.entry_points.len())
        };
        assert_eq!(entry.name, program.shader.kernel.name);
        assert!(label.starts_with(program.shader.kernel.name));
        let [x, y, z] = entry.workgroup_size;
        assert!(x <= 256 && (y, z) == (1, 1), "{label}: {x} x {y} x {z}");
        assert!(entry.workgroup_size_overrides.is_none(), "{label}");
    }
}

#[test]
fn workgroup_memory_fits_every_device() {
    for (program, module) in modules() {
        let (label, layouter) = (program.label(), layouter(module));
        // A size that an `override` decides would not be in the sum.
        for (_, ty) in module.types.iter() {
            let pending = matches!(
                ty.inner,
                TypeInner::Array {
                    size: ArraySize::Pending(_),
                    ..
                }
            );
            assert!(!pending, "{label}: an array of a size known only later");
        }
        let variables = module.global_variables.iter().map(|(_, variable)| variable);
        let shared = variables.filter(|variable| variable.space == AddressSpace::WorkGroup);
        let bytes: u32 = shared
            .map(|v| layouter[v.ty].size.next_multiple_of(16))
            .sum();
        assert!(bytes <= WORKGROUP_BYTES, "{label}: {bytes} bytes");
    }
}

#[test]
fn no_atomics_and_no_other_floats() {
    for (program, module) in modules() {
        for (_, ty) in module.types.iter() {
            let atomic = matches!(ty.inner, TypeInner::Atomic(_));
            assert!(!atomic, "{}: {:?}", program.label(), ty.inner);
            if let Some(scalar) = ty.inner.scalar() {
                assert!(scalar.width <= 4, "{}: {scalar:?}", program.label());
                let half = scalar.kind == naga::ScalarKind::Float && scalar.width < 4;
                assert!(!half, "{}: {scalar:?}", program.label());
            }
        }
    }
}

#[test]
fn constants_are_given_from_rust_alone() {
    for (program, module) in modules() {
        let mut expected: Vec<&str> = program
            .variant
            .constants
            .iter()
            .map(|(name, _)| *name)
            .collect();
        let overrides = module.overrides.iter().map(|(_, constant)| constant);
        let mut found: Vec<&str> = overrides
            .map(|constant| {
                assert!(constant.init.is_none(), "{}: two truths", program.label());
                constant.name.as_deref().expect("a name")
            })
            .collect();
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{}", program.label());
    }
}
