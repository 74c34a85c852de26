//! Pipelines: one for each program that is played, made once and kept with the device.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};

use lorgnette_shaders::Program;
use lorgnette_shaders::kernel::FIRST_STORAGE;

use super::device::Gpu;
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
    pub fn pipeline(&self, program: &Program) -> Result<Arc<Pipeline>> {
        let mut pipelines = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(pipeline) = pipelines.get(program) {
            return Ok(pipeline.clone());
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let pipeline = Arc::new(self.create_pipeline(program));
        if let Some(error) = pollster::block_on(scope.pop()) {
            return Err(Error::Device(format!(
                "shader {} was refused: {error}",
                program.label()
            )));
        }
        self.check()?;
        self.counts.pipelines.fetch_add(1, Relaxed);
        pipelines.insert(*program, pipeline.clone());
        Ok(pipeline)
    }

    /// Drops the pipeline of a program that is not used.
    pub fn forget(&self, program: &Program) {
        let mut pipelines = self
            .pipelines
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        pipelines.remove(program);
    }

    fn create_pipeline(&self, program: &Program) -> Pipeline {
        let (label, kernel) = (program.label(), program.shader.kernel);
        let module = self
            .device
            .create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(&label),
                source: wgpu::ShaderSource::Wgsl(program.source().into()),
            });
        let entry = |binding: u32, ty: wgpu::BufferBindingType| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer {
                ty,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        };
        let uniforms = [
            entry(0, wgpu::BufferBindingType::Uniform),
            entry(1, wgpu::BufferBindingType::Uniform),
        ];
        let storage = kernel.binds.iter().enumerate().map(|(i, bind)| {
            entry(
                FIRST_STORAGE + i as u32,
                wgpu::BufferBindingType::Storage {
                    read_only: !bind.access.writes(),
                },
            )
        });
        let entries: Vec<_> = uniforms.into_iter().chain(storage).collect();
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
        let constants: Vec<(&str, f64)> = program
            .variant
            .constants
            .iter()
            .map(|(name, value)| (*name, f64::from(*value)))
            .collect();
        let raw = self
            .device
            .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(&label),
                layout: Some(&pipeline_layout),
                module: &module,
                entry_point: Some(kernel.name),
                // Every kernel writes its workgroup memory before reading what matters of it.
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants: &constants,
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            });
        Pipeline {
            program: *program,
            raw,
            layout,
        }
    }
}
