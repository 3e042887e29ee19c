//! The S-box of SM4 as a circuit of AND, XOR and NOT, so that it takes the same time whatever it is given and serves as many bytes at
//! once as a word has bits.
//!
//! GB/T 32907-2016 gives the S-box as a table. It equals `A·inv(A·x + c) + c` with an inversion in GF(2⁸) modulo
//! x⁸+x⁷+x⁶+x⁵+x⁴+x²+1 (Liu and others, "Analysis of the SMS4 block cipher", 2007). The inversion is done in the tower
//! GF(((2²)²)²), where it costs 36 ANDs; the change of basis is folded into the two affine maps. The test compares all 256 values
//! with the table of the standard.

use std::ops::{BitAnd, BitXor, Not};

/// Bits of many bytes side by side: the same bit of each.
pub(super) trait Lane: Copy + BitXor<Output = Self> + BitAnd<Output = Self> + Not<Output = Self> {}

impl Lane for u64 {}

/// The S-box of every byte; `x[0]` is the least significant bit.
#[inline(always)]
pub(super) fn substitute<T: Lane>(x: &[T; 8]) -> [T; 8] {
    leave(&invert256(&enter(x)))
}

/// `A·x + c`, then from the polynomial basis into the tower's.
#[inline(always)]
fn enter<T: Lane>(x: &[T; 8]) -> [T; 8] {
    let t0 = x[0] ^ x[6];
    let t1 = x[1] ^ x[2];
    let t2 = x[4] ^ x[5];
    let t3 = t0 ^ t1;
    let t4 = x[1] ^ t2;
    let t5 = x[2] ^ x[7];
    let t6 = x[3] ^ t2;
    let t7 = x[4] ^ t3;
    let t8 = x[5] ^ t3;
    let t9 = t0 ^ t2;
    let t10 = t3 ^ t6;
    [t9, t4, !x[5], t8, t7, !x[6], !t5, !t10]
}

/// From the tower's basis into the polynomial one, then `A·x + c`.
#[inline(always)]
fn leave<T: Lane>(x: &[T; 8]) -> [T; 8] {
    let t0 = x[0] ^ x[4];
    let t1 = x[1] ^ x[3];
    let t2 = x[6] ^ x[7];
    let t3 = x[0] ^ x[2];
    let t4 = x[0] ^ t2;
    let t5 = x[1] ^ x[2];
    let t6 = x[1] ^ x[5];
    let t7 = x[2] ^ t0;
    let t8 = x[4] ^ t5;
    let t9 = x[5] ^ t1;
    let t10 = x[6] ^ t0;
    let t11 = x[7] ^ t1;
    let t12 = t0 ^ t6;
    let t13 = t1 ^ t2;
    let t14 = t7 ^ t13;
    [!t3, !t10, t8, t4, !t9, t11, !t12, !t14]
}

/// An element of GF(2²) = GF(2)[w]/(w²+w+1), low bit first.
type Two<T> = [T; 2];
/// An element of GF(2⁴) = GF(2²)[y]/(y²+y+w), low half first.
type Four<T> = [T; 4];

/// Inversion in GF(2⁸) = GF(2⁴)[z]/(z²+z+λ) with λ = wy+1; of zero it is zero.
#[inline(always)]
fn invert256<T: Lane>(a: &[T; 8]) -> [T; 8] {
    let [l0, l1, l2, l3, h0, h1, h2, h3] = *a;
    let (low, high) = ([l0, l1, l2, l3], [h0, h1, h2, h3]);
    let sum = add16(&low, &high);
    // The norm a·ā = λh² + hl + l² = λh² + l(h + l).
    let norm = add16(&lambda(&square16(&high)), &multiply16(&low, &sum));
    let inverse = invert16(&norm);
    let [h0, h1, h2, h3] = multiply16(&high, &inverse);
    let [l0, l1, l2, l3] = multiply16(&sum, &inverse);
    [l0, l1, l2, l3, h0, h1, h2, h3]
}

#[inline(always)]
fn add16<T: Lane>(a: &Four<T>, b: &Four<T>) -> Four<T> {
    [a[0] ^ b[0], a[1] ^ b[1], a[2] ^ b[2], a[3] ^ b[3]]
}

#[inline(always)]
fn multiply16<T: Lane>(a: &Four<T>, b: &Four<T>) -> Four<T> {
    let low = multiply4([a[0], a[1]], [b[0], b[1]]);
    let high = multiply4([a[2], a[3]], [b[2], b[3]]);
    let cross = multiply4([a[0] ^ a[2], a[1] ^ a[3]], [b[0] ^ b[2], b[1] ^ b[3]]);
    let reduced = times_w(high);
    [low[0] ^ reduced[0], low[1] ^ reduced[1], cross[0] ^ low[0], cross[1] ^ low[1]]
}

/// (h·y + l)² = h²·y + h²·w + l².
#[inline(always)]
fn square16<T: Lane>(a: &Four<T>) -> Four<T> {
    let (low, high) = (square4([a[0], a[1]]), square4([a[2], a[3]]));
    let reduced = times_w(high);
    [low[0] ^ reduced[0], low[1] ^ reduced[1], high[0], high[1]]
}

/// Multiplication by λ = wy+1: (h·y + l)(w·y + 1) = (wh + wl + h)·y + w²h + l.
#[inline(always)]
fn lambda<T: Lane>(a: &Four<T>) -> Four<T> {
    let (low, high) = ([a[0], a[1]], [a[2], a[3]]);
    let (wl, wh) = (times_w(low), times_w(high));
    let wwh = times_w(wh);
    [wwh[0] ^ low[0], wwh[1] ^ low[1], wh[0] ^ wl[0] ^ high[0], wh[1] ^ wl[1] ^ high[1]]
}

/// In the manner of [`invert256`]; in GF(2²) the inverse is the square.
#[inline(always)]
fn invert16<T: Lane>(a: &Four<T>) -> Four<T> {
    let (low, high) = ([a[0], a[1]], [a[2], a[3]]);
    let sum = [low[0] ^ high[0], low[1] ^ high[1]];
    let scaled = times_w(square4(high));
    let product = multiply4(low, sum);
    let inverse = square4([scaled[0] ^ product[0], scaled[1] ^ product[1]]);
    let [h0, h1] = multiply4(high, inverse);
    let [l0, l1] = multiply4(sum, inverse);
    [l0, l1, h0, h1]
}

#[inline(always)]
fn multiply4<T: Lane>(a: Two<T>, b: Two<T>) -> Two<T> {
    let low = a[0] & b[0];
    let cross = (a[0] ^ a[1]) & (b[0] ^ b[1]);
    [low ^ (a[1] & b[1]), cross ^ low]
}

#[inline(always)]
fn square4<T: Lane>(a: Two<T>) -> Two<T> {
    [a[0] ^ a[1], a[1]]
}

#[inline(always)]
fn times_w<T: Lane>(a: Two<T>) -> Two<T> {
    [a[1], a[0] ^ a[1]]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::hex;

    /// GB/T 32907-2016 table 1.
    const TABLE: &str = "d690e9fecce13db716b614c228fb2c052b679a762abe04c3aa441326498606999c4250f491ef987a33540b43edcfac62\
        e4b31ca9c908e89580df94fa758f3fa64707a7fcf37317ba83593c19e6854fa8686b81b27164da8bf8eb0f4b70569d35\
        1e240e5e6358d1a225227c3b01217887d40046579fd327524c3602e7a0c4c89eeabf8ad240c738b5a3f7f2cef96115a1\
        e0ae5da49b341a55ad933230f58cb1e31df6e22e8266ca60c02923ab0d534e6fd5db3745defd8e2f03ff6a726d6c5b51\
        8d1baf92bbddbc7f11d95c411f105ad80ac13188a5cd7bbd2d74d012b8e5b4b08969974a0c96777e65b9f109c56ec684\
        18f07dec3adc4d2079ee5f3ed7cb3948";

    #[test]
    fn all_values_of_the_table() {
        let table = hex(TABLE);
        for start in (0..256_usize).step_by(64) {
            let mut planes = [0_u64; 8];
            for lane in 0..64 {
                for (bit, plane) in planes.iter_mut().enumerate() {
                    *plane |= (((start + lane) >> bit & 1) as u64) << lane;
                }
            }
            let out = substitute(&planes);
            for lane in 0..64 {
                let value = out.iter().enumerate().map(|(bit, plane)| (plane >> lane & 1) << bit).sum::<u64>();
                assert_eq!(value, u64::from(table[start + lane]), "{}", start + lane);
            }
        }
    }
}
