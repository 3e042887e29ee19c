use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crypto::keys::{Account, Key, Organisation};
use crypto::seal::SealingKey;
use env::Timestamp;
use mail::header;
use mail::message::text::fold;
use mail::message::{Structure, words};
use store::{Blobs, StoreError, Tx, params};

use super::evaluate::{Known, Plan, Texts};
use super::{Content, Query, signature};
use crate::entry::{reaches, spans};
use crate::source::{Source, open_trace, source};
use crate::summaries::summary_context;
use crate::{Entry, MailboxError, UidRange};

/// Messages looked at before the budget is looked at again.
const BUDGET_STRIDE: u32 = 256;

/// What a search may cost.
#[derive(Debug, Clone, Default)]
pub struct Budget {
    /// When to give up.
    pub deadline: Option<Timestamp>,
    /// Set when nobody waits any more.
    pub cancelled: Option<Arc<AtomicBool>>,
}

impl Budget {
    pub(super) fn is_spent(&self, now: Timestamp) -> bool {
        self.deadline.is_some_and(|deadline| now >= deadline)
            || self.cancelled.as_ref().is_some_and(|cancelled| cancelled.load(Ordering::Relaxed))
    }
}

/// A message that has not been decided yet.
pub(super) struct Pending {
    pub(super) entry: Entry,
    pub(super) saved: Timestamp,
    pub(super) thread: Option<i64>,
}

/// The UIDs of the messages of a mailbox that match `query`, rising. Reads blobs, so this belongs where a thread may block.
///
/// # Errors
/// [`MailboxError::Interrupted`] when the budget is spent, [`MailboxError::QueryTooDeep`], or if the store fails.
pub fn search(
    tx: &mut Tx<'_>,
    blobs: &Blobs,
    account: i64,
    mailbox: i64,
    query: &Query,
    budget: &Budget,
) -> Result<Vec<u32>, MailboxError> {
    let mut search = Search::new(tx, account, mailbox, query, budget)?;
    let all = [UidRange::ALL];
    search.by_rows(tx, query.uids().unwrap_or(&all))?;
    if query.asks_text() || query.asks_summary() {
        search.by_sealed(tx)?;
    }
    search.by_content(tx, blobs)?;
    search.hits.sort_unstable();
    Ok(search.hits)
}

/// Under what rests what is searched.
pub(crate) enum Opens {
    /// The key of the account whose mail it is.
    Account(Arc<Key<Account>>),
    /// The key of the organisation whose journal it is.
    Organisation(Arc<Key<Organisation>>),
}

impl Opens {
    fn sealing(&self) -> &SealingKey {
        match self {
            Self::Account(key) => key.sealing(),
            Self::Organisation(key) => key.sealing(),
        }
    }
}

pub(super) struct Search<'a> {
    pub(super) key: Opens,
    pub(super) account: i64,
    mailbox: i64,
    pub(super) plan: Plan,
    asks_text: bool,
    pub(super) budget: &'a Budget,
    looked_at: u32,
    hits: Vec<u32>,
    pending: Vec<Pending>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        tx: &mut Tx<'_>,
        account: i64,
        mailbox: i64,
        query: &Query,
        budget: &'a Budget,
    ) -> Result<Self, MailboxError> {
        let key = tx.context().keys.account(tx, account)?;
        Self::under(Opens::Account(key), (account, mailbox), query, budget)
    }

    /// One of what rests under that key; `account` is whose, for the log.
    pub(super) fn under(
        key: Opens,
        (account, mailbox): (i64, i64),
        query: &Query,
        budget: &'a Budget,
    ) -> Result<Self, MailboxError> {
        query.check_depth(0)?;
        Ok(Self {
            key,
            account,
            mailbox,
            plan: Plan::new(query),
            asks_text: query.asks_text(),
            budget,
            looked_at: 0,
            hits: Vec::new(),
            pending: Vec::new(),
        })
    }

    /// Decides by what the mailbox's rows say.
    fn by_rows(&mut self, tx: &mut Tx<'_>, uids: &[UidRange]) -> Result<(), MailboxError> {
        for range in spans(uids) {
            tx.for_each(
                "SELECT uid, message, flags, keywords, modseq, size, received, saved FROM mailbox_message
                 WHERE account = $1 AND mailbox = $2 AND uid BETWEEN $3 AND $4 ORDER BY uid",
                params![self.account, self.mailbox, range.first, range.last],
                |row| {
                    let (entry, saved) = (Entry::from_row(row)?, Timestamp::from_millis(row.int(7)?));
                    let pending = Pending { entry, saved, thread: None };
                    let known = Known { entry: &entry, saved, thread: None, summary: None, texts: None };
                    let outcome = known.matches(&self.plan);
                    self.note(pending, outcome);
                    Ok(())
                },
            )?;
        }
        Ok(())
    }

    fn note(&mut self, pending: Pending, outcome: Option<bool>) {
        match outcome {
            Some(true) => self.hits.push(pending.entry.uid),
            Some(false) => {}
            None => self.pending.push(pending),
        }
    }

    /// Decides by summaries, trace fields and signatures.
    fn by_sealed(&mut self, tx: &mut Tx<'_>) -> Result<(), MailboxError> {
        let undecided = std::mem::take(&mut self.pending);
        let ranges = UidRange::collect(undecided.iter().map(|pending| pending.entry.uid));
        let mut wanted = ranges.iter().copied().peekable();
        let mut undecided = undecided.into_iter();
        let mut buffers = Buffers::default();
        let (clock, mut spent) = (Arc::clone(&tx.context().clock), false);
        for range in spans(&ranges) {
            let outcome = tx.for_each(
                self.sealed_statement(),
                params![self.account, self.mailbox, range.first, range.last],
                |row| {
                    let uid = row.uint32(0)?;
                    if !reaches(&mut wanted, uid) {
                        return Ok(());
                    }
                    self.looked_at += 1;
                    if self.looked_at.is_multiple_of(BUDGET_STRIDE) && self.budget.is_spent(clock.now()) {
                        spent = true;
                        return Err(StoreError::Abandoned("the search was given up"));
                    }
                    if let Some(mut pending) = undecided.find(|pending| pending.entry.uid == uid) {
                        pending.thread = Some(row.int(1)?);
                        let sealed = Sealed {
                            summary: row.bytes(2)?,
                            trace: if self.asks_text { row.bytes(3)? } else { &[] },
                            signature: if self.asks_text { row.bytes_opt(4)? } else { None },
                        };
                        let outcome = self.match_sealed(&sealed, &pending, &mut buffers)?;
                        self.note(pending, outcome);
                    }
                    Ok(())
                },
            );
            if spent {
                return Err(MailboxError::Interrupted);
            }
            outcome?;
        }
        Ok(())
    }

    fn sealed_statement(&self) -> &'static str {
        if self.asks_text {
            "SELECT c.uid, m.thread, m.summary, m.trace, s.signature FROM mailbox_message c
             JOIN message m ON m.account = c.account AND m.id = c.message
             LEFT JOIN search_signature s ON s.account = c.account AND s.message = c.message
             WHERE c.account = $1 AND c.mailbox = $2 AND c.uid BETWEEN $3 AND $4 ORDER BY c.uid"
        } else {
            "SELECT c.uid, m.thread, m.summary FROM mailbox_message c
             JOIN message m ON m.account = c.account AND m.id = c.message
             WHERE c.account = $1 AND c.mailbox = $2 AND c.uid BETWEEN $3 AND $4 ORDER BY c.uid"
        }
    }

    /// Decides by what is sealed beside a message, if that suffices.
    pub(super) fn match_sealed(
        &self,
        sealed: &Sealed<'_>,
        pending: &Pending,
        buffers: &mut Buffers,
    ) -> Result<Option<bool>, StoreError> {
        let (message, sealing) = (pending.entry.message, self.key.sealing());
        let mut known =
            Known { entry: &pending.entry, saved: pending.saved, thread: pending.thread, summary: None, texts: None };
        let trace = if self.asks_text { open_trace(sealing, message, sealed.trace)? } else { Vec::new() };
        let trace = folded_fields(&trace);
        if self.asks_text {
            let signature = match sealed.signature {
                Some(sealed) => sealing.open_into(
                    "search signature",
                    &signature::context(message),
                    sealed,
                    &mut buffers.signature,
                )?,
                None => &[],
            };
            known.texts = Some(Texts::Signed { trace: &trace, signature });
            // Most messages are decided here, without their summary.
            if let Some(outcome) = known.matches(&self.plan) {
                return Ok(Some(outcome));
            }
        }
        let summary = sealing.open_into("summary", &summary_context(message), sealed.summary, &mut buffers.summary)?;
        known.summary = Some(summary);
        Ok(known.matches(&self.plan))
    }

    /// Decides what is left by reading the messages, one at a time. One that is damaged is not found by what it says: the others are.
    fn by_content(&mut self, tx: &mut Tx<'_>, blobs: &Blobs) -> Result<(), MailboxError> {
        for pending in std::mem::take(&mut self.pending) {
            if self.budget.is_spent(tx.now()) {
                return Err(MailboxError::Interrupted);
            }
            let outcome = self.match_content(tx, blobs, &pending);
            if self.unless_damaged(outcome, &pending)? {
                self.hits.push(pending.entry.uid);
            }
        }
        Ok(())
    }

    /// What reading a message came to; one that is damaged does not match.
    pub(super) fn unless_damaged(
        &self,
        outcome: Result<bool, MailboxError>,
        pending: &Pending,
    ) -> Result<bool, MailboxError> {
        match outcome {
            Err(MailboxError::Store(error)) if error.is_of_damaged_content() => {
                tracing::warn!(
                    account = self.account,
                    message = pending.entry.message,
                    %error,
                    "a search passes over a damaged message"
                );
                Ok(false)
            }
            outcome => outcome,
        }
    }

    fn match_content(&self, tx: &mut Tx<'_>, blobs: &Blobs, pending: &Pending) -> Result<bool, MailboxError> {
        let message = pending.entry.message;
        let source = source(tx, self.account, message)?;
        let summary = tx.row(
            "SELECT summary FROM message WHERE account = $1 AND id = $2",
            params![self.account, message],
            |row| Ok(row.bytes(0)?.to_vec()),
        )?;
        self.match_read(blobs, &source, summary.as_deref(), pending)
    }

    /// Decides by reading the message.
    pub(super) fn match_read(
        &self,
        blobs: &Blobs,
        source: &Source,
        summary: Option<&[u8]>,
        pending: &Pending,
    ) -> Result<bool, MailboxError> {
        let mut raw = Vec::new();
        source.reader(blobs).read_range(source.trace_bytes()..source.size(), &mut raw)?;
        let content = Content::of(&raw, &Structure::parse(&raw));
        drop(raw);
        let trace = folded_fields(source.trace());
        let context = summary_context(pending.entry.message);
        let summary = summary.map(|sealed| self.key.sealing().open("summary", &context, sealed));
        let summary = summary.transpose().map_err(StoreError::from)?;
        let known = Known {
            entry: &pending.entry,
            saved: pending.saved,
            thread: pending.thread,
            summary: summary.as_deref(),
            texts: Some(Texts::Read { trace: &trace, content: &content }),
        };
        Ok(known.matches(&self.plan).unwrap_or(false))
    }
}

/// What rests sealed beside a message.
pub(super) struct Sealed<'a> {
    pub(super) summary: &'a [u8],
    pub(super) trace: &'a [u8],
    pub(super) signature: Option<&'a [u8]>,
}

/// Space for opened values, used again for each message.
#[derive(Default)]
pub(super) struct Buffers {
    summary: Vec<u8>,
    signature: Vec<u8>,
}

/// Names in lowercase and folded values of header fields.
fn folded_fields(header: &[u8]) -> Vec<(String, String)> {
    header::fields(header)
        .map(|field| {
            let name = String::from_utf8_lossy(field.name).to_ascii_lowercase();
            (name, fold(&words::decode(&String::from_utf8_lossy(field.raw_value))))
        })
        .collect()
}
