//! How far a message may become known, as its header says.

use mail::header;

use crate::Class;

/// Fields that say it: ours first, then that of RFC 4021 section 2.1.55.
const FIELDS: [&str; 2] = ["X-Classification", "Sensitivity"];

/// The classification of the message that begins with `head`: the strictest that a field of its header names; internal where none does.
#[must_use]
pub fn class_of(head: &[u8]) -> Class {
    let named = header::fields(head).filter(|field| FIELDS.iter().any(|name| field.is(name)));
    let named = named.map(|field| {
        let value = String::from_utf8_lossy(&field.value()).trim().to_ascii_lowercase();
        match value.as_str() {
            "company-confidential" | "personal" | "private" => Class::Confidential,
            // A mark that is not understood is none that lets more through.
            other => other.parse().unwrap_or(Class::Secret),
        }
    });
    named.max().unwrap_or(Class::Internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strictest_mark_counts() {
        for (head, expected) in [
            ("Subject: x\r\n\r\nX-Classification: secret\r\n", Class::Internal),
            ("X-Classification: Public\r\n\r\n", Class::Public),
            ("Sensitivity: Company-Confidential\r\n\r\n", Class::Confidential),
            ("X-Classification: public\r\nSensitivity: Private\r\n\r\n", Class::Confidential),
            ("X-Classification: top\r\n\r\n", Class::Secret),
        ] {
            assert_eq!(class_of(head.as_bytes()), expected, "{head}");
        }
    }
}
