//! What stands in the log of one act.

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

/// Octets of a salt.
pub const SALT_BYTES: usize = 16;

/// A record as the log has it: one line of JSON, its fields in this order. It names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaf {
    /// Identifier of the event, as the list of events has it.
    pub id: String,
    /// When, in RFC 3339.
    pub at: String,
    /// The organisation's number in hexadecimal; 0 for the installation.
    pub organisation: String,
    /// Who, by the pseudonym of the account; "operator" for who acts at the machine.
    pub actor: String,
    /// What was to be done.
    pub action: String,
    /// What became of it.
    pub outcome: String,
    /// SHA-256 over the salt and the full text of the event, in hexadecimal.
    pub commitment: String,
}

/// What shows to an outsider what a record tells in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disclosed {
    /// The salt, in hexadecimal.
    pub salt: String,
    /// The full text.
    pub text: String,
}

/// The commitment to `text` under `salt`, in hexadecimal.
#[must_use]
pub fn commit(salt: &[u8], text: &[u8]) -> String {
    let mut context = Context::new(&SHA256);
    context.update(salt);
    context.update(text);
    hex(context.finish().as_ref())
}

/// A new salt, in hexadecimal.
#[must_use]
pub fn salt(tx: &Tx<'_>) -> String {
    let mut octets = [0; SALT_BYTES];
    tx.context().entropy.fill(&mut octets);
    hex(&octets)
}

/// The pseudonym of an account: random, kept in a row of its own that goes with the account, and then nobody knows any more whose it was.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn pseudonym(tx: &mut Tx<'_>, account: i64) -> Result<String, StoreError> {
    let known =
        tx.row("SELECT name FROM audit_person WHERE account = $1", params![account], |row| Ok(hex(row.bytes(0)?)))?;
    if let Some(known) = known {
        return Ok(known);
    }
    let mut name = [0; SALT_BYTES];
    tx.context().entropy.fill(&mut name);
    // Somebody else may have made one in the same moment: then that one holds.
    let made = tx.row(
        "INSERT INTO audit_person (account, name) VALUES ($1, $2)
         ON CONFLICT (account) DO UPDATE SET name = audit_person.name RETURNING name",
        params![account, &name],
        |row| Ok(hex(row.bytes(0)?)),
    )?;
    made.ok_or(StoreError::Missing { what: "pseudonym" })
}

/// Octets in hexadecimal.
pub(crate) fn hex(octets: &[u8]) -> String {
    use std::fmt::Write;
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // Writing into a string does not fail.
        let _ = write!(text, "{octet:02x}");
        text
    })
}
