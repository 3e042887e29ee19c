//! Random work, against a simple model in memory and two kinds of clients that follow by changes alone, on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use env::{Entropy, SeededEntropy};
use mailbox::{AccountChanges, Entry, FlagChange, Flags, MailboxError, UidRange};
use store::testing::TestStore;
use support::{Desk, plain};

store::on_both_engines! { random_work_keeps_to_the_model }

const SEEDS: u64 = 4;
const STEPS: usize = 120;

async fn random_work_keeps_to_the_model(store: TestStore) {
    for seed in 0..SEEDS {
        let desk = Desk::open(&store).await;
        let mut world = World::new(&desk, seed).await;
        for step in 0..STEPS {
            let what = world.step(&desk).await;
            world.compare(&desk, &format!("seed {seed}, step {step}: {what}")).await;
        }
        desk.assert_consistent().await;
    }
    let report = store::check::run(&store.handle(), true).await.unwrap();
    assert!(report.findings.is_empty(), "{:?}", report.findings);
}

/// A mailbox as it should be, and as a client that follows its changes knows it.
struct Shelf {
    id: i64,
    uidnext: u32,
    messages: BTreeMap<u32, (i64, Flags)>,
    followed: BTreeMap<u32, Entry>,
    followed_modseq: i64,
}

struct World {
    random: SeededEntropy,
    boxes: Vec<Shelf>,
    /// Messages as a client that follows the whole account knows them.
    followed: BTreeSet<i64>,
    followed_modseq: i64,
}

impl World {
    async fn new(desk: &Desk<'_>, seed: u64) -> Self {
        let mut boxes = Vec::new();
        for name in ["INBOX", "Archive", "Trash"] {
            let id = desk.mailbox(name).await.id;
            let (messages, followed) = (BTreeMap::new(), BTreeMap::new());
            boxes.push(Shelf { id, uidnext: 1, messages, followed, followed_modseq: 0 });
        }
        Self { random: SeededEntropy::new(seed), boxes, followed: BTreeSet::new(), followed_modseq: 0 }
    }

    fn below(&self, bound: usize) -> usize {
        (self.random.next_u64() % bound as u64) as usize
    }

    fn ranges(&self, at: usize) -> Vec<UidRange> {
        let end = self.boxes[at].uidnext as usize + 2;
        let range = |_| {
            let first = 1 + self.below(end) as u32;
            let last = if self.below(8) == 0 { u32::MAX } else { first + self.below(5) as u32 };
            UidRange { first, last }
        };
        (0..=self.below(4)).map(range).collect()
    }

    fn flags(&self) -> Flags {
        Flags { system: self.below(32) as u8, keywords: self.below(4) as u64 }
    }

    fn chosen(&self, at: usize, ranges: &[UidRange]) -> Vec<u32> {
        let uids = self.boxes[at].messages.keys().copied();
        uids.filter(|uid| ranges.iter().any(|range| range.contains(*uid))).collect()
    }

    async fn step(&mut self, desk: &Desk<'_>) -> String {
        let (at, to) = (self.below(self.boxes.len()), self.below(self.boxes.len()));
        let (from_id, to_id) = (self.boxes[at].id, self.boxes[to].id);
        let ranges = self.ranges(at);
        let wanted = ranges.clone();
        match self.below(13) {
            0..=4 => {
                let flags = self.flags();
                let appended = desk.append(from_id, &plain("x"), flags.system).await.unwrap();
                self.put(at, appended.uid, appended.message, Flags::system(flags.system));
                "append".to_owned()
            }
            5..=7 => {
                let change = match self.below(3) {
                    0 => FlagChange::Add(self.flags()),
                    1 => FlagChange::Remove(self.flags()),
                    _ => FlagChange::Set(self.flags()),
                };
                let outcome = desk.store_flags(from_id, &ranges, change, None).await;
                let mut changed = Vec::new();
                for uid in self.chosen(at, &ranges) {
                    let (_, flags) = self.boxes[at].messages.get_mut(&uid).unwrap();
                    let after = change.apply(*flags);
                    changed.extend((after != *flags).then_some(uid));
                    *flags = after;
                }
                assert_eq!(outcome.changed.iter().map(|change| change.uid).collect::<Vec<_>>(), changed);
                format!("{change:?} to {ranges:?}")
            }
            8 => {
                let copied =
                    desk.change(move |tx, account| mailbox::copy(tx, account, from_id, &wanted, to_id)).await.unwrap();
                let pairs: Vec<_> = copied.copied.iter().map(|copied| (copied.from, copied.to)).collect();
                self.check_copied(at, to, &ranges, &pairs);
                format!("copy {ranges:?} of {at} to {to}")
            }
            9 => {
                let moved =
                    desk.change(move |tx, account| mailbox::move_messages(tx, account, from_id, &wanted, to_id)).await;
                let pairs: Vec<_> = moved.unwrap().copied.iter().map(|copied| (copied.from, copied.to)).collect();
                self.check_copied(at, to, &ranges, &pairs);
                self.boxes[at].messages.retain(|uid, _| !pairs.iter().any(|(from, _)| from == uid));
                format!("move {ranges:?} of {at} to {to}")
            }
            10 | 11 => {
                let gone = desk.change(move |tx, account| mailbox::expunge(tx, account, from_id, Some(&wanted))).await;
                let mut expected = self.chosen(at, &ranges);
                expected.retain(|uid| self.boxes[at].messages[uid].1.has(Flags::DELETED));
                assert_eq!(gone.unwrap().uids, expected);
                self.boxes[at].messages.retain(|uid, _| !expected.contains(uid));
                format!("expunge {ranges:?} of {at}")
            }
            _ => {
                let modseq = desk.mailbox("INBOX").await.highestmodseq;
                desk.change(move |tx, account| mailbox::trim_tombstones(tx, account, modseq)).await.unwrap();
                "trim".to_owned()
            }
        }
    }

    fn put(&mut self, at: usize, uid: u32, message: i64, flags: Flags) {
        let mailbox = &mut self.boxes[at];
        assert_eq!(uid, mailbox.uidnext);
        mailbox.uidnext += 1;
        mailbox.messages.insert(uid, (message, flags));
    }

    fn check_copied(&mut self, at: usize, to: usize, ranges: &[UidRange], pairs: &[(u32, u32)]) {
        let expected = self.chosen(at, ranges);
        assert_eq!(pairs.iter().map(|(from, _)| *from).collect::<Vec<_>>(), expected);
        for (from, uid) in pairs {
            let (message, flags) = self.boxes[at].messages[from];
            self.put(to, *uid, message, flags);
        }
    }

    async fn compare(&mut self, desk: &Desk<'_>, what: &str) {
        for at in 0..self.boxes.len() {
            let entries = desk.snapshot(self.boxes[at].id).await;
            let found: BTreeMap<_, _> =
                entries.iter().map(|entry| (entry.uid, (entry.message, entry.flags()))).collect();
            assert_eq!(found, self.boxes[at].messages, "{what}");
            // A client looks now and then.
            if self.below(3) == 0 {
                follow_mailbox(desk, &mut self.boxes[at], &entries, what).await;
            }
        }
        if self.below(4) == 0 {
            self.follow_account(desk, what).await;
        }
    }

    async fn follow_account(&mut self, desk: &Desk<'_>, what: &str) {
        let present: BTreeSet<i64> =
            self.boxes.iter().flat_map(|one| one.messages.values().map(|(message, _)| *message)).collect();
        loop {
            let (since, limit) = (self.followed_modseq, 5 + self.below(50));
            let changes = desk.look(move |tx, account| mailbox::account_changes_since(tx, account, since, limit)).await;
            match changes {
                Ok(AccountChanges { modseq, more, messages_created, messages_updated, messages_destroyed, .. }) => {
                    for message in &messages_destroyed {
                        self.followed.remove(message);
                    }
                    self.followed.extend(messages_created.iter().filter(|id| !messages_destroyed.contains(id)));
                    for message in messages_updated {
                        assert!(self.followed.contains(&message), "{what}: an update of a message never told of");
                    }
                    self.followed_modseq = modseq;
                    if !more {
                        break;
                    }
                }
                Err(MailboxError::CannotCalculate) => {
                    self.followed = present.clone();
                    let account = desk.account;
                    let state = desk.look(move |tx, _| {
                        let sql = "SELECT modseq FROM account WHERE id = $1";
                        Ok(tx.row(sql, store::params![account], |row| row.int(0))?)
                    });
                    self.followed_modseq = state.await.unwrap().unwrap();
                    break;
                }
                Err(error) => panic!("{what}: {error}"),
            }
        }
        assert_eq!(self.followed, present, "{what}: what a client of the account knows");
    }
}

async fn follow_mailbox(desk: &Desk<'_>, mailbox: &mut Shelf, entries: &[Entry], what: &str) {
    let changes = desk.changes(mailbox.id, mailbox.followed_modseq).await;
    mailbox.followed.retain(|uid, _| !changes.expunged.iter().any(|range| range.contains(*uid)));
    mailbox.followed.extend(changes.changed.iter().map(|entry| (entry.uid, *entry)));
    mailbox.followed_modseq = changes.highestmodseq;
    let known: Vec<Entry> = mailbox.followed.values().copied().collect();
    assert_eq!(known, entries, "{what}: what a client of the mailbox knows");
}
