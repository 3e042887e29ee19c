//! What a client makes of changes is what it would have read anew, whatever happened.

use std::collections::{BTreeMap, BTreeSet};

use env::{Entropy, SeededEntropy};
use mailbox::{FlagChange, Flags, UidRange};
use serde_json::{Value, json};
use store::testing::{Engine, TestStore};

use super::fixture::{Desk, server};
use crate::ids::show;

/// Operations of one run.
const OPERATIONS: usize = 40;

struct Chance(SeededEntropy);

impl Chance {
    fn below(&self, bound: usize) -> usize {
        let mut octets = [0; 8];
        self.0.fill(&mut octets);
        (u64::from_le_bytes(octets) % bound.max(1) as u64) as usize
    }
}

/// Questions whose results a client keeps.
fn questions(inbox: i64) -> Vec<Value> {
    let inbox = show(inbox);
    vec![
        json!({}),
        json!({ "filter": { "inMailbox": inbox }, "collapseThreads": true }),
        json!({ "filter": { "hasKeyword": "$seen" }, "sort": [{ "property": "subject" }] }),
        json!({ "filter": { "someInThreadHaveKeyword": "$flagged" }, "sort": [{ "property": "receivedAt" }] }),
        json!({ "sort": [{ "property": "someInThreadHaveKeyword", "keyword": "$seen" }], "collapseThreads": true }),
        json!({ "filter": { "text": "valves" } }),
    ]
}

/// What a client does with the answer to `/queryChanges` (RFC 8620 section 5.6).
fn applied(mut result: Vec<Value>, changes: &Value) -> Vec<Value> {
    let removed = changes["removed"].as_array().unwrap();
    result.retain(|id| !removed.contains(id));
    for added in changes["added"].as_array().unwrap() {
        result.insert(added["index"].as_u64().unwrap() as usize, added["id"].clone());
    }
    result
}

async fn operate(desk: &Desk, chance: &Chance) {
    let mailboxes: Vec<i64> = desk.call("Mailbox/query", json!({})).await["ids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| crate::ids::read(id.as_str().unwrap()).unwrap())
        .collect();
    let (from, to) = (mailboxes[chance.below(mailboxes.len())], mailboxes[chance.below(mailboxes.len())]);
    let (account, number) = (desk.account, chance.below(12));
    let uids = [UidRange { first: chance.below(8) as u32 + 1, last: chance.below(12) as u32 + 1 }];
    let flags = Flags::system([Flags::SEEN, Flags::FLAGGED, Flags::DELETED, Flags::DRAFT][chance.below(4)]);
    let change = if chance.below(2) == 0 { FlagChange::Add(flags) } else { FlagChange::Remove(flags) };
    desk.store.clock.advance(std::time::Duration::from_secs(chance.below(3) as u64));
    match chance.below(9) {
        0..=3 => {
            let about = ["valves", "pumps", "Re: valves"][chance.below(3)];
            let answers = format!("<{}@x>", chance.below(12));
            let raw = format!("Subject: {about}\nMessage-ID: <{number}@x>\nReferences: {answers}\n\nx\n");
            desk.append(from, &raw, 0).await;
        }
        4 => drop(
            desk.store.write(move |tx| mailbox::store_flags(tx, account, from, &uids, change, None)).await.unwrap(),
        ),
        5 => drop(desk.store.write(move |tx| mailbox::copy(tx, account, from, &uids, to)).await.unwrap()),
        6 => drop(desk.store.write(move |tx| mailbox::move_messages(tx, account, from, &uids, to)).await.unwrap()),
        7 => drop(desk.store.write(move |tx| mailbox::expunge(tx, account, from, None)).await.unwrap()),
        _ => drop(desk.store.write(move |tx| mailbox::discard(tx, account, from, &uids)).await.unwrap()),
    }
}

/// What a client knows: messages with their keywords and mailboxes, threads, mailboxes, results.
async fn everything(desk: &Desk) -> (Value, BTreeMap<String, Value>, Vec<Vec<Value>>) {
    let emails =
        desk.call("Email/get", json!({ "ids": null, "properties": ["keywords", "mailboxIds", "threadId"] })).await;
    let by_id = emails["list"].as_array().unwrap().iter();
    let known = by_id.map(|email| (email["id"].as_str().unwrap().to_owned(), email.clone())).collect();
    let mut results = Vec::new();
    for question in questions(desk.inbox) {
        results.push(desk.call("Email/query", question).await["ids"].as_array().unwrap().clone());
    }
    (emails["state"].clone(), known, results)
}

async fn check_step(desk: &Desk, before: &(Value, BTreeMap<String, Value>, Vec<Vec<Value>>)) {
    let (state, mut known, results) = before.clone();
    let (_, now, new_results) = everything(desk).await;
    let changes = desk.call("Email/changes", json!({ "sinceState": state })).await;
    for gone in changes["destroyed"].as_array().unwrap() {
        known.remove(gone.as_str().unwrap());
    }
    let told: BTreeSet<&str> = ["created", "updated"]
        .iter()
        .flat_map(|list| changes[*list].as_array().unwrap())
        .filter_map(Value::as_str)
        .collect();
    for id in told {
        known.insert(id.to_owned(), now[id].clone());
    }
    assert_eq!(known, now, "{changes}");
    for ((question, old), new) in questions(desk.inbox).into_iter().zip(results).zip(&new_results) {
        let mut asked = question.clone();
        asked["sinceQueryState"] = state.clone();
        let changes = desk.call("Email/queryChanges", asked).await;
        assert_eq!(&applied(old.clone(), &changes), new, "{question} from {old:?}: {changes}");
    }
}

/// Mailboxes with their counters, and all threads.
async fn mailboxes(desk: &Desk) -> (Value, Value, Value) {
    let emails = desk.call("Email/get", json!({ "ids": null, "properties": ["threadId"] })).await;
    let mut threads: Vec<&Value> = emails["list"].as_array().unwrap().iter().map(|it| &it["threadId"]).collect();
    threads.sort_by_key(|it| it.to_string());
    threads.dedup();
    let mailboxes = desk.call("Mailbox/get", json!({})).await;
    (mailboxes, desk.call("Thread/get", json!({ "ids": threads })).await, emails["state"].clone())
}

async fn changes_lead_to_what_is_there(seed: u64) {
    let Some(store) = TestStore::open(Engine::Sqlite).await else { return };
    let mut desk = Desk::open(store).await;
    let chance = Chance(SeededEntropy::new(seed));
    let mut before = everything(&desk).await;
    for step in 0..OPERATIONS {
        operate(&desk, &chance).await;
        check_step(&desk, &before).await;
        // Sometimes a client is several changes behind.
        if chance.below(3) > 0 {
            before = everything(&desk).await;
        }
        // What is kept in memory is what another node reads.
        let warm = mailboxes(&desk).await;
        let kept = std::mem::replace(&mut desk.server, server(&desk.store));
        assert_eq!(mailboxes(&desk).await, warm, "seed {seed}, step {step}");
        desk.server = kept;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_lead_to_what_is_there_whatever_happened() {
    for seed in 0..3 {
        changes_lead_to_what_is_there(seed).await;
    }
}
