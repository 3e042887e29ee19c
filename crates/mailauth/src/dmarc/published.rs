//! What a domain's owner published, as reports repeat it.

use mail_auth::Txt;
use mail_auth::dmarc::{Alignment, Dmarc, Policy};

use crate::answers::Answers;

/// A policy record and the domain that published it (RFC 7489 appendix C, `policy_published`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Published {
    /// The domain at which the record stands.
    pub domain: String,
    /// Signing domains must equal the author's.
    pub is_dkim_strict: bool,
    /// The domain that SPF passed for must equal the author's.
    pub is_spf_strict: bool,
    /// What is asked for the domain itself.
    pub policy: &'static str,
    /// For domains below it.
    pub subdomain_policy: &'static str,
    /// For domains below it that do not exist.
    pub absent_policy: &'static str,
    /// The policy is being tried out.
    pub is_testing: bool,
    /// It asks for aggregate reports.
    pub wants_reports: bool,
    /// It asks for failure reports.
    pub wants_failures: bool,
}

/// The record that the library chose, found again on the way up from the author's domain.
pub(super) fn find(author: &str, record: &Dmarc, answers: &Answers) -> Option<Published> {
    let is_it = |name: &String| matches!(answers.get(name), Some(Txt::Dmarc(found)) if **found == *record);
    let name = super::walk(author).into_iter().find(is_it)?;
    Some(Published {
        domain: name.strip_prefix("_dmarc.").unwrap_or(&name).to_owned(),
        is_dkim_strict: record.adkim == Alignment::Strict,
        is_spf_strict: record.aspf == Alignment::Strict,
        policy: word(record.p),
        subdomain_policy: word(record.sp),
        absent_policy: word(record.np),
        is_testing: record.t,
        wants_reports: !record.rua.is_empty(),
        wants_failures: !record.ruf.is_empty(),
    })
}

const fn word(policy: Policy) -> &'static str {
    match policy {
        Policy::Reject => "reject",
        Policy::Quarantine => "quarantine",
        Policy::None | Policy::Unspecified => "none",
    }
}
