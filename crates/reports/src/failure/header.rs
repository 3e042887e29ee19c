//! The header of a reported message, as a third party may see it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use mail::header;
use mail::message::Envelope;

/// Fields that tell who sent the message and how. They go as they are.
const SENDERS: &[&str] =
    &["From", "Sender", "Reply-To", "Date", "Message-ID", "DKIM-Signature", "MIME-Version", "List-Id"];

/// Fields that only an unredacted report has.
const MORE: &[&str] = &["Subject", "To", "Cc", "Received", "In-Reply-To", "References", "Content-Type"];

/// Characters of what stands for a local part.
const REDACTED_CHARS: usize = 16;

/// Makes what stands for a local part.
pub(crate) type Hash<'h> = &'h dyn Fn(&str) -> [u8; 32];

/// The header that is reported: fields of the sender as they are, in their order. Redacted, recipients appear as `hash@domain`, the same
/// for the same recipient each time (RFC 6590 section 3), and subject and way are left out. A body is never reported.
pub(crate) fn reported(head: &[u8], redact: Option<Hash<'_>>) -> String {
    let mut out = String::new();
    for field in header::fields(head) {
        let is_kept = |names: &[&str]| names.iter().any(|name| field.is(name));
        if is_kept(SENDERS) || (redact.is_none() && is_kept(MORE)) {
            let raw = head.get(field.start..field.end).unwrap_or_default();
            out.extend(String::from_utf8_lossy(raw).chars().map(|c| if c.is_ascii() { c } else { '?' }));
            if !out.ends_with("\r\n") {
                out.push_str("\r\n");
            }
        }
    }
    if let Some(hash) = redact {
        let envelope = Envelope::parse(head);
        for (name, addresses) in [("To", &envelope.to), ("Cc", &envelope.cc)] {
            let shown: Vec<String> = addresses
                .iter()
                .filter_map(|it| mail::Address::parse(&it.email()?).ok())
                .map(|address| format!("{}@{}", redacted(&address.local, hash), address.domain_ascii()))
                .collect();
            if !shown.is_empty() {
                out.push_str(&format!("{name}: {}\r\n", shown.join(",\r\n ")));
            }
        }
    }
    out
}

fn redacted(local: &str, hash: Hash<'_>) -> String {
    let mut shown = URL_SAFE_NO_PAD.encode(hash(&local.to_lowercase()));
    shown.truncate(REDACTED_CHARS);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &[u8] = b"Received: from x by y for <anna@trade.test>\r\nFrom: \"Bank\" <a@bank.example>\r\n\
        To: Anna <anna@trade.test>, li@trade.test\r\nSubject: secret\r\nDKIM-Signature: v=1;\r\n\td=bank.example\r\n\
        X-Own: anna@trade.test\r\nMessage-ID: <1@bank.example>\r\n";

    fn hash(text: &str) -> [u8; 32] {
        [u8::try_from(text.len()).unwrap(); 32]
    }

    #[test]
    fn recipients_and_content_are_not_told() {
        let shown = reported(HEAD, Some(&hash));
        assert!(
            shown.starts_with("From: \"Bank\" <a@bank.example>\r\nDKIM-Signature: v=1;\r\n\td=bank.example\r\n"),
            "{shown}"
        );
        for secret in ["anna", "Anna", "li@", "secret", "X-Own", "Received"] {
            assert!(!shown.contains(secret), "{secret}: {shown}");
        }
        assert!(shown.contains("To: BAQEBAQEBAQEBAQE@trade.test,\r\n AgICAgICAgICAgIC@trade.test\r\n"), "{shown}");
    }

    #[test]
    fn an_unredacted_header_has_no_more_than_its_fields() {
        let shown = reported(HEAD, None);
        assert!(shown.contains("Subject: secret\r\n") && shown.contains("To: Anna <anna@trade.test>"), "{shown}");
        assert!(!shown.contains("X-Own"), "{shown}");
    }
}
