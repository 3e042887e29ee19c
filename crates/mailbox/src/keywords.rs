//! Keywords: flags that people and programs name themselves, a bit each.

use store::{Tx, params};

use crate::{Flags, MailboxError};

/// Different keywords of one account: bits 0 to 61.
pub const KEYWORDS_MAX: usize = 62;

/// Longest keyword, in octets.
pub const KEYWORD_BYTES_MAX: usize = 100;

/// The system flags by the names that JMAP gives them (RFC 8621 section 4.1.1); IMAP has a backslash in place of the `$`. JMAP itself does
/// not show the last.
pub const SYSTEM_NAMES: [(u8, &str); 5] = [
    (Flags::SEEN, "$seen"),
    (Flags::ANSWERED, "$answered"),
    (Flags::FLAGGED, "$flagged"),
    (Flags::DRAFT, "$draft"),
    (Flags::DELETED, "$deleted"),
];

/// The system flag of this name, as IMAP or JMAP write it, whatever its case.
#[must_use]
pub fn system_flag(name: &str) -> Option<u8> {
    let word = name.strip_prefix(['\\', '$'])?;
    SYSTEM_NAMES.iter().find(|(_, known)| known.trim_start_matches('$').eq_ignore_ascii_case(word)).map(|(bit, _)| *bit)
}

/// The names of `flags`, of which `known` are the account's keywords: system flags first.
#[must_use]
pub fn names(flags: Flags, known: &[Keyword]) -> Vec<String> {
    let system = SYSTEM_NAMES.iter().filter(|(bit, _)| flags.has(*bit)).map(|(_, name)| (*name).to_owned());
    let is_set = |it: &&Keyword| flags.keywords.checked_shr(u32::from(it.bit)).is_some_and(|bits| bits & 1 == 1);
    system.chain(known.iter().filter(is_set).map(|it| it.name.clone())).collect()
}

/// A keyword of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    /// Its bit in [`crate::Flags::keywords`].
    pub bit: u8,
    /// Its name as first written.
    pub name: String,
}

/// All keywords that the account has used, in the order of their bits.
///
/// # Errors
/// If the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Keyword>, MailboxError> {
    Ok(tx.rows("SELECT bit, name FROM keyword WHERE account = $1 ORDER BY bit", params![account], |row| {
        Ok(Keyword { bit: u8::try_from(row.int(0)?).unwrap_or(u8::MAX), name: row.text(1)?.to_owned() })
    })?)
}

/// The bits of `names`, giving new ones a bit. Names are the same whatever their case (RFC 9051 section 2.3.2).
///
/// # Errors
/// [`MailboxError::KeywordsExhausted`] when no bit is left, [`MailboxError::InvalidKeyword`] for what cannot be one.
pub fn intern(tx: &mut Tx<'_>, account: i64, names: &[&str]) -> Result<u64, MailboxError> {
    if names.is_empty() {
        return Ok(0);
    }
    for name in names {
        check(name)?;
    }
    // The account's row keeps two transactions from giving out the same bit, and a bit from being given to another name meanwhile.
    crate::changes::lock_account(tx, account)?;
    let mut known = list(tx, account)?;
    let mut bits = 0;
    for name in names {
        bits |= match find(&known, name) {
            Some(bit) => bit,
            None => add(tx, account, &mut known, name)?,
        };
    }
    Ok(bits)
}

/// The bits of those of `names` that the account has used.
///
/// # Errors
/// If the store fails.
pub fn known_bits(tx: &mut Tx<'_>, account: i64, names: &[&str]) -> Result<u64, MailboxError> {
    let known = list(tx, account)?;
    Ok(names.iter().filter_map(|name| find(&known, name)).fold(0, |bits, bit| bits | bit))
}

/// Forgets a keyword that no message of the account has, so that its bit is free. Who calls has taken the account's row.
///
/// # Errors
/// If the store fails.
pub(crate) fn forget(tx: &mut Tx<'_>, account: i64, name: &str) -> Result<(), MailboxError> {
    for keyword in list(tx, account)?.iter().filter(|keyword| keyword.name.eq_ignore_ascii_case(name)) {
        let bit = i64::from(keyword.bit);
        tx.execute("DELETE FROM keyword WHERE account = $1 AND bit = $2", params![account, bit])?;
    }
    Ok(())
}

fn add(tx: &mut Tx<'_>, account: i64, known: &mut Vec<Keyword>, name: &str) -> Result<u64, MailboxError> {
    let used = known.iter().fold(0, |used, keyword| used | (1 << (keyword.bit & 63)));
    let bit = u8::try_from(u64::trailing_ones(used)).unwrap_or(u8::MAX);
    if usize::from(bit) >= KEYWORDS_MAX {
        return Err(MailboxError::KeywordsExhausted);
    }
    tx.execute("INSERT INTO keyword (account, bit, name) VALUES ($1, $2, $3)", params![account, i64::from(bit), name])?;
    known.push(Keyword { bit, name: name.to_owned() });
    Ok(1 << bit)
}

fn find(known: &[Keyword], name: &str) -> Option<u64> {
    known.iter().find(|keyword| keyword.name.eq_ignore_ascii_case(name)).map(|keyword| 1 << (keyword.bit & 63))
}

/// A keyword is an atom (RFC 9051 section 9, `flag-keyword`).
fn check(name: &str) -> Result<(), MailboxError> {
    let atom = |byte: u8| byte.is_ascii_graphic() && !br#"(){%*"\]"#.contains(&byte);
    if name.is_empty() || name.len() > KEYWORD_BYTES_MAX || !name.bytes().all(atom) {
        return Err(MailboxError::InvalidKeyword { name: name.chars().take(KEYWORD_BYTES_MAX).collect() });
    }
    Ok(())
}
