//! FETCH and its items.

use super::cursor::Cursor;
use super::{ParseError, expected, invalid};
use crate::imap::fetch::{Fetch, FetchItem, Partial, Section, SectionText};
use crate::imap::limits::SECTION_DEPTH_MAX;

pub(super) fn read(cursor: &mut Cursor<'_>, uid: bool) -> Result<Fetch, ParseError> {
    cursor.space()?;
    let set = cursor.sequence_set()?;
    cursor.space()?;
    let mut fetch = Fetch { uid, set, items: Vec::new(), changed_since: None, vanished: false };
    let items = &mut fetch.items;
    if cursor.peek() == Some(b'(') {
        cursor.list(false, |cursor| {
            let item = read_item(cursor)?;
            push(items, item);
            Ok(())
        })?;
    } else if let Some(expanded) = read_macro(cursor) {
        *items = expanded;
    } else {
        items.push(read_item(cursor)?);
    }
    if cursor.take(b' ') {
        read_modifiers(cursor, &mut fetch)?;
    }
    Ok(fetch)
}

/// Asked twice is answered once.
fn push(items: &mut Vec<FetchItem>, item: FetchItem) {
    if !items.contains(&item) {
        items.push(item);
    }
}

fn read_macro(cursor: &mut Cursor<'_>) -> Option<Vec<FetchItem>> {
    use FetchItem::{Body, Envelope, Flags, InternalDate, Rfc822Size};
    let fast = [Flags, InternalDate, Rfc822Size];
    if cursor.take_word("FAST") {
        Some(fast.into())
    } else if cursor.take_word("ALL") {
        Some(fast.into_iter().chain([Envelope]).collect())
    } else if cursor.take_word("FULL") {
        Some(fast.into_iter().chain([Envelope, Body]).collect())
    } else {
        None
    }
}

fn read_item(cursor: &mut Cursor<'_>) -> Result<FetchItem, ParseError> {
    let at = cursor.at();
    let word = cursor.word("a FETCH item")?;
    let has_section = cursor.peek() == Some(b'[');
    Ok(match word.as_str() {
        "UID" => FetchItem::Uid,
        "FLAGS" => FetchItem::Flags,
        "INTERNALDATE" => FetchItem::InternalDate,
        "ENVELOPE" => FetchItem::Envelope,
        "BODY" if has_section => read_section_item(cursor, false)?,
        "BODY.PEEK" if has_section => read_section_item(cursor, true)?,
        "BODY" => FetchItem::Body,
        "BODYSTRUCTURE" => FetchItem::BodyStructure,
        "RFC822" => FetchItem::Rfc822,
        "RFC822.HEADER" => FetchItem::Rfc822Header,
        "RFC822.TEXT" => FetchItem::Rfc822Text,
        "RFC822.SIZE" => FetchItem::Rfc822Size,
        "BINARY" => read_binary(cursor, false)?,
        "BINARY.PEEK" => read_binary(cursor, true)?,
        "BINARY.SIZE" => FetchItem::BinarySize(read_binary_part(cursor)?),
        "MODSEQ" => FetchItem::ModSeq,
        "EMAILID" => FetchItem::EmailId,
        "THREADID" => FetchItem::ThreadId,
        "SAVEDATE" => FetchItem::SaveDate,
        "PREVIEW" => read_preview(cursor)?,
        _ => return Err(expected("a known FETCH item", at)),
    })
}

/// RFC 8970 section 3.1: `PREVIEW (LAZY)`
fn read_preview(cursor: &mut Cursor<'_>) -> Result<FetchItem, ParseError> {
    let mut lazy = false;
    if cursor.rest().starts_with(b" (") {
        cursor.space()?;
        cursor.list(false, |cursor| {
            if !cursor.take_word("LAZY") {
                return Err(expected("LAZY", cursor.at()));
            }
            lazy = true;
            Ok(())
        })?;
    }
    Ok(FetchItem::Preview { lazy })
}

fn read_section_item(cursor: &mut Cursor<'_>, peek: bool) -> Result<FetchItem, ParseError> {
    cursor.need(b'[', "\"[\"")?;
    let mut section = Section { part: read_part(cursor)?, text: SectionText::Whole };
    let ends_in_part = !section.part.is_empty();
    if cursor.peek() != Some(b']') {
        if ends_in_part {
            cursor.need(b'.', "\".\" or \"]\"")?;
        }
        section.text = read_section_text(cursor, ends_in_part)?;
    }
    cursor.need(b']', "\"]\"")?;
    Ok(FetchItem::Section { section, peek, partial: read_partial(cursor)? })
}

/// `1.2.3`; stops before the dot that a word follows.
fn read_part(cursor: &mut Cursor<'_>) -> Result<Vec<u32>, ParseError> {
    let mut part = Vec::new();
    while cursor.peek().is_some_and(|byte| byte.is_ascii_digit()) {
        if part.len() >= SECTION_DEPTH_MAX {
            return Err(ParseError::TooMany { what: "part numbers", limit: SECTION_DEPTH_MAX });
        }
        part.push(cursor.nz_number()?);
        let is_more = matches!(cursor.rest(), [b'.', digit, ..] if digit.is_ascii_digit());
        if !is_more {
            break;
        }
        cursor.take(b'.');
    }
    Ok(part)
}

fn read_section_text(cursor: &mut Cursor<'_>, has_part: bool) -> Result<SectionText, ParseError> {
    let at = cursor.at();
    Ok(match cursor.word("a section")?.as_str() {
        "HEADER" => SectionText::Header,
        "HEADER.FIELDS" => SectionText::HeaderFields(read_field_names(cursor)?),
        "HEADER.FIELDS.NOT" => SectionText::HeaderFieldsNot(read_field_names(cursor)?),
        "TEXT" => SectionText::Text,
        "MIME" if has_part => SectionText::Mime,
        "MIME" => return Err(invalid("MIME needs a part number")),
        _ => return Err(expected("a known section", at)),
    })
}

fn read_field_names(cursor: &mut Cursor<'_>) -> Result<Vec<String>, ParseError> {
    let mut names = Vec::new();
    cursor.space()?;
    cursor.list(false, |cursor| {
        let at = cursor.at();
        let name = cursor.astring("a field name")?;
        // Repeated in the answer, so only what a field name can be (RFC 5322 section 3.6.8).
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
            return Err(expected("a field name", at));
        }
        names.push(name);
        Ok(())
    })?;
    Ok(names)
}

fn read_partial(cursor: &mut Cursor<'_>) -> Result<Option<Partial>, ParseError> {
    if !cursor.take(b'<') {
        return Ok(None);
    }
    let offset = cursor.number64()?;
    cursor.need(b'.', "\".\"")?;
    let at = cursor.at();
    let length = cursor.number64()?;
    if length == 0 {
        return Err(expected("a number above 0", at));
    }
    cursor.need(b'>', "\">\"")?;
    Ok(Some(Partial { offset, length }))
}

fn read_binary(cursor: &mut Cursor<'_>, peek: bool) -> Result<FetchItem, ParseError> {
    let part = read_binary_part(cursor)?;
    Ok(FetchItem::Binary { part, peek, partial: read_partial(cursor)? })
}

fn read_binary_part(cursor: &mut Cursor<'_>) -> Result<Vec<u32>, ParseError> {
    cursor.need(b'[', "\"[\"")?;
    let part = read_part(cursor)?;
    cursor.need(b']', "\"]\"")?;
    Ok(part)
}

/// RFC 7162 sections 3.1.4.1 and 3.2.6
fn read_modifiers(cursor: &mut Cursor<'_>, fetch: &mut Fetch) -> Result<(), ParseError> {
    cursor.list(false, |cursor| {
        let at = cursor.at();
        match cursor.word("a FETCH modifier")?.as_str() {
            "CHANGEDSINCE" => {
                cursor.space()?;
                fetch.changed_since = Some(cursor.number64()?);
            }
            "VANISHED" => fetch.vanished = true,
            _ => return Err(expected("CHANGEDSINCE or VANISHED", at)),
        }
        Ok(())
    })?;
    if fetch.vanished && (!fetch.uid || fetch.changed_since.is_none()) {
        return Err(invalid("VANISHED needs UID FETCH and CHANGEDSINCE"));
    }
    Ok(())
}
