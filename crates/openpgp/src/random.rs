//! Our source of randomness in the traits that `pgp` takes.

use env::{Entropy, Timestamp};

pub(crate) struct Random<'a>(pub(crate) &'a dyn Entropy);

impl rand::RngCore for Random<'_> {
    fn next_u32(&mut self) -> u32 {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.0.fill(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand::Error> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl rand::CryptoRng for Random<'_> {}

/// A moment in OpenPGP: seconds in 32 bits; what lies outside is the nearest that can be told.
pub(crate) fn moment(at: Timestamp) -> pgp::types::Timestamp {
    let seconds = u32::try_from(at.seconds().max(0)).unwrap_or(u32::MAX);
    pgp::types::Timestamp::from_secs(seconds)
}

pub(crate) fn timestamp(of: pgp::types::Timestamp) -> Timestamp {
    Timestamp::from_seconds(i64::from(of.as_secs()))
}
