//! An index by bands: sketches that agree at all places of one band meet there.

use std::collections::HashMap;

use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::sketch::{PLACES, Sketch};

/// Places of one band. With four, half of those that agree at six places of ten in each band are met in one of the sixteen.
const BAND_PLACES: usize = 4;

/// Templates that are looked at in one band; more agree only where a band says nothing.
const BAND_CANDIDATES_MAX: usize = 64;

/// Numbers of templates by band.
#[derive(Debug, Default)]
pub(super) struct Index {
    bands: HashMap<u64, Vec<u32>>,
}

impl Index {
    pub(super) fn add(&mut self, sketch: &Sketch, number: u32) {
        for band in bands(sketch) {
            self.bands.entry(band).or_default().push(number);
        }
    }

    /// Templates that may agree, each once.
    pub(super) fn candidates(&self, sketch: &Sketch) -> Vec<u32> {
        let mut found: Vec<u32> = bands(sketch)
            .filter_map(|band| self.bands.get(&band))
            .flat_map(|numbers| numbers.iter().take(BAND_CANDIDATES_MAX).copied())
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn bands(sketch: &Sketch) -> impl Iterator<Item = u64> + '_ {
    sketch.0.chunks(BAND_PLACES).take(PLACES / BAND_PLACES).enumerate().map(|(number, places)| {
        let octets: Vec<u8> = places.iter().flat_map(|place| place.to_le_bytes()).collect();
        xxh3_64_with_seed(&octets, number as u64)
    })
}
