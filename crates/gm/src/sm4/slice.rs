//! Many blocks of SM4 at once, as planes of bits.
//!
//! A word of a block is kept as eight planes, one for each bit of a byte. A plane is `N` machine words; in each, bits 16j to 16j+15 belong
//! to byte j of the word (byte 0 is the most significant) of 16 blocks. Turning a word by whole bytes then is a rotation of machine words, and
//! by two bits a change of planes.

use std::array::from_fn;
use std::ops::{BitAnd, BitXor, Not};

use super::sbox::{Lane, substitute};

/// Blocks that one machine word of a plane serves.
pub(super) const BLOCKS_PER_WORD: usize = 16;

/// Rounds (GB/T 32907-2016 section 4).
pub(super) const ROUNDS: usize = 32;

/// A round key as planes, the same for each block.
pub(super) type RoundKey = [u64; 8];

/// One plane of `16 · N` blocks.
#[derive(Clone, Copy)]
struct Plane<const N: usize>([u64; N]);

impl<const N: usize> BitXor for Plane<N> {
    type Output = Self;
    #[inline(always)]
    fn bitxor(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] ^ other.0[i]))
    }
}

impl<const N: usize> BitAnd for Plane<N> {
    type Output = Self;
    #[inline(always)]
    fn bitand(self, other: Self) -> Self {
        Self(from_fn(|i| self.0[i] & other.0[i]))
    }
}

impl<const N: usize> Not for Plane<N> {
    type Output = Self;
    #[inline(always)]
    fn not(self) -> Self {
        Self(from_fn(|i| !self.0[i]))
    }
}

impl<const N: usize> Lane for Plane<N> {}

impl<const N: usize> Plane<N> {
    /// Turns each word to the left by `bytes` bytes.
    #[inline(always)]
    fn turn(self, bytes: u32) -> Self {
        Self(from_fn(|i| self.0[i].rotate_right(16 * bytes)))
    }
}

type Word<const N: usize> = [Plane<N>; 8];

/// Encrypts, or decrypts if the keys come in reverse order, `16 · N` blocks in place.
#[inline(never)]
pub(super) fn run<const N: usize>(keys: impl Iterator<Item = RoundKey>, blocks: &mut [[u8; 16]]) {
    debug_assert_eq!(blocks.len(), BLOCKS_PER_WORD * N);
    let mut x: [Word<N>; 4] = from_fn(|word| pack(blocks, word));
    for key in keys {
        let next = round(&x, &key);
        x = [x[1], x[2], x[3], next];
    }
    // The reverse transformation R puts the last word first.
    for (place, word) in x.iter().rev().enumerate() {
        unpack(word, blocks, place);
    }
}

/// X₀ ⊕ T(X₁ ⊕ X₂ ⊕ X₃ ⊕ key).
#[inline(always)]
fn round<const N: usize>(x: &[Word<N>; 4], key: &RoundKey) -> Word<N> {
    let mixed = from_fn(|bit| x[1][bit] ^ x[2][bit] ^ x[3][bit] ^ Plane([key[bit]; N]));
    let t = substitute(&mixed);
    // L(t) = t ⊕ t⋘2 ⊕ t⋘10 ⊕ t⋘18 ⊕ t⋘24.
    from_fn(|bit| {
        let two = if bit >= 2 { t[bit - 2] } else { t[bit + 6].turn(1) };
        x[0][bit] ^ t[bit] ^ t[bit].turn(3) ^ two ^ two.turn(1) ^ two.turn(2)
    })
}

/// The planes of word `word` of the blocks.
#[inline(always)]
fn pack<const N: usize>(blocks: &[[u8; 16]], word: usize) -> Word<N> {
    let mut planes = [Plane([0; N]); 8];
    for (group, eight) in blocks.chunks_exact(8).enumerate() {
        for byte in 0..4 {
            let square = transpose(u64::from_le_bytes(from_fn(|block| eight[block][4 * word + byte])));
            let shift = 16 * byte + 8 * (group % 2);
            for (bit, row) in square.to_le_bytes().into_iter().enumerate() {
                planes[bit].0[group / 2] |= u64::from(row) << shift;
            }
        }
    }
    planes
}

/// Puts planes back as word `word` of the blocks.
#[inline(always)]
fn unpack<const N: usize>(planes: &Word<N>, blocks: &mut [[u8; 16]], word: usize) {
    for (group, eight) in blocks.chunks_exact_mut(8).enumerate() {
        for byte in 0..4 {
            let shift = 16 * byte + 8 * (group % 2);
            let rows = from_fn(|bit| (planes[bit].0[group / 2] >> shift) as u8);
            let square = transpose(u64::from_le_bytes(rows)).to_le_bytes();
            for (block, octet) in eight.iter_mut().zip(square) {
                block[4 * word + byte] = octet;
            }
        }
    }
}

/// Turns a square of eight bytes of eight bits about its diagonal: bit j of byte i becomes bit i of byte j.
#[inline(always)]
fn transpose(mut square: u64) -> u64 {
    for (shift, mask) in [(7, 0x00aa_00aa_00aa_00aa), (14, 0x0000_cccc_0000_cccc), (28, 0x0000_0000_f0f0_f0f0)] {
        let moved = (square ^ (square >> shift)) & mask;
        square ^= moved ^ (moved << shift);
    }
    square
}

/// The planes of a round key.
pub(super) fn spread(key: u32) -> RoundKey {
    from_fn(|bit| {
        let of_byte = |byte: usize| {
            let set = u64::from(key >> (8 * (3 - byte) + bit) & 1);
            set.wrapping_neg() & 0xffff << (16 * byte)
        };
        of_byte(0) | of_byte(1) | of_byte(2) | of_byte(3)
    })
}

/// The S-box of each byte of one word, for the key schedule.
pub(super) fn substitute_word(word: u32) -> u32 {
    let planes = from_fn(|bit| (0..4).fold(0, |plane, byte| plane | u64::from(word >> (8 * byte + bit) & 1) << byte));
    let out = substitute(&planes);
    let mut result = 0;
    for (bit, plane) in out.into_iter().enumerate() {
        for byte in 0..4 {
            result |= ((plane >> byte & 1) as u32) << (8 * byte + bit);
        }
    }
    result
}
