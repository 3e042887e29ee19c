//! The words of the grammar (RFC 9051 section 9): atoms, numbers, strings, literals, lists.

use std::borrow::Cow;

use super::{ParseError, expected, invalid};
use crate::imap::flag::Flags;
use crate::imap::limits::{FLAGS_MAX, LIST_ITEMS_MAX, SET_RANGES_MAX};
use crate::imap::mailbox_name::{MailboxName, decode_text};
use crate::imap::sequence::{SequenceNumber, SequenceSet};

type Parsed<T> = Result<T, ParseError>;

/// The longest word that is compared with known names, in bytes.
const WORD_BYTES_MAX: usize = 40;

/// A word in capitals.
#[derive(Clone, Copy)]
pub(super) struct Word {
    bytes: [u8; WORD_BYTES_MAX],
    len: usize,
}

impl Word {
    pub(super) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or("")
    }
}

/// A place in a command.
pub(super) struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
    literals: std::vec::IntoIter<Vec<u8>>,
    utf8: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a [u8], literals: Vec<Vec<u8>>, utf8: bool) -> Self {
        Self { text, at: 0, literals: literals.into_iter(), utf8 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Passes over all that is left.
    pub(super) fn skip_rest(&mut self) {
        self.at = self.text.len();
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// Takes `byte` if it is next.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    pub(super) fn need(&mut self, byte: u8, name: &'static str) -> Parsed<()> {
        if self.take(byte) { Ok(()) } else { Err(expected(name, self.at)) }
    }

    pub(super) fn space(&mut self) -> Parsed<()> {
        self.need(b' ', "a space")
    }

    pub(super) fn open(&mut self) -> Parsed<()> {
        self.need(b'(', "\"(\"")
    }

    pub(super) fn close(&mut self) -> Parsed<()> {
        self.need(b')', "\")\"")
    }

    pub(super) fn end(&self) -> Parsed<()> {
        if self.rest().is_empty() { Ok(()) } else { Err(expected("the end of the command", self.at)) }
    }

    pub(super) fn run(&mut self, is_member: impl Fn(u8) -> bool) -> &'a [u8] {
        let rest = self.rest();
        let len = rest.iter().position(|byte| !is_member(*byte)).unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    /// A known name: letters, digits and `.-=_+`, returned in capitals.
    pub(super) fn word(&mut self, name: &'static str) -> Parsed<Word> {
        let start = self.at;
        let run = self.run(|byte| byte.is_ascii_alphanumeric() || b".-=_+".contains(&byte));
        if run.is_empty() || run.len() > WORD_BYTES_MAX {
            self.at = start;
            return Err(expected(name, start));
        }
        let mut bytes = [0; WORD_BYTES_MAX];
        for (to, from) in bytes.iter_mut().zip(run) {
            *to = from.to_ascii_uppercase();
        }
        Ok(Word { bytes, len: run.len() })
    }

    /// Takes `word` with the space after it, if both are next.
    pub(super) fn take_word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let is_next = rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
            && rest.get(word.len()).is_none_or(|byte| !is_atom_char(*byte));
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    pub(super) fn atom(&mut self, name: &'static str) -> Parsed<&'a str> {
        let start = self.at;
        match std::str::from_utf8(self.run(is_atom_char)) {
            Ok(atom) if !atom.is_empty() => Ok(atom),
            _ => Err(expected(name, start)),
        }
    }

    pub(super) fn number64(&mut self) -> Parsed<u64> {
        let start = self.at;
        let digits = self.run(|byte| byte.is_ascii_digit());
        std::str::from_utf8(digits)
            .ok()
            .and_then(|digits| digits.parse::<u64>().ok())
            // number64 and mod-sequence-value stay under 2^63 (RFC 9051 section 9, RFC 7162 section 7).
            .filter(|number| i64::try_from(*number).is_ok())
            .ok_or_else(|| expected("a number", start))
    }

    pub(super) fn number(&mut self) -> Parsed<u32> {
        let start = self.at;
        u32::try_from(self.number64()?).map_err(|_| expected("a number under 4294967296", start))
    }

    pub(super) fn nz_number(&mut self) -> Parsed<u32> {
        let start = self.at;
        match self.number()? {
            0 => Err(expected("a number above 0", start)),
            number => Ok(number),
        }
    }

    /// An astring as bytes.
    pub(super) fn astring_bytes(&mut self, name: &'static str) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"' | b'{') => self.string_bytes(name),
            _ => {
                let start = self.at;
                let run = self.run(is_astring_char);
                if run.is_empty() { Err(expected(name, start)) } else { Ok(Cow::Borrowed(run)) }
            }
        }
    }

    /// An astring in UTF-8.
    pub(super) fn astring(&mut self, name: &'static str) -> Parsed<String> {
        let bytes = self.astring_bytes(name)?;
        utf8(bytes)
    }

    /// A quoted string or literal.
    pub(super) fn string_bytes(&mut self, name: &'static str) -> Parsed<Cow<'a, [u8]>> {
        match self.peek() {
            Some(b'"') => self.quoted(),
            Some(b'{') => {
                let literal = self.literal()?;
                if memchr::memchr(0, &literal).is_some() {
                    return Err(invalid("literal holds a NUL"));
                }
                Ok(Cow::Owned(literal))
            }
            _ => Err(expected(name, self.at)),
        }
    }

    /// A string in UTF-8, or NIL.
    pub(super) fn nstring(&mut self, name: &'static str) -> Parsed<Option<String>> {
        if self.take_word("NIL") {
            return Ok(None);
        }
        let bytes = self.string_bytes(name)?;
        utf8(bytes).map(Some)
    }

    fn quoted(&mut self) -> Parsed<Cow<'a, [u8]>> {
        let start = self.at;
        self.at += 1;
        let plain = self.run(is_quoted_char);
        let mut value = Cow::Borrowed(plain);
        while self.take(b'\\') {
            match self.peek() {
                Some(escaped @ (b'"' | b'\\')) => value.to_mut().push(escaped),
                _ => return Err(expected("\\\" or \\\\", self.at)),
            }
            self.at += 1;
            let more = self.run(is_quoted_char);
            value.to_mut().extend_from_slice(more);
        }
        self.need(b'"', "a closing quote")?;
        if std::str::from_utf8(&value).is_err() {
            return Err(expected("a quoted string in UTF-8", start));
        }
        Ok(value)
    }

    /// A literal: the `{n}` mark in the text and the bytes that the framer kept apart.
    pub(super) fn literal(&mut self) -> Parsed<Vec<u8>> {
        let start = self.at;
        self.need(b'{', "a literal")?;
        self.run(|byte| byte.is_ascii_digit());
        self.take(b'+');
        if !self.rest().starts_with(b"}\r\n") {
            return Err(expected("a literal", start));
        }
        self.at += 3;
        self.literals.next().ok_or_else(|| expected("a literal", start))
    }

    pub(super) fn mailbox(&mut self) -> Parsed<MailboxName> {
        let bytes = self.astring_bytes("a mailbox name")?;
        Ok(MailboxName::decode(&bytes, self.utf8)?)
    }

    /// A LIST reference or pattern; `%` and `*` may stand in it unquoted.
    pub(super) fn list_mailbox(&mut self) -> Parsed<String> {
        let bytes = match self.peek() {
            Some(b'"' | b'{') => self.string_bytes("a mailbox pattern")?,
            _ => {
                let start = self.at;
                let run = self.run(|byte| is_astring_char(byte) || matches!(byte, b'*' | b'%'));
                if run.is_empty() {
                    return Err(expected("a mailbox pattern", start));
                }
                Cow::Borrowed(run)
            }
        };
        Ok(decode_text(&bytes, self.utf8)?)
    }

    pub(super) fn sequence_set(&mut self) -> Parsed<SequenceSet> {
        if self.take(b'$') {
            return Ok(SequenceSet::Saved);
        }
        let mut ranges = Vec::new();
        loop {
            if ranges.len() >= SET_RANGES_MAX {
                return Err(ParseError::TooMany { what: "ranges", limit: SET_RANGES_MAX });
            }
            let from = self.sequence_number()?;
            let to = if self.take(b':') { self.sequence_number()? } else { from };
            ranges.push((from, to));
            if !self.take(b',') {
                return Ok(SequenceSet::Ranges(ranges));
            }
        }
    }

    fn sequence_number(&mut self) -> Parsed<SequenceNumber> {
        if self.take(b'*') {
            return Ok(SequenceNumber::Last);
        }
        if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            return Err(expected("a sequence set", self.at));
        }
        self.nz_number().map(SequenceNumber::Number)
    }

    /// Items in parentheses with one space between; `()` only where `may_be_empty`.
    pub(super) fn list(&mut self, may_be_empty: bool, mut item: impl FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.open()?;
        if may_be_empty && self.take(b')') {
            return Ok(());
        }
        for _ in 0..LIST_ITEMS_MAX {
            item(self)?;
            if self.take(b')') {
                return Ok(());
            }
            self.space()?;
        }
        Err(ParseError::TooMany { what: "list items", limit: LIST_ITEMS_MAX })
    }

    pub(super) fn flag_list(&mut self) -> Parsed<Flags> {
        let mut flags = Flags::default();
        self.list(true, |cursor| cursor.flag_into(&mut flags))?;
        Ok(flags)
    }

    /// Flags without parentheses, as STORE may have them.
    pub(super) fn bare_flags(&mut self) -> Parsed<Flags> {
        let mut flags = Flags::default();
        for _ in 0..FLAGS_MAX {
            self.flag_into(&mut flags)?;
            if !self.take(b' ') {
                return Ok(flags);
            }
        }
        Err(ParseError::TooMany { what: "flags", limit: FLAGS_MAX })
    }

    fn flag_into(&mut self, flags: &mut Flags) -> Parsed<()> {
        let start = self.at;
        self.take(b'\\');
        self.atom("a flag")?;
        let name = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        flags.add(name).map_err(invalid)
    }
}

fn utf8(bytes: Cow<'_, [u8]>) -> Parsed<String> {
    String::from_utf8(bytes.into_owned()).map_err(|_| invalid("string is not UTF-8"))
}

/// `ATOM-CHAR`
pub(in crate::imap) fn is_atom_char(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'(' | b')' | b'{' | b'%' | b'*' | b'"' | b'\\' | b']')
}

/// `ASTRING-CHAR`
fn is_astring_char(byte: u8) -> bool {
    is_atom_char(byte) || byte == b']'
}

fn is_quoted_char(byte: u8) -> bool {
    !matches!(byte, b'"' | b'\\' | b'\r' | b'\n' | 0)
}
