//! Push subscriptions, with a push service that listens here.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::agreement::{ECDH_P256, PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crypto::tls::{CertifiedChains, ServerTls, Service, TlsSettings, parse_chain};
use identity::Method;
use net::Stream;
use parking_lot::Mutex;
use resolver::fixed::{FixedResolver, Record};
use serde_json::{Value, json};
use store::testing::TestStore;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::fixture::Desk;
use crate::{Asker, JmapSettings};

const WAIT: Duration = Duration::from_secs(60);
const HOST: &str = "push.test";

/// What came: header and body.
type Posted = (String, Vec<u8>);

/// A push service.
struct Receiver {
    address: SocketAddr,
    posted: mpsc::UnboundedReceiver<Posted>,
    status: Arc<Mutex<u16>>,
    directory: tempfile::TempDir,
}

impl Receiver {
    async fn open() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap().self_signed(&key).unwrap().pem();
        let chain = parse_chain(pem.as_bytes(), key.serialize_pem().as_bytes(), Path::new("test")).unwrap();
        let tls = ServerTls::new(TlsSettings::default(), CertifiedChains::new(chain, vec![]).unwrap()).unwrap();
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("root.pem"), pem).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (told, posted) = mpsc::unbounded_channel();
        let status = Arc::new(Mutex::new(201));
        let answers = Arc::clone(&status);
        tokio::spawn(async move {
            while let Ok((socket, peer)) = listener.accept().await {
                let stream = Stream::new(socket, peer, address);
                let Ok(mut stream) = stream.upgrade_server(tls.config(Service::Mail), WAIT).await else { continue };
                let mut input = bytes::BytesMut::new();
                let posted = loop {
                    if let Some(posted) = whole(&input) {
                        break posted;
                    }
                    stream.receive(&mut input, WAIT).await.unwrap();
                };
                let answer = format!("HTTP/1.1 {} x\r\nContent-Length: 0\r\n\r\n", *answers.lock());
                stream.send(answer.as_bytes(), WAIT).await.unwrap();
                told.send(posted).unwrap();
                // The other side has the answer before the connection goes.
                while stream.receive(&mut input, Duration::from_millis(300)).await.is_ok_and(|count| count > 0) {}
            }
        });
        Self { address, posted, status, directory }
    }

    fn settings(&self) -> JmapSettings {
        JmapSettings {
            push_within: vec!["127.0.0.0/8".to_owned()],
            push_roots: vec![self.directory.path().join("root.pem")],
            ..JmapSettings::default()
        }
    }

    fn url(&self) -> String {
        format!("https://{HOST}:{}/to/here?x=1", self.address.port())
    }

    async fn next(&mut self) -> Posted {
        tokio::time::timeout(WAIT, self.posted.recv()).await.unwrap().unwrap()
    }
}

fn whole(input: &[u8]) -> Option<Posted> {
    let end = input.windows(4).position(|it| it == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(input[..end].to_vec()).unwrap();
    let length: usize = head.to_lowercase().split("content-length: ").nth(1)?.split("\r\n").next()?.parse().unwrap();
    (input.len() >= end + length).then(|| (head, input[end..end + length].to_vec()))
}

fn dns() -> FixedResolver {
    FixedResolver::default().with(HOST, Record::Address("127.0.0.1".parse().unwrap()))
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
    aws_lc_rs::hmac::sign(&key, &parts.concat()).as_ref().to_vec()
}

/// The client's side of RFC 8291 section 3.4.
fn decrypt(own: &PrivateKey, auth: &[u8], body: &[u8]) -> Value {
    let (salt, theirs, sealed) = (&body[..16], &body[21..86], &body[86..]);
    assert_eq!(body[16..21], [0, 0, 0x10, 0, 65]);
    let shared = agree(own, UnparsedPublicKey::new(&ECDH_P256, theirs), (), |it| Ok(it.to_vec())).unwrap();
    let public = own.compute_public_key().unwrap();
    let input = mac(&mac(auth, &[&shared]), &[b"WebPush: info\0", public.as_ref(), theirs, &[1]]);
    let pseudorandom = mac(salt, &[&input]);
    let key = mac(&pseudorandom, &[b"Content-Encoding: aes128gcm\0\x01"]);
    let nonce = mac(&pseudorandom, &[b"Content-Encoding: nonce\0\x01"]);
    let key = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key[..16]).unwrap());
    let mut sealed = sealed.to_vec();
    let nonce = Nonce::try_assume_unique_for_key(&nonce[..12]).unwrap();
    let plain = key.open_in_place(nonce, Aad::empty(), &mut sealed).unwrap();
    assert_eq!(plain.last(), Some(&2));
    serde_json::from_slice(&plain[..plain.len() - 1]).unwrap()
}

/// RFC 8292 sections 2 and 3.
fn check_token(head: &str, origin: &str, key: &str) {
    let value = head.split("authorization: vapid t=").nth(1).unwrap().split("\r\n").next().unwrap();
    let (token, told) = value.split_once(", k=").unwrap();
    assert_eq!(told, key);
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let key = URL_SAFE_NO_PAD.decode(key).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    aws_lc_rs::signature::UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(signed.as_bytes(), &signature)
        .unwrap();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(signed.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!((claims["aud"].as_str(), claims["sub"].as_str()), (Some(origin), Some("https://mail.trade.test")));
}

async fn told_through_a_push_service(store: TestStore) {
    let mut service = Receiver::open().await;
    let desk = Desk::open_with(store, service.settings(), dns()).await;
    let (own, auth) = (PrivateKey::generate(&ECDH_P256).unwrap(), [7; 16]);
    let public = URL_SAFE_NO_PAD.encode(own.compute_public_key().unwrap());
    let keys = json!({ "p256dh": public, "auth": URL_SAFE_NO_PAD.encode(auth) });
    let wanted = json!({ "deviceClientId": "d", "url": service.url(), "keys": keys, "types": ["Email"] });
    let stop = CancellationToken::new();
    let (server, stopping) = (Arc::clone(&desk.server), stop.clone());
    let serving = tokio::spawn(async move { server.serve_subscriptions(&stopping).await });
    let made = ask(&desk, "PushSubscription/set", json!({ "create": { "s": &wanted } })).await;
    let id = made["created"]["s"]["id"].as_str().unwrap().to_owned();
    let (head, body) = service.next().await;
    assert!(head.starts_with("POST /to/here?x=1 HTTP/1.1\r\n") && head.contains("\r\nttl: 86400\r\n"), "{head}");
    let session = desk.server.session(&desk.asker, "https://mail.trade.test").await.unwrap();
    let key = session["capabilities"]["urn:ietf:params:jmap:webpush-vapid"]["applicationServerKey"].as_str().unwrap();
    check_token(&head, service.url().strip_suffix("/to/here?x=1").unwrap(), key);
    let asked = decrypt(&own, &auth, &body);
    assert_eq!((&asked["@type"], &asked["pushSubscriptionId"]), (&json!("PushVerification"), &json!(id)));
    // Nothing is told before the code came back.
    desk.append(desk.inbox, "From: a@x.example\nSubject: x\n\nx\n", 0).await;
    let update = |code: &str| json!({ "update": { &id: { "verificationCode": code } } });
    let refused = ask(&desk, "PushSubscription/set", update("wrong")).await;
    assert_eq!(refused["notUpdated"][&id]["properties"], json!(["verificationCode"]));
    let set = ask(&desk, "PushSubscription/set", update(asked["verificationCode"].as_str().unwrap())).await;
    assert_eq!(set["updated"], json!({ &id: null }));
    assert!(service.posted.try_recv().is_err());
    desk.append(desk.inbox, "From: a@x.example\nSubject: y\n\ny\n", 0).await;
    let told = decrypt(&own, &auth, &service.next().await.1);
    let state = desk.call("Email/get", json!({ "ids": [] })).await["state"].clone();
    let account = crate::ids::show(desk.account);
    assert_eq!(told, json!({ "@type": "StateChange", "changed": { account: { "Email": state } } }));
    // A push service that knows the client no more ends it.
    *service.status.lock() = 410;
    desk.append(desk.inbox, "From: a@x.example\nSubject: z\n\nz\n", 0).await;
    service.next().await;
    gone(&desk).await;
    assert_eq!(ask(&desk, "PushSubscription/get", json!({ "ids": [id] })).await["notFound"], json!([id]));
    // So does the end of the sign-in that it was made with.
    *service.status.lock() = 201;
    ask(&desk, "PushSubscription/set", json!({ "create": { "s": wanted } })).await;
    service.next().await;
    let account = desk.account;
    desk.store.write(move |tx| identity::end_sign_ins(tx, account)).await.unwrap();
    gone(&desk).await;
    stop.cancel();
    serving.await.unwrap();
}

async fn what_is_no_subscription_is_refused(store: TestStore) {
    let desk = Desk::open(store).await;
    let good = || json!({ "deviceClientId": "d", "url": "https://push.test/x" });
    let with = |name: &str, value: Value| {
        let mut object = good();
        object[name] = value;
        object
    };
    for (name, object) in [
        ("url", with("url", json!("http://push.test/x"))),
        ("url", with("url", json!("https://a:b@push.test/x"))),
        ("keys", with("keys", json!({ "p256dh": "AAAA", "auth": "AAAA" }))),
        ("expires", with("expires", json!("2020-01-01T00:00:00Z"))),
        ("types", with("types", json!("Email"))),
        ("deviceClientId", with("deviceClientId", json!(""))),
        ("verificationCode", with("verificationCode", json!("x"))),
    ] {
        let answer = ask(&desk, "PushSubscription/set", json!({ "create": { "s": object } })).await;
        assert_eq!(answer["notCreated"]["s"]["properties"], json!([name]), "{answer}");
    }
    let many: serde_json::Map<String, Value> = (0..17).map(|n| (n.to_string(), good())).collect();
    let answer = ask(&desk, "PushSubscription/set", json!({ "create": many })).await;
    assert_eq!(answer["created"].as_object().unwrap().len(), 16);
    let (_, refused) = answer["notCreated"].as_object().unwrap().iter().next().unwrap();
    assert_eq!(refused["type"], "overQuota");
    let listed = ask(&desk, "PushSubscription/get", json!({})).await;
    let (id, first) = (listed["list"][0]["id"].clone(), &listed["list"][0]);
    assert_eq!((&first["verificationCode"], &first["types"]), (&Value::Null, &Value::Null));
    let id = id.as_str().unwrap();
    let answers = desk.ask(&desk.asker, &[("PushSubscription/get", json!({ "properties": ["url"] }))]).await;
    assert_eq!((answers[0].0.as_str(), &answers[0].1["type"]), ("error", &json!("forbidden")));
    let set = json!({ "update": { id: { "url": "https://push.test/y" } }, "destroy": ["k0"] });
    let answer = ask(&desk, "PushSubscription/set", set).await;
    assert_eq!(answer["notUpdated"][id]["properties"], json!(["url"]));
    assert_eq!(answer["notDestroyed"]["k0"]["type"], "notFound");
    // Others see nothing of it.
    let others = desk.ask(&desk.other, &[("PushSubscription/get", json!({}))]).await;
    assert_eq!(others[0].1["list"], json!([]));
    assert_eq!(ask(&desk, "PushSubscription/set", json!({ "destroy": [id] })).await["destroyed"], json!([id]));
}

/// Waits until there is no subscription.
async fn gone(desk: &Desk) {
    for _ in 0..1200 {
        if ask(desk, "PushSubscription/get", json!({})).await["list"] == json!([]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the subscription is still there");
}

/// Asks with a sign-in that lasts.
async fn ask(desk: &Desk, name: &str, arguments: Value) -> Value {
    let mut asker = Asker::clone(&desk.asker);
    asker.principal.method = Method::Directory;
    let (answered, answer) = desk.ask(&Arc::new(asker), &[(name, arguments)]).await.remove(0);
    assert_eq!(answered, name, "{answer}");
    answer
}

store::on_both_engines! {
    told_through_a_push_service,
    what_is_no_subscription_is_refused,
}
