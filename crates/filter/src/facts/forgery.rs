//! Where a header contradicts itself: programs for mail have habits, and who only claims to be one seldom has all of them.
//!
//! A program writes the time into identifiers and boundaries, so three clocks of one message must agree. It writes certain fields
//! beside its name, and identifiers of its own form. Nothing here tells good programs from bad ones: only what does not fit together.

mod clocks;
mod hops;
mod programs;

use mail::header;

/// Fields of a header that are compared.
const FIELDS_MAX: usize = 96;

/// Characters of a value that are compared.
const VALUE_CHARS_MAX: usize = 600;

/// Characters of what is shown of a contradiction.
const SHOWN_CHARS_MAX: usize = 100;

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Forgery {
    /// The date names a zone that is nowhere, or none.
    Zone,
    /// The date lies hours behind the moment of receipt.
    Ahead,
    /// The date lies minutes behind the moment of receipt.
    BitAhead,
    /// The program names a version that was never released.
    Version,
    /// The program makes identifiers of another form.
    Identifier,
    /// An identifier of a program that nothing else speaks of.
    Borrowed,
    /// The program makes boundaries of another form.
    Boundary,
    /// A field that the program always writes is missing, or says something else.
    Companion,
    /// The program never sends a page without its text.
    Page,
    /// The time in the identifier is not that of the date.
    IdentifierClock,
    /// The time in the boundary is not that of the date.
    BoundaryClock,
    /// The time in `Thread-Index` is not that of the date, or there is none.
    ThreadClock,
    /// Was handed over by a line that is given to whoever dials in.
    DialUp,
    /// Who handed it over greeted with a bare number, which RFC 5321 section 4.1.3 does not allow.
    Greeting,
}

/// A contradiction in a header, with what shows it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Contradiction {
    /// What does not fit.
    pub kind: Forgery,
    /// The words of the header that show it, cut.
    pub shown: String,
}

/// The contradictions in a header.
pub(super) fn read(header_octets: &[u8]) -> Vec<Contradiction> {
    let header = Header::read(header_octets);
    let mut found = Vec::new();
    let mut tell = |kind: Forgery, shown: &str| {
        found.push(Contradiction { kind, shown: shown.chars().take(SHOWN_CHARS_MAX).collect() });
    };
    clocks::compare(&header, &mut tell);
    programs::compare(&header, &mut tell);
    hops::compare(&header, &mut tell);
    found
}

/// Receives what does not fit and what shows it.
type Tell<'a> = dyn FnMut(Forgery, &str) + 'a;

/// The fields of a header, unfolded.
struct Header {
    fields: Vec<(String, String)>,
}

impl Header {
    fn read(octets: &[u8]) -> Self {
        let text = |octets: &[u8]| String::from_utf8_lossy(octets).chars().take(VALUE_CHARS_MAX).collect::<String>();
        let fields = header::fields(octets).take(FIELDS_MAX);
        Self { fields: fields.map(|field| (text(field.name).to_lowercase(), text(&field.value()))).collect() }
    }

    /// All values of a field, given in lowercase, from the top.
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.trim())
    }

    /// The first value of a field; empty if there is none.
    fn first<'a>(&'a self, name: &'a str) -> &'a str {
        self.all(name).next().unwrap_or_default()
    }

    fn has(&self, name: &str) -> bool {
        self.all(name).next().is_some()
    }

    /// The identifier without its brackets.
    fn identifier(&self) -> &str {
        self.first("message-id").trim_matches(['<', '>', ' '])
    }

    /// The boundary between the outermost parts.
    fn boundary(&self) -> Option<&str> {
        let kind = self.first("content-type");
        let at = kind.to_ascii_lowercase().find("boundary=")?;
        let rest = kind.get(at + "boundary=".len()..)?;
        let quoted = rest.strip_prefix('"').and_then(|rest| rest.split('"').next());
        quoted.or_else(|| rest.split([';', ' ']).next()).filter(|boundary| !boundary.is_empty())
    }

    /// Whether it answers or is a part of a conversation.
    fn answers(&self) -> bool {
        self.has("in-reply-to") || self.has("references")
    }
}

/// Whether `text` is hexadecimal digits alone, as many as `count`.
fn is_hex(text: &str, count: usize) -> bool {
    text.len() == count && text.bytes().all(|octet| octet.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests;
