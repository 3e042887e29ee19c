use axum::body::{Body, to_bytes};
use axum::http::Request;
use base64::Engine as _;
use identity::Level;
use serde_json::json;
use store::testing::{Engine, run};
use tower::ServiceExt as _;

use super::*;
use crate::actions::fixture::Fixture;

/// Believes whoever names an account; what a browser adds by itself must come with a header of our page.
struct Named(i64);

#[async_trait]
impl Authenticate for Named {
    async fn caller(&self, headers: &HeaderMap, _: SocketAddr) -> Result<Authenticated, Unauthenticated> {
        match headers.get("x-proof").and_then(|proof| proof.to_str().ok()) {
            Some("weak") => {}
            Some("forged") => return Err(Unauthenticated::Forged),
            _ => return Err(Unauthenticated::Missing),
        }
        let caller = Caller { account: Some(self.0), strong_at: None, via: access::Via::Http, address: None };
        Ok(Authenticated { caller, cookie: Some(HeaderValue::from_static("new=1")) })
    }
}

async fn post_as(router: &Router, proof: &str, action: &str, kind: &str, body: &str) -> (StatusCode, HeaderMap, Value) {
    let mut request = Request::post(format!("/api/v1/{action}"))
        .header("x-proof", proof)
        .header(header::CONTENT_TYPE, kind)
        .body(Body::from(body.to_owned()))
        .unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 9))));
    let response = router.clone().oneshot(request).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

#[test]
fn requests_are_authenticated_then_decided_then_carried_out() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let door = |who: &str| Door {
            controls: fixture.controls.clone(),
            authenticate: Arc::new(Named(fixture.account(who))),
        };
        let (admin, sales): (Router, Router) = (routes(door("admin")), routes(door("sales")));
        let json = "application/json";
        let (status, headers, users) = post_as(&admin, "weak", "user-list", json, "{}").await;
        assert_eq!((status, headers["set-cookie"].to_str().unwrap()), (StatusCode::OK, "new=1"));
        assert!(users.as_array().is_some_and(|users| !users.is_empty()));
        let (status, _, problem) = post_as(&sales, "weak", "user-list", json, "{}").await;
        assert_eq!(
            (status, problem["type"].as_str()),
            (StatusCode::FORBIDDEN, Some("urn:tradewind:problem:not-allowed"))
        );
        // The same words for what is not there and for what is another organisation's.
        let quota = |address: &str| json!({ "address": address, "mib": 1 }).to_string();
        let (.., nobody) = post_as(&admin, "weak", "user-quota", json, &quota("nobody@trade.test")).await;
        let (.., foreign) = post_as(&admin, "weak", "user-quota", json, &quota("sales@other.test")).await;
        assert_eq!(nobody, foreign);
        let delete = json!({ "address": "sales2@trade.test" }).to_string();
        let (status, headers, _) = post_as(&admin, "weak", "user-delete", json, &delete).await;
        let challenge = headers[header::WWW_AUTHENTICATE].to_str().unwrap();
        assert_eq!(status, StatusCode::UNAUTHORIZED);
        assert!(
            challenge.contains("insufficient_user_authentication") && challenge.contains("max_age=\"3600\""),
            "{challenge}"
        );
    });
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_is_done() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let authenticate = Arc::new(Named(fixture.account("admin")));
        let router: Router = routes(Door { controls: fixture.controls.clone(), authenticate });
        let json = "application/json";
        for (proof, action, kind, body, wanted) in [
            ("none", "user-list", json, "{}", StatusCode::UNAUTHORIZED),
            ("none", "no-such", json, "{}", StatusCode::UNAUTHORIZED),
            ("forged", "user-list", json, "{}", StatusCode::FORBIDDEN),
            ("weak", "no-such", json, "{}", StatusCode::NOT_FOUND),
            ("weak", "import", json, "{}", StatusCode::NOT_FOUND),
            ("weak", "user-list", "text/plain", "{}", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            ("weak", "user-list", json, "[]", StatusCode::BAD_REQUEST),
            ("weak", "user-list", json, "{", StatusCode::BAD_REQUEST),
            ("weak", "user-list", json, r#"{"action":"user-delete"}"#, StatusCode::BAD_REQUEST),
            ("weak", "user-quota", json, r#"{"address":"a@b"}"#, StatusCode::BAD_REQUEST),
            ("weak", "user-quota", json, r#"{"address":"a@b","mib":1,"more":2}"#, StatusCode::BAD_REQUEST),
            ("weak", "user-quota", json, r#"{"address":"a\u0000@b","mib":1}"#, StatusCode::BAD_REQUEST),
            ("weak", "user-quota", json, r#"{"address":"\ud800","mib":1}"#, StatusCode::BAD_REQUEST),
            ("weak", "user-quota", json, r#"{"address":"a@b","mib":18446744073709551616}"#, StatusCode::BAD_REQUEST),
            (
                "weak",
                "user-list",
                json,
                &format!("{}{}", "[".repeat(5_000), "]".repeat(5_000)),
                StatusCode::BAD_REQUEST,
            ),
            ("weak", "user-list", json, &" ".repeat(REQUEST_BYTES_MAX + 1), StatusCode::PAYLOAD_TOO_LARGE),
            ("none", "user-list", json, &" ".repeat(REQUEST_BYTES_MAX + 1), StatusCode::UNAUTHORIZED),
            ("weak", "%ff", json, "{}", StatusCode::NOT_FOUND),
        ] {
            let (status, headers, _) = post_as(&router, proof, action, kind, body).await;
            assert_eq!(status, wanted, "{proof} {action} {body}");
            assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        }
    });
}

/// The description is kept, so that a change of the API is seen in review.
#[test]
fn the_description_is_the_one_that_was_read() {
    let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        text == kept,
        "crates/api/openapi.json is another; if that is meant, run with UPDATE_OPENAPI=1 and read the difference"
    );
    assert!(!text.contains("#/$defs/"));
    assert_eq!(
        document()["paths"].as_object().unwrap().values().filter(|path| path.get("post").is_some()).count(),
        Action::ALL.len() - 3,
        "all but import, import-imap, export"
    );
}

/// Whoever is told that a request cannot be read is told where.
#[test]
fn a_problem_names_the_field() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let authenticate = Arc::new(Named(fixture.account("admin")));
        let router: Router = routes(Door { controls: fixture.controls.clone(), authenticate });
        for (action, body, field) in [
            ("user-quota", json!({ "address": "a@b" }), json!("mib")),
            ("user-quota", json!({ "address": "a@b", "mib": -1 }), json!("mib")),
            ("user-quota", json!({ "address": "a@b", "mib": 1, "action": "user-delete" }), json!("action")),
            ("portal-recipients", json!({ "addresses": ["a@b", 1] }), json!("addresses[1]")),
            (
                "service-add",
                json!({ "new": { "address": 1, "quota_mib": 1 }, "networks": [], "purpose": "" }),
                json!("new.address"),
            ),
            ("user-list", json!([]), Value::Null),
        ] {
            let (status, _, problem) = post_as(&router, "weak", action, "application/json", &body.to_string()).await;
            assert_eq!((status, &problem["field"]), (StatusCode::BAD_REQUEST, &field), "{action} {problem}");
            assert!(
                problem["detail"].as_str().is_some_and(|detail| detail.contains(field.as_str().unwrap_or("must be")))
            );
        }
    });
}

#[test]
fn other_methods_are_told_which_one_it_is() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        let authenticate = Arc::new(Named(fixture.account("admin")));
        let router: Router = routes(Door { controls: fixture.controls.clone(), authenticate });
        for (method, path, allowed) in [
            ("GET", "/api/v1/user-list", "POST"),
            ("HEAD", "/api/v1/user-list", "POST"),
            ("OPTIONS", "/api/v1/user-list", "POST"),
            ("TRACE", "/api/v1/directory-import", "POST"),
            ("DELETE", "/api/v1/openapi.json", "GET,HEAD"),
            ("POST", "/api/v1/investigations/1/archive", "GET,HEAD"),
        ] {
            let mut request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
            request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 9))));
            let response = router.clone().oneshot(request).await.unwrap();
            assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(response.headers()[header::ALLOW], allowed, "{method} {path}");
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
        }
    });
}

/// Requests are judged by the description, so each word of it must be understood.
#[test]
fn the_description_is_understood_whole() {
    fn walk(schema: &Value, place: &str) {
        let Some(rules) = schema.as_object() else { return };
        for (keyword, rule) in rules {
            assert!(schema::KEYWORDS.contains(&keyword.as_str()), "{place}: {keyword}");
            let below = |rule: &Value, more: &str| walk(rule, &format!("{place}.{more}"));
            match (keyword.as_str(), rule) {
                ("properties", Value::Object(fields)) => fields.iter().for_each(|(name, rule)| below(rule, name)),
                ("items" | "additionalProperties", rule) => below(rule, keyword),
                ("oneOf" | "anyOf", Value::Array(all)) => all.iter().for_each(|rule| below(rule, keyword)),
                _ => {}
            }
        }
    }
    for (name, path) in document()["paths"].as_object().unwrap() {
        let Some(post) = path.get("post") else { continue };
        walk(&post["requestBody"]["content"]["application/json"]["schema"], name);
        walk(&post["responses"]["200"]["content"]["application/json"]["schema"], name);
    }
    for (name, schema) in document()["components"]["schemas"].as_object().unwrap() {
        walk(schema, name);
    }
}

/// What the matrix says of a second person is described: where one may be asked for, there is an answer for it.
#[test]
fn an_action_that_may_wait_says_so() {
    let matrix = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/matrix.txt")).unwrap();
    let document = document();
    let mut action = "";
    for line in matrix.lines() {
        if let Some((name, _)) = line.split_once(", ").filter(|_| !line.starts_with(' ')) {
            action = name;
        } else if line.contains("second") {
            let path = &document["paths"][format!("/api/v1/{action}")];
            assert!(path.is_null() || path["post"]["responses"].get("202").is_some(), "{action}");
        }
    }
}

/// An investigation as those go through it who are in it: asked for, agreed to by somebody whose mail is not in it, searched, read, marked, taken
/// out, closed.
#[test]
fn an_investigation_from_its_consent_to_its_archive() {
    run(Engine::Sqlite, |store| async move {
        let fixture = Fixture::new(store, Level::Basic).await;
        for (who, subject, body) in [
            ("sales", "new account", "please pay to the new account"),
            ("sales", "lunch", "noodles"),
            ("management", "re: new account", "my lawyer on the new account"),
        ] {
            put(&fixture, who, subject, body).await;
        }
        let ask = async |who: &str, request: Value| {
            let action = serde_json::from_value(request).unwrap();
            fixture.controls.carry_out(&fixture.caller(who), action).await
        };
        let done = async |who: &str, request: Value| match ask(who, request).await {
            Answer::Done(value) => value,
            other => panic!("{other:?}"),
        };
        let open = json!({
            "action": "investigation-open", "name": "Valves", "reason": "a payment went elsewhere",
            "custodians": ["sales@trade.test", "management@trade.test"],
        });
        for who in ["admin", "auditor", "management", "sales", "other-admin"] {
            assert!(matches!(ask(who, open.clone()).await, Answer::NotAllowed), "{who}");
        }
        let Answer::Waiting(request) = ask("security", open).await else { panic!("a second person has to agree") };
        let agree = json!({ "action": "approval-decide", "request": request, "approve": true });
        assert!(matches!(ask("management", agree.clone()).await, Answer::Failed(_)), "his own mail is in it");
        let id = done("management2", agree).await["answer"]["id"].as_str().unwrap().to_owned();
        let query = json!({ "action": "investigation-search", "id": id, "words": ["new account"] });
        assert!(matches!(ask("auditor", query.clone()).await, Answer::NotAllowed));
        let found = done("security", query).await;
        assert_eq!((&found["found"], &found["custodians"], &found["whole"]), (&json!(2), &json!(2), &json!(true)));
        let items = done("security", json!({ "action": "investigation-items", "id": id })).await;
        let of = |custodian: &str| {
            items.as_array().unwrap().iter().find(|it| it["custodian"] == custodian).unwrap()["message"].clone()
        };
        let (paid, counsel) = (of("sales@trade.test"), of("management@trade.test"));
        let read = done("security", json!({ "action": "investigation-message", "id": id, "message": paid })).await;
        let raw = base64::engine::general_purpose::STANDARD.decode(read["base64"].as_str().unwrap()).unwrap();
        assert!(String::from_utf8(raw).unwrap().contains("please pay"));
        let mark = json!({
            "action": "investigation-mark", "id": id, "message": counsel, "mark": "privileged", "note": "counsel",
        });
        done("security", mark).await;
        let seen = done("auditor", json!({ "action": "investigation-show", "id": id })).await;
        assert_eq!(seen["marks"], json!({ "unseen": 1, "privileged": 1 }));
        assert_eq!(seen["searches"][0]["words"], json!(["new account"]));

        let door = |who: &str| Door {
            controls: fixture.controls.clone(),
            authenticate: Arc::new(Named(fixture.account(who))),
        };
        let path = format!("/api/v1/investigations/{id}/archive");
        assert_eq!(get_as(&routes(door("security")), &path).await.0, StatusCode::FORBIDDEN, "it was not asked for");
        done("security", json!({ "action": "investigation-export", "id": id })).await;
        assert_eq!(get_as(&routes(door("auditor")), &path).await.0, StatusCode::FORBIDDEN);
        fixture.store.write(|tx| audit::seal(tx, "mail.trade.test/audit").map(drop)).await.unwrap();
        let (status, octets) = get_as(&routes(door("security")), &path).await;
        assert_eq!(status, StatusCode::OK);
        check_archive(&fixture, &octets).await;

        let close = json!({ "action": "investigation-close", "id": id, "reason": "repaid" });
        assert_eq!(done("security", close).await["told"], 2);
        assert_eq!(get_as(&routes(door("security")), &path).await.0, StatusCode::FORBIDDEN, "it is closed");
        let again = json!({ "action": "investigation-message", "id": id, "message": paid });
        assert!(matches!(ask("security", again).await, Answer::Failed(_)));
        let organisation = fixture.organisation;
        let record = move |tx: &mut ::store::Tx<'_>| {
            identity::rights::list_events(tx, organisation, env::Timestamp::from_millis(0))
        };
        let recorded: Vec<String> = fixture.store.read(record).await.unwrap().into_iter().map(|it| it.action).collect();
        for look in ["investigation-search", "investigation-items", "investigation-message", "investigation-archive"] {
            assert!(recorded.iter().any(|it| it == look), "{look}: {recorded:?}");
        }
    });
}

/// The archive has what may be handed over, and the log's signature on its manifest.
async fn check_archive(fixture: &Fixture, octets: &[u8]) {
    let files = unpacked(octets);
    let mail: Vec<_> = files.keys().filter(|name| name.ends_with(".eml")).collect();
    assert_eq!(mail.len(), 1, "what is privileged stays: {mail:?}");
    let manifest = &files["manifest.json"];
    let listed: Vec<Value> = serde_json::from_slice(manifest).unwrap();
    let one = listed.iter().find(|it| it["path"] == mail[0].as_str()).unwrap();
    assert_eq!(one["sha256"].as_str().unwrap(), fetched::sha256(&files[mail[0]]));
    let left_out = listed.iter().find(|it| it["left_out"] == true).unwrap();
    assert_eq!((left_out["mark"].as_str(), &left_out["subject"]), (Some("privileged"), &Value::Null));
    let note = String::from_utf8(files["manifest.note"].clone()).unwrap();
    let key = fixture.store.read(audit::public_key).await.unwrap().unwrap();
    let signed = String::from_utf8(key.open(note.as_bytes()).unwrap()).unwrap();
    assert!(signed.contains(&fetched::sha256(manifest)), "{note}");
}

async fn put(fixture: &Fixture, who: &str, subject: &str, body: &str) {
    let raw = format!("From: chen@partner.test\r\nTo: {who}@trade.test\r\nSubject: {subject}\r\n\r\n{body}\r\n");
    let mut prepared = mailbox::Prepared::new(raw.as_bytes(), fixture.store.context());
    let (staged, account) = (fixture.store.stage(prepared.take_record()).await.unwrap(), fixture.account(who));
    let work = move |tx: &mut ::store::Tx<'_>| {
        staged.attach(tx, 1)?;
        let inbox = mailbox::mailboxes::find(tx, account, &mailbox::Name::parse("INBOX")?)?.unwrap().id;
        mailbox::append(tx, account, inbox, &prepared, staged.id(), mailbox::Flags::system(0), tx.now())
    };
    fixture.store.write(work).await.unwrap();
}

async fn get_as(router: &Router, path: &str) -> (StatusCode, Vec<u8>) {
    let mut request = Request::get(path).header("x-proof", "weak").body(Body::empty()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([192, 0, 2, 1], 9))));
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    (status, to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec())
}

fn unpacked(octets: &[u8]) -> std::collections::BTreeMap<String, Vec<u8>> {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(octets)).unwrap();
    let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
    let mut read = |name: &String| {
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut zip.by_name(name).unwrap(), &mut content).unwrap();
        content
    };
    names.iter().map(|name| (name.clone(), read(name))).collect()
}
