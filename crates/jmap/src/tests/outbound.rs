//! What rules for outbound mail say of a draft.

use outbound::{Rule, rules};
use serde_json::json;
use store::testing::TestStore;

use super::fixture::Desk;

async fn a_draft_is_told_what_would_become_of_it(store: TestStore) {
    let desk = Desk::open(store).await;
    let organisation = desk.asker.principal.organisation;
    let draft = "From: li@trade.test\nTo: bo@far.example\nCc: wang@trade.test\nSubject: Card\n\nMy card is 4111 1111 1111 1111.\n";
    let email = desk.append(desk.inbox, draft, 0).await;
    let free = desk.call("OutboundCheck/get", json!({ "emailId": email })).await;
    assert_eq!((&free["decision"], &free["rules"]), (&json!("go"), &json!([])));
    let set = move |tx: &mut store::Tx<'_>| {
        let cards = r#"{"name":"cards","when":{"detect":{"what":"payment-card"}},"actions":["justify",{"approve":{"by":{"accounts":["wang@trade.test"]}}}]}"#;
        let watched = r#"{"name":"watched","mode":"audit","when":{"outside":true},"actions":["block"]}"#;
        for rule in [cards, watched] {
            rules::set(tx, organisation, &Rule::read(rule)?)?;
        }
        Ok::<_, outbound::OutboundError>(())
    };
    desk.store.write(set).await.unwrap();
    let told = desk.call("OutboundCheck/get", json!({ "emailId": email })).await;
    assert_eq!((&told["decision"], &told["rules"][0]["name"]), (&json!("justify"), &json!("cards")));
    assert_eq!(told["rules"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(told["approvals"], json!([{ "rule": "cards", "people": ["wang@trade.test"] }]));
    let found = &told["rules"][0]["found"][0];
    assert_eq!((&found["what"], &found["place"]), (&json!("detect payment-card"), &json!("body")));
    assert!(told["refusal"].as_str().unwrap().contains("cards") && !told.to_string().contains("1111 1111"), "{told}");
    // To colleagues alone the rule says nothing.
    let inside = desk.call("OutboundCheck/get", json!({ "emailId": email, "rcptTo": ["wang@trade.test"] })).await;
    assert_eq!(inside["decision"], "go");
    let reasoned = desk.append(desk.inbox, &format!("X-Tradewind-Override: the bank asked\n{draft}"), 0).await;
    let told = desk.call("OutboundCheck/get", json!({ "emailId": reasoned })).await;
    assert_eq!((&told["refusal"], &told["decision"]), (&json!(null), &json!("justify")));
    assert_eq!(desk.refused("OutboundCheck/get", json!({ "emailId": "k0" })).await, "invalidArguments");
}

store::on_both_engines! {
    a_draft_is_told_what_would_become_of_it,
}
