//! Authentication-Results fields that say they are ours (RFC 8601 section 5): a stranger wrote them, so they must not be seen.

use std::ops::Range;

use mail::header::{Field, fields, split_header_body};

/// Comments in comments.
const COMMENT_DEPTH_MAX: usize = 16;

/// Where in the message fields stand that claim one of our names (`ours`: host name, further names of this organisation).
///
/// The name counts whatever its case, version, comments, quotation, folding or final dots. A field that cannot be read counts as a
/// claim if one of our names is in it anywhere.
#[must_use]
pub fn claims(message: &[u8], ours: &[&str]) -> Vec<Range<usize>> {
    let (header, _) = split_header_body(message);
    let ours: Vec<String> = ours.iter().map(|name| normal(name)).collect();
    fields(header)
        .filter(|field| is_results(field) && claims_one(field.raw_value, &ours))
        .map(|field| field.start..field.end)
        .collect()
}

/// The field by its name; some readers pass over signs in it, so we do.
fn is_results(field: &Field<'_>) -> bool {
    let letters: Vec<u8> = field.name.iter().copied().filter(|byte| byte.is_ascii_alphanumeric()).collect();
    letters.eq_ignore_ascii_case(b"AuthenticationResults")
}

fn claims_one(value: &[u8], ours: &[String]) -> bool {
    let text = String::from_utf8_lossy(value);
    match identifier(&text) {
        Some(identifier) => ours.contains(&normal(&identifier)),
        None => {
            let text = normal(&text);
            ours.iter().any(|name| text.contains(name.as_str()))
        }
    }
}

fn normal(name: &str) -> String {
    let name = name.trim().trim_end_matches('.');
    mail::domain::canonical(name).unwrap_or_else(|_| name.to_lowercase())
}

/// The `authserv-id`: the first word or quoted string behind white space and comments. `None` if what stands there is neither,
/// or something else follows than `;`, a version, white space or a comment.
fn identifier(text: &str) -> Option<String> {
    let rest = after_space(text)?;
    let (found, rest) = if let Some(inner) = rest.strip_prefix('"') {
        unquoted(inner)?
    } else {
        let end = rest.find(|c: char| c.is_whitespace() || c.is_control() || "();\"<>@,:\\/[]?=".contains(c));
        let (word, rest) = rest.split_at(end.unwrap_or(rest.len()));
        (word.to_owned(), rest)
    };
    let rest = after_space(rest)?;
    let rest = after_space(rest.trim_start_matches(|c: char| c.is_ascii_digit()))?;
    (!found.is_empty() && (rest.is_empty() || rest.starts_with(';'))).then_some(found)
}

fn unquoted(inner: &str) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => found.push(chars.next()?.1),
            '"' => return Some((found, inner.get(at + 1..)?)),
            _ => found.push(c),
        }
    }
    None
}

/// What follows white space and comments; `None` if a comment does not end.
fn after_space(text: &str) -> Option<&str> {
    let mut rest = text.trim_start();
    while rest.starts_with('(') {
        let mut depth = 0usize;
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next()? {
                (_, '\\') => drop(chars.next()?),
                (_, '(') if depth >= COMMENT_DEPTH_MAX => return None,
                (_, '(') => depth += 1,
                (at, ')') if depth == 1 => break at + 1,
                (_, ')') => depth -= 1,
                _ => {}
            }
        };
        rest = rest.get(end..)?.trim_start();
    }
    Some(rest)
}
