//! How judged mail lies in a mailbox here: where, with which keywords, and how what was found of it is found again.

use mailbox::{Delivered, Flags, MailboxError, SpecialUse, Target, keywords};
use queue::Envelope;
use store::Tx;

/// What a delivery agent calls what is highly likely to be phishing (RFC 9051 section 2.3.2).
pub(crate) const PHISHING: &str = "$Phishing";

/// What it calls junk (RFC 9051 section 2.3.2).
pub(crate) const JUNK: &str = judgement::feedback::JUNK_KEYWORD;

/// Ours for everything that is delivered with a warning.
pub(crate) const WARNING: &str = "TradewindWarning";

/// The mailbox that it goes to.
pub(crate) const fn target(junk: bool) -> Target {
    if junk { Target::SpecialUse(SpecialUse::Junk) } else { Target::Inbox }
}

/// The flags that it begins with. An account without room for another keyword gets it without.
pub(crate) fn flags(tx: &mut Tx<'_>, account: i64, envelope: &Envelope) -> Result<Flags, MailboxError> {
    let names: Vec<&str> = envelope.keywords.iter().map(String::as_str).collect();
    match keywords::intern(tx, account, &names) {
        Ok(bits) => Ok(Flags { keywords: bits, ..Flags::NONE }),
        Err(MailboxError::KeywordsExhausted) => Ok(Flags::NONE),
        Err(error) => Err(error),
    }
}

/// Notes that what was delivered is a copy of what was judged.
pub(crate) fn note(
    tx: &mut Tx<'_>,
    account: i64,
    envelope: &Envelope,
    delivered: &Delivered,
) -> Result<(), MailboxError> {
    if let (Some(judged), Delivered::Stored(stored)) = (envelope.judged, delivered) {
        judgement::note_copy(tx, judged, account, stored.message)?;
    }
    Ok(())
}
