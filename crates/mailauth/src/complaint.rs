//! A complaint about a message in the abuse reporting format (RFC 5965): what somebody says of it, in fields for programs.

use std::net::IpAddr;

/// Octets of the fields that are looked at.
const FIELDS_OCTETS_MAX: usize = 64 << 10;

/// Characters of one value that are kept.
const VALUE_CHARS_MAX: usize = 512;

/// Values of a field that may stand more than once.
const VALUES_MAX: usize = 20;

/// Kinds of RFC 5965 section 7.3 that are about content.
const KINDS: [&str; 5] = ["abuse", "fraud", "not-spam", "other", "virus"];

/// What a complaint says of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Complaint {
    /// `abuse`, `fraud`, `virus`, `other` or `not-spam`.
    pub kind: String,
    /// Envelope sender, without angle brackets; empty for the null sender.
    pub mail_from: Option<String>,
    /// Whom it was for.
    pub recipients: Vec<String>,
    /// When it came, as the reporter writes it.
    pub arrival: Option<String>,
    /// The server that sent it.
    pub source: Option<IpAddr>,
    /// Domains that are to do with it.
    pub domains: Vec<String>,
    /// Addresses of pages that are.
    pub uris: Vec<String>,
    /// Messages that the complaint stands for; 1 if it does not say.
    pub incidents: u64,
}

/// Fields that are no complaint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the complaint cannot be read: {0}")]
pub struct ComplaintError(&'static str);

impl ComplaintError {
    /// The same fields will never be read.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

impl Complaint {
    /// The part `message/feedback-report` (RFC 5965 section 3), lines ending in CRLF; `agent` names the program that reports.
    #[must_use]
    pub fn write(&self, agent: &str) -> String {
        let mut out = String::new();
        let mut field = |name: &str, value: &str| out.push_str(&format!("{name}: {}\r\n", clean(value)));
        field("Feedback-Type", &self.kind);
        field("User-Agent", agent);
        field("Version", "1");
        if let Some(from) = &self.mail_from {
            field("Original-Mail-From", &format!("<{from}>"));
        }
        self.recipients.iter().take(VALUES_MAX).for_each(|it| field("Original-Rcpt-To", &format!("<{it}>")));
        if let Some(arrival) = &self.arrival {
            field("Arrival-Date", arrival);
        }
        if let Some(source) = self.source {
            field("Source-IP", &source.to_canonical().to_string());
        }
        self.domains.iter().take(VALUES_MAX).for_each(|it| field("Reported-Domain", it));
        self.uris.iter().take(VALUES_MAX).for_each(|it| field("Reported-URI", it));
        if self.incidents > 1 {
            field("Incidents", &self.incidents.to_string());
        }
        out
    }

    /// Reads the part `message/feedback-report`.
    ///
    /// # Errors
    /// [`ComplaintError`] if it is of another kind, such as a report of authentication (RFC 6591), or of none.
    pub fn read(part: &[u8]) -> Result<Self, ComplaintError> {
        let part = part.get(..FIELDS_OCTETS_MAX).unwrap_or(part);
        let values = |name: &'static str| {
            let fields = mail::header::fields(part).filter(move |field| field.is(name));
            fields.map(|field| clean(&String::from_utf8_lossy(&field.value()))).take(VALUES_MAX)
        };
        let value = |name| values(name).next();
        let bare = |address: String| address.trim_start_matches('<').trim_end_matches('>').to_owned();
        let Some(kind) = value("Feedback-Type") else { return Err(ComplaintError("it names no type of feedback")) };
        let kind = kind.to_ascii_lowercase();
        if !KINDS.contains(&kind.as_str()) {
            return Err(ComplaintError("it is of another type"));
        }
        Ok(Self {
            kind,
            mail_from: value("Original-Mail-From").map(bare),
            recipients: values("Original-Rcpt-To").map(bare).collect(),
            arrival: value("Arrival-Date").or_else(|| value("Received-Date")),
            source: value("Source-IP").and_then(|source| source.parse().ok()),
            domains: values("Reported-Domain").filter_map(|it| mail::domain::canonical(&it).ok()).collect(),
            uris: values("Reported-URI").collect(),
            incidents: value("Incidents").and_then(|count| count.parse().ok()).unwrap_or(1).max(1),
        })
    }
}

/// One line of bounded length: what strangers wrote must not begin a field of its own.
fn clean(value: &str) -> String {
    let shown: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(VALUE_CHARS_MAX).collect();
    shown.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let complaint = Complaint {
            kind: "abuse".to_owned(),
            mail_from: Some("spam@far.example\r\nX: y".to_owned()),
            recipients: vec!["a@b.example".to_owned(), "c@d.example".to_owned()],
            arrival: Some("Thu, 26 Nov 2026 15:00:00 +0000".to_owned()),
            source: Some([192, 0, 2, 1].into()),
            domains: vec!["far.example".to_owned()],
            uris: vec!["http://far.example/x".to_owned()],
            incidents: 3,
        };
        let text = complaint.write("Tradewind/0.1");
        assert!(text.starts_with("Feedback-Type: abuse\r\nUser-Agent: Tradewind/0.1\r\nVersion: 1\r\n"), "{text}");
        let read = Complaint::read(text.as_bytes()).unwrap();
        assert_eq!(read, Complaint { mail_from: Some("spam@far.example  X: y".to_owned()), ..complaint });
    }

    #[test]
    fn the_example_of_the_standard_is_read() {
        // RFC 5965 section B.2, the part for programs.
        let text = "Feedback-Type: abuse\r\nUser-Agent: SomeGenerator/1.0\r\nVersion: 1\r\n\
            Original-Mail-From: <somespammer@example.net>\r\nOriginal-Rcpt-To: <user@example.com>\r\n\
            Arrival-Date: Thu, 8 Mar 2005 14:00:00 EDT\r\nReporting-MTA: dns; mail.example.com\r\n\
            Source-IP: 192.0.2.1\r\nAuthentication-Results: mail.example.com;\r\n               spf=fail smtp.mail=somespammer@example.com\r\n\
            Reported-Domain: example.net\r\nReported-Uri: http://example.net/earn_money.html\r\n\
            Reported-Uri: mailto:user@example.com\r\nRemoval-Recipient: user@example.com\r\n";
        let read = Complaint::read(text.as_bytes()).unwrap();
        assert_eq!((read.kind.as_str(), read.uris.len(), read.incidents), ("abuse", 2, 1));
        assert_eq!(read.recipients, ["user@example.com"]);
    }

    #[test]
    fn others_and_nonsense_are_refused() {
        for text in ["Feedback-Type: auth-failure\r\n", "Feedback-Type: praise\r\n", "Subject: x\r\n", ""] {
            assert!(Complaint::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
