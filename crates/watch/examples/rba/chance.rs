//! Seeded chance.

const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

pub(crate) struct Chance(u64);

/// `SplitMix64` (Steele, Lea, Flood 2014).
const fn mixed(state: u64) -> u64 {
    let mut mixed = state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

impl Chance {
    /// The seed is mixed first: a sequence that begins where that of the seed before comes by makes the same world.
    pub(crate) const fn new(seed: u64) -> Self {
        Self(mixed(seed.wrapping_add(STEP)))
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mixed(self.0)
    }

    /// From 0 to 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn is(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.unit() * bound as f64) as usize
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Place 0.. with a probability that falls as a power of the place.
    pub(crate) fn zipf(&mut self, places: usize, power: f64) -> usize {
        let total: f64 = (1..=places).map(|place| (place as f64).powf(-power)).sum();
        let mut rest = self.unit() * total;
        for place in 1..=places {
            rest -= (place as f64).powf(-power);
            if rest <= 0.0 {
                return place - 1;
            }
        }
        places - 1
    }

    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.unit()).sum::<f64>() - 6.0
    }

    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * (sigma * self.normal()).exp()
    }

    /// Waiting time of a thing that happens once in `mean`.
    pub(crate) fn wait(&mut self, mean: f64) -> f64 {
        -mean * (1.0 - self.unit()).ln()
    }
}
