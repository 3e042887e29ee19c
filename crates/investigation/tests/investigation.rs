//! Investigations: who is looked into, what is found and read, what is held meanwhile; on both engines.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

use std::time::Duration;

use identity::{AccountKind, Language, Level, NewAccount, Role};
use investigation::{InvestigationError, Mark, NewInvestigation, Terms, Wanted};
use mailbox::search::Budget;
use mailbox::{FlagChange, Flags, Name, Prepared, UidRange, mailboxes, removed};
use store::testing::TestStore;
use store::{Tx, holds};

store::on_both_engines! {
    what_cannot_be_is_refused,
    mail_is_found_in_every_folder_and_among_what_was_removed,
    what_is_encrypted_is_counted,
    nothing_goes_while_it_is_open,
    only_what_was_found_is_read_and_only_while_it_is_open,
    marks_and_pages,
    another_organisation_sees_nothing,
}

struct Office {
    store: TestStore,
    organisation: i64,
    other: i64,
    li: i64,
    wang: i64,
}

impl Office {
    async fn open(store: TestStore) -> Self {
        let make = |tx: &mut Tx<'_>| {
            let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
            identity::create_domain(tx, organisation, "trade.test")?;
            let other = identity::create_organisation(tx, "Other", Level::Basic)?;
            identity::create_domain(tx, other, "other.test")?;
            let mut person = |organisation: i64, address: &str| {
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
                Ok::<_, InvestigationError>(account)
            };
            let (li, wang) = (person(organisation, "li@trade.test")?, person(organisation, "wang@trade.test")?);
            person(other, "out@other.test")?;
            Ok::<_, InvestigationError>((organisation, other, li, wang))
        };
        let (organisation, other, li, wang) = store.write(make).await.unwrap();
        Self { store, organisation, other, li, wang }
    }

    async fn change<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&mut Tx<'_>, i64) -> Result<T, InvestigationError> + Send + 'static,
    ) -> Result<T, InvestigationError> {
        let organisation = self.organisation;
        self.store.write(move |tx| work(tx, organisation)).await
    }

    async fn begin(&self, custodians: &[&str]) -> Result<i64, InvestigationError> {
        let new = NewInvestigation {
            name: "Valves".to_owned(),
            reason: "payment to an unknown account".to_owned(),
            by: "security@trade.test".to_owned(),
            custodians: custodians.iter().map(|it| (*it).to_owned()).collect(),
            legal_claims: false,
        };
        self.change(move |tx, organisation| investigation::open(tx, organisation, &new)).await
    }

    async fn put(&self, account: i64, folder: &str, fields: &str, body: &str) -> (i64, u32) {
        let raw = format!("From: Chen <chen@partner.test>\r\nTo: li@trade.test\r\n{fields}\r\n\r\n{body}\r\n");
        let mut prepared = Prepared::new(raw.as_bytes(), self.store.context());
        let staged = self.store.stage(prepared.take_record()).await.unwrap();
        let name = Name::parse(folder).unwrap();
        let work = move |tx: &mut Tx<'_>| {
            staged.attach(tx, 1)?;
            let mailbox = mailboxes::find(tx, account, &name)?.unwrap().id;
            mailbox::append(tx, account, mailbox, &prepared, staged.id(), Flags::system(0), tx.now())
        };
        let appended = self.store.write(work).await.unwrap();
        (appended.message, appended.uid)
    }

    async fn remove(&self, account: i64, folder: &str, uid: u32) {
        let name = Name::parse(folder).unwrap();
        let work = move |tx: &mut Tx<'_>| {
            let mailbox = mailboxes::find(tx, account, &name)?.unwrap().id;
            let uids = [UidRange::one(uid)];
            mailbox::store_flags(tx, account, mailbox, &uids, FlagChange::Add(Flags::system(Flags::DELETED)), None)?;
            mailbox::expunge(tx, account, mailbox, None)
        };
        self.store.write(work).await.unwrap();
    }

    /// Searches the mail of all custodians, as a caller does; gives what was found and how much was encrypted.
    async fn search(&self, id: i64, terms: &Terms) -> (Vec<(i64, i64)>, u64) {
        let (terms, organisation) = (terms.clone(), self.organisation);
        let begun = terms.clone();
        let number = self
            .change(move |tx, organisation| investigation::begin_search(tx, organisation, id, &begun, "security"))
            .await
            .unwrap();
        let load = move |tx: &mut Tx<'_>| investigation::load(tx, organisation, id);
        let (mut all, mut closed) = (Vec::new(), 0);
        for account in self.store.read(load).await.unwrap().custodians {
            let (handle, terms) = (self.store.handle(), terms.clone());
            let look =
                move |tx: &mut Tx<'_>| investigation::find(tx, handle.blobs(), account, &terms, &Budget::default());
            let (found, closed_here) = self.store.read(look).await.unwrap();
            closed += closed_here;
            all.extend(found.iter().map(|message| (account, *message)));
            self.change(move |tx, _| investigation::note_found(tx, id, number, account, &found)).await.unwrap();
        }
        (all, closed)
    }

    async fn items(&self, id: i64, wanted: Wanted) -> Vec<investigation::Item> {
        self.change(move |tx, organisation| investigation::items(tx, organisation, id, &wanted)).await.unwrap()
    }
}

fn words(words: &str) -> Terms {
    Terms { words: vec![words.to_owned()], ..Terms::default() }
}

async fn what_cannot_be_is_refused(store: TestStore) {
    let office = Office::open(store).await;
    assert!(matches!(office.begin(&[]).await, Err(InvestigationError::Custodians)));
    assert!(matches!(office.begin(&["out@other.test"]).await, Err(InvestigationError::Elsewhere(_))));
    assert!(matches!(office.begin(&["no@trade.test"]).await, Err(InvestigationError::Identity(_))));
    let id = office.begin(&["li@trade.test"]).await.unwrap();
    let wrong = [
        Terms::default(),
        words("  "),
        words(&"x".repeat(201)),
        Terms { since: Some(2), before: Some(2), ..Terms::default() },
        Terms { words: vec!["x".to_owned(); 21], ..Terms::default() },
    ];
    for terms in wrong {
        let told = terms.clone();
        let begun =
            office.change(move |tx, organisation| investigation::begin_search(tx, organisation, id, &terms, "")).await;
        assert!(begun.is_err(), "{told:?}");
    }
    let none = office.change(|tx, organisation| investigation::load(tx, organisation, 7)).await;
    assert!(matches!(none, Err(InvestigationError::NoInvestigation(7))));
}

async fn mail_is_found_in_every_folder_and_among_what_was_removed(store: TestStore) {
    let office = Office::open(store).await;
    let id = office.begin(&["li@trade.test", "wang@trade.test"]).await.unwrap();
    let (first, _) = office.put(office.li, "INBOX", "Subject: =?utf-8?B?6ZiA6Zeo?=", "the price of valves").await;
    office.put(office.li, "INBOX", "Subject: lunch", "noodles").await;
    let (gone, uid) = office.put(office.li, "INBOX", "Subject: old", "valves of last year").await;
    let (sent, _) = office.put(office.wang, "Sent", "Subject: re", "no valves any more").await;
    office.remove(office.li, "INBOX", uid).await;
    let (found, _) = office.search(id, &words("VALVES")).await;
    assert_eq!(found, [(office.li, first), (office.li, gone), (office.wang, sent)]);
    let subject = Terms { subject: Some("阀门".to_owned()), ..Terms::default() };
    assert_eq!(office.search(id, &subject).await.0, [(office.li, first)]);
    let with = Terms { with: Some("chen@partner".to_owned()), words: vec!["noodles".to_owned()], ..Terms::default() };
    assert_eq!(office.search(id, &with).await.0.len(), 1);
    let items = office.items(id, Wanted::default()).await;
    assert_eq!(items.len(), 4);
    let item = |message: i64| items.iter().find(|item| item.message == message).unwrap();
    assert_eq!(
        (item(first).subject.as_str(), item(first).search, &item(first).folders[..]),
        ("阀门", 1, &["INBOX".to_owned()][..])
    );
    assert!(item(gone).removed.is_some() && item(gone).folders.is_empty());
    assert_eq!(item(sent).from, "chen@partner.test");
}

async fn what_is_encrypted_is_counted(store: TestStore) {
    let office = Office::open(store).await;
    let id = office.begin(&["li@trade.test"]).await.unwrap();
    let kind = "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b";
    office.put(office.li, "INBOX", kind, "--b\r\n\r\nVersion: 1\r\n--b--").await;
    office.put(office.li, "INBOX", "Content-Type: application/pkcs7-mime; smime-type=enveloped-data", "MII").await;
    office.put(office.li, "INBOX", "Subject: in clear", "valves").await;
    let (found, closed) = office.search(id, &words("valves")).await;
    assert_eq!((found.len(), closed), (1, 2));
    let other = Terms { from: Some("nobody@else.test".to_owned()), ..words("valves") };
    assert_eq!(office.search(id, &other).await, (Vec::new(), 0));
    // A search for people and time alone finds encrypted mail as well.
    let all = Terms { with: Some("chen".to_owned()), ..Terms::default() };
    let (found, closed) = office.search(id, &all).await;
    assert_eq!((found.len(), closed), (3, 0));
}

async fn nothing_goes_while_it_is_open(store: TestStore) {
    let office = Office::open(store).await;
    let id = office.begin(&["li@trade.test"]).await.unwrap();
    let (message, uid) = office.put(office.li, "INBOX", "Subject: x", "valves").await;
    office.remove(office.li, "INBOX", uid).await;
    office.store.clock.advance(Duration::from_secs(86_400 * 400));
    office.store.write(|tx| removed::purge(tx, 100)).await.unwrap();
    assert_eq!(office.search(id, &words("valves")).await.0, [(office.li, message)]);
    let li = office.li;
    assert!(
        office.store.write(move |tx| identity::delete_account(tx, li)).await.is_err(),
        "an account under hold stays"
    );
    // Who is added comes under the same hold.
    let wang = office.wang;
    let add = |tx: &mut Tx<'_>, organisation: i64, id: i64| {
        investigation::add_custodians(tx, organisation, id, &["wang@trade.test".to_owned(), "li@trade.test".to_owned()])
    };
    office.change(move |tx, organisation| add(tx, organisation, id)).await.unwrap();
    assert!(office.store.read(move |tx| holds::is_held(tx, wang)).await.unwrap());
    let close = move |tx: &mut Tx<'_>, organisation: i64| {
        investigation::close(tx, organisation, id, "security", "nothing in it", true)
    };
    assert_eq!(office.change(close).await.unwrap().custodians, [office.li, office.wang]);
    assert!(!office.store.read(move |tx| holds::is_held(tx, wang)).await.unwrap());
    assert!(matches!(office.change(close).await, Err(InvestigationError::Closed(_))));
}

async fn only_what_was_found_is_read_and_only_while_it_is_open(store: TestStore) {
    let office = Office::open(store).await;
    let id = office.begin(&["li@trade.test"]).await.unwrap();
    let (found, _) = office.put(office.li, "INBOX", "Subject: x", "the price of valves").await;
    let (private, _) = office.put(office.li, "INBOX", "Subject: y", "about my health").await;
    office.search(id, &words("valves")).await;
    let (li, handle) = (office.li, office.store.handle());
    let read = move |tx: &mut Tx<'_>, organisation: i64, message: i64| {
        let source = investigation::source(tx, organisation, id, (li, message))?;
        Ok::<_, InvestigationError>(source.reader(handle.blobs()).read_all()?)
    };
    let again = read.clone();
    let octets = office.change(move |tx, organisation| again(tx, organisation, found)).await.unwrap();
    assert!(String::from_utf8(octets).unwrap().contains("price of valves"));
    let again = read.clone();
    let other = office.change(move |tx, organisation| again(tx, organisation, private)).await;
    assert!(matches!(other, Err(InvestigationError::NotFound(message)) if message == private));
    let until = office.store.context().clock.now().plus(Duration::from_secs(60));
    office.change(move |tx, organisation| investigation::permit_fetch(tx, organisation, id, 9, until)).await.unwrap();
    let load = move |tx: &mut Tx<'_>, organisation: i64| investigation::load(tx, organisation, id);
    let loaded = office.change(load).await.unwrap();
    assert!(loaded.may_fetch(9, until) && !loaded.may_fetch(8, until));
    assert!(!loaded.may_fetch(9, until.plus(Duration::from_secs(1))));
    office
        .change(move |tx, organisation| investigation::close(tx, organisation, id, "security", "done", false))
        .await
        .unwrap();
    let closed = office.change(move |tx, organisation| read(tx, organisation, found)).await;
    assert!(matches!(closed, Err(InvestigationError::Closed(_))));
    assert!(!office.change(load).await.unwrap().may_fetch(9, until));
    assert!(office.store.read(move |tx| holds::is_held(tx, li)).await.unwrap(), "the hold may go on");
}

async fn marks_and_pages(store: TestStore) {
    let office = Office::open(store).await;
    let id = office.begin(&["li@trade.test"]).await.unwrap();
    let mut messages = Vec::new();
    for number in 0..5 {
        messages.push(office.put(office.li, "INBOX", &format!("Subject: {number}"), "valves").await.0);
    }
    office.search(id, &words("valves")).await;
    let (li, second) = (office.li, messages[1]);
    let say = move |tx: &mut Tx<'_>, organisation: i64| {
        investigation::mark(tx, organisation, id, (li, second), Mark::Privileged, "to counsel", "security")
    };
    office.change(say).await.unwrap();
    let marked = office.items(id, Wanted { mark: Some(Mark::Privileged), ..Wanted::default() }).await;
    assert_eq!(marked.len(), 1);
    assert_eq!(
        (marked[0].message, marked[0].note.as_str(), marked[0].marked_by.as_str()),
        (second, "to counsel", "security")
    );
    // A search again finds the same and leaves what was said.
    office.search(id, &words("valves")).await;
    let unseen = office.items(id, Wanted { mark: Some(Mark::Unseen), ..Wanted::default() }).await;
    assert_eq!(unseen.len(), 4);
    let behind = office.items(id, Wanted { after: Some((li, messages[3])), ..Wanted::default() }).await;
    assert_eq!(behind.iter().map(|item| item.message).collect::<Vec<_>>(), [messages[4]]);
    assert!(office.items(id, Wanted { search: Some(2), ..Wanted::default() }).await.is_empty());
    let stray = move |tx: &mut Tx<'_>, organisation: i64| {
        investigation::mark(tx, organisation, id, (li, 1), Mark::Relevant, "", "security")
    };
    assert!(matches!(office.change(stray).await, Err(InvestigationError::NotFound(1))));
}

async fn another_organisation_sees_nothing(store: TestStore) {
    let office = Office::open(store).await;
    let id = office.begin(&["li@trade.test"]).await.unwrap();
    let other = office.other;
    assert!(office.store.read(move |tx| investigation::list(tx, other)).await.unwrap().is_empty());
    let found = office.store.read(move |tx| investigation::load(tx, other, id)).await;
    assert!(matches!(found, Err(InvestigationError::NoInvestigation(_))));
    let items = office.store.read(move |tx| investigation::items(tx, other, id, &Wanted::default())).await;
    assert!(matches!(items, Err(InvestigationError::NoInvestigation(_))));
}
