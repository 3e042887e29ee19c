//! All checks of one message, in order and within one deadline.

use std::net::IpAddr;
use std::time::Duration;

use env::dns::Resolver;
use env::{Clock, Timestamp};
use mail::header::{fields, split_header_body};
use mail_auth::{AuthenticatedMessage, DkimResult as LibraryResult};

use crate::answers::{Answers, Library, SetUpError};
use crate::arc::{self, ArcCheck, ArcResult, Chain};
use crate::author::{Ambiguity, AuthorIdentity, author};
use crate::dkim::{self, DkimCheck, Signatures};
use crate::dmarc::{self, DmarcCheck, DmarcResult, Evidence};
use crate::iprev::{self, IprevCheck, IprevResult};
use crate::settings::AuthenticationSettings;
use crate::signature::{Body, name_and_value};
use crate::spf::{Question, SpfCheck, SpfResult, check_helo, check_mail_from};

/// Shares of the deadline: envelope first, then what the message itself asks for.
const ENVELOPE_SHARE: u32 = 2;

/// What a receiver knows of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Connection<'a> {
    /// Address of the client.
    pub client: IpAddr,
    /// What it called itself in HELO or EHLO.
    pub helo: &'a str,
    /// Address in MAIL FROM without angle brackets; empty for the null sender.
    pub mail_from: &'a str,
    /// Our host name.
    pub receiver: &'a str,
}

/// What was found. Nothing here is a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whether the client's host name leads back to it.
    pub iprev: IprevCheck,
    /// SPF for the HELO name.
    pub spf_helo: SpfCheck,
    /// SPF for MAIL FROM; for the null sender the same as for HELO. This one counts for DMARC.
    pub spf: SpfCheck,
    /// Each signature in the order of the fields.
    pub dkim: Vec<DkimCheck>,
    /// The chain of forwarders.
    pub arc: ArcCheck,
    /// Whom the message names as its author.
    pub author: AuthorIdentity,
    /// Whether an authenticated domain fits the author.
    pub dmarc: DmarcCheck,
}

impl Facts {
    /// The domain that the message is authenticated for as its author's: only on a pass of DMARC, only for the one author.
    #[must_use]
    pub fn authenticated_domain(&self) -> Option<&str> {
        if self.dmarc.result == DmarcResult::Pass { self.author.domain() } else { None }
    }

    /// Whether asking again later may give another result that matters: the message would not pass as it stands.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        self.dmarc.result == DmarcResult::TempError
    }
}

/// What was found before there is a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeFacts {
    /// Whether the client's host name leads back to it.
    pub iprev: IprevCheck,
    /// SPF for the HELO name.
    pub spf_helo: SpfCheck,
    /// SPF for MAIL FROM; for the null sender the same as for HELO.
    pub spf: SpfCheck,
}

/// The checks, set up once for all messages. Keeps nothing of a message.
pub struct Checker {
    library: Library,
    trusted_sealers: Vec<String>,
    deadline: Duration,
}

impl Checker {
    /// Checks as the settings say.
    ///
    /// # Errors
    /// [`SetUpError`] if the verifier cannot be made.
    pub fn new(settings: &AuthenticationSettings) -> Result<Self, SetUpError> {
        Ok(Self {
            library: Library::new()?,
            trusted_sealers: settings.trusted_sealers.clone(),
            deadline: Duration::from_secs(settings.check_seconds),
        })
    }

    /// Checks a message as it was received, without trace fields of ours.
    ///
    /// Takes no longer than the deadline of the settings for what it waits for; what is not known by then is a temporary error.
    pub async fn check(
        &self,
        message: &[u8],
        connection: Connection<'_>,
        resolver: &dyn Resolver,
        clock: &dyn Clock,
    ) -> Facts {
        let now = clock.now();
        let EnvelopeFacts { iprev, spf_helo, spf } = self.check_envelope(connection, resolver, clock).await;
        let author = agreed_author(message);
        let checked = tokio::time::timeout(
            self.deadline / ENVELOPE_SHARE,
            self.check_message(message, &author, &spf, resolver, now),
        );
        let (dkim, arc, dmarc) = match checked.await {
            Ok(checked) => checked,
            Err(_) => (
                Vec::new(),
                ArcCheck::broken(ArcResult::TempError, "out of time"),
                DmarcCheck::without_answer(&author, DmarcResult::TempError, "out of time"),
            ),
        };
        Facts { iprev, spf_helo, spf, dkim, arc, author, dmarc }
    }

    /// Checks what is known before the message is there, within half of the deadline.
    pub async fn check_envelope(
        &self,
        connection: Connection<'_>,
        resolver: &dyn Resolver,
        clock: &dyn Clock,
    ) -> EnvelopeFacts {
        let Connection { client, helo, mail_from, receiver } = connection;
        let question = Question { client, helo, mail_from, receiver, now: clock.now() };
        let limit = self.deadline / ENVELOPE_SHARE;
        let (iprev, of_helo, of_sender) = tokio::join!(
            tokio::time::timeout(limit, iprev::check(client, resolver)),
            tokio::time::timeout(limit, check_helo(question, resolver)),
            tokio::time::timeout(limit, async {
                if mail_from.is_empty() { None } else { Some(check_mail_from(question, resolver).await) }
            }),
        );
        let out_of_time = |domain: &str| SpfCheck::without_answer(&domain.to_ascii_lowercase(), SpfResult::TempError);
        let spf_helo = of_helo.unwrap_or_else(|_| out_of_time(helo));
        let spf = match of_sender {
            Ok(Some(check)) => check,
            Ok(None) => spf_helo.clone(),
            Err(_) => out_of_time(mail_from.rsplit_once('@').map_or(mail_from, |(_, domain)| domain)),
        };
        let iprev = iprev.unwrap_or(IprevCheck { result: IprevResult::TempError, name: None });
        EnvelopeFacts { iprev, spf_helo, spf }
    }

    async fn check_message(
        &self,
        message: &[u8],
        author: &AuthorIdentity,
        spf: &SpfCheck,
        resolver: &dyn Resolver,
        now: Timestamp,
    ) -> (Vec<DkimCheck>, ArcCheck, DmarcCheck) {
        let (header, body) = split_header_body(message);
        // The library's own reading of a message is not used: it ends the header at a line without a colon, does not find fields with
        // white space before theirs, and hashes the body once for each length that a forger names. It verifies what we read.
        let mut parsed = AuthenticatedMessage {
            headers: fields(header).map(|field| name_and_value(header, &field)).collect(),
            from: author.domain().map(|domain| format!("author@{domain}")).into_iter().collect(),
            ..AuthenticatedMessage::default()
        };
        let mut body = Body::new(body);
        let signatures = Signatures::read(header, &mut parsed, &mut body, now);
        let chain = arc::read(header, &mut parsed, &mut body, now);
        parsed.body_hashes = body.into_hashes();
        let mut answers = Answers::default();
        dkim::ask_keys(&parsed, &mut answers, resolver).await;
        if matches!(chain, Chain::Open { .. }) {
            arc::ask_keys(&parsed, &mut answers, resolver).await;
        }
        let keys = answers.clone();
        let (dkim, outputs) = signatures.verify(&parsed, &keys, &self.library).await;
        let arc = arc::verify(chain, &parsed, &keys, &self.library, &self.trusted_sealers).await;
        let may_count = |result: &LibraryResult| matches!(result, LibraryResult::Pass | LibraryResult::TempError(_));
        let signers: Vec<String> = outputs
            .iter()
            .filter(|output| may_count(output.result()))
            .filter_map(|output| output.signature().map(|signature| signature.d.clone()))
            .collect();
        let evidence = Evidence { author, spf, signers: &signers };
        dmarc::ask_records(evidence, &mut answers, resolver).await;
        let dmarc = dmarc::verify(evidence, &parsed, &outputs, &answers, &self.library, resolver).await;
        (dkim, arc, dmarc)
    }
}

/// Our author, unless the library reads another one.
fn agreed_author(message: &[u8]) -> AuthorIdentity {
    let theirs = AuthenticatedMessage::parse_with_opts(split_header_body(message).0, None, false);
    agreed(author(message), theirs.as_ref().map(|parsed| parsed.from.as_slice()).unwrap_or_default())
}

fn agreed(ours: AuthorIdentity, theirs: &[String]) -> AuthorIdentity {
    let AuthorIdentity::Domain(domain) = &ours else { return ours };
    let is_ours = |address: &String| {
        let theirs = address.rsplit_once('@').map(|(_, theirs)| mail::domain::canonical(theirs));
        matches!(theirs, Some(Ok(theirs)) if theirs == *domain)
    };
    match theirs {
        [address] if is_ours(address) => ours,
        _ => AuthorIdentity::Ambiguous(Ambiguity::Disagreement),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_must_agree() {
        let ours = || AuthorIdentity::Domain("bank.example".to_owned());
        let agreed = |theirs: &[&str]| agreed(ours(), &theirs.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>());
        assert_eq!(agreed(&["a@bank.example"]), ours());
        assert_eq!(agreed(&["a@BANK.example"]), ours());
        for theirs in [
            &[][..],
            &["a@attacker.example"],
            &["a@bank.example", "a@bank.example"],
            &["bank.example"],
            &["a@bank.example@attacker.example"],
            &["a@bank..example"],
        ] {
            assert_eq!(agreed(theirs), AuthorIdentity::Ambiguous(Ambiguity::Disagreement), "{theirs:?}");
        }
    }
}
