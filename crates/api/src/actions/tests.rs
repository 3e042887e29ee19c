use serde_json::json;

use super::*;

#[test]
fn requests_are_read_strictly() {
    let read = |text: Value| serde_json::from_value::<Action>(text);
    let action = read(json!({ "action": "user-quota", "address": "a@trade.test", "mib": 5 })).unwrap();
    assert_eq!((action.name(), action.right()), ("user-quota", access::Action::AccountChange));
    assert_eq!(action.concerns(), On::Account("a@trade.test"));
    assert!(read(json!({ "action": "user-quota", "address": "a@trade.test" })).is_err());
    assert!(read(json!({ "action": "user-quota", "address": "a@trade.test", "mib": 5, "more": 1 })).is_err());
    assert!(read(json!({ "action": "unheard" })).is_err());
    let new =
        json!({ "action": "user-add", "address": "a@trade.test", "role": "sales", "language": "zh", "quota_mib": 0 });
    assert_eq!(read(new.clone()).unwrap().concerns(), On::DomainOf("a@trade.test"));
    let written = serde_json::to_value(read(new).unwrap()).unwrap();
    assert_eq!(written["action"], "user-add");
}

#[test]
fn names_are_said_once() {
    let names: std::collections::BTreeSet<_> = Action::ALL.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), Action::ALL.len());
}
