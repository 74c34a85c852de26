//! The paper pages: one per architecture, each the config, the weights with their shapes, and the forward pass.

pub mod llama;
