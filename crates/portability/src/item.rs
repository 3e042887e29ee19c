//! A message on its way, and why one cannot be read.

use std::io;
use std::path::PathBuf;

use env::Timestamp;
use mailbox::{Flags, keywords};

/// Longest message that is brought, in octets. Longer ones are named and left out.
pub const MESSAGE_BYTES_MAX: u64 = 150 << 20;

/// Keywords of one message that are looked at.
const KEYWORDS_MAX: usize = 64;

/// Flags as other systems write them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// Bits of the system flags.
    pub system: u8,
    /// Keywords by their names, each once.
    pub keywords: Vec<String>,
}

impl Marks {
    /// Adds a flag by its name, as IMAP writes it. System flags that we do not have (`\Recent`) are passed over. What begins with `$` is a keyword,
    /// whatever it is called: nobody's `$deleted` removes a message.
    pub fn add(&mut self, name: &str) {
        match keywords::system_flag(name).filter(|_| name.starts_with('\\')) {
            Some(bit) => self.system |= bit,
            None if name.is_empty() || name.starts_with('\\') => {}
            None if self.keywords.iter().any(|known| known.eq_ignore_ascii_case(name)) => {}
            None if self.keywords.len() >= KEYWORDS_MAX => {}
            None => self.keywords.push(name.to_owned()),
        }
    }

    /// Adds a flag by its name, as our own lists have it: system flags begin with `$`.
    pub(crate) fn add_noted(&mut self, name: &str) {
        match keywords::system_flag(name) {
            Some(bit) => self.system |= bit,
            None => self.add(name),
        }
    }

    /// Whether one of these system flags is set.
    #[must_use]
    pub const fn has(&self, bits: u8) -> bool {
        self.system & bits != 0
    }

    /// Sets system flags.
    pub(crate) fn set(&mut self, bits: u8) {
        self.system |= bits & Flags::SYSTEM;
    }
}

/// A message as another system kept it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// What it is called where it comes from, for people.
    pub name: String,
    /// The message with CRLF line endings.
    pub raw: Vec<u8>,
    /// When it arrived, if the other system knew.
    pub received: Option<Timestamp>,
    /// Its flags.
    pub marks: Marks,
    /// Folders that it is in, levels divided by '/', relative to where it is brought; the first is empty for that folder itself.
    pub folder: String,
    /// Further folders of the same message.
    pub also: Vec<String>,
}

/// What cannot be read, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// A file cannot be read.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is not of the form that was named.
    #[error("{} is no {form}: {why}", path.display())]
    NotOfForm {
        /// The file.
        path: PathBuf,
        /// The form that it should have.
        form: &'static str,
        /// What was found.
        why: String,
    },
    /// A message is too long.
    #[error("{name}: longer than {} MiB; it was left out, keep it elsewhere", MESSAGE_BYTES_MAX >> 20)]
    TooLong {
        /// The message.
        name: String,
    },
    /// What should be a message is none.
    #[error("{name}: {why}; it was left out, look at it with a text editor")]
    NoMessage {
        /// Where it was.
        name: String,
        /// What was found.
        why: &'static str,
    },
    /// Not a plain file or directory.
    #[error("{}: a link or a device; it was left out, bring what it leads to by itself", path.display())]
    NotPlain {
        /// Where it is.
        path: PathBuf,
    },
    /// What an archive's list says of a message does not hold.
    #[error(
        "{name}: it is not what the list in the archive says ({why}); it was left out, make or fetch the archive again"
    )]
    Damaged {
        /// The entry.
        name: String,
        /// What differs.
        why: &'static str,
    },
    /// An archive grows too much.
    #[error(
        "{}: it unpacks to more than {ratio} times its size, which no archive of mail does; what is left of it was not read, unpack it by hand",
        path.display()
    )]
    Swells {
        /// The archive.
        path: PathBuf,
        /// How often its size.
        ratio: u64,
    },
}

impl Unreadable {
    pub(crate) fn io(path: &std::path::Path, cause: io::Error) -> Self {
        Self::Io { path: path.to_owned(), cause }
    }
}

/// Whether `raw` begins as a message does: with a header field (RFC 5322 section 2.2).
pub(crate) fn check_message(name: &str, raw: &[u8]) -> Result<(), Unreadable> {
    let no_message = |why| Err(Unreadable::NoMessage { name: name.to_owned(), why });
    if raw.iter().all(u8::is_ascii_whitespace) {
        return no_message("it is empty");
    }
    let field = raw.split(|byte| *byte == b':').next().unwrap_or_default();
    let is_field = field.len() < raw.len() && !field.is_empty() && field.iter().all(|byte| matches!(byte, b'!'..=b'~'));
    if is_field { Ok(()) } else { no_message("it does not begin with a header field") }
}

/// `raw` with every line ending made CRLF, as messages are kept (RFC 5322 section 2.3). What has CRLF at its first line end is in that form.
pub(crate) fn with_crlf(raw: Vec<u8>) -> Vec<u8> {
    match memchr::memchr(b'\n', &raw) {
        None => raw,
        Some(at) if at > 0 && raw[at - 1] == b'\r' => raw,
        Some(_) => {
            let mut message = Vec::with_capacity(raw.len() + raw.len() / 32);
            let mut last = 0;
            for byte in raw {
                if byte == b'\n' && last != b'\r' {
                    message.push(b'\r');
                }
                message.push(byte);
                last = byte;
            }
            message
        }
    }
}

/// `raw` with plain line feeds, as files have it; none if it has line feeds or returns of their own, which would not come back.
pub(crate) fn with_lf(raw: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr2(b'\r', b'\n', rest) {
        if rest.get(at..at + 2) != Some(b"\r\n") {
            return None;
        }
        plain.extend_from_slice(&rest[..at]);
        plain.push(b'\n');
        rest = &rest[at + 2..];
    }
    plain.extend_from_slice(rest);
    Some(plain)
}

/// A SHA-256 as it is written.
pub(crate) fn hex(hash: &[u8]) -> String {
    hash.iter().map(|octet| format!("{octet:02x}")).collect()
}
