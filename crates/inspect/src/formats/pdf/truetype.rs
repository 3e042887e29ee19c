//! Letters by the glyphs of an embedded TrueType font: its table `cmap` read backwards, for files whose fonts have no map of their own.

use std::collections::HashMap;

/// Glyphs of one font that are kept.
const GLYPHS_MAX: usize = 70_000;

/// The letter of each glyph; empty where the font does not say.
pub(super) fn letters(font: &[u8]) -> HashMap<u32, char> {
    table(font, b"cmap").map(read).unwrap_or_default()
}

fn u16_at(octets: &[u8], at: usize) -> Option<u32> {
    let pair = octets.get(at..at.checked_add(2)?)?;
    Some(u32::from(pair[0]) << 8 | u32::from(pair[1]))
}

fn u32_at(octets: &[u8], at: usize) -> Option<u32> {
    Some(u16_at(octets, at)? << 16 | u16_at(octets, at + 2)?)
}

fn table<'f>(font: &'f [u8], name: &[u8; 4]) -> Option<&'f [u8]> {
    let count = u16_at(font, 4)? as usize;
    let entry = (0..count.min(64)).map(|number| 12 + number * 16).find(|at| font.get(*at..*at + 4) == Some(name))?;
    font.get(u32_at(font, entry + 8)? as usize..)
}

fn read(cmap: &[u8]) -> HashMap<u32, char> {
    let mut letters = HashMap::new();
    let count = u16_at(cmap, 2).unwrap_or_default().min(32) as usize;
    for number in 0..count {
        let Some(offset) = u32_at(cmap, 4 + number * 8 + 4) else { continue };
        let Some(subtable) = cmap.get(offset as usize..) else { continue };
        match u16_at(subtable, 0) {
            Some(4) => _ = read_segments(subtable, &mut letters),
            Some(12) => _ = read_groups(subtable, &mut letters),
            _ => {}
        }
    }
    letters
}

fn add(letters: &mut HashMap<u32, char>, glyph: u32, code: u32) {
    // Symbol fonts put their letters into the private area.
    let code = if (0xf020..=0xf0ff).contains(&code) { code - 0xf000 } else { code };
    if glyph != 0
        && letters.len() < GLYPHS_MAX
        && let Some(letter) = char::from_u32(code)
    {
        letters.entry(glyph).or_insert(letter);
    }
}

/// Format 4: segments of sixteen bits.
fn read_segments(table: &[u8], letters: &mut HashMap<u32, char>) -> Option<()> {
    let doubled = u16_at(table, 6)? as usize;
    let (ends, starts) = (14, 16 + doubled);
    let (deltas, offsets) = (starts + doubled, starts + 2 * doubled);
    let mut steps = 0;
    for segment in (0..doubled).step_by(2) {
        let (first, last) = (u16_at(table, starts + segment)?, u16_at(table, ends + segment)?);
        let (delta, offset) = (u16_at(table, deltas + segment)?, u16_at(table, offsets + segment)?);
        for code in first..=last {
            steps += 1;
            if code == 0xffff || steps > GLYPHS_MAX {
                return Some(());
            }
            let glyph = if offset == 0 {
                code + delta
            } else {
                let at = offsets + segment + offset as usize + (code - first) as usize * 2;
                u16_at(table, at).filter(|glyph| *glyph != 0).map_or(0, |glyph| glyph + delta)
            };
            add(letters, glyph & 0xffff, code);
        }
    }
    Some(())
}

/// Format 12: groups of 32 bits.
fn read_groups(table: &[u8], letters: &mut HashMap<u32, char>) -> Option<()> {
    let count = u32_at(table, 12)?.min(20_000) as usize;
    let mut steps = 0;
    for group in 0..count {
        let at = 16 + group * 12;
        let (first, last, glyph) = (u32_at(table, at)?, u32_at(table, at + 4)?, u32_at(table, at + 8)?);
        for (step, code) in (first..=last).enumerate() {
            steps += 1;
            if steps > GLYPHS_MAX {
                return Some(());
            }
            add(letters, glyph.wrapping_add(step as u32), code);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_read_backwards() {
        let words: &[u16] = &[4, 32, 0, 4, 0, 0, 0, 0x39, 0xffff, 0, 0x30, 0xffff, 0xffe0, 1, 0, 0];
        let segments: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        let head: &[u16] = &[0, 1, 3, 1, 0, 12];
        let cmap: Vec<u8> = head.iter().flat_map(|word| word.to_be_bytes()).chain(segments).collect();
        let letters = read(&cmap);
        assert_eq!((letters.get(&0x10), letters.get(&0x19), letters.len()), (Some(&'0'), Some(&'9'), 10));
        for end in 0..cmap.len() {
            let _ = read(&cmap[..end]);
        }
    }
}
