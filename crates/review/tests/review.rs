//! Letters about sign-ins, their links, and reviews, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use std::sync::Arc;
use std::time::Duration;

use identity::rights::{self, AccessSettings, GrantWindow, NewGrant};
use identity::{AccountKind, AccountState, IdentityError, Language, Level, NewAccount, Role};
use letters::Mailer;
use queue::{Lease, LeaseRequest, QueueError};
use review::{Alerts, Contacts, Kind, LINK_LIFE, Link, Period, ReviewError, Reviewer};
use signing::{Signer, SigningSettings};
use store::testing::TestStore;
use store::{Store, Tx};
use watch::{Answer, Attempt, Device, Outcome, Said, Subject, Watch, WatchSettings};

store::on_both_engines! {
    the_person_and_the_administrators_are_told_once,
    a_link_says_one_thing_once_and_cannot_be_forged,
    reviews_are_sent_once_for_each_period_by_whichever_node,
    a_review_in_chinese_can_be_read_as_text,
    the_review_of_access_tells_all_that_opens_an_account,
}

struct Scene {
    store: TestStore,
    watch: Watch,
    li: Subject,
}

impl Scene {
    async fn new(store: TestStore) -> Self {
        let make = |tx: &mut Tx<'_>| {
            let organisation = identity::create_organisation(tx, "信风贸易", Level::Trade)?;
            identity::create_domain(tx, organisation, "trade.test")?;
            let mut add = |address: &str, role| {
                let new = NewAccount {
                    organisation,
                    address,
                    name: "Somebody",
                    role,
                    language: Language::Chinese,
                    kind: AccountKind::Person,
                    quota_bytes: 0,
                    password: None,
                };
                identity::create_account(tx, &new)
            };
            add("admin@trade.test", Role::Admin)?;
            let account = add("li@trade.test", Role::Sales)?;
            Ok::<_, IdentityError>(Subject { account, organisation })
        };
        let li = store.write(make).await.unwrap();
        let settings = WatchSettings { country_database: "none".into(), ..WatchSettings::default() };
        let watch = Watch::new(store.handle(), &settings).unwrap();
        Self { store, watch, li }
    }

    /// A sign-in that people are to be told of; gives its number.
    async fn odd_sign_in(&self) -> i64 {
        let attempt = Attempt {
            at: self.store.context().clock.now(),
            address: "203.0.113.9".parse().unwrap(),
            protocol: "imap".to_owned(),
            method: "password".to_owned(),
            agent: Some("curl/8.5".to_owned()),
            tls: None,
            device: Device::Unknown,
            strong: false,
        };
        let mut judged = self.watch.assess(self.li, "trade", &attempt).await.unwrap();
        judged.assessment.answer = Answer::Refuse;
        let id = self.watch.record(Some(self.li), "li", &attempt, Outcome::Refused, Some(&judged));
        self.watch.flush().await.unwrap();
        id
    }

    fn alerts(&self) -> Alerts {
        Alerts {
            store: self.store.handle(),
            mailer: mailer(&self.store.handle()),
            contacts: Contacts::default(),
            link_base: "https://mail.trade.test/sign-in-event".to_owned(),
        }
    }

    async fn leases(&self) -> Vec<Lease> {
        let request = LeaseRequest {
            lease_for: Duration::from_secs(60),
            leases_max: 10,
            per_destination_max: 10,
            excluded: std::collections::HashSet::new(),
        };
        self.store.write::<_, QueueError, _>(move |tx| queue::lease(tx, &request)).await.unwrap()
    }

    async fn state(&self) -> AccountState {
        let account = self.li.account;
        self.store.read(move |tx| identity::load_account(tx, account)).await.unwrap().state
    }

    async fn answer(&self, link: Link) -> Result<watch::Event, ReviewError> {
        self.store.write(move |tx| review::answer(tx, link)).await
    }
}

fn mailer(store: &Store) -> Mailer {
    let signer = Arc::new(Signer::new(store.clone(), SigningSettings::default()));
    Mailer::new(store.clone(), signer, "mail.trade.test".to_owned())
}

async fn the_person_and_the_administrators_are_told_once(store: TestStore) {
    let scene = Scene::new(store).await;
    scene.odd_sign_in().await;
    scene.odd_sign_in().await;
    assert_eq!(scene.alerts().post().await.unwrap(), 1, "alike ones once in six hours");
    assert_eq!(scene.leases().await.len(), 2, "li and the administrator");
    assert_eq!(scene.alerts().post().await.unwrap(), 0);
    scene.store.clock.advance(Duration::from_secs(7 * 3_600));
    scene.odd_sign_in().await;
    assert_eq!(scene.alerts().post().await.unwrap(), 1);
}

async fn a_link_says_one_thing_once_and_cannot_be_forged(store: TestStore) {
    let scene = Scene::new(store).await;
    let (first, second) = (scene.odd_sign_in().await, scene.odd_sign_in().await);
    let link = Link { event: first, said: Said::NotMine };
    let text = review::make_link(&scene.store, link);
    assert_eq!(review::read_link(&scene.store, &text).unwrap(), link);
    for index in 0..text.len() {
        let mut forged = text.clone().into_bytes();
        forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
        let forged = String::from_utf8(forged).unwrap();
        assert!(matches!(review::read_link(&scene.store, &forged), Err(ReviewError::Forged)), "byte {index}");
    }
    for nonsense in ["", "x", &text[1..], &format!("{text}A")] {
        assert!(review::read_link(&scene.store, nonsense).is_err(), "{nonsense}");
    }
    scene.answer(link).await.unwrap();
    assert_eq!(scene.state().await, AccountState::Frozen);
    assert!(matches!(scene.answer(link).await, Err(ReviewError::Watch(watch::WatchError::Answered(_)))));
    scene.store.clock.advance(LINK_LIFE + Duration::from_secs(1));
    assert!(matches!(scene.answer(Link { event: second, said: Said::Mine }).await, Err(ReviewError::Late)));
}

async fn reviews_are_sent_once_for_each_period_by_whichever_node(store: TestStore) {
    let scene = Scene::new(store).await;
    let reviewer = Reviewer {
        store: scene.store.handle(),
        mailer: mailer(&scene.store.handle()),
        contacts: Contacts(vec!["li@trade.test".to_owned(), "stranger@elsewhere.test".to_owned()]),
    };
    assert_eq!(reviewer.run().await.unwrap(), 0, "nothing is over since the company began");
    scene.store.clock.advance(Duration::from_secs(31 * 86_400));
    let (one, other) = tokio::join!(reviewer.run(), reviewer.run());
    assert_eq!(one.unwrap() + other.unwrap(), 1, "January");
    assert_eq!(scene.leases().await.len(), 1, "to li alone");
    scene.store.clock.advance(Duration::from_secs(60 * 86_400));
    assert_eq!(reviewer.run().await.unwrap(), 2, "March and the first quarter");
    assert_eq!(reviewer.run().await.unwrap(), 0);
}

async fn a_review_in_chinese_can_be_read_as_text(store: TestStore) {
    let scene = Scene::new(store).await;
    scene.odd_sign_in().await;
    let (organisation, period) = (scene.li.organisation, "2027-01".parse::<Period>().unwrap());
    let make = move |tx: &mut Tx<'_>| review::make(tx, organisation, Kind::SignIns, period, Language::Chinese);
    let report = scene.store.read(make).await.unwrap();
    assert!(report.csv().contains("li@trade.test"));
    let pdf = review::write_pdf(&report);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("review.pdf");
    std::fs::write(&file, pdf).unwrap();
    let Ok(read) = std::process::Command::new("pdftotext").arg(&file).arg("-").output() else {
        eprintln!("skipped: pdftotext is not installed");
        return;
    };
    let text = String::from_utf8(read.stdout).unwrap();
    for expected in ["2027-01 登录审查：信风贸易", "异常登录", "li@trade.test", "203.0.113.9", "已拒绝"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

/// Gives li a group, the administrator leave to send on li's behalf, and a grant to read li's mail that was used twice.
fn furnish(tx: &mut Tx<'_>, Subject { account: li, organisation }: Subject) -> Result<(), IdentityError> {
    let admin = identity::find_by_address(tx, "admin@trade.test")?.unwrap();
    let new = identity::groups::NewGroup {
        organisation,
        name: "Buyers",
        address: Some("buyers@trade.test"),
        senders: identity::Senders::Members,
    };
    let group = identity::groups::create_group(tx, &new)?;
    identity::groups::add_member(tx, group, &identity::groups::Member::Account(li))?;
    let now = tx.now();
    let given = identity::Delegation {
        account: li,
        delegate: admin,
        permission: identity::Permission::SendOnBehalf,
        mailbox: None,
        since: now,
        until: Some(now.plus(Duration::from_secs(86_400))),
        granted_by: Some(li),
    };
    identity::delegation::grant(tx, &given)?;
    let second = identity::create_account(
        tx,
        &NewAccount {
            organisation,
            address: "boss@trade.test",
            name: "Boss",
            role: Role::Management,
            language: Language::English,
            kind: AccountKind::Person,
            quota_bytes: 0,
            password: None,
        },
    )?;
    let settings = AccessSettings::default();
    let new = NewGrant {
        owner: li,
        asker: admin,
        reason: "=an invoice, vanished",
        window: GrantWindow::default(),
        lasts: Duration::from_secs(7_200),
        hold: None,
    };
    let id = rights::ask_grant(tx, &new, &settings)?;
    rights::approve_grant(tx, organisation, id, second)?;
    for _ in 0..2 {
        rights::note_reading(tx, admin, li, 1, access::Via::Imap, None)?;
    }
    Ok(())
}

async fn the_review_of_access_tells_all_that_opens_an_account(store: TestStore) {
    let scene = Scene::new(store).await;
    let (li, organisation) = (scene.li, scene.li.organisation);
    scene.store.write(move |tx| furnish(tx, li)).await.unwrap();
    let period = "2027-Q1".parse::<Period>().unwrap();
    let make = async |language| {
        let make = move |tx: &mut Tx<'_>| review::make(tx, organisation, Kind::Access, period, language);
        scene.store.read(make).await.unwrap()
    };
    let csv = make(Language::English).await.csv();
    let kept = include_str!("access_review.csv");
    let now = scene.store.context().clock.now();
    let times = [("{now}", now.to_string()), ("{day}", now.plus(Duration::from_secs(86_400)).to_string())];
    let over = ("{over}", now.plus(Duration::from_secs(7_200)).to_string());
    let kept = times.into_iter().chain([over]).fold(kept.to_owned(), |text, (name, value)| text.replace(name, &value));
    assert_eq!(csv.trim_start_matches('\u{feff}').replace("\r\n", "\n"), kept);
    let report = make(Language::Chinese).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("review.pdf");
    std::fs::write(&file, review::write_pdf(&report)).unwrap();
    let Ok(read) = std::process::Command::new("pdftotext").arg(&file).arg("-").output() else {
        eprintln!("skipped: pdftotext is not installed");
        return;
    };
    let text = String::from_utf8(read.stdout).unwrap();
    for expected in ["第二因素", "委托权限", "生效中的他人邮件查阅授权", "boss@trade.test", "buyers@trade.test"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}
