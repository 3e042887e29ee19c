//! Identifiers on the wire. Those of messages, threads and mailboxes are the same over IMAP (RFC 8474).

use std::fmt::Write as _;

pub(crate) use mailbox::object_id::{read, show};

/// What a blob is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum BlobBase {
    /// A message of the account.
    Message(i64),
    /// What a client has sent.
    Upload(i64),
}

/// A blob: a message or an uploaded file, or a part within, or a part within a message that is a part.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BlobId {
    pub(crate) base: BlobBase,
    /// Numbers of parts, from the outermost message to the innermost; the content is the decoded part.
    pub(crate) parts: Vec<u32>,
}

/// Messages within messages that are followed.
const DEPTH_MAX: usize = 8;

impl BlobId {
    pub(crate) const fn message(id: i64) -> Self {
        Self { base: BlobBase::Message(id), parts: Vec::new() }
    }

    /// The part `number` of what this blob is.
    pub(crate) fn part(&self, number: usize) -> Self {
        let mut parts = self.parts.clone();
        parts.push(u32::try_from(number).unwrap_or(u32::MAX));
        Self { base: self.base, parts }
    }

    pub(crate) fn show(&self) -> String {
        let mut text = match self.base {
            BlobBase::Message(id) => format!("M{id}"),
            BlobBase::Upload(id) => format!("U{id}"),
        };
        for part in &self.parts {
            let _ = write!(text, "_{part}");
        }
        text
    }

    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut pieces = text.split('_');
        let base = pieces.next()?;
        let id: i64 = base.get(1..)?.parse().ok().filter(|id| *id > 0)?;
        let base = match base.as_bytes().first()? {
            b'M' => BlobBase::Message(id),
            b'U' => BlobBase::Upload(id),
            _ => return None,
        };
        let parts: Option<Vec<u32>> = pieces.map(|piece| piece.parse().ok()).collect();
        let blob = Self { base, parts: parts.filter(|parts| parts.len() <= DEPTH_MAX)? };
        (blob.show() == text).then_some(blob)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blobs_name_parts_within() {
        let blob = BlobId::message(7).part(2).part(0);
        assert_eq!(blob.show(), "M7_2_0");
        assert_eq!(BlobId::read("M7_2_0"), Some(blob));
        for bad in ["", "M", "X7", "M7_", "M7_01", "M07", "é7", "M7_1_1_1_1_1_1_1_1_1"] {
            assert_eq!(BlobId::read(bad), None, "{bad}");
        }
    }
}
