//! Mbox (RFC 4155) with every `From ` line of the text quoted (mboxrd). Flags and keywords stand in fields before all others, where a reader
//! finds them first and takes them out again: `Status`, `X-Status`, `X-Keywords`.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use mailbox::{Flags, SpecialUse, keywords};

use super::{Draft, Outgoing, Writer, make_directory, make_file};
use crate::item::with_lf;

/// Octets that are written at once.
const BUFFER_BYTES: usize = 256 << 10;

pub(super) struct MboxWriter {
    draft: Draft,
    is_single: bool,
    file: Option<BufWriter<File>>,
}

impl MboxWriter {
    /// One file.
    pub(super) fn file(path: &Path) -> io::Result<Self> {
        let draft = Draft::new(path, false)?;
        let file = Some(BufWriter::with_capacity(BUFFER_BYTES, make_file(&draft.path)?));
        Ok(Self { draft, is_single: true, file })
    }

    /// A directory with a file a folder.
    pub(super) fn directory(path: &Path) -> io::Result<Self> {
        Ok(Self { draft: Draft::new(path, true)?, is_single: false, file: None })
    }

    fn end_file(&mut self) -> io::Result<()> {
        if let Some(file) = self.file.take() {
            file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        }
        Ok(())
    }
}

impl Writer for MboxWriter {
    fn folder(&mut self, name: &str, _role: Option<SpecialUse>) -> io::Result<()> {
        if self.is_single {
            return Ok(());
        }
        self.end_file()?;
        let path = self.draft.path.join(path_of(name));
        if let Some(parent) = path.parent() {
            make_directory(parent)?;
        }
        self.file = Some(BufWriter::with_capacity(BUFFER_BYTES, make_file(&path)?));
        Ok(())
    }

    fn message(&mut self, message: &Outgoing<'_>) -> io::Result<()> {
        let Some(file) = &mut self.file else { return Err(io::Error::other("a message without a folder")) };
        write_message(file, message)
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.end_file()?;
        self.draft.finish()
    }
}

fn write_message(file: &mut impl Write, message: &Outgoing<'_>) -> io::Result<()> {
    let c = message.received.civil();
    writeln!(
        file,
        "From MAILER-DAEMON {} {} {:>2} {:02}:{:02}:{:02} {:04}",
        c.weekday_name(),
        c.month_name(),
        c.day,
        c.hour,
        c.minute,
        c.second,
        c.year
    )?;
    let has = |bit: u8| message.flags.iter().any(|flag| keywords::system_flag(flag) == Some(bit));
    let letters =
        |all: &[(u8, char)]| -> String { all.iter().filter(|(bit, _)| has(*bit)).map(|(_, letter)| *letter).collect() };
    let rest = [(Flags::ANSWERED, 'A'), (Flags::FLAGGED, 'F'), (Flags::DRAFT, 'T'), (Flags::DELETED, 'D')];
    writeln!(file, "Status: {}O", letters(&[(Flags::SEEN, 'R')]))?;
    writeln!(file, "X-Status: {}", letters(&rest))?;
    let words: Vec<&str> =
        message.flags.iter().map(String::as_str).filter(|flag| keywords::system_flag(flag).is_none()).collect();
    writeln!(file, "X-Keywords: {}", words.join(" "))?;
    let plain = with_lf(message.raw);
    let content = plain.as_deref().unwrap_or(message.raw);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let quoted = line.iter().take_while(|byte| **byte == b'>').count();
        if line[quoted..].starts_with(b"From ") {
            file.write_all(b">")?;
        }
        file.write_all(line)?;
    }
    if !content.ends_with(b"\n") {
        file.write_all(b"\n")?;
    }
    file.write_all(b"\n")
}

/// The file of a folder. What would hide it, or have it taken for a directory of ours, is written as `%2E`, which no name of ours has in it.
fn path_of(name: &str) -> PathBuf {
    let mut path: PathBuf = name.split('/').map(escaped).collect();
    let file = path.file_name().map(|file| format!("{}.mbox", file.to_string_lossy())).unwrap_or_default();
    path.set_file_name(file);
    path
}

fn escaped(level: &str) -> String {
    let level = match level.strip_prefix('.') {
        Some(rest) => format!("%2E{rest}"),
        None => level.to_owned(),
    };
    for end in [".mbox", ".sbd"] {
        if let Some(begin) = level.strip_suffix(end) {
            return format!("{begin}%2E{}", &end[1..]);
        }
    }
    level
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_nowhere_else() {
        for (name, path) in [
            ("INBOX", "INBOX.mbox"),
            ("订单/2026", "订单/2026.mbox"),
            ("../.x/..", "%2E./%2Ex/%2E..mbox"),
            ("a.mbox/b.sbd", "a%2Embox/b%2Esbd.mbox"),
        ] {
            assert_eq!(path_of(name), Path::new(path));
        }
    }
}
