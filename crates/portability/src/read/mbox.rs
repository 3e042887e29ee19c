//! Mbox files: messages behind `From ` lines (RFC 4155).
//!
//! `>From ` lines lose one `>` (mboxrd; those of mboxo are the same but for lines that had one themselves). Where `Content-Length` leads to the
//! next message or the end, it is believed (mboxcl, mboxcl2); lines of such a message are quoted unless there is one that should be and is not.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use env::{Civil, Timestamp};
use mail::header::Fields;
use mailbox::Flags;

use super::{Source, gmail};
use crate::item::{check_message, with_crlf};
use crate::{Folder, Item, MESSAGE_BYTES_MAX, Marks, Unreadable};

/// Octets of a line that are read at once: a line may be of any length.
const PIECE_BYTES_MAX: usize = 64 << 10;

/// Levels of directories that are searched for files.
const DEPTH_MAX: usize = 16;

/// Files of a directory.
const FILES_MAX: usize = 10_000;

/// Octets of a `From ` line that are looked at.
const SEPARATOR_BYTES_MAX: usize = 1_000;

/// Fields that mailbox programs keep their notes in; the first of each is theirs.
const NOTES: [&str; 6] = ["Status", "X-Status", "X-Keywords", "X-UID", "X-IMAP", "X-IMAPbase"];

/// Messages of an mbox file, or of all such files in a directory.
pub struct Mbox {
    folders: Vec<Folder>,
    /// Files that are still to be read, the next one last.
    files: Vec<(PathBuf, String)>,
    current: Option<One<BufReader<File>>>,
}

impl Mbox {
    /// Opens the file at `path`, or finds the files in the directory there.
    ///
    /// # Errors
    /// [`Unreadable`] if it cannot be read, does not begin with a `From ` line, or has no such file in it.
    pub fn open(path: &Path) -> Result<Self, Unreadable> {
        if !path.is_dir() {
            let current = Some(One::open(path, String::new())?);
            return Ok(Self { folders: vec![Folder::default()], files: Vec::new(), current });
        }
        let mut files = Vec::new();
        collect(path, "", 0, &mut files)?;
        if files.is_empty() {
            let why = "no file in it begins with `From `".to_owned();
            return Err(Unreadable::NotOfForm { path: path.to_owned(), form: "mbox", why });
        }
        files.sort_by(|one, other| other.1.cmp(&one.1));
        let folder = |(_, path): &(PathBuf, String)| Folder { path: path.clone(), ..Folder::default() };
        let folders = files.iter().rev().map(folder).collect();
        Ok(Self { folders, files, current: None })
    }
}

impl Iterator for Mbox {
    type Item = Result<Item, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(item) = self.current.as_mut().and_then(One::next) {
                return Some(item);
            }
            let (path, folder) = self.files.pop()?;
            match One::open(&path, folder) {
                Ok(one) => self.current = Some(one),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl Source for Mbox {
    fn folders(&self) -> &[Folder] {
        &self.folders
    }
}

/// Files that begin as an mbox does, and empty ones that are called so. Directories lose what programs add to them (`.mbox`, `.sbd`).
fn collect(path: &Path, folder: &str, depth: usize, files: &mut Vec<(PathBuf, String)>) -> Result<(), Unreadable> {
    for entry in fs::read_dir(path).map_err(|cause| Unreadable::io(path, cause))? {
        let entry = entry.map_err(|cause| Unreadable::io(path, cause))?;
        let kind = entry.file_type().map_err(|cause| Unreadable::io(&entry.path(), cause))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let plain = name.strip_suffix(".mbox").or_else(|| name.strip_suffix(".sbd")).unwrap_or(&name);
        let plain = unescaped(plain);
        let inner = match (folder.is_empty(), name == "mbox" && depth > 0) {
            (_, true) => folder.to_owned(),
            (true, false) => plain,
            (false, false) => format!("{folder}/{plain}"),
        };
        if kind.is_dir() && depth < DEPTH_MAX {
            collect(&entry.path(), &inner, depth + 1, files)?;
        } else if kind.is_file() && is_mbox(&entry.path(), name.ends_with(".mbox"))? {
            if files.len() >= FILES_MAX {
                let why = format!("it has more than {FILES_MAX} files; bring them in parts");
                return Err(Unreadable::NotOfForm { path: path.to_owned(), form: "mbox", why });
            }
            files.push((entry.path(), inner));
        }
    }
    Ok(())
}

fn is_mbox(path: &Path, is_called_so: bool) -> Result<bool, Unreadable> {
    let failed = |cause| Unreadable::io(path, cause);
    let mut begin = Vec::new();
    File::open(path).map_err(failed)?.take(5).read_to_end(&mut begin).map_err(failed)?;
    Ok(begin == b"From " || begin.is_empty() && is_called_so)
}

/// Undoes what [`crate::write`] does to names; no name of ours has a `%` in it.
fn unescaped(name: &str) -> String {
    name.replace("%2E", ".")
}

/// Messages of one file.
struct One<R> {
    lines: R,
    path: PathBuf,
    folder: String,
    /// The `From ` line of the message to come.
    separator: Option<Vec<u8>>,
    /// Whether every `From ` line of this file has a date; what has none then is text.
    has_dates: bool,
    number: u64,
}

impl One<BufReader<File>> {
    fn open(path: &Path, folder: String) -> Result<Self, Unreadable> {
        let file = File::open(path).map_err(|cause| Unreadable::io(path, cause))?;
        Self::read(BufReader::with_capacity(1 << 18, file), path, folder)
    }
}

impl<R: BufRead + Seek> One<R> {
    fn read(lines: R, path: &Path, folder: String) -> Result<Self, Unreadable> {
        let (path, has_dates) = (path.to_owned(), false);
        let mut mbox = Self { lines, path, folder, separator: None, has_dates, number: 0 };
        let mut first = Vec::new();
        mbox.piece(&mut first).map_err(|cause| Unreadable::io(&mbox.path, cause))?;
        if first.starts_with(b"From ") {
            mbox.has_dates = separator_date(&first).is_some();
            mbox.separator = Some(first);
        } else if !first.is_empty() {
            let begin = String::from_utf8_lossy(first.get(..40).unwrap_or(&first)).trim_end().to_owned();
            let why = format!("its first line is not `From ...` but `{begin}`");
            return Err(Unreadable::NotOfForm { path: mbox.path, form: "mbox", why });
        }
        Ok(mbox)
    }

    /// Appends the next line with its ending, or as much of it as is read at once; says whether there was any.
    fn piece(&mut self, into: &mut Vec<u8>) -> io::Result<bool> {
        let before = into.len();
        loop {
            let buffer = self.lines.fill_buf()?;
            let room = (PIECE_BYTES_MAX + before).saturating_sub(into.len());
            let available = buffer.get(..buffer.len().min(room)).unwrap_or_default();
            let (taken, is_over) = match memchr::memchr(b'\n', available) {
                Some(at) => (at + 1, true),
                None => (available.len(), available.is_empty() || available.len() == room),
            };
            into.extend_from_slice(&available[..taken]);
            self.lines.consume(taken);
            if is_over {
                return Ok(into.len() > before);
            }
        }
    }

    fn is_separator(&self, line: &[u8]) -> bool {
        line.starts_with(b"From ") && (!self.has_dates || separator_date(line).is_some())
    }

    fn message(&mut self, separator: &[u8], name: String) -> Result<Item, Unreadable> {
        let path = self.path.clone();
        let read = self.content().map_err(|cause| Unreadable::io(&path, cause))?;
        let Some(raw) = read else { return Err(Unreadable::TooLong { name }) };
        check_message(&name, &raw)?;
        let Notes { raw, marks, folders } = take_notes(raw);
        let mut folders = folders.into_iter();
        // Labels say more than the file that they stand in.
        let folder = folders.next().filter(|_| self.folder.is_empty()).unwrap_or_else(|| self.folder.clone());
        let also = if self.folder.is_empty() { folders.collect() } else { Vec::new() };
        Ok(Item { name, raw, received: separator_date(separator), marks, folder, also })
    }

    /// The message up to the next separator, with CRLF; none if it is too long.
    fn content(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        let length = self.header(&mut raw)?;
        if let Some(length) = length
            && self.counted_body(&mut raw, length)?
        {
            return Ok(Some(with_crlf(raw)));
        }
        if !self.scanned_body(&mut raw)? || raw.len() as u64 > MESSAGE_BYTES_MAX {
            return Ok(None);
        }
        let mut raw = with_crlf(raw);
        // The blank line before the next separator belongs to the file, not to the message.
        if raw.ends_with(b"\r\n\r\n") {
            raw.truncate(raw.len() - 2);
        }
        Ok(Some(raw))
    }

    /// Reads the header and the empty line behind it; gives what `Content-Length` says.
    fn header(&mut self, raw: &mut Vec<u8>) -> io::Result<Option<u64>> {
        let (mut line, mut length) = (Vec::new(), None);
        let mut is_start = true;
        loop {
            line.clear();
            if !self.piece(&mut line)? {
                return Ok(None);
            }
            if raw.len() as u64 <= MESSAGE_BYTES_MAX {
                raw.extend_from_slice(&line);
            }
            if is_start && matches!(line.as_slice(), b"\n" | b"\r\n") {
                return Ok(length);
            }
            const FIELD: &[u8] = b"content-length:";
            if is_start && line.get(..FIELD.len()).is_some_and(|name| name.eq_ignore_ascii_case(FIELD)) {
                length = std::str::from_utf8(&line[FIELD.len()..]).ok().and_then(|text| text.trim().parse().ok());
            }
            is_start = line.ends_with(b"\n");
        }
    }

    /// Reads a body of that length if a separator or the end follows it; else nothing has been read.
    fn counted_body(&mut self, raw: &mut Vec<u8>, length: u64) -> io::Result<bool> {
        if raw.len() as u64 + length > MESSAGE_BYTES_MAX {
            return Ok(false);
        }
        let start = self.lines.stream_position()?;
        let mut body = Vec::new();
        Read::by_ref(&mut self.lines).take(length).read_to_end(&mut body)?;
        let mut line = Vec::new();
        let mut goes_on = self.piece(&mut line)?;
        if goes_on && matches!(line.as_slice(), b"\n" | b"\r\n") {
            line.clear();
            goes_on = self.piece(&mut line)?;
        }
        if body.len() as u64 != length || goes_on && !self.is_separator(&line) {
            self.lines.seek(SeekFrom::Start(start))?;
            return Ok(false);
        }
        self.separator = goes_on.then_some(line);
        let lines = || body.split_inclusive(|byte| *byte == b'\n');
        let is_quoted = !lines().any(|line| line.starts_with(b"From "));
        for line in lines() {
            raw.extend_from_slice(if is_quoted { unquoted(line) } else { line });
        }
        Ok(true)
    }

    /// Reads up to the next separator; says whether it was short enough to be kept.
    fn scanned_body(&mut self, raw: &mut Vec<u8>) -> io::Result<bool> {
        let mut line = Vec::new();
        let (mut is_start, mut after_blank, mut is_short) = (true, true, true);
        loop {
            line.clear();
            if !self.piece(&mut line)? {
                return Ok(is_short);
            }
            if is_start && after_blank && self.is_separator(&line) {
                line.truncate(SEPARATOR_BYTES_MAX);
                self.separator = Some(line);
                return Ok(is_short);
            }
            after_blank = is_start && matches!(line.as_slice(), b"\n" | b"\r\n");
            is_short = is_short && (raw.len() + line.len()) as u64 <= MESSAGE_BYTES_MAX;
            if is_short {
                raw.extend_from_slice(if is_start { unquoted(&line) } else { &line });
            }
            is_start = line.ends_with(b"\n");
        }
    }

    fn next(&mut self) -> Option<Result<Item, Unreadable>> {
        let separator = self.separator.take()?;
        self.number += 1;
        let name = format!("{}, message {}", self.path.display(), self.number);
        Some(self.message(&separator, name))
    }
}

fn unquoted(line: &[u8]) -> &[u8] {
    let quoted = line.iter().take_while(|byte| **byte == b'>').count();
    if quoted > 0 && line[quoted..].starts_with(b"From ") { &line[1..] } else { line }
}

/// What mailbox programs noted in the header of a message, taken out of it.
struct Notes {
    raw: Vec<u8>,
    marks: Marks,
    folders: Vec<String>,
}

fn take_notes(raw: Vec<u8>) -> Notes {
    let (mut marks, mut folders, mut seen) = (Marks::default(), Vec::new(), Vec::new());
    let mut cuts = Vec::new();
    for field in Fields::new(&raw) {
        let value = field.value();
        let text = String::from_utf8_lossy(&value);
        let note = NOTES.iter().find(|note| field.is(note)).filter(|note| !seen.contains(*note));
        if let Some(note) = note {
            seen.push(note);
            cuts.push((field.start, field.end));
        }
        match note.copied() {
            Some("Status" | "X-Status") => {
                const LETTERS: [(char, u8); 5] = [
                    ('R', Flags::SEEN),
                    ('A', Flags::ANSWERED),
                    ('F', Flags::FLAGGED),
                    ('D', Flags::DELETED),
                    ('T', Flags::DRAFT),
                ];
                let set = LETTERS.iter().filter(|(letter, _)| text.contains(*letter));
                set.for_each(|(_, bit)| marks.set(*bit));
            }
            Some("X-Keywords") => {
                text.split([' ', ',']).filter(|word| !word.is_empty()).for_each(|word| marks.add(word));
            }
            _ if field.is("X-Mozilla-Status") => {
                // Bits of Thunderbird: read, answered, marked, deleted.
                const BITS: [u8; 4] = [Flags::SEEN, Flags::ANSWERED, Flags::FLAGGED, Flags::DELETED];
                let bits = u16::from_str_radix(text.trim(), 16).unwrap_or(0);
                let set = BITS.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
                set.for_each(|(_, bit)| marks.set(*bit));
            }
            _ if field.is("X-Gmail-Labels") && folders.is_empty() => {
                let (found, more) = gmail::read(&text);
                folders = found;
                marks.set(more.system);
            }
            _ => {}
        }
    }
    let mut raw = raw;
    for (start, end) in cuts.into_iter().rev() {
        raw.drain(start..end);
    }
    Notes { raw, marks, folders }
}

/// The date of a `From sender Thu Jan  4 12:34:56 2024` line, taken as UTC unless it has a zone.
fn separator_date(line: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(line.get(..SEPARATOR_BYTES_MAX).unwrap_or(line)).ok()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let (month, at) = words.iter().enumerate().find_map(|(at, word)| Some((month_number(word)?, at)))?;
    let day = words.get(at + 1)?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let mut clock = words.get(at + 2)?.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next().flatten().unwrap_or(0));
    let rest = words.get(at + 3..)?;
    let year = rest.iter().find_map(|word| word.parse().ok().filter(|year| (1970..=9999).contains(year)))?;
    let moment = Timestamp::from_civil(Civil { year, month, day, hour, minute, second, weekday: 0 });
    let zone = rest.iter().find_map(|word| zone_seconds(word)).unwrap_or(0);
    Some(Timestamp::from_seconds(moment.seconds() - zone))
}

/// Seconds east of UTC of `+0800`.
fn zone_seconds(word: &str) -> Option<i64> {
    let (sign, digits) =
        word.strip_prefix('+').map(|it| (1, it)).or_else(|| word.strip_prefix('-').map(|it| (-1, it)))?;
    let number: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(sign * (number / 100 * 3600 + number % 100 * 60))
}

fn month_number(word: &str) -> Option<u8> {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.iter().position(|name| *name == word).and_then(|at| u8::try_from(at + 1).ok())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn read(text: &str) -> Vec<Item> {
        let mut one = One::read(Cursor::new(text.as_bytes()), Path::new("test.mbox"), String::new()).unwrap();
        std::iter::from_fn(|| one.next()).map(Result::unwrap).collect()
    }

    fn texts(items: &[Item]) -> Vec<&str> {
        items.iter().map(|item| std::str::from_utf8(&item.raw).unwrap()).collect()
    }

    #[test]
    fn messages_flags_and_dates() {
        let text = "From a@b Thu Jan  4 12:34:56 2024\nSubject: one\nStatus: RO\nX-Status: AF\nX-Keywords: Work $Forwarded\n\nbody\n>From here\n\
                    >>From there\nFrom inside\n\nFrom today on\n\nFrom c@d Fri Jan  5 00:00:00 +0800 2024\nSubject: two\n\nlast\n";
        let items = read(text);
        let expected = [
            "Subject: one\r\n\r\nbody\r\nFrom here\r\n>From there\r\nFrom inside\r\n\r\nFrom today on\r\n",
            "Subject: two\r\n\r\nlast\r\n",
        ];
        assert_eq!(texts(&items), expected);
        assert_eq!(items[0].received.unwrap().to_string(), "2024-01-04T12:34:56Z");
        assert_eq!(items[1].received.unwrap().to_string(), "2024-01-04T16:00:00Z");
        assert_eq!(items[0].marks.system, Flags::SEEN | Flags::ANSWERED | Flags::FLAGGED);
        assert_eq!(items[0].marks.keywords, ["Work", "$Forwarded"]);
    }

    #[test]
    fn lengths_are_believed_where_they_hold() {
        let whole = "From a@b Thu Jan  4 12:34:56 2024\nContent-Length: 45\nSubject: one\n\nx\n\nFrom c@d Fri Jan  5 00:00:00 2024\nStatus:\n\n\
                     From e@f Fri Jan  5 00:00:00 2024\nContent-Length: 9\nSubject: two\n\n>From me\n\nFrom g@h Fri Jan  5 00:00:00 2024\n\
                     Content-Length: 9000\nSubject: three\n\nshort\n";
        let items = read(whole);
        assert_eq!(items.len(), 3, "{:?}", texts(&items));
        assert!(texts(&items)[0].ends_with("x\r\n\r\nFrom c@d Fri Jan  5 00:00:00 2024\r\nStatus:\r\n"));
        assert!(texts(&items)[1].ends_with("\r\n\r\nFrom me\r\n"));
        assert!(texts(&items)[2].ends_with("\r\n\r\nshort\r\n"));
    }

    #[test]
    fn labels_of_gmail_and_states_of_thunderbird_are_read() {
        let items = read(
            "From 1@xxx Thu Jan 04 12:34:56 +0000 2024\nX-Gmail-Labels: Sent,Orders\n\na\n\nFrom - Thu Jan 04 12:34:56 2024\nX-Mozilla-Status: 0005\n\nb\n",
        );
        assert_eq!((items[0].folder.as_str(), &items[0].also[..]), ("Sent", &["Orders".to_owned()][..]));
        assert_eq!(items[0].marks.system, Flags::SEEN);
        assert_eq!(items[1].marks.system, Flags::SEEN | Flags::FLAGGED);
    }

    #[test]
    fn an_empty_file_has_no_messages_and_another_form_is_named() {
        assert!(read("").is_empty());
        let other = One::read(Cursor::new(b"Subject: x\n"), Path::new("x.eml"), String::new());
        let error = other.err().unwrap().to_string();
        assert!(error.contains("x.eml is no mbox"), "{error}");
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut text = b"From a@b Thu Jan  4 12:34:56 2024\nSubject: ".to_vec();
        text.resize(usize::try_from(MESSAGE_BYTES_MAX).unwrap() + 1_000, b'x');
        text.extend(b"\n\nFrom c@d Fri Jan  5 00:00:00 2024\nSubject: two\n\nlast\n");
        let mut one = One::read(Cursor::new(text), Path::new("test.mbox"), String::new()).unwrap();
        let items: Vec<_> = std::iter::from_fn(|| one.next()).collect();
        assert!(matches!(items[0], Err(Unreadable::TooLong { .. })));
        assert_eq!(texts(&[items.into_iter().nth(1).unwrap().unwrap()]), ["Subject: two\r\n\r\nlast\r\n"]);
    }
}
