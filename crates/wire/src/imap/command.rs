//! Commands as types: what the parser gives and a driver executes.

use env::Secret;

use super::datetime::DateTime;
use super::fetch::Fetch;
use super::flag::Flags;
use super::mailbox_name::MailboxName;
use super::search::{Search, Sort, Thread};
use super::sequence::SequenceSet;

/// A command with its tag.
#[derive(Debug)]
pub struct Tagged {
    /// What the answer must repeat.
    pub tag: String,
    /// The command.
    pub command: Command,
}

/// Every command of IMAP4rev2 and IMAP4rev1 and of the extensions in the capability list.
#[derive(Debug)]
pub enum Command {
    /// CAPABILITY (RFC 9051 section 6.1.1).
    Capability,
    /// NOOP (RFC 9051 section 6.1.2).
    Noop,
    /// LOGOUT (RFC 9051 section 6.1.3).
    Logout,
    /// ID (RFC 2971): fields and values; empty for NIL.
    Id(Vec<(String, Option<String>)>),
    /// STARTTLS (RFC 9051 section 6.2.1).
    StartTls,
    /// AUTHENTICATE (RFC 9051 section 6.2.2) with the initial response of SASL-IR (RFC 4959), still in base64.
    Authenticate {
        /// The mechanism in capitals.
        mechanism: String,
        /// What followed it; `=` stands for an empty response.
        initial: Option<Secret<Vec<u8>>>,
    },
    /// LOGIN (RFC 9051 section 6.2.3).
    Login {
        /// The name.
        user: String,
        /// The password.
        password: Secret<Vec<u8>>,
    },
    /// ENABLE (RFC 9051 section 6.3.1): names in capitals, unknown ones too.
    Enable(Vec<String>),
    /// SELECT or EXAMINE (RFC 9051 sections 6.3.2 and 6.3.3).
    Select(Select),
    /// CREATE (RFC 9051 section 6.3.4) with the special uses of RFC 6154 section 3.
    Create {
        /// The new mailbox.
        mailbox: MailboxName,
        /// Whether the name ended in the separator: it shall hold others.
        is_parent: bool,
        /// Uses asked for.
        uses: Vec<SpecialUse>,
    },
    /// DELETE (RFC 9051 section 6.3.5).
    Delete(MailboxName),
    /// RENAME (RFC 9051 section 6.3.6).
    Rename {
        /// The old name.
        from: MailboxName,
        /// The new name.
        to: MailboxName,
    },
    /// SUBSCRIBE (RFC 9051 section 6.3.7).
    Subscribe(MailboxName),
    /// UNSUBSCRIBE (RFC 9051 section 6.3.8).
    Unsubscribe(MailboxName),
    /// LIST (RFC 9051 section 6.3.9, RFC 5258, RFC 5819, RFC 6154).
    List(List),
    /// LSUB (RFC 3501 section 6.3.9).
    Lsub {
        /// The reference.
        reference: String,
        /// The pattern.
        pattern: String,
    },
    /// NAMESPACE (RFC 9051 section 6.3.10).
    Namespace,
    /// STATUS (RFC 9051 section 6.3.11).
    Status {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// What, in the client's order.
        items: Vec<StatusItem>,
    },
    /// APPEND (RFC 9051 section 6.3.12), several messages with RFC 3502.
    Append {
        /// Where to.
        mailbox: MailboxName,
        /// At least one.
        messages: Vec<AppendMessage>,
    },
    /// IDLE (RFC 9051 section 6.3.13).
    Idle,
    /// GETQUOTA (RFC 9208 section 4.1.1) of a quota root.
    GetQuota(String),
    /// GETQUOTAROOT (RFC 9208 section 4.1.2).
    GetQuotaRoot(MailboxName),
    /// SETQUOTA (RFC 9208 section 4.1.3).
    SetQuota {
        /// The quota root.
        root: String,
        /// Resource names in capitals with their limits.
        limits: Vec<(String, u64)>,
    },
    /// GETACL (RFC 4314 section 3.3).
    GetAcl(MailboxName),
    /// SETACL (RFC 4314 section 3.1).
    SetAcl {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// For whom.
        identifier: String,
        /// Add to the rights, take from them, or set them.
        change: AclChange,
        /// The rights, a letter each.
        rights: String,
    },
    /// DELETEACL (RFC 4314 section 3.2).
    DeleteAcl {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// For whom.
        identifier: String,
    },
    /// LISTRIGHTS (RFC 4314 section 3.4).
    ListRights {
        /// Of which mailbox.
        mailbox: MailboxName,
        /// For whom.
        identifier: String,
    },
    /// MYRIGHTS (RFC 4314 section 3.5).
    MyRights(MailboxName),
    /// CHECK (RFC 3501 section 6.4.1).
    Check,
    /// CLOSE (RFC 9051 section 6.4.1).
    Close,
    /// UNSELECT (RFC 9051 section 6.4.2).
    Unselect,
    /// EXPUNGE (RFC 9051 section 6.4.3), or UID EXPUNGE with its set (section 6.4.9).
    Expunge(Option<SequenceSet>),
    /// SEARCH and UID SEARCH (RFC 9051 section 6.4.4).
    Search(Box<Search>),
    /// SORT and UID SORT (RFC 5256).
    Sort(Box<Sort>),
    /// THREAD and UID THREAD (RFC 5256).
    Thread(Box<Thread>),
    /// FETCH and UID FETCH (RFC 9051 section 6.4.5).
    Fetch(Box<Fetch>),
    /// STORE and UID STORE (RFC 9051 section 6.4.6).
    Store(Box<Store>),
    /// COPY and UID COPY (RFC 9051 section 6.4.7).
    Copy(Copy),
    /// MOVE and UID MOVE (RFC 9051 section 6.4.8).
    Move(Copy),
    /// COMPRESS DEFLATE (RFC 4978).
    Compress,
}

/// The arguments of SELECT and EXAMINE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    /// Which mailbox.
    pub mailbox: MailboxName,
    /// EXAMINE: nothing may change.
    pub read_only: bool,
    /// `(CONDSTORE)` (RFC 7162 section 3.1.8).
    pub condstore: bool,
    /// `(QRESYNC ..)` (RFC 7162 section 3.2.5).
    pub qresync: Option<Qresync>,
}

/// What the client knows of the mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Qresync {
    /// Its UIDVALIDITY.
    pub uid_validity: u32,
    /// The modification sequence up to which it knows everything.
    pub mod_seq: u64,
    /// The UIDs it knows; all when absent.
    pub known_uids: Option<SequenceSet>,
    /// Message numbers with their UIDs, as the client remembers them.
    pub sequence_match: Option<(SequenceSet, SequenceSet)>,
}

/// Special uses (RFC 6154, RFC 8457).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// `\All`
    All,
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Flagged`
    Flagged,
    /// `\Important`
    Important,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

impl SpecialUse {
    /// Every use.
    pub const ALL: [Self; 8] =
        [Self::All, Self::Archive, Self::Drafts, Self::Flagged, Self::Important, Self::Junk, Self::Sent, Self::Trash];

    /// The attribute on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::All => "\\All",
            Self::Archive => "\\Archive",
            Self::Drafts => "\\Drafts",
            Self::Flagged => "\\Flagged",
            Self::Important => "\\Important",
            Self::Junk => "\\Junk",
            Self::Sent => "\\Sent",
            Self::Trash => "\\Trash",
        }
    }

    /// The use of this name, in any case.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name().eq_ignore_ascii_case(name))
    }
}

/// The arguments of LIST.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct List {
    /// The reference, mostly empty.
    pub reference: String,
    /// Patterns; more than one only in the extended form.
    pub patterns: Vec<String>,
    /// Which mailboxes.
    pub select: ListSelect,
    /// What to say of them.
    pub returns: ListReturn,
    /// The extended form (RFC 5258) was used: with an empty pattern there is then no hierarchy answer.
    pub is_extended: bool,
}

/// Selection options of LIST (RFC 5258 section 3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListSelect {
    /// SUBSCRIBED
    pub subscribed: bool,
    /// REMOTE
    pub remote: bool,
    /// RECURSIVEMATCH
    pub recursive_match: bool,
    /// SPECIAL-USE (RFC 6154 section 5.2)
    pub special_use: bool,
}

/// Return options of LIST (RFC 5258 section 3.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListReturn {
    /// SUBSCRIBED
    pub subscribed: bool,
    /// CHILDREN
    pub children: bool,
    /// SPECIAL-USE
    pub special_use: bool,
    /// STATUS (RFC 5819); empty when not asked for.
    pub status: Vec<StatusItem>,
}

/// What STATUS tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusItem {
    /// MESSAGES
    Messages,
    /// RECENT (RFC 3501)
    Recent,
    /// UIDNEXT
    UidNext,
    /// UIDVALIDITY
    UidValidity,
    /// UNSEEN
    Unseen,
    /// DELETED
    Deleted,
    /// SIZE (RFC 8438)
    Size,
    /// HIGHESTMODSEQ (RFC 7162)
    HighestModSeq,
    /// MAILBOXID (RFC 8474)
    MailboxId,
    /// APPENDLIMIT (RFC 7889)
    AppendLimit,
    /// DELETED-STORAGE (RFC 9208)
    DeletedStorage,
}

impl StatusItem {
    /// Every item with its name.
    pub const NAMES: [(Self, &'static str); 11] = [
        (Self::Messages, "MESSAGES"),
        (Self::Recent, "RECENT"),
        (Self::UidNext, "UIDNEXT"),
        (Self::UidValidity, "UIDVALIDITY"),
        (Self::Unseen, "UNSEEN"),
        (Self::Deleted, "DELETED"),
        (Self::Size, "SIZE"),
        (Self::HighestModSeq, "HIGHESTMODSEQ"),
        (Self::MailboxId, "MAILBOXID"),
        (Self::AppendLimit, "APPENDLIMIT"),
        (Self::DeletedStorage, "DELETED-STORAGE"),
    ];
}

/// One message of an APPEND.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendMessage {
    /// Its flags.
    pub flags: Flags,
    /// Its INTERNALDATE, now when absent.
    pub date: Option<DateTime>,
    /// The message.
    pub data: Vec<u8>,
    /// Sent as literal8 (RFC 3516): may hold NUL.
    pub is_binary: bool,
    /// Sent as `UTF8 (..)` (RFC 6855 section 4): headers are UTF-8.
    pub is_utf8: bool,
}

/// The arguments of STORE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    /// The set holds UIDs.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// What to do with the flags.
    pub action: StoreAction,
    /// `.SILENT`: without FETCH answers.
    pub is_silent: bool,
    /// The flags.
    pub flags: Flags,
    /// `(UNCHANGEDSINCE n)` (RFC 7162 section 3.1.3).
    pub unchanged_since: Option<u64>,
}

/// What STORE does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreAction {
    /// `FLAGS`
    Replace,
    /// `+FLAGS`
    Add,
    /// `-FLAGS`
    Remove,
}

/// What SETACL does to the rights that somebody has (RFC 4314 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AclChange {
    /// Without a sign.
    Replace,
    /// `+`
    Add,
    /// `-`
    Remove,
}

/// The arguments of COPY and MOVE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// The set holds UIDs.
    pub uid: bool,
    /// Which messages.
    pub set: SequenceSet,
    /// Where to.
    pub mailbox: MailboxName,
}
