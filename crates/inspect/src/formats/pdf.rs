//! PDF (ISO 32000-1): where it leads, what it runs, what is in it. Objects are taken as they stand in the file, reachable or not, as
//! readers repair what is broken.

mod cmap;
mod fonts;
mod glyphs;
mod lines;
mod lock;
mod objects;
mod pages;
mod streams;
mod truetype;
mod values;

use std::borrow::Cow;
use std::collections::BTreeMap;

use memchr::memmem;

use crate::look::{At, Looker};
use crate::report::{Place, Reason, Trait};
use objects::Objects;
use streams::decode;
use values::{Map, Value, Values};

/// Values that are read in one file, within streams too.
const VALUES_MAX: usize = 4_000_000;

/// Pictures in which codes are looked for.
const PICTURES_MAX: usize = 24;

/// Octets of text that are taken.
const TEXT_OCTETS_MAX: usize = 64 * 1024;

/// Octets of text from which on a document is no picture of one.
const TEXT_OCTETS_ENOUGH: usize = 200;

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
    let mut outcome = reader.objects(octets, looker);
    reader.open_embedded(looker);
    if !reader.is_locked {
        let octets_max = TEXT_OCTETS_MAX.min(looker.text_left());
        let text = pages::text(&reader.objects, octets_max, &mut reader.values_left, looker);
        if text.trim().len() > TEXT_OCTETS_ENOUGH {
            looker.drop_pictures(at);
        }
        looker.text(at, text.trim(), false);
    }
    if outcome.is_ok() && reader.values_left == 0 {
        outcome = Err(Reason::TooMany);
    }
    outcome
}

struct Reader<'a> {
    at: At,
    values_left: usize,
    /// Nobody knows the password.
    is_locked: bool,
    key: Option<lock::Key>,
    pictures: usize,
    /// What pages and fonts refer to.
    objects: Objects<'a>,
    /// Names of embedded files, by the number of the stream that holds them.
    names: BTreeMap<u32, String>,
    /// Embedded files, with the number of their stream.
    embedded: Vec<(u32, Vec<u8>)>,
}

impl<'a> Reader<'a> {
    fn new(at: At) -> Self {
        Self {
            at,
            values_left: VALUES_MAX,
            is_locked: false,
            key: None,
            pictures: 0,
            objects: Objects::new(at),
            names: BTreeMap::new(),
            embedded: Vec::new(),
        }
    }

    /// All values of the file, one after the other.
    fn objects(&mut self, octets: &'a [u8], looker: &mut Looker<'_>) -> Result<(), Reason> {
        let mut values = Values::new(octets);
        let mut numbers = [0.0_f64; 2];
        let (mut object, mut generation) = (0, 0);
        let mut is_first = false;
        let mut last = None;
        let mut outcome = Ok(());
        while let Some(value) = values.next_value() {
            self.count_value(looker)?;
            match value {
                Value::Number(number) => numbers = [numbers[1], number],
                Value::Word(word) if word == "obj" => {
                    (object, generation) = (numbers[0] as u32, numbers[1] as u32);
                    is_first = true;
                    continue;
                }
                Value::Word(word) if word == "stream" => {
                    let Some(map) = last.take() else { continue };
                    let data = stream_data(octets, &mut values, &map);
                    let data = match &self.key {
                        Some(key) if map.name("Type") != "XRef" => Cow::Owned(key.decrypted(data, object, generation)),
                        _ => Cow::Borrowed(data),
                    };
                    if let Err(why) = self.stream(object, &map, data, looker) {
                        outcome = Err(why);
                    }
                }
                mut value => {
                    if let Some(key) = &self.key {
                        decrypt(&mut value, key, object, generation);
                    }
                    self.visit(&value, looker);
                    if is_first {
                        self.objects.keep(object, &value);
                    }
                    last = if let Value::Map(map) = value { Some(map) } else { None };
                }
            }
            is_first = false;
        }
        outcome
    }

    /// Objects in a stream: their numbers and places stand before them (ISO 32000-1 section 7.5.7).
    fn packed_objects(&mut self, map: &Map, octets: &[u8], looker: &mut Looker<'_>) -> Result<(), Reason> {
        let first = map.number("First").unwrap_or_default().min(octets.len());
        let mut values = Values::new(octets.get(..first).unwrap_or_default());
        let mut numbers = Vec::new();
        while let Some(Value::Number(number)) = values.next_value() {
            self.count_value(looker)?;
            numbers.push(number as usize);
        }
        let objects: BTreeMap<usize, u32> =
            numbers.chunks_exact(2).map(|pair| (first.saturating_add(pair[1]), pair[0] as u32)).collect();
        let mut values = Values::new(octets);
        loop {
            values.skip_space();
            let start = values.at;
            let Some(value) = values.next_value() else { return Ok(()) };
            self.count_value(looker)?;
            self.visit(&value, looker);
            if let Some(number) = objects.get(&start) {
                self.objects.keep(*number, &value);
            }
        }
    }

    fn count_value(&mut self, looker: &Looker<'_>) -> Result<(), Reason> {
        self.values_left = self.values_left.saturating_sub(1);
        if self.values_left == 0 {
            return Err(Reason::TooMany);
        }
        if self.values_left.is_multiple_of(4096) && looker.is_over() {
            return Err(Reason::TimedOut);
        }
        Ok(())
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

    fn stream(&mut self, object: u32, map: &Map, data: Cow<'a, [u8]>, looker: &mut Looker<'_>) -> Result<(), Reason> {
        if self.is_locked {
            return Ok(());
        }
        let kind = (map.name("Type"), map.name("Subtype"));
        match kind {
            ("ObjStm", _) => {
                let octets = decode(map, &data, looker)?.0;
                self.packed_objects(map, &octets, looker)
            }
            ("EmbeddedFile", _) if self.embedded.len() < EMBEDDED_MAX => {
                self.embedded.push((object, decode(map, &data, looker)?.0));
                Ok(())
            }
            (_, "Image") if self.pictures < PICTURES_MAX => {
                self.pictures += 1;
                self.picture(map, &data, looker)
            }
            ("XRef" | "Metadata", _) | (_, "Image") => Ok(()),
            _ => {
                self.objects.keep_stream(object, map, data);
                Ok(())
            }
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
