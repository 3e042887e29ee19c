//! A failure report (RFC 6591): what one receiver found of one message, in the fields of the abuse reporting format (RFC 5965).

use std::net::IpAddr;

/// Octets of the fields that are looked at.
const FIELDS_OCTETS_MAX: usize = 64 << 10;

/// Characters of one value that are kept.
const VALUE_CHARS_MAX: usize = 512;

/// The type of feedback that this is (RFC 6591 section 3.1).
const FEEDBACK_TYPE: &str = "auth-failure";

/// What a report says of a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Failure {
    /// What failed: `dmarc`, `spf`, `signature`, ...
    pub kind: String,
    /// The domain whose mail it claims to be.
    pub domain: String,
    /// The server that sent it.
    pub source: Option<IpAddr>,
    /// The port from which it sent (RFC 6692).
    pub source_port: Option<u16>,
    /// Envelope sender, without angle brackets; empty for the null sender.
    pub mail_from: Option<String>,
    /// When it came, as the reporter writes it.
    pub arrival: Option<String>,
    /// What was done with it: `delivered`, `spam`, `policy`, `reject` or `other`.
    pub delivery: Option<String>,
    /// Which of `dkim` and `spf` were aligned, or `none` (RFC 7489 section 7.3.1).
    pub alignment: Option<String>,
    /// Signing domain and selector of a signature that failed.
    pub dkim: Option<(String, String)>,
    /// What the reporter found, as an Authentication-Results field says it.
    pub results: Option<String>,
    /// Messages that the report stands for; 1 if it does not say.
    pub incidents: u64,
}

/// Fields that are no failure report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the failure report cannot be read: {0}")]
pub struct FailureError(&'static str);

impl FailureError {
    /// The same fields will never be read.
    #[must_use]
    pub const fn outlook(&self) -> env::Outlook {
        env::Outlook::Permanent
    }
}

impl Failure {
    /// The part `message/feedback-report`, lines ending in CRLF; `agent` names the program that reports.
    #[must_use]
    pub fn write(&self, agent: &str) -> String {
        let source = self.source.map(|source| source.to_canonical().to_string());
        let mail_from = self.mail_from.as_ref().map(|from| format!("<{from}>"));
        let incidents = (self.incidents > 1).then(|| self.incidents.to_string());
        let (dkim_domain, dkim_selector) = match &self.dkim {
            Some((domain, selector)) => (Some(domain.clone()), Some(selector.clone())),
            None => (None, None),
        };
        let mut out = String::new();
        for (name, value) in [
            ("Feedback-Type", Some(FEEDBACK_TYPE.to_owned())),
            ("User-Agent", Some(agent.to_owned())),
            ("Version", Some("1".to_owned())),
            ("Auth-Failure", Some(self.kind.clone())),
            ("Reported-Domain", Some(self.domain.clone())),
            ("Identity-Alignment", self.alignment.clone()),
            ("Original-Mail-From", mail_from),
            ("Arrival-Date", self.arrival.clone()),
            ("Source-IP", source),
            ("Source-Port", self.source_port.map(|port| port.to_string())),
            ("Delivery-Result", self.delivery.clone()),
            ("DKIM-Domain", dkim_domain),
            ("DKIM-Selector", dkim_selector),
            ("Authentication-Results", self.results.clone()),
            ("Incidents", incidents),
        ] {
            if let Some(value) = value {
                out.push_str(&format!("{name}: {}\r\n", clean(&value)));
            }
        }
        out
    }

    /// Reads the part `message/feedback-report`.
    ///
    /// # Errors
    /// [`FailureError`] if it is one of another kind, or names no domain.
    pub fn read(part: &[u8]) -> Result<Self, FailureError> {
        let part = part.get(..FIELDS_OCTETS_MAX).unwrap_or(part);
        let value = |name: &str| {
            let field = mail::header::fields(part).find(|field| field.is(name))?;
            Some(clean(&String::from_utf8_lossy(&field.value())))
        };
        if !value("Feedback-Type").is_some_and(|kind| kind.eq_ignore_ascii_case(FEEDBACK_TYPE)) {
            return Err(FailureError("it is of another kind"));
        }
        let domain = value("Reported-Domain").or_else(|| value("DKIM-Domain"));
        let domain = domain.and_then(|domain| mail::domain::canonical(&domain).ok());
        let Some(domain) = domain else { return Err(FailureError("it names no domain")) };
        let mail_from = value("Original-Mail-From");
        Ok(Self {
            kind: value("Auth-Failure").unwrap_or_default().to_ascii_lowercase(),
            domain,
            source: value("Source-IP").and_then(|source| source.parse().ok()),
            source_port: value("Source-Port").and_then(|port| port.parse().ok()),
            mail_from: mail_from.map(|from| from.trim_start_matches('<').trim_end_matches('>').to_owned()),
            arrival: value("Arrival-Date").or_else(|| value("Received-Date")),
            delivery: value("Delivery-Result").map(|result| result.to_ascii_lowercase()),
            alignment: value("Identity-Alignment").map(|aligned| aligned.to_ascii_lowercase()),
            dkim: value("DKIM-Domain").map(|domain| (domain, value("DKIM-Selector").unwrap_or_default())),
            results: value("Authentication-Results"),
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
        let failure = Failure {
            kind: "dmarc".to_owned(),
            domain: "bank.example".to_owned(),
            source: Some([192, 0, 2, 1].into()),
            source_port: Some(50_025),
            mail_from: Some("a@elsewhere.example\r\nX: y".to_owned()),
            arrival: Some("Thu, 26 Nov 2026 15:00:00 +0000".to_owned()),
            delivery: Some("reject".to_owned()),
            alignment: Some("none".to_owned()),
            dkim: Some(("bank.example".to_owned(), "s1".to_owned())),
            results: Some("mail.trade.test; dmarc=fail".to_owned()),
            incidents: 3,
        };
        let text = failure.write("Tradewind/0.1");
        assert!(
            text.starts_with("Feedback-Type: auth-failure\r\nUser-Agent: Tradewind/0.1\r\nVersion: 1\r\n"),
            "{text}"
        );
        let read = Failure::read(text.as_bytes()).unwrap();
        assert_eq!(read, Failure { mail_from: Some("a@elsewhere.example  X: y".to_owned()), ..failure });
    }

    #[test]
    fn others_and_nonsense_are_refused() {
        for text in [
            "Feedback-Type: abuse\r\nReported-Domain: bank.example\r\n",
            "Feedback-Type: auth-failure\r\nReported-Domain: not a domain\r\n",
            "Feedback-Type: auth-failure\r\n",
            "",
        ] {
            assert!(Failure::read(text.as_bytes()).is_err(), "{text}");
        }
        let short =
            Failure::read(b"Feedback-Type: Auth-Failure\nDKIM-Domain: Bank.example\nSource-IP: nowhere\n").unwrap();
        assert_eq!((short.domain.as_str(), short.source, short.incidents), ("bank.example", None, 1));
    }
}
