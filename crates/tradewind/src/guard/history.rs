//! Messages in files: a Maildir, an mbox file, a message in each file, or directories of these.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use api::actions::Refused;
use guard::replay::came;

/// Octets of one message that are read.
const MESSAGE_OCTETS_MAX: u64 = 64 << 20;

/// Octets of a message's header in which its date is looked for.
const HEADER_OCTETS_MAX: u64 = 64 << 10;

/// Directories in directories.
const DEPTH_MAX: usize = 16;

/// Where a message stands.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// What it is called in the answer: its file, for one of an mbox with its number behind.
    pub(crate) name: String,
    path: PathBuf,
    start: u64,
    /// None to the end of the file.
    octets: Option<u64>,
    came: i64,
}

/// All messages in `places`, oldest first.
pub(crate) fn entries(places: &[PathBuf]) -> Result<Vec<Entry>, Refused> {
    let mut found = Vec::new();
    for place in places {
        gather(place, 0, &mut found)?;
    }
    if found.is_empty() {
        let names: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
        return Err(Refused(format!(
            "{}: there is no message; name a Maildir, an mbox file or a directory",
            names.join(", ")
        )));
    }
    found.sort_by(|one: &Entry, other| (one.came, &one.path, one.start).cmp(&(other.came, &other.path, other.start)));
    Ok(found)
}

/// The octets of a message.
pub(crate) fn raw(entry: &Entry) -> Result<Vec<u8>, Refused> {
    let failed = |error: std::io::Error| refused(&entry.path, &error);
    let mut file = File::open(&entry.path).map_err(failed)?;
    file.seek(SeekFrom::Start(entry.start)).map_err(failed)?;
    let most = entry.octets.unwrap_or(MESSAGE_OCTETS_MAX + 1).min(MESSAGE_OCTETS_MAX + 1);
    let mut octets = Vec::new();
    file.take(most).read_to_end(&mut octets).map_err(failed)?;
    if octets.len() as u64 > MESSAGE_OCTETS_MAX {
        return Err(Refused(format!("{}: is larger than {MESSAGE_OCTETS_MAX} octets", entry.name)));
    }
    Ok(octets)
}

fn refused(path: &Path, error: &std::io::Error) -> Refused {
    Refused(format!("{}: {error}", path.display()))
}

fn gather(place: &Path, depth: usize, found: &mut Vec<Entry>) -> Result<(), Refused> {
    let kind = std::fs::metadata(place).map_err(|error| refused(place, &error))?;
    if kind.is_file() {
        return gather_file(place, found);
    }
    if depth >= DEPTH_MAX {
        return Err(Refused(format!("{}: directories go deeper than {DEPTH_MAX}", place.display())));
    }
    let mut below = Vec::new();
    for entry in std::fs::read_dir(place).map_err(|error| refused(place, &error))? {
        below.push(entry.map_err(|error| refused(place, &error))?.path());
    }
    below.sort();
    for path in below {
        // What is still being delivered (`tmp`), and the files that mail programs keep beside their mail.
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_dot_file = name.starts_with('.') && path.is_file();
        if name != "tmp" && !is_dot_file && !name.starts_with("dovecot") && name != "maildirfolder" {
            gather(&path, depth + 1, found)?;
        }
    }
    Ok(())
}

fn gather_file(path: &Path, found: &mut Vec<Entry>) -> Result<(), Refused> {
    let failed = |error: std::io::Error| refused(path, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mut head = Vec::new();
    (&mut file).take(HEADER_OCTETS_MAX).read_to_end(&mut head).map_err(failed)?;
    if head.starts_with(b"From ") {
        return gather_mbox(path, found);
    }
    let name = path.display().to_string();
    found.push(Entry { name, path: path.to_owned(), start: 0, octets: None, came: came(&head).millis() });
    Ok(())
}

/// Messages of an mbox file (RFC 4155): each behind a line that begins with `From `, at the start or after an empty line.
fn gather_mbox(path: &Path, found: &mut Vec<Entry>) -> Result<(), Refused> {
    let failed = |error: std::io::Error| refused(path, &error);
    let mut reader = BufReader::new(File::open(path).map_err(failed)?);
    let (mut line, mut at, mut was_empty) = (Vec::new(), 0_u64, true);
    let mut starts: Vec<(u64, u64)> = Vec::new();
    loop {
        line.clear();
        // A line longer than that is in pieces; only its first could begin a message.
        let read = (&mut reader).take(1 << 16).read_until(b'\n', &mut line).map_err(failed)? as u64;
        if read == 0 {
            break;
        }
        if was_empty && line.starts_with(b"From ") {
            starts.push((at, at + read));
        }
        was_empty = line == b"\n" || line == b"\r\n";
        at += read;
    }
    let mut file = File::open(path).map_err(failed)?;
    for (number, (_, start)) in starts.iter().enumerate() {
        let end = starts.get(number + 1).map_or(at, |(next, _)| *next);
        let mut head = Vec::new();
        file.seek(SeekFrom::Start(*start)).map_err(failed)?;
        (&mut file).take((end - start).min(HEADER_OCTETS_MAX)).read_to_end(&mut head).map_err(failed)?;
        found.push(Entry {
            name: format!("{}#{}", path.display(), number + 1),
            path: path.to_owned(),
            start: *start,
            octets: Some(end - start),
            came: came(&head).millis(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mail_is_found_in_all_forms_and_sorted() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir_all(at("in/cur")).unwrap();
        std::fs::create_dir_all(at("in/tmp")).unwrap();
        let message = |day: u32| format!("Date: {day:02} Nov 2026 10:00:00 +0000\nFrom: a@b.example\n\ntext {day}\n");
        std::fs::write(at("in/cur/1:2,S"), message(3)).unwrap();
        std::fs::write(at("in/tmp/2"), message(9)).unwrap();
        std::fs::write(at("sent.mbox"), format!("From x\n{}\nFrom y\n{}", message(4), message(1))).unwrap();
        let found = entries(&[directory.path().to_owned()]).unwrap();
        let texts: Vec<String> = found.iter().map(|entry| String::from_utf8(raw(entry).unwrap()).unwrap()).collect();
        let days: Vec<&str> = texts.iter().map(|text| text.trim_end().rsplit_once(' ').unwrap().1).collect();
        assert_eq!(days, ["1", "3", "4"]);
        assert!(found[2].name.ends_with("sent.mbox#1"));
        assert!(entries(&[at("none")]).unwrap_err().0.contains("none"));
    }
}
