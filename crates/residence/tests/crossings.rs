//! What may cross, on both engines: rules that cannot be, what they let through and what not, and the register of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "code of tests")]

use std::time::Duration;

use env::Timestamp;
use identity::{AccountKind, Language, Level, NewAccount, Resolution, Role};
use residence::{
    Class, Crossing, Decision, Kind, NewRule, Place, Region, RegionSettings, ResidenceError, Transfer, cross, decide,
    list_rules, remove_region, set_country_of_account, set_home, set_region, set_rule, transfers,
};
use store::Tx;
use store::testing::TestStore;

const DAY: Duration = Duration::from_secs(86_400);

store::on_both_engines! {
    rules_that_cannot_be_say_why,
    a_rule_lets_through_what_it_says_until_it_ends,
    what_is_decided_is_entered_once,
    a_home_elsewhere_is_no_address_here,
}

fn here() -> RegionSettings {
    RegionSettings { name: "cn".to_owned(), country: "CN".to_owned() }
}

fn good() -> NewRule {
    let text = |text: &str| Some(text.to_owned());
    NewRule {
        name: "to-eu".to_owned(),
        kind: text("delivery"),
        to: text("region:eu"),
        basis: text("pipl-contract"),
        reference: text("2026-17"),
        ends: text("2999-01-31"),
        ..NewRule::default()
    }
}

async fn with<T: Send + 'static>(
    store: &TestStore,
    work: impl Fn(&mut Tx<'_>) -> Result<T, ResidenceError> + Send + 'static,
) -> Result<T, ResidenceError> {
    store.write(work).await
}

/// An organisation with one account, and the region eu.
async fn office(store: &TestStore) -> (i64, i64) {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Trade)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        let new = NewAccount {
            organisation,
            address: "li@trade.test",
            name: "Li",
            role: Role::Sales,
            language: Language::Chinese,
            kind: AccountKind::Person,
            quota_bytes: 0,
            password: None,
        };
        let account = identity::create_account(tx, &new)?;
        let region =
            Region { name: "eu".to_owned(), country: "de".to_owned(), server: Some("mail.eu.example:25".to_owned()) };
        set_region(tx, &here(), &region)?;
        Ok((organisation, account))
    };
    with(store, make).await.unwrap()
}

fn crossing(organisation: i64, class: Class) -> Crossing {
    Crossing {
        organisation,
        kind: Kind::Delivery,
        to: Place {
            region: Some("eu".to_owned()),
            country: "DE".to_owned(),
            domain: Some("branch.example".to_owned()),
        },
        class,
        is_sealed: Some(false),
        account: None,
        what: "mail to anna@branch.example".to_owned(),
        subject: b"1".to_vec(),
    }
}

async fn rules_that_cannot_be_say_why(store: TestStore) {
    let (organisation, _) = office(&store).await;
    let text = |text: &str| Some(text.to_owned());
    for (rule, told) in [
        (NewRule { kind: None, ..good() }, "says no kind"),
        (NewRule { to: None, ..good() }, "says no to"),
        (NewRule { basis: None, ..good() }, "says no legal basis"),
        (NewRule { basis: text(" "), ..good() }, "says no legal basis"),
        (NewRule { basis: text("because"), ..good() }, "consent, scc, pipl-contract"),
        (NewRule { reference: None, ..good() }, "says no reference"),
        (NewRule { ends: None, ..good() }, "says no end"),
        (NewRule { ends: text("2001-01-01"), ..good() }, "is over"),
        (NewRule { ends: text("31.12.2999"), ..good() }, "write it as 2027-12-31"),
        (NewRule { to: text("region:mars"), ..good() }, "there is no region \"mars\""),
        (NewRule { from: text("mars"), ..good() }, "there is no region \"mars\""),
        (NewRule { to: text("region:cn"), ..good() }, "within a region no rule is needed"),
        (NewRule { to: text("country:CN"), ..good() }, "within it no rule is needed"),
        (NewRule { to: text("country:Germany"), ..good() }, "write two letters"),
        (NewRule { to: text("somewhere"), ..good() }, "write region:NAME"),
        (NewRule { kind: text("backup"), to: text("domain:a.example"), ..good() }, "only mail"),
        (NewRule { kind: text("view"), ..good() }, "say secret"),
        (NewRule { kind: text("view"), class: text("secret"), encryption: text("content"), ..good() }, "say tls"),
        (NewRule { name: "To EU".to_owned(), ..good() }, "lowercase letters"),
    ] {
        let asked = rule.clone();
        let refused = with(&store, move |tx| set_rule(tx, &here(), organisation, &asked)).await.unwrap_err();
        assert!(refused.to_string().contains(told), "{rule:?}: {refused}");
    }
    let nowhere = with(&store, move |tx| set_rule(tx, &RegionSettings::default(), organisation, &good())).await;
    assert!(nowhere.unwrap_err().to_string().contains("region.name"));
    assert_eq!(with(&store, move |tx| list_rules(tx, organisation)).await.unwrap(), []);
    let server =
        |server: &str| Region { name: "us".to_owned(), country: "US".to_owned(), server: Some(server.to_owned()) };
    for bad in ["a b", "host:port", ":25"] {
        let region = server(bad);
        assert!(with(&store, move |tx| set_region(tx, &here(), &region)).await.is_err(), "{bad}");
    }
    for fine in ["mail.us.example", "127.0.0.1:2525", "mail.us.example:25"] {
        let region = server(fine);
        with(&store, move |tx| set_region(tx, &here(), &region)).await.unwrap();
    }
}

async fn denied(store: &TestStore, crossing: Crossing) -> String {
    match with(store, move |tx| decide(tx, &here(), &crossing)).await.unwrap() {
        Decision::Denied(denial) => denial.why,
        other => panic!("{other:?}"),
    }
}

async fn a_rule_lets_through_what_it_says_until_it_ends(store: TestStore) {
    let (organisation, _) = office(&store).await;
    let told = denied(&store, crossing(organisation, Class::Internal)).await;
    assert!(told.contains("no rule lets a delivery go from region cn to region eu"), "{told}");
    assert!(told.contains("tradewind region rule set"), "{told}");
    let now = store.handle().context().clock.now();
    let soon = now.plus(DAY * 3).to_string();
    let rule = NewRule { ends: soon.get(..10).map(str::to_owned), ..good() };
    with(&store, move |tx| set_rule(tx, &here(), organisation, &rule)).await.unwrap();
    let decided = |crossing: Crossing| with(&store, move |tx| decide(tx, &here(), &crossing));
    match decided(crossing(organisation, Class::Internal)).await.unwrap() {
        Decision::Allowed(passage) => assert_eq!(passage.basis, "pipl-contract 2026-17"),
        other => panic!("{other:?}"),
    }
    let told = denied(&store, crossing(organisation, Class::Secret)).await;
    assert!(told.contains("rule to-eu") && told.contains("internal") && told.contains("secret"), "{told}");
    // Another kind, another place, another organisation: the rule says nothing of them.
    let other = Crossing { kind: Kind::Backup, ..crossing(organisation, Class::Public) };
    assert!(denied(&store, other).await.contains("no rule"));
    let unknown = Place { region: Some("mars".to_owned()), country: String::new(), domain: None };
    let lost = Crossing { to: unknown, ..crossing(organisation, Class::Public) };
    assert!(denied(&store, lost).await.contains("is not known here"));
    let home = Place { region: Some("cn".to_owned()), country: "CN".to_owned(), domain: None };
    let within = Crossing { to: home, ..crossing(organisation, Class::Secret) };
    assert_eq!(decided(within).await.unwrap(), Decision::Within);

    // A rule for a domain covers what is below it, and one that asks for encrypted content lets no other through.
    let text = |text: &str| Some(text.to_owned());
    let rule = NewRule {
        name: "sealed".to_owned(),
        to: text("domain:example"),
        class: text("secret"),
        encryption: text("content"),
        ..good()
    };
    with(&store, move |tx| set_rule(tx, &here(), organisation, &rule)).await.unwrap();
    let told = denied(&store, crossing(organisation, Class::Secret)).await;
    assert!(told.contains("rule sealed") && told.contains("encrypt it"), "{told}");
    let sealed = Crossing { is_sealed: Some(true), ..crossing(organisation, Class::Secret) };
    assert!(matches!(decided(sealed).await.unwrap(), Decision::Allowed(_)));

    store.clock.advance(DAY * 3);
    let told = denied(&store, crossing(organisation, Class::Internal)).await;
    assert!(told.contains("rule to-eu") && told.contains("ended on") || told.contains("rule sealed"), "{told}");
    let gone = move |tx: &mut Tx<'_>| residence::remove_rule(tx, organisation, "sealed");
    with(&store, gone).await.unwrap();
    let told = denied(&store, crossing(organisation, Class::Internal)).await;
    assert!(told.contains("rule to-eu") && told.contains("ended on"), "{told}");
}

async fn what_is_decided_is_entered_once(store: TestStore) {
    let (organisation, account) = office(&store).await;
    for _ in 0..3 {
        let tried = Crossing { account: Some(account), ..crossing(organisation, Class::Internal) };
        let decided = with(&store, move |tx| cross(tx, &here(), &tried)).await.unwrap();
        assert!(matches!(decided, Decision::Denied(_)));
    }
    with(&store, move |tx| set_rule(tx, &here(), organisation, &good())).await.unwrap();
    for _ in 0..3 {
        let tried = crossing(organisation, Class::Internal);
        let decided = with(&store, move |tx| cross(tx, &here(), &tried)).await.unwrap();
        assert!(matches!(decided, Decision::Allowed(_)));
    }
    let span = (Timestamp::from_millis(0), Timestamp::from_millis(i64::MAX));
    let listed = with(&store, move |tx| transfers(tx, organisation, span, 0)).await.unwrap();
    let entered: Vec<Transfer> = listed.into_iter().map(|(_, transfer)| transfer).collect();
    let told: Vec<(bool, &str, &str)> =
        entered.iter().map(|it| (it.crossed, it.rule.as_str(), it.to.as_str())).collect();
    assert_eq!(told, [(false, "", "region eu"), (true, "to-eu", "region eu")]);
    assert_eq!((entered[0].account, entered[1].basis.as_str()), (Some(account), "pipl-contract 2026-17"));
    let events = store
        .write(move |tx| identity::rights::list_events(tx, organisation, Timestamp::from_millis(0)))
        .await
        .unwrap();
    assert_eq!(events.iter().filter(|event| event.action == "crossing").count(), 2, "{events:?}");

    // Where people work.
    let place = move |tx: &mut Tx<'_>| {
        set_country_of_account(tx, account, Some("us"))?;
        let there = residence::country_of_account(tx, account)?;
        set_country_of_account(tx, account, None)?;
        Ok((there, residence::country_of_account(tx, account)?))
    };
    assert_eq!(with(&store, place).await.unwrap(), (Some("US".to_owned()), None));
}

async fn a_home_elsewhere_is_no_address_here(store: TestStore) {
    let (organisation, _) = office(&store).await;
    let home = |name: &'static str| {
        let store = &store;
        async move { with(store, move |tx| set_home(tx, &here(), organisation, name, "eu")).await }
    };
    let refused = home("li@trade.test").await.unwrap_err().to_string();
    assert!(refused.contains("is an address of an account or group here"), "{refused}");
    assert!(home("trade.test").await.unwrap_err().to_string().contains("is hosted here"));
    assert!(home("nobody").await.is_ok(), "a domain of one label is one");
    home("Anna@trade.test").await.unwrap();
    home("branch.example").await.unwrap();
    let resolve = |address: &'static str| {
        let store = &store;
        async move { store.write(move |tx| identity::resolve(tx, address)).await.unwrap() }
    };
    for (address, is_hosted) in [("anna@trade.test", true), ("anna+x@trade.test", true), ("x@branch.example", false)] {
        match resolve(address).await {
            Resolution::Abroad(abroad) => {
                assert_eq!((abroad.region.as_str(), abroad.is_hosted), ("eu", is_hosted), "{address}");
                assert_eq!(abroad.server.as_deref(), Some("mail.eu.example:25"));
            }
            other => panic!("{address}: {other:?}"),
        }
    }
    assert!(matches!(resolve("li@trade.test").await, Resolution::Local(_)));
    assert_eq!(resolve("wang@trade.test").await, Resolution::UnknownLocal);
    let alias = move |tx: &mut Tx<'_>| {
        let account = identity::find_by_address(tx, "li@trade.test")?.unwrap();
        Ok(identity::add_alias(tx, account, "anna@trade.test").map(drop)?)
    };
    assert!(with(&store, alias).await.unwrap_err().to_string().contains("another region"));
    assert!(matches!(with(&store, |tx| remove_region(tx, "eu")).await, Err(ResidenceError::InUse { count: 3, .. })));
}
