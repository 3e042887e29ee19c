//! Objects of a PDF file by their numbers (ISO 32000-1 section 7.3.10), for what must be followed: pages to their fonts.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::streams::decode;
use super::values::{Map, Value};
use crate::look::{At, Looker};

/// Values within all objects that are kept.
const MEMBERS_MAX: usize = 600_000;

/// Streams that are kept.
const STREAMS_MAX: usize = 20_000;

/// References in a row that are followed.
const REFERENCES_MAX: usize = 8;

/// A stream as it stands in the file, decrypted.
#[derive(Debug)]
struct Stream<'a> {
    map: Map,
    data: Cow<'a, [u8]>,
}

/// Objects of a file; of two with one number the later is that of an update.
#[derive(Debug)]
pub(super) struct Objects<'a> {
    /// The file.
    at: At,
    values: BTreeMap<u32, Value>,
    streams: BTreeMap<u32, Stream<'a>>,
    members: usize,
}

impl<'a> Objects<'a> {
    pub(super) const fn new(at: At) -> Self {
        Self { at, values: BTreeMap::new(), streams: BTreeMap::new(), members: 0 }
    }

    /// Keeps an object, if there is room.
    pub(super) fn keep(&mut self, number: u32, value: &Value) {
        let members = count(value);
        if self.members + members <= MEMBERS_MAX {
            self.members += members;
            self.values.insert(number, value.clone());
        }
    }

    /// Keeps a stream, if there is room.
    pub(super) fn keep_stream(&mut self, number: u32, map: &Map, data: Cow<'a, [u8]>) {
        let members = map.0.iter().map(|(_, value)| count(value)).sum::<usize>();
        if self.streams.len() < STREAMS_MAX && self.members + members <= MEMBERS_MAX {
            self.members += members;
            // Its dictionary was taken for an object of its own.
            self.values.remove(&number);
            self.streams.insert(number, Stream { map: map.clone(), data });
        }
    }

    /// What a value is once references are followed; the dictionary of a stream counts as one.
    pub(super) fn map<'o>(&'o self, value: Option<&'o Value>) -> Option<&'o Map> {
        let mut value = value?;
        for _ in 0..REFERENCES_MAX {
            match value {
                Value::Map(map) => return Some(map),
                Value::Reference(number) => match self.streams.get(number) {
                    Some(stream) => return Some(&stream.map),
                    None => value = self.values.get(number)?,
                },
                _ => return None,
            }
        }
        None
    }

    /// What a value is once references are followed.
    pub(super) fn value<'o>(&'o self, value: Option<&'o Value>) -> Option<&'o Value> {
        let mut value = value?;
        for _ in 0..REFERENCES_MAX {
            let Value::Reference(number) = value else { return Some(value) };
            value = self.values.get(number)?;
        }
        None
    }

    /// A list, or one value as a list of it.
    pub(super) fn list<'o>(&'o self, value: Option<&'o Value>) -> &'o [Value] {
        match self.value(value) {
            Some(Value::List(list)) => list,
            // A reference to a stream stays what it is.
            None | Some(Value::Reference(_)) => value.map(std::slice::from_ref).unwrap_or_default(),
            Some(other) => std::slice::from_ref(other),
        }
    }

    /// Numbers of a list.
    pub(super) fn numbers(&self, value: Option<&Value>) -> Vec<f64> {
        let number = |value: &Value| match self.value(Some(value)) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        };
        self.list(value).iter().filter_map(number).collect()
    }

    /// A member of a dictionary that is a number.
    pub(super) fn number(&self, map: &Map, key: &str) -> Option<f64> {
        match self.value(map.get(key)) {
            Some(Value::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// A member of a dictionary that is a name; empty for what is none.
    pub(super) fn name<'o>(&'o self, map: &'o Map, key: &str) -> &'o str {
        match self.value(map.get(key)) {
            Some(Value::Name(name)) => name,
            _ => "",
        }
    }

    /// The number of the stream that a value refers to, over other references.
    pub(super) fn stream_number(&self, value: Option<&Value>) -> Option<u32> {
        let mut value = value?;
        for _ in 0..REFERENCES_MAX {
            let Value::Reference(number) = value else { return None };
            if self.streams.contains_key(number) {
                return Some(*number);
            }
            value = self.values.get(number)?;
        }
        None
    }

    /// The octets of a stream, and its dictionary; none where a filter stays that is not for text. What cannot be unpacked is told.
    pub(super) fn stream(&self, number: u32, looker: &mut Looker<'_>) -> Option<(&Map, Vec<u8>)> {
        let stream = self.streams.get(&number)?;
        let mut map = stream.map.clone();
        // Filters may be named in an object of their own.
        if let Some(filter @ (Value::Name(_) | Value::List(_))) = self.value(stream.map.get("Filter")) {
            map.0.retain(|(key, _)| key != "Filter");
            map.0.push(("Filter".to_owned(), filter.clone()));
        }
        match decode(&map, &stream.data, looker) {
            Ok((octets, None)) => Some((&stream.map, octets)),
            Ok(_) => None,
            Err(why) => {
                looker.unlooked(self.at, why);
                None
            }
        }
    }

    /// All dictionaries that are objects, with their numbers.
    pub(super) fn maps(&self) -> impl Iterator<Item = (u32, &Map)> {
        let map = |(number, value): (&u32, &'_ Value)| matches!(value, Value::Map(_)).then_some(*number);
        self.values.iter().filter_map(map).filter_map(|number| Some((number, self.map(self.values.get(&number))?)))
    }

    /// Numbers and dictionaries of all streams.
    pub(super) fn streams(&self) -> impl Iterator<Item = (u32, &Map)> {
        self.streams.iter().map(|(number, stream)| (*number, &stream.map))
    }
}

/// Values in a value, itself too; reading them has bounded their depth.
fn count(value: &Value) -> usize {
    match value {
        Value::Map(map) => 1 + map.0.iter().map(|(_, value)| count(value)).sum::<usize>(),
        Value::List(list) => 1 + list.iter().map(count).sum::<usize>(),
        _ => 1,
    }
}
