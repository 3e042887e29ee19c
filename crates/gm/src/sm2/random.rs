//! Randomness of ours in the form that the curve's library takes.

use std::convert::Infallible;

use ::sm2::elliptic_curve::rand_core::{TryCryptoRng, TryRng};
use env::Entropy;

/// A source of randomness for the length of one call.
pub(super) struct EntropyRng<'a>(pub(super) &'a dyn Entropy);

impl TryRng for EntropyRng<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(into);
        Ok(())
    }
}

impl TryCryptoRng for EntropyRng<'_> {}
