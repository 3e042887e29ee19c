//! `EHLO` and `HELO`, and what they offer.

use std::fmt::Write;
use std::time::Duration;

use super::{Advance, Hello, Session};
use crate::sasl::Mechanism;
use crate::smtp::reply::write_reply;

impl Session {
    /// RFC 5321 section 4.1.4: either forgets a transaction.
    pub(super) fn greet(&mut self, name: String, extended: bool) -> Advance {
        self.transaction = None;
        self.hello = Some(Hello { name, extended });
        let text = if extended { self.offers() } else { self.config.hostname.clone() };
        write_reply(&mut self.output, 250, None, &text);
        Advance::Again
    }

    /// Our name and the keywords of our extensions, one a line.
    fn offers(&self) -> String {
        let limits = &self.config.limits;
        let mut text = format!(
            "{}\nPIPELINING\nSIZE {}\n8BITMIME\nSMTPUTF8\nCHUNKING\nDSN\nENHANCEDSTATUSCODES\nLIMITS MAILMAX={} RCPTMAX={}",
            self.config.hostname, limits.size_bytes_max, limits.messages_max, limits.recipients_max
        );
        if self.offers_starttls() {
            text.push_str("\nSTARTTLS");
        }
        if self.offers_require_tls() {
            text.push_str("\nREQUIRETLS");
        }
        if let Some(seconds) = self.hold_seconds_max() {
            let last = self.config.clock.now().plus(Duration::from_secs(u64::from(seconds)));
            // Writing to a string does not fail.
            let _ = write!(text, "\nFUTURERELEASE {seconds} {last}");
        }
        let mut mechanisms = self.offered_mechanisms().peekable();
        if mechanisms.peek().is_some() {
            text.push_str("\nAUTH");
            for mechanism in mechanisms {
                text.push(' ');
                text.push_str(mechanism.name());
            }
        }
        text
    }

    pub(super) fn offers_starttls(&self) -> bool {
        self.config.starttls && self.tls.is_none()
    }

    /// RFC 8689 section 2: only where the client already came by TLS.
    pub(super) fn offers_require_tls(&self) -> bool {
        self.config.require_tls && self.tls.is_some()
    }

    /// RFC 4865 section 3: for submission alone.
    pub(super) fn hold_seconds_max(&self) -> Option<u32> {
        self.config.hold_seconds_max.filter(|_| self.config.kind.is_submission())
    }

    /// Nothing in clear (RFC 4954 section 4); `-PLUS` where there is something to bind to, `EXTERNAL` where the client showed a
    /// certificate.
    pub(super) fn offered_mechanisms(&self) -> impl Iterator<Item = Mechanism> + '_ {
        let tls = self.tls.as_ref().filter(|_| self.config.kind.is_submission() && self.identity.is_none());
        let bound = tls.is_some_and(|tls| tls.bindings.any());
        let certified = tls.is_some_and(|tls| tls.client_certificate);
        let all = tls.map(|_| self.config.mechanisms.iter().copied());
        all.into_iter().flatten().filter(move |mechanism| match mechanism {
            Mechanism::ScramSha256Plus => bound,
            Mechanism::External => certified,
            _ => true,
        })
    }
}
