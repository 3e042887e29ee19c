//! Reports to journals elsewhere: the message as it was received, attached to a letter whose text has its envelope.
//!
//! That one is to be sent is written with the entry; whoever sends takes it out in the transaction that puts the letter into the queue.

use mailbox::Source;
use mailbox::journaled;
use serde_json::Error;
use store::{StoreError, Tx, params};

use super::passing::JournalEnvelope;
use super::rules::in_force;
use crate::RetentionError;

/// What divides the parts of a report; the report's own number follows, which nobody knows before it is made.
const BOUNDARY: &str = "=_journal_";

/// A report that is to be sent.
pub struct PendingReport {
    /// Whose.
    pub organisation: i64,
    /// The entry.
    pub entry: i64,
    /// The rule that has it sent.
    pub rule: i64,
    /// Where to; none if the rule is not in force any more, so that nothing is sent.
    pub to: Option<String>,
    /// A domain of ours to send from: that of somebody who took part, if one still has an address.
    pub from_domain: Option<String>,
    /// The envelope.
    pub envelope: JournalEnvelope,
    /// The message.
    pub source: Source,
}

/// The next report that is to be sent, behind `after`, an entry and a rule; none if there is none.
///
/// # Errors
/// [`RetentionError`] if the store fails or something does not open.
pub fn next_report(tx: &mut Tx<'_>, after: (i64, i64)) -> Result<Option<PendingReport>, RetentionError> {
    let waiting = tx.row(
        "SELECT entry, rule, organisation FROM mail_journal_report
         WHERE entry > $1 OR (entry = $1 AND rule > $2) ORDER BY entry, rule LIMIT 1",
        params![after.0, after.1],
        |row| Ok((row.int(0)?, row.int(1)?, row.int(2)?)),
    )?;
    let Some((entry, rule, organisation)) = waiting else { return Ok(None) };
    let found = journaled::load(tx, organisation, None, entry)?;
    let found =
        found.ok_or_else(|| StoreError::Corrupt { what: format!("entry {entry} in the journal is missing") })?;
    let damaged = |_: Error| StoreError::Corrupt { what: format!("envelope of entry {entry} in the journal") };
    let envelope = serde_json::from_slice(&found.envelope).map_err(damaged)?;
    let rules = in_force(tx, organisation)?;
    let to = rules.into_iter().find(|kept| kept.id == rule).and_then(|kept| kept.rule.report_to);
    let mut from_domain = None;
    for account in journaled::custodians(tx, entry)? {
        let address = identity::list_addresses(tx, account)?.into_iter().next();
        from_domain = from_domain.or(address.and_then(|it| it.rsplit_once('@').map(|(_, domain)| domain.to_owned())));
    }
    let source = journaled::source(tx, organisation, entry)?;
    Ok(Some(PendingReport { organisation, entry, rule, to, from_domain, envelope, source }))
}

/// Takes a report out of those that are to be sent; false if it is none of them any more.
///
/// # Errors
/// [`RetentionError`] if the store fails.
pub fn sent(tx: &mut Tx<'_>, entry: i64, rule: i64) -> Result<bool, RetentionError> {
    let taken = tx.execute("DELETE FROM mail_journal_report WHERE entry = $1 AND rule = $2", params![entry, rule])?;
    Ok(taken > 0)
}

/// The letter with this `id`: lines of the envelope that programs read, and the message `raw` beside.
#[must_use]
pub fn report(
    envelope: &JournalEnvelope,
    raw: &[u8],
    (from, to): (&str, &str),
    id: &str,
    at: env::Timestamp,
) -> Vec<u8> {
    let JournalEnvelope { message, from: sender, to: recipients, directions, rules, .. } = envelope;
    let boundary = format!("{BOUNDARY}{}", id.split('@').next().unwrap_or_default());
    let eight_bit = if raw.is_ascii() { "7bit" } else { "8bit" };
    let mut text = format!(
        "From: {from}\r\nTo: <{to}>\r\nDate: {}\r\nMessage-ID: <{id}>\r\nSubject: Journal report {message}\r\n\
         Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         Sender: {sender}\r\nReceived: {}\r\nMessage: {message}\r\nDirection: {}\r\nRule: {}\r\n",
        mail::date::format_rfc5322(at),
        env::Timestamp::from_millis(envelope.at),
        directions.join(", "),
        rules.join(", "),
    );
    for recipient in recipients {
        text.push_str(&format!("Recipient: {recipient}\r\n"));
    }
    text.push_str(&format!(
        "\r\n--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: {eight_bit}\r\n\
         Content-Disposition: attachment; filename=\"message.eml\"\r\n\r\n"
    ));
    let mut letter = text.into_bytes();
    letter.extend_from_slice(raw);
    letter.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    letter
}
