use proptest::prelude::*;

use super::*;

#[track_caller]
fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

#[test]
fn reads_and_writes_addresses() {
    for text in
        ["a@b", "Anna.Li@Example.com", "\"a b\"@example.com", "o'hara+x@example.com", "陈@贸易.中国", "x@[192.0.2.7]"]
    {
        assert_eq!(address(text).to_string(), text);
    }
    assert_eq!(address("\"plain\"@x.example").to_string(), "plain@x.example");
    assert_eq!(address(r#""a\"b"@x.example"#).local, "a\"b");
    assert_eq!(address("\"a@b\"@x.example").local, "a@b");
}

#[test]
fn one_key_for_each_mailbox() {
    for (text, key) in [
        ("Anna.Li@Example.COM", "anna.li@example.com"),
        ("\"Anna\"@example.com", "anna@example.com"),
        ("\"A b\"@example.com", "\"a b\"@example.com"),
        ("JOSE\u{301}@bücher.example", "jos\u{e9}@xn--bcher-kva.example"),
    ] {
        assert_eq!(address(text).canonical(), key);
    }
}

#[test]
fn splits_details() {
    assert_eq!(address("sales+bei+jing@x.example").split_detail('+'), ("sales", Some("bei+jing")));
    assert_eq!(address("sales@x.example").split_detail('+'), ("sales", None));
    assert_eq!(address("+x@x.example").split_detail('+'), ("+x", None));
}

#[test]
fn refuses_what_is_no_address() {
    for text in [
        "",
        "@",
        "a",
        "a@",
        "@b",
        "a..b@c",
        ".a@c",
        "a.@c",
        "a b@c",
        "a@b@c",
        "\"a@c",
        "\"\"@c",
        "\"a\\\"@c",
        "a@-b",
        "a\r@c",
        "\"a\nb\"@c",
        "<a@c>",
        "a\u{85}@c",
    ] {
        assert!(Address::parse(text).is_err(), "{text:?}");
    }
    assert_eq!(Address::parse(&format!("{}@x", "a".repeat(241))), Err(AddressError::LocalTooLong));
    assert_eq!(Address::parse(&"a".repeat(255)), Err(AddressError::TooLong));
}

proptest! {
    #[test]
    fn any_text_is_judged(text in ".{0,80}") {
        if let Ok(address) = Address::parse(&text) {
            // Unquoting a local part never lengthens what is written.
            prop_assert_eq!(Address::parse(&address.to_string()).unwrap(), address.clone());
            let key = address.canonical();
            if key.len() <= ADDRESS_OCTETS_MAX && key.rsplit_once('@').unwrap().0.len() <= LOCAL_OCTETS_MAX {
                prop_assert_eq!(Address::parse(&key).unwrap().canonical(), key);
            }
        }
    }
}
