//! The attached files of a message, decoded, for those who look at octets.

use mail::message::{Part, Structure, decode_part};

/// Files of one message that are looked at.
pub(crate) const FILES_MAX: usize = 64;

/// A file as it was before it was encoded.
pub(crate) struct File {
    /// Its name; empty if it has none.
    pub(crate) name: String,
    /// Its octets.
    pub(crate) octets: Vec<u8>,
}

/// The attached files of a message. What cannot be decoded is left out here; it is told as a finding where files are looked into.
pub(crate) fn files(raw: &[u8]) -> Vec<File> {
    let structure = Structure::parse(raw);
    let is_file = |part: &&Part| {
        part.children == 0 && !part.is_multipart() && (part.is_attachment() || part.media_type != "text")
    };
    let decode = |part: &Part| {
        let octets = decode_part(raw, part).ok()?.into_owned();
        Some(File { name: part.file_name().unwrap_or_default(), octets })
    };
    structure.parts.iter().filter(is_file).take(FILES_MAX).filter_map(decode).collect()
}

/// Whether a message has attached files at all.
pub(crate) fn has_files(facts: &filter::Facts) -> bool {
    !facts.attachments.is_empty()
}
