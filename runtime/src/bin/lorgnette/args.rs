//! Options that several commands share.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use lorgnette::{Adapter, Budget, KvFormat, Overflow, Pace, Profile, Sampling, WeightFormat};

use crate::output::Failure;

/// Which file.
#[derive(Debug, clap::Args)]
pub struct File {
    /// A GGUF file, or the name of a pulled model
    #[arg(
        short,
        long,
        value_name = "FILE-or-NAME",
        default_value = "smollm2-135m"
    )]
    pub model: String,
}

/// Which file, on which device, and how it is laid out there.
#[derive(Debug, clap::Args)]
pub struct Load {
    #[command(flatten)]
    pub file: File,
    /// How keys and values are stored: f32 is exact, q8_0 takes half of f16, q4_0 a quarter; f16, if not given, or what fits
    /// the budget
    #[arg(long, value_parser = kv_format())]
    pub kv: Option<KvFormat>,
    /// The most tokens of a prompt that go through the model at once; 128, if not given, or what fits the budget
    #[arg(long, value_name = "N")]
    pub prefill_chunk: Option<u32>,
    /// Take no more than this for everything on the GPU and the host, as in 600MiB; what is given by an option of its own
    /// stays as it is, the rest is chosen to fit. If not given: what a device of the profile can hope to hold
    #[arg(long, value_name = "BYTES")]
    pub budget: Option<Budget>,
    /// The fewest tokens of a session that will do within the budget
    #[arg(long, value_name = "N", requires = "budget")]
    pub min_context: Option<u32>,
    /// The worst storage of keys and values that will do within the budget
    #[arg(long, requires = "budget", value_name = "KV", value_parser = kv_format())]
    pub min_kv: Option<KvFormat>,
    /// Keep all layers in memory, whatever the budget
    #[arg(long, requires = "budget")]
    pub resident: bool,
    #[command(flatten)]
    pub device: Device,
}

/// Which device.
#[derive(Debug, clap::Args)]
pub struct Device {
    /// A part of the adapter's name, driver or backend; `cpu` plays the plain references, very slowly
    #[arg(long, value_name = "NAME-part|cpu", value_parser = adapter)]
    pub adapter: Option<Adapter>,
    /// Use no more than this kind of device has; an adapter that has less is refused
    #[arg(long, value_name = "NAME", default_value = Profile::NATIVE.name, value_parser = profile())]
    pub profile: Profile,
    /// Bind at most this many bytes at once, as on a smaller device
    #[arg(long, value_name = "BYTES")]
    pub max_binding: Option<u64>,
    /// Variants of kernels: KERNEL=NAME or KERNEL[TYPE]=NAME uses that one alone, in-order takes the first right one; by
    /// default the fastest right one. `doctor` shows the names. weights=buffer or weights=texture says where matrices lie
    #[arg(long, value_name = "LIST-or-FILE")]
    pub variants: Option<String>,
}

/// Positions of a session.
#[derive(Debug, clap::Args)]
pub struct Context {
    /// Tokens that a session can hold; by default the model's own number, but at most 2048
    #[arg(short, long, value_name = "N")]
    pub context: Option<u32>,
}

/// What happens when the context is full.
#[derive(Debug, clap::Args)]
pub struct Full {
    /// When the context is full, `stop` ends the answer; `slide` lets the oldest tokens go and never ends
    #[arg(long, value_name = "stop|slide", default_value = "stop", value_parser = ["stop", "slide"], hide_possible_values = true)]
    overflow: String,
    /// First tokens that stay when it slides; by default the system prompt's, and at least 4
    #[arg(long, value_name = "N")]
    keep: Option<u32>,
}

impl Full {
    pub fn check(&self) -> Result<(), Failure> {
        match (self.slides(), self.keep) {
            (false, Some(_)) => Err(Failure::Usage(
                "--keep is for --overflow slide: without it nothing leaves".to_owned(),
            )),
            _ => Ok(()),
        }
    }

    fn slides(&self) -> bool {
        self.overflow == "slide"
    }

    /// `opening` are the tokens that stay where no number is given.
    pub fn overflow(&self, opening: impl FnOnce() -> u32) -> Overflow {
        match self.slides() {
            true => Overflow::Slide {
                keep: self.keep.unwrap_or_else(opening),
            },
            false => Overflow::Stop,
        }
    }
}

/// How an answer is made. The defaults are llama.cpp's. Numbers below zero reach the library, which says what it takes.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Sampling")]
pub struct Answer {
    /// The most tokens of an answer; by default until the model ends it or the context is full
    #[arg(short = 'n', long, value_name = "N")]
    pub max_tokens: Option<usize>,
    /// 0 always takes the likeliest token
    #[arg(long, alias = "temp", value_name = "T", allow_negative_numbers = true, default_value_t = Sampling::default().temperature)]
    pub temperature: f32,
    /// Only the K likeliest tokens; 0 is off
    #[arg(long, value_name = "K", default_value_t = Sampling::default().top_k)]
    pub top_k: u32,
    /// Only the likeliest tokens that together have probability P; 1 is off
    #[arg(long, value_name = "P", allow_negative_numbers = true, default_value_t = Sampling::default().top_p)]
    pub top_p: f32,
    /// Only tokens at least P times as likely as the likeliest; 0 is off
    #[arg(long, value_name = "P", allow_negative_numbers = true, default_value_t = Sampling::default().min_p)]
    pub min_p: f32,
    /// Makes recent tokens less likely; 1 is off
    #[arg(long, value_name = "X", allow_negative_numbers = true, default_value_t = Sampling::default().repeat_penalty)]
    pub repeat_penalty: f32,
    /// How many tokens are recent
    #[arg(long, value_name = "N", default_value_t = Sampling::default().repeat_last_n)]
    pub repeat_last_n: u32,
    /// The same seed gives the same answer on the same device; by default another one each time
    #[arg(short, long, value_name = "N")]
    pub seed: Option<u64>,
    /// A text that ends the answer; may be given several times
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub stop: Vec<String>,
    /// Keeps each piece of GPU work shorter than this, where it can be, and the GPU free between two
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Options")]
    pub frame_budget: Option<u64>,
    /// At most N tokens a second; the GPU idles between them
    #[arg(
        long,
        value_name = "N",
        allow_negative_numbers = true,
        help_heading = "Options"
    )]
    pub pace: Option<f32>,
}

impl Answer {
    pub fn pace(&self) -> Pace {
        self.pace.map_or(Pace::Full, Pace::TokensPerSecond)
    }

    pub fn frame_budget(&self) -> Option<Duration> {
        self.frame_budget.map(Duration::from_millis)
    }

    pub fn sampling(&self) -> Sampling {
        Sampling {
            temperature: self.temperature,
            top_k: self.top_k,
            top_p: self.top_p,
            min_p: self.min_p,
            repeat_penalty: self.repeat_penalty,
            repeat_last_n: self.repeat_last_n,
            seed: self.seed.unwrap_or_else(any_seed),
        }
    }
}

/// A number that is another one in every process: the standard library seeds its hashers so.
fn any_seed() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    // Short enough to be typed again.
    std::hash::RandomState::new().build_hasher().finish() >> 32
}

fn kv_format() -> impl TypedValueParser<Value = KvFormat> {
    PossibleValuesParser::new(KvFormat::ALL.map(KvFormat::name)).map(|name| {
        let mut all = KvFormat::ALL.into_iter();
        all.find(|format| format.name() == name)
            .expect("one of the possible values")
    })
}

/// Every type that weights can have, by its GGUF name.
pub fn weight_format() -> impl TypedValueParser<Value = WeightFormat> {
    PossibleValuesParser::new(WeightFormat::ALL.map(WeightFormat::name)).map(|name| {
        let mut all = WeightFormat::ALL.into_iter();
        all.find(|format| format.name() == name)
            .expect("one of the possible values")
    })
}

fn profile() -> impl TypedValueParser<Value = Profile> {
    PossibleValuesParser::new(Profile::ALL.map(|profile| profile.name))
        .map(|name| Profile::named(&name).expect("one of the possible values"))
}

fn adapter(name: &str) -> Result<Adapter, String> {
    Ok(match name {
        "" => return Err("expected a part of a name, or cpu".to_owned()),
        "auto" => Adapter::Auto,
        "cpu" => Adapter::Cpu,
        name => Adapter::Named(name.to_owned()),
    })
}
