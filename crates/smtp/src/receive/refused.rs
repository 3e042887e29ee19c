//! Why a message was not accepted, and what its sender is told.

use identity::IdentityError;
use judgement::JudgementError;
use mail::message::TooComplex;
use mailbox::MailboxError;
use outbound::OutboundError;
use queue::QueueError;
use reports::ReportError;
use retention::RetentionError;
use signing::SigningError;
use store::StoreError;
use wire::smtp::server::Verdict;

use crate::protection::KeptBack;

/// Why a message was not accepted.
#[derive(Debug, thiserror::Error)]
pub(super) enum AcceptError {
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Signing(#[from] SigningError),
    #[error(transparent)]
    Journal(#[from] RetentionError),
    #[error(transparent)]
    Report(#[from] ReportError),
    #[error(transparent)]
    Judgement(#[from] JudgementError),
    #[error(transparent)]
    Outbound(#[from] OutboundError),
    #[error("nobody is in the group, and its organisation has no administrator")]
    Nobody,
    #[error("making the message ready panicked")]
    Panicked,
    #[error(transparent)]
    TooComplex(#[from] TooComplex),
    #[error("the message is not protected as the rules for {domain} demand")]
    Unprotected { domain: String, why: KeptBack },
}

/// The reply is one thing, the logged cause another.
pub(super) fn refuse(error: &AcceptError, id: &str) -> Verdict {
    let (full, over_quota) = match error {
        AcceptError::Mailbox(MailboxError::OverQuota { .. }) => (false, true),
        AcceptError::Mailbox(error) => (error.is_full(), false),
        AcceptError::Store(error) | AcceptError::Signing(SigningError::Store(error)) => (error.is_full(), false),
        AcceptError::Journal(RetentionError::Store(error)) => (error.is_full(), false),
        AcceptError::Queue(QueueError::Store(error)) => (error.is_full(), false),
        AcceptError::Report(ReportError::Store(error)) => (error.is_full(), false),
        AcceptError::Judgement(JudgementError::Store(error)) => (error.is_full(), false),
        AcceptError::Outbound(OutboundError::Store(error)) => (error.is_full(), false),
        AcceptError::Queue(_)
        | AcceptError::Journal(_)
        | AcceptError::Signing(_)
        | AcceptError::Identity(_)
        | AcceptError::Report(_)
        | AcceptError::Judgement(_)
        | AcceptError::Outbound(_)
        | AcceptError::Nobody
        | AcceptError::Panicked => (false, false),
        AcceptError::TooComplex(error) => return Verdict::reject(554, (5, 6, 0), error.to_string()),
        AcceptError::Unprotected { domain, why } => {
            return Verdict::reject(550, (5, 7, 10), why.refusal(domain));
        }
    };
    if over_quota {
        return Verdict::reject(452, (4, 2, 2), "The mailbox is full");
    }
    tracing::error!(%id, %error, "a message could not be stored");
    if full {
        // RFC 5321 section 4.2.3: 452 is for want of storage.
        return Verdict::reject(452, (4, 3, 1), "No room for the message now, try again later");
    }
    Verdict::reject(451, (4, 3, 0), "The message could not be stored, try again later")
}
