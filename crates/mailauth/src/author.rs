//! Whom a message says to be from: exactly one domain, or nobody can say.
//!
//! DMARC protects the domain in the From field (RFC 9989 section 4.2, RFC 7489 section 6.6.1), so the field must mean one thing to every
//! reader. What one reader takes for `a@x.example` and another for `b@y.example` authenticates nobody.

mod mailbox;

#[cfg(test)]
mod tests;

use mail::header::{Field, fields, split_header_body};

/// Octets of the From field that are read.
const FROM_OCTETS_MAX: usize = 16_384;

/// The author's domain, if there is exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorIdentity {
    /// The one domain, as A-labels in lowercase.
    Domain(String),
    /// Different readers may see different authors.
    Ambiguous(Ambiguity),
}

impl AuthorIdentity {
    /// The domain, if there is one.
    #[must_use]
    pub fn domain(&self) -> Option<&str> {
        match self {
            Self::Domain(domain) => Some(domain),
            Self::Ambiguous(_) => None,
        }
    }
}

/// Why no single author can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Ambiguity {
    /// No From field.
    #[error("there is no From field")]
    Missing,
    /// More than one From field.
    #[error("there is more than one From field")]
    SeveralFields,
    /// More than one address.
    #[error("the From field has more than one address")]
    SeveralAddresses,
    /// Group syntax (RFC 5322 section 3.4).
    #[error("the From field has a group")]
    Group,
    /// A source route (RFC 5321 section 4.1.1.3, obsolete).
    #[error("the From field has a source route")]
    Route,
    /// An address literal instead of a domain.
    #[error("the From field has an address literal")]
    Literal,
    /// A quoted local part that looks like another address.
    #[error("the From field has a quoted local part that can be misread")]
    QuotedLocalPart,
    /// An encoded word in the address, or one that hides angle brackets or controls.
    #[error("the From field has an encoded word that can be misread")]
    EncodedWord,
    /// A comment inside the address.
    #[error("the From field has a comment inside its address")]
    Comment,
    /// NUL, a lone carriage return or another control character.
    #[error("the header has a control character")]
    Control,
    /// A field whose name some readers take for From.
    #[error("a field name can be misread as From")]
    FieldName,
    /// Folding that some readers take for the end of the header or of the field.
    #[error("the From field is folded in a way that can be misread")]
    Folding,
    /// Octets that are no UTF-8.
    #[error("the From field cannot be decoded")]
    Undecodable,
    /// A domain that is none, or does not normalise (RFC 5890).
    #[error("the domain in the From field is not valid")]
    Domain,
    /// Anything else that is not one address (RFC 5322 section 3.4.1).
    #[error("the From field is malformed")]
    Malformed,
    /// The library reads another author than we do.
    #[error("two readings of the From field disagree")]
    Disagreement,
}

/// Finds the author of a message.
#[must_use]
pub fn author(message: &[u8]) -> AuthorIdentity {
    match one_domain(message) {
        Ok(domain) => AuthorIdentity::Domain(domain),
        Err(why) => AuthorIdentity::Ambiguous(why),
    }
}

fn one_domain(message: &[u8]) -> Result<String, Ambiguity> {
    let (header, _) = split_header_body(message);
    check_header(header)?;
    let mut found = fields(header).filter(|field| field.is("From"));
    let field = found.next().ok_or(Ambiguity::Missing)?;
    if found.next().is_some() {
        return Err(Ambiguity::SeveralFields);
    }
    check_folding(header, &field)?;
    let value = field.value();
    if value.len() > FROM_OCTETS_MAX {
        return Err(Ambiguity::Malformed);
    }
    let text = std::str::from_utf8(&value).map_err(|_| Ambiguity::Undecodable)?;
    mailbox::domain_of_one(text)
}

/// What makes the whole header unreliable.
fn check_header(header: &[u8]) -> Result<(), Ambiguity> {
    let lone_return = header.windows(2).any(|pair| pair.first() == Some(&b'\r') && pair.get(1) != Some(&b'\n'));
    if header.contains(&0) || lone_return || header.ends_with(b"\r") {
        return Err(Ambiguity::Control);
    }
    // A first line that continues nothing is a field to some readers and nothing to others.
    if header.starts_with(b" ") || header.starts_with(b"\t") {
        return Err(Ambiguity::Folding);
    }
    let mut lines = header.split(|byte| *byte == b'\n');
    let looks_like_from = |line: &[u8]| {
        let Some(colon) = line.iter().position(|byte| *byte == b':') else { return false };
        let name = line.get(..colon).unwrap_or_default();
        let letters: Vec<u8> = name.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
        letters.eq_ignore_ascii_case(b"from") && !name.eq_ignore_ascii_case(b"From")
    };
    if lines.any(looks_like_from) || has_folded_name(header) { Err(Ambiguity::FieldName) } else { Ok(()) }
}

/// A line that holds the name alone, with its colon on the next line.
fn has_folded_name(header: &[u8]) -> bool {
    let mut lines = header.split(|byte| *byte == b'\n').peekable();
    while let Some(line) = lines.next() {
        let follows = lines.peek().is_some_and(|next| next.trim_ascii_start().starts_with(b":"));
        if follows && line.trim_ascii().eq_ignore_ascii_case(b"From") {
            return true;
        }
    }
    false
}

/// A line of the field that holds white space alone ends the header for some readers.
fn check_folding(header: &[u8], field: &Field<'_>) -> Result<(), Ambiguity> {
    let raw = header.get(field.start..field.end).unwrap_or_default();
    let mut lines = raw.strip_suffix(b"\n").unwrap_or(raw).split(|byte| *byte == b'\n').skip(1);
    if lines.any(|line| line.trim_ascii().is_empty()) { Err(Ambiguity::Folding) } else { Ok(()) }
}
