//! Chance that can be repeated: every test that throws dice prints its seed and takes it from `UPSHIFT_SEED`.

use std::time::{Duration, SystemTime};

/// A sequence of numbers that follows from its seed alone (SplitMix64).
#[derive(Debug, Clone)]
pub struct Chance {
    seed: u64,
    state: u64,
}

impl Chance {
    /// With the seed in `UPSHIFT_SEED`, or another one each time.
    ///
    /// # Panics
    /// When `UPSHIFT_SEED` is no number.
    pub fn new() -> Chance {
        let asked = std::env::var("UPSHIFT_SEED").ok();
        let seed = asked.map(|seed| seed.parse().expect("UPSHIFT_SEED is a number")).unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            u64::from(now.subsec_nanos())
        });
        Chance { seed, state: seed }
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        // The remainder is as even as any test needs it.
        ((mixed ^ (mixed >> 31)) % end.max(1) as u64) as usize
    }

    /// A moment within a span.
    pub fn within(&mut self, span: Duration) -> Duration {
        Duration::from_micros(self.below(span.as_micros() as usize + 1) as u64)
    }
}

impl Default for Chance {
    fn default() -> Chance {
        Chance::new()
    }
}
