//! The form of a copy: values of a row one after the other, each with its kind; blobs one after the other, each with number and length.

use std::io::{self, Read};

use crate::{Row, StoreError, Value};

const NULL: u8 = 0;
const INT: u8 = 1;
const TEXT: u8 = 2;
const BYTES: u8 = 3;

/// Longest value and longest blob that is believed, in bytes.
const VALUE_BYTES_MAX: u64 = 4 << 30;

/// Number and length before the bytes of a blob.
const BLOB_HEADER_BYTES: u64 = 16;

/// What a blob of `length` takes.
pub(super) fn blob_bytes(length: u64) -> u64 {
    BLOB_HEADER_BYTES + length
}

pub(super) fn write_row(row: &Row<'_>, columns: usize, out: &mut Vec<u8>) -> Result<(), StoreError> {
    for index in 0..columns {
        match row.value(index)? {
            Value::Null => out.push(NULL),
            Value::Int(number) => {
                out.push(INT);
                out.extend_from_slice(&number.to_le_bytes());
            }
            Value::Text(text) => write_long(TEXT, text.as_bytes(), out),
            Value::Bytes(bytes) => write_long(BYTES, bytes, out),
        }
    }
    Ok(())
}

fn write_long(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

pub(super) fn write_blob(id: i64, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&id.to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
    out.extend_from_slice(bytes);
}

/// A value of a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kept {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Kept {
    pub(super) fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Int(number) => Value::Int(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

/// Reads the rows of a table.
pub struct TableReader<R> {
    from: R,
    columns: usize,
}

impl<R: Read> TableReader<R> {
    /// Rows of `columns` values each.
    pub fn new(from: R, columns: usize) -> Self {
        Self { from, columns }
    }

    /// The next row; none at the end.
    pub(super) fn row(&mut self) -> io::Result<Option<Vec<Kept>>> {
        let mut row = Vec::with_capacity(self.columns);
        while row.len() < self.columns {
            let Some(kind) = byte(&mut self.from)? else {
                return if row.is_empty() { Ok(None) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
            };
            row.push(match kind {
                NULL => Kept::Null,
                INT => Kept::Int(i64::from_le_bytes(word(&mut self.from)?)),
                TEXT => Kept::Text(
                    String::from_utf8(long(&mut self.from)?).map_err(|_| io::Error::other("a text is not UTF-8"))?,
                ),
                BYTES => Kept::Bytes(long(&mut self.from)?),
                _ => return Err(io::Error::other("a value of no known kind")),
            });
        }
        Ok(Some(row))
    }
}

/// Reads the blobs of a bundle.
pub struct BundleReader<R>(R);

impl<R: Read> BundleReader<R> {
    /// Reads from `from`.
    pub fn new(from: R) -> Self {
        Self(from)
    }

    /// The next blob with its number; none at the end.
    ///
    /// # Errors
    /// What reading gives, or if the bundle ends amid a blob.
    pub fn blob(&mut self) -> io::Result<Option<(i64, Vec<u8>)>> {
        let Some(first) = byte(&mut self.0)? else { return Ok(None) };
        let mut id = [0; 8];
        let [head, rest @ ..] = &mut id;
        *head = first;
        self.0.read_exact(rest)?;
        Ok(Some((i64::from_le_bytes(id), long(&mut self.0)?)))
    }
}

fn byte(from: &mut impl Read) -> io::Result<Option<u8>> {
    let mut byte = [0];
    loop {
        match from.read(&mut byte) {
            Ok(0) => return Ok(None),
            Ok(_) => return Ok(Some(u8::from_le_bytes(byte))),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn word(from: &mut impl Read) -> io::Result<[u8; 8]> {
    let mut word = [0; 8];
    from.read_exact(&mut word)?;
    Ok(word)
}

fn long(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let length = u64::from_le_bytes(word(from)?);
    if length > VALUE_BYTES_MAX {
        return Err(io::Error::other("a value is too long"));
    }
    let mut bytes = Vec::new();
    let read = from.take(length).read_to_end(&mut bytes)?;
    if read as u64 == length { Ok(bytes) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}
