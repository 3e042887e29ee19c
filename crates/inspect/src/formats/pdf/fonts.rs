//! Fonts of a PDF file: what the octets of a string show, and how far they go (ISO 32000-1 sections 9.6 and 9.7).

use std::collections::HashMap;

use encoding_rs::{BIG5, EUC_JP, EUC_KR, Encoding, GBK, MACINTOSH, SHIFT_JIS, WINDOWS_1252};

use super::cmap::ToUnicode;
use super::glyphs;
use super::objects::Objects;
use super::values::{Map, Value};
use crate::look::Looker;

/// Widths of one font that are kept.
const WIDTHS_MAX: usize = 70_000;

/// Glyphs in all ranges of widths of one font that are gone through.
const WIDTH_STEPS_MAX: usize = 200_000;

/// How octets become codes, and codes letters where the font has no map of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codes {
    /// One octet each, in an encoding of one octet.
    Single(&'static Encoding),
    /// Two octets each, numbers of glyphs of a collection of characters or of the font itself.
    Glyphs(Collection),
    /// Two octets each, UTF-16.
    Utf16,
    /// One or two octets each, in an encoding of a language.
    Language(&'static Encoding),
}

/// A collection of characters, for the few numbers of glyphs that are known without its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Collection {
    Own,
    /// Number of the half-width space, behind which letters of ASCII stand.
    Known(u32),
}

/// A font.
#[derive(Debug)]
pub(super) struct Font {
    codes: Codes,
    map: ToUnicode,
    /// Letters by the names that the encoding gives to codes.
    named: HashMap<u32, String>,
    /// Letters by the glyphs of the font that is embedded.
    glyphs: HashMap<u32, char>,
    widths: HashMap<u32, f64>,
    width: f64,
    /// The file says nothing of widths.
    standard: Option<String>,
    /// Thousandths of a unit of this font; fonts of Type 3 have their own.
    pub(super) unit: f64,
}

/// A code that is shown.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shown {
    pub(super) letters: String,
    /// Width in units of the text, before the size of the font.
    pub(super) width: f64,
    /// A space of one octet, which the spacing of words widens.
    pub(super) is_space: bool,
}

impl Font {
    /// A font of which nothing is known: letters of one octet.
    pub(super) fn unknown() -> Self {
        Self {
            codes: Codes::Single(WINDOWS_1252),
            map: ToUnicode::default(),
            named: HashMap::new(),
            glyphs: HashMap::new(),
            widths: HashMap::new(),
            width: 500.0,
            standard: Some(String::new()),
            unit: 0.001,
        }
    }

    /// Reads the font that a dictionary describes.
    pub(super) fn read(map: &Map, objects: &Objects<'_>, looker: &mut Looker<'_>) -> Self {
        let mut font = Self::unknown();
        if looker.is_over() {
            return font;
        }
        if let Some((_, octets)) =
            objects.stream_number(map.get("ToUnicode")).and_then(|number| objects.stream(number, looker))
        {
            font.map = ToUnicode::read(&octets);
        }
        if objects.name(map, "Subtype") == "Type0" {
            font.read_composite(map, objects, looker);
        } else {
            font.read_simple(map, objects);
        }
        font
    }

    fn read_simple(&mut self, map: &Map, objects: &Objects<'_>) {
        let encoding = objects.value(map.get("Encoding"));
        let base = match (encoding, objects.map(map.get("Encoding"))) {
            (Some(Value::Name(name)), _) => name.clone(),
            (_, Some(encoding)) => {
                self.read_differences(objects.list(encoding.get("Differences")), objects);
                objects.name(encoding, "BaseEncoding").to_owned()
            }
            _ => String::new(),
        };
        self.codes = Codes::Single(if base == "MacRomanEncoding" { MACINTOSH } else { WINDOWS_1252 });
        if let (true, Some(matrix)) =
            (objects.name(map, "Subtype") == "Type3", objects.numbers(map.get("FontMatrix")).first())
        {
            self.unit = matrix.abs().clamp(1e-6, 1.0);
        }
        let widths = objects.numbers(map.get("Widths"));
        if widths.is_empty() {
            self.standard = Some(objects.name(map, "BaseFont").to_owned());
            return;
        }
        let first = objects.number(map, "FirstChar").unwrap_or_default().clamp(0.0, 255.0) as u32;
        self.widths = (first..).zip(widths.into_iter().take(256)).collect();
        self.standard = None;
    }

    /// Numbers, each with the names of the glyphs from it on (ISO 32000-1 section 9.6.6.1).
    fn read_differences(&mut self, list: &[Value], objects: &Objects<'_>) {
        let mut code = 0_u32;
        for value in list {
            match objects.value(Some(value)) {
                Some(Value::Number(number)) => code = number.clamp(0.0, 255.0) as u32,
                Some(Value::Name(name)) => {
                    if let Some(letters) = glyphs::letters(name) {
                        self.named.insert(code, letters);
                    }
                    code = code.saturating_add(1);
                }
                _ => {}
            }
        }
    }

    fn read_composite(&mut self, map: &Map, objects: &Objects<'_>, looker: &mut Looker<'_>) {
        let descendant = objects.list(map.get("DescendantFonts")).first();
        let descendant = objects.map(descendant);
        let ordering = descendant
            .and_then(|font| objects.map(font.get("CIDSystemInfo")))
            .and_then(|info| info.text("Ordering"))
            .unwrap_or_default();
        self.codes = codes(objects.name(map, "Encoding"), &ordering);
        self.standard = None;
        self.width = 1000.0;
        let Some(font) = descendant else { return };
        if let Some(width) = objects.number(font, "DW") {
            self.width = width;
        }
        self.read_widths(objects.list(font.get("W")), objects);
        if self.map.is_empty() && self.codes == Codes::Glyphs(Collection::Own) {
            let file =
                objects.map(font.get("FontDescriptor")).and_then(|about| objects.stream_number(about.get("FontFile2")));
            if let Some((_, octets)) = file.and_then(|number| objects.stream(number, looker)) {
                self.glyphs = super::truetype::letters(&octets);
            }
        }
    }

    /// Widths by ranges of glyphs (ISO 32000-1 section 9.7.4.3).
    fn read_widths(&mut self, list: &[Value], objects: &Objects<'_>) {
        let mut rest = list;
        let mut steps = 0;
        while let [Value::Number(first), after @ ..] = rest {
            let first = *first as u32;
            match after {
                [Value::Number(last), Value::Number(width), behind @ ..] => {
                    for code in first..=(*last as u32).min(first.saturating_add(0xffff)) {
                        steps += 1;
                        if steps > WIDTH_STEPS_MAX || self.widths.len() >= WIDTHS_MAX {
                            return;
                        }
                        self.widths.insert(code, *width);
                    }
                    rest = behind;
                }
                [widths, behind @ ..] => {
                    for (code, width) in (first..).zip(objects.numbers(Some(widths))) {
                        if self.widths.len() < WIDTHS_MAX {
                            self.widths.insert(code, width);
                        }
                    }
                    rest = behind;
                }
                [] => return,
            }
        }
    }

    /// What the octets of a string show, code by code.
    pub(super) fn show(&self, octets: &[u8]) -> Vec<Shown> {
        let mut shown = Vec::with_capacity(octets.len());
        let mut rest = octets;
        while !rest.is_empty() {
            let length = self.code_octets(rest).clamp(1, rest.len());
            let (code_octets, behind) = rest.split_at(length);
            let code = code_octets.iter().fold(0_u32, |code, octet| code << 8 | u32::from(*octet));
            shown.push(Shown {
                letters: self.letters(code, code_octets),
                width: self.width_of(code) * self.unit,
                is_space: code_octets == b" ",
            });
            rest = behind;
        }
        shown
    }

    fn code_octets(&self, octets: &[u8]) -> usize {
        match self.codes {
            Codes::Single(_) => 1,
            Codes::Glyphs(_) | Codes::Utf16 => 2,
            Codes::Language(_) => self
                .map
                .code_octets(octets)
                .unwrap_or_else(|| if octets.first().is_some_and(|octet| *octet >= 0x81) { 2 } else { 1 }),
        }
    }

    fn letters(&self, code: u32, octets: &[u8]) -> String {
        if let Some(letters) = self.map.get(code) {
            return letters.to_owned();
        }
        if let Some(letters) = self.named.get(&code) {
            return letters.clone();
        }
        match self.codes {
            // In a font that maps some codes the others are no letters that anybody knows, but where they look like some.
            Codes::Single(encoding) => {
                encoding.decode_without_bom_handling(octets).0.chars().filter(|c| !c.is_control()).collect()
            }
            Codes::Language(encoding) => {
                encoding.decode_without_bom_handling(octets).0.chars().filter(|c| *c != '\u{fffd}').collect()
            }
            Codes::Utf16 => char::from_u32(code).filter(|c| !c.is_control()).map(String::from).unwrap_or_default(),
            Codes::Glyphs(Collection::Own) => self.glyphs.get(&code).map(char::to_string).unwrap_or_default(),
            Codes::Glyphs(Collection::Known(half)) => {
                let ascii = match code {
                    1..=95 => Some(code + 31),
                    _ => code.checked_sub(half).filter(|step| *step < 95).map(|step| step + 32),
                };
                ascii.and_then(char::from_u32).map(String::from).unwrap_or_default()
            }
        }
    }

    fn width_of(&self, code: u32) -> f64 {
        match &self.standard {
            Some(font) => glyphs::standard_width(font, code),
            None => self.widths.get(&code).copied().unwrap_or(self.width),
        }
    }
}

/// Codes of a composite font by the name of its map (ISO 32000-1 table 118), and by its collection of characters.
fn codes(name: &str, ordering: &str) -> Codes {
    let starts = |start: &str| name.starts_with(start);
    if name.contains("UCS2") || name.contains("UTF16") {
        return Codes::Utf16;
    }
    if starts("GBK") || starts("GB-EUC") || starts("GBpc") {
        return Codes::Language(GBK);
    }
    if name.contains("RKSJ") {
        return Codes::Language(SHIFT_JIS);
    }
    if starts("KSC") {
        return Codes::Language(EUC_KR);
    }
    if starts("B5") || starts("ETen") || starts("HKscs") {
        return Codes::Language(BIG5);
    }
    if matches!(name, "EUC-H" | "EUC-V") {
        return Codes::Language(EUC_JP);
    }
    Codes::Glyphs(match ordering {
        "GB1" => Collection::Known(814),
        "Japan1" => Collection::Known(231),
        "Korea1" => Collection::Known(8094),
        "CNS1" => Collection::Known(13_648),
        _ => Collection::Own,
    })
}
