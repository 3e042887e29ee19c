//! Values of header fields, and contents of parts, in the octets that travel.

use env::Timestamp;
use mail::message::words;
use serde_json::Value;
use wire::jmap::parse_date;

/// Longest line that goes as it is (RFC 5322 section 2.1.1).
const LINE_OCTETS_MAX: usize = 998;

/// Octets of a line after which a value is folded where it can be.
const FOLD_OCTETS: usize = 70;

/// What people wrote must not begin a field of its own.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Unstructured text (RFC 5322 section 3.2.5), folded between words, in encoded words where it must be.
pub(crate) fn text_lines(text: &str) -> String {
    let encoded = words::encode(&one_line(text)).into_owned();
    if encoded.contains("\r\n") || encoded.len() <= FOLD_OCTETS {
        return encoded;
    }
    let mut out = String::with_capacity(encoded.len() + 16);
    let mut length = 0;
    for word in encoded.split_inclusive(' ') {
        if length > 0 && length + word.len() > FOLD_OCTETS && out.ends_with(' ') && !out.trim_end().is_empty() {
            out.pop();
            out.push_str("\r\n ");
            length = 1;
        }
        out.push_str(word);
        length += word.len();
    }
    out.trim_end().to_owned()
}

/// A list of addresses (RFC 5322 section 3.4).
pub(crate) fn addresses(value: &Value) -> Option<String> {
    let shown: Option<Vec<String>> = value.as_array()?.iter().map(address).collect();
    Some(shown?.join(",\r\n "))
}

/// Addresses by group.
pub(super) fn grouped(value: &Value) -> Option<String> {
    let mut shown = Vec::new();
    for group in value.as_array()? {
        let members: Option<Vec<String>> = group.get("addresses")?.as_array()?.iter().map(address).collect();
        let members = members?;
        match group.get("name") {
            None | Some(Value::Null) => shown.extend(members),
            Some(name) => shown.push(format!("{}: {};", phrase(name.as_str()?), members.join(",\r\n "))),
        }
    }
    Some(shown.join(",\r\n "))
}

fn address(value: &Value) -> Option<String> {
    let email = value.get("email")?.as_str()?;
    let is_plain = !email.is_empty()
        && email.len() < 500
        && !email.chars().any(|c| c.is_control() || c.is_whitespace() || "<>".contains(c));
    if !is_plain {
        return None;
    }
    match value.get("name") {
        None | Some(Value::Null) => Some(format!("<{email}>")),
        Some(name) => match name.as_str()?.trim() {
            "" => Some(format!("<{email}>")),
            name => Some(format!("{} <{email}>", phrase(name))),
        },
    }
}

/// A shown name: quoted where it is ASCII, else as encoded words (RFC 2047 section 5).
fn phrase(name: &str) -> String {
    let name = one_line(name);
    if name.is_ascii() && name.len() < 200 && !name.contains("=?") {
        return format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let encoded = words::encode(&name).into_owned();
    // Long ASCII comes back as it is, which a phrase cannot be.
    if encoded.starts_with("=?") { encoded } else { format!("\"{}\"", encoded.replace(['"', '\\'], "'")) }
}

/// A `Date` of RFC 8620 section 1.4 as RFC 5322 section 3.3 writes it, its zone kept.
pub(super) fn rfc5322_date(text: &str) -> Option<String> {
    let moment = parse_date(text)?;
    let zone = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let (sign, hours, minutes) = match (zone.get(..1)?, zone.get(1..3), zone.get(4..6)) {
        (sign @ ("+" | "-"), Some(hours), Some(minutes)) => (sign, hours, minutes),
        _ => ("+", "00", "00"),
    };
    let span = hours.parse::<i64>().ok()? * 3600 + minutes.parse::<i64>().ok()? * 60;
    let local = Timestamp::from_seconds(moment.seconds() + if sign == "-" { -span } else { span });
    let shown = mail::date::format_rfc5322(local);
    Some(format!("{}{sign}{hours}{minutes}", shown.strip_suffix("+0000")?))
}

/// A value of a parameter: quoted, or by RFC 2231.
pub(super) fn parameter(name: &str, value: &str) -> String {
    let value = one_line(value);
    if value.is_ascii() && value.len() < 400 {
        return format!("; {name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
    }
    let mut out = format!(";\r\n {name}*=utf-8''");
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    // Longer ones are cut into pieces (RFC 2231 section 3).
    if out.len() <= LINE_OCTETS_MAX { out } else { pieces(name, &value) }
}

fn pieces(name: &str, value: &str) -> String {
    let mut out = String::new();
    let mut number = 0;
    let mut piece = String::new();
    let mut flush = |piece: &mut String, out: &mut String| {
        let charset = if number == 0 { "utf-8''" } else { "" };
        out.push_str(&format!(";\r\n {name}*{number}*={charset}{piece}"));
        piece.clear();
        number += 1;
    };
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() {
            piece.push(char::from(byte));
        } else {
            piece.push_str(&format!("%{byte:02X}"));
        }
        if piece.len() > 60 {
            flush(&mut piece, &mut out);
        }
    }
    if !piece.is_empty() {
        flush(&mut piece, &mut out);
    }
    out
}

/// Text as it travels: its transfer encoding and its octets.
pub(crate) fn text_content(text: &str) -> (&'static str, Vec<u8>) {
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    let is_plain = unified.is_ascii()
        && !unified.contains('\0')
        && unified
            .split('\n')
            .all(|line| line.len() <= LINE_OCTETS_MAX && !line.starts_with("From ") && !line.starts_with("--"));
    if is_plain {
        return ("7bit", unified.replace('\n', "\r\n").into_bytes());
    }
    let foreign = unified.bytes().filter(|byte| !byte.is_ascii()).count();
    let lines = unified.replace('\n', "\r\n");
    if foreign * 4 > unified.len() {
        ("base64", base64_lines(lines.as_bytes()))
    } else {
        ("quoted-printable", quoted(&lines))
    }
}

/// RFC 2045 section 6.8.
pub(super) fn base64_lines(octets: &[u8]) -> Vec<u8> {
    use base64::Engine as _;
    let mut out = Vec::with_capacity(octets.len() * 3 / 2);
    // 57 octets are a line of 76.
    for line in octets.chunks(57) {
        out.extend_from_slice(base64::engine::general_purpose::STANDARD.encode(line).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// RFC 2045 section 6.7.
fn quoted(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 5 / 4);
    for (at, line) in text.split("\r\n").enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\r\n");
        }
        let mut length = 0;
        let bytes = line.as_bytes();
        for (column, byte) in bytes.iter().enumerate() {
            let is_last = column + 1 == bytes.len();
            let is_plain = match byte {
                b'=' => false,
                b' ' | b'\t' => !is_last,
                // A line of a dot, and one that begins like a boundary or an mbox line, are safe this way everywhere.
                b'.' | b'F' | b'-' => column > 0,
                byte => byte.is_ascii_graphic(),
            };
            let width = if is_plain { 1 } else { 3 };
            if length + width > 75 {
                out.extend_from_slice(b"=\r\n");
                length = 0;
            }
            if is_plain {
                out.push(*byte);
            } else {
                out.extend_from_slice(format!("={byte:02X}").as_bytes());
            }
            length += width;
        }
    }
    out
}
