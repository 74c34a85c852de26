//! What the platform tells an app about its life, in the runtime's words: memory runs short, the device gets hot, a
//! listener needs no more than so many tokens a second.

/// What to give back where memory runs short. It comes back with the next answer, which is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Trim {
    /// Keys and values of sessions that answer nothing now.
    Sessions,
    /// Those, and weights that nobody uses now.
    Weights,
}

impl From<Trim> for lorgnette::Trim {
    fn from(level: Trim) -> Self {
        match level {
            Trim::Sessions => Self::Sessions,
            Trim::Weights => Self::Weights,
        }
    }
}

/// How fast the tokens of an answer come; between two, the GPU idles. The text is the same.
#[derive(Clone, Copy, Debug, PartialEq, uniffi::Enum)]
pub enum Pace {
    /// As fast as they can.
    Full,
    /// So many a second.
    TokensPerSecond {
        /// How many: above 0.
        rate: f32,
    },
    /// As many as is good for a device as hot as it was last said to be.
    Thermal,
}

impl From<Pace> for lorgnette::Pace {
    fn from(pace: Pace) -> Self {
        match pace {
            Pace::Full => Self::Full,
            Pace::TokensPerSecond { rate } => Self::TokensPerSecond(rate),
            Pace::Thermal => Self::Thermal,
        }
    }
}

/// How hot the platform says the device is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Thermal {
    /// As it should be.
    Nominal,
    /// A little warm.
    Fair,
    /// The system slows down.
    Serious,
    /// It has to cool at once.
    Critical,
}

impl From<Thermal> for lorgnette::Thermal {
    fn from(state: Thermal) -> Self {
        match state {
            Thermal::Nominal => Self::Nominal,
            Thermal::Fair => Self::Fair,
            Thermal::Serious => Self::Serious,
            Thermal::Critical => Self::Critical,
        }
    }
}
