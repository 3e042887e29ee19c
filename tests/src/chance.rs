use std::hash::{BuildHasher, Hasher, RandomState};

/// Random choices of a test, repeatable by their seed (`TRADEWIND_SEED`), which is printed.
pub struct Chance(u64);

impl Chance {
    /// Choices from `TRADEWIND_SEED`, or from a fresh seed.
    #[must_use]
    pub fn from_environment() -> Self {
        let given = std::env::var("TRADEWIND_SEED").ok().and_then(|seed| seed.parse().ok());
        let chance = given.map_or_else(Self::fresh, Self::seeded);
        eprintln!("seed: TRADEWIND_SEED={}", chance.0);
        chance
    }

    /// Choices from a fresh seed, where nothing depends on them.
    #[must_use]
    pub fn fresh() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }

    /// Choices from `seed`.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 random bits (SplitMix64).
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `bound` - 1; 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.bits() % bound.max(1)
    }

    /// One of `things`, or nothing if there are none.
    pub fn pick<'a, T>(&mut self, things: &'a [T]) -> Option<&'a T> {
        things.get(usize::try_from(self.below(things.len() as u64)).unwrap_or(0))
    }
}
