//! States that are pushed.

use std::collections::BTreeSet;
use std::sync::Arc;

use identity::Permission;
use identity::delegation::{Delegation, grant, revoke};
use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;
use crate::Asker;
use crate::ids::show;
use crate::push::{States, accounts, states};

async fn pushed(desk: &Desk, asker: &Arc<Asker>) -> States {
    let asker = Arc::clone(asker);
    let read = move |tx: &mut store::Tx<'_>| {
        let seen = accounts(tx, asker.account())?;
        states(tx, &asker, &seen)
    };
    desk.store.read(read).await.unwrap()
}

/// The types of `account` whose states differ.
fn moved(before: &States, now: &States, account: i64) -> BTreeSet<String> {
    let (before, now) = (before.get(&show(account)), now.get(&show(account)));
    let now = now.into_iter().flatten();
    now.filter(|(kind, state)| before.and_then(|it| it.get(*kind)) != Some(*state))
        .map(|(kind, _)| kind.clone())
        .collect()
}

async fn what_is_set_moves_its_state_and_no_other(store: TestStore) {
    let desk = Desk::open(store).await;
    let rule = json!({ "name": "x", "conditions": [], "actions": [{ "action": "flag" }] });
    let sets: [(&str, Value, &[&str]); 5] = [
        ("Rules/set", json!({ "update": { "singleton": { "rules": [rule] } } }), &["Rules", "SieveScript"]),
        ("SieveScript/set", json!({ "onSuccessDeactivateScript": true }), &["Rules", "SieveScript"]),
        ("VacationResponse/set", json!({ "update": { "singleton": { "textBody": "away" } } }), &["VacationResponse"]),
        ("Identity/set", json!({ "create": { "i": { "email": "li@trade.test", "name": "Li" } } }), &["Identity"]),
        ("Label/set", json!({ "create": { "l": { "name": "x" } } }), &["Label"]),
    ];
    for (method, arguments, kinds) in sets {
        let before = pushed(&desk, &desk.asker).await;
        let mut heard = desk.store.context().notices.watch_account(desk.account);
        let answer = desk.call(method, arguments).await;
        assert!(heard.has_changed().unwrap(), "{method} tells nobody");
        heard.mark_unchanged();
        let now = pushed(&desk, &desk.asker).await;
        assert_eq!(
            moved(&before, &now, desk.account),
            kinds.iter().map(|kind| (*kind).to_owned()).collect(),
            "{method}"
        );
        let kind = method.split('/').next().unwrap();
        let state = Value::from(now[&show(desk.account)][kind].clone());
        assert_eq!(
            (&state, &state),
            (&answer["newState"], &desk.call(&format!("{kind}/get"), json!({})).await["state"])
        );
    }
}

async fn what_is_opened_for_somebody_is_told(store: TestStore) {
    let desk = Desk::open(store).await;
    let (account, other, inbox) = (desk.account, desk.other.account(), desk.inbox);
    let now = desk.store.context().clock.now();
    let given = Delegation {
        account,
        delegate: other,
        permission: Permission::Read,
        mailbox: Some(inbox),
        since: now,
        until: None,
        granted_by: None,
    };
    let before = pushed(&desk, &desk.other).await;
    let mut heard = desk.store.context().notices.watch_account(other);
    desk.store
        .write({
            let given = given.clone();
            move |tx| grant(tx, &given)
        })
        .await
        .unwrap();
    assert!(heard.has_changed().unwrap());
    heard.mark_unchanged();
    let opened = pushed(&desk, &desk.other).await;
    assert_eq!(moved(&before, &opened, other), BTreeSet::from(["Session".to_owned(), "ShareNotification".to_owned()]));
    assert!(moved(&before, &opened, account).contains("Mailbox"));
    // A second right in the same account, and one that is taken back.
    let sent = desk.role("sent").await;
    let more = Delegation { mailbox: Some(sent), ..given };
    let since = opened[&show(account)]["Mailbox"].clone();
    desk.store.write(move |tx| grant(tx, &more)).await.unwrap();
    let changes = json!({ "accountId": show(account), "sinceState": since });
    let told = desk.ask(&desk.other, &[("Mailbox/changes", changes.clone())]).await.remove(0).1;
    assert_eq!((&told["updated"], &told["destroyed"]), (&json!([show(sent)]), &json!([])), "{told}");
    desk.store.write(move |tx| revoke(tx, (account, other), None, Some(sent), None)).await.unwrap();
    let told = desk.ask(&desk.other, &[("Mailbox/changes", changes)]).await.remove(0).1;
    assert_eq!((&told["updated"], &told["destroyed"]), (&json!([]), &json!([show(sent)])), "{told}");
    assert!(heard.has_changed().unwrap());
    desk.store.write(move |tx| revoke(tx, (account, other), None, None, None)).await.unwrap();
    let taken = pushed(&desk, &desk.other).await;
    assert_eq!(
        (moved(&opened, &taken, other), taken.len()),
        (BTreeSet::from(["Session".to_owned(), "ShareNotification".to_owned()]), 1)
    );
}

store::on_both_engines! {
    what_is_set_moves_its_state_and_no_other,
    what_is_opened_for_somebody_is_told,
}
