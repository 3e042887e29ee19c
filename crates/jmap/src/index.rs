//! What is kept in memory of each account: where each message lies and with which flags, so that lists, counts and changes are
//! answered without reading the tables. Truth is in the tables: before each use it is brought up to the modseq of the transaction.

mod counts;
mod kept;
mod load;

use std::collections::HashMap;
use std::sync::Arc;

use mailbox::keywords::Keyword;
use mailbox::{Flags, Mailbox};
use parking_lot::Mutex;
use smallvec::SmallVec;

use crate::reach::Reach;

pub(crate) use counts::Counts;
pub(crate) use kept::Indexes;

/// Results of queries that are kept for an account until its messages change.
const RESULTS_MAX: usize = 16;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Email {
    pub(crate) id: i64,
    pub(crate) thread: i64,
    /// Milliseconds.
    pub(crate) received: i64,
    pub(crate) size: u32,
    /// When it came into the account.
    pub(crate) created: i64,
    /// Its last change.
    pub(crate) changed: i64,
    pub(crate) places: SmallVec<[Place; 1]>,
}

/// Where a message lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) mailbox: i64,
    pub(crate) uid: u32,
    pub(crate) flags: Flags,
}

impl Place {
    /// What IMAP has flagged as deleted is not there for JMAP (RFC 8621 section 4.1.1).
    pub(crate) const fn is_visible(&self) -> bool {
        !self.flags.has(Flags::DELETED)
    }
}

impl Email {
    /// Where who asks sees it.
    pub(crate) fn seen_by<'e>(&'e self, reach: &'e Reach) -> impl Iterator<Item = &'e Place> {
        self.places.iter().filter(|place| place.is_visible() && reach.may_read(place.mailbox))
    }

    pub(crate) fn is_seen_by(&self, reach: &Reach) -> bool {
        self.seen_by(reach).next().is_some()
    }

    /// Its flags: one that is set in any of its mailboxes is set.
    pub(crate) fn flags(&self) -> Flags {
        self.places.iter().filter(|place| place.is_visible()).fold(Flags::NONE, |all, place| Flags {
            system: all.system | place.flags.system,
            keywords: all.keywords | place.flags.keywords,
        })
    }

    pub(crate) fn is_unread(&self) -> bool {
        !self.flags().has(Flags::SEEN | Flags::DRAFT)
    }
}

/// What of a message is ordered by and asked for beside its [`Email`]; read when first needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Detail {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) subject: String,
    /// Milliseconds.
    pub(crate) sent: i64,
    pub(crate) has_attachment: bool,
}

/// The messages and mailboxes of an account.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Up to which change it knows everything; 0: nothing was read yet.
    pub(crate) modseq: i64,
    /// Changes at or before it have been forgotten.
    pub(crate) low_modseq: i64,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) keywords: Vec<Keyword>,
    pub(crate) emails: HashMap<i64, Email>,
    /// Messages of each thread, the oldest first.
    pub(crate) threads: HashMap<i64, SmallVec<[i64; 2]>>,
    /// Moment of receipt and message, rising.
    pub(crate) by_receipt: Vec<(i64, i64)>,
    /// Mailbox and UID of each message.
    by_place: HashMap<(i64, u32), i64>,
    /// Last destruction of a message.
    message_destroyed: i64,
    /// Last destruction of a mailbox.
    mailbox_destroyed: i64,
    counts: Mutex<Option<Arc<HashMap<i64, Counts>>>>,
    pub(crate) details: Mutex<HashMap<i64, Arc<Detail>>>,
    results: Mutex<Vec<(String, Arc<Vec<i64>>)>>,
}

impl Index {
    /// The state of messages and threads.
    pub(crate) fn email_state(&self) -> i64 {
        let mailboxes = self.mailboxes.iter().map(|mailbox| mailbox.highestmodseq);
        mailboxes.fold(self.low_modseq.max(self.message_destroyed), i64::max)
    }

    /// The state of mailboxes.
    pub(crate) fn mailbox_state(&self) -> i64 {
        let mailboxes = self.mailboxes.iter().map(|mailbox| mailbox.highestmodseq.max(mailbox.changed_modseq));
        mailboxes.fold(self.low_modseq.max(self.mailbox_destroyed).max(self.message_destroyed), i64::max)
    }

    /// The message, if it is there for who asks.
    pub(crate) fn email(&self, reach: &Reach, id: i64) -> Option<&Email> {
        self.emails.get(&id).filter(|email| email.is_seen_by(reach))
    }

    /// The messages of a thread that are there for who asks, the oldest first.
    pub(crate) fn thread<'i>(&'i self, reach: &'i Reach, thread: i64) -> impl Iterator<Item = &'i Email> {
        let ids = self.threads.get(&thread).map(SmallVec::as_slice).unwrap_or_default();
        ids.iter().filter_map(|id| self.email(reach, *id))
    }

    /// The result that is kept under this key.
    pub(crate) fn kept_result(&self, key: &str) -> Option<Arc<Vec<i64>>> {
        self.results.lock().iter().find(|(known, _)| known == key).map(|(_, result)| Arc::clone(result))
    }

    /// Keeps a result until messages change.
    pub(crate) fn keep_result(&self, key: &str, result: &Arc<Vec<i64>>) {
        let mut results = self.results.lock();
        if results.len() >= RESULTS_MAX {
            results.remove(0);
        }
        results.push((key.to_owned(), Arc::clone(result)));
    }

    /// What may be kept no longer, as something changed.
    fn forget_answers(&mut self) {
        self.counts.get_mut().take();
        self.results.get_mut().clear();
    }
}
