//! Maps from the codes of a font to letters (ISO 32000-1 section 9.10.3), and from octets to codes.

use std::collections::HashMap;

use super::values::{Value, Values};

/// Codes of one font that are mapped.
const CODES_MAX: usize = 70_000;

/// Codes in all ranges of one font that are gone through.
const STEPS_MAX: usize = 200_000;

/// Letters that one code stands for at most.
const LETTERS_MAX: usize = 8;

/// What the codes of a font are as letters.
#[derive(Debug, Default)]
pub(super) struct ToUnicode {
    letters: HashMap<u32, String>,
    /// Lengths of codes in octets, as ranges: octets, first, last.
    spaces: Vec<(usize, u32, u32)>,
    steps: usize,
}

impl ToUnicode {
    /// Reads a map; what is broken in it is skipped.
    pub(super) fn read(octets: &[u8]) -> Self {
        let mut map = Self::default();
        let mut values = Values::new(octets);
        let mut operands: Vec<Value> = Vec::new();
        while let Some(value) = values.next_value() {
            let Value::Word(word) = &value else {
                if operands.len() < CODES_MAX {
                    operands.push(value);
                }
                continue;
            };
            match word.as_str() {
                "endcodespacerange" => operands.chunks_exact(2).for_each(|pair| map.add_space(pair)),
                "endbfchar" => operands.chunks_exact(2).for_each(|pair| map.add_letter(pair)),
                "endbfrange" => operands.chunks_exact(3).for_each(|three| map.add_range(three)),
                _ => {}
            }
            operands.clear();
        }
        map
    }

    pub(super) fn is_empty(&self) -> bool {
        self.letters.is_empty()
    }

    pub(super) fn get(&self, code: u32) -> Option<&str> {
        self.letters.get(&code).map(String::as_str)
    }

    /// Octets of the code that stands at the beginning, if the map says.
    pub(super) fn code_octets(&self, octets: &[u8]) -> Option<usize> {
        let fits = |(length, first, last): &&(usize, u32, u32)| {
            octets.get(..*length).map(number).is_some_and(|code| (*first..=*last).contains(&code))
        };
        self.spaces.iter().find(fits).map(|space| space.0)
    }

    fn add_space(&mut self, pair: &[Value]) {
        if let [Value::Text(first), Value::Text(last)] = pair
            && self.spaces.len() < 64
            && (1..=4).contains(&first.len())
        {
            self.spaces.push((first.len(), number(first), number(last)));
            self.spaces.sort_unstable();
        }
    }

    fn add_letter(&mut self, pair: &[Value]) {
        if let [Value::Text(code), Value::Text(letters)] = pair {
            self.insert(number(code), text(letters));
        }
    }

    fn add_range(&mut self, three: &[Value]) {
        let [Value::Text(first), Value::Text(last), to] = three else { return };
        let (first, last) = (number(first), number(last));
        let count = last.saturating_sub(first).min(0xffff).min(STEPS_MAX.saturating_sub(self.steps) as u32);
        match to {
            Value::Text(letters) => {
                let Some((end, before)) = units(letters).split_last().map(|(end, before)| (*end, before.to_vec()))
                else {
                    return;
                };
                for step in 0..=count {
                    let whole: Vec<u16> = before.iter().copied().chain([end.wrapping_add(step as u16)]).collect();
                    self.insert(first.wrapping_add(step), String::from_utf16_lossy(&whole));
                }
            }
            Value::List(list) => {
                for (step, letters) in list.iter().enumerate().take(count as usize + 1) {
                    if let Value::Text(letters) = letters {
                        self.insert(first.wrapping_add(step as u32), text(letters));
                    }
                }
            }
            _ => {}
        }
    }

    fn insert(&mut self, code: u32, letters: String) {
        self.steps += 1;
        if self.letters.len() < CODES_MAX && !letters.is_empty() {
            self.letters.insert(code, letters.chars().filter(|c| *c != '\0').take(LETTERS_MAX).collect());
        }
    }
}

fn number(octets: &[u8]) -> u32 {
    octets.iter().take(4).fold(0, |number, octet| number << 8 | u32::from(*octet))
}

fn units(octets: &[u8]) -> Vec<u16> {
    match octets {
        [one] => vec![u16::from(*one)],
        _ => octets.chunks_exact(2).map(|pair| u16::from(pair[0]) << 8 | u16::from(pair[1])).collect(),
    }
}

fn text(octets: &[u8]) -> String {
    String::from_utf16_lossy(&units(octets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_ranges_and_lists() {
        let map = ToUnicode::read(
            b"1 begincodespacerange <0000> <ffff> endcodespacerange 2 beginbfchar <0003> <0041> <0004> <00660069> endbfchar
            2 beginbfrange <0010> <0012> <0030> <0020> <0021> [<4e2d> <56fd>] endbfrange",
        );
        let all: Vec<Option<&str>> = [3, 4, 0x11, 0x21, 0x22].into_iter().map(|code| map.get(code)).collect();
        assert_eq!(all, [Some("A"), Some("fi"), Some("1"), Some("国"), None]);
        assert_eq!(map.code_octets(&[0, 3, 9]), Some(2));
        assert!(ToUnicode::read(b"beginbfrange <00> endbfrange <ff> <zz").is_empty());
    }
}
