//! What protects mail.

use identity::Level;
use mail::protection::{Demand, Means};
use serde_json::json;
use store::testing::TestStore;

use super::fixture::Desk;

async fn rules_are_told_of_recipients(store: TestStore) {
    let desk = Desk::open(store).await;
    let organisation = desk.asker.principal.organisation;
    let set = move |tx: &mut store::Tx<'_>| {
        let portal = Demand::new(&[Means::Portal]).unwrap();
        queue::demands::set(tx, organisation, "Strict.example", &portal)?;
        queue::demands::set(tx, organisation, "bo@strict.example", &Demand::new(&[Means::VerifiedTls]).unwrap())
    };
    desk.store.write(set).await.unwrap();
    let ids = ["a@below.strict.example", "bo@strict.example", "x@free.example", "nobody"];
    let told = desk.call("RecipientProtection/get", json!({ "ids": ids })).await;
    assert_eq!(told["notFound"], json!(["nobody"]));
    let of = |id: &str| told["list"].as_array().unwrap().iter().find(|it| it["id"] == id).unwrap().clone();
    let kept = of("a@below.strict.example");
    assert_eq!((&kept["protection"], &kept["hindrance"]), (&json!("kept-back"), &json!("not-protected")));
    assert_eq!((&kept["demands"], &kept["offers"]), (&json!([["portal"]]), &json!(["portal"])));
    // The rule of the address goes before that of the domain.
    assert_eq!(of("bo@strict.example")["demands"], json!([["verified-tls"]]));
    assert_eq!(of("x@free.example")["demands"], json!([]));
    // Between colleagues end to end is the usual way where the company's level asks for it.
    for (level, is_default) in [(Level::Enhanced, false), (Level::Trade, true)] {
        desk.store.write(move |tx| identity::set_level(tx, organisation, level)).await.unwrap();
        let told = desk.call("RecipientProtection/get", json!({ "ids": ["keyed@trade.test", "x@free.example"] })).await;
        for one in told["list"].as_array().unwrap() {
            assert_eq!(one["isEndToEndByDefault"], json!(is_default && one["id"] == "keyed@trade.test"), "{one}");
        }
    }
    let asked = json!({ "accountId": crate::ids::show(desk.account), "ids": [], "intent": "secret" });
    let wrong = desk.ask(&desk.asker, &[("RecipientProtection/get", asked)]).await;
    assert_eq!((wrong[0].0.as_str(), wrong[0].1["type"].as_str()), ("error", Some("invalidArguments")));
    // What came by no connection has nothing to tell of.
    let email = desk.append(desk.inbox, "From: a@partner.example\nX-Tradewind-Smime: signed; by=\"x\"\n\nx\n", 0).await;
    let told = desk.call("MessageProtection/get", json!({ "ids": [&email, "k0"] })).await;
    assert_eq!((&told["list"][0]["signatures"], &told["list"][0]["encryption"]), (&json!([]), &json!(null)));
    assert_eq!(told["notFound"], json!(["k0"]));
}

store::on_both_engines! {
    rules_are_told_of_recipients,
}
