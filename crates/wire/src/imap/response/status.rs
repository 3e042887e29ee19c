//! Status responses and their codes (RFC 9051 section 7.1, RFC 5530 and the extensions' own).

use super::text::{write_number, write_set, write_uid_set};
use crate::imap::flag::SystemFlags;
use crate::imap::sequence::NumberSet;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Done.
    Ok,
    /// Understood and not done.
    No,
    /// Not understood, or not in this state.
    Bad,
    /// The connection ends.
    Bye,
}

impl Status {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Ok => b"OK ",
            Self::No => b"NO ",
            Self::Bad => b"BAD ",
            Self::Bye => b"BYE ",
        }
    }
}

/// How a command ended, for [`Session::complete`](super::super::Session::complete).
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// OK, NO or BAD.
    pub status: Status,
    /// The code, or [`Code::None`].
    pub code: Code<'a>,
    /// A text for people, in ASCII.
    pub text: &'a str,
}

impl<'a> Reply<'a> {
    /// OK.
    pub const fn ok(text: &'a str) -> Self {
        Self { status: Status::Ok, code: Code::None, text }
    }

    /// NO.
    pub const fn no(text: &'a str) -> Self {
        Self { status: Status::No, code: Code::None, text }
    }

    /// BAD.
    pub const fn bad(text: &'a str) -> Self {
        Self { status: Status::Bad, code: Code::None, text }
    }

    /// The same with a code.
    #[must_use]
    pub const fn with(mut self, code: Code<'a>) -> Self {
        self.code = code;
        self
    }
}

/// A response code.
#[derive(Debug, Clone, Copy)]
#[expect(missing_docs, reason = "named as in the RFCs; those with an argument are described")]
pub enum Code<'a> {
    None,
    Alert,
    AlreadyExists,
    /// APPENDUID: the mailbox's UIDVALIDITY and the UIDs in the order of the messages.
    AppendUid(u32, &'a [u32]),
    AuthenticationFailed,
    AuthorizationFailed,
    BadCharset,
    Cannot,
    /// The capabilities, by spaces.
    Capability(&'a str),
    ClientBug,
    Closed,
    CompressionActive,
    ContactAdmin,
    /// COPYUID: the target's UIDVALIDITY, source UIDs, and target UIDs in the same order.
    CopyUid(u32, &'a [u32], &'a [u32]),
    Corruption,
    Expired,
    ExpungeIssued,
    HasChildren,
    HighestModSeq(u64),
    InUse,
    Limit,
    /// The mailbox's object id (RFC 8474).
    MailboxId(&'a str),
    /// Messages that STORE left alone (RFC 7162 section 3.1.3).
    Modified(&'a NumberSet),
    NoModSeq,
    NoPerm,
    NonExistent,
    NotSaved,
    OverQuota,
    Parse,
    /// System flags, keywords, and whether new keywords may be made.
    PermanentFlags(SystemFlags, &'a [&'a str], bool),
    PrivacyRequired,
    ReadOnly,
    ReadWrite,
    ServerBug,
    TooBig,
    TryCreate,
    UidNext(u32),
    UidNotSticky,
    UidValidity(u32),
    Unavailable,
    UnknownCte,
    /// The first unseen message's number (RFC 3501).
    Unseen(u32),
    UseAttr,
}

impl Code<'_> {
    const fn name(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Alert => "ALERT",
            Self::AlreadyExists => "ALREADYEXISTS",
            Self::AppendUid(..) => "APPENDUID",
            Self::AuthenticationFailed => "AUTHENTICATIONFAILED",
            Self::AuthorizationFailed => "AUTHORIZATIONFAILED",
            Self::BadCharset => "BADCHARSET",
            Self::Cannot => "CANNOT",
            Self::Capability(_) => "CAPABILITY",
            Self::ClientBug => "CLIENTBUG",
            Self::Closed => "CLOSED",
            Self::CompressionActive => "COMPRESSIONACTIVE",
            Self::ContactAdmin => "CONTACTADMIN",
            Self::CopyUid(..) => "COPYUID",
            Self::Corruption => "CORRUPTION",
            Self::Expired => "EXPIRED",
            Self::ExpungeIssued => "EXPUNGEISSUED",
            Self::HasChildren => "HASCHILDREN",
            Self::HighestModSeq(_) => "HIGHESTMODSEQ",
            Self::InUse => "INUSE",
            Self::Limit => "LIMIT",
            Self::MailboxId(_) => "MAILBOXID",
            Self::Modified(_) => "MODIFIED",
            Self::NoModSeq => "NOMODSEQ",
            Self::NoPerm => "NOPERM",
            Self::NonExistent => "NONEXISTENT",
            Self::NotSaved => "NOTSAVED",
            Self::OverQuota => "OVERQUOTA",
            Self::Parse => "PARSE",
            Self::PermanentFlags(..) => "PERMANENTFLAGS",
            Self::PrivacyRequired => "PRIVACYREQUIRED",
            Self::ReadOnly => "READ-ONLY",
            Self::ReadWrite => "READ-WRITE",
            Self::ServerBug => "SERVERBUG",
            Self::TooBig => "TOOBIG",
            Self::TryCreate => "TRYCREATE",
            Self::UidNext(_) => "UIDNEXT",
            Self::UidNotSticky => "UIDNOTSTICKY",
            Self::UidValidity(_) => "UIDVALIDITY",
            Self::Unavailable => "UNAVAILABLE",
            Self::UnknownCte => "UNKNOWN-CTE",
            Self::Unseen(_) => "UNSEEN",
            Self::UseAttr => "USEATTR",
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        if matches!(self, Self::None) {
            return;
        }
        out.push(b'[');
        out.extend_from_slice(self.name().as_bytes());
        match self {
            Self::AppendUid(validity, uids) => {
                write_argument(out, u64::from(*validity));
                out.push(b' ');
                write_uid_set(out, uids);
            }
            Self::CopyUid(validity, from, to) => {
                write_argument(out, u64::from(*validity));
                out.push(b' ');
                write_uid_set(out, from);
                out.push(b' ');
                write_uid_set(out, to);
            }
            Self::BadCharset => out.extend_from_slice(b" (US-ASCII UTF-8)"),
            Self::Capability(list) => {
                out.push(b' ');
                out.extend_from_slice(list.as_bytes());
            }
            Self::HighestModSeq(number) => write_argument(out, *number),
            Self::MailboxId(id) => {
                out.extend_from_slice(b" (");
                out.extend_from_slice(id.as_bytes());
                out.push(b')');
            }
            Self::Modified(set) => {
                out.push(b' ');
                write_set(out, set);
            }
            Self::PermanentFlags(system, keywords, may_create) => {
                out.push(b' ');
                write_flags(out, *system, keywords.iter().copied(), *may_create);
            }
            Self::UidNext(number) | Self::UidValidity(number) | Self::Unseen(number) => {
                write_argument(out, u64::from(*number));
            }
            _ => {}
        }
        out.extend_from_slice(b"] ");
    }
}

fn write_argument(out: &mut Vec<u8>, number: u64) {
    out.push(b' ');
    write_number(out, number);
}

/// Writes `(\Seen $Forwarded)`.
pub(super) fn write_flags<'k>(
    out: &mut Vec<u8>,
    system: SystemFlags,
    keywords: impl IntoIterator<Item = &'k str>,
    may_create: bool,
) {
    out.push(b'(');
    let start = out.len();
    if !system.is_empty() {
        for (flag, name) in SystemFlags::NAMES {
            if system.contains(flag) {
                out.extend_from_slice(name.as_bytes());
                out.push(b' ');
            }
        }
    }
    for keyword in keywords {
        out.extend_from_slice(keyword.as_bytes());
        out.push(b' ');
    }
    if may_create {
        out.extend_from_slice(b"\\* ");
    }
    if out.len() > start {
        out.pop();
    }
    out.push(b')');
}

/// Writes a status response; untagged without a tag. The text is kept on one line in ASCII.
pub fn write_status(out: &mut Vec<u8>, tag: Option<&str>, reply: &Reply<'_>) {
    out.extend_from_slice(tag.unwrap_or("*").as_bytes());
    out.push(b' ');
    out.extend_from_slice(reply.status.name());
    reply.code.write(out);
    if reply.text.is_empty() {
        out.extend_from_slice(b"done");
    }
    out.extend(reply.text.bytes().map(|byte| if (b' '..=b'~').contains(&byte) { byte } else { b'?' }));
    out.extend_from_slice(b"\r\n");
}
