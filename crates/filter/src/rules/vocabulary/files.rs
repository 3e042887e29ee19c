//! What can be asked of an attached file: `file(kind = program)`, `file(extension = (html, htm) and size < 4000)`.

use super::{Vocabulary, count};
use crate::facts::{Attachment, FileKind};
use crate::normal::is_invisible;

pub(in crate::rules) static FILE: Vocabulary<Attachment> = Vocabulary {
    of: "a file",
    flags: &[
        ("deceptive", |file, _| file.has_deceptive_name),
        ("encrypted", |file, _| file.is_encrypted),
        ("unnamed", |file, _| file.name.is_empty()),
        ("invisible-name", |file, _| file.name.chars().any(|c| is_invisible(c) || steers(c))),
    ],
    texts: &[
        ("name", |file, _| file.name.to_lowercase().into()),
        ("extension", |file, _| extension(&file.name).into()),
        ("type", |file, _| file.declared.as_str().into()),
        ("kind", |file, _| word(file.kind).into()),
    ],
    numbers: &[("size", |file, _| file.size_octets), ("dots", |file, _| count(file.name.matches('.').count()))],
};

/// Whether a character turns the direction of writing.
const fn steers(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What a file is called in evidence.
pub(in crate::rules) fn shown(file: &Attachment) -> &str {
    if file.name.is_empty() { &file.declared } else { &file.name }
}

/// What stands behind the last dot, in lowercase.
fn extension(name: &str) -> String {
    name.trim_end().rsplit_once('.').map(|(_, last)| last.to_lowercase()).unwrap_or_default()
}

const fn word(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Program => "program",
        FileKind::Script => "script",
        FileKind::Shortcut => "shortcut",
        FileKind::DiskImage => "disk-image",
        FileKind::Zip => "zip",
        FileKind::Archive => "archive",
        FileKind::OldOffice => "old-office",
        FileKind::MacroOffice => "macro-office",
        FileKind::Office => "office",
        FileKind::Pdf => "pdf",
        FileKind::Rtf => "rtf",
        FileKind::Html => "html",
        FileKind::Svg => "svg",
        FileKind::Picture => "picture",
        FileKind::Message => "message",
        FileKind::Text => "text",
        FileKind::Other => "other",
    }
}
