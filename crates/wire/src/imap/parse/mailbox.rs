//! Commands upon mailboxes.

use super::cursor::Cursor;
use super::{ParseError, expected, invalid};
use crate::imap::command::{
    AclChange, AppendMessage, Command, List, ListReturn, ListSelect, Qresync, Select, SpecialUse, StatusItem,
};
use crate::imap::datetime::DateTime;
use crate::imap::flag::Flags;
use crate::imap::limits::{APPEND_MESSAGES_MAX, LIST_ITEMS_MAX};
use crate::imap::mailbox_name::{MailboxName, SEPARATOR};

/// Every right of RFC 4314 section 2.1, with the two of section 2.1.1 that stand for others.
const RIGHTS: &[u8] = b"lrswipkxteacd";

pub(super) fn read(cursor: &mut Cursor<'_>, name: &str) -> Result<Option<Command>, ParseError> {
    let one = |cursor: &mut Cursor<'_>| {
        cursor.space()?;
        cursor.mailbox()
    };
    let command = match name {
        "SELECT" => read_select(cursor, false)?,
        "EXAMINE" => read_select(cursor, true)?,
        "CREATE" => read_create(cursor)?,
        "DELETE" => Command::Delete(one(cursor)?),
        "RENAME" => {
            let from = one(cursor)?;
            Command::Rename { from, to: one(cursor)? }
        }
        "SUBSCRIBE" => Command::Subscribe(one(cursor)?),
        "UNSUBSCRIBE" => Command::Unsubscribe(one(cursor)?),
        "LIST" => read_list(cursor)?,
        "LSUB" => {
            cursor.space()?;
            let reference = cursor.list_mailbox()?;
            cursor.space()?;
            Command::Lsub { reference, pattern: cursor.list_mailbox()? }
        }
        "STATUS" => {
            let mailbox = one(cursor)?;
            cursor.space()?;
            Command::Status { mailbox, items: read_status_items(cursor)? }
        }
        "APPEND" => read_append(cursor)?,
        "GETACL" => Command::GetAcl(one(cursor)?),
        "MYRIGHTS" => Command::MyRights(one(cursor)?),
        "LISTRIGHTS" => {
            let mailbox = one(cursor)?;
            Command::ListRights { mailbox, identifier: read_identifier(cursor)? }
        }
        "DELETEACL" => {
            let mailbox = one(cursor)?;
            Command::DeleteAcl { mailbox, identifier: read_identifier(cursor)? }
        }
        "SETACL" => read_set_acl(cursor)?,
        "GETQUOTAROOT" => Command::GetQuotaRoot(one(cursor)?),
        _ => return Ok(None),
    };
    Ok(Some(command))
}

fn read_select(cursor: &mut Cursor<'_>, read_only: bool) -> Result<Command, ParseError> {
    cursor.space()?;
    let mut select = Select { mailbox: cursor.mailbox()?, read_only, condstore: false, qresync: None };
    if cursor.take(b' ') {
        cursor.list(false, |cursor| {
            let at = cursor.at();
            match cursor.word("a SELECT parameter")?.as_str() {
                "CONDSTORE" => select.condstore = true,
                "QRESYNC" => {
                    cursor.space()?;
                    select.qresync = Some(read_qresync(cursor)?);
                }
                _ => return Err(expected("CONDSTORE or QRESYNC", at)),
            }
            Ok(())
        })?;
    }
    Ok(Command::Select(select))
}

/// `(uidvalidity modseq [known-uids] [(known-sequences known-uids)])`, RFC 7162 section 3.2.5
fn read_qresync(cursor: &mut Cursor<'_>) -> Result<Qresync, ParseError> {
    cursor.open()?;
    let uid_validity = cursor.nz_number()?;
    cursor.space()?;
    let mod_seq = cursor.number64()?;
    let mut qresync = Qresync { uid_validity, mod_seq, known_uids: None, sequence_match: None };
    let mut has_more = cursor.take(b' ');
    if has_more && cursor.peek() != Some(b'(') {
        qresync.known_uids = Some(cursor.sequence_set()?);
        has_more = cursor.take(b' ');
    }
    if has_more {
        cursor.open()?;
        let numbers = cursor.sequence_set()?;
        cursor.space()?;
        qresync.sequence_match = Some((numbers, cursor.sequence_set()?));
        cursor.close()?;
    }
    cursor.close()?;
    Ok(qresync)
}

fn read_create(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let mut mailbox = cursor.mailbox()?;
    // A trailing separator only announces children (RFC 9051 section 6.3.4).
    let mut is_parent = false;
    if let Some(parent) = mailbox.as_str().strip_suffix(SEPARATOR) {
        mailbox = MailboxName::new(parent);
        is_parent = true;
    }
    let mut uses = Vec::new();
    if cursor.take(b' ') {
        cursor.list(true, |cursor| {
            if !cursor.take_word("USE") {
                return Err(expected("USE", cursor.at()));
            }
            cursor.space()?;
            cursor.list(true, |cursor| {
                uses.push(read_special_use(cursor)?);
                Ok(())
            })
        })?;
    }
    Ok(Command::Create { mailbox, is_parent, uses })
}

fn read_special_use(cursor: &mut Cursor<'_>) -> Result<SpecialUse, ParseError> {
    cursor.need(b'\\', "a special use")?;
    let name = cursor.atom("a special use")?;
    SpecialUse::ALL
        .into_iter()
        .find(|known| known.name()[1..].eq_ignore_ascii_case(name))
        .ok_or_else(|| invalid("unknown special use"))
}

fn read_list(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    let mut list = List::default();
    cursor.space()?;
    if cursor.peek() == Some(b'(') {
        list.is_extended = true;
        list.select = read_list_select(cursor)?;
        cursor.space()?;
    }
    list.reference = cursor.list_mailbox()?;
    cursor.space()?;
    if cursor.peek() == Some(b'(') {
        list.is_extended = true;
        let patterns = &mut list.patterns;
        cursor.list(false, |cursor| {
            patterns.push(cursor.list_mailbox()?);
            Ok(())
        })?;
    } else {
        list.patterns.push(cursor.list_mailbox()?);
    }
    if cursor.take(b' ') {
        list.is_extended = true;
        if !cursor.take_word("RETURN") {
            return Err(expected("RETURN", cursor.at()));
        }
        cursor.space()?;
        list.returns = read_list_return(cursor)?;
    }
    // Options that select by a property also return it (RFC 5258 section 3.1, RFC 6154 section 5.2).
    list.returns.subscribed |= list.select.subscribed;
    list.returns.special_use |= list.select.special_use;
    Ok(Command::List(list))
}

fn read_list_select(cursor: &mut Cursor<'_>) -> Result<ListSelect, ParseError> {
    let mut select = ListSelect::default();
    cursor.list(true, |cursor| {
        let at = cursor.at();
        match cursor.word("a selection option")?.as_str() {
            "SUBSCRIBED" => select.subscribed = true,
            "REMOTE" => select.remote = true,
            "RECURSIVEMATCH" => select.recursive_match = true,
            "SPECIAL-USE" => select.special_use = true,
            _ => return Err(expected("a known selection option", at)),
        }
        Ok(())
    })?;
    // RFC 5258 section 3.1: RECURSIVEMATCH needs something to match.
    if select.recursive_match && !select.subscribed && !select.special_use {
        return Err(invalid("RECURSIVEMATCH needs another selection option"));
    }
    Ok(select)
}

fn read_list_return(cursor: &mut Cursor<'_>) -> Result<ListReturn, ParseError> {
    let mut returns = ListReturn::default();
    cursor.list(true, |cursor| {
        let at = cursor.at();
        match cursor.word("a return option")?.as_str() {
            "SUBSCRIBED" => returns.subscribed = true,
            "CHILDREN" => returns.children = true,
            "SPECIAL-USE" => returns.special_use = true,
            "STATUS" => {
                cursor.space()?;
                returns.status = read_status_items(cursor)?;
            }
            _ => return Err(expected("a known return option", at)),
        }
        Ok(())
    })?;
    Ok(returns)
}

fn read_status_items(cursor: &mut Cursor<'_>) -> Result<Vec<StatusItem>, ParseError> {
    let mut items = Vec::new();
    cursor.list(false, |cursor| {
        let at = cursor.at();
        let word = cursor.word("a status item")?;
        let known = StatusItem::NAMES.iter().find(|(_, name)| *name == word.as_str());
        let (item, _) = known.ok_or_else(|| expected("a known status item", at))?;
        if !items.contains(item) {
            items.push(*item);
        }
        Ok(())
    })?;
    Ok(items)
}

fn read_identifier(cursor: &mut Cursor<'_>) -> Result<String, ParseError> {
    cursor.space()?;
    cursor.astring("an identifier")
}

/// `SETACL mailbox identifier [+|-]rights` (RFC 4314 section 3.1)
fn read_set_acl(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    let identifier = read_identifier(cursor)?;
    cursor.space()?;
    let given = cursor.astring("rights")?;
    let (change, rights) = match given.split_at_checked(1) {
        Some(("+", rights)) => (AclChange::Add, rights),
        Some(("-", rights)) => (AclChange::Remove, rights),
        _ => (AclChange::Replace, given.as_str()),
    };
    // RFC 4314 section 3.1: an unrecognised right is BAD.
    if !rights.bytes().all(|right| RIGHTS.contains(&right)) {
        return Err(invalid("unknown right"));
    }
    Ok(Command::SetAcl { mailbox, identifier, change, rights: rights.to_owned() })
}

fn read_append(cursor: &mut Cursor<'_>) -> Result<Command, ParseError> {
    cursor.space()?;
    let mailbox = cursor.mailbox()?;
    let mut messages = Vec::new();
    while cursor.take(b' ') {
        if messages.len() >= APPEND_MESSAGES_MAX {
            return Err(ParseError::TooMany { what: "messages", limit: APPEND_MESSAGES_MAX });
        }
        messages.push(read_append_message(cursor)?);
    }
    if messages.is_empty() {
        return Err(expected("a message", cursor.at()));
    }
    Ok(Command::Append { mailbox, messages })
}

fn read_append_message(cursor: &mut Cursor<'_>) -> Result<AppendMessage, ParseError> {
    let mut flags = Flags::default();
    if cursor.peek() == Some(b'(') {
        flags = cursor.flag_list()?;
        cursor.space()?;
    }
    let mut date = None;
    if cursor.peek() == Some(b'"') {
        let at = cursor.at();
        let text = cursor.string_bytes("a date-time")?;
        date = Some(DateTime::parse(&text).ok_or_else(|| expected("a date-time", at))?);
        cursor.space()?;
    }
    let is_utf8 = cursor.take_word("UTF8");
    if is_utf8 {
        cursor.space()?;
        cursor.open()?;
    }
    let is_binary = cursor.take(b'~');
    if is_utf8 && !is_binary {
        return Err(expected("a literal8", cursor.at()));
    }
    let data = cursor.literal()?;
    if is_utf8 {
        cursor.close()?;
    } else if !is_binary && memchr::memchr(0, &data).is_some() {
        // CHAR8 leaves NUL out; only literal8 may hold it (RFC 3516 section 4.4).
        return Err(invalid("message holds a NUL and is no literal8"));
    }
    Ok(AppendMessage { flags, date, data, is_binary, is_utf8 })
}

const _: () = assert!(LIST_ITEMS_MAX >= StatusItem::NAMES.len());
