//! Every action of the list, asked for by every role, on one's own, a colleague's and another organisation's things: the requests are
//! made from the schema of the list, so that one added later is tested without a word.

use std::fmt::Write;
use std::time::Duration;

use ::access::Decision;
use ::store::testing::{Engine, run};
use identity::Role;
use serde_json::{Map, Value, json};

use super::fixture::Fixture;
use super::ruling::rule;
use super::*;

/// What a cell of the matrix says.
fn cell(decision: &Decision) -> &'static str {
    match decision {
        Decision::Allow { .. } => "allow",
        Decision::Refuse { .. } => "-",
        Decision::StepUp { strong: true, approval: false, .. } => "strong",
        Decision::StepUp { strong: true, approval: true, .. } => "strong+second",
        Decision::StepUp { .. } => "second",
    }
}

/// A request for each action, with `of` wherever it names an account, a domain, an organisation, or a message.
fn requests(of: &Whose) -> Vec<Action> {
    let schema = serde_json::to_value(schemars::schema_for!(Action)).unwrap();
    let variants = schema["oneOf"].as_array().unwrap().clone();
    let read = |variant: &Value| {
        let mut request = Map::new();
        let whole = variant.get("$ref").and_then(Value::as_str).map(|it| it.trim_start_matches('#').to_owned());
        let whole = whole.and_then(|path| schema.pointer(&path).cloned()).unwrap_or_default();
        for fields in [&variant["properties"], &whole["properties"]] {
            for (name, field) in fields.as_object().into_iter().flatten() {
                request.insert(name.clone(), sample(&schema, name, field, of));
            }
        }
        serde_json::from_value(Value::Object(request.clone())).unwrap_or_else(|error| panic!("{request:?}: {error}"))
    };
    let requests: Vec<Action> = variants.iter().map(read).collect();
    assert_eq!(requests.len(), Action::ALL.len());
    requests
}

/// Things of one owner.
#[derive(Clone, Copy)]
struct Whose {
    address: &'static str,
    domain: &'static str,
    organisation: &'static str,
    grant: i64,
    request: i64,
}

fn sample(schema: &Value, name: &str, field: &Value, of: &Whose) -> Value {
    if let Some(word) = field.get("const") {
        return word.clone();
    }
    match name {
        "address" | "user" | "who" | "alias" | "account" | "delegate" => return of.address.into(),
        "domain" => return of.domain.into(),
        "organisation" => return of.organisation.into(),
        "grant" => return of.grant.into(),
        "request" => return of.request.into(),
        "role" => return "sales".into(),
        "level" => return "trade".into(),
        _ => {}
    }
    let field = match field.get("$ref").and_then(Value::as_str) {
        Some(path) => schema.pointer(path.trim_start_matches('#')).unwrap(),
        None => field,
    };
    if let Some(fields) = field["properties"].as_object() {
        let of = fields.iter().map(|(name, field)| (name.clone(), sample(schema, name, field, of)));
        return Value::Object(of.collect());
    }
    if let Some(first) = field.pointer("/oneOf/0/const").or_else(|| field.pointer("/enum/0")) {
        return first.clone();
    }
    let kind = field["type"].as_str().or_else(|| field.pointer("/type/0").and_then(Value::as_str));
    match kind {
        Some("integer") => json!(1),
        Some("boolean") => json!(false),
        Some("array") => json!([]),
        _ => json!("x"),
    }
}

#[test]
fn no_cell_of_the_matrix_is_unspecified() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, identity::Level::Trade).await;
        let (grant, request) = things(&fixture).await;
        let own_of = |role: Role| -> &'static str {
            match role {
                Role::Sales => "sales@trade.test",
                Role::Finance => "finance@trade.test",
                Role::Management => "management@trade.test",
                Role::It => "it@trade.test",
                Role::Auditor => "auditor@trade.test",
                Role::Admin => "admin@trade.test",
                Role::Security => "security@trade.test",
            }
        };
        let asked: Vec<(Role, [Vec<Action>; 3])> = Role::ALL
            .iter()
            .map(|role| {
                let own =
                    Whose { address: own_of(*role), domain: "trade.test", organisation: "Trade Test", grant, request };
                let colleague = Whose { address: "sales2@trade.test", ..own };
                let stranger = Whose {
                    address: "sales@other.test",
                    domain: "other.test",
                    organisation: "Other",
                    grant: 1,
                    request: 1,
                };
                (*role, [own, colleague, stranger].map(|whose| requests(&whose)))
            })
            .collect();
        let mut text = String::from("action, right: cells for own, a colleague's, another organisation's things\n");
        for (index, (name, _, right)) in Action::ALL.iter().enumerate() {
            let _ = writeln!(text, "\n{name}, {right}");
            for (role, of_each) in &asked {
                let _ = write!(text, "  {role:10}");
                for requests in of_each {
                    let action = requests[index].clone();
                    assert_eq!(action.name(), *name, "the schema has the order of the list");
                    let caller = fixture.weak(role.as_str());
                    let settings = AccessSettings::default();
                    let ruling =
                        fixture.controls.store.read(move |tx| rule(tx, &caller, &action, &settings)).await.unwrap();
                    let _ = write!(text, " {:13}", cell(&ruling.decision));
                }
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
        }
        compare(&text);
    });
}

/// A grant and a request of a colleague.
async fn things(fixture: &Fixture) -> (i64, i64) {
    let (organisation, owner, asker) = (fixture.organisation, fixture.account("sales"), fixture.account("admin2"));
    fixture
        .store
        .write(move |tx| {
            let grant = identity::rights::NewGrant {
                owner,
                asker,
                reason: "an invoice vanished",
                window: identity::rights::GrantWindow::default(),
                lasts: Duration::from_secs(3_600),
                hold: None,
            };
            let grant = identity::rights::ask_grant(tx, &grant, &AccessSettings::default())?;
            let request = json!({ "action": "user-delete", "address": "sales2@trade.test" });
            let new = identity::rights::NewApproval { organisation, asker, action: "user-delete", request: &request };
            Ok::<_, PeopleError>((grant, identity::rights::request_approval(tx, &new, &AccessSettings::default())?))
        })
        .await
        .unwrap()
}

/// Compares with the file that is kept, which is to be read with every change of it.
fn compare(text: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix.txt");
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        std::fs::write(path, text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    for (number, (now, before)) in text.lines().zip(kept.lines()).enumerate() {
        assert_eq!(
            now,
            before,
            "line {} of tests/matrix.txt; if it is meant, run with UPDATE_MATRIX=1 and read the difference",
            number + 1
        );
    }
    assert_eq!(
        text.len(),
        kept.len(),
        "tests/matrix.txt has more or fewer lines; if it is meant, run with UPDATE_MATRIX=1"
    );
}

#[test]
fn a_right_without_a_row_allows_nothing() {
    use ::access::{Actor, Holder, Object, StepUpPolicy, Table, decide};
    // As if nobody had written a row for it: a table in which only a stranger's role speaks.
    let table = Table::new(&[], StepUpPolicy::of(identity::Level::Basic, Duration::from_secs(60)));
    let actor = Actor {
        account: Some(1),
        organisation: Some(1),
        holders: vec![Holder::Custom(99)],
        ..Actor::operator(ruling::REGION)
    };
    for right in ::access::Action::ALL {
        let decision = decide(&table, &actor, *right, &Object::of_account(1, 1), env::Timestamp::from_seconds(0));
        assert!(matches!(decision, Decision::Refuse { .. }), "{right}");
    }
}
