//! What the recipients are told when no exchanger took the message.

use std::net::IpAddr;

use wire::smtp::client::Answer;

use super::link::LinkError;
use super::security::Barred;

/// Why no exchanger took the message so far.
pub(super) struct Failures {
    host: String,
    answer: Answer,
    /// The message needs REQUIRETLS, and none that was tried could keep it.
    is_final: bool,
    /// The answer is for want of protection: nothing could be sent there that may not go in clear.
    is_unprotected: bool,
}

/// The end of an attempt at all exchangers.
pub(super) struct Failed {
    /// Who failed last.
    pub(super) host: String,
    /// The answer for the recipients.
    pub(super) answer: Answer,
    /// It is for want of protection.
    pub(super) is_unprotected: bool,
}

impl Failures {
    pub(super) fn new(requiretls: bool) -> Self {
        let answer = Answer::ours(450, (4, 4, 1), "no server was reached");
        Self { host: String::new(), answer, is_final: requiretls, is_unprotected: false }
    }

    /// Notes why `host`, at `address` if it came so far, did not take the message.
    pub(super) fn note(&mut self, host: &str, address: Option<IpAddr>, error: &LinkError) {
        // What only a later attempt can tell goes before what is for good: that server may keep REQUIRETLS.
        let is_later = !error.lacks_protection();
        if !is_later && !self.is_final && !self.host.is_empty() {
            return;
        }
        self.is_final &= !is_later;
        self.is_unprotected = !is_later;
        host.clone_into(&mut self.host);
        let place = address.map(|address| format!(" [{address}]")).unwrap_or_default();
        self.answer = Answer::ours(450, status_of(error), format!("{host}{place}: {error}"));
    }

    /// The end. RFC 5321 section 4.2.4.1 leaves what a refusal to talk means open; another server, or this one later, may talk. For
    /// RFC 8689 section 4.2.1 there is no later.
    pub(super) fn into_failed(self) -> Failed {
        let Self { host, mut answer, is_final, is_unprotected } = self;
        if is_final && !host.is_empty() {
            answer.code = 550;
        }
        Failed { host, answer: answer.consistent(), is_unprotected }
    }
}

fn status_of(error: &LinkError) -> (u8, u16, u16) {
    match error {
        LinkError::Connect(_) => (4, 4, 1),
        LinkError::Stream(_) | LinkError::Protocol(_) => (4, 4, 2),
        LinkError::Barred(Barred::Undecided(_)) => (4, 4, 3),
        // RFC 8689 section 4.2.1
        LinkError::Handshake(_)
        | LinkError::NoTls
        | LinkError::OldTls(_)
        | LinkError::Setup(_)
        | LinkError::Barred(Barred::NotInPolicy | Barred::NameNotProven) => (4, 7, 10),
        LinkError::NoRequireTls => (4, 7, 30),
        LinkError::Refused(answer) => answer.enhanced.map_or((4, 4, 0), |it| (4, it.subject, it.detail)),
        LinkError::Store(_) => (4, 3, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_change_later_goes_before_what_lacks_protection() {
        let undecided = || LinkError::Barred(Barred::Undecided("no answer".to_owned()));
        for (errors, requiretls, code, is_unprotected) in [
            (vec![LinkError::NoTls], false, 450, true),
            (vec![LinkError::NoTls], true, 550, true),
            (vec![LinkError::NoTls, undecided()], true, 450, false),
            (vec![undecided(), LinkError::NoTls], true, 450, false),
            (vec![LinkError::Barred(Barred::NotInPolicy), LinkError::OldTls("TLSv1.2")], false, 450, true),
            (vec![], true, 450, false),
        ] {
            let mut failures = Failures::new(requiretls);
            errors.iter().for_each(|error| failures.note("mx.example", None, error));
            let failed = failures.into_failed();
            assert_eq!((failed.answer.code, failed.is_unprotected), (code, is_unprotected), "{errors:?} {requiretls}");
        }
    }
}
