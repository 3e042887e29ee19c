//! SEARCH (RFC 9051 section 6.4.4), SORT and THREAD (RFC 5256).

use std::cmp::Ordering;
use std::time::Duration;

use env::Timestamp;
use mailbox::order::{self, OrderKey};
use mailbox::search::{Budget, Field, Needle, Query};
use mailbox::{Flags, MailboxError, UidRange};
use wire::imap::{
    Code, Date, NumberSet, Search, SearchKey, SearchResult, SearchReturn, SequenceSet, Sort, SortCriterion, SortKey,
    SystemFlags, Thread, ThreadAlgorithm, ThreadNode, Writer,
};

use super::Outcome;
use crate::answer::{Answer, ImapError};
use crate::connection::Connection;
use crate::selected::Selected;

const DAY: Duration = Duration::from_secs(86_400);

impl Connection<'_> {
    pub(super) async fn search(&mut self, tag: &str, search: Search) -> Outcome {
        let saves = search.returns.is_some_and(|returns| returns.save);
        let outcome = self.find_and_tell(tag, search).await;
        if saves && matches!(&outcome, Err(ImapError::Refused(answer)) if answer.is_no()) {
            // RFC 5182 section 2.1: a search that was understood and failed leaves nothing saved.
            self.saved.clear();
        }
        outcome
    }

    async fn find_and_tell(&mut self, tag: &str, search: Search) -> Outcome {
        if search.has_unknown_charset {
            return Err(ImapError::Refused(Answer::no(Code::BadCharset, "charset not supported")));
        }
        let found = self.find(&search.key, search.uid).await?;
        let numbers = self.numbers(&found, search.uid);
        let mod_seq = if search.key.uses_mod_seq() { self.highest_mod_seq(&found) } else { None };
        let enabled = self.session.enabled();
        let returns = match search.returns {
            Some(returns) => returns,
            // RFC 9051 section 6.4.4: IMAP4rev2 answers with ESEARCH always.
            None if enabled.imap4rev2 => SearchReturn { all: true, ..SearchReturn::default() },
            None => {
                self.writer().search(numbers, mod_seq);
                return Ok(Answer::ok("searched"));
            }
        };
        if returns.save {
            self.saved = saved(&found, returns);
        }
        let nothing_to_tell = returns.save && !(returns.min || returns.max || returns.all || returns.count);
        if !nothing_to_tell {
            let all = NumberSet::from_ascending(numbers.iter().copied());
            let result = SearchResult {
                min: numbers.first().copied().filter(|_| returns.min),
                max: numbers.last().copied().filter(|_| returns.max),
                count: returns.count.then_some(numbers.len() as u64),
                all: (returns.all && !all.is_empty()).then_some(&all),
                mod_seq,
            };
            self.writer().esearch(tag, search.uid, &result);
        }
        Ok(Answer::ok("searched"))
    }

    /// UIDs of the messages that match, as far as this session knows them.
    async fn find(&mut self, key: &SearchKey, uid: bool) -> Result<Vec<u32>, ImapError> {
        let account = self.selected_account();
        let now = self.server.store.context().clock.now();
        let Some(selected) = &self.selected else { return Ok(Vec::new()) };
        if !uid && key.any(&|key| matches!(key, SearchKey::Sequence(set) if selected.is_beyond(set))) {
            return Err(ImapError::Refused(Answer::bad("no such message")));
        }
        let translation = Translation { selected, saved: &self.saved, keywords: &self.keywords, now };
        let query = translation.query(key);
        let mailbox = selected.mailbox;
        let deadline = now.plus(Duration::from_secs(self.server.settings.now().search_seconds));
        if guard::searches::is_telling(query.words()) {
            let asker = self.account();
            // A store that is full for the moment must not keep anybody from reading.
            if let Err(error) = self.server.store.write(move |tx| guard::searches::note(tx, asker)).await {
                tracing::warn!(%error, "a search cannot be counted");
            }
        }
        let store = self.server.store.clone();
        let found = self
            .server
            .store
            .read(move |tx| {
                let budget = Budget { deadline: Some(deadline), cancelled: None };
                mailbox::search::search(tx, store.blobs(), account, mailbox, &query, &budget)
            })
            .await?;
        let Some(selected) = &self.selected else { return Ok(Vec::new()) };
        Ok(found.into_iter().filter(|uid| selected.position(*uid).is_some()).collect())
    }

    /// UIDs, or message numbers.
    fn numbers(&self, uids: &[u32], uid: bool) -> Vec<u32> {
        if uid {
            return uids.to_vec();
        }
        let number =
            |uid: &u32| self.selected.as_ref()?.position(*uid).map(|at| u32::try_from(at + 1).unwrap_or(u32::MAX));
        uids.iter().filter_map(number).collect()
    }

    fn highest_mod_seq(&self, uids: &[u32]) -> Option<u64> {
        let selected = self.selected.as_ref()?;
        let modseq =
            |uid: &u32| selected.position(*uid).and_then(|at| selected.entries.get(at)).map(|entry| entry.modseq);
        uids.iter().filter_map(modseq).max().map(i64::unsigned_abs)
    }

    async fn order_keys(&self, uids: Vec<u32>) -> Result<Vec<OrderKey>, ImapError> {
        let (account, mailbox) =
            (self.selected_account(), self.selected.as_ref().map_or(0, |selected| selected.mailbox));
        let ranges = UidRange::collect(uids);
        let keys = self.server.store.read(move |tx| order::order_keys(tx, account, mailbox, &ranges)).await;
        Ok(keys.map_err(|error: MailboxError| error)?)
    }

    pub(super) async fn sort(&mut self, sort: Sort) -> Outcome {
        let found = self.find(&sort.key, sort.uid).await?;
        let mut keys = self.order_keys(found).await?;
        keys.sort_by(|one, two| compare(&sort.criteria, one, two));
        let uids: Vec<u32> = keys.iter().map(|key| key.uid).collect();
        let numbers = self.numbers(&uids, sort.uid);
        self.writer().sort(numbers);
        Ok(Answer::ok("sorted"))
    }

    pub(super) async fn thread(&mut self, thread: Thread) -> Outcome {
        let found = self.find(&thread.key, thread.uid).await?;
        let keys = self.order_keys(found).await?;
        let (nodes, roots) = match thread.algorithm {
            ThreadAlgorithm::OrderedSubject => order::by_subject(&keys),
            ThreadAlgorithm::References => order::by_references(&keys),
        };
        let number = |at: usize| self.numbers(&[keys.get(at)?.uid], thread.uid).first().copied();
        let nodes: Vec<ThreadNode> = nodes
            .into_iter()
            .map(|node| ThreadNode { number: node.message.and_then(number), children: node.children })
            .collect();
        let utf8 = self.session.enabled().utf8();
        Writer::new(&mut self.out, utf8).thread(&nodes, &roots);
        Ok(Answer::ok("threaded"))
    }
}

/// What `$` stands for after a search with SAVE (RFC 5182 section 2.1): all, or only what MIN and MAX give.
fn saved(found: &[u32], returns: SearchReturn) -> Vec<u32> {
    if returns.all || returns.count || !(returns.min || returns.max) {
        return found.to_vec();
    }
    let mut kept: Vec<u32> = Vec::new();
    kept.extend(found.first().filter(|_| returns.min));
    kept.extend(found.last().filter(|_| returns.max));
    kept.dedup();
    kept
}

fn compare(criteria: &[SortCriterion], one: &OrderKey, two: &OrderKey) -> Ordering {
    for SortCriterion { key, reverse } in criteria {
        let order = match key {
            SortKey::Arrival => one.arrival.cmp(&two.arrival),
            SortKey::Date => one.date.cmp(&two.date),
            SortKey::Size => one.size.cmp(&two.size),
            SortKey::Subject => one.subject.cmp(&two.subject),
            SortKey::From => one.from.cmp(&two.from),
            SortKey::To => one.to.cmp(&two.to),
            SortKey::Cc => one.cc.cmp(&two.cc),
            SortKey::DisplayFrom => one.display_from.cmp(&two.display_from),
            SortKey::DisplayTo => one.display_to.cmp(&two.display_to),
        };
        let order = if *reverse { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
    }
    // RFC 5256 section 3: at last by message number.
    one.uid.cmp(&two.uid)
}

/// Turns the client's search into the mailbox's.
struct Translation<'t> {
    selected: &'t Selected,
    saved: &'t [u32],
    keywords: &'t [String],
    now: Timestamp,
}

impl Translation<'_> {
    fn query(&self, key: &SearchKey) -> Query {
        match key {
            SearchKey::All | SearchKey::SaveDateSupported => Query::All,
            SearchKey::And(keys) => Query::And(keys.iter().map(|key| self.query(key)).collect()),
            SearchKey::Or(left, right) => Query::Or(vec![self.query(left), self.query(right)]),
            SearchKey::Not(key) => Query::Not(Box::new(self.query(key))),
            SearchKey::Sequence(set) => self.set(set, false),
            SearchKey::Uid(set) => self.set(set, true),
            SearchKey::Flag(flags) => self.flags(*flags),
            SearchKey::Keyword(name) => {
                let bit = self.keywords.iter().position(|known| known.eq_ignore_ascii_case(name));
                bit.map_or(Query::Or(Vec::new()), |bit| Query::HasKeyword(1 << bit))
            }
            SearchKey::Before(date) => Query::Received(None, Some(start(*date))),
            SearchKey::On(date) => Query::Received(Some(start(*date)), Some(start(*date).plus(DAY))),
            SearchKey::Since(date) => Query::Received(Some(start(*date)), None),
            SearchKey::SentBefore(date) => Query::Sent(None, Some(start(*date))),
            SearchKey::SentOn(date) => Query::Sent(Some(start(*date)), Some(start(*date).plus(DAY))),
            SearchKey::SentSince(date) => Query::Sent(Some(start(*date)), None),
            SearchKey::SavedBefore(date) => Query::Saved(None, Some(start(*date))),
            SearchKey::SavedOn(date) => Query::Saved(Some(start(*date)), Some(start(*date).plus(DAY))),
            SearchKey::SavedSince(date) => Query::Saved(Some(start(*date)), None),
            SearchKey::Older(seconds) => Query::Received(None, Some(self.ago(*seconds))),
            SearchKey::Younger(seconds) => Query::Received(Some(self.ago(*seconds)), None),
            SearchKey::Larger(size) => Query::Larger(*size),
            SearchKey::Smaller(size) => Query::Smaller(*size),
            SearchKey::Header { name, value } => header(name, value),
            SearchKey::Body(text) => Query::Body(Needle::new(text)),
            SearchKey::Text(text) => Query::Text(Needle::new(text)),
            SearchKey::ModSeq(modseq) => Query::ModseqFrom(i64::try_from(*modseq).unwrap_or(i64::MAX)),
            SearchKey::EmailId(id) => Query::Messages(mailbox::object_id::read(id).into_iter().collect()),
            SearchKey::ThreadId(id) => Query::Threads(mailbox::object_id::read(id).into_iter().collect()),
        }
    }

    fn set(&self, set: &SequenceSet, uid: bool) -> Query {
        Query::Uids(self.selected.ranges(&self.selected.positions(uid, set, self.saved)))
    }

    /// Messages with one of these flags. \Recent is this session's own.
    fn flags(&self, flags: SystemFlags) -> Query {
        if flags.contains(SystemFlags::RECENT) {
            return Query::Uids(vec![UidRange { first: self.selected.recent_from, last: u32::MAX }]);
        }
        Query::HasFlag(flags.bits() & Flags::SYSTEM)
    }

    fn ago(&self, seconds: u32) -> Timestamp {
        Timestamp::from_millis(self.now.millis() - i64::from(seconds) * 1000)
    }
}

fn header(name: &str, value: &str) -> Query {
    let name = name.to_ascii_lowercase();
    let field = match name.as_str() {
        "from" => Some(Field::From),
        "to" => Some(Field::To),
        "cc" => Some(Field::Cc),
        "bcc" => Some(Field::Bcc),
        "subject" => Some(Field::Subject),
        _ => None,
    };
    match field {
        Some(field) if !value.is_empty() => Query::Envelope(field, Needle::new(value)),
        _ => Query::Header(name, Needle::new(value)),
    }
}

fn start(date: Date) -> Timestamp {
    Timestamp::from_seconds(i64::from(date.days_since_epoch()) * 86_400)
}
