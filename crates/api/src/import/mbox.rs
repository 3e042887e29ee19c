//! Mbox files: messages behind `From ` lines (RFC 4155). Reads both ways of quoting: `>From ` lines lose one `>` (mboxrd).

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

use env::{Civil, Timestamp};

use super::{ImportError, Imported, ImportedFlags, MESSAGE_BYTES_MAX, with_crlf};

/// Messages of an mbox file.
pub(crate) struct Mbox<R> {
    lines: R,
    path: PathBuf,
    /// The `From ` line of the message to come.
    separator: Option<Vec<u8>>,
}

impl Mbox<BufReader<File>> {
    /// Opens the file at `path`.
    ///
    /// # Errors
    /// [`ImportError`] if it cannot be read or does not begin with a `From ` line.
    pub(crate) fn open(path: &Path) -> Result<Self, ImportError> {
        let file = File::open(path).map_err(|cause| ImportError::Io { path: path.to_owned(), cause })?;
        Self::read(BufReader::with_capacity(1 << 18, file), path)
    }
}

impl<R: BufRead> Mbox<R> {
    fn read(lines: R, path: &Path) -> Result<Self, ImportError> {
        let mut mbox = Self { lines, path: path.to_owned(), separator: None };
        let first = mbox.line()?;
        if first.starts_with(b"From ") {
            mbox.separator = Some(first);
        } else if !first.is_empty() {
            let why = format!(
                "its first line is not `From ...` but `{}`",
                String::from_utf8_lossy(first.get(..40).unwrap_or(&first)).trim_end()
            );
            return Err(ImportError::NotOfForm { path: mbox.path, form: "mbox", why });
        }
        Ok(mbox)
    }

    /// The next line with its ending; empty at the end of the file.
    fn line(&mut self) -> Result<Vec<u8>, ImportError> {
        let mut line = Vec::new();
        let read = self.lines.read_until(b'\n', &mut line);
        read.map_err(|cause| ImportError::Io { path: self.path.clone(), cause })?;
        Ok(line)
    }

    fn message(&mut self, separator: &[u8]) -> Result<Imported, ImportError> {
        let mut raw = Vec::new();
        let mut too_long = false;
        let mut after_blank = true;
        loop {
            let line = self.line()?;
            if line.is_empty() || after_blank && is_separator(&line) {
                self.separator = (!line.is_empty()).then_some(line);
                break;
            }
            after_blank = matches!(line.as_slice(), b"\n" | b"\r\n");
            too_long = too_long || raw.len() + line.len() > MESSAGE_BYTES_MAX;
            if !too_long {
                raw.extend_from_slice(unquote(&line));
            }
        }
        if too_long {
            return Err(ImportError::TooLong { path: self.path.clone() });
        }
        // The blank line before the next separator belongs to the file, not to the message.
        let mut raw = with_crlf(&raw);
        if raw.ends_with(b"\r\n\r\n") {
            raw.truncate(raw.len() - 2);
        }
        Ok(Imported { flags: status_flags(&raw), received: separator_date(separator), raw, folder: String::new() })
    }
}

impl<R: BufRead> Iterator for Mbox<R> {
    type Item = Result<Imported, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        let separator = self.separator.take()?;
        Some(self.message(&separator))
    }
}

fn is_separator(line: &[u8]) -> bool {
    line.starts_with(b"From ")
}

fn unquote(line: &[u8]) -> &[u8] {
    let quoted = line.iter().take_while(|byte| **byte == b'>').count();
    if quoted > 0 && line.get(quoted..).is_some_and(|rest| rest.starts_with(b"From ")) {
        line.get(1..).unwrap_or(line)
    } else {
        line
    }
}

/// The date of a `From sender Thu Jan  4 12:34:56 2024` line, taken as UTC.
fn separator_date(line: &[u8]) -> Option<Timestamp> {
    let text = std::str::from_utf8(line).ok()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let (month, at) = words.iter().enumerate().find_map(|(at, word)| Some((month_number(word)?, at)))?;
    let day = words.get(at + 1)?.parse().ok()?;
    let mut clock = words.get(at + 2)?.split(':').map(|part| part.parse::<u8>().ok());
    let (hour, minute, second) = (clock.next()??, clock.next()??, clock.next().flatten().unwrap_or(0));
    let year = words.iter().skip(at + 3).find_map(|word| word.parse().ok().filter(|year| *year > 1969))?;
    Some(Timestamp::from_civil(Civil { year, month, day, hour, minute, second, weekday: 0 }))
}

fn month_number(word: &str) -> Option<u8> {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES.iter().position(|name| *name == word).and_then(|at| u8::try_from(at + 1).ok())
}

/// Flags from the `Status` and `X-Status` fields that mbox readers write.
fn status_flags(raw: &[u8]) -> ImportedFlags {
    let mut flags = ImportedFlags::default();
    let header = raw.split(|byte| *byte == b'\n').take_while(|line| !matches!(*line, b"" | b"\r"));
    for line in header {
        let Some((name, value)) = line.split_at_checked(line.iter().position(|byte| *byte == b':').unwrap_or(0)) else {
            continue;
        };
        if name.eq_ignore_ascii_case(b"status") || name.eq_ignore_ascii_case(b"x-status") {
            flags.seen |= value.contains(&b'R');
            flags.answered |= value.contains(&b'A');
            flags.flagged |= value.contains(&b'F');
            flags.deleted |= value.contains(&b'D');
            flags.draft |= value.contains(&b'T');
        }
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<Imported> {
        Mbox::read(text.as_bytes(), Path::new("test.mbox")).unwrap().map(Result::unwrap).collect()
    }

    #[test]
    fn messages_flags_and_dates() {
        let text = "From a@b Thu Jan  4 12:34:56 2024\nSubject: one\nStatus: RO\nX-Status: AF\n\nbody\n>From here\n>>From there\nFrom inside\n\n\
                    From c@d Fri Jan  5 00:00:00 2024\nSubject: two\n\nlast\n";
        let messages = read(text);
        assert_eq!(messages.len(), 2);
        assert_eq!(
            messages[0].raw,
            b"Subject: one\r\nStatus: RO\r\nX-Status: AF\r\n\r\nbody\r\nFrom here\r\n>From there\r\nFrom inside\r\n"
        );
        assert_eq!(messages[0].received.unwrap().to_string(), "2024-01-04T12:34:56Z");
        assert!(
            messages[0].flags.seen
                && messages[0].flags.answered
                && messages[0].flags.flagged
                && !messages[0].flags.draft
        );
        assert_eq!(messages[1].raw, b"Subject: two\r\n\r\nlast\r\n");
    }

    #[test]
    fn an_empty_file_has_no_messages_and_another_form_is_named() {
        assert!(read("").is_empty());
        let error = Mbox::read(&b"Subject: x\n"[..], Path::new("x.eml")).err().unwrap().to_string();
        assert!(error.contains("x.eml is no mbox"), "{error}");
    }
}
