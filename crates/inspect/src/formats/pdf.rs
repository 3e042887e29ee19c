//! PDF (ISO 32000-1): where it leads, what it runs, what is in it. Objects are taken as they stand in the file, reachable or not, as
//! readers repair what is broken.

mod lock;
mod streams;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;

use memchr::memmem;

use crate::look::{At, Looker};
use crate::report::{Place, Reason, Trait};
use streams::decode;
use values::{Map, Value, Values};

/// Values that are read in one file, within streams too.
const VALUES_MAX: usize = 4_000_000;

/// Pictures in which codes are looked for.
const PICTURES_MAX: usize = 24;

/// Octets of text that are taken.
const TEXT_OCTETS_MAX: usize = 64 * 1024;

/// Files embedded in one document that are opened.
const EMBEDDED_MAX: usize = 64;

/// Reads a PDF file.
pub(super) fn read(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut reader = Reader::new(at);
    match lock::open(octets, looker.words()) {
        None => {}
        Some(Some((key, password))) => {
            reader.key = Some(key);
            if !password.is_empty() {
                looker.sign(at, Trait::NamedPassword, &password);
            }
        }
        // What strings and streams say is not known then; what the objects do is.
        Some(None) => {
            reader.is_locked = true;
            looker.lock(at);
        }
    }
    let mut outcome = reader.objects(octets, true, looker);
    reader.open_embedded(looker);
    let text = std::mem::take(&mut reader.text);
    looker.text(at, text.trim(), false);
    if outcome.is_ok() && reader.values_left == 0 {
        outcome = Err(Reason::TooMany);
    }
    outcome
}

struct Reader {
    at: At,
    values_left: usize,
    /// Nobody knows the password.
    is_locked: bool,
    key: Option<lock::Key>,
    pictures: usize,
    text: String,
    /// Names of embedded files, by the number of the stream that holds them.
    names: BTreeMap<u32, String>,
    /// Embedded files, with the number of their stream.
    embedded: Vec<(u32, Vec<u8>)>,
}

impl Reader {
    const fn new(at: At) -> Self {
        Self {
            at,
            values_left: VALUES_MAX,
            is_locked: false,
            key: None,
            pictures: 0,
            text: String::new(),
            names: BTreeMap::new(),
            embedded: Vec::new(),
        }
    }

    /// All values in `octets`, one after the other.
    fn objects(&mut self, octets: &[u8], has_streams: bool, looker: &mut Looker<'_>) -> Result<(), Reason> {
        let mut values = Values::new(octets);
        let mut numbers = [0.0_f64; 2];
        let (mut object, mut generation) = (0, 0);
        let mut last = None;
        let mut outcome = Ok(());
        while let Some(value) = values.next_value() {
            self.values_left = self.values_left.saturating_sub(1);
            if self.values_left == 0 {
                return Err(Reason::TooMany);
            }
            if self.values_left.is_multiple_of(4096) && looker.is_over() {
                return Err(Reason::TimedOut);
            }
            match value {
                Value::Number(number) => numbers = [numbers[1], number],
                Value::Word(word) if word == "obj" => (object, generation) = (numbers[0] as u32, numbers[1] as u32),
                Value::Word(word) if word == "stream" && has_streams => {
                    let Some(map) = last.take() else { continue };
                    let data = stream_data(octets, &mut values, &map);
                    let data = match &self.key {
                        Some(key) if map.name("Type") != "XRef" => Cow::Owned(key.decrypted(data, object, generation)),
                        _ => Cow::Borrowed(data),
                    };
                    if let Err(why) = self.stream(object, &map, &data, looker) {
                        outcome = Err(why);
                    }
                }
                mut value => {
                    if let Some(key) = self.key.as_ref().filter(|_| has_streams) {
                        decrypt(&mut value, key, object, generation);
                    }
                    self.visit(&value, looker);
                    last = if let Value::Map(map) = value { Some(map) } else { None };
                }
            }
        }
        outcome
    }

    /// Looks at a value and at all within it; reading them has bounded their depth.
    fn visit(&mut self, value: &Value, looker: &mut Looker<'_>) {
        match value {
            Value::Map(map) => {
                self.look_at_map(map, looker);
                map.0.iter().for_each(|(_, value)| self.visit(value, looker));
            }
            Value::List(list) => list.iter().for_each(|value| self.visit(value, looker)),
            _ => {}
        }
    }

    fn look_at_map(&mut self, map: &Map, looker: &mut Looker<'_>) {
        let at = self.at;
        if let Some(url) = map.text("URI").filter(|_| !self.is_locked) {
            looker.link(at, &url, "", Place::Document);
        }
        let target = |key: &str| {
            let named = |map: &Map| map.text("UF").or_else(|| map.text("F"));
            map.text(key).or_else(|| named(map.map(key)?)).unwrap_or_default()
        };
        match map.name("S") {
            "JavaScript" => {
                let script = map.text("JS").filter(|_| !self.is_locked).unwrap_or_default();
                looker.sign(at, Trait::DocumentScript, &script);
            }
            "Launch" => {
                let windows = map.map("Win").and_then(|windows| windows.text("F"));
                looker.sign(at, Trait::StartsProgram, &windows.unwrap_or_else(|| target("F")));
            }
            "GoToR" | "GoToE" if !self.is_locked => looker.link(at, &target("F"), "", Place::Document),
            "SubmitForm" | "ImportData" if !self.is_locked => {
                let file_system = map.map("F").and_then(|file| file.text("F"));
                looker.link(at, &file_system.unwrap_or_else(|| target("F")), "", Place::Loaded);
            }
            _ => {}
        }
        if map.has("JS") && map.name("S").is_empty() {
            looker.sign(at, Trait::DocumentScript, "");
        }
        if let Some(files) = map.map("EF") {
            let name = map.text("UF").or_else(|| map.text("F")).unwrap_or_default();
            for stream in ["F", "UF"].into_iter().filter_map(|key| files.reference(key)) {
                if self.names.len() < EMBEDDED_MAX {
                    self.names.insert(stream, name.clone());
                }
            }
        }
    }

    fn stream(&mut self, object: u32, map: &Map, data: &[u8], looker: &mut Looker<'_>) -> Result<(), Reason> {
        if self.is_locked {
            return Ok(());
        }
        let kind = (map.name("Type"), map.name("Subtype"));
        match kind {
            ("ObjStm", _) => {
                let octets = decode(map, data, looker)?.0;
                self.objects(&octets, false, looker)
            }
            ("EmbeddedFile", _) if self.embedded.len() < EMBEDDED_MAX => {
                self.embedded.push((object, decode(map, data, looker)?.0));
                Ok(())
            }
            (_, "Image") if self.pictures < PICTURES_MAX => {
                self.pictures += 1;
                self.picture(map, data, looker)
            }
            ("" | "XObject", "" | "Form") if !map.has("Length1") && self.text.len() < TEXT_OCTETS_MAX => {
                let octets = decode(map, data, looker)?.0;
                self.take_text(&octets);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// A picture: JPEG as it is, others as rows of grey.
    fn picture(&self, map: &Map, data: &[u8], looker: &mut Looker<'_>) -> Result<(), Reason> {
        let (octets, left) = decode(map, data, looker)?;
        match left {
            Some("DCTDecode" | "DCT") => super::picture::read(&octets, self.at, looker),
            None => {
                if let Some((width, height, grey)) = streams::grey(map, octets) {
                    super::picture::codes(width, height, &grey, self.at, looker);
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Text that is shown by operators, where it is written in letters and not in numbers of glyphs.
    fn take_text(&mut self, octets: &[u8]) {
        let mut values = Values::new(octets);
        let mut shown = String::new();
        let mut line = String::new();
        while let Some(value) = values.next_value() {
            self.values_left = self.values_left.saturating_sub(1);
            if self.values_left == 0 || self.text.len() + line.len() > TEXT_OCTETS_MAX {
                break;
            }
            match value {
                Value::Text(text) => shown.push_str(&readable(&text)),
                Value::List(list) => {
                    for value in list {
                        match value {
                            Value::Text(text) => shown.push_str(&readable(&text)),
                            // Far enough apart for a space.
                            Value::Number(number) if number < -180.0 => shown.push(' '),
                            _ => {}
                        }
                    }
                }
                Value::Word(word) => match word.as_str() {
                    "Tj" | "TJ" | "'" | "\"" => line.push_str(&std::mem::take(&mut shown)),
                    "Td" | "TD" | "T*" | "Tm" | "ET" => {
                        shown.clear();
                        if !line.trim().is_empty() {
                            self.text.push_str(&line);
                            self.text.push(if word == "ET" { '\n' } else { ' ' });
                        }
                        line.clear();
                    }
                    _ => shown.clear(),
                },
                _ => {}
            }
        }
    }

    fn open_embedded(&mut self, looker: &mut Looker<'_>) {
        for (object, octets) in std::mem::take(&mut self.embedded) {
            let name = self.names.get(&object).cloned().unwrap_or_default();
            looker.sign(self.at, Trait::HiddenFile, &name);
            looker.look_inside(self.at, &name, "", &octets);
        }
    }
}

/// Decrypts all strings of a value.
fn decrypt(value: &mut Value, key: &lock::Key, object: u32, generation: u32) {
    match value {
        Value::Text(octets) => *octets = key.decrypted(octets, object, generation),
        Value::List(list) => list.iter_mut().for_each(|value| decrypt(value, key, object, generation)),
        Value::Map(map) => map.0.iter_mut().for_each(|(_, value)| decrypt(value, key, object, generation)),
        _ => {}
    }
}

/// A string of a page, if it is written in letters.
fn readable(octets: &[u8]) -> String {
    let is_letter = |octet: &&u8| octet.is_ascii_graphic() || **octet == b' ' || **octet >= 0xa0;
    let letters = octets.iter().filter(is_letter).count();
    if letters * 10 >= octets.len() * 9 {
        octets.iter().map(|octet| char::from(*octet)).collect()
    } else {
        String::new()
    }
}

/// The data of a stream; `values` goes on behind them.
fn stream_data<'a>(octets: &'a [u8], values: &mut Values<'_>, map: &Map) -> &'a [u8] {
    let mut start = values.at;
    if octets.get(start) == Some(&b'\r') {
        start += 1;
    }
    if octets.get(start) == Some(&b'\n') {
        start += 1;
    }
    let rest = octets.get(start..).unwrap_or_default();
    // The length may lie, or be written elsewhere.
    let by_length = map.number("Length").filter(|length| {
        let after = rest.get(*length..).unwrap_or_default();
        after.get(..16).unwrap_or(after).windows(9).any(|found| found == b"endstream")
    });
    let length = by_length.or_else(|| memmem::find(rest, b"endstream")).unwrap_or(rest.len());
    values.at = start + length;
    rest.get(..length).unwrap_or_default()
}

#[cfg(test)]
mod tests;
