//! Rules of the journal of mail, and what they have kept.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::time::Duration;

use identity::{AccountKind, IdentityError, Language, Level, NewAccount, Role};
use mailbox::Prepared;
use mailbox::journaled;
use retention::RetentionError;
use retention::journal::{self, JournalRule, JournalRules, Journaling, Passing, next_report, report, sent};
use store::Tx;
use store::testing::TestStore;

store::on_both_engines! {
    a_rule_keeps_what_it_covers_and_nothing_else,
    several_rules_keep_a_message_once_and_for_the_longest,
    a_rule_that_ended_keeps_nothing_new,
    what_cannot_be_is_refused,
    a_report_waits_until_it_is_sent,
}

struct Office {
    store: TestStore,
    rules: JournalRules,
    organisation: i64,
    li: i64,
    wang: i64,
}

fn rule(name: &str) -> JournalRule {
    JournalRule { name: name.to_owned(), days: 30, reason: "law of trade".to_owned(), ..JournalRule::default() }
}

impl Office {
    async fn open(store: TestStore) -> Self {
        let make = |tx: &mut Tx<'_>| {
            let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
            identity::create_domain(tx, organisation, "trade.test")?;
            let mut accounts = [0; 2];
            for (account, name) in accounts.iter_mut().zip(["li", "wang"]) {
                let new = NewAccount {
                    organisation,
                    address: &format!("{name}@trade.test"),
                    name,
                    role: Role::Sales,
                    language: Language::English,
                    kind: AccountKind::Person,
                    quota_bytes: 0,
                    password: None,
                };
                *account = identity::create_account(tx, &new)?;
            }
            Ok::<_, IdentityError>((organisation, accounts))
        };
        let (organisation, [li, wang]) = store.write(make).await.unwrap();
        let rules = JournalRules::new(store.handle());
        Self { store, rules, organisation, li, wang }
    }

    async fn set(&self, rule: JournalRule) -> Result<i64, RetentionError> {
        let organisation = self.organisation;
        let id = self.store.write(move |tx| journal::set(tx, organisation, &rule)).await;
        // A node goes by what it has read for some seconds.
        self.store.clock.advance(Duration::from_secs(6));
        id
    }

    /// Takes a message as receiving does; gives the entries: custodians, days, envelope.
    async fn take(&self, passing: Passing) -> Vec<(Vec<i64>, u64, serde_json::Value)> {
        let Some(journaling) = self.journaling(passing).await else { return Vec::new() };
        let raw = b"From: chen@partner.test\r\nSubject: Valves\r\n\r\nTen pieces\r\n";
        let mut prepared = Prepared::new(raw, self.store.context());
        let staged = self.store.stage(prepared.take_record()).await.unwrap();
        let organisation = self.organisation;
        let before = self.entries().await;
        let work = move |tx: &mut Tx<'_>| {
            let planned = journaling.plan(tx)?;
            if !planned.is_empty() {
                staged.attach(tx, i64::try_from(planned.len()).unwrap())?;
            }
            for one in &planned {
                journaling.keep(tx, one, (&prepared, staged.id()), b"", tx.now())?;
            }
            Ok::<_, RetentionError>(())
        };
        self.store.write(work).await.unwrap();
        let mut found = Vec::new();
        for entry in self.entries().await.into_iter().filter(|entry| !before.contains(entry)) {
            let read = move |tx: &mut Tx<'_>| {
                let custodians = journaled::custodians(tx, entry)?;
                Ok::<_, mailbox::MailboxError>((custodians, journaled::load(tx, organisation, None, entry)?.unwrap()))
            };
            let (custodians, entry) = self.store.read(read).await.unwrap();
            let days = entry.until.since(entry.received).as_secs() / 86_400;
            found.push((custodians, days, serde_json::from_slice(&entry.envelope).unwrap()));
        }
        found
    }

    async fn journaling(&self, passing: Passing) -> Option<Journaling> {
        let rules = self.rules.of_all([self.organisation]).await.unwrap();
        (!rules.is_empty()).then(|| Journaling::of(passing, rules))
    }

    async fn entries(&self) -> Vec<i64> {
        let all = |tx: &mut Tx<'_>| tx.rows("SELECT id FROM mail_journal ORDER BY id", &[], |row| row.int(0));
        self.store.read(all).await.unwrap()
    }

    fn comes_in(&self) -> Passing {
        Passing {
            number: 0x4f,
            from: "Chen@Partner.test".to_owned(),
            to: vec!["li@trade.test".to_owned()],
            here: vec![(self.li, self.organisation)],
            ..Passing::default()
        }
    }

    fn goes_out(&self) -> Passing {
        Passing {
            from: "li@trade.test".to_owned(),
            to: vec!["chen@partner.test".to_owned(), "secret@far.test".to_owned()],
            submitter: Some((self.li, self.organisation)),
            leaves: true,
            ..Passing::default()
        }
    }

    fn passes_within(&self) -> Passing {
        Passing {
            from: "li@trade.test".to_owned(),
            to: vec!["wang@trade.test".to_owned()],
            submitter: Some((self.li, self.organisation)),
            here: vec![(self.wang, self.organisation)],
            ..Passing::default()
        }
    }

    /// Which of in, out and within are kept.
    async fn kept(&self) -> [bool; 3] {
        let (comes, goes, passes) = (self.comes_in(), self.goes_out(), self.passes_within());
        [!self.take(comes).await.is_empty(), !self.take(goes).await.is_empty(), !self.take(passes).await.is_empty()]
    }
}

async fn a_rule_keeps_what_it_covers_and_nothing_else(store: TestStore) {
    let office = Office::open(store).await;
    assert_eq!(office.kept().await, [false; 3], "nobody has said that mail is kept");
    let group = |tx: &mut Tx<'_>, organisation: i64, member: i64| {
        let new = identity::groups::NewGroup {
            organisation,
            name: "finance",
            address: Some("finance@trade.test"),
            senders: identity::Senders::Anyone,
        };
        let group = identity::groups::create_group(tx, &new)?;
        identity::groups::add_member(tx, group, &identity::groups::Member::Account(member))?;
        Ok::<_, IdentityError>(())
    };
    let (organisation, wang) = (office.organisation, office.wang);
    office.store.write(move |tx| group(tx, organisation, wang)).await.unwrap();
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (rule("one"), [true; 3]),
        (JournalRule { direction: text("in"), ..rule("one") }, [true, false, false]),
        (JournalRule { direction: text("out"), ..rule("one") }, [false, true, false]),
        (JournalRule { direction: text("within"), ..rule("one") }, [false, false, true]),
        (JournalRule { account: text("li@trade.test"), ..rule("one") }, [true; 3]),
        (JournalRule { account: text("wang@trade.test"), ..rule("one") }, [false, false, true]),
        (JournalRule { group: text("finance@trade.test"), ..rule("one") }, [false, false, true]),
        (JournalRule { with: text("PARTNER.test"), ..rule("one") }, [true, true, false]),
        (JournalRule { with: text("secret@far.test"), ..rule("one") }, [false, true, false]),
        (JournalRule { with: text("far.test"), direction: text("in"), ..rule("one") }, [false; 3]),
    ];
    for (rule, expected) in cases {
        office.set(rule.clone()).await.unwrap();
        assert_eq!(office.kept().await, expected, "{rule:?}");
    }
    // Members of a group that is written to take part.
    office.set(JournalRule { account: text("wang@trade.test"), ..rule("one") }).await.unwrap();
    let find = |tx: &mut Tx<'_>| identity::groups::find_group(tx, "finance@trade.test");
    let group = office.store.read(find).await.unwrap().unwrap();
    let to_group = Passing { here: Vec::new(), groups: vec![(group, office.organisation)], ..office.comes_in() };
    assert_eq!(office.take(to_group).await[0].0, [office.wang]);
}

async fn several_rules_keep_a_message_once_and_for_the_longest(store: TestStore) {
    let office = Office::open(store).await;
    office.set(JournalRule { days: 1_826, ..rule("tax") }).await.unwrap();
    office.set(rule("claims")).await.unwrap();
    let kept = office.take(office.goes_out()).await;
    let [(custodians, days, envelope)] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!((custodians.as_slice(), *days), (&[office.li][..], 1_826));
    assert_eq!(envelope["to"], serde_json::json!(["chen@partner.test", "secret@far.test"]), "blind copies, too");
    assert_eq!((&envelope["directions"], &envelope["from"]), (&serde_json::json!(["out"]), &"li@trade.test".into()));
    assert_eq!(envelope["rules"], serde_json::json!(["claims", "tax"]));
    let both = office.take(office.passes_within()).await;
    assert_eq!(both[0].0, [office.li, office.wang]);
}

async fn a_rule_that_ended_keeps_nothing_new(store: TestStore) {
    let office = Office::open(store).await;
    office.set(rule("one")).await.unwrap();
    assert_eq!(office.take(office.comes_in()).await.len(), 1);
    let organisation = office.organisation;
    office.store.write(move |tx| journal::end(tx, organisation, "one", "counsel", "not needed")).await.unwrap();
    office.store.clock.advance(Duration::from_secs(6));
    assert!(office.take(office.comes_in()).await.is_empty());
    assert_eq!(office.entries().await.len(), 1, "what was kept stays");
    let again = office.store.write(move |tx| journal::end(tx, organisation, "one", "counsel", "again")).await;
    assert!(matches!(again, Err(RetentionError::NoJournalRule(_))));
    office.set(rule("one")).await.unwrap();
    let all = office.store.read(move |tx| journal::list(tx, organisation)).await.unwrap();
    assert_eq!(all.iter().map(|kept| kept.ended.is_some()).collect::<Vec<_>>(), [false, true]);
    assert_eq!((all[1].rule.ended_by.as_str(), all[1].rule.ended_reason.as_str()), ("counsel", "not needed"));
}

async fn what_cannot_be_is_refused(store: TestStore) {
    let office = Office::open(store).await;
    let text = |text: &str| Some(text.to_owned());
    let wrong = [
        (JournalRule { days: 0, ..rule("one") }, "days"),
        (JournalRule { reason: " ".to_owned(), ..rule("one") }, "reason"),
        (JournalRule { direction: text("up"), ..rule("one") }, "direction"),
        (JournalRule { account: text("nobody@trade.test"), ..rule("one") }, "account"),
        (JournalRule { group: text("li@trade.test"), ..rule("one") }, "group"),
        (JournalRule { report_to: text("journal"), ..rule("one") }, "report_to"),
        (JournalRule { report_to: text("journal@trade.test"), ..rule("one") }, "report_to"),
    ];
    for (rule, expected) in wrong {
        let Err(RetentionError::Part { part, .. }) = office.set(rule).await else { panic!("{expected} is taken") };
        assert_eq!(part, expected);
    }
}

async fn a_report_waits_until_it_is_sent(store: TestStore) {
    let office = Office::open(store).await;
    let reporting = JournalRule { report_to: Some("journal@archive.test".to_owned()), ..rule("one") };
    office.set(reporting).await.unwrap();
    office.take(office.goes_out()).await;
    let pending = office.store.read(|tx| next_report(tx, (0, 0))).await.unwrap().unwrap();
    assert_eq!(pending.to.as_deref(), Some("journal@archive.test"));
    assert_eq!(pending.from_domain.as_deref(), Some("trade.test"));
    let (handle, source) = (office.store.handle(), pending.source);
    let raw = tokio::task::spawn_blocking(move || source.reader(handle.blobs()).read_all().unwrap()).await.unwrap();
    let now = office.store.context().clock.now();
    let letter = report(&pending.envelope, &raw, ("<p@trade.test>", "journal@archive.test"), "77@mx", now);
    let text = String::from_utf8(letter.clone()).unwrap();
    assert!(text.contains("Recipient: chen@partner.test\r\nRecipient: secret@far.test\r\n"), "{text}");
    let structure = mail::message::Structure::parse(&letter);
    assert!(structure.parts[2].is("message", "rfc822"), "{text}");
    let part = &structure.parts[2];
    assert_eq!(letter.get(part.body_start as usize..part.body_end as usize).unwrap(), raw, "as it was received");
    let (entry, rule) = (pending.entry, pending.rule);
    assert!(office.store.write(move |tx| sent(tx, entry, rule)).await.unwrap());
    assert!(!office.store.write(move |tx| sent(tx, entry, rule)).await.unwrap(), "once");
    assert!(office.store.read(|tx| next_report(tx, (0, 0))).await.unwrap().is_none());
}
