//! A TrueType font with the letters of one document, as writers embed it. Each letter is drawn as a box: the documents are for
//! programs that read their text.

use std::collections::BTreeMap;

use crate::chance::Chance;

/// Units of an em.
const EM: u16 = 1000;

/// Entries of one block of a CMap.
const CMAP_BLOCK_MAX: usize = 100;

/// Letters and their glyph numbers, which say nothing of the letters.
#[derive(Debug)]
pub(super) struct Subset {
    name: String,
    glyphs: BTreeMap<char, u16>,
}

impl Subset {
    /// The subset for a text; glyphs are numbered by chance.
    pub(super) fn new(text: &str, chance: &mut Chance) -> Self {
        let mut letters: Vec<char> = text.chars().collect();
        letters.sort_unstable();
        letters.dedup();
        for place in (1..letters.len()).rev() {
            letters.swap(place, chance.below(place + 1));
        }
        let glyphs = letters.into_iter().zip(1..).collect();
        Self { name: format!("{}+Tradegen", chance.letters(6)), glyphs }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Number of a letter's glyph; 0 is the one that is missing.
    pub(super) fn glyph(&self, letter: char) -> u16 {
        self.glyphs.get(&letter).copied().unwrap_or(0)
    }

    /// The CMap from glyph numbers to letters (ISO 32000-1, 9.10.3).
    pub(super) fn to_unicode(&self) -> String {
        let mut out = String::from(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n\
             /CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def\n\
             /CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
             1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n",
        );
        let pairs: Vec<(char, u16)> = self.glyphs.iter().map(|(letter, glyph)| (*letter, *glyph)).collect();
        for block in pairs.chunks(CMAP_BLOCK_MAX) {
            out.push_str(&format!("{} beginbfchar\n", block.len()));
            for (letter, glyph) in block {
                let mut units = [0; 2];
                let shown: String = letter.encode_utf16(&mut units).iter().map(|unit| format!("{unit:04X}")).collect();
                out.push_str(&format!("<{glyph:04X}> <{shown}>\n"));
            }
            out.push_str("endbfchar\n");
        }
        out.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        out
    }

    /// The font program.
    pub(super) fn program(&self) -> Vec<u8> {
        let count = self.glyphs.len() as u16 + 1;
        let glyph = box_glyph();
        let mut loca = Vec::new();
        let mut glyf = Vec::new();
        for _ in 0..count {
            loca.extend((glyf.len() as u32).to_be_bytes());
            glyf.extend(&glyph);
        }
        loca.extend((glyf.len() as u32).to_be_bytes());
        let hmtx: Vec<u8> = (0..count).flat_map(|_| words(&[600, 50])).collect();
        tables(&[
            (b"glyf", glyf),
            (b"head", head()),
            (b"hhea", hhea(count)),
            (b"hmtx", hmtx),
            (b"loca", loca),
            (b"maxp", maxp(count)),
        ])
    }
}

fn words(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_be_bytes()).collect()
}

/// One contour of four points.
fn box_glyph() -> Vec<u8> {
    // Contours, then least and greatest coordinates, the last point, no instructions.
    let mut glyph = words(&[1, 50, 0, 550, 700, 3, 0]);
    // All points are on the curve; coordinates are differences of sixteen bits.
    glyph.extend([1, 1, 1, 1]);
    let minus = |value: u16| value.wrapping_neg();
    glyph.extend(words(&[50, 0, 500, 0, 0, 700, 0, minus(700)]));
    glyph
}

fn head() -> Vec<u8> {
    let mut table = words(&[1, 0, 1, 0, 0, 0, 0x5f0f, 0x3cf5, 0, EM]);
    table.extend([0; 16]);
    table.extend(words(&[50, 0, 550, 700, 0, 8, 2, 1, 0]));
    table
}

fn hhea(count: u16) -> Vec<u8> {
    words(&[1, 0, 800, 0xff38, 0, 600, 50, 50, 550, 1, 0, 0, 0, 0, 0, 0, 0, count])
}

fn maxp(count: u16) -> Vec<u8> {
    words(&[1, 0, count, 4, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0])
}

/// The directory, and the tables at multiples of four octets.
fn tables(all: &[(&[u8; 4], Vec<u8>)]) -> Vec<u8> {
    let count = all.len() as u16;
    let power = count.ilog2() as u16;
    let range = 16 * (1 << power);
    let mut out = words(&[1, 0, count, range, power, count * 16 - range]);
    let mut offset = 12 + 16 * all.len();
    let mut body = Vec::new();
    for (tag, table) in all {
        let mut padded = table.clone();
        padded.resize(table.len().div_ceil(4) * 4, 0);
        let sum = padded.chunks(4).fold(0_u32, |sum, word| {
            sum.wrapping_add(word.iter().fold(0, |number, octet| number << 8 | u32::from(*octet)))
        });
        out.extend(*tag);
        for number in [sum, offset as u32, table.len() as u32] {
            out.extend(number.to_be_bytes());
        }
        offset += padded.len();
        body.extend(padded);
    }
    out.extend(body);
    out
}
