use serde_json::json;

use super::*;

fn why(schema: &Value, value: &Value) -> (String, String) {
    match check(schema, schema, value) {
        Ok(()) => panic!("{value} fits {schema}"),
        Err(misfit) => (misfit.field, misfit.why),
    }
}

#[test]
fn the_field_that_does_not_fit_is_named() {
    let schema = json!({
        "type": "object",
        "properties": {
            "address": { "type": "string", "maxLength": 5 },
            "mib": { "type": "integer", "minimum": 0, "maximum": 18_446_744_073_709_551_615_u64 },
            "who": { "type": "array", "items": { "$ref": "#/kinds/reader" }, "maxItems": 2 },
            "form": { "oneOf": [{ "const": "a" }, { "const": "b" }] },
            "at": { "type": ["string", "null"], "format": "date-time" },
        },
        "required": ["address"],
        "additionalProperties": false,
        "kinds": { "reader": { "type": "object", "properties": { "role": { "enum": ["sales", "it"] } }, "required": ["role"] } },
    });
    let whole = json!({
        "address": "héllo", "mib": u64::MAX, "who": [{ "role": "it" }], "form": "b", "at": "2026-11-27T08:30:00Z",
    });
    assert_eq!(check(&schema, &schema, &whole), Ok(()));
    assert_eq!(check(&schema, &schema, &json!({ "address": "", "at": null })), Ok(()));
    for (value, field, words) in [
        (json!([]), "", "must be object"),
        (json!({}), "address", "missing field `address`"),
        (json!({ "address": 1 }), "address", "must be string"),
        (json!({ "address": "longer" }), "address", "6 characters"),
        (json!({ "address": "", "more": 1 }), "more", "unknown field `more`"),
        (json!({ "address": "", "mib": -1 }), "mib", "from 0 to 18446744073709551615"),
        (json!({ "address": "", "mib": 1.5 }), "mib", "must be integer"),
        (json!({ "address": "", "mib": 1e30 }), "mib", "must be integer"),
        (json!({ "address": "", "who": [{ "role": "it" }, { "role": "chef" }] }), "who[1].role", "sales, it"),
        (json!({ "address": "", "who": [{}, {}, {}] }), "who", "3 items"),
        (json!({ "address": "", "form": "c" }), "form", "must be one of: a, b"),
        (json!({ "address": "", "at": "soon" }), "at", "no moment"),
        (json!({ "address": "", "at": "12026-11-27T08:30:00Z" }), "at", "no moment"),
    ] {
        let (found, why) = why(&schema, &value);
        assert_eq!(found, field, "{value}: {why}");
        assert!(why.contains(words), "{value}: {why}");
    }
}

#[test]
fn numbers_beyond_64_bits_are_not_whole() {
    let value: Value = serde_json::from_str("18446744073709551616").unwrap();
    let schema = json!({ "type": "integer" });
    assert!(check(&schema, &schema, &value).is_err());
}

#[test]
fn u_0000_is_found_wherever_it_is() {
    assert_eq!(nul_in(&json!({ "a": ["x", { "b": "y\0" }] })).as_deref(), Some("a[1].b"));
    assert_eq!(nul_in(&json!({ "a": ["x", 1, null] })), None);
}
