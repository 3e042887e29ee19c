//! Strings that variables may stand in (RFC 5229 section 3), and characters by number (RFC 5228 section 2.4.2.4).

use std::collections::BTreeMap;

use crate::limits::{EXPANDED_BYTES_MAX, VARIABLE_BYTES_MAX, VARIABLES_MAX};

/// A string, cut where variables stand in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable(String),
    Match(usize),
}

impl Template {
    /// A string as it stands.
    pub(crate) fn plain(text: &str) -> Self {
        Self(vec![Piece::Text(text.to_owned())])
    }

    /// A string with the variables in it.
    pub(crate) fn read(text: &str) -> Self {
        let mut pieces = Vec::new();
        let (mut plain, mut rest) = (String::new(), text);
        while let Some(start) = rest.find("${") {
            let (before, from) = rest.split_at(start);
            plain.push_str(before);
            let inner = from.get(2..).unwrap_or_default();
            match inner.split_once('}').and_then(|(name, after)| Some((variable(name)?, after))) {
                Some((piece, after)) => {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                    pieces.push(piece);
                    rest = after;
                }
                // What is no variable stays as it is.
                None => {
                    plain.push_str("${");
                    rest = inner;
                }
            }
        }
        plain.push_str(rest);
        pieces.push(Piece::Text(plain));
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Self(pieces)
    }

    /// The string itself, if no variable stands in it.
    pub(crate) fn constant(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The string with the values of the variables.
    pub(crate) fn expand(&self, variables: &Variables) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            text.push_str(match piece {
                Piece::Text(text) => text,
                Piece::Variable(name) => variables.get(name),
                Piece::Match(number) => variables.matches.get(*number).map_or("", String::as_str),
            });
            if text.len() > EXPANDED_BYTES_MAX {
                text.truncate(text.floor_char_boundary(EXPANDED_BYTES_MAX));
                break;
            }
        }
        text
    }
}

/// Whether `name` can be a variable's.
pub(crate) fn is_variable_name(name: &str) -> bool {
    let is_right = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() <= 64 && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && name.chars().all(is_right)
}

fn variable(name: &str) -> Option<Piece> {
    if !name.is_empty() && name.len() <= 4 && name.bytes().all(|byte| byte.is_ascii_digit()) {
        return name.parse().ok().map(Piece::Match);
    }
    is_variable_name(name).then(|| Piece::Variable(name.to_ascii_lowercase()))
}

/// Variables of a run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variables {
    named: BTreeMap<String, String>,
    /// What the wildcards of the last match stood for; the first is all of it.
    pub(crate) matches: Vec<String>,
}

impl Variables {
    pub(crate) fn get(&self, name: &str) -> &str {
        self.named.get(name).map_or("", String::as_str)
    }

    /// Sets a variable. Beyond [`VARIABLES_MAX`] new ones are not kept: they are empty, as those that were never set.
    pub(crate) fn set(&mut self, name: &str, mut value: String) {
        value.truncate(value.floor_char_boundary(VARIABLE_BYTES_MAX));
        if self.named.len() < VARIABLES_MAX || self.named.contains_key(name) {
            self.named.insert(name.to_owned(), value);
        }
    }
}

/// The string with `${hex: ..}` and `${unicode: ..}` replaced; what is none stays (RFC 5228 section 2.4.2.4).
///
/// # Errors
/// A number that is no character, or octets that are no UTF-8.
pub(crate) fn decode_characters(text: &str) -> Result<String, String> {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(start) = rest.find("${") {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let inner = from.get(2..).unwrap_or_default();
        let decoded = inner.split_once('}').map(|(inner, after)| (decoded(inner), after));
        match decoded {
            Some((Some(found), after)) => {
                out.push_str(&found?);
                rest = after;
            }
            _ => {
                out.push_str("${");
                rest = inner;
            }
        }
    }
    out.push_str(rest);
    Ok(out)
}

/// None if it has not the form of characters by number.
fn decoded(inner: &str) -> Option<Result<String, String>> {
    let (kind, numbers) = inner.split_once(':')?;
    let numbers: Option<Vec<u32>> =
        numbers.split_ascii_whitespace().map(|it| u32::from_str_radix(it, 16).ok()).collect();
    let numbers = numbers.filter(|it| !it.is_empty())?;
    if kind.eq_ignore_ascii_case("hex") {
        let octets: Option<Vec<u8>> = numbers.iter().map(|it| u8::try_from(*it).ok()).collect();
        return Some(String::from_utf8(octets?).map_err(|_| "the octets of ${hex:} are no UTF-8".to_owned()));
    }
    if !kind.eq_ignore_ascii_case("unicode") {
        return None;
    }
    let text: Option<String> = numbers.iter().map(|it| char::from_u32(*it)).collect();
    Some(text.ok_or_else(|| "a number of ${unicode:} is no character".to_owned()))
}
