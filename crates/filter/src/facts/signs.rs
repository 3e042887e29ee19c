//! Signs of how a message was written and addressed, for the learned model.

use mail::message::{Envelope, EnvelopeAddress};

/// Characters of a text whose writing is looked at.
const CHARS_MAX: usize = 4000;

/// Longest message identifier that programs for mail make.
const IDENTIFIER_OCTETS_MAX: usize = 160;

/// How a message was written and addressed.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Signs {
    /// The recipients that the header names, in lowercase.
    pub recipients: Vec<String>,
    /// The subject holds octets that are no ASCII and not encoded.
    pub raw_subject: bool,
    /// Names a message that it answers in a form that no program gives.
    pub false_answer: bool,
    /// No identifier, or one of another domain than the sender's.
    pub identifier: Identifier,
    /// The sender's mailbox mixes small and large letters or digits within a word.
    pub mixed_mailbox: bool,
    /// The sender's name has characters for ornament.
    pub ornate_name: bool,
    /// The plain text and the page say different things.
    pub texts_differ: bool,
}

/// What the identifier of a message says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Identifier {
    /// Not known.
    #[default]
    Unknown,
    /// There is none.
    Missing,
    /// Made where the sender says to be.
    Own,
    /// Made elsewhere.
    Other,
}

impl Signs {
    /// Signs in the header.
    pub(super) fn read(header: &[u8], envelope: &Envelope) -> Self {
        let from = envelope.from.first();
        let recipients = envelope.to.iter().chain(&envelope.cc).filter_map(EnvelopeAddress::email);
        let name = from.and_then(EnvelopeAddress::display_name).unwrap_or_default();
        let mailbox = from.and_then(|from| from.mailbox.clone()).unwrap_or_default();
        Self {
            recipients: recipients.take(8).map(|address| address.to_lowercase()).collect(),
            raw_subject: mail::header::fields(header)
                .find(|field| field.is("Subject"))
                .is_some_and(|field| !field.value().is_ascii()),
            false_answer: envelope.in_reply_to.as_deref().is_some_and(|answer| !names_message(answer)),
            identifier: identifier(envelope),
            mixed_mailbox: is_mixed(&mailbox),
            ornate_name: name.chars().any(is_ornament),
            texts_differ: false,
        }
    }
}

/// Whether `field` names a message as RFC 5322 section 3.6.4 has it, before or after words of old programs.
pub(super) fn names_message(field: &str) -> bool {
    let Some((_, rest)) = field.split_once('<') else { return false };
    let Some((inner, behind)) = rest.split_once('>') else { return false };
    inner.len() <= IDENTIFIER_OCTETS_MAX
        && inner.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
        && !inner.contains(char::is_whitespace)
        && !behind.contains('<')
}

fn identifier(envelope: &Envelope) -> Identifier {
    let Some(id) = envelope.message_id.as_deref().map(str::trim).filter(|id| !id.is_empty()) else {
        return Identifier::Missing;
    };
    let domain = |host: &str| super::registered_domain(&host.trim_matches(['<', '>', ' ']).to_lowercase());
    let of_id = id.rsplit_once('@').map(|(_, host)| domain(host));
    let of_from = envelope.from.first().and_then(|from| from.host.as_deref()).map(domain);
    if of_id.is_some() && of_id == of_from { Identifier::Own } else { Identifier::Other }
}

/// Whether small letters, large letters and digits take turns within a word.
pub(crate) fn is_mixed(word: &str) -> bool {
    word.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
        let mut turns = 0;
        let mut before = 0;
        for octet in word.bytes() {
            let kind = if octet.is_ascii_lowercase() {
                1
            } else if octet.is_ascii_uppercase() {
                2
            } else {
                3
            };
            // A word that begins with a capital is ordinary.
            turns += u32::from(before != 0 && kind != before && (before, kind) != (2, 1));
            before = kind;
        }
        word.len() >= 6 && turns >= 4
    })
}

/// Characters that stand in names and subjects for their looks.
pub(crate) const fn is_ornament(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{2460}'..='\u{24ff}' | '\u{2500}'..='\u{27bf}'
        | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}' | '\u{1d00}'..='\u{1d7f}' | '\u{1d400}'..='\u{1d7ff}'
        | '\u{1f000}'..='\u{1faff}')
}

/// Words of `one` that are in `other`, of 16.
pub(super) fn likeness(one: &str, other: &str) -> u32 {
    let words = |text: &str| -> std::collections::BTreeSet<String> {
        let pieces = text.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() > 3);
        pieces.take(CHARS_MAX / 8).map(str::to_lowercase).collect()
    };
    let (one, other) = (words(one), words(other));
    let common = one.intersection(&other).count();
    u32::try_from(common * 16 / one.len().max(1)).unwrap_or(16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_messages() {
        assert!(names_message("<a.b@host.example>") && names_message("Your message of Monday <1@h>"));
        for odd in ["x@y", "<a b@c>", "<a><b@c>", "no", "<a@b> <c@d>"] {
            assert!(!names_message(odd), "{odd}");
        }
        assert!(!names_message(&format!("<{}@x>", "a".repeat(300))));
    }

    #[test]
    fn words_that_no_person_writes() {
        assert!(is_mixed("4RtwaR42191OEwk1300") && is_mixed("eAVnpgV9k"));
        for honest in ["OrderConfirmation", "no-reply", "JohnSmith42", "newsletters", "2024-10-11"] {
            assert!(!is_mixed(honest), "{honest}");
        }
    }

    #[test]
    fn texts_that_say_the_same() {
        assert!(likeness("please send your offer today", "Please send us your offer today!") > 12);
        assert_eq!(likeness("chocolate pumpkin cake recipe", "verify your account"), 0);
    }
}
