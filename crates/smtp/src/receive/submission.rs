//! What a submission server may and must do to its users' messages (RFC 6409 section 8).

use std::time::Duration;

use env::Timestamp;
use identity::{IdentityError, SendingRight};
use mail::{Address, header};
use store::Tx;
use wire::smtp::server::Verdict;
use wire::smtp::{Envelope, Hold};

/// The message as it travels: with Date and Message-ID, without Bcc (RFC 5322 section 3.6.3), and with `sender` as Sender if that is
/// to be added (RFC 6409 section 8.1).
pub(super) fn complete(raw: Vec<u8>, now: Timestamp, message_id: &str, sender: Option<&str>) -> Vec<u8> {
    let mut prefix = header::complete_submission(&raw, now, message_id);
    if let Some(sender) = sender {
        prefix.extend_from_slice(format!("Sender: {sender}\r\n").as_bytes());
    }
    let hidden = header::hidden_recipients(&raw);
    if prefix.is_empty() && hidden.is_empty() { raw } else { header::rewrite(&prefix, &raw, &hidden) }
}

/// Whether the sender would rather have the message travel in clear than not at all (RFC 8689 section 3).
pub(super) fn needs_no_tls(raw: &[u8]) -> bool {
    header::find(raw, "TLS-Required").is_some_and(|field| field.value().trim_ascii().eq_ignore_ascii_case(b"no"))
}

/// When the message is to go (RFC 4865 section 4), at most `hold_max` from now.
pub(super) fn due(envelope: &Envelope, now: Timestamp, hold_max: Duration) -> Timestamp {
    let wanted = match &envelope.params.hold {
        Some(Hold::ForSeconds(seconds)) => now.plus(Duration::from_secs(u64::from(*seconds))),
        Some(Hold::Until(moment)) => *moment,
        None => now,
    };
    wanted.clamp(now, now.plus(hold_max))
}

/// The address in the Sender field, if there is one (RFC 5322 section 3.6.2).
pub(super) fn sender(raw: &[u8]) -> Result<Option<Address>, Verdict> {
    let fields = header::fields(raw).filter(|field| field.is("Sender")).count();
    if fields == 0 {
        return Ok(None);
    }
    let envelope = mail::message::Envelope::parse(raw);
    let mut found = envelope.sender.iter().filter(|it| it.is_mailbox()).map(|it| Address::parse(&it.email()?).ok());
    match (fields, found.next().flatten(), found.next()) {
        (1, Some(sender), None) => Ok(Some(sender)),
        _ => Err(Verdict::reject(550, (5, 6, 0), "The Sender field must be there once and name one address")),
    }
}

/// The addresses in the From field; the sender must have a right to every one of them.
pub(super) fn authors(raw: &[u8]) -> Result<Vec<Address>, Verdict> {
    let fields = header::fields(raw).filter(|field| field.is("From")).count();
    if fields != 1 {
        // RFC 5322 section 3.6: exactly one; with several, readers would not agree on who wrote.
        let words =
            if fields == 0 { "The message has no From field" } else { "The message has more than one From field" };
        return Err(Verdict::reject(550, (5, 6, 0), words));
    }
    let envelope = mail::message::Envelope::parse(raw);
    let authors = envelope.from.iter().filter(|it| it.is_mailbox()).filter_map(|it| Address::parse(&it.email()?).ok());
    let authors: Vec<Address> = authors.collect();
    if authors.is_empty() {
        return Err(Verdict::reject(550, (5, 6, 0), "The From field names no address"));
    }
    Ok(authors)
}

/// Whether somebody may send a message with these authors.
pub(super) enum Authors {
    Allowed {
        /// One of them is another, who has permitted it as long as the sender is named too.
        on_behalf: bool,
    },
    Foreign {
        field: &'static str,
        address: Address,
    },
}

/// Whether the account may send a message with these authors and this sender.
pub(super) fn check_authors(
    tx: &mut Tx<'_>,
    account: i64,
    authors: Vec<Address>,
    sender: Option<Address>,
) -> Result<Authors, IdentityError> {
    let mut on_behalf = false;
    for author in authors {
        match identity::sending_right(tx, account, &author)? {
            None => return Ok(Authors::Foreign { field: "From", address: author }),
            Some(right) => on_behalf |= right == SendingRight::OnBehalf,
        }
    }
    match sender {
        // It is the sender who is to be seen here: on behalf of somebody is no right to it.
        Some(sender) if !identity::may_send_as(tx, account, &sender)? => {
            Ok(Authors::Foreign { field: "Sender", address: sender })
        }
        _ => Ok(Authors::Allowed { on_behalf }),
    }
}
