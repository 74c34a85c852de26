//! Choosing a token by chance, in integers: the host and every GPU make the same of the same logits and the same `Draw`,
//! whatever their rounding, and in whatever order they sum.
//!
//! A token is looked at by its distance from the likeliest one, in units of 2^-16 of a logit. What is kept is all below
//! some distance, and of the tokens at it the lowest ids. `kernels/choose.wgsl` has the same, without sorting.

use std::f64::consts::{LN_2, LOG2_E};

/// Units of a distance in a logit.
const UNITS: f64 = 65536.0;
/// A token that is less likely by 2 to this is never drawn.
const LEAST: f64 = 31.0;
/// Scale and shift at temperature 1, before which top-p looks at probabilities. As in `choose.wgsl`.
const PLAIN: (u32, u32) = (3_098_164_009, 31);

/// How a step chooses the next token, as it goes up with the step.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, bytemuck::Pod, bytemuck::Zeroable)]
pub struct Draw {
    /// Only so many of the likeliest tokens; 0 is all.
    pub top_k: u32,
    /// Only the likeliest that together reach this share, in 2^-32; the largest word is all.
    pub top_p: u32,
    /// Only tokens at most this far from the likeliest.
    pub reach: u32,
    /// No token is drawn from a distance of 2 to this or more. Even.
    pub bits: u32,
    /// A distance times this, shifted right by `shift`, is how many halvings less likely a token is, in 2^-16. 0 takes
    /// the likeliest token.
    pub scale: u32,
    /// 1 to 63.
    pub shift: u32,
    /// Any word, each as often: the luck of the draw.
    pub random: u32,
    /// Padding of the uniform.
    pub unused: u32,
}

impl Draw {
    /// The likeliest token.
    pub const LIKELIEST: Self = Self {
        top_k: 0,
        top_p: 0,
        reach: 0,
        bits: 0,
        scale: 0,
        shift: 0,
        random: 0,
        unused: 0,
    };

    /// A draw at a temperature above 0; `top_p` and `min_p` are 0 to 1.
    pub fn new(temperature: f32, top_k: u32, top_p: f32, min_p: f32, random: u32) -> Self {
        let temperature = f64::from(temperature);
        // Beyond these limits all tokens are alike, or only equal ones are.
        let halvings = (LOG2_E / temperature).clamp(2f64.powi(-31), 2f64.powi(30));
        let shift = 31 - halvings.log2().floor() as i32;
        let farthest = (LEAST + 1.0) * LN_2 * temperature.max(1.0) * UNITS;
        let bits = farthest.log2().ceil().min(32.0) as u32;
        Self {
            top_k,
            // As casts do, 1 becomes the largest word.
            top_p: (f64::from(top_p) * 2f64.powi(32)) as u32,
            reach: (-f64::from(min_p).ln() * UNITS) as u32,
            bits: bits.next_multiple_of(2),
            scale: (halvings * 2f64.powi(shift)).min(f64::from(u32::MAX)) as u32,
            shift: shift as u32,
            random,
            unused: 0,
        }
    }

    /// The token drawn from finite logits; minus infinity excludes one. At least one is not excluded.
    pub fn choose(&self, logits: &[f32]) -> u32 {
        let highest = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let best = fixed(highest);
        let distance = |logit: f32| {
            (logit != f32::NEG_INFINITY).then(|| best.wrapping_sub(fixed(logit)) as u32)
        };
        let cut = self.cut(logits.iter().filter_map(|logit| distance(*logit)).collect());
        let at_cut = u64::from(likelihood(cut.distance, self.scale, self.shift));
        let below = |logit: f32| match distance(logit) {
            Some(far) if far < cut.distance => u64::from(likelihood(far, self.scale, self.shift)),
            _ => 0,
        };
        let sum: u64 = logits.iter().map(|logit| below(*logit)).sum();
        let mut left = share(sum + u64::from(cut.ties) * at_cut, self.random);
        // Below the cut first, then at it; each in the order of ids.
        let tied = left >= sum;
        left -= if tied { sum } else { 0 };
        let weight = |logit: f32| match tied {
            true if distance(logit) == Some(cut.distance) => at_cut,
            true => 0,
            false => below(logit),
        };
        for (id, logit) in (0..).zip(logits) {
            let weight = weight(*logit);
            if left < weight {
                return id;
            }
            left -= weight;
        }
        unreachable!("what is left is less than all weights together")
    }

    fn cut(&self, mut distances: Vec<u32>) -> Cut {
        let mut cut = Cut {
            distance: u32::MAX,
            ties: 0,
        };
        let keep = self.top_k as usize;
        if keep != 0 && keep < distances.len() {
            distances.select_nth_unstable(keep - 1);
            distances.truncate(keep);
            cut = Cut::behind(&distances);
        }
        if self.top_p != u32::MAX {
            distances.sort_unstable();
            let weights = || {
                distances
                    .iter()
                    .map(|far| likelihood(*far, PLAIN.0, PLAIN.1))
            };
            let enough = share(weights().map(u64::from).sum(), self.top_p);
            let mut sum = 0;
            let reached = weights().position(|weight| {
                sum += u64::from(weight);
                sum >= enough
            });
            cut = Cut::behind(&distances[..=reached.unwrap_or(0)]);
        }
        if self.reach < cut.distance {
            cut = Cut {
                distance: self.reach + 1,
                ties: 0,
            };
        }
        cut
    }
}

/// What is kept: all tokens below a distance, and so many of those at it.
#[derive(Clone, Copy, Debug)]
struct Cut {
    distance: u32,
    ties: u32,
}

impl Cut {
    /// Behind the farthest of these.
    fn behind(kept: &[u32]) -> Self {
        let distance = kept.iter().copied().max().unwrap_or(0);
        let ties = kept.iter().filter(|far| **far == distance).count() as u32;
        Self { distance, ties }
    }
}

/// A logit in units, of which there are so many that only logits beyond 32,767 are taken for it.
fn fixed(logit: f32) -> i32 {
    (logit.clamp(-32767.0, 32767.0) * 65536.0).floor() as i32
}

/// So many 2^-32 of an amount.
fn share(amount: u64, of: u32) -> u64 {
    ((u128::from(amount) * u128::from(of)) >> 32) as u64
}

/// How likely a token is that is so far from the likeliest, which has 2^30: within 2^-14 of a power of two of halvings
/// that are rounded down to 2^-16.
fn likelihood(distance: u32, scale: u32, shift: u32) -> u32 {
    let halvings = (u64::from(distance) * u64::from(scale)) >> shift;
    if halvings >= 31 << 16 {
        return 0;
    }
    // 2^-x as a polynomial, its coefficients fitted to the roundings.
    let x = halvings as u32 & 0xffff;
    let times = |y: u32| (x * y + 0x8000) >> 16;
    let power = 65536 - times(45423 - times(15724 - times(3548 - times(479))));
    (power << 14) >> (halvings >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every distance that a token can be drawn from, at temperatures from cold to hot.
    #[test]
    fn a_likelihood_is_an_exponential() {
        for temperature in [0.02f32, 0.1, 0.3, 0.8, 1.0, 1.5, 4.0, 50.0, 1e4] {
            let draw = Draw::new(temperature, 0, 1.0, 0.0, 0);
            let step = (temperature * 97.0).ceil() as usize;
            let most = (31.0 * LN_2 * f64::from(temperature) * UNITS).min(4e9) as u32;
            for far in (0..most + 9).step_by(step) {
                let exact = (-f64::from(far) / UNITS / f64::from(temperature)).exp();
                let found = f64::from(likelihood(far, draw.scale, draw.shift)) / 2f64.powi(30);
                let bound = exact * 2f64.powf(-13.3) + 2f64.powi(-30);
                let apart = (found - exact).abs();
                assert!(apart <= bound, "{temperature} {far}: {found} for {exact}");
            }
            if draw.bits < 32 {
                assert_eq!(likelihood(1 << draw.bits, draw.scale, draw.shift), 0);
            }
        }
        assert_eq!(likelihood(0, PLAIN.0, PLAIN.1), 1 << 30);
        let plain = Draw::new(1.0, 0, 1.0, 0.0, 0);
        assert_eq!((plain.scale, plain.shift), PLAIN);
    }

    #[test]
    fn filters_that_are_off_and_temperatures_beyond_all_bounds() {
        let off = Draw::new(1.0, 0, 1.0, 0.0, 7);
        assert_eq!((off.top_p, off.reach), (u32::MAX, u32::MAX));
        for temperature in [f32::MIN_POSITIVE / 4.0, 1e-20, 1e20, f32::MAX] {
            let draw = Draw::new(temperature, 0, 1.0, 0.0, u32::MAX);
            assert!((1..=63).contains(&draw.shift) && draw.scale >> 31 == 1);
            assert!(draw.bits <= 32);
            let expected = if temperature < 1.0 { 1 } else { 2 };
            assert_eq!(draw.choose(&[0.0, 1.0, 0.999]), expected, "{temperature}");
        }
    }
}
