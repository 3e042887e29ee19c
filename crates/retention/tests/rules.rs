//! Retention rules: which can be, what they would remove, what they remove, and what wins over them; on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

use std::time::Duration;

use identity::rights;
use identity::{AccountKind, Language, Level, NewAccount, Role};
use mailbox::{FlagChange, Flags, Name, Prepared, UidRange, mailboxes};
use retention::{RetentionError, Rule, Step};
use store::Tx;
use store::holds::{self, HoldDetail};
use store::testing::TestStore;

const DAY: Duration = Duration::from_secs(86_400);

store::on_both_engines! {
    a_rule_without_a_condition_is_refused,
    a_preview_shows_what_goes_and_removes_nothing,
    a_rule_removes_what_is_old_enough_and_no_more,
    a_legal_hold_wins_over_rules,
    a_clock_set_back_stops_rules,
    a_step_is_bounded_and_goes_on,
    a_rule_speaks_of_a_group,
}

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
                identity::create_account(tx, &new)
            };
            let (li, wang) = (person("li@trade.test")?, person("wang@trade.test")?);
            Ok::<_, RetentionError>((organisation, li, wang))
        };
        let (organisation, li, wang) = store.write(make).await.unwrap();
        Self { store, organisation, li, wang }
    }

    async fn change<T: Send + 'static>(
        &self,
        work: impl FnMut(&mut Tx<'_>) -> Result<T, RetentionError> + Send + 'static,
    ) -> Result<T, RetentionError> {
        self.store.write(work).await
    }

    async fn put(&self, account: i64, folder: &'static str, from: &str) -> u32 {
        let raw = format!("From: {from}\r\nSubject: Offer\r\n\r\ntext\r\n");
        let mut prepared = Prepared::new(raw.as_bytes(), self.store.context());
        let staged = self.store.stage(prepared.take_record()).await.unwrap();
        let work = move |tx: &mut Tx<'_>| {
            staged.attach(tx, 1)?;
            let name = Name::parse(folder)?;
            mailboxes::create_defaults(tx, account)?;
            let mailbox = match mailboxes::find(tx, account, &name)? {
                Some(found) => found.id,
                None => mailboxes::create(tx, account, &name, None)?.id,
            };
            let flags = Flags::system(0);
            Ok(mailbox::append(tx, account, mailbox, &prepared, staged.id(), flags, tx.now())?.uid)
        };
        self.change(work).await.unwrap()
    }

    async fn left(&self, account: i64, folder: &'static str) -> u32 {
        let work = move |tx: &mut Tx<'_>| {
            Ok(mailboxes::find(tx, account, &Name::parse(folder)?)?.map_or(0, |mailbox| mailbox.total))
        };
        self.change(work).await.unwrap()
    }

    async fn set(&self, rule: &Rule) -> Result<i64, RetentionError> {
        let (organisation, rule) = (self.organisation, rule.clone());
        self.change(move |tx| retention::set(tx, organisation, &rule)).await
    }

    async fn carry_out(&self) -> Vec<Step> {
        let (organisation, mut steps) = (self.organisation, Vec::new());
        while let Some(step) = self.change(move |tx| retention::carry_out(tx, organisation)).await.unwrap() {
            steps.push(step);
        }
        steps
    }

    async fn sound(&self) {
        let report = store::check::run(&self.store, true).await.unwrap();
        assert_eq!(report.findings, []);
    }
}

fn of_folder(folder: &str, days: u32) -> Rule {
    Rule { name: folder.to_owned(), folder: Some(folder.to_owned()), days, enabled: true, ..Rule::default() }
}

fn removed(steps: &[Step]) -> u64 {
    steps.iter().map(|step| step.removed).sum()
}

async fn a_rule_without_a_condition_is_refused(store: TestStore) {
    let office = Office::open(store).await;
    let all = Rule { name: "all".to_owned(), days: 30, enabled: true, ..Rule::default() };
    assert!(matches!(office.set(&all).await, Err(RetentionError::NoCondition)));
    for wrong in [
        Rule { days: 0, ..of_folder("Trash", 1) },
        Rule { name: " ".to_owned(), ..of_folder("Trash", 1) },
        Rule { larger_mib: Some(0), ..of_folder("Trash", 1) },
        Rule { group: Some("nobody@trade.test".to_owned()), ..of_folder("Trash", 1) },
        of_folder("a//b", 1),
    ] {
        assert!(matches!(office.set(&wrong).await, Err(RetentionError::Part { .. })), "{wrong:?}");
    }
    let id = office.set(&of_folder("Trash", 30)).await.unwrap();
    assert_eq!(office.set(&of_folder("Trash", 60)).await.unwrap(), id, "another of the name replaces it");
    let organisation = office.organisation;
    let rules = office.change(move |tx| retention::list(tx, organisation)).await.unwrap();
    assert_eq!((rules.len(), rules[0].rule.days), (1, 60));
    office.change(move |tx| retention::remove(tx, organisation, "Trash")).await.unwrap();
    let gone = office.change(move |tx| retention::remove(tx, organisation, "Trash")).await;
    assert!(matches!(gone, Err(RetentionError::NoRule(_))));
}

async fn a_preview_shows_what_goes_and_removes_nothing(store: TestStore) {
    let office = Office::open(store).await;
    for _ in 0..3 {
        office.put(office.li, "Trash", "ann@far.example").await;
    }
    office.store.clock.advance(DAY * 31);
    office.put(office.li, "Trash", "ann@far.example").await;
    let (organisation, li) = (office.organisation, office.li);
    let preview = office.change(move |tx| retention::preview(tx, organisation, &of_folder("Trash", 30))).await.unwrap();
    assert_eq!((preview.messages, preview.accounts, preview.held, preview.samples.len()), (3, 1, 0, 3));
    assert_eq!(preview.samples[0].account, li);
    assert!(preview.bytes > 100);
    assert_eq!(office.left(li, "Trash").await, 4);
    // A rule that is off is tried alone.
    office.set(&Rule { enabled: false, ..of_folder("Trash", 30) }).await.unwrap();
    assert_eq!(office.carry_out().await, []);
}

async fn a_rule_removes_what_is_old_enough_and_no_more(store: TestStore) {
    let office = Office::open(store).await;
    let (li, organisation) = (office.li, office.organisation);
    let starred = office.put(li, "Junk", "ann@far.example").await;
    office.put(li, "Junk", "ann@far.example").await;
    office.put(li, "Junk", "bo@near.example").await;
    office.put(li, "Junk/Old", "ann@sub.far.example").await;
    office.put(li, "INBOX", "ann@far.example").await;
    let star = move |tx: &mut Tx<'_>| {
        let junk = mailboxes::find(tx, li, &Name::parse("Junk")?)?.expect("there is one").id;
        let change = FlagChange::Add(Flags::system(Flags::FLAGGED));
        mailbox::store_flags(tx, li, junk, &[UidRange::one(starred)], change, None)?;
        Ok(())
    };
    office.change(star).await.unwrap();
    office.set(&Rule { from: Some("far.example".to_owned()), ..of_folder("Junk", 30) }).await.unwrap();
    office.store.clock.advance(DAY * 29);
    assert_eq!(removed(&office.carry_out().await), 0);
    office.store.clock.advance(DAY);
    assert_eq!(removed(&office.carry_out().await), 2);
    assert_eq!(
        (office.left(li, "Junk").await, office.left(li, "Junk/Old").await, office.left(li, "INBOX").await),
        (2, 0, 1)
    );
    let wanted = mailbox::removed::Wanted::default();
    let back = office.change(move |tx| Ok(mailbox::removed::list(tx, li, &wanted)?)).await.unwrap();
    assert_eq!(back.len(), 2, "it can be brought back");
    let since = env::Timestamp::from_seconds(0);
    let events = office.change(move |tx| Ok(rights::list_events(tx, organisation, since)?)).await.unwrap();
    let runs: Vec<_> = events.iter().filter(|event| event.action == "retention-run").collect();
    assert_eq!(runs.len(), 1, "a record for each account and step");
    assert!(runs[0].object.contains("\"removed\":2"), "{}", runs[0].object);
    assert_eq!(office.carry_out().await, [], "it rests after it has been through");
    office.sound().await;
}

async fn a_legal_hold_wins_over_rules(store: TestStore) {
    let office = Office::open(store).await;
    let (organisation, li, wang) = (office.organisation, office.li, office.wang);
    for from in ["ann@far.example", "bo@near.example"] {
        office.put(li, "Trash", from).await;
        office.put(wang, "Trash", from).await;
    }
    let begin = move |tx: &mut Tx<'_>| {
        holds::begin(tx, organisation, &[li], &HoldDetail::default())?;
        let some = HoldDetail { with: Some("far.example".to_owned()), ..HoldDetail::default() };
        Ok(holds::begin(tx, organisation, &[], &some)?)
    };
    office.change(begin).await.unwrap();
    office.set(&of_folder("Trash", 1)).await.unwrap();
    office.store.clock.advance(DAY * 2);
    let preview = office.change(move |tx| retention::preview(tx, organisation, &of_folder("Trash", 1))).await.unwrap();
    assert_eq!((preview.messages, preview.held), (1, 3));
    let steps = office.carry_out().await;
    assert_eq!((removed(&steps), steps[0].held), (1, 3));
    assert_eq!((office.left(li, "Trash").await, office.left(wang, "Trash").await), (2, 1));
}

async fn a_clock_set_back_stops_rules(store: TestStore) {
    let office = Office::open(store).await;
    office.put(office.li, "Trash", "ann@far.example").await;
    office.set(&of_folder("Trash", 10)).await.unwrap();
    office.store.clock.advance(DAY * 5);
    assert_eq!(removed(&office.carry_out().await), 0);
    let right = office.store.context().clock.now();
    office.store.clock.set(env::Timestamp::from_seconds(right.seconds() - 3 * 86_400));
    assert_eq!(office.carry_out().await, [], "the clock stands before the last run");
    office.store.clock.set(right);
    office.store.clock.advance(DAY * 6);
    assert_eq!(removed(&office.carry_out().await), 1);
}

async fn a_step_is_bounded_and_goes_on(store: TestStore) {
    let office = Office::open(store).await;
    let (li, organisation) = (office.li, office.organisation);
    office.put(li, "Trash", "ann@far.example").await;
    let multiply = move |tx: &mut Tx<'_>| {
        let trash = mailboxes::find(tx, li, &Name::parse("Trash")?)?.expect("there is one").id;
        for _ in 0..11 {
            mailbox::copy(tx, li, trash, &[UidRange::ALL], trash)?;
        }
        Ok(())
    };
    office.change(multiply).await.unwrap();
    assert_eq!(office.left(li, "Trash").await, 2_048);
    office.set(&of_folder("Trash", 1)).await.unwrap();
    office.store.clock.advance(DAY * 2);
    let steps = office.carry_out().await;
    assert!(steps.iter().all(|step| step.removed <= retention::REMOVED_MAX as u64), "{steps:?}");
    assert_eq!((removed(&steps), office.left(li, "Trash").await), (2_048, 0));
    let rules = office.change(move |tx| retention::list(tx, organisation)).await.unwrap();
    assert!(rules[0].last_run.is_some());
    office.sound().await;
}

async fn a_rule_speaks_of_a_group(store: TestStore) {
    let office = Office::open(store).await;
    let (organisation, li, wang) = (office.organisation, office.li, office.wang);
    let group = move |tx: &mut Tx<'_>| {
        let new = identity::groups::NewGroup {
            organisation,
            name: "Sales",
            address: Some("sales@trade.test"),
            senders: identity::Senders::Organisation,
        };
        let group = identity::groups::create_group(tx, &new)?;
        let member = identity::groups::find_member(tx, organisation, "li@trade.test")?;
        identity::groups::add_member(tx, group, &member)?;
        Ok(())
    };
    office.change(group).await.unwrap();
    office.put(li, "INBOX", "ann@far.example").await;
    office.put(wang, "INBOX", "ann@far.example").await;
    office
        .set(&Rule { group: Some("sales@trade.test".to_owned()), folder: None, ..of_folder("Sales", 7) })
        .await
        .unwrap();
    office.store.clock.advance(DAY * 8);
    assert_eq!(removed(&office.carry_out().await), 1);
    assert_eq!((office.left(li, "INBOX").await, office.left(wang, "INBOX").await), (0, 1));
}
