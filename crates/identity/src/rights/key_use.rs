//! Uses of the private keys that the server keeps and with which it acts for people. Each is a record, written before what was made with the key
//! leaves the function that made it: what cannot be recorded does not happen.
//!
//! What would drown the record is counted by the hour instead: it begins with a record before the first use, and ends with one that tells
//! how many there were ([`CountedKey`]). Uses that failed, which strangers can bring about, are counted so from the second on.

use access::Via;
use serde_json::{Value, json};
use store::{Tx, params};

use super::events::{Event, Outcome, write};
use crate::IdentityError;

/// Milliseconds of an hour.
pub const HOUR_MILLIS: i64 = 3_600_000;

/// Hours that are closed in one transaction.
const CLOSED_MAX: i64 = 500;

/// The action, as records name it.
const ACTION: &str = "key-use";

env::words! {
    /// Which private key of the server.
    HeldKey "kind of key" allowed "smime, openpgp, smime-authority, audit-log, dkim, region" {
        /// One of an account, for S/MIME.
        Smime = "smime",
        /// One of an account, for OpenPGP.
        OpenPgp = "openpgp",
        /// That of the organisation's own authority, which certifies people's keys.
        Authority = "smime-authority",
        /// That of the audit log, which signs papers of the server, too.
        AuditLog = "audit-log",
        /// One of a domain, which signs what leaves it.
        Dkim = "dkim",
        /// The key above all that rests.
        Region = "region",
    }

    /// What a private key is used for.
    KeyPurpose "purpose" allowed "sign, seal, decrypt, issue, attest, renew, export, open, recover" {
        /// To sign a message.
        Sign = "sign",
        /// To seal what was found of a forwarded message (ARC).
        Seal = "seal",
        /// To decrypt a message.
        Decrypt = "decrypt",
        /// To issue a certificate.
        Issue = "issue",
        /// To sign a paper: a report, a proof, the list of an archive.
        Attest = "attest",
        /// To have itself last for longer.
        Renew = "renew",
        /// To be taken out.
        Export = "export",
        /// To open what it wraps.
        Open = "open",
        /// It was put together from shares.
        Recover = "recover",
    }
}

/// What something is done for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Occasion {
    /// Whose mail or paper it is; 0 for the installation.
    pub organisation: i64,
    /// For whom; none for the server itself.
    pub account: Option<i64>,
    /// The message, by its number in queue or trace.
    pub message: Option<i64>,
}

/// One use of a private key.
#[derive(Debug, Clone)]
pub struct KeyUse {
    /// What for.
    pub occasion: Occasion,
    /// Which key.
    pub key: HeldKey,
    /// The key by its fingerprint, or the name of the log.
    pub fingerprint: String,
    /// What was done with it.
    pub purpose: KeyPurpose,
    /// Correspondents, or the name of the paper.
    pub about: String,
    /// Whether what was wanted came of it.
    pub succeeded: bool,
}

/// Records a use; call it before what was made with the key goes anywhere.
///
/// # Errors
/// [`IdentityError`] if the store fails: then what was made must be dropped.
pub fn record_key_use(tx: &mut Tx<'_>, used: &KeyUse) -> Result<(), IdentityError> {
    if !used.succeeded {
        let failing = CountedKey {
            organisation: used.occasion.organisation,
            key: used.key,
            purpose: used.purpose,
            name: format!("{} failed", used.fingerprint),
        };
        if !failing.count(tx, hour_of(tx.now().millis()), 1)? {
            return Ok(());
        }
    }
    write(tx, &used.event(Value::Null)).map(drop)
}

impl KeyUse {
    /// The event, with `more` of what is told.
    fn event(&self, more: Value) -> Event {
        let mut object = json!({
            "key": self.key.as_str(), "fingerprint": self.fingerprint, "purpose": self.purpose.as_str(), "about": self.about,
        });
        if let Some(message) = self.occasion.message {
            object["message"] = format!("{message:x}").into();
        }
        if let (Value::Object(object), Value::Object(more)) = (&mut object, more) {
            object.extend(more);
        }
        let outcome = if self.succeeded { Outcome::Done } else { Outcome::Failed };
        event(self.occasion.organisation, self.occasion.account, &object, outcome)
    }
}

fn event(organisation: i64, account: Option<i64>, object: &Value, outcome: Outcome) -> Event {
    Event {
        organisation,
        account,
        via: Via::Local,
        address: None,
        action: ACTION.to_owned(),
        object: object.to_string(),
        outcome,
        row: String::new(),
    }
}

/// Signs a paper of the server with the audit log's key, as a note, and records that in the same transaction; none before the first sealing.
/// `about` is the paper's name, for people.
///
/// # Errors
/// [`IdentityError`] if the store fails, or the text is no text of a note ([`audit::sign_text`]).
pub fn sign_paper(
    tx: &mut Tx<'_>,
    (organisation, account): (i64, Option<i64>),
    about: &str,
    text: &str,
) -> Result<Option<String>, IdentityError> {
    let Some(key) = audit::public_key(tx)? else { return Ok(None) };
    let used = KeyUse {
        occasion: Occasion { organisation, account, message: None },
        key: HeldKey::AuditLog,
        fingerprint: key.name().to_owned(),
        purpose: KeyPurpose::Attest,
        about: about.to_owned(),
        succeeded: true,
    };
    let digest: String = crypto::hash::sha256(text.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect();
    let (_, recorded) = write(tx, &used.event(json!({ "sha256": digest })))?;
    Ok(audit::sign_text(tx, text, &recorded)?)
}

/// A key that is used so often that its uses are counted by the hour.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CountedKey {
    /// Whose.
    pub organisation: i64,
    /// Which key.
    pub key: HeldKey,
    /// What for.
    pub purpose: KeyPurpose,
    /// Which of them: domain and selector, or a fingerprint.
    pub name: String,
}

impl CountedKey {
    /// As the table names it.
    fn row(&self) -> String {
        format!("{} {} {}", self.key, self.purpose, self.name)
    }

    /// Counts; whether these are the first of the hour.
    fn count(&self, tx: &mut Tx<'_>, hour: i64, uses: i64) -> Result<bool, IdentityError> {
        let row = self.row();
        let known =
            tx.execute("UPDATE key_use SET uses = uses + $3 WHERE hour = $1 AND name = $2", params![hour, &row, uses])?;
        if known > 0 {
            return Ok(false);
        }
        // Another node may be at the same place: then its record is the one.
        let added = tx.execute(
            "INSERT INTO key_use (hour, name, organisation, uses) VALUES ($1, $2, $3, $4)
             ON CONFLICT (hour, name) DO NOTHING",
            params![hour, &row, self.organisation, uses],
        )?;
        if added == 0 {
            tx.execute("UPDATE key_use SET uses = uses + $3 WHERE hour = $1 AND name = $2", params![hour, &row, uses])?;
        }
        Ok(added > 0)
    }
}

/// The hour of a moment in milliseconds, counted from 1970.
const fn hour_of(millis: i64) -> i64 {
    millis.div_euclid(HOUR_MILLIS)
}

/// Records that the key is used in `hour`, counted from 1970, unless that is recorded already; call it before its first use there.
///
/// # Errors
/// [`IdentityError`] if the store fails: then the key must not be used.
pub fn begin_key_hour(tx: &mut Tx<'_>, key: &CountedKey, hour: i64) -> Result<(), IdentityError> {
    if key.count(tx, hour, 0)? {
        let object = told(key.key.as_str(), key.purpose.as_str(), &key.name, hour);
        write(tx, &event(key.organisation, None, &object, Outcome::Allowed))?;
    }
    Ok(())
}

/// Adds to what was counted of a key in an hour.
///
/// # Errors
/// [`IdentityError`] if the store fails: keep the number, and try again.
pub fn add_key_uses(tx: &mut Tx<'_>, key: &CountedKey, hour: i64, uses: u64) -> Result<(), IdentityError> {
    key.count(tx, hour, i64::try_from(uses).unwrap_or(i64::MAX)).map(drop)
}

/// Records how often each key was used in hours that are over since `slack` milliseconds, in which other nodes bring what they have counted. Takes
/// some at a time: call it again while it gives any.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn close_key_hours(tx: &mut Tx<'_>, slack: i64) -> Result<u64, IdentityError> {
    let open = hour_of(tx.now().millis().saturating_sub(slack));
    let over = tx.rows(
        "DELETE FROM key_use WHERE hour < $1 AND name IN (SELECT name FROM key_use WHERE hour < $1 ORDER BY name LIMIT $2)
         RETURNING hour, name, organisation, uses",
        params![open, CLOSED_MAX],
        |row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.int(2)?, row.int(3)?)),
    )?;
    for (hour, name, organisation, uses) in &over {
        let mut words = name.splitn(3, ' ');
        let mut word = || words.next().unwrap_or_default();
        let (key, purpose, which) = (word(), word(), word());
        let mut object = told(key, purpose, which, *hour);
        object["uses"] = (*uses).into();
        write(tx, &event(*organisation, None, &object, Outcome::Done))?;
    }
    Ok(over.len() as u64)
}

fn told(key: &str, purpose: &str, which: &str, hour: i64) -> Value {
    let since = env::Timestamp::from_millis(hour.saturating_mul(HOUR_MILLIS));
    json!({ "key": key, "fingerprint": which, "purpose": purpose, "hour": since.to_string() })
}
