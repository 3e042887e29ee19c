//! Writes databases in MaxMind's format: what packaging makes of lists of networks, and what tests look places up in.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};

/// Bits of an address.
const BITS: u32 = 128;

/// Largest number of different records' bytes and nodes that a record of 32 bits can name.
const NODES_MAX: usize = u32::MAX as usize / 4;

/// Mark before the metadata.
const METADATA_MARK: &[u8] = b"\xab\xcd\xefMaxMind.com";

/// A value of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Field {
    /// Text.
    Text(String),
    /// A number.
    Number(u32),
    /// Names and values.
    Map(Vec<(String, Field)>),
    /// A number with a fraction.
    Real(f64),
}

/// Networks that do not fit into one file.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The range ends before it begins.
    #[error("{first} to {last} is no range of addresses")]
    Backwards {
        /// First address.
        first: IpAddr,
        /// Last address.
        last: IpAddr,
    },
    /// Too many for the format.
    #[error("there are more networks than a database of this format holds")]
    TooMany,
}

/// A database being made. Later ranges replace what earlier ones said.
pub struct Writer {
    nodes: Vec<[Slot; 2]>,
    data: Vec<u8>,
    offsets: HashMap<Vec<u8>, usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Empty,
    Node(usize),
    Data(usize),
}

impl Default for Writer {
    fn default() -> Self {
        Self { nodes: vec![[Slot::Empty; 2]], data: Vec::new(), offsets: HashMap::new() }
    }
}

impl Writer {
    /// Says `record` of the addresses from `first` to `last`, both included.
    ///
    /// # Errors
    /// [`WriteError`] if that is no range, or the database grows too large.
    pub fn insert(&mut self, first: IpAddr, last: IpAddr, record: &Field) -> Result<(), WriteError> {
        let (low, high) = (bits(first), bits(last));
        if low > high || first.is_ipv4() != last.is_ipv4() {
            return Err(WriteError::Backwards { first, last });
        }
        let mut encoded = Vec::new();
        encode(&mut encoded, record);
        let offset = *self.offsets.entry(encoded).or_insert_with_key(|encoded| {
            let offset = self.data.len();
            self.data.extend_from_slice(encoded);
            offset
        });
        let mut next = low;
        loop {
            // The largest aligned network that begins here and does not reach beyond the end.
            let mut size = if next == 0 { BITS } else { next.trailing_zeros() };
            while size > 0 && (size == BITS || (1_u128 << size) - 1 > high - next) {
                size -= 1;
            }
            self.set(next, BITS - size, offset)?;
            match next.checked_add(1_u128 << size) {
                Some(after) if after <= high => next = after,
                _ => return Ok(()),
            }
        }
    }

    fn set(&mut self, network: u128, length: u32, offset: usize) -> Result<(), WriteError> {
        let mut node = 0;
        for depth in 0..length {
            let bit = usize::from(network >> (BITS - 1 - depth) & 1 == 1);
            if depth + 1 == length {
                self.nodes[node][bit] = Slot::Data(offset);
                return Ok(());
            }
            node = match self.nodes[node][bit] {
                Slot::Node(next) => next,
                inherited => {
                    if self.nodes.len() >= NODES_MAX {
                        return Err(WriteError::TooMany);
                    }
                    let next = self.nodes.len();
                    self.nodes.push([inherited; 2]);
                    self.nodes[node][bit] = Slot::Node(next);
                    next
                }
            };
        }
        Ok(())
    }

    /// The bytes of the database. `kind` names what it is of; `built` is in seconds since 1970.
    #[must_use]
    pub fn finish(self, kind: &str, built: u32) -> Vec<u8> {
        /// Zeroes between tree and data.
        const SEPARATOR_BYTES: usize = 16;
        let count = self.nodes.len();
        let mut out = Vec::with_capacity(count * 8 + self.data.len() + 256);
        for slot in self.nodes.iter().flatten() {
            let value = match slot {
                Slot::Empty => count,
                Slot::Node(node) => *node,
                Slot::Data(offset) => count + SEPARATOR_BYTES + offset,
            };
            out.extend_from_slice(&u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes());
        }
        out.extend_from_slice(&[0; SEPARATOR_BYTES]);
        out.extend_from_slice(&self.data);
        out.extend_from_slice(METADATA_MARK);
        let number = |value| Field::Number(value);
        let metadata = [
            ("binary_format_major_version", number(2)),
            ("binary_format_minor_version", number(0)),
            ("build_epoch", number(built)),
            ("database_type", Field::Text(kind.to_owned())),
            ("ip_version", number(6)),
            ("node_count", number(u32::try_from(count).unwrap_or(u32::MAX))),
            ("record_size", number(32)),
        ];
        // Nobody here reads languages and description; the format wants them.
        control(&mut out, 7, metadata.len() + 2);
        for (name, value) in metadata {
            text(&mut out, name);
            match (name, value) {
                ("build_epoch", Field::Number(value)) => unsigned(&mut out, 9, value),
                ("node_count", Field::Number(value)) => unsigned(&mut out, 6, value),
                (_, Field::Number(value)) => unsigned(&mut out, 5, value),
                (_, other) => encode(&mut out, &other),
            }
        }
        text(&mut out, "languages");
        control(&mut out, 11, 0);
        text(&mut out, "description");
        encode(&mut out, &Field::Map(vec![("en".to_owned(), Field::Text(kind.to_owned()))]));
        out
    }
}

/// IPv4 lies at the beginning of the tree, as readers expect it.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => Ipv6Addr::to_bits(address),
    }
}

fn encode(out: &mut Vec<u8>, field: &Field) {
    match field {
        Field::Text(value) => text(out, value),
        Field::Number(value) => unsigned(out, 6, *value),
        Field::Real(value) => {
            control(out, 3, 8);
            out.extend_from_slice(&value.to_be_bytes());
        }
        Field::Map(fields) => {
            control(out, 7, fields.len());
            for (name, value) in fields {
                text(out, name);
                encode(out, value);
            }
        }
    }
}

fn text(out: &mut Vec<u8>, value: &str) {
    control(out, 2, value.len());
    out.extend_from_slice(value.as_bytes());
}

fn unsigned(out: &mut Vec<u8>, kind: u8, value: u32) {
    let bytes = value.to_be_bytes();
    let zeroes = bytes.iter().take_while(|byte| **byte == 0).count();
    control(out, kind, bytes.len() - zeroes);
    out.extend(bytes.iter().skip(zeroes));
}

/// Kind and length of a value. Longer ones than 65,820 bytes do not occur: names of operators are short.
fn control(out: &mut Vec<u8>, kind: u8, length: usize) {
    let (short, more): (u8, Vec<u8>) = match length {
        0..29 => (length as u8, Vec::new()),
        29..285 => (29, vec![(length - 29) as u8]),
        _ => (30, u16::try_from(length - 285).unwrap_or(u16::MAX).to_be_bytes().to_vec()),
    };
    if kind <= 7 {
        out.push(kind << 5 | short);
    } else {
        out.push(short);
        out.push(kind - 7);
    }
    out.extend(more);
}
