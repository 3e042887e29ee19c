//! The journal of mail: what is kept beside mailboxes, found when they have it no more, and goes with its period.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test stops where something fails")]

mod support;

use std::time::Duration;

use mailbox::journaled::{self, Forgotten, NewEntry};
use mailbox::search::{Budget, Needle, Query};
use mailbox::{Flags, MailboxError, Prepared, Target, removed};
use store::holds::{self, HoldDetail};
use store::testing::TestStore;
use store::{StagedBlob, Tx};
use support::Desk;

store::on_both_engines! {
    what_the_owner_destroys_stays_in_the_journal,
    an_entry_goes_with_its_period_unless_a_hold_covers_it,
    who_is_erased_leaves_what_a_law_wants_kept,
    an_entry_is_of_its_custodians_and_organisation,
}

const DAY: Duration = Duration::from_secs(86_400);
const LETTER: &str =
    "From: Chen <chen@partner.test>\r\nTo: li@trade.test\r\nSubject: Valves\r\n\r\nTen pieces at 4200\r\n";

struct Office {
    store: TestStore,
    organisation: i64,
    li: i64,
    /// Of another organisation, which the journal does not mind.
    wang: i64,
}

/// What is kept how.
#[derive(Clone, Copy)]
struct Kept {
    days: u32,
    by_law: bool,
}

impl Office {
    async fn open(store: TestStore) -> Self {
        let (li, wang) = (Desk::open(&store).await.account, Desk::open(&store).await.account);
        let organisation = store.read(move |tx| holds::keeping(tx, li)).await.unwrap().organisation;
        Self { store, organisation, li, wang }
    }

    async fn prepared(&self) -> (Prepared, StagedBlob) {
        let mut prepared = Prepared::new(LETTER.as_bytes(), self.store.context());
        let staged = self.store.stage(prepared.take_record()).await.unwrap();
        (prepared, staged)
    }

    /// Delivers the letter to li and keeps it in the journal; gives message, UID and entry.
    async fn take(&self, Kept { days, by_law }: Kept, custodians: &[i64]) -> (i64, u32, i64) {
        let (prepared, staged) = self.prepared().await;
        let (organisation, li, custodians) = (self.organisation, self.li, custodians.to_vec());
        let work = move |tx: &mut Tx<'_>| {
            staged.attach(tx, 2)?;
            let delivery = mailbox::Delivery {
                target: Target::Inbox,
                prepared: &prepared,
                blob: staged.id(),
                trace: b"Received: by us\r\n",
                flags: Flags::system(0),
                received: tx.now(),
                dedupe: None,
            };
            let mailbox::Delivered::Stored(put) = mailbox::deliver(tx, li, &delivery)? else { panic!("a duplicate") };
            let entry = NewEntry {
                organisation,
                prepared: &prepared,
                blob: staged.id(),
                trace: b"Received: by us\r\n",
                received: tx.now(),
                until: tx.now().plus(DAY * days),
                by_law,
                envelope: br#"{"from":"chen@partner.test"}"#,
                custodians: &custodians,
            };
            Ok::<_, MailboxError>((put.message, put.uid, journaled::keep(tx, &entry)?))
        };
        self.store.write(work).await.unwrap()
    }

    /// Removes the letter and what is kept of it for a while.
    async fn destroy(&self, uid: u32) {
        let (organisation, li) = (self.organisation, self.li);
        let work = move |tx: &mut Tx<'_>| {
            holds::set_window_days(tx, organisation, 0)?;
            let inbox = mailbox::mailboxes::find(tx, li, &mailbox::Name::inbox())?.unwrap().id;
            let uids = [mailbox::UidRange::one(uid)];
            let deleted = mailbox::FlagChange::Add(Flags::system(Flags::DELETED));
            mailbox::store_flags(tx, li, inbox, &uids, deleted, None)?;
            mailbox::expunge(tx, li, inbox, None)?;
            removed::purge(tx, 100)
        };
        self.store.write(work).await.unwrap();
    }

    async fn found(&self, custodian: i64, word: &str) -> Vec<i64> {
        let (handle, organisation, query) = (self.store.handle(), self.organisation, Query::Text(Needle::new(word)));
        let look = move |tx: &mut Tx<'_>| {
            journaled::search(tx, handle.blobs(), (organisation, custodian), &query, &Budget::default())
        };
        self.store.read(look).await.unwrap()
    }

    async fn text(&self, entry: i64) -> Result<String, MailboxError> {
        let (handle, organisation) = (self.store.handle(), self.organisation);
        let read = move |tx: &mut Tx<'_>| journaled::source(tx, organisation, entry)?.reader(handle.blobs()).read_all();
        Ok(String::from_utf8(self.store.read(read).await?).unwrap())
    }

    async fn purge(&self) -> removed::Purged {
        self.store.write(|tx| journaled::purge(tx, 100)).await.unwrap()
    }

    async fn sound(&self) {
        let report = store::check::run(&self.store, true).await.unwrap();
        assert_eq!(report.findings, []);
    }
}

const YEARS: Kept = Kept { days: 1_826, by_law: true };

async fn what_the_owner_destroys_stays_in_the_journal(store: TestStore) {
    let office = Office::open(store).await;
    let (_, uid, entry) = office.take(YEARS, &[office.li]).await;
    assert!(office.found(office.li, "valves").await.is_empty(), "his mailbox has it");
    office.destroy(uid).await;
    assert_eq!(office.found(office.li, "4200").await, [entry]);
    assert!(office.found(office.li, "4201").await.is_empty());
    assert_eq!(office.text(entry).await.unwrap(), format!("Received: by us\r\n{LETTER}"));
    let (organisation, li) = (office.organisation, office.li);
    let kept = office.store.read(move |tx| journaled::load(tx, organisation, Some(li), entry)).await.unwrap().unwrap();
    assert_eq!(kept.envelope, br#"{"from":"chen@partner.test"}"#);
    assert_eq!(kept.summary.envelope.subject.as_deref(), Some("Valves"));
    office.sound().await;
}

async fn an_entry_goes_with_its_period_unless_a_hold_covers_it(store: TestStore) {
    let office = Office::open(store).await;
    let (_, uid, entry) = office.take(Kept { days: 1, ..YEARS }, &[office.li, office.wang]).await;
    office.destroy(uid).await;
    let (organisation, wang) = (office.organisation, office.wang);
    let other = HoldDetail { with: Some("elsewhere.test".to_owned()), ..HoldDetail::default() };
    let meant = HoldDetail { with: Some("partner.test".to_owned()), ..HoldDetail::default() };
    office.store.write(move |tx| holds::begin(tx, organisation, &[wang], &other)).await.unwrap();
    let hold = office.store.write(move |tx| holds::begin(tx, organisation, &[wang], &meant)).await.unwrap();
    assert!(!office.purge().await.is_something(), "its period is not over");
    office.store.clock.advance(DAY);
    assert_eq!((office.purge().await.held, office.purge().await.held), (1, 0), "it is looked at again in a day");
    office.store.write(move |tx| holds::end(tx, organisation, hold, "counsel", "settled")).await.unwrap();
    assert!(office.text(entry).await.is_ok());
    office.store.clock.advance(DAY);
    let purged = office.purge().await;
    assert_eq!((purged.gone, purged.held), (1, 0));
    assert!(matches!(office.text(entry).await, Err(MailboxError::NoSuchMessage)));
    office.sound().await;
}

async fn who_is_erased_leaves_what_a_law_wants_kept(store: TestStore) {
    let office = Office::open(store).await;
    let free = Kept { days: 30, by_law: false };
    let (_, _, lawful) = office.take(YEARS, &[office.li]).await;
    let (_, _, own) = office.take(free, &[office.li]).await;
    let (_, _, shared) = office.take(free, &[office.li, office.wang]).await;
    let li = office.li;
    let forgotten = office.store.write(move |tx| journaled::forget(tx, li)).await.unwrap();
    assert_eq!(forgotten, Forgotten { gone: 2, kept: 1 });
    assert!(office.text(lawful).await.is_ok() && office.text(shared).await.is_ok());
    assert!(matches!(office.text(own).await, Err(MailboxError::NoSuchMessage)));
    assert_eq!(office.found(office.wang, "valves").await, [shared]);
    office.sound().await;
}

async fn an_entry_is_of_its_custodians_and_organisation(store: TestStore) {
    let office = Office::open(store).await;
    let (_, uid, entry) = office.take(YEARS, &[office.li]).await;
    office.destroy(uid).await;
    assert!(office.found(office.wang, "valves").await.is_empty());
    let (organisation, wang) = (office.organisation, office.wang);
    let of_wang = office.store.read(move |tx| journaled::load(tx, organisation, Some(wang), entry)).await.unwrap();
    assert!(of_wang.is_none());
    let other = office.store.read(move |tx| holds::keeping(tx, wang)).await.unwrap().organisation;
    let elsewhere = office.store.read(move |tx| journaled::source(tx, other, entry).map(drop)).await;
    assert!(matches!(elsewhere, Err(MailboxError::NoSuchMessage)));
}
