//! How a model is loaded: a plain record with defaults, and the runtime's options made of it.

/// How keys and values are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum KvFormat {
    /// Exact; 128 bytes for 32 elements.
    F32,
    /// 64 bytes for 32 elements; what is taken if nothing else is said.
    F16,
    /// 34 bytes for 32 elements, and hardly worse.
    Q8,
    /// 18 bytes for 32 elements; it costs some quality.
    Q4,
}

impl From<KvFormat> for lorgnette::KvFormat {
    fn from(format: KvFormat) -> Self {
        match format {
            KvFormat::F32 => Self::F32,
            KvFormat::F16 => Self::F16,
            KvFormat::Q8 => Self::Q8_0,
            KvFormat::Q4 => Self::Q4_0,
        }
    }
}

impl From<lorgnette::KvFormat> for KvFormat {
    fn from(format: lorgnette::KvFormat) -> Self {
        match format {
            lorgnette::KvFormat::F32 => Self::F32,
            lorgnette::KvFormat::F16 => Self::F16,
            lorgnette::KvFormat::Q8_0 => Self::Q8,
            lorgnette::KvFormat::Q4_0 => Self::Q4,
        }
    }
}

/// What a model may take, GPU and host together, and how far a plan may go for that.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Budget {
    /// Bytes, with one session open.
    pub bytes: u64,
    /// The fewest positions that will do; 512 if not given, or exactly those of the options.
    #[uniffi(default = None)]
    pub least_context: Option<u32>,
    /// The worst keys and values that will do; the smallest if not given.
    #[uniffi(default = None)]
    pub worst_kv: Option<KvFormat>,
    /// Keep all layers in memory.
    #[uniffi(default = false)]
    pub resident: bool,
}

impl From<Budget> for lorgnette::Budget {
    fn from(budget: Budget) -> Self {
        let any = Self::bytes(budget.bytes);
        Self {
            least_context: budget.least_context,
            worst_kv: budget.worst_kv.map_or(any.worst_kv, Into::into),
            streaming: !budget.resident,
            ..any
        }
    }
}

/// How a model is loaded.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct LoadOptions {
    /// Positions of a session; the model's own, but at most 2048, if not given.
    #[uniffi(default = None)]
    pub context: Option<u32>,
    /// How keys and values are stored; f16, if not given, or what fits the budget.
    #[uniffi(default = None)]
    pub kv: Option<KvFormat>,
    /// The bytes that everything together may take. If not given: what a device of the profile can hope to hold.
    #[uniffi(default = None)]
    pub budget: Option<Budget>,
    /// The most tokens of a prompt that go through the model at once; 128 if not given.
    #[uniffi(default = None)]
    pub prefill_chunk: Option<u32>,
    /// Layers that stay in the file, from the last one back.
    #[uniffi(default = 0)]
    pub streamed_layers: u32,
    /// Whether sessions may speculate: a little more memory.
    #[uniffi(default = false)]
    pub speculation: bool,
}

impl From<LoadOptions> for lorgnette::LoadOptions {
    fn from(options: LoadOptions) -> Self {
        let default = Self::default();
        // What is asked for by name is pinned: the budget must not go below it.
        let pinned = options.kv.map(lorgnette::KvFormat::from);
        let budget = options.budget.map(|budget| {
            let worst_kv = pinned.unwrap_or(
                budget
                    .worst_kv
                    .map_or(lorgnette::KvFormat::Q4_0, Into::into),
            );
            lorgnette::Budget::from(budget).kv_no_worse_than(worst_kv)
        });
        Self {
            context: options.context,
            kv: pinned.unwrap_or(default.kv),
            prefill_chunk: options.prefill_chunk.unwrap_or(default.prefill_chunk),
            streamed_layers: options.streamed_layers as usize,
            budget,
            speculation: options.speculation,
            ..default
        }
    }
}
