//! MinHash sketches: a few numbers by which two sets are compared.

use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::normal::is_ideograph;

/// Numbers of a sketch.
pub(super) const PLACES: usize = 64;

/// Different pieces that a text needs: shorter ones say what anybody says.
pub(super) const PIECES_MIN: usize = 12;

/// Elements that a structure needs.
const ELEMENTS_MIN: usize = 24;

/// Pieces of one text that are looked at.
const PIECES_MAX: usize = 2000;

/// A sketch of a set.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Sketch(pub(super) [u16; PLACES]);

impl From<Sketch> for String {
    fn from(sketch: Sketch) -> Self {
        sketch.digits()
    }
}

impl TryFrom<String> for Sketch {
    type Error = &'static str;

    fn try_from(digits: String) -> Result<Self, Self::Error> {
        Self::of_digits(&digits).ok_or("is no sketch of 256 hexadecimal digits")
    }
}

impl Sketch {
    /// The sketch of hashed pieces.
    fn of(pieces: &[u64]) -> Self {
        let mut least = [u32::MAX; PLACES];
        for piece in pieces {
            // Each place has its own order of all pieces: two independent halves make as many as are wanted.
            let (step, mut at) = ((*piece >> 32) as u32 | 1, *piece as u32);
            for slot in &mut least {
                at = at.wrapping_add(step).rotate_left(7).wrapping_mul(0x9e37_79b1);
                *slot = (*slot).min(at);
            }
        }
        Self(least.map(|least| (least.wrapping_mul(0x85eb_ca6b) >> 16) as u16))
    }

    /// How far two sketches agree, 0 to 1.
    #[must_use]
    pub fn likeness(&self, other: &Self) -> f32 {
        self.0.iter().zip(&other.0).filter(|(one, other)| one == other).count() as f32 / PLACES as f32
    }

    /// The sketch in hexadecimal digits.
    #[must_use]
    pub fn digits(&self) -> String {
        self.0.iter().map(|place| format!("{place:04x}")).collect()
    }

    /// The sketch of hexadecimal digits.
    #[must_use]
    pub fn of_digits(digits: &str) -> Option<Self> {
        if digits.len() != PLACES * 4 || !digits.is_ascii() {
            return None;
        }
        let mut places = [0; PLACES];
        for (at, slot) in places.iter_mut().enumerate() {
            *slot = u16::from_str_radix(digits.get(at * 4..at * 4 + 4)?, 16).ok()?;
        }
        Some(Self(places))
    }
}

/// The sketch of a text in its one form; none if it is too short.
pub(crate) fn of_text(normal: &str) -> Option<Sketch> {
    let mut pieces = Vec::new();
    let mut before = "";
    for word in normal.split(' ').filter(|word| !word.is_empty()) {
        if word.starts_with(is_ideograph) {
            let starts: Vec<usize> = word.char_indices().map(|(at, _)| at).chain([word.len()]).collect();
            let runs = starts.windows(4).filter_map(|window| word.get(*window.first()?..*window.last()?));
            pieces.extend(runs.map(|run| xxh3_64_with_seed(run.as_bytes(), 3)));
        } else if !before.is_empty() {
            pieces.push(xxh3_64_with_seed(format!("{before} {word}").as_bytes(), 2));
        }
        before = word;
        if pieces.len() > PIECES_MAX {
            break;
        }
    }
    sketch(pieces, PIECES_MIN)
}

/// The sketch of a row of elements, each by a number of its own; none if there are few.
pub(crate) fn of_structure(elements: &[u32]) -> Option<Sketch> {
    if elements.len() < ELEMENTS_MIN {
        return None;
    }
    let piece = |window: &[u32]| {
        let octets: Vec<u8> = window.iter().flat_map(|element| element.to_le_bytes()).collect();
        xxh3_64_with_seed(&octets, 5)
    };
    sketch(elements.windows(5).take(PIECES_MAX).map(piece).collect(), 8)
}

fn sketch(mut pieces: Vec<u64>, least: usize) -> Option<Sketch> {
    pieces.sort_unstable();
    pieces.dedup();
    (pieces.len() >= least).then(|| Sketch::of(&pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(from: u64, to: u64) -> Vec<u64> {
        (from..to).map(|number| xxh3_64_with_seed(&number.to_le_bytes(), 1)).collect()
    }

    #[test]
    fn sketches_agree_as_far_as_the_sets() {
        let sets = numbers(0, 1000);
        for (from, to, wanted) in [(0, 1000, 1.0), (250, 1250, 0.6), (500, 1500, 0.33), (1000, 2000, 0.0)] {
            let likeness = Sketch::of(&sets).likeness(&Sketch::of(&numbers(from, to)));
            assert!((likeness - wanted).abs() < 0.15, "{from}: {likeness} and not {wanted}");
        }
    }

    #[test]
    fn digits_and_back() {
        let sketch = Sketch::of(&numbers(0, 50));
        assert_eq!(Sketch::of_digits(&sketch.digits()), Some(sketch));
        assert_eq!(Sketch::of_digits("00"), None);
        assert_eq!(Sketch::of_digits(&"é".repeat(PLACES * 2)), None);
    }
}
