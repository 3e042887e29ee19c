//! How a command ended, with what its answer needs.

use mailbox::MailboxError;
use net::StreamError;
use store::StoreError;
use wire::imap::{Code, NumberSet, Reply, Status};

/// The end of a command.
#[derive(Debug)]
pub(crate) struct Answer {
    status: Status,
    code: AnswerCode,
    text: &'static str,
}

/// The codes that commands here answer with.
#[derive(Debug)]
pub(crate) enum AnswerCode {
    Plain(Code<'static>),
    AppendUid(u32, Vec<u32>),
    CopyUid(u32, Vec<u32>, Vec<u32>),
    Modified(NumberSet),
    MailboxId(String),
    /// The modseq up to which the client has been told everything (RFC 7162 sections 3.2.7 and 3.2.9).
    HighestModSeq,
}

impl Answer {
    pub(crate) fn ok(text: &'static str) -> Self {
        Self { status: Status::Ok, code: AnswerCode::Plain(Code::None), text }
    }

    pub(crate) fn no(code: Code<'static>, text: &'static str) -> Self {
        Self { status: Status::No, code: AnswerCode::Plain(code), text }
    }

    pub(crate) fn bad(text: &'static str) -> Self {
        Self { status: Status::Bad, code: AnswerCode::Plain(Code::None), text }
    }

    /// Whether it is a NO.
    pub(crate) fn is_no(&self) -> bool {
        self.status == Status::No
    }

    pub(crate) fn with(mut self, code: AnswerCode) -> Self {
        self.code = code;
        self
    }

    /// Hands the answer to `tell` in the form that is written. Of the selected mailbox the client knows everything up to `modseq`.
    pub(crate) fn tell(&self, modseq: Option<u64>, tell: impl FnOnce(&Reply<'_>)) {
        let code = match &self.code {
            AnswerCode::Plain(code) => *code,
            AnswerCode::AppendUid(validity, uids) => Code::AppendUid(*validity, uids),
            AnswerCode::CopyUid(validity, from, to) => Code::CopyUid(*validity, from, to),
            AnswerCode::Modified(set) => Code::Modified(set),
            AnswerCode::MailboxId(id) => Code::MailboxId(id),
            AnswerCode::HighestModSeq => modseq.map_or(Code::None, Code::HighestModSeq),
        };
        tell(&Reply { status: self.status, code, text: self.text });
    }
}

/// Why a command could not be carried out.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ImapError {
    /// The client is to be told, and the connection goes on.
    #[error("{0:?}")]
    Refused(Answer),
    /// The connection is lost.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

impl From<StoreError> for ImapError {
    fn from(error: StoreError) -> Self {
        MailboxError::from(error).into()
    }
}

impl From<MailboxError> for ImapError {
    /// The reply is one thing, the logged cause another.
    fn from(error: MailboxError) -> Self {
        Self::Refused(match &error {
            MailboxError::OverQuota { .. } => {
                Answer::no(Code::OverQuota, "the mailbox is full: delete mail or ask for more room")
            }
            MailboxError::KeywordsExhausted => Answer::no(Code::Limit, "no more different keywords are possible"),
            MailboxError::InvalidKeyword { .. } => Answer::no(Code::Cannot, "not a keyword"),
            MailboxError::NoSuchMailbox => Answer::no(Code::NonExistent, "no such mailbox"),
            MailboxError::NoSuchMessage => Answer::no(Code::ExpungeIssued, "some of the messages are gone"),
            MailboxError::AlreadyExists => Answer::no(Code::AlreadyExists, "the mailbox exists already"),
            MailboxError::HasChildren => Answer::no(Code::HasChildren, "the mailbox has others below it"),
            MailboxError::InboxStays => Answer::no(Code::Cannot, "INBOX cannot be deleted"),
            MailboxError::InvalidName { .. } => Answer::no(Code::Cannot, "a mailbox cannot have this name"),
            MailboxError::TooManyMailboxes => Answer::no(Code::Limit, "no more mailboxes are possible"),
            MailboxError::UidsExhausted => Answer::no(Code::Limit, "the mailbox can take no more messages"),
            MailboxError::UnknownEncoding => Answer::no(Code::UnknownCte, "the part's encoding is unknown"),
            MailboxError::Interrupted => Answer::no(Code::Limit, "the search took too long"),
            MailboxError::QueryTooDeep => Answer::bad("the search is nested too deeply"),
            other if other.is_full() => {
                tracing::error!(%error, "no space left");
                Answer::no(Code::Unavailable, "no room on the server now, try again later")
            }
            _ => {
                tracing::error!(%error, "an IMAP command failed");
                Answer::no(Code::Unavailable, "this does not work now, try again later")
            }
        })
    }
}
