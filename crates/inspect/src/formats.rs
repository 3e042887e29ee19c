//! One reader for each form of file. A reader tells what it finds to the [`Looker`], which keeps the limits.

mod archive;
mod letters;
mod listed;
mod markup;
mod office;
mod ole;
mod packed;
mod page;
mod pdf;
mod picture;
mod rtf;
mod sheet;
mod shortcut;
mod vba;

use crate::look::{At, Looker};
use crate::report::{Kind, Reason};

/// Reads a file of a kind; what has no reader has nothing in it that anybody here knows of.
pub(crate) fn read(kind: Kind, octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    match kind {
        Kind::Zip | Kind::Office => archive::read_zip(octets, at, looker),
        Kind::SevenZip => packed::read_seven_zip(octets, at, looker),
        Kind::Tar => packed::read_tar(octets, at, looker),
        Kind::Compressed => packed::read_compressed(octets, &looker.name(at), at, looker),
        Kind::Rar => listed::read_rar(octets, at, looker),
        Kind::Cabinet => listed::read_cabinet(octets, at, looker),
        Kind::DiskImage => listed::read_image(octets, at, looker),
        Kind::OldOffice | Kind::OutlookMessage => ole::read(octets, at, looker),
        Kind::Notebook => letters::read_notebook(octets, at, looker),
        Kind::Pdf => pdf::read(octets, at, looker),
        Kind::Rtf => rtf::read(octets, at, looker),
        Kind::Picture => picture::read(octets, at, looker),
        Kind::Message => letters::read_message(octets, at, looker),
        Kind::Calendar => letters::read_calendar(octets, at, looker),
        Kind::Shortcut => shortcut::read(octets, at, looker),
        Kind::OtherArchive => Err(Reason::Unsupported),
        Kind::Html => {
            page::read(octets, at, looker);
            Ok(())
        }
        Kind::Svg => {
            page::read_svg(octets, at, looker);
            Ok(())
        }
        Kind::Text => {
            looker.text(at, &page::text(octets), false);
            Ok(())
        }
        Kind::Program | Kind::Script | Kind::Other => Ok(()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::{Duration, Instant};

    use proptest::collection::vec;
    use proptest::prelude::*;

    use crate::look::Looker;
    use crate::report::{Reason, Report};

    /// The report on a file, made without a process.
    pub(crate) fn looked(name: &str, octets: &[u8]) -> Report {
        looked_with(name, octets, &[])
    }

    pub(crate) fn looked_with(name: &str, octets: &[u8], words: &[&str]) -> Report {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut looker = Looker::new(&words, Instant::now() + Duration::from_secs(60));
        looker.look_at_part(name, "application/octet-stream", octets);
        let report = looker.into_report();
        // What a parser does not survive costs one file its report; here it is a bug.
        assert!(!report.unlooked.iter().any(|unlooked| unlooked.why == Reason::Crashed), "{name} crashed a parser");
        report
    }

    proptest! {
        /// Octets behind each mark: parsers end, and none panics.
        #[test]
        fn anything_behind_any_mark_is_survived(mark in 0..MARKS.len(), octets in vec(any::<u8>(), 0..600)) {
            looked("a", &[MARKS[mark], octets.as_slice()].concat());
        }
    }

    const MARKS: [&[u8]; 16] = [
        b"PK\x03\x04",
        b"Rar!\x1a\x07\x01\0",
        b"Rar!\x1a\x07\0",
        b"7z\xbc\xaf\x27\x1c\0\x04",
        b"\x1f\x8b\x08\0\0\0\0\0\0\0",
        b"\xfd7zXZ\0",
        b"MSCF\0\0\0\0",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d",
        b"%PDF-1.4\n1 0 obj <</Filter/FlateDecode/Type/ObjStm>> stream\n",
        b"{\\rtf1{\\*\\objdata ",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\xff\xd8\xff\xe0",
        b"GIF89a",
        b"L\0\0\0\x01\x14\x02\0",
        b"BEGIN:VCALENDAR\r\n",
    ];
}
