//! Where letters are written: history, messages, truth.

use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use crate::bank::Detail;
use crate::calendar;
use crate::letter::{Direction, Letter};
use crate::mime;

/// First line of the truth.
pub(crate) const TRUTH_COLUMNS: &str = "path\tlabel\tkind\tdetails\tchanges_bank\tlanguage\tdirection";

/// A directory that is filled: `history` (Maildir, or one mbox), `messages`, `own-domains.txt`, `truth.tsv`.
pub(crate) struct Output {
    directory: PathBuf,
    /// The history as one file, if it is written so.
    mbox: Option<BufWriter<File>>,
    truth: BufWriter<File>,
    past: usize,
    judged: usize,
}

impl Output {
    /// Begins in a directory that does not exist or is empty.
    pub(crate) fn begin(directory: &Path, seed: u64, as_mbox: bool) -> Result<Self, String> {
        if fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(format!("{}: is not empty; name a new directory", directory.display()));
        }
        let messages = directory.join("messages");
        fs::create_dir_all(&messages).map_err(failed(&messages))?;
        let mbox = if as_mbox {
            let path = directory.join("history.mbox");
            Some(BufWriter::new(File::create(&path).map_err(failed(&path))?))
        } else {
            for part in ["cur", "new", "tmp"] {
                let path = directory.join("history").join(part);
                fs::create_dir_all(&path).map_err(failed(&path))?;
            }
            None
        };
        let path = directory.join("truth.tsv");
        let mut truth = BufWriter::new(File::create(&path).map_err(failed(&path))?);
        writeln!(truth, "# seed {seed}\n{TRUTH_COLUMNS}").map_err(failed(&path))?;
        Ok(Self { directory: directory.to_owned(), mbox, truth, past: 0, judged: 0 })
    }

    /// A letter of the history.
    pub(crate) fn past(&mut self, letter: &Letter, own_domain: &str) -> Result<(), String> {
        let octets = mime::write(letter, own_domain);
        self.past += 1;
        let written = match &mut self.mbox {
            Some(mbox) => write_mbox(mbox, letter, &octets),
            None => {
                let name = format!("{}.M{:06}.history:2,S", letter.at, self.past);
                fs::write(self.directory.join("history").join("cur").join(name), &octets)
            }
        };
        written.map_err(|error| format!("{}: {error}", self.directory.display()))
    }

    /// A letter that is judged, with its truth.
    pub(crate) fn judged(&mut self, letter: &Letter, own_domain: &str) -> Result<(), String> {
        let octets = mime::write(letter, own_domain);
        self.judged += 1;
        let name = format!("messages/{:05}.eml", self.judged);
        let truth = &letter.truth;
        let written = fs::write(self.directory.join(&name), &octets).and_then(|()| {
            writeln!(
                self.truth,
                "{name}\t{}\t{}\t{}\t{}\t{}\t{}",
                if truth.is_attack { "attack" } else { "honest" },
                truth.kind,
                details(&letter.details),
                if truth.changes_bank { "yes" } else { "no" },
                letter.language,
                match letter.direction {
                    Direction::In => "in",
                    Direction::Out => "out",
                    Direction::Internal => "internal",
                }
            )
        });
        written.map_err(|error| format!("{}: {error}", self.directory.display()))
    }

    /// Writes what is left; says how many letters there are of each sort.
    pub(crate) fn finish(mut self, own_domains: &[&str]) -> Result<(usize, usize), String> {
        let path = self.directory.join("own-domains.txt");
        let flushed = self.truth.flush().and_then(|()| self.mbox.as_mut().map_or(Ok(()), |mbox| mbox.flush()));
        flushed
            .and_then(|()| fs::write(&path, own_domains.iter().map(|domain| format!("{domain}\n")).collect::<String>()))
            .map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((self.past, self.judged))
    }
}

/// Says which file it was.
fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> String {
    let shown = path.display().to_string();
    move |error| format!("{shown}: {error}")
}

/// `kind=value`, parted by semicolons; a hyphen for none.
fn details(all: &[Detail]) -> String {
    let mut shown: Vec<String> = all.iter().map(|detail| format!("{}={}", detail.kind, detail.value())).collect();
    shown.sort();
    shown.dedup();
    if shown.is_empty() { "-".to_owned() } else { shown.join(";") }
}

/// One message of an mbox (RFC 4155), lines that begin with From marked.
fn write_mbox(mbox: &mut BufWriter<File>, letter: &Letter, octets: &[u8]) -> std::io::Result<()> {
    writeln!(mbox, "From {} {}", letter.from.address, calendar::mbox(letter.at))?;
    for line in octets.split_inclusive(|octet| *octet == b'\n') {
        let bare = line.iter().position(|octet| *octet != b'>').map_or(line, |marks| &line[marks..]);
        if bare.starts_with(b"From ") {
            mbox.write_all(b">")?;
        }
        match line.strip_suffix(b"\r\n") {
            Some(line) => {
                mbox.write_all(line)?;
                mbox.write_all(b"\n")?;
            }
            None => mbox.write_all(line)?,
        }
    }
    mbox.write_all(b"\n")
}
