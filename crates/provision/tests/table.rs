//! The directory as a table, written and read back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

use identity::{AccountState, IdentityError, Level, Role};
use provision::table::{self, Outcome};
use provision::{ProvisionError, client};
use store::Tx;
use store::testing::TestStore;

store::on_both_engines! {
    what_is_exported_changes_nothing_when_read_back,
    a_table_makes_and_changes_in_any_order_of_lines,
    every_fault_is_named_with_line_and_column,
    tokens_are_found_until_they_are_revoked,
}

async fn organisation(store: &TestStore) -> i64 {
    let make = |tx: &mut Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        Ok::<_, IdentityError>(organisation)
    };
    store.write(make).await.unwrap()
}

async fn import(store: &TestStore, organisation: i64, text: &str) -> Outcome {
    let text = text.to_owned();
    store.write(move |tx| table::import(tx, organisation, text.as_bytes())).await.unwrap()
}

async fn export(store: &TestStore, organisation: i64) -> String {
    store.read(move |tx| table::export(tx, organisation)).await.unwrap()
}

const PEOPLE: &str = "kind,address,name,role,language,quota_mib,state,aliases,members,owners,senders\r\n\
    group,sales@trade.test,Sales,,,,,,li@trade.test all@trade.test agent@partner.example,wang@trade.test,anyone\r\n\
    group,all@trade.test,Everybody,,,,,,wang@trade.test,,members\r\n\
    person,li@trade.test,李娜,sales,zh,512,active,li.na@trade.test lina@trade.test,,,\r\n\
    person,wang@trade.test,\"Wang, Jun\",finance,en,0,active,-none-,,,\r\n\
    shared,office@trade.test,=Office,sales,en,0,active,,,,\r\n";

async fn what_is_exported_changes_nothing_when_read_back(store: TestStore) {
    let organisation = organisation(&store).await;
    let outcome = import(&store, organisation, PEOPLE).await;
    assert_eq!(outcome.faults, []);
    assert_eq!(outcome.changes.iter().filter(|change| change.is_new).count(), 5);
    let exported = export(&store, organisation).await;
    assert!(
        exported.contains("person,li@trade.test,李娜,sales,zh,512,active,li.na@trade.test lina@trade.test,,,\r\n"),
        "{exported}"
    );
    assert!(exported.contains(",'=Office,"), "no spreadsheet takes a name for a formula: {exported}");
    assert!(
        exported.contains("agent@partner.example all@trade.test li@trade.test,wang@trade.test,anyone"),
        "{exported}"
    );
    let again = import(&store, organisation, &format!("\u{feff}{exported}")).await;
    assert_eq!((again.changes.as_slice(), again.faults.as_slice(), again.unchanged), (&[][..], &[][..], 5));
    assert_eq!(export(&store, organisation).await, exported);
    let report = store::check::run(&store, false).await.unwrap();
    assert_eq!(report.findings, []);
}

async fn a_table_makes_and_changes_in_any_order_of_lines(store: TestStore) {
    let organisation = organisation(&store).await;
    import(&store, organisation, PEOPLE).await;
    let outcome = import(
        &store,
        organisation,
        "address,kind,state,name,aliases,members\n\
         sales@trade.test,group,,,,new@trade.test\n\
         li@trade.test,person,disabled,,-none-,\n\
         new@trade.test,person,,New,,\n\
         wang@trade.test,person,,\"Wang, Jun\",,\n",
    )
    .await;
    assert_eq!(outcome.faults, []);
    let told: Vec<_> = outcome.changes.iter().map(|it| (it.line, it.is_new, it.changed.join(" "))).collect();
    assert_eq!(
        told,
        [(2, false, "members".to_owned()), (3, false, "aliases state".to_owned()), (4, true, String::new())]
    );
    assert_eq!(outcome.unchanged, 1);
    let li = store.read(|tx| identity::find_by_address(tx, "li@trade.test")).await.unwrap().unwrap();
    let li = store.read(move |tx| identity::load_account(tx, li)).await.unwrap();
    assert_eq!((li.state, li.addresses.len(), li.role), (AccountState::Disabled, 1, Role::Sales));
}

async fn every_fault_is_named_with_line_and_column(store: TestStore) {
    let organisation = organisation(&store).await;
    import(&store, organisation, PEOPLE).await;
    for (text, line, column, what) in [
        ("kind,adress\n", 1, "adress", "unknown column"),
        ("kind,name\n", 1, "address", "missing"),
        ("kind,address\nperson,li\n", 2, "address", "no mail address"),
        ("kind,address\nperson,x@other.example\n", 2, "", "not hosted"),
        ("kind,address\nboss,x@trade.test\n", 2, "kind", "kind of account"),
        ("kind,address,role\nperson,x@trade.test,boss\n", 2, "role", "no role"),
        ("kind,address,role\nperson,x@trade.test,admin\n", 2, "", "oversees others"),
        ("kind,address,quota_mib\nperson,x@trade.test,many\n", 2, "quota_mib", "invalid digit"),
        ("kind,address,state\nperson,x@trade.test,gone\n", 2, "state", "active or disabled"),
        ("kind,address\nperson,x@trade.test\nperson,X@trade.test\n", 3, "address", "line 2 already"),
        ("kind,address\nshared,li@trade.test\n", 2, "kind", "does not change"),
        ("kind,address,members\ngroup,g@trade.test,nobody@trade.test\n", 2, "members", "does not exist"),
        ("kind,address,members\ngroup,all@trade.test,sales@trade.test\n", 2, "members", "own member"),
        ("kind,address,aliases\nperson,x@trade.test,li@trade.test\n", 2, "", "taken"),
        ("kind,address\nperson,\"x\n", 2, "2", "never ends"),
    ] {
        let outcome = import(&store, organisation, text).await;
        let found = outcome.faults.iter().find(|fault| fault.line == line && fault.column == column);
        assert!(found.is_some_and(|fault| fault.what.contains(what)), "{text}: {:?}", outcome.faults);
    }
    let gbk = b"kind,address,name\nperson,x@trade.test,\xc0\xee\xc4\xc8\n".to_vec();
    let outcome = store.write(move |tx| table::import(tx, organisation, &gbk)).await.unwrap();
    assert!(outcome.faults[0].line == 2 && outcome.faults[0].what.contains("GB18030"), "{:?}", outcome.faults);
}

async fn tokens_are_found_until_they_are_revoked(store: TestStore) {
    let organisation = organisation(&store).await;
    let token = store.write(move |tx| client::add(tx, organisation, "idp", None)).await.unwrap();
    let found = find(&store, token.expose()).await.unwrap();
    assert_eq!((found.organisation, found.name.as_str(), found.used), (organisation, "idp", None));
    assert_eq!(find(&store, "twscim_wrong").await, None);
    store.write(move |tx| client::note_use(tx, &found)).await.unwrap();
    assert!(find(&store, token.expose()).await.unwrap().used.is_some());
    let twice = store.write(move |tx| client::add(tx, organisation, "idp", None)).await;
    assert!(matches!(twice, Err(ProvisionError::Refused(_))));
    let past = store.context().clock.now();
    let ended = store.write(move |tx| client::add(tx, organisation, "old", Some(past))).await.unwrap();
    assert_eq!(find(&store, ended.expose()).await, None, "its time is over");
    store.write(move |tx| client::revoke(tx, organisation, "idp")).await.unwrap();
    assert_eq!(find(&store, token.expose()).await, None);
}

async fn find(store: &TestStore, token: &str) -> Option<client::Client> {
    let token = token.to_owned();
    store.read(move |tx| client::find(tx, &token)).await.unwrap()
}
