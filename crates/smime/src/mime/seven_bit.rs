//! A body that every server passes on unchanged (RFC 8551 section 3.1.3): a signature does not outlive a change of encoding.

use base64::Engine;
use mail::header;
use mail::message::{Part, Structure};

use super::entity::text;

/// Octets of a line that may travel (RFC 5322 section 2.1.1).
const LINE_MAX: usize = 998;

/// The entity with its leaves in base64 where they would not travel as they are. One that is too deep is left as it is.
pub(super) fn seven_bit(entity: Vec<u8>) -> Vec<u8> {
    if travels(&entity) {
        return entity;
    }
    let structure = Structure::parse(&entity);
    let mut out = Vec::with_capacity(entity.len() + entity.len() / 2);
    let mut done = 0;
    for part in &structure.parts {
        let (header, body) = (part.header_range(), part.body_range());
        out.extend_from_slice(entity.get(done..header.start).unwrap_or_default());
        let content = entity.get(body.clone()).unwrap_or_default();
        let is_changed = part.children == 0 && !travels(content);
        push_header(entity.get(header.clone()).unwrap_or_default(), part, is_changed, &mut out);
        done = body.start;
        if is_changed {
            out.extend_from_slice(&base64_lines(content));
            done = body.end;
        }
    }
    out.extend_from_slice(entity.get(done..).unwrap_or_default());
    out
}

fn travels(octets: &[u8]) -> bool {
    octets.is_ascii()
        && !octets.contains(&0)
        && octets.split(|octet| *octet == b'\n').all(|line| line.len() <= LINE_MAX)
}

/// The header with an encoding that fits.
fn push_header(header: &[u8], part: &Part, is_changed: bool, out: &mut Vec<u8>) {
    let is_wide = matches!(part.encoding.as_deref(), Some("8bit" | "binary"));
    if !is_changed && !is_wide {
        out.extend_from_slice(header);
        return;
    }
    for field in header::fields(header).filter(|field| !field.is("Content-Transfer-Encoding")) {
        out.extend_from_slice(text(header, &field));
    }
    let encoding = if is_changed { "base64" } else { "7bit" };
    out.extend_from_slice(format!("Content-Transfer-Encoding: {encoding}\r\n\r\n").as_bytes());
}

/// Lines of 76 characters (RFC 2045 section 6.8), the last one without its line break.
pub(super) fn base64_lines(octets: &[u8]) -> Vec<u8> {
    let encoded = base64::engine::general_purpose::STANDARD.encode(octets);
    let mut out = Vec::with_capacity(encoded.len() + encoded.len() / 38 + 2);
    for (number, line) in encoded.as_bytes().chunks(76).enumerate() {
        if number > 0 {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(line);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_that_do_not_travel_are_encoded() {
        let entity = "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\
                      Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n五\r\n--b\r\n\r\nplain\r\n--b--\r\n";
        let changed = String::from_utf8(seven_bit(entity.as_bytes().to_vec())).unwrap();
        let expected = "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\n--b\r\n\
                        Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n5LqU\r\n--b\r\n\r\nplain\r\n--b--\r\n";
        assert_eq!(changed, expected);
        let plain = b"Content-Type: text/plain\r\n\r\nplain\r\n".to_vec();
        assert_eq!(seven_bit(plain.clone()), plain);
    }
}
