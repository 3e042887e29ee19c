//! The envelope of IMAP (RFC 9051 section 7.5.2): what stands in the header fields of RFC 5322.

use super::heads::{Heads, some_text};
use super::mailboxes::parse_addresses;
use super::words;

/// Header fields as IMAP shows them: raw values, unfolded, encoded words not decoded. An absent or empty field is `None`
/// or empty.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `Date` as it stands.
    pub date: Option<String>,
    /// `Subject` as it stands.
    pub subject: Option<String>,
    /// `From`.
    pub from: Vec<EnvelopeAddress>,
    /// `Sender`; as `from` where the field is absent or empty.
    pub sender: Vec<EnvelopeAddress>,
    /// `Reply-To`; as `from` where the field is absent or empty.
    pub reply_to: Vec<EnvelopeAddress>,
    /// `To`.
    pub to: Vec<EnvelopeAddress>,
    /// `Cc`.
    pub cc: Vec<EnvelopeAddress>,
    /// `Bcc`.
    pub bcc: Vec<EnvelopeAddress>,
    /// `In-Reply-To` as it stands, with angle brackets.
    pub in_reply_to: Option<String>,
    /// `Message-ID` as it stands, with angle brackets.
    pub message_id: Option<String>,
}

/// One address of an envelope (RFC 9051 section 7.5.2, `address`), or the beginning or end of a group: the beginning has
/// its name in `mailbox` and no `host`, the end has neither.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct EnvelopeAddress {
    /// Display name, unquoted, encoded words not decoded.
    pub name: Option<String>,
    /// Source route.
    pub adl: Option<String>,
    /// Local part, unquoted; or the name of a group.
    pub mailbox: Option<String>,
    /// Domain; empty where the field had no `@`.
    pub host: Option<String>,
}

impl EnvelopeAddress {
    /// Whether it is a mailbox, not a mark of a group.
    #[must_use]
    pub const fn is_mailbox(&self) -> bool {
        self.host.is_some()
    }

    /// Display name with its encoded words decoded.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        self.name.as_deref().map(|name| words::decode(name).into_owned())
    }

    /// `local@domain` as it stands; `None` for a mark of a group.
    #[must_use]
    pub fn email(&self) -> Option<String> {
        let (mailbox, host) = (self.mailbox.as_deref()?, self.host.as_deref()?);
        Some(if host.is_empty() { mailbox.to_owned() } else { format!("{mailbox}@{host}") })
    }
}

impl Envelope {
    /// The envelope of the message whose header begins `raw`.
    #[must_use]
    pub fn parse(raw: &[u8]) -> Self {
        Self::from_heads(&Heads::read(raw).0)
    }

    pub(super) fn from_heads(heads: &Heads<'_>) -> Self {
        let from = addresses(heads.from);
        let or_from = |found: Vec<EnvelopeAddress>| if found.is_empty() { from.clone() } else { found };
        Self {
            date: some_text(heads.date),
            subject: some_text(heads.subject),
            sender: or_from(addresses(heads.sender)),
            reply_to: or_from(addresses(heads.reply_to)),
            to: addresses(heads.to),
            cc: addresses(heads.cc),
            bcc: addresses(heads.bcc),
            in_reply_to: some_text(heads.in_reply_to),
            message_id: some_text(heads.message_id),
            from,
        }
    }
}

fn addresses(value: Option<&[u8]>) -> Vec<EnvelopeAddress> {
    some_text(value).map(|text| parse_addresses(&text)).unwrap_or_default()
}

/// The address of the one author of a message; `None` if the header has no `From`, several of them (RFC 5322 section 3.6 allows one), or
/// names several authors or a group, as then nobody can say whose it is.
#[must_use]
pub fn sole_author(raw: &[u8]) -> Option<String> {
    if crate::header::fields(raw).filter(|field| field.is("From")).count() != 1 {
        return None;
    }
    match Envelope::parse(raw).from.as_slice() {
        [one] => one.email(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::sole_author;

    #[test]
    fn one_author_and_no_more() {
        let of = |header: &str| sole_author(format!("{header}\r\n\r\nText\r\n").as_bytes());
        assert_eq!(of("From: Ana <ana@a.test>").as_deref(), Some("ana@a.test"));
        assert_eq!(of("From: Ana <ana@a.test>\r\nFrom: Bo <bo@b.test>"), None);
        assert_eq!(of("From: ana@a.test, bo@b.test"), None);
        assert_eq!(of("From: Team: ana@a.test;"), None);
        assert_eq!(of("To: ana@a.test"), None);
    }
}
