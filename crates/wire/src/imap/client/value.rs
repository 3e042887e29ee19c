//! The values that responses are made of: atoms, strings, lists.

use super::frame::{Answer, Literal};

/// Levels of lists in lists.
const DEPTH_MAX: usize = 32;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Nil,
    /// A word without quotes, with what brackets it has: `BODY[]`, `\Seen`, `17`.
    Atom(Vec<u8>),
    /// A string, quoted or as a literal.
    Text(Vec<u8>),
    /// A literal that was too long to be kept.
    TooLong(u64),
    List(Vec<Self>),
}

impl Value {
    pub(super) fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Atom(bytes) | Self::Text(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(super) fn text(&self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    pub(super) fn number(&self) -> Option<u64> {
        std::str::from_utf8(self.bytes()?).ok()?.parse().ok()
    }

    pub(super) fn list(&self) -> &[Self] {
        if let Self::List(values) = self { values } else { &[] }
    }
}

/// Walks over a response. What cannot be a value is passed over, so that one odd item does not cost the rest.
pub(super) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
    literals: std::vec::IntoIter<Literal>,
}

impl<'a> Walk<'a> {
    /// Behind the first `from` octets. The literals are taken out of the response.
    pub(super) fn new(answer: &'a mut Answer, from: usize) -> Self {
        let literals = std::mem::take(&mut answer.literals).into_iter();
        Self { text: &answer.text, at: from, literals }
    }

    /// All values to the end.
    pub(super) fn all(&mut self) -> Vec<Value> {
        let mut values = Vec::new();
        while self.at < self.text.len() {
            match self.value(0) {
                Some(value) => values.push(value),
                None => self.at += 1,
            }
        }
        values
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        while self.text.get(self.at) == Some(&b' ') {
            self.at += 1;
        }
        match self.text.get(self.at)? {
            b'(' if depth < DEPTH_MAX => Some(self.list(depth)),
            b'"' => Some(self.quoted()),
            b'{' => self.literal(self.at),
            b'~' if self.text.get(self.at + 1) == Some(&b'{') => self.literal(self.at + 1),
            b'(' | b')' => None,
            _ => Some(self.atom()),
        }
    }

    fn list(&mut self, depth: usize) -> Value {
        self.at += 1;
        let mut values = Vec::new();
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b')' => {
                    self.at += 1;
                    break;
                }
                _ => match self.value(depth + 1) {
                    Some(value) => values.push(value),
                    None if self.text.get(self.at) == Some(&b')') => {}
                    None => self.at += 1,
                },
            }
        }
        Value::List(values)
    }

    fn atom(&mut self) -> Value {
        let start = self.at;
        let mut brackets = 0_usize;
        while let Some(byte) = self.text.get(self.at) {
            match byte {
                b'[' => brackets += 1,
                b']' => brackets = brackets.saturating_sub(1),
                b' ' | b'(' | b')' | b'\r' | b'\n' if brackets == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        // A line end alone is no word, and must not hold the walk up.
        self.at = self.at.max(start + 1).min(self.text.len());
        let word = &self.text[start..self.at];
        if word.eq_ignore_ascii_case(b"NIL") { Value::Nil } else { Value::Atom(word.to_vec()) }
    }

    /// A backslash escapes quotes and backslashes alone. Names in GBK, which some servers send as they are, have octets that look like
    /// one: if the string has no end so, no backslash counts.
    fn quoted(&mut self) -> Value {
        let rest = &self.text[self.at + 1..];
        let mut out = Vec::new();
        let mut bytes = rest.iter().enumerate();
        while let Some((place, byte)) = bytes.next() {
            match byte {
                b'"' => {
                    self.at += place + 2;
                    return Value::Text(out);
                }
                b'\\' if matches!(rest.get(place + 1), Some(b'"' | b'\\')) => {
                    out.extend(bytes.next().map(|(_, escaped)| *escaped));
                }
                byte => out.push(*byte),
            }
        }
        let end = memchr::memrchr(b'"', rest).unwrap_or(rest.len());
        self.at = (self.at + end + 2).min(self.text.len());
        Value::Text(rest[..end].to_vec())
    }

    fn literal(&mut self, at: usize) -> Option<Value> {
        let end = memchr::memchr(b'\n', &self.text[at..])?;
        self.at = at + end + 1;
        Some(match self.literals.next()? {
            Literal::Whole(bytes) => Value::Text(bytes),
            Literal::TooLong(bytes) => Value::TooLong(bytes),
        })
    }
}
