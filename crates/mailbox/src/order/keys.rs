use env::Timestamp;
use mail::message::{Addresses, SummaryRef, casemap, words};
use store::{StoreError, Tx};

use crate::{MailboxError, UidRange};

/// What messages are ordered and grouped by. Texts are in the form in which they are compared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderKey {
    /// Its UID.
    pub uid: u32,
    /// When it was received.
    pub arrival: Timestamp,
    /// Its Date field; when it was received if that cannot be read (RFC 5256 section 2.2).
    pub date: Timestamp,
    /// Octets.
    pub size: u32,
    /// Base subject (RFC 5256 section 2.1).
    pub subject: String,
    /// The subject was marked as a reply or a forward.
    pub is_reply: bool,
    /// Mailbox of the first author.
    pub from: String,
    /// Mailbox of the first recipient.
    pub to: String,
    /// Mailbox of the first recipient of a copy.
    pub cc: String,
    /// Display name of the first author, or the address (RFC 5957).
    pub display_from: String,
    /// Display name of the first recipient, or the address.
    pub display_to: String,
    /// Its Message-ID.
    pub message_id: Option<String>,
    /// Message-IDs of its ancestors, the oldest first.
    pub references: Vec<String>,
}

/// The order keys of the messages of a mailbox in `ranges`, by rising UID.
///
/// # Errors
/// If the store fails or a summary does not open.
pub fn order_keys(
    tx: &mut Tx<'_>,
    account: i64,
    mailbox: i64,
    ranges: &[UidRange],
) -> Result<Vec<OrderKey>, MailboxError> {
    let mut keys = Vec::new();
    crate::summaries(tx, account, mailbox, ranges, |entry, summary| {
        let damaged = |error| StoreError::Corrupt { what: format!("message {}: {error}", entry.message) };
        let summary = SummaryRef::parse(summary).map_err(damaged)?;
        let (envelope, index) = (summary.envelope().map_err(damaged)?, summary.index().map_err(damaged)?);
        keys.push(OrderKey {
            uid: entry.uid,
            arrival: entry.received(),
            date: index.sent.unwrap_or_else(|| entry.received()),
            size: entry.size,
            subject: index.subject_base.to_owned(),
            is_reply: index.is_reply_or_forward,
            from: first_mailbox(&envelope.from),
            to: first_mailbox(&envelope.to),
            cc: first_mailbox(&envelope.cc),
            display_from: first_display(&envelope.from),
            display_to: first_display(&envelope.to),
            message_id: index.message_id.map(str::to_owned),
            references: index.references.iter().map(str::to_owned).collect(),
        });
        Ok(())
    })?;
    Ok(keys)
}

/// The local part of the first address, as RFC 5256 section 3 orders by.
fn first_mailbox(addresses: &Addresses<'_>) -> String {
    let first = addresses.iter().next().and_then(|address| address.mailbox);
    first.map(|mailbox| casemap(mailbox).into_owned()).unwrap_or_default()
}

/// The display name of the first address, or the address itself (RFC 5957 section 3).
fn first_display(addresses: &Addresses<'_>) -> String {
    let Some(first) = addresses.iter().next() else { return String::new() };
    let shown = match first.name.filter(|name| !name.is_empty()) {
        Some(name) => words::decode(name).into_owned(),
        None => format!("{}@{}", first.mailbox.unwrap_or_default(), first.host.unwrap_or_default()),
    };
    casemap(&shown).into_owned()
}
