//! The scripts of an account.

use crypto::keys::{Account, Key};
use serde::{Deserialize, Serialize};
use sieve::Script;
use store::{Notice, Tx, params};

use crate::{ScriptsError, open, seal};

/// Scripts that an account may have.
pub const SCRIPTS_MAX: usize = 64;

/// Octets of a script's name (RFC 5804 section 1.6 asks for 128 characters, up to 512 octets).
pub const NAME_BYTES_MAX: usize = 512;

/// A script without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its identifier.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Identifies the text: another one with each change.
    pub content: i64,
    /// Whether it is run for mail that comes in.
    pub is_active: bool,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    name: String,
    text: String,
}

fn name_key(key: &Key<Account>, name: &str) -> [u8; 32] {
    key.hashing().hash(format!("script {name}").as_bytes())
}

/// The account's scripts, oldest first.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn list(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Kept>, ScriptsError> {
    Ok(rows(tx, account)?.into_iter().map(|(kept, _)| kept).collect())
}

/// Octets that are others once any script is. Nothing is opened for them.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn version(tx: &mut Tx<'_>, account: i64) -> Result<Vec<u8>, ScriptsError> {
    let rows = tx.rows(
        "SELECT id, content, active, name FROM script WHERE account = $1 ORDER BY id",
        params![account],
        |row| {
            let numbers = [row.int(0)?, row.int(1)?, row.int(2)?].map(i64::to_be_bytes).concat();
            Ok([&numbers[..], row.bytes(3)?].concat())
        },
    )?;
    Ok(rows.concat())
}

fn rows(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(Kept, String)>, ScriptsError> {
    let rows = tx.rows(
        "SELECT id, content, active, detail FROM script WHERE account = $1 ORDER BY id",
        params![account],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)? != 0, row.bytes(3)?.to_vec())),
    )?;
    rows.into_iter()
        .map(|(id, content, is_active, sealed)| {
            let Detail { name, text } = open(tx, account, "script.detail", id, &sealed)?;
            Ok((Kept { id, name, content, is_active }, text))
        })
        .collect()
}

/// A script with its text.
///
/// # Errors
/// [`ScriptsError::NotFound`], or if the store fails.
pub fn text(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(Kept, String), ScriptsError> {
    rows(tx, account)?.into_iter().find(|(kept, _)| kept.id == id).ok_or(ScriptsError::NotFound)
}

/// The text with this identifier, if it is still the text of a script.
///
/// # Errors
/// [`ScriptsError::Store`] if the store fails.
pub fn content(tx: &mut Tx<'_>, account: i64, content: i64) -> Result<Option<String>, ScriptsError> {
    Ok(rows(tx, account)?.into_iter().find(|(kept, _)| kept.content == content).map(|(_, text)| text))
}

/// The text of the active script, if one is.
pub(crate) fn active(tx: &mut Tx<'_>, account: i64) -> Result<Option<String>, ScriptsError> {
    let row = tx.row("SELECT id, detail FROM script WHERE account = $1 AND active = 1", params![account], |row| {
        Ok((row.int(0)?, row.bytes(1)?.to_vec()))
    })?;
    let Some((id, sealed)) = row else { return Ok(None) };
    let Detail { text, .. } = open(tx, account, "script.detail", id, &sealed)?;
    Ok(Some(text))
}

/// Reads a script, as [`add`] and [`change`] do.
///
/// # Errors
/// [`ScriptsError::Script`] with what is wrong.
pub fn check(text: &str) -> Result<Script, ScriptsError> {
    Ok(Script::read(text)?)
}

fn check_name(name: &str) -> Result<(), ScriptsError> {
    let is_right = !name.is_empty()
        && name.len() <= NAME_BYTES_MAX
        // RFC 5804 section 1.6.
        && !name.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    if is_right { Ok(()) } else { Err(ScriptsError::Name(name.chars().take(100).collect())) }
}

/// Adds a script, which is not active; gives its identifier.
///
/// # Errors
/// [`ScriptsError`] if the name is taken or none, the script does not read, there are too many, or the store fails.
pub fn add(tx: &mut Tx<'_>, account: i64, name: &str, text: &str) -> Result<i64, ScriptsError> {
    store::account::next_modseq(tx, account)?;
    check_name(name)?;
    check(text)?;
    let all = list(tx, account)?;
    if all.iter().any(|kept| kept.name == name) {
        return Err(ScriptsError::NameTaken(name.to_owned()));
    }
    if all.len() >= SCRIPTS_MAX {
        return Err(ScriptsError::TooMany(SCRIPTS_MAX));
    }
    let (id, content) = (tx.next_id(), tx.next_id());
    let key = tx.context().keys.account(tx, account)?;
    let sealed = seal(tx, account, "script.detail", id, &Detail { name: name.to_owned(), text: text.to_owned() })?;
    tx.execute(
        "INSERT INTO script (account, id, name, content, active, detail) VALUES ($1, $2, $3, $4, 0, $5)",
        params![account, id, &name_key(&key, name), content, &sealed],
    )?;
    tx.notify(Notice::Account(account));
    Ok(id)
}

/// What is changed of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Change<'a> {
    /// Its new name.
    pub name: Option<&'a str>,
    /// Its new text.
    pub text: Option<&'a str>,
}

/// Changes a script. If it is active, the new text is in force from now on.
///
/// # Errors
/// As [`add`], and [`ScriptsError::NotFound`].
pub fn change(tx: &mut Tx<'_>, account: i64, id: i64, change: Change<'_>) -> Result<(), ScriptsError> {
    store::account::next_modseq(tx, account)?;
    let all = rows(tx, account)?;
    let (kept, old) = all.iter().find(|(kept, _)| kept.id == id).ok_or(ScriptsError::NotFound)?;
    let name = change.name.unwrap_or(&kept.name);
    check_name(name)?;
    if all.iter().any(|(other, _)| other.id != id && other.name == name) {
        return Err(ScriptsError::NameTaken(name.to_owned()));
    }
    let text = change.text.unwrap_or(old);
    check(text)?;
    let content = if text == old { kept.content } else { tx.next_id() };
    let key = tx.context().keys.account(tx, account)?;
    let sealed = seal(tx, account, "script.detail", id, &Detail { name: name.to_owned(), text: text.to_owned() })?;
    tx.execute(
        "UPDATE script SET name = $3, content = $4, detail = $5 WHERE account = $1 AND id = $2",
        params![account, id, &name_key(&key, name), content, &sealed],
    )?;
    if kept.is_active && text != old {
        note_hiding(tx, account, text)?;
    }
    tx.notify(Notice::Account(account));
    Ok(())
}

/// Removes a script.
///
/// # Errors
/// [`ScriptsError::NotFound`], [`ScriptsError::Active`], or if the store fails.
pub fn remove(tx: &mut Tx<'_>, account: i64, id: i64) -> Result<(), ScriptsError> {
    store::account::next_modseq(tx, account)?;
    let all = list(tx, account)?;
    let kept = all.iter().find(|kept| kept.id == id).ok_or(ScriptsError::NotFound)?;
    if kept.is_active {
        return Err(ScriptsError::Active);
    }
    tx.execute("DELETE FROM script WHERE account = $1 AND id = $2", params![account, id])?;
    tx.notify(Notice::Account(account));
    Ok(())
}

/// Makes one script the active one; `None`: no script is.
///
/// # Errors
/// [`ScriptsError::NotFound`], or if the store fails.
pub fn activate(tx: &mut Tx<'_>, account: i64, id: Option<i64>) -> Result<(), ScriptsError> {
    store::account::next_modseq(tx, account)?;
    if let Some(id) = id {
        let (kept, text) = text(tx, account, id)?;
        if kept.is_active {
            return Ok(());
        }
        note_hiding(tx, account, &text)?;
    }
    tx.execute(
        "UPDATE script SET active = CASE WHEN id = $2 THEN 1 ELSE 0 END WHERE account = $1",
        params![account, id.unwrap_or(0)],
    )?;
    tx.notify(Notice::Account(account));
    Ok(())
}

/// Notes what the script that comes into force hides, for those who look whether somebody else is in the account.
fn note_hiding(tx: &mut Tx<'_>, account: i64, text: &str) -> Result<(), ScriptsError> {
    let hides = check(text)?.hides();
    if hides.is_empty() {
        return Ok(());
    }
    let mailboxes = mailbox::mailboxes::list(tx, account)?;
    // By the name that people see: an identifier tells nobody where mail goes.
    let named =
        |it: String| match mailbox::object_id::read(&it).and_then(|id| mailboxes.iter().find(|known| known.id == id)) {
            Some(known) => known.name.as_str().to_owned(),
            None => it,
        };
    for (hides, wanted) in hides {
        let hiding = match hides {
            sieve::Hides::SendsOn(to) => identity::rule_events::Hiding::SendsOn { to },
            sieve::Hides::Files(into) if into.eq_ignore_ascii_case("inbox") => continue,
            sieve::Hides::Files(into) => identity::rule_events::Hiding::Files { into: named(into) },
            sieve::Hides::Drops => identity::rule_events::Hiding::Drops,
        };
        identity::rule_events::note(tx, account, hiding, wanted)?;
    }
    Ok(())
}
