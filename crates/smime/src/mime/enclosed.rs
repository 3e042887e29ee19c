//! A message as people read it, with the one that came beside it.

use env::Entropy;
use mail::header;

use super::entity::{self, canonical, is_mime, split};

/// `readable` with `original` attached as it came, so that its signature can be looked at again and nothing is lost.
#[must_use]
pub fn enclose(readable: &[u8], original: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    let parts = split(readable);
    let original = canonical(original);
    // Fields of its way are in the message around it.
    let (head, body) = header::split_header_body(&original);
    let is_kept = |field: &header::Field<'_>| is_mime(field) || entity::is_protected(field);
    let boundary = format!("=_{:016x}{:016x}", entropy.next_u64(), entropy.next_u64());
    let mut out = parts.outside;
    out.extend_from_slice(
        format!("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n")
            .as_bytes(),
    );
    out.extend_from_slice(&parts.entity);
    out.extend_from_slice(
        format!(
            "\r\n--{boundary}\r\nContent-Type: message/rfc822\r\n\
             Content-Disposition: attachment; filename=\"original.eml\"\r\n\r\n"
        )
        .as_bytes(),
    );
    for field in header::fields(head).filter(is_kept) {
        out.extend_from_slice(entity::text(head, &field));
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}
