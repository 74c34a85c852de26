//! Pipelines: one for each program that is played, made once and kept with the device.

use std::collections::HashMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, MutexGuard};

use lorgnette_shaders::Program;
use lorgnette_shaders::kernel::FIRST_STORAGE;

use super::asked::refuse_lacking;
use super::device::Gpu;
use super::workgroup;
use crate::wait::locked;
use crate::{Error, Result};

/// A compiled program and the layout of its bindings.
#[derive(Debug)]
pub(crate) struct Pipeline {
    pub program: Program,
    pub raw: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

impl Gpu {
    /// The pipeline of a program; each is created alone, so that an error names the one that the driver refused.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for a feature and [`Error::Limit`] for more workgroup memory than the device has,
    /// [`Error::Device`] for what the driver refuses.
    pub fn pipeline(&self, program: &Program) -> Result<Arc<Pipeline>> {
        if let Some(pipeline) = self.pipelines().get(program) {
            return Ok(pipeline.clone());
        }
        refuse_lacking(&program.label(), program.variant, &self.report.features)?;
        self.check_workgroup(program)?;
        let scopes = [wgpu::ErrorFilter::Validation, wgpu::ErrorFilter::Internal]
            .map(|filter| self.device.push_error_scope(filter));
        let pipeline = Arc::new(self.create_pipeline(program));
        // The innermost was opened last.
        for scope in scopes.into_iter().rev() {
            if let Some(error) = pollster::block_on(scope.pop()) {
                return Err(refused(program, &error.to_string()));
            }
        }
        self.check()?;
        // Another thread may have made the same meanwhile.
        let mut pipelines = self.pipelines();
        if let Some(pipeline) = pipelines.get(program) {
            return Ok(pipeline.clone());
        }
        self.counts.pipelines.fetch_add(1, Relaxed);
        pipelines.insert(*program, pipeline.clone());
        Ok(pipeline)
    }

    /// Drops the pipeline of a program that is not used.
    pub fn forget(&self, program: &Program) {
        self.pipelines().remove(program);
    }

    fn pipelines(&self) -> MutexGuard<'_, HashMap<Program, Arc<Pipeline>>> {
        locked(&self.pipelines)
    }

    fn check_workgroup(&self, program: &Program) -> Result<()> {
        let name = program.shader.kernel.name;
        let bytes = workgroup::bytes(&program.source(), name, &constants(program))
            .map_err(|error| refused(program, &error))?;
        let limit = self.report.max_workgroup_bytes;
        if bytes > limit {
            return Err(Error::Limit {
                what: format!("workgroup memory of {}", program.label()),
                needed: bytes.into(),
                limit: limit.into(),
            });
        }
        Ok(())
    }

    fn create_pipeline(&self, program: &Program) -> Pipeline {
        let (label, kernel) = (program.label(), program.shader.kernel);
        let module = self
            .device
            .create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(&label),
                source: wgpu::ShaderSource::Wgsl(program.source().into()),
            });
        let entries = entries(program);
        let layout = self
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(&label),
                entries: &entries,
            });
        let pipeline_layout = self
            .device
            .create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(&label),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            });
        let raw = self
            .device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(&label),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(kernel.name),
                // Every kernel writes its workgroup memory before reading what matters of it.
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &constants(program),
                    zero_initialize_workgroup_memory: false,
                },
                cache: self.cache.as_ref().map(|cache| &cache.raw),
            });
        Pipeline {
            program: *program,
            raw,
            layout,
        }
    }
}

/// What is bound: two uniforms, and what the kernel names; its weights may be a texture.
fn entries(program: &Program) -> Vec<wgpu::BindGroupLayoutEntry> {
    let buffer = |ty: wgpu::BufferBindingType| wgpu::BindingType::Buffer {
        ty,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let texture = wgpu::BindingType::Texture {
        sample_type: wgpu::TextureSampleType::Uint,
        view_dimension: wgpu::TextureViewDimension::D2,
        multisampled: false,
    };
    let named = program.shader.kernel.binds.iter().map(|bind| {
        let read_only = !bind.access.writes();
        match program.samples(bind) {
            true => texture,
            false => buffer(wgpu::BufferBindingType::Storage { read_only }),
        }
    });
    let uniforms = [buffer(wgpu::BufferBindingType::Uniform); FIRST_STORAGE as usize];
    let types = uniforms.into_iter().chain(named);
    let entry = |(binding, ty)| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty,
        count: None,
    };
    (0..).zip(types).map(entry).collect()
}

/// Values of the program's `override` constants.
fn constants(program: &Program) -> Vec<(&'static str, f64)> {
    let constants = program.variant.constants.iter();
    constants
        .map(|(name, value)| (*name, f64::from(*value)))
        .collect()
}

fn refused(program: &Program, error: &str) -> Error {
    Error::Device(format!("shader {} was refused: {error}", program.label()))
}
