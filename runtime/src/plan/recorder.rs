//! How a plan is made: tensors and dispatches in the order of a page. It knows no kernel by name; the words of `ops` do.

use lorgnette_shaders::{Kernel, Parts, Shader};

use super::{Dispatch, Home, Luck, Plan, Rows, Segment, Tensor, TensorId};

/// Makes a [`Plan`], dispatch by dispatch.
#[derive(Debug)]
pub struct Recorder {
    name: &'static str,
    rows: u32,
    scope: String,
    tensors: Vec<Tensor>,
    segments: Vec<Segment>,
}

impl Recorder {
    /// A recording of at most `rows` rows a step.
    pub fn new(name: &'static str, rows: u32) -> Self {
        Self {
            name,
            rows,
            scope: String::new(),
            tensors: Vec::new(),
            segments: vec![Segment::default()],
        }
    }

    /// What the next dispatches belong to.
    pub fn scope(&mut self, scope: impl Into<String>) {
        self.scope = scope.into();
    }

    /// Whether a tensor has one row in every step of this recording.
    pub fn is_one_row(&self, id: TensorId) -> bool {
        match self.tensors[id.0].rows {
            Rows::Step => self.rows == 1,
            Rows::Fixed(rows) => rows == 1,
            Rows::Context(_) => false,
        }
    }

    /// The rows of a tensor.
    pub fn rows_of(&self, id: TensorId) -> Rows {
        self.tensors[id.0].rows
    }

    /// The most rows that a tensor has in a step of this recording.
    pub fn most_rows(&self, id: TensorId) -> u32 {
        self.tensors[id.0].rows.most(self.rows)
    }

    /// Elements (f32) in a row of a tensor.
    pub fn cols_of(&self, id: TensorId) -> usize {
        self.tensors[id.0].row_bytes as usize / 4
    }

    /// A tensor that the model or the session owns; the same home gives the same tensor.
    pub fn tensor(&mut self, name: &str, home: Home, rows: Rows, row_bytes: u64) -> TensorId {
        if let Some(at) = self.tensors.iter().position(|tensor| tensor.home == home) {
            return TensorId(at);
        }
        self.tensors.push(Tensor {
            name: name.to_owned(),
            home,
            rows,
            row_bytes,
        });
        TensorId(self.tensors.len() - 1)
    }

    /// A new scratch tensor of f32 [rows, cols].
    pub fn scratch(&mut self, name: &str, rows: Rows, cols: usize) -> TensorId {
        // Until `memory` has placed them, every scratch tensor has a slot of its own.
        let home = Home::Scratch(self.tensors.len());
        self.tensor(name, home, rows, cols as u64 * 4)
    }

    /// Adds a dispatch.
    pub fn dispatch<P: bytemuck::Pod>(
        &mut self,
        what: &str,
        kernel: &'static Kernel,
        parts: impl Into<Parts>,
        params: P,
        tensors: &[TensorId],
    ) {
        assert_eq!(
            tensors.len(),
            kernel.binds.len(),
            "{}: one tensor a binding",
            kernel.name
        );
        assert_eq!(
            size_of::<P>(),
            kernel.params_bytes,
            "{}: its own params",
            kernel.name
        );
        let label = if self.scope.is_empty() {
            what.to_owned()
        } else {
            format!("{} {what}", self.scope)
        };
        let dispatch = Dispatch {
            label,
            shader: Shader {
                kernel,
                parts: parts.into(),
            },
            params: bytemuck::bytes_of(&params).to_vec(),
            tensors: tensors.to_vec(),
            only: None,
        };
        self.segments
            .last_mut()
            .expect("a recorder has a segment")
            .dispatches
            .push(dispatch);
    }

    /// The last dispatch is played by such steps only.
    pub fn last_only_where(&mut self, luck: Luck) {
        let last = self.segments.last_mut();
        let last = last.and_then(|segment| segment.dispatches.last_mut());
        last.expect("a dispatch").only = Some(luck);
    }

    /// Ends the segment: the player may submit and look at the cancel flag here.
    pub fn cut(&mut self) {
        if self
            .segments
            .last()
            .is_some_and(|segment| !segment.dispatches.is_empty())
        {
            self.segments.push(Segment::default());
        }
    }

    /// What comes next reads weights of that streamed layer, counted from the first streamed one.
    pub fn needs(&mut self, streamed: usize) {
        self.cut();
        if let Some(segment) = self.segments.last_mut() {
            segment.needs = Some(streamed);
        }
    }

    /// The plan, with where its results are.
    pub fn finish(mut self, logits: TensorId, scores: Option<TensorId>) -> Plan {
        self.segments
            .retain(|segment| !segment.dispatches.is_empty());
        Plan {
            name: self.name,
            rows: self.rows,
            tensors: self.tensors,
            segments: self.segments,
            logits,
            scores,
        }
    }
}
