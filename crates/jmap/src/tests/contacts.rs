//! Address books and cards.

use serde_json::{Value, json};
use store::testing::TestStore;

use super::fixture::Desk;

fn card(name: &str, surname: &str, more: Value) -> Value {
    let mut card = json!({
        "addressBookIds": { "default": true },
        "name": { "full": format!("{name} {surname}"), "components": [
            { "kind": "given", "value": name }, { "kind": "surname", "value": surname },
        ] },
    });
    for (property, value) in more.as_object().unwrap() {
        card[property] = value.clone();
    }
    card
}

async fn cards_are_kept_as_they_were_given(store: TestStore) {
    let desk = Desk::open(store).await;
    let mueller = card(
        "Anna",
        "Müller",
        json!({
            "organizations": { "o": { "name": "Ventile GmbH" } },
            "emails": { "e": { "address": "anna@ventile.example" } },
            "addresses": { "a": { "full": "Hamburg", "countryCode": "DE", "timeZone": "Europe/Berlin" } },
            "ventile.example:rating": 5,
        }),
    );
    let made = desk.call("ContactCard/set", json!({ "create": { "m": mueller } })).await;
    let told = &made["created"]["m"];
    assert_eq!((&told["@type"], &told["version"]), (&json!("Card"), &json!("1.0")));
    assert!(told["uid"].as_str().unwrap().starts_with("urn:uuid:"), "{told}");
    assert_eq!(told["created"], told["updated"]);
    let id = told["id"].as_str().unwrap();
    let got = desk.call("ContactCard/get", json!({ "ids": [id, id, "k5"] })).await;
    assert_eq!(got["notFound"], json!(["k5"]));
    assert_eq!(got["list"].as_array().unwrap().len(), 1);
    let kept = &got["list"][0];
    for (property, value) in mueller.as_object().unwrap() {
        assert_eq!(&kept[property], value, "{property}");
    }
    let patch = json!({ "emails/e/address": "am@ventile.example", "organizations/o/units": [{ "name": "Einkauf" }] });
    let made = desk.call("ContactCard/set", json!({ "update": { id: patch } })).await;
    assert!(made["updated"][id]["updated"].is_string(), "{made}");
    let asked = json!({ "ids": [id], "properties": ["emails", "nothing.example:x"] });
    let kept = desk.call("ContactCard/get", asked).await["list"].clone();
    assert_eq!(kept, json!([{ "id": id, "emails": { "e": { "address": "am@ventile.example" } } }]));
    let changes = desk.call("ContactCard/changes", json!({ "sinceState": got["state"] })).await;
    assert_eq!((&changes["created"], &changes["updated"]), (&json!([]), &json!([id])));
    assert_eq!(desk.call("ContactCard/changes", json!({ "sinceState": "0" })).await["created"], json!([id]));
    assert_eq!(desk.call("ContactCard/set", json!({ "destroy": [id, "k9"] })).await["destroyed"], json!([id]));
    let changes = desk.call("ContactCard/changes", json!({ "sinceState": got["state"] })).await;
    assert_eq!(changes["destroyed"], json!([id]));
    assert_eq!(desk.refused("ContactCard/changes", json!({ "sinceState": "x" })).await, "cannotCalculateChanges");
    assert!(store::check::run(&desk.store.handle(), true).await.unwrap().findings.is_empty());
}

async fn what_is_no_card_is_refused_with_its_place(store: TestStore) {
    let desk = Desk::open(store).await;
    for (wrong, place) in [
        (json!({ "addressBookIds": {} }), "addressBookIds"),
        (json!({ "addressBookIds": { "k7": true } }), "addressBookIds"),
        (json!({ "id": "k1" }), "id"),
        (json!({ "@type": "Event" }), "@type"),
        (json!({ "created": "yesterday" }), "created"),
        (json!({ "emails": { "e": { "label": "x" } } }), "emails/e/address"),
        (json!({ "phones": [] }), "phones"),
        (json!({ "notes": { "a b": { "note": "x" } } }), "notes/a b"),
        (json!({ "keywords": { "x": 1 } }), "keywords"),
        (json!({ "name": { "components": [{ "value": "x" }] } }), "name/components"),
        (json!({ "addresses": { "a": { "timeZone": 1 } } }), "addresses/a/timeZone"),
        (json!({ "media": { "a": { "blobId": "U1" } } }), "media/a/blobId"),
    ] {
        let made = desk.call("ContactCard/set", json!({ "create": { "c": card("A", "B", wrong.clone()) } })).await;
        let error = &made["notCreated"]["c"];
        assert_eq!((&error["type"], &error["properties"]), (&json!("invalidProperties"), &json!([place])), "{wrong}");
    }
    let large = json!({ "notes": { "n": { "note": "x".repeat(300 << 10) } } });
    let made = desk.call("ContactCard/set", json!({ "create": { "c": card("A", "B", large) } })).await;
    assert_eq!(made["notCreated"]["c"]["type"], "tooLarge");
}

async fn cards_are_found_and_ordered(store: TestStore) {
    let desk = Desk::open(store).await;
    let create = json!({
        "a": card("Anna", "Müller", json!({ "emails": { "e": { "address": "anna@ventile.example" } }, "notes": { "n": { "note": "pays late" } } })),
        "b": card("伟", "王", json!({ "organizations": { "o": { "name": "信风贸易" } }, "phones": { "p": { "number": "+86 10 1234" } } })),
        "c": card("Team", "Sales", json!({ "kind": "group", "members": { "urn:uuid:1": true }, "uid": "g1" })),
    });
    let made = desk.call("ContactCard/set", json!({ "create": create })).await;
    let id = |name: &str| made["created"][name]["id"].clone();
    let (a, b, c) = (id("a"), id("b"), id("c"));
    let found = async |filter: Value| desk.call("ContactCard/query", json!({ "filter": filter })).await["ids"].clone();
    assert_eq!(found(Value::Null).await, json!([a, b, c]));
    assert_eq!(found(json!({ "inAddressBook": "default" })).await, json!([a, b, c]));
    assert_eq!(found(json!({ "inAddressBook": "k7" })).await, json!([]));
    assert_eq!(found(json!({ "text": "MÜLLER late" })).await, json!([a]));
    assert_eq!(found(json!({ "text": "\"müller late\"" })).await, json!([]));
    assert_eq!(found(json!({ "organization": "信风" })).await, json!([b]));
    assert_eq!(found(json!({ "name/surname": "王" })).await, json!([b]));
    assert_eq!(found(json!({ "name": "anna" })).await, json!([a]));
    assert_eq!(found(json!({ "email": "ventile.example" })).await, json!([a]));
    assert_eq!(found(json!({ "kind": "group" })).await, json!([c]));
    assert_eq!(found(json!({ "kind": "individual" })).await, json!([a, b]));
    assert_eq!(found(json!({ "hasMember": "urn:uuid:1", "uid": "g1" })).await, json!([c]));
    assert_eq!(
        found(json!({ "createdAfter": "2000-01-01T00:00:00Z", "updatedBefore": "2000-01-01T00:00:00Z" })).await,
        json!([])
    );
    let not = json!({ "operator": "NOT", "conditions": [{ "kind": "group" }, { "note": "late" }] });
    assert_eq!(found(not).await, json!([b]));
    assert_eq!(desk.refused("ContactCard/query", json!({ "filter": { "colour": "x" } })).await, "unsupportedFilter");
    assert_eq!(desk.refused("ContactCard/query", json!({ "sort": [{ "property": "uid" }] })).await, "unsupportedSort");
    let sort = json!([{ "property": "name/surname", "isAscending": false }]);
    let by_name = desk.call("ContactCard/query", json!({ "sort": sort })).await;
    assert_eq!(by_name["ids"], json!([b, c, a]));
    desk.call("ContactCard/set", json!({ "update": { a.as_str().unwrap(): { "name/components/1/value": "x" } } }))
        .await;
    let patch = json!({ "name": { "components": [{ "kind": "surname", "value": "Zorn" }] } });
    desk.call("ContactCard/set", json!({ "update": { a.as_str().unwrap(): patch } })).await;
    let since = json!({ "sort": sort, "sinceQueryState": by_name["queryState"], "calculateTotal": true });
    let changes = desk.call("ContactCard/queryChanges", since).await;
    assert_eq!((&changes["removed"], &changes["added"]), (&json!([a]), &json!([{ "id": a, "index": 1 }])));
    assert_eq!(changes["total"], 3);
}

async fn address_books_are_made_chosen_and_destroyed(store: TestStore) {
    let desk = Desk::open(store).await;
    let first = desk.call("AddressBook/get", json!({})).await;
    assert_eq!((&first["list"][0]["id"], &first["list"][0]["name"]), (&json!("default"), &json!("通讯录")));
    assert_eq!(first["list"][0]["isDefault"], true);
    let create = json!({ "b": { "name": "Buyers" }, "x": { "name": "" }, "y": { "name": "n", "isDefault": true } });
    let made = desk.call("AddressBook/set", json!({ "create": create })).await;
    assert_eq!(made["notCreated"]["x"]["properties"], json!(["name"]));
    assert_eq!(made["notCreated"]["y"]["properties"], json!(["isDefault"]));
    let told = &made["created"]["b"];
    assert_eq!((&told["isSubscribed"], &told["sortOrder"], &told["name"]), (&json!(true), &json!(0), &Value::Null));
    let id = told["id"].as_str().unwrap();
    let made = desk
        .call("AddressBook/set", json!({ "update": { "default": { "name": "Mine" } }, "onSuccessSetIsDefault": id }))
        .await;
    assert_eq!(made["updated"], json!({ "default": null }));
    let list = desk.call("AddressBook/get", json!({ "properties": ["name", "isDefault"] })).await["list"].clone();
    assert_eq!(
        list,
        json!([
            { "id": "default", "name": "Mine", "isDefault": false }, { "id": id, "name": "Buyers", "isDefault": true },
        ])
    );
    let changes = desk.call("AddressBook/changes", json!({ "sinceState": first["state"] })).await;
    assert_eq!((&changes["created"], &changes["updated"]), (&json!([id]), &json!(["default"])));
    let create = json!({ "a": card("A", "B", json!({ "addressBookIds": { id: true, "default": true } })), "c": card("C", "D", json!({ "addressBookIds": { id: true } })) });
    let made = desk.call("ContactCard/set", json!({ "create": create })).await;
    let (a, c) = (made["created"]["a"]["id"].clone(), made["created"]["c"]["id"].clone());
    let gone = desk.call("AddressBook/set", json!({ "destroy": [id, "default"] })).await;
    assert_eq!(gone["notDestroyed"][id]["type"], "addressBookHasContents");
    assert_eq!(gone["notDestroyed"]["default"]["type"], "forbidden");
    let gone = desk.call("AddressBook/set", json!({ "destroy": [id], "onDestroyRemoveContents": true })).await;
    assert_eq!(gone["destroyed"], json!([id]));
    let got = desk.call("ContactCard/get", json!({ "ids": [a, c], "properties": ["addressBookIds"] })).await;
    assert_eq!(got["list"], json!([{ "id": a, "addressBookIds": { "default": true } }]));
    assert_eq!(got["notFound"], json!([c]));
    let copy = json!({ "fromAccountId": "k1", "create": {} });
    assert_eq!(desk.refused("ContactCard/copy", copy).await, "fromAccountNotFound");
}

async fn contacts_go_with_their_account(store: TestStore) {
    let desk = Desk::open(store).await;
    desk.call("ContactCard/set", json!({ "create": { "a": card("A", "B", json!({})) } })).await;
    let account = desk.account;
    desk.store.write(move |tx| identity::delete_account(tx, account)).await.unwrap();
    let left = |tx: &mut store::Tx<'_>| tx.row("SELECT COUNT(*) FROM contact_item", &[], |row| row.int(0));
    assert_eq!(desk.store.read(left).await.unwrap(), Some(0));
}

store::on_both_engines! {
    cards_are_kept_as_they_were_given,
    what_is_no_card_is_refused_with_its_place,
    cards_are_found_and_ordered,
    address_books_are_made_chosen_and_destroyed,
    contacts_go_with_their_account,
}
