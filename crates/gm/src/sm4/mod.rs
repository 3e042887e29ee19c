//! SM4 (GB/T 32907-2016): the block cipher and CBC; GCM is in [`gcm`].
//!
//! There is no table that secrets index: the cipher runs as a circuit over many blocks at once, so its time does not depend on key or
//! message. A single block costs as much as sixteen.

pub mod gcm;

mod sbox;
mod slice;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::GmError;
use slice::{BLOCKS_PER_WORD, ROUNDS, RoundKey};

/// Bytes of a key.
pub const KEY_BYTES: usize = 16;
/// Bytes of a block.
pub const BLOCK_BYTES: usize = 16;

/// Machine words of a plane where there is much to do.
const WIDE: usize = 4;
/// Blocks done at once where there is much to do.
const WIDE_BLOCKS: usize = BLOCKS_PER_WORD * WIDE;

/// System parameters FK.
const FAMILY: [u32; 4] = [0xa3b1_bac6, 0x56aa_3350, 0x677d_9197, 0xb270_22dc];

/// A key, expanded. Overwritten when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Sm4 {
    rounds: Box<[RoundKey; ROUNDS]>,
}

impl Sm4 {
    /// The cipher under `key`.
    #[must_use]
    pub fn new(key: &[u8; KEY_BYTES]) -> Self {
        let mut rounds = Box::new([[0; 8]; ROUNDS]);
        let word = |at: usize| u32::from_be_bytes([key[4 * at], key[4 * at + 1], key[4 * at + 2], key[4 * at + 3]]);
        let mut k: [u32; 4] = std::array::from_fn(|at| word(at) ^ FAMILY[at]);
        for (number, round) in (0..).zip(rounds.iter_mut()) {
            let t = slice::substitute_word(k[1] ^ k[2] ^ k[3] ^ constant(number));
            let next = k[0] ^ t ^ t.rotate_left(13) ^ t.rotate_left(23);
            *round = slice::spread(next);
            k = [k[1], k[2], k[3], next];
        }
        k.zeroize();
        Self { rounds }
    }

    /// Encrypts each block by itself.
    pub fn encrypt_blocks(&self, blocks: &mut [[u8; BLOCK_BYTES]]) {
        in_batches(blocks, |wide, batch| {
            let keys = self.rounds.iter().copied();
            if wide { slice::run::<WIDE>(keys, batch) } else { slice::run::<1>(keys, batch) }
        });
    }

    /// Decrypts each block by itself.
    pub fn decrypt_blocks(&self, blocks: &mut [[u8; BLOCK_BYTES]]) {
        in_batches(blocks, |wide, batch| {
            let keys = self.rounds.iter().rev().copied();
            if wide { slice::run::<WIDE>(keys, batch) } else { slice::run::<1>(keys, batch) }
        });
    }

    /// CBC with the padding of CMS (RFC 5652 section 6.3): always one to sixteen bytes more than `plain`.
    #[must_use]
    pub fn cbc_encrypt(&self, iv: &[u8; BLOCK_BYTES], plain: &[u8]) -> Vec<u8> {
        let padding = BLOCK_BYTES - plain.len() % BLOCK_BYTES;
        let mut text = Vec::with_capacity(plain.len() + padding);
        text.extend_from_slice(plain);
        text.resize(plain.len() + padding, padding as u8);
        let mut before = *iv;
        for block in text.as_chunks_mut::<BLOCK_BYTES>().0 {
            block.iter_mut().zip(before).for_each(|(octet, previous)| *octet ^= previous);
            self.encrypt_blocks(std::slice::from_mut(block));
            before = *block;
        }
        text
    }

    /// Undoes [`Self::cbc_encrypt`]. CBC tells altered text from unaltered only by chance, at the padding: never say to a stranger which of the
    /// two it was, nor act on the text before something else vouches for it.
    ///
    /// # Errors
    /// [`GmError::Decryption`] if it is no whole number of blocks, or the padding is none.
    pub fn cbc_decrypt(&self, iv: &[u8; BLOCK_BYTES], cipher: &[u8]) -> Result<Vec<u8>, GmError> {
        let (blocks, rest) = cipher.as_chunks::<BLOCK_BYTES>();
        if blocks.is_empty() || !rest.is_empty() {
            return Err(GmError::Decryption);
        }
        let mut plain = blocks.to_vec();
        self.decrypt_blocks(&mut plain);
        for (block, before) in plain.iter_mut().zip(std::iter::once(iv).chain(blocks)) {
            block.iter_mut().zip(before).for_each(|(octet, previous)| *octet ^= previous);
        }
        let mut plain = plain.into_flattened();
        let length = unpadded(&plain).ok_or(GmError::Decryption)?;
        plain.truncate(length);
        Ok(plain)
    }
}

/// Length without the padding; looks at the same bytes whatever the padding is.
fn unpadded(plain: &[u8]) -> Option<usize> {
    let padding = *plain.last()?;
    let last = plain.last_chunk::<BLOCK_BYTES>()?;
    let mut wrong = u8::from(padding == 0) | u8::from(usize::from(padding) > BLOCK_BYTES);
    for (place, octet) in (1..=BLOCK_BYTES as u8).zip(last.iter().rev()) {
        wrong |= u8::from(place <= padding) & u8::from(*octet != padding);
    }
    (wrong == 0).then(|| plain.len() - usize::from(padding))
}

/// The parameter CK of a round: bytes (4i + j)·7.
fn constant(round: u32) -> u32 {
    u32::from_be_bytes(std::array::from_fn(|byte| ((4 * round as usize + byte) * 7) as u8))
}

/// Calls `run` with whole batches: wide ones first, then narrow ones, the last filled up with blocks of zeros.
fn in_batches(blocks: &mut [[u8; BLOCK_BYTES]], run: impl Fn(bool, &mut [[u8; BLOCK_BYTES]])) {
    let (wide, rest) = blocks.as_chunks_mut::<WIDE_BLOCKS>();
    for batch in wide {
        run(true, batch);
    }
    let (narrow, rest) = rest.as_chunks_mut::<BLOCKS_PER_WORD>();
    for batch in narrow {
        run(false, batch);
    }
    if !rest.is_empty() {
        let mut batch = [[0; BLOCK_BYTES]; BLOCKS_PER_WORD];
        batch[..rest.len()].copy_from_slice(rest);
        run(false, &mut batch);
        rest.copy_from_slice(&batch[..rest.len()]);
        batch.zeroize();
    }
}

#[cfg(test)]
mod tests;
