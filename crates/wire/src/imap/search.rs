//! What SEARCH, SORT and THREAD ask for (RFC 9051 section 6.4.4, RFC 5256).

use super::datetime::Date;
use super::flag::SystemFlags;
use super::sequence::SequenceSet;

/// The arguments of SEARCH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The result holds UIDs.
    pub uid: bool,
    /// `RETURN (..)`: answer by ESEARCH (RFC 4731). Without it, IMAP4rev1 gets SEARCH and IMAP4rev2 ESEARCH with ALL.
    pub returns: Option<SearchReturn>,
    /// What to find.
    pub key: SearchKey,
    /// Its charset is one that nobody here knows, so that `key` says nothing: to be refused with BADCHARSET, and what was saved is lost (RFC
    /// 5182 section 2.1). Without SAVE the session itself refuses.
    pub has_unknown_charset: bool,
}

/// Result options of SEARCH. `RETURN ()` means ALL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SearchReturn {
    /// MIN
    pub min: bool,
    /// MAX
    pub max: bool,
    /// ALL
    pub all: bool,
    /// COUNT
    pub count: bool,
    /// SAVE: keep the result as `$` (RFC 5182).
    pub save: bool,
}

/// A condition. Texts are UTF-8, to be found without regard to case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchKey {
    /// ALL
    All,
    /// All of several, at least one.
    And(Vec<SearchKey>),
    /// OR
    Or(Box<SearchKey>, Box<SearchKey>),
    /// NOT
    Not(Box<SearchKey>),
    /// Message numbers.
    Sequence(SequenceSet),
    /// UID
    Uid(SequenceSet),
    /// A system flag is set: SEEN, ANSWERED, FLAGGED, DELETED, DRAFT, RECENT. Their opposites come as NOT.
    Flag(SystemFlags),
    /// KEYWORD; UNKEYWORD comes as NOT.
    Keyword(String),
    /// BEFORE, by INTERNALDATE.
    Before(Date),
    /// ON
    On(Date),
    /// SINCE
    Since(Date),
    /// SENTBEFORE, by the Date field.
    SentBefore(Date),
    /// SENTON
    SentOn(Date),
    /// SENTSINCE
    SentSince(Date),
    /// SAVEDBEFORE (RFC 8514)
    SavedBefore(Date),
    /// SAVEDON
    SavedOn(Date),
    /// SAVEDSINCE
    SavedSince(Date),
    /// SAVEDATESUPPORTED
    SaveDateSupported,
    /// OLDER than so many seconds (RFC 5032).
    Older(u32),
    /// YOUNGER
    Younger(u32),
    /// LARGER than so many bytes.
    Larger(u64),
    /// SMALLER
    Smaller(u64),
    /// A text in a field: FROM, TO, CC, BCC, SUBJECT and HEADER. An empty text asks for the field's presence.
    Header {
        /// The field's name.
        name: String,
        /// The text.
        value: String,
    },
    /// BODY
    Body(String),
    /// TEXT
    Text(String),
    /// MODSEQ at least this (RFC 7162 section 3.1.5); the entry name is not kept, for sequences are per message here.
    ModSeq(u64),
    /// EMAILID (RFC 8474)
    EmailId(String),
    /// THREADID
    ThreadId(String),
}

impl SearchKey {
    /// Whether any part of the condition satisfies `test`.
    pub fn any(&self, test: &impl Fn(&Self) -> bool) -> bool {
        test(self)
            || match self {
                Self::And(keys) => keys.iter().any(|key| key.any(test)),
                Self::Or(left, right) => left.any(test) || right.any(test),
                Self::Not(key) => key.any(test),
                _ => false,
            }
    }

    /// Whether it names a modification sequence, so that the answer carries MODSEQ (RFC 7162 section 3.1.5).
    pub fn uses_mod_seq(&self) -> bool {
        self.any(&|key| matches!(key, Self::ModSeq(_)))
    }
}

/// The arguments of SORT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sort {
    /// The result holds UIDs.
    pub uid: bool,
    /// By what, the first being decisive; at least one.
    pub criteria: Vec<SortCriterion>,
    /// What to find.
    pub key: SearchKey,
}

/// One criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SortCriterion {
    /// The key.
    pub key: SortKey,
    /// Descending.
    pub reverse: bool,
}

/// A sort key (RFC 5256 section 3, RFC 5957).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SortKey {
    /// ARRIVAL
    Arrival,
    /// CC
    Cc,
    /// DATE
    Date,
    /// FROM
    From,
    /// SIZE
    Size,
    /// SUBJECT
    Subject,
    /// TO
    To,
    /// DISPLAYFROM
    DisplayFrom,
    /// DISPLAYTO
    DisplayTo,
}

/// The arguments of THREAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thread {
    /// The result holds UIDs.
    pub uid: bool,
    /// How.
    pub algorithm: ThreadAlgorithm,
    /// Which messages.
    pub key: SearchKey,
}

/// A threading algorithm (RFC 5256).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThreadAlgorithm {
    /// ORDEREDSUBJECT
    OrderedSubject,
    /// REFERENCES
    References,
}
