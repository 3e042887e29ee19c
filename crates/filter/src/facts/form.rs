//! How the header is written: which fields there are and what the telling ones say.

use mail::header;

/// Fields of a header that are kept.
pub const FIELDS_MAX: usize = 64;

/// Octets of a name that are kept.
const NAME_OCTETS_MAX: usize = 40;

/// Characters of a value that are kept.
const VALUE_CHARS_MAX: usize = 200;

/// Fields whose value is kept; of all others only that they are there.
const TELLING: [&str; 16] = [
    "auto-submitted",
    "content-transfer-encoding",
    "content-type",
    "date",
    "importance",
    "list-unsubscribe",
    "message-id",
    "mime-version",
    "precedence",
    "return-path",
    "sender",
    "to",
    "user-agent",
    "x-mailer",
    "x-originating-ip",
    "x-priority",
];

/// A field of the header.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct HeaderField {
    /// Its name in lowercase.
    pub name: String,
    /// What it says, unfolded and cut, if it is one that tells how the message was made; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub value: String,
}

/// The form of the header.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Form {
    /// Fields in the order in which they stand.
    pub fields: Vec<HeaderField>,
    /// The field `Date` can be read (RFC 5322 section 3.3).
    pub has_valid_date: bool,
    /// A field holds octets that are not ASCII.
    pub has_raw_octets: bool,
    /// Lines longer than 998 octets (RFC 5322 section 2.1.1).
    pub long_lines: u32,
    /// Authors that the field `From` names.
    pub authors: u32,
}

impl Form {
    /// Reads the form of `header`.
    pub(super) fn read(header_octets: &[u8], authors: usize) -> Self {
        let mut form = Self { authors: u32::try_from(authors).unwrap_or(u32::MAX), ..Self::default() };
        for field in header::fields(header_octets).take(FIELDS_MAX) {
            let name: String =
                String::from_utf8_lossy(field.name.get(..NAME_OCTETS_MAX).unwrap_or(field.name)).to_lowercase();
            let value = if TELLING.contains(&name.as_str()) {
                String::from_utf8_lossy(&field.value()).chars().take(VALUE_CHARS_MAX).collect()
            } else {
                String::new()
            };
            form.has_valid_date |= name == "date" && mail::date::parse_rfc5322(value.trim()).is_some();
            form.has_raw_octets |= !field.raw_value.is_ascii();
            form.fields.push(HeaderField { name, value });
        }
        let long = header_octets.split(|octet| *octet == b'\n').filter(|line| line.len() > 999).count();
        form.long_lines = u32::try_from(long).unwrap_or(u32::MAX);
        form
    }

    /// How many fields there are of a name, given in lowercase.
    #[must_use]
    pub fn count(&self, name: &str) -> u32 {
        u32::try_from(self.fields.iter().filter(|field| field.name == name).count()).unwrap_or(u32::MAX)
    }

    /// What the first field of a name says; empty if there is none.
    #[must_use]
    pub fn value(&self, name: &str) -> &str {
        self.fields.iter().find(|field| field.name == name).map_or("", |field| field.value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_tells_how_a_message_was_made() {
        let form = Form::read(
            b"Received: from a\r\nMessage-ID:\r\n <x@y.example>\r\nDATE: Thu, 26 Nov 2026 10:00:00 +0800\r\nX-Secret: s\r\nX-Secret: \xff\r\n\r\n",
            1,
        );
        assert_eq!(form.value("message-id"), "<x@y.example>");
        assert!(
            form.has_valid_date
                && form.has_raw_octets
                && form.count("x-secret") == 2
                && form.value("x-secret").is_empty()
        );
        assert!(!Form::read(b"Date: yesterday\r\n\r\n", 1).has_valid_date);
        let many: String = (0..1000).map(|n| format!("X-{n}: {}\r\n", "v".repeat(2000))).collect();
        let form = Form::read(many.as_bytes(), 1);
        assert_eq!((form.fields.len(), form.long_lines), (FIELDS_MAX, 1000));
    }
}
