//! What takes room, and who is told before there is none; on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

use identity::{AccountKind, Language, Level, NewAccount, Role};
use mailbox::{Flags, Name, Prepared, mailboxes};
use retention::{Fullness, Heap, QuotaStep, RetentionError, Space};
use store::Tx;
use store::testing::TestStore;

store::on_both_engines! {
    large_files_are_told_apart,
    owners_are_told_once_for_each_step,
    the_fullest_come_first,
}

const DAY_MS: i64 = 86_400_000;

struct Office {
    store: TestStore,
    organisation: i64,
    li: i64,
    wang: i64,
}

impl Office {
    async fn open(store: TestStore) -> Self {
        let make = |tx: &mut Tx<'_>| {
            let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
            identity::create_domain(tx, organisation, "trade.test")?;
            let mut person = |address: &str| {
                let new = NewAccount {
                    organisation,
                    address,
                    name: "Li",
                    role: Role::Sales,
                    language: Language::Chinese,
                    kind: AccountKind::Person,
                    quota_bytes: 0,
                    password: None,
                };
                let account = identity::create_account(tx, &new)?;
                mailboxes::create_defaults(tx, account)?;
                Ok::<_, RetentionError>(account)
            };
            let (li, wang) = (person("li@trade.test")?, person("wang@trade.test")?);
            Ok::<_, RetentionError>((organisation, li, wang))
        };
        let (organisation, li, wang) = store.write(make).await.unwrap();
        Self { store, organisation, li, wang }
    }

    /// A message with a file of `mib` MiB; came `days` ago.
    async fn put(&self, account: i64, (from, to): (&str, &str), (file, mib): (&str, usize), flags: u8, days: i64) {
        let line = format!("{}\r\n", "QUJD".repeat(18));
        let body = line.repeat(mib * (1 << 20) / line.len() + 1);
        let raw = format!(
            "From: {from}\r\nTo: {to}\r\nSubject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n\
             Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=\"{file}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{body}--b--\r\n"
        );
        let mut prepared = Prepared::new(raw.as_bytes(), self.store.context());
        let staged = self.store.stage(prepared.take_record()).await.unwrap();
        let work = move |tx: &mut Tx<'_>| {
            staged.attach(tx, 1)?;
            let inbox = mailboxes::find(tx, account, &Name::parse("INBOX")?)?.unwrap().id;
            let received = env::Timestamp::from_millis(tx.now().millis() - days * DAY_MS);
            mailbox::append(tx, account, inbox, &prepared, staged.id(), Flags::system(flags), received)?;
            Ok::<_, RetentionError>(())
        };
        self.store.write(work).await.unwrap();
    }

    async fn space(&self, account: i64) -> Space {
        self.store.read(move |tx| retention::space(tx, account)).await.unwrap()
    }

    async fn due(&self) -> Vec<(Fullness, Option<QuotaStep>)> {
        self.store.read(|tx| retention::to_tell(tx, 0, 100)).await.unwrap()
    }

    async fn give(&self, account: i64, bytes: u64) {
        self.store.write(move |tx| identity::set_quota(tx, account, bytes)).await.unwrap();
    }
}

async fn large_files_are_told_apart(store: TestStore) {
    let office = Office::open(store).await;
    let abroad = ("buyer@far.test", "li@trade.test");
    office.put(office.li, abroad, ("plan.pdf", 2), 0, 40).await;
    office.put(office.li, abroad, ("plan.pdf", 2), Flags::SEEN, 40).await;
    office.put(office.li, abroad, ("other.pdf", 3), 0, 2).await;
    office.put(office.li, ("li@trade.test", "Li@trade.test"), ("holiday.pdf", 2), Flags::SEEN, 3).await;
    office.put(office.li, ("li@trade.test", "buyer@far.test"), ("offer.pdf", 1), Flags::SEEN, 3).await;
    office.put(office.wang, abroad, ("plan.pdf", 2), 0, 40).await;

    let found = office.space(office.li).await;
    assert_eq!((found.all.count, found.large.count, found.attached.count, found.is_more), (5, 5, 5, false));
    assert!(found.attached.bytes < found.all.bytes && found.attached.bytes > found.all.bytes * 9 / 10, "{found:?}");
    // The one that came lately may still be opened, and one was.
    assert_eq!(found.unopened.count, 1);
    assert_eq!(found.doubled.count, 1);
    assert_eq!(found.never_mail.count, 1);
    assert!(!found.is_file_store(), "two MiB are no store of files");
    let many = Heap { count: 1, bytes: 200 << 20 };
    let files = Space { all: Heap { count: 9, bytes: 300 << 20 }, never_mail: many, ..Space::default() };
    assert!(files.is_file_store());
    assert!(!Space { all: Heap { count: 9, bytes: 500 << 20 }, ..files }.is_file_store());
}

async fn owners_are_told_once_for_each_step(store: TestStore) {
    let office = Office::open(store).await;
    office.put(office.li, ("a@far.test", "li@trade.test"), ("x.pdf", 1), 0, 0).await;
    let bytes = office.space(office.li).await.all.bytes;
    assert!(office.due().await.is_empty(), "there is no limit");

    office.give(office.li, bytes * 100 / 85).await;
    let due = office.due().await;
    assert_eq!(
        due.iter().map(|(known, step)| (known.account, *step)).collect::<Vec<_>>(),
        [(office.li, Some(QuotaStep::Filling))]
    );
    let known = due[0].0.clone();
    office.store.write(move |tx| retention::mark_told(tx, &known)).await.unwrap();
    assert!(office.due().await.is_empty(), "once");

    office.give(office.li, bytes).await;
    let due = office.due().await;
    assert_eq!(due[0].1, Some(QuotaStep::Full));
    let known = due[0].0.clone();
    office.store.write(move |tx| retention::mark_told(tx, &known)).await.unwrap();

    // With more room nobody is told; when it fills up again, the owner is.
    office.give(office.li, bytes * 2).await;
    let due = office.due().await;
    assert_eq!(due[0].1, None);
    let known = due[0].0.clone();
    office.store.write(move |tx| retention::mark_told(tx, &known)).await.unwrap();
    assert!(office.due().await.is_empty());
    office.give(office.li, bytes * 100 / 96).await;
    assert_eq!(office.due().await[0].1, Some(QuotaStep::Nearly));
}

async fn the_fullest_come_first(store: TestStore) {
    let office = Office::open(store).await;
    office.put(office.wang, ("a@far.test", "wang@trade.test"), ("x.pdf", 1), 0, 0).await;
    let organisation = office.organisation;
    let all = office.store.read(move |tx| retention::fullest(tx, organisation, 10)).await.unwrap();
    assert_eq!(all.iter().map(|it| it.account).collect::<Vec<_>>(), [office.wang, office.li]);
    let one = office.store.read(move |tx| retention::fullest(tx, organisation, 1)).await.unwrap();
    assert_eq!(one.len(), 1);
}
