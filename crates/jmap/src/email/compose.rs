//! Makes a message of the object that a client gives (RFC 8621 section 4.6).

mod encode;
mod fields;
mod parts;

use std::collections::BTreeMap;

use env::Timestamp;
use wire::jmap::{Object, SetError, SetErrorKind};

pub(crate) use encode::{addresses, text_content, text_lines};
use parts::Node;

/// What a message is made with.
pub(super) struct Making<'a> {
    pub(super) now: Timestamp,
    /// Right side of a Message-ID that is made.
    pub(super) domain: &'a str,
    /// Left side of it.
    pub(super) unique: String,
    /// Contents of the blobs that the object names.
    pub(super) blobs: &'a BTreeMap<String, Vec<u8>>,
}

/// Properties that do not go into the message.
const ASIDE: [&str; 3] = ["mailboxIds", "keywords", "receivedAt"];

/// The blobs that a message is to be made with.
pub(super) fn blob_ids(email: &Object) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["bodyStructure", "textBody", "htmlBody", "attachments"] {
        if let Some(value) = email.get(name) {
            parts::collect_blob_ids(value, &mut found);
        }
    }
    found
}

/// The message, lines ending in CRLF.
///
/// # Errors
/// [`SetError`] as RFC 8621 section 4.6 has it.
pub(super) fn make(email: &Object, making: &Making<'_>) -> Result<Vec<u8>, SetError> {
    let (header, rest) = fields::split(email)?;
    let mut out = fields::write(&header, making)?;
    let root = parts::read(&rest, making)?;
    out.extend_from_slice(b"MIME-Version: 1.0\r\n");
    write_node(&root, making, 0, &mut out);
    Ok(out)
}

/// A property that is wrong.
fn wrong(property: &str, why: &str) -> SetError {
    SetError::property(property, why)
}

/// Blobs that are not there (RFC 8621 section 4.6).
fn missing_blobs(ids: &[String]) -> SetError {
    SetError::new(SetErrorKind::BlobNotFound, "upload the file again").with("notFound", ids.into())
}

fn write_node(node: &Node, making: &Making<'_>, number: usize, out: &mut Vec<u8>) {
    match node {
        Node::Leaf(leaf) => leaf.write(out),
        Node::Multipart { subtype, fields, children } => {
            let boundary = format!("{}_{}_{number}", making.unique, children.len());
            let kind = format!("Content-Type: multipart/{subtype}; boundary=\"{boundary}\"\r\n");
            out.extend_from_slice(kind.as_bytes());
            out.extend_from_slice(fields);
            out.extend_from_slice(b"\r\n");
            for (at, child) in children.iter().enumerate() {
                out.extend_from_slice(format!("--{boundary}\r\n").as_bytes());
                write_node(child, making, number * 100 + at + 1, out);
                // The line break before a boundary is the boundary's (RFC 2046 section 5.1.1).
                out.extend_from_slice(b"\r\n");
            }
            out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
