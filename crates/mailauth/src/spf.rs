//! SPF (RFC 7208): may this client send for this domain?
//!
//! `mail-auth` has a checker of its own, but it departs from the RFC in ways that a caller cannot mend (nested includes, void look-ups,
//! macros, syntax); docs/decisions/0009 lists them. So the record is read, expanded and evaluated here, and only the result is given to
//! the library for DMARC.

mod evaluate;
mod expand;
mod names;
mod record;

use std::net::IpAddr;

use env::Timestamp;
use env::dns::Resolver;

use evaluate::Evaluation;
pub(crate) use names::is_queryable;

/// What SPF says (RFC 7208 section 2.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpfResult {
    /// No domain to check or no record.
    None,
    /// The domain says nothing of this client.
    Neutral,
    /// The client may send for the domain.
    Pass,
    /// The client may not.
    Fail,
    /// The client probably may not.
    SoftFail,
    /// A name server did not answer; asking again may help.
    TempError,
    /// The record cannot be understood or asks for too much.
    PermError,
}

impl SpfResult {
    /// The word of RFC 8601 section 2.7.2.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Neutral => "neutral",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// Result of one check with what led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfCheck {
    /// The result.
    pub result: SpfResult,
    /// The domain that was checked, as A-labels in lowercase; as given if it is no domain name.
    pub domain: String,
    /// What the domain says to refused senders, expanded (RFC 7208 section 6.2). Written by a stranger: quote it, never follow it.
    pub explanation: Option<String>,
}

impl SpfCheck {
    pub(crate) fn without_answer(domain: &str, result: SpfResult) -> Self {
        Self { result, domain: domain.to_owned(), explanation: None }
    }
}

/// What a check needs to know of the connection.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// Address of the client.
    pub client: IpAddr,
    /// What the client called itself in HELO or EHLO.
    pub helo: &'a str,
    /// Address in MAIL FROM without angle brackets; empty for the null sender.
    pub mail_from: &'a str,
    /// Our own host name, for the macro `r`.
    pub receiver: &'a str,
    /// Present moment, for the macro `t`.
    pub now: Timestamp,
}

/// Checks the identity of MAIL FROM (RFC 7208 section 2.4); for the null sender that is postmaster at the HELO name.
pub async fn check_mail_from(question: Question<'_>, resolver: &dyn Resolver) -> SpfCheck {
    if question.mail_from.is_empty() {
        return check_helo(question, resolver).await;
    }
    let (local, domain) = question.mail_from.rsplit_once('@').unwrap_or(("", question.mail_from));
    check_host(question, local, domain, resolver).await
}

/// Checks the identity of HELO (RFC 7208 section 2.3).
pub async fn check_helo(question: Question<'_>, resolver: &dyn Resolver) -> SpfCheck {
    check_host(question, "", question.helo, resolver).await
}

/// `check_host()` of RFC 7208 section 4.
async fn check_host(question: Question<'_>, local: &str, domain: &str, resolver: &dyn Resolver) -> SpfCheck {
    // Section 4.3: what is no name of several labels has no policy. Address literals are such.
    let Some(checked) = names::initial(domain) else { return SpfCheck::without_answer(domain, SpfResult::None) };
    // Section 4.3, end: a sender without local part is postmaster.
    let local = if local.is_empty() { "postmaster" } else { local };
    let client = question.client.to_canonical();
    let mut evaluation = Evaluation::new(question, client, local, &checked, resolver);
    let (result, explanation) = evaluation.run(&checked).await;
    SpfCheck { result, domain: checked.to_ascii_lowercase(), explanation }
}
