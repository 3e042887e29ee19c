//! From a frame to a command.

mod cursor;
mod fetch;
mod mailbox;
mod search;

#[cfg(test)]
#[path = "parse_tests.rs"]
mod tests;

use env::Secret;

use self::cursor::Cursor;
pub(super) use self::cursor::is_atom_char;
use super::command::{Command, Copy, Store, StoreAction};
use super::frame::{Frame, read_tag};
use super::limits::LIST_ITEMS_MAX;
use super::mailbox_name::NameError;

/// Why a command is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// There is no tag to answer to.
    #[error("expected a tag and a command")]
    NoTag,
    /// No command of this name.
    #[error("unknown command")]
    UnknownCommand,
    /// Something else stands at this byte.
    #[error("expected {what} at byte {at}")]
    Expected {
        /// What the grammar has there.
        what: &'static str,
        /// Where, in bytes from the tag's first, literals not counted.
        at: usize,
    },
    /// Read, and not allowed.
    #[error("{0}")]
    Invalid(&'static str),
    /// More than a bound allows.
    #[error("too many {what}, at most {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A search nested too deeply.
    #[error("nested deeper than {0} levels")]
    TooDeep(usize),
    /// A mailbox name that is none.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A charset other than US-ASCII and UTF-8: answered by `NO [BADCHARSET ..]` (RFC 9051 section 6.4.4).
    #[error("charset not supported")]
    Charset,
    /// A transfer of data in an encoding that is not understood.
    #[error("unknown compression mechanism")]
    Compression,
}

fn expected(what: &'static str, at: usize) -> ParseError {
    ParseError::Expected { what, at }
}

fn invalid(why: &'static str) -> ParseError {
    ParseError::Invalid(why)
}

/// A command, or why there is none, with the tag wherever one could be read.
#[derive(Debug)]
pub struct Parsed {
    /// The tag.
    pub tag: Option<String>,
    /// The command.
    pub result: Result<Command, ParseError>,
}

/// Reads a command. `utf8` says whether mailbox names are UTF-8 (after ENABLE) or modified UTF-7.
pub fn parse(frame: Frame, utf8: bool) -> Parsed {
    let Some(tag) = read_tag(&frame.text) else {
        return Parsed { tag: None, result: Err(ParseError::NoTag) };
    };
    let mut cursor = Cursor::new(&frame.text, frame.literals, utf8);
    cursor.run(|byte| byte != b' ');
    let result = read_command(&mut cursor);
    Parsed { tag: Some(tag), result }
}

fn read_command(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let name = cursor.word("a command")?;
    let command = match name.as_str() {
        "UID" => {
            cursor.space()?;
            let name = cursor.word("a command")?;
            read_selected(cursor, name.as_str(), true)?
        }
        name => read_any(cursor, name)?,
    };
    let command = command.ok_or(ParseError::UnknownCommand)?;
    cursor.end()?;
    Ok(command)
}

fn read_any(cursor: &mut Cursor<'_>, name: &str) -> Result<Option<Command>, ParseError> {
    let command = match name {
        "CAPABILITY" => Command::Capability,
        "NOOP" => Command::Noop,
        "LOGOUT" => Command::Logout,
        "STARTTLS" => Command::StartTls,
        "NAMESPACE" => Command::Namespace,
        "IDLE" => Command::Idle,
        "CHECK" => Command::Check,
        "CLOSE" => Command::Close,
        "UNSELECT" => Command::Unselect,
        "ID" => read_id(cursor)?,
        "AUTHENTICATE" => read_authenticate(cursor)?,
        "LOGIN" => read_login(cursor)?,
        "ENABLE" => read_enable(cursor)?,
        "COMPRESS" => read_compress(cursor)?,
        "GETQUOTA" => {
            cursor.space()?;
            Command::GetQuota(cursor.astring("a quota root")?)
        }
        "SETQUOTA" => read_set_quota(cursor)?,
        name => {
            return match mailbox::read(cursor, name)? {
                Some(command) => Ok(Some(command)),
                None => read_selected(cursor, name, false),
            };
        }
    };
    Ok(Some(command))
}

/// Commands upon messages, which exist with UID and without.
fn read_selected(cursor: &mut Cursor<'_>, name: &str, uid: bool) -> Result<Option<Command>, ParseError> {
    let command = match name {
        "EXPUNGE" if uid => {
            cursor.space()?;
            Command::Expunge(Some(cursor.sequence_set()?))
        }
        "EXPUNGE" => Command::Expunge(None),
        "FETCH" => Command::Fetch(Box::new(fetch::read(cursor, uid)?)),
        "STORE" => Command::Store(Box::new(read_store(cursor, uid)?)),
        "COPY" => Command::Copy(read_copy(cursor, uid)?),
        "MOVE" => Command::Move(read_copy(cursor, uid)?),
        "SEARCH" => Command::Search(Box::new(search::read(cursor, uid)?)),
        "SORT" => Command::Sort(Box::new(search::read_sort(cursor, uid)?)),
        "THREAD" => Command::Thread(Box::new(search::read_thread(cursor, uid)?)),
        _ => return Ok(None),
    };
    Ok(Some(command))
}

fn read_copy(cursor: &mut Cursor<'_>, uid: bool) -> Result<Copy, ParseError> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    Ok(Copy { uid, set, mailbox: cursor.mailbox()? })
}

fn read_store(cursor: &mut Cursor<'_>, uid: bool) -> Result<Store, ParseError> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let mut unchanged_since = None;
    if cursor.peek() == Some(b'(') {
        // RFC 7162 section 3.1.3
        cursor.list(false, |cursor| {
            if !cursor.take_word("UNCHANGEDSINCE") {
                return Err(expected("UNCHANGEDSINCE", cursor.at()));
            }
            cursor.space()?;
            unchanged_since = Some(cursor.number64()?);
            Ok(())
        })?;
        cursor.space()?;
    }
    let action = match () {
        () if cursor.take(b'+') => StoreAction::Add,
        () if cursor.take(b'-') => StoreAction::Remove,
        () => StoreAction::Replace,
    };
    let at = cursor.at();
    let is_silent = match cursor.word("FLAGS")?.as_str() {
        "FLAGS" => false,
        "FLAGS.SILENT" => true,
        _ => return Err(expected("FLAGS", at)),
    };
    cursor.space()?;
    let flags = if cursor.peek() == Some(b'(') { cursor.flag_list()? } else { cursor.bare_flags()? };
    Ok(Store { uid, set, action, is_silent, flags, unchanged_since })
}

fn read_id(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let mut fields = Vec::new();
    if !cursor.take_word("NIL") {
        cursor.list(true, |cursor| {
            // RFC 2971 section 3.3: at most 30 fields
            if fields.len() >= 30 {
                return Err(ParseError::TooMany { what: "ID fields", limit: 30 });
            }
            let name = cursor.string_bytes("a field name")?;
            let name = String::from_utf8_lossy(&name).into_owned();
            cursor.space()?;
            fields.push((name, cursor.nstring("a field value")?));
            Ok(())
        })?;
    }
    Ok(Command::Id(fields))
}

fn read_authenticate(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let mechanism = cursor.word("a SASL mechanism")?.as_str().to_owned();
    let initial = if cursor.take(b' ') {
        let at = cursor.at();
        let initial = cursor.run(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte));
        if initial.is_empty() {
            return Err(expected("an initial response in base64", at));
        }
        Some(Secret::new(initial.to_vec()))
    } else {
        None
    };
    Ok(Command::Authenticate { mechanism, initial })
}

fn read_login(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let user = cursor.astring("a user name")?;
    cursor.space()?;
    let password = cursor.astring_bytes("a password")?.into_owned();
    Ok(Command::Login { user, password: Secret::new(password) })
}

fn read_enable(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    let mut names = Vec::new();
    cursor.space()?;
    for _ in 0..LIST_ITEMS_MAX {
        names.push(cursor.atom("a capability")?.to_ascii_uppercase());
        if !cursor.take(b' ') {
            return Ok(Command::Enable(names));
        }
    }
    Err(ParseError::TooMany { what: "capabilities", limit: LIST_ITEMS_MAX })
}

fn read_compress(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    match cursor.word("a compression mechanism")?.as_str() {
        "DEFLATE" => Ok(Command::Compress),
        _ => Err(ParseError::Compression),
    }
}

fn read_set_quota(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let root = cursor.astring("a quota root")?;
    cursor.space()?;
    let mut limits = Vec::new();
    cursor.list(true, |cursor| {
        let resource = cursor.atom("a resource name")?.to_ascii_uppercase();
        cursor.space()?;
        limits.push((resource, cursor.number64()?));
        Ok(())
    })?;
    Ok(Command::SetQuota { root, limits })
}
