//! SEARCH, SORT and THREAD.

use super::cursor::Cursor;
use super::{ParseError, expected};
use crate::imap::datetime::Date;
use crate::imap::flag::SystemFlags;
use crate::imap::limits::{SEARCH_DEPTH_MAX, SEARCH_KEYS_MAX};
use crate::imap::search::{Search, SearchKey, SearchReturn, Sort, SortCriterion, SortKey, Thread, ThreadAlgorithm};

pub(super) fn read(cursor: &mut Cursor<'_>, uid: bool) -> Result<Search, ParseError> {
    cursor.space()?;
    let mut returns = None;
    if cursor.take_word("RETURN") {
        cursor.space()?;
        returns = Some(read_returns(cursor)?);
        cursor.space()?;
    }
    if cursor.take_word("CHARSET") {
        cursor.space()?;
        match check_charset(cursor) {
            Err(ParseError::Charset) if returns.is_some_and(|returns| returns.save) => {
                cursor.skip_rest();
                return Ok(Search { uid, returns, key: SearchKey::All, has_unknown_charset: true });
            }
            checked => checked?,
        }
        cursor.space()?;
    }
    Ok(Search { uid, returns, key: read_program(cursor)?, has_unknown_charset: false })
}

pub(super) fn read_sort(cursor: &mut Cursor<'_>, uid: bool) -> Result<Sort, ParseError> {
    cursor.space()?;
    let mut criteria = Vec::new();
    cursor.list(false, |cursor| {
        criteria.push(read_criterion(cursor)?);
        Ok(())
    })?;
    cursor.space()?;
    check_charset(cursor)?;
    cursor.space()?;
    Ok(Sort { uid, criteria, key: read_program(cursor)? })
}

pub(super) fn read_thread(cursor: &mut Cursor<'_>, uid: bool) -> Result<Thread, ParseError> {
    cursor.space()?;
    let at = cursor.at();
    let algorithm = match cursor.word("a threading algorithm")?.as_str() {
        "ORDEREDSUBJECT" => ThreadAlgorithm::OrderedSubject,
        "REFERENCES" => ThreadAlgorithm::References,
        _ => return Err(expected("ORDEREDSUBJECT or REFERENCES", at)),
    };
    cursor.space()?;
    check_charset(cursor)?;
    cursor.space()?;
    Ok(Thread { uid, algorithm, key: read_program(cursor)? })
}

/// Texts are UTF-8 in either charset that must be understood (RFC 9051 section 6.4.4).
fn check_charset(cursor: &mut Cursor<'_>) -> Result<(), ParseError> {
    let charset = cursor.astring("a charset")?;
    let is_known = ["UTF-8", "US-ASCII"].iter().any(|known| known.eq_ignore_ascii_case(&charset));
    if is_known { Ok(()) } else { Err(ParseError::Charset) }
}

fn read_criterion(cursor: &mut Cursor<'_>) -> Result<SortCriterion, ParseError> {
    let reverse = cursor.take_word("REVERSE");
    if reverse {
        cursor.space()?;
    }
    let at = cursor.at();
    let key = match cursor.word("a sort key")?.as_str() {
        "ARRIVAL" => SortKey::Arrival,
        "CC" => SortKey::Cc,
        "DATE" => SortKey::Date,
        "FROM" => SortKey::From,
        "SIZE" => SortKey::Size,
        "SUBJECT" => SortKey::Subject,
        "TO" => SortKey::To,
        "DISPLAYFROM" => SortKey::DisplayFrom,
        "DISPLAYTO" => SortKey::DisplayTo,
        _ => return Err(expected("a known sort key", at)),
    };
    Ok(SortCriterion { key, reverse })
}

fn read_returns(cursor: &mut Cursor<'_>) -> Result<SearchReturn, ParseError> {
    let mut returns = SearchReturn::default();
    cursor.list(true, |cursor| {
        let at = cursor.at();
        match cursor.word("a result option")?.as_str() {
            "MIN" => returns.min = true,
            "MAX" => returns.max = true,
            "ALL" => returns.all = true,
            "COUNT" => returns.count = true,
            "SAVE" => returns.save = true,
            _ => return Err(expected("a known result option", at)),
        }
        Ok(())
    })?;
    // RFC 4731 section 3.1: `RETURN ()` is `RETURN (ALL)`.
    if returns == SearchReturn::default() {
        returns.all = true;
    }
    Ok(returns)
}

/// Counts the keys of one search and watches its depth.
struct Program<'c, 'a> {
    cursor: &'c mut Cursor<'a>,
    keys: usize,
}

fn read_program(cursor: &mut Cursor<'_>) -> Result<SearchKey, ParseError> {
    Program { cursor, keys: 0 }.read_keys(0)
}

impl Program<'_, '_> {
    /// One or more keys, which all must hold.
    fn read_keys(&mut self, depth: usize) -> Result<SearchKey, ParseError> {
        let first = self.read_key(depth)?;
        if self.cursor.peek() != Some(b' ') {
            return Ok(first);
        }
        let mut keys = vec![first];
        while self.cursor.take(b' ') {
            keys.push(self.read_key(depth)?);
        }
        Ok(SearchKey::And(keys))
    }

    fn read_key(&mut self, depth: usize) -> Result<SearchKey, ParseError> {
        if depth > SEARCH_DEPTH_MAX {
            return Err(ParseError::TooDeep(SEARCH_DEPTH_MAX));
        }
        self.keys += 1;
        if self.keys > SEARCH_KEYS_MAX {
            return Err(ParseError::TooMany { what: "search keys", limit: SEARCH_KEYS_MAX });
        }
        match self.cursor.peek() {
            Some(b'(') => {
                self.cursor.open()?;
                let key = self.read_keys(depth + 1)?;
                self.cursor.close()?;
                return Ok(key);
            }
            Some(b'0'..=b'9' | b'*' | b'$') => return self.cursor.sequence_set().map(SearchKey::Sequence),
            _ => {}
        }
        let at = self.cursor.at();
        let word = self.cursor.word("a search key")?;
        match word.as_str() {
            "NOT" => {
                self.cursor.space()?;
                Ok(not(self.read_key(depth + 1)?))
            }
            "OR" => {
                self.cursor.space()?;
                let left = self.read_key(depth + 1)?;
                self.cursor.space()?;
                Ok(SearchKey::Or(Box::new(left), Box::new(self.read_key(depth + 1)?)))
            }
            name => read_plain(self.cursor, name)?.ok_or_else(|| expected("a known search key", at)),
        }
    }
}

fn not(key: SearchKey) -> SearchKey {
    SearchKey::Not(Box::new(key))
}

fn read_plain(cursor: &mut Cursor<'_>, name: &str) -> Result<Option<SearchKey>, ParseError> {
    if let Some(key) = bare_key(name) {
        return Ok(Some(key));
    }
    if ![TEXT_KEYS, DATE_KEYS, OTHER_KEYS].iter().any(|known| known.contains(&name)) {
        return Ok(None);
    }
    cursor.space()?;
    let key = if TEXT_KEYS.contains(&name) {
        read_text_key(cursor, name)?
    } else if DATE_KEYS.contains(&name) {
        read_date_key(cursor, name)?
    } else {
        read_other_key(cursor, name)?
    };
    Ok(Some(key))
}

/// Keys without an argument.
fn bare_key(name: &str) -> Option<SearchKey> {
    let flag = |name: &str| {
        Some(SearchKey::Flag(match name {
            "ANSWERED" => SystemFlags::ANSWERED,
            "DELETED" => SystemFlags::DELETED,
            "DRAFT" => SystemFlags::DRAFT,
            "FLAGGED" => SystemFlags::FLAGGED,
            "SEEN" => SystemFlags::SEEN,
            _ => return None,
        }))
    };
    match name {
        "ALL" => Some(SearchKey::All),
        "SAVEDATESUPPORTED" => Some(SearchKey::SaveDateSupported),
        "RECENT" => Some(SearchKey::Flag(SystemFlags::RECENT)),
        "OLD" => Some(not(SearchKey::Flag(SystemFlags::RECENT))),
        "NEW" => {
            Some(SearchKey::And(vec![SearchKey::Flag(SystemFlags::RECENT), not(SearchKey::Flag(SystemFlags::SEEN))]))
        }
        _ => flag(name).or_else(|| flag(name.strip_prefix("UN")?).map(not)),
    }
}

const TEXT_KEYS: &[&str] = &["BCC", "BODY", "CC", "FROM", "HEADER", "SUBJECT", "TEXT", "TO"];
const DATE_KEYS: &[&str] =
    &["BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE", "SAVEDBEFORE", "SAVEDON", "SAVEDSINCE"];
const OTHER_KEYS: &[&str] =
    &["KEYWORD", "UNKEYWORD", "LARGER", "SMALLER", "OLDER", "YOUNGER", "UID", "MODSEQ", "EMAILID", "THREADID"];

fn read_text_key(cursor: &mut Cursor<'_>, name: &str) -> Result<SearchKey, ParseError> {
    let mut field = name.to_owned();
    if name == "HEADER" {
        field = cursor.astring("a field name")?;
        cursor.space()?;
    }
    let value = cursor.astring("a text to find")?;
    Ok(match name {
        "BODY" => SearchKey::Body(value),
        "TEXT" => SearchKey::Text(value),
        _ => SearchKey::Header { name: field, value },
    })
}

fn read_date_key(cursor: &mut Cursor<'_>, name: &str) -> Result<SearchKey, ParseError> {
    let at = cursor.at();
    let text = cursor.astring_bytes("a date")?;
    let date = Date::parse(&text).ok_or_else(|| expected("a date", at))?;
    Ok(match name {
        "BEFORE" => SearchKey::Before(date),
        "ON" => SearchKey::On(date),
        "SINCE" => SearchKey::Since(date),
        "SENTBEFORE" => SearchKey::SentBefore(date),
        "SENTON" => SearchKey::SentOn(date),
        "SENTSINCE" => SearchKey::SentSince(date),
        "SAVEDBEFORE" => SearchKey::SavedBefore(date),
        "SAVEDON" => SearchKey::SavedOn(date),
        _ => SearchKey::SavedSince(date),
    })
}

fn read_other_key(cursor: &mut Cursor<'_>, name: &str) -> Result<SearchKey, ParseError> {
    Ok(match name {
        "KEYWORD" => SearchKey::Keyword(cursor.atom("a keyword")?.to_owned()),
        "UNKEYWORD" => not(SearchKey::Keyword(cursor.atom("a keyword")?.to_owned())),
        "LARGER" => SearchKey::Larger(cursor.number64()?),
        "SMALLER" => SearchKey::Smaller(cursor.number64()?),
        "OLDER" => SearchKey::Older(cursor.nz_number()?),
        "YOUNGER" => SearchKey::Younger(cursor.nz_number()?),
        "UID" => SearchKey::Uid(cursor.sequence_set()?),
        "EMAILID" => SearchKey::EmailId(cursor.atom("an object id")?.to_owned()),
        "THREADID" => SearchKey::ThreadId(cursor.atom("an object id")?.to_owned()),
        _ => read_mod_seq(cursor)?,
    })
}

/// `MODSEQ ["/flags/\\name" (priv|shared|all)] n`, RFC 7162 section 3.1.5
fn read_mod_seq(cursor: &mut Cursor<'_>) -> Result<SearchKey, ParseError> {
    if cursor.peek() == Some(b'"') {
        cursor.string_bytes("an entry name")?;
        cursor.space()?;
        let at = cursor.at();
        if !matches!(cursor.word("an entry type")?.as_str(), "PRIV" | "SHARED" | "ALL") {
            return Err(expected("priv, shared or all", at));
        }
        cursor.space()?;
    }
    cursor.number64().map(SearchKey::ModSeq)
}
