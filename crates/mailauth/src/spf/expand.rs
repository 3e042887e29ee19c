//! Macros (RFC 7208 section 7): reading them, and putting values in.

use std::fmt::Write;
use std::net::IpAddr;

use super::record::Malformed;

/// A text with macros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MacroText(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Macro(Macro),
}

/// One `%{...}` (section 7.1).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Macro {
    /// In lowercase.
    letter: char,
    /// Uppercase letters ask for URL escaping.
    is_escaped: bool,
    /// Parts kept, counted from the right.
    keep: Option<usize>,
    is_reversed: bool,
    delimiters: String,
}

/// Where a text stands, which decides what it may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Record,
    Explanation,
}

/// The values of the macros at one point of a check.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Values<'a> {
    /// Local part of the sender.
    pub(crate) local: &'a str,
    /// Domain of the sender.
    pub(crate) sender_domain: &'a str,
    /// Domain whose record is being evaluated.
    pub(crate) domain: &'a str,
    pub(crate) client: IpAddr,
    /// Validated host name of the client, "unknown" without one.
    pub(crate) validated: &'a str,
    pub(crate) helo: &'a str,
    pub(crate) receiver: &'a str,
    /// Seconds since 1970.
    pub(crate) now_seconds: i64,
}

impl MacroText {
    /// A `macro-string` of a record.
    pub(crate) fn parse(text: &str) -> Result<Self, Malformed> {
        pieces(text, Place::Record).map(Self)
    }

    /// A `domain-spec`: ends in a label that can be a top-level domain, or in a macro (section 12).
    pub(crate) fn parse_domain(text: &str) -> Result<Self, Malformed> {
        let pieces = pieces(text, Place::Record)?;
        let ends_well = match pieces.last() {
            Some(Piece::Macro(_)) => true,
            // `%%`, `%_` and `%-` are macros too, and end a domain by the letter of the grammar.
            Some(Piece::Literal(literal)) => {
                ends_in_top_label(literal) || ["%%", "%_", "%-"].iter().any(|escape| text.ends_with(escape))
            }
            None => false,
        };
        if ends_well { Ok(Self(pieces)) } else { Err(Malformed) }
    }

    /// The text that `exp=` leads to (section 6.2).
    pub(crate) fn parse_explanation(text: &str) -> Result<Self, Malformed> {
        pieces(text, Place::Explanation).map(Self)
    }

    /// Whether the client's validated name is wanted.
    pub(crate) fn wants_validated_name(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Macro(found) if found.letter == 'p'))
    }

    /// The text with its macros replaced.
    pub(crate) fn expand(&self, values: &Values<'_>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Macro(found) => found.write(values, &mut text),
            }
        }
        text
    }
}

fn pieces(text: &str, place: Place) -> Result<Vec<Piece>, Malformed> {
    let mut found = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((escape, after)) = escape_of(rest) {
            literal.push_str(escape);
            rest = after;
        } else if let Some(inner) = rest.strip_prefix("%{") {
            let (inner, after) = inner.split_once('}').ok_or(Malformed)?;
            if !literal.is_empty() {
                found.push(Piece::Literal(std::mem::take(&mut literal)));
            }
            found.push(Piece::Macro(Macro::parse(inner, place)?));
            rest = after;
        } else {
            let is_literal = match first {
                '%' => false,
                ' ' => place == Place::Explanation,
                _ => matches!(first, '\x21'..='\x7e'),
            };
            if !is_literal {
                return Err(Malformed);
            }
            literal.push(first);
            rest = rest.get(1..).unwrap_or_default();
        }
    }
    if !literal.is_empty() {
        found.push(Piece::Literal(literal));
    }
    Ok(found)
}

/// What `%%`, `%_` or `%-` at the beginning stands for, and what follows it (section 7.1).
fn escape_of(text: &str) -> Option<(&'static str, &str)> {
    [("%%", "%"), ("%_", " "), ("%-", "%20")]
        .into_iter()
        .find_map(|(escape, meaning)| Some((meaning, text.strip_prefix(escape)?)))
}

/// `"." toplabel ["."]` at the end of a literal: letters and digits with a letter among them, or with inner hyphens.
fn ends_in_top_label(literal: &str) -> bool {
    let literal = literal.strip_suffix('.').unwrap_or(literal);
    let Some((_, label)) = literal.rsplit_once('.') else { return false };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric();
    let bytes = label.as_bytes();
    bytes.first().is_some_and(|byte| is_plain(*byte))
        && bytes.last().is_some_and(|byte| is_plain(*byte))
        && bytes.iter().all(|byte| is_plain(*byte) || *byte == b'-')
        && bytes.iter().any(|byte| byte.is_ascii_alphabetic() || *byte == b'-')
}

impl Macro {
    /// Reads what stands between the braces.
    fn parse(inner: &str, place: Place) -> Result<Self, Malformed> {
        let mut chars = inner.chars();
        let letter = chars.next().ok_or(Malformed)?;
        let lower = letter.to_ascii_lowercase();
        let is_known = "slodiphv".contains(lower) || (place == Place::Explanation && "crt".contains(lower));
        if !is_known {
            return Err(Malformed);
        }
        let rest = chars.as_str();
        let after_digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = rest.strip_suffix(after_digits).unwrap_or_default();
        // Section 7.1: the number of parts is not zero. One beyond all counting keeps all.
        let keep = match digits {
            "" => None,
            _ if digits.bytes().all(|byte| byte == b'0') => return Err(Malformed),
            _ => Some(digits.parse().unwrap_or(usize::MAX)),
        };
        let delimiters = after_digits.strip_prefix(['r', 'R']);
        let is_reversed = delimiters.is_some();
        let delimiters = delimiters.unwrap_or(after_digits);
        if !delimiters.chars().all(|c| ".-+,/_=".contains(c)) {
            return Err(Malformed);
        }
        let delimiters = if delimiters.is_empty() { "." } else { delimiters }.to_owned();
        Ok(Self { letter: lower, is_escaped: letter.is_ascii_uppercase(), keep, is_reversed, delimiters })
    }

    fn write(&self, values: &Values<'_>, text: &mut String) {
        let value = self.value(values);
        let mut parts: Vec<&str> = value.split(|c| self.delimiters.contains(c)).collect();
        if self.is_reversed {
            parts.reverse();
        }
        let left_out = parts.len().saturating_sub(self.keep.unwrap_or(usize::MAX));
        let joined = parts.get(left_out..).unwrap_or_default().join(".");
        if self.is_escaped { escape(&joined, text) } else { text.push_str(&joined) }
    }

    /// Section 7.2.
    fn value(&self, values: &Values<'_>) -> String {
        match self.letter {
            's' => format!("{}@{}", values.local, values.sender_domain),
            'l' => values.local.to_owned(),
            'o' => values.sender_domain.to_owned(),
            'd' => values.domain.to_owned(),
            'i' => dotted(values.client),
            'p' => values.validated.to_owned(),
            'v' => if values.client.is_ipv4() { "in-addr" } else { "ip6" }.to_owned(),
            'h' => values.helo.to_owned(),
            'c' => values.client.to_string(),
            'r' => values.receiver.to_owned(),
            _ => values.now_seconds.to_string(),
        }
    }
}

/// The address with dots between its parts: octets, or for IPv6 the half octets (section 7.3), which explanations elsewhere show in capitals.
fn dotted(client: IpAddr) -> String {
    match client {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let digits = format!("{:032X}", address.to_bits());
            digits.chars().map(String::from).collect::<Vec<_>>().join(".")
        }
    }
}

/// Escapes what is not unreserved in a URI (section 7.3, RFC 3986 section 2.3).
fn escape(value: &str, text: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
}
