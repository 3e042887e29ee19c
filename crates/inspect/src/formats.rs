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

    use crate::look::Looker;
    use crate::report::Report;

    /// The report on a file, made without a process.
    pub(crate) fn looked(name: &str, octets: &[u8]) -> Report {
        looked_with(name, octets, &[])
    }

    pub(crate) fn looked_with(name: &str, octets: &[u8], words: &[&str]) -> Report {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut looker = Looker::new(&words, Instant::now() + Duration::from_secs(60));
        looker.look_at_part(name, "application/octet-stream", octets);
        looker.into_report()
    }
}
