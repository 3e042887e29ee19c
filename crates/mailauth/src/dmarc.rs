//! DMARC (RFC 9989, which replaces RFC 7489): does an authenticated domain fit the author's, and what does the author's domain ask for?
//!
//! The library walks the tree and aligns. The author is ours to name, and it is the only one that the library is shown.

mod published;
mod record;
mod rua;

pub use published::Published;
pub use record::FailureOptions;
pub use rua::{ReportAddress, failure_addresses, report_addresses};

use env::dns::{DnsError, Resolver};
use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::{AuthenticatedMessage, DkimOutput, SpfOutput, Txt};

use crate::answers::{Answers, Library};
use crate::author::AuthorIdentity;
use crate::spf::{SpfCheck, SpfResult};

/// Labels to which a longer name is cut after the first question (RFC 9989 section 4.10).
const WALK_LABELS_MAX: usize = 7;

/// RFC 8601 with RFC 7489 section 11.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DmarcResult {
    /// The author's domain publishes no policy.
    None,
    /// An authenticated domain is aligned with the author's.
    Pass,
    /// None is.
    Fail,
    /// A name server did not answer, and the message would not pass without it.
    TempError,
    /// The author cannot be named, or the record cannot be read.
    PermError,
}

impl DmarcResult {
    /// The word of RFC 8601.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// What the domain owner asks for when a message fails (RFC 9989 section 4.7, `p`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DmarcPolicy {
    /// Nothing.
    None,
    /// To be suspicious.
    Quarantine,
    /// To refuse.
    Reject,
}

impl DmarcPolicy {
    /// The word in the record.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Quarantine => "quarantine",
            Self::Reject => "reject",
        }
    }
}

/// The result with the policy that applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmarcCheck {
    /// The result.
    pub result: DmarcResult,
    /// The policy that applies to this author, after `sp`, `np` and `t`; `None` without a record.
    pub policy: Option<DmarcPolicy>,
    /// The author's domain; `None` if it is ambiguous.
    pub from_domain: Option<String>,
    /// SPF passed for an aligned domain.
    pub is_spf_aligned: bool,
    /// A signature passed for an aligned domain.
    pub is_dkim_aligned: bool,
    /// The record that the policy comes from, if there is one.
    pub published: Option<Published>,
    /// Why there is no result.
    pub reason: Option<String>,
}

impl DmarcCheck {
    pub(crate) fn without_answer(author: &AuthorIdentity, result: DmarcResult, why: impl Into<String>) -> Self {
        Self {
            result,
            policy: None,
            from_domain: author.domain().map(str::to_owned),
            is_spf_aligned: false,
            is_dkim_aligned: false,
            published: None,
            reason: Some(why.into()),
        }
    }
}

/// What DMARC builds on.
#[derive(Clone, Copy)]
pub(crate) struct Evidence<'m> {
    pub(crate) author: &'m AuthorIdentity,
    pub(crate) spf: &'m SpfCheck,
    /// Domains of the signatures that passed or may pass.
    pub(crate) signers: &'m [String],
}

/// Asks for the records on the way up from the author's domain, and from those domains that may be aligned with it.
pub(crate) async fn ask_records(evidence: Evidence<'_>, answers: &mut Answers, resolver: &dyn Resolver) {
    let Some(author) = evidence.author.domain() else { return };
    answers.ask(walk(author), resolver, record::read).await;
    // Only a domain below one with a record can share its organizational domain.
    let has_record = |name: &String| matches!(answers.get(name), Some(Txt::Dmarc(_)));
    let found = walk(author).into_iter().any(|name| labels(&name) > 2 && has_record(&name));
    if let Some(registry) = walk(author).last().filter(|_| found) {
        // Whatever a registry says (RFC 9989 section 4.10.2), without it the organizational domain is the same or longer: nothing passes
        // for want of its answer, and nobody's mail waits for it.
        answers.forgive(registry);
    }
    let has_record = |name: &String| matches!(answers.get(name), Some(Txt::Dmarc(_)));
    let Some(shortest) = walk(author).iter().filter(|name| has_record(name)).map(|name| labels(name) - 1).min() else {
        return;
    };
    let spf = (evidence.spf.result != SpfResult::None).then_some(&evidence.spf.domain);
    let others = evidence.signers.iter().chain(spf).filter(|other| shared_labels(other, author) >= shortest);
    let names: Vec<String> = others.flat_map(|other| walk(other)).collect();
    answers.ask(names, resolver, record::read).await;
}

fn labels(name: &str) -> usize {
    name.split('.').filter(|label| !label.is_empty()).count()
}

fn shared_labels(one: &str, other: &str) -> usize {
    one.rsplit('.').zip(other.rsplit('.')).take_while(|(one, other)| one.eq_ignore_ascii_case(other)).count()
}

/// The names of the tree walk (RFC 9989 section 4.10), as far as it can go.
fn walk(domain: &str) -> Vec<String> {
    let parts: Vec<&str> = domain.split('.').collect();
    let mut names = Vec::new();
    let mut left_out = 0;
    while let Some(rest) = parts.get(left_out..).filter(|rest| !rest.is_empty()) {
        names.push(format!("_dmarc.{}", rest.join(".")));
        left_out = if rest.len() > WALK_LABELS_MAX { parts.len() - WALK_LABELS_MAX } else { left_out + 1 };
    }
    names
}

/// Evaluates the policy with the records in `answers`.
pub(crate) async fn verify<'m>(
    evidence: Evidence<'m>,
    parsed: &'m AuthenticatedMessage<'m>,
    outputs: &'m [DkimOutput<'m>],
    answers: &'m Answers,
    library: &Library,
    resolver: &dyn Resolver,
) -> DmarcCheck {
    use mail_auth::DmarcResult as Theirs;
    let author = match evidence.author {
        AuthorIdentity::Domain(domain) => domain,
        AuthorIdentity::Ambiguous(why) => {
            return DmarcCheck::without_answer(evidence.author, DmarcResult::PermError, why.to_string());
        }
    };
    let spf = SpfOutput::new(evidence.spf.domain.clone()).with_result(library_result(evidence.spf.result));
    let parameters = DmarcParameters::new(parsed, outputs, &evidence.spf.domain, &spf);
    let output = library.verifier().verify_dmarc(answers.parameters(parameters)).await;
    let (result, reason) = match output.result() {
        Theirs::Pass => (DmarcResult::Pass, None),
        Theirs::Fail(_) => (DmarcResult::Fail, None),
        Theirs::TempError(_) => (DmarcResult::TempError, Some("no answer from a name server".to_owned())),
        Theirs::PermError(_) => (DmarcResult::PermError, Some("the record cannot be read".to_owned())),
        Theirs::None => (DmarcResult::None, None),
    };
    let policy = match output.dmarc_record() {
        None => None,
        Some(record) => Some(policy(author, record, &output.policy(), answers, resolver).await),
    };
    DmarcCheck {
        result,
        policy,
        from_domain: Some(author.clone()),
        is_spf_aligned: output.spf_result() == &Theirs::Pass,
        is_dkim_aligned: output.dkim_result() == &Theirs::Pass,
        published: output.dmarc_record().and_then(|record| published::find(author, record, answers)),
        reason,
    }
}

/// The policy that applies. The library was told that the author's domain exists; where `np` differs, we look.
async fn policy(
    author: &str,
    record: &mail_auth::dmarc::Dmarc,
    stated: &mail_auth::dmarc::Policy,
    answers: &Answers,
    resolver: &dyn Resolver,
) -> DmarcPolicy {
    let has_own_record = matches!(answers.get(&format!("_dmarc.{author}")), Some(Txt::Dmarc(_)));
    let is_absent = !has_own_record && record.np != record.sp && !exists(author, resolver).await;
    let stated = if is_absent { our_policy(&record.np) } else { return our_policy(stated) };
    match (stated, record.t) {
        (DmarcPolicy::Reject, true) => DmarcPolicy::Quarantine,
        (DmarcPolicy::Quarantine, true) => DmarcPolicy::None,
        (stated, _) => stated,
    }
}

const fn our_policy(policy: &mail_auth::dmarc::Policy) -> DmarcPolicy {
    match policy {
        mail_auth::dmarc::Policy::Reject => DmarcPolicy::Reject,
        mail_auth::dmarc::Policy::Quarantine => DmarcPolicy::Quarantine,
        mail_auth::dmarc::Policy::None | mail_auth::dmarc::Policy::Unspecified => DmarcPolicy::None,
    }
}

/// Whether the domain can take part in mail at all: an address or an exchanger (RFC 9091 section 2.7). What is not answered counts as there.
async fn exists(domain: &str, resolver: &dyn Resolver) -> bool {
    let is_absent = |error: Option<DnsError>| matches!(error, Some(DnsError::NotFound { .. }));
    !(is_absent(resolver.ipv4(domain).await.err())
        && is_absent(resolver.mx(domain).await.err())
        && is_absent(resolver.ipv6(domain).await.err()))
}

const fn library_result(result: SpfResult) -> mail_auth::SpfResult {
    match result {
        SpfResult::None => mail_auth::SpfResult::None,
        SpfResult::Neutral => mail_auth::SpfResult::Neutral,
        SpfResult::Pass => mail_auth::SpfResult::Pass,
        SpfResult::Fail => mail_auth::SpfResult::Fail,
        SpfResult::SoftFail => mail_auth::SpfResult::SoftFail,
        SpfResult::TempError => mail_auth::SpfResult::TempError,
        SpfResult::PermError => mail_auth::SpfResult::PermError,
    }
}
