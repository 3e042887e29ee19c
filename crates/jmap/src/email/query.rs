//! `Email/query` and `Email/queryChanges` (RFC 8621 sections 4.4 and 4.5).

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use env::Timestamp;
use mailbox::UidRange;
use mailbox::search::{Budget, Query, search};
use serde_json::Value;
use store::Tx;

use super::changes::{changed_since, read_state};
use super::filter::{Filter, within};
use super::order::{Order, details};
use crate::args::Args;
use crate::error::Failure;
use crate::ids;
use crate::index::{Email, Index};
use crate::reach::Reach;
use crate::window::{ChangesWanted, Window};
use crate::{Asker, Server};

/// What is asked.
struct Question {
    filter: Filter,
    order: Order,
    collapse: bool,
    /// The same as text: under it results are kept.
    key: String,
}

impl Question {
    fn take(args: &mut Args) -> Result<Self, Failure> {
        let (filter, order, collapse) = (args.take("filter"), args.take("sort"), args.flag("collapseThreads")?);
        let text = |value: &Option<Value>| value.as_ref().map(Value::to_string).unwrap_or_default();
        let key = format!("{}\n{}\n{collapse}", text(&filter), text(&order));
        Ok(Self { filter: Filter::read(filter)?, order: Order::read(order)?, collapse, key })
    }

    /// Whether a message's place depends on others of its thread.
    fn asks_thread(&self) -> bool {
        self.collapse || self.filter.asks_thread() || self.order.asks_thread()
    }
}

/// A result, or what is still to be searched.
enum Step {
    Done(Arc<Vec<i64>>),
    Search(Pending),
}

/// What must be read to be decided.
struct Pending {
    hits: Vec<i64>,
    /// UIDs and messages by mailbox.
    undecided: HashMap<i64, Vec<(u32, i64)>>,
    query: Query,
}

pub(crate) fn query(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (question, window) = (Question::take(&mut args)?, Window::take(&mut args)?);
    args.finish()?;
    let (result, state) = result(server, tx, asker, &reach, &question)?;
    window.answer(&account_id, state, &result, |id| ids::show(*id), ids::read)
}

pub(crate) fn query_changes(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let (question, wanted) = (Question::take(&mut args)?, ChangesWanted::take(&mut args)?);
    args.finish()?;
    let changed = server.indexes.with_tx(tx, reach.account, |tx, index| {
        let since = read_state(&wanted.since, index)?;
        let mut ids = HashSet::new();
        for it in changed_since(tx, index, &reach, since)? {
            ids.insert(it.id);
            if question.asks_thread() {
                let thread = it.thread.ok_or(mailbox::MailboxError::CannotCalculate)?;
                ids.extend(index.thread(&reach, thread).map(|email| email.id));
            }
        }
        Ok(ids)
    })?;
    let (result, state) = result(server, tx, asker, &reach, &question)?;
    wanted.answer(&account_id, state, &result, &changed, |id| ids::show(*id))
}

/// The whole result, and the state that it is of.
fn result(
    server: &Server,
    tx: &mut Tx<'_>,
    asker: &Asker,
    reach: &Reach,
    question: &Question,
) -> Result<(Arc<Vec<i64>>, i64), Failure> {
    let (step, state) = server.indexes.with_tx(tx, reach.account, |tx, index| {
        let state = index.email_state();
        if let Some(kept) = index.kept_result(&question.key).filter(|_| reach.is_own()) {
            return Ok((Step::Done(kept), state));
        }
        let mut is_telling = false;
        question.filter.for_each_text(&mut |query| is_telling |= guard::searches::is_telling(query.words()));
        if is_telling {
            server.searched.lock().insert(asker.account());
        }
        Ok((first_step(tx, index, reach, question)?, state))
    })?;
    match step {
        Step::Done(result) => Ok((result, state)),
        Step::Search(pending) => {
            let found = read_undecided(server, tx, reach, pending)?;
            let result = server.indexes.with_tx(tx, reach.account, |tx, index| {
                let emails = index.by_receipt.iter().rev().filter(|(_, id)| found.contains(id));
                let emails = emails.filter_map(|(_, id)| index.email(reach, *id)).collect();
                arranged(tx, index, reach, question, emails)
            })?;
            Ok((result, state))
        }
    }
}

/// Decides by what is kept in memory.
fn first_step(tx: &mut Tx<'_>, index: &Index, reach: &Reach, question: &Question) -> Result<Step, Failure> {
    let filter = &question.filter;
    let only = filter.mailbox();
    let candidates = || {
        let all = index.by_receipt.iter().rev().filter_map(|(_, id)| index.email(reach, *id));
        all.filter(move |email| only.is_none_or(|only| email.places.iter().any(|place| place.mailbox == only)))
    };
    let known = match filter.asks_detail() {
        true => details(tx, index, reach.account, candidates().map(|email| email.id))?,
        false => HashMap::new(),
    };
    let mut hits: Vec<&Email> = Vec::new();
    let mut undecided: Vec<&Email> = Vec::new();
    for email in candidates() {
        match filter.matches(index, reach, email, known.get(&email.id).map(AsRef::as_ref)) {
            Some(true) => hits.push(email),
            Some(false) => {}
            None => undecided.push(email),
        }
    }
    if !filter.asks_text() || undecided.is_empty() {
        return Ok(Step::Done(arranged(tx, index, reach, question, hits)?));
    }
    let query = filter.to_query(&mut |part| {
        let holds =
            |email: &&&Email| part.matches(index, reach, email, known.get(&email.id).map(AsRef::as_ref)) == Some(true);
        undecided.iter().filter(holds).map(|email| email.id).collect()
    });
    let mut by_mailbox: HashMap<i64, Vec<(u32, i64)>> = HashMap::new();
    for email in undecided {
        if let Some(place) = email.seen_by(reach).next() {
            by_mailbox.entry(place.mailbox).or_default().push((place.uid, email.id));
        }
    }
    Ok(Step::Search(Pending { hits: hits.iter().map(|email| email.id).collect(), undecided: by_mailbox, query }))
}

/// Orders what matches, and takes the first of each thread where the client wants that.
fn arranged(
    tx: &mut Tx<'_>,
    index: &Index,
    reach: &Reach,
    question: &Question,
    mut emails: Vec<&Email>,
) -> Result<Arc<Vec<i64>>, Failure> {
    match question.order.by_receipt() {
        Some(true) => emails.reverse(),
        Some(false) => {}
        None => {
            let known = match question.order.asks_detail() {
                true => details(tx, index, reach.account, emails.iter().map(|email| email.id))?,
                false => HashMap::new(),
            };
            question.order.sort(index, reach, &mut emails, &known);
        }
    }
    let mut threads = HashSet::new();
    let first = |email: &&Email| !question.collapse || threads.insert(email.thread);
    let result: Arc<Vec<i64>> = Arc::new(emails.into_iter().filter(first).map(|email| email.id).collect());
    if reach.is_own() {
        index.keep_result(&question.key, &result);
    }
    Ok(result)
}

fn read_undecided(server: &Server, tx: &mut Tx<'_>, reach: &Reach, pending: Pending) -> Result<HashSet<i64>, Failure> {
    let mut found: HashSet<i64> = pending.hits.into_iter().collect();
    let deadline: Timestamp = tx.now().plus(server.limits().search_wait);
    let budget = Budget { deadline: Some(deadline), cancelled: None };
    for (mailbox, mut places) in pending.undecided {
        places.sort_unstable();
        let uids = UidRange::collect(places.iter().map(|(uid, _)| *uid));
        let query = within(uids, &pending.query);
        for uid in search(tx, server.store.blobs(), reach.account, mailbox, &query, &budget)? {
            if let Ok(at) = places.binary_search_by_key(&uid, |(uid, _)| *uid) {
                found.extend(places.get(at).map(|(_, id)| *id));
            }
        }
    }
    Ok(found)
}
