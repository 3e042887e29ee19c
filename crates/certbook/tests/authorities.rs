//! Authorities and directories asked over HTTP: OpenSSL keeps the authority and makes its answers, with ECDSA and with SM2.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    dead_code,
    reason = "a test stops where something fails; helpers are shared"
)]

#[path = "../../smime/tests/authority/mod.rs"]
mod authority;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use authority::{Authority, Kind as Of};
use certbook::{Inquirer, Kind, Ldap, Means, NoLdap, PartnerDirectory, SmimeSettings, Standing, StatusDemand, look};
use crypto::tls::{ClientTls, Roots};
use env::{Clock, SystemClock};
use identity::{IdentityError, Level};
use resolver::fixed::FixedResolver;
use smime::Style;
use store::Store;
use store::testing::TestStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

store::on_both_engines! {
    a_responder_is_asked_once_and_again_later,
    a_list_stands_in_for_a_responder,
    who_is_silent_is_left_alone_for_a_while,
    only_hosts_that_may_be_are_asked,
    mail_of_the_revoked_does_not_hold,
    nothing_is_encrypted_to_the_revoked,
    a_certificate_of_a_directory_is_checked_before_it_is_used,
}

/// What is served under each path: its media type and its octets.
type Pages = HashMap<String, (String, Vec<u8>)>;

/// A server of the authority: what lies at a path, and what was asked for.
#[derive(Clone, Default)]
struct Host {
    pages: Arc<Mutex<Pages>>,
    asked: Arc<Mutex<Vec<String>>>,
    port: u16,
}

const OCSP: &str = "application/ocsp-response";

impl Host {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let serving = host.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let host = serving.clone();
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    let mut room = [0; 4096];
                    while !is_whole(&request) {
                        match stream.read(&mut room).await {
                            Ok(length) if length > 0 => request.extend_from_slice(&room[..length]),
                            _ => return,
                        }
                    }
                    let answer = host.answer(&request);
                    let _ = stream.write_all(&answer).await;
                });
            }
        });
        host
    }

    fn answer(&self, request: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(request);
        let path = text.split(' ').nth(1).unwrap_or_default().to_owned();
        self.asked.lock().unwrap().push(path.clone());
        let found = self.pages.lock().unwrap().get(&path).cloned();
        let (status, kind, body) = match found {
            Some((kind, place)) if kind == "openssl" => {
                let body = request.windows(4).position(|it| it == b"\r\n\r\n").map_or(&[][..], |at| &request[at + 4..]);
                ("200 OK", OCSP.to_owned(), answered(&String::from_utf8(place).unwrap(), body))
            }
            Some((kind, body)) => ("200 OK", kind, body),
            None => ("404 Not Found", "text/plain".to_owned(), Vec::new()),
        };
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        );
        [head.into_bytes(), body].concat()
    }

    fn put(&self, path: &str, kind: &str, body: Vec<u8>) {
        self.pages.lock().unwrap().insert(path.to_owned(), (kind.to_owned(), body));
    }

    /// Has OpenSSL answer questions.
    fn respond(&self, ours: &Authority, tools: &str) {
        let script = format!("cd {}; {tools}", ours.path("").display());
        self.put("/ocsp", "openssl", script.into_bytes());
    }

    fn take(&self, path: &str) {
        self.pages.lock().unwrap().remove(path);
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn is_whole(request: &[u8]) -> bool {
    let Some(at) = request.windows(4).position(|it| it == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&request[..at]).to_lowercase();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok()).unwrap_or(0);
    request.len() >= at + 4 + length
}

fn answered(script: &str, question: &[u8]) -> Vec<u8> {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("question"), question).unwrap();
    let here = place.path().display();
    let text = format!(
        "{script}; openssl ocsp -index index.txt -CA ca.pem -rsigner responder.pem -rkey responder.key -ndays 1 \
         -reqin {here}/question -respout {here}/answer $OCSP"
    );
    let made = std::process::Command::new("bash").args(["-euc", &text]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::read(place.path().join("answer")).unwrap()
}

const OF_EC: &str = "OCSP=''";
const OF_SM2: &str = "OCSP='-rmd sm3 -rsigopt distid:1234567812345678'";

async fn host_and_authority(of: Of) -> Option<(Host, Authority)> {
    let host = Host::start().await;
    let port = host.port;
    let places = format!(
        "crlDistributionPoints = URI:http://127.0.0.1:{port}/list\nauthorityInfoAccess = OCSP;URI:http://127.0.0.1:{port}/ocsp"
    );
    let ours = Authority::new(of, &places)?;
    Some((host, ours))
}

fn settings() -> SmimeSettings {
    SmimeSettings { networks: vec!["127.0.0.0/8".to_owned()], ..SmimeSettings::default() }
}

fn inquirer_with(store: &TestStore, settings: SmimeSettings, ldap: Arc<dyn Ldap>) -> Arc<Inquirer> {
    store.clock.set(SystemClock.now());
    let tls = ClientTls::opportunistic(&Roots::only(&[]).unwrap()).unwrap();
    let dns = Arc::new(FixedResolver::default());
    Arc::new(Inquirer::new(Store::clone(store), dns, tls, settings, ldap).unwrap())
}

fn inquirer(store: &TestStore) -> Arc<Inquirer> {
    inquirer_with(store, settings(), NoLdap::shared())
}

async fn standing(inquirer: &Inquirer, ours: &Authority, name: &str) -> Standing {
    inquirer.standing(&ours.trust(), &ours.certificate(name), &[]).await.unwrap()
}

async fn a_responder_is_asked_once_and_again_later(store: TestStore) {
    for (of, tools) in [(Of::Ec, OF_EC), (Of::Sm2, OF_SM2)] {
        let Some((host, ours)) = host_and_authority(of).await else { return };
        let inquirer = inquirer(&store);
        host.respond(&ours, tools);
        for _ in 0..2 {
            assert_eq!(standing(&inquirer, &ours, "good").await, Standing::Good, "{of:?}");
            assert_eq!(standing(&inquirer, &ours, "lost").await, Standing::Revoked, "{of:?}");
        }
        assert_eq!(host.asked(), ["/ocsp", "/ocsp"], "{of:?}");
        store.clock.advance(Duration::from_secs(3601));
        assert_eq!(standing(&inquirer, &ours, "good").await, Standing::Good, "{of:?}");
        assert_eq!(host.asked(), ["/ocsp"], "{of:?}");
        // What another authority's responder says does not count.
        let theirs = Authority::new(of, "").unwrap();
        host.respond(&theirs, tools);
        store.clock.advance(Duration::from_secs(3601));
        assert!(matches!(standing(&inquirer, &ours, "good").await, Standing::Unknown(_)), "{of:?}");
    }
}

async fn a_list_stands_in_for_a_responder(store: TestStore) {
    for of in [Of::Ec, Of::Sm2] {
        let Some((host, ours)) = host_and_authority(of).await else { return };
        let inquirer = inquirer(&store);
        host.put("/ocsp", "text/html", b"down".to_vec());
        ours.run("list list -crldays 10");
        host.put("/list", "application/pkix-crl", ours.read("list"));
        assert_eq!(standing(&inquirer, &ours, "good").await, Standing::Good, "{of:?}");
        assert_eq!(standing(&inquirer, &ours, "lost").await, Standing::Revoked, "{of:?}");
        // The list was fetched once.
        assert_eq!(host.asked(), ["/ocsp", "/list", "/ocsp"], "{of:?}");
        // Once its server is gone it is gone by as long as it holds.
        host.take("/list");
        store.clock.advance(Duration::from_secs(7200));
        assert_eq!(standing(&inquirer, &ours, "good").await, Standing::Good, "{of:?}");
        assert_eq!(host.asked(), ["/ocsp", "/list"], "{of:?}");
        store.clock.advance(Duration::from_secs(86_400 * 10));
        assert!(matches!(standing(&inquirer, &ours, "good").await, Standing::Unknown(_)), "{of:?}");
    }
}

async fn who_is_silent_is_left_alone_for_a_while(store: TestStore) {
    let Some((host, ours)) = host_and_authority(Of::Sm2).await else { return };
    let inquirer = inquirer(&store);
    for _ in 0..2 {
        assert!(matches!(standing(&inquirer, &ours, "good").await, Standing::Unknown(_)));
    }
    assert_eq!(host.asked(), ["/ocsp", "/list"]);
    host.respond(&ours, OF_SM2);
    store.clock.advance(Duration::from_secs(301));
    assert_eq!(standing(&inquirer, &ours, "good").await, Standing::Good);
    // A list that somebody has added tells where nobody answers.
    host.take("/ocsp");
    store.clock.advance(Duration::from_secs(3601));
    let trust = ours.trust().with_list(&ours.read("list")).unwrap();
    assert_eq!(inquirer.standing(&trust, &ours.certificate("good"), &[]).await.unwrap(), Standing::Good);
}

async fn only_hosts_that_may_be_are_asked(store: TestStore) {
    let Some((host, ours)) = host_and_authority(Of::Ec).await else { return };
    host.respond(&ours, OF_EC);
    let strict = inquirer_with(&store, SmimeSettings::default(), NoLdap::shared());
    let said = standing(&strict, &ours, "good").await;
    assert!(matches!(&said, Standing::Unknown(cause) if cause.contains("no address that may be asked")), "{said:?}");
    let off = inquirer_with(&store, SmimeSettings { revocation: false, ..settings() }, NoLdap::shared());
    assert_eq!(standing(&off, &ours, "good").await, Standing::Unnamed);
    assert!(host.asked().is_empty());
}

/// An organisation that trusts the authority.
async fn organisation(store: &TestStore, ours: &Authority) -> i64 {
    let make = |tx: &mut store::Tx<'_>| {
        let organisation = identity::create_organisation(tx, "Trade Test", Level::Basic)?;
        identity::create_domain(tx, organisation, "trade.test")?;
        Ok(organisation)
    };
    let organisation = store.write::<_, IdentityError, _>(make).await.unwrap();
    let root = ours.read("ca.pem");
    store.write(move |tx| certbook::add(tx, organisation, Kind::Root, &root)).await.unwrap();
    organisation
}

async fn arrives(store: &TestStore, inquirer: &Inquirer, ours: &Authority, organisation: i64, name: &str) -> String {
    let letter = format!("From: <{name}@far.test>\r\nTo: <ann@trade.test>\r\nSubject: Price\r\n\r\nTen pieces\r\n");
    let (now, entropy) = (store.context().clock.now(), &*store.context().entropy);
    let signed = smime::sign(letter.as_bytes(), &ours.identity(name), Style::CLEAR, now, entropy).unwrap();
    let occasion = identity::rights::Occasion { organisation, account: None, message: Some(1) };
    look(inquirer, "mx.trade.test", occasion, vec![], signed).await.unwrap().fields
}

async fn mail_of_the_revoked_does_not_hold(store: TestStore) {
    let Some((host, ours)) = host_and_authority(Of::Sm2).await else { return };
    let inquirer = inquirer(&store);
    let organisation = organisation(&store, &ours).await;
    // Nobody answers: it holds, and that it was not checked is told.
    let fields = arrives(&store, &inquirer, &ours, organisation, "lost").await;
    assert!(fields.contains("smime=pass") && fields.contains("revocation=unchecked"), "{fields}");
    store.clock.advance(Duration::from_secs(301));
    host.respond(&ours, OF_SM2);
    let fields = arrives(&store, &inquirer, &ours, organisation, "good").await;
    assert!(fields.contains("smime=pass") && fields.contains("revocation=checked"), "{fields}");
    let fields = arrives(&store, &inquirer, &ours, organisation, "lost").await;
    assert!(fields.contains("smime=policy reason=\"revoked\"") && !fields.contains("revocation="), "{fields}");
}

async fn means(inquirer: &Inquirer, organisation: i64, to: &str, status: StatusDemand) -> (Option<String>, bool) {
    let to = [to.to_owned()];
    let means = Means::find(inquirer, organisation, None, "ann@trade.test", (&to, status)).await.unwrap();
    (means.lacking().and_then(|it| it.cause.clone()), means.lacking().is_none())
}

async fn known(store: &TestStore, organisation: i64, to: &str) -> bool {
    let to = [to.to_owned()];
    let work = move |tx: &mut store::Tx<'_>| {
        Means::known(tx, organisation, None, "ann@trade.test", (&to, StatusDemand::Asked))
    };
    store.read(work).await.unwrap().lacking().is_none()
}

async fn nothing_is_encrypted_to_the_revoked(store: TestStore) {
    let Some((host, ours)) = host_and_authority(Of::Ec).await else { return };
    let inquirer = inquirer(&store);
    let organisation = organisation(&store, &ours).await;
    // Both are learned while nobody answers.
    for name in ["good", "lost"] {
        arrives(&store, &inquirer, &ours, organisation, name).await;
    }
    let (asked, required) = (StatusDemand::Asked, StatusDemand::Required);
    assert_eq!(means(&inquirer, organisation, "lost@far.test", asked).await, (None, true), "soft by default");
    let (cause, is_there) = means(&inquirer, organisation, "lost@far.test", required).await;
    assert!(!is_there && cause.is_some_and(|it| it.contains("cannot be checked now")), "it waits");
    assert!(known(&store, organisation, "lost@far.test").await);
    host.respond(&ours, OF_EC);
    store.clock.advance(Duration::from_secs(301));
    for status in [asked, required] {
        assert_eq!(means(&inquirer, organisation, "good@far.test", status).await, (None, true), "{status:?}");
        assert_eq!(means(&inquirer, organisation, "lost@far.test", status).await, (None, false), "{status:?}");
    }
    // What was said then is known without asking.
    assert!(!known(&store, organisation, "lost@far.test").await);
    assert!(known(&store, organisation, "good@far.test").await);
}

/// A directory that speaks LDAP, for tests.
struct Stub(Mutex<Result<Vec<Vec<u8>>, String>>);

#[async_trait]
impl Ldap for Stub {
    async fn certificates(&self, _: &PartnerDirectory, _: &str) -> Result<Vec<Vec<u8>>, String> {
        self.0.lock().unwrap().clone()
    }
}

async fn a_certificate_of_a_directory_is_checked_before_it_is_used(store: TestStore) {
    let Some((host, ours)) = host_and_authority(Of::Sm2).await else { return };
    let stub = Arc::new(Stub(Mutex::new(Ok(Vec::new()))));
    let over_http = PartnerDirectory {
        name: "web".to_owned(),
        url: format!("http://127.0.0.1:{}/certificates", host.port),
        partners: vec!["far.test".to_owned()],
        ..PartnerDirectory::default()
    };
    let by_ldap = PartnerDirectory {
        name: "ldap".to_owned(),
        url: "ldaps://far.test".to_owned(),
        base: "dc=far".to_owned(),
        ..over_http.clone()
    };
    let settings = SmimeSettings { directory: vec![over_http, by_ldap], ..settings() };
    let inquirer = inquirer_with(&store, settings, Arc::clone(&stub) as Arc<dyn Ldap>);
    let organisation = organisation(&store, &ours).await;
    host.respond(&ours, OF_SM2);
    let der = |name: &str| ours.certificate(name).der().to_vec();
    let is_there =
        async |name: &str| means(&inquirer, organisation, &format!("{name}@far.test"), StatusDemand::Asked).await;
    // Nobody has one; that is remembered.
    assert_eq!(is_there("good").await, (None, false));
    host.put("/certificates?uri=good%40far.test", "application/pkix-cert", der("good"));
    assert_eq!(is_there("good").await, (None, false));
    store.clock.advance(Duration::from_secs(86_401));
    assert_eq!(is_there("good").await, (None, true));
    host.asked();
    assert_eq!(is_there("good").await, (None, true));
    assert!(!host.asked().iter().any(|path| path.starts_with("/certificates")), "it is kept");
    // Revoked, another's, and no certificate are refused.
    let both = [b"--x\r\n\r\n".to_vec(), der("lost"), b"\r\n--x--\r\n".to_vec()].concat();
    host.put("/certificates?uri=lost%40far.test", "multipart/mixed", both);
    host.put("/certificates?uri=other%40far.test", "application/pkix-cert", der("good"));
    host.put("/certificates?uri=odd%40far.test", "application/pkix-cert", b"<html>".to_vec());
    for (name, reason) in [("lost", Some("revoked")), ("other", Some("not for other@far.test")), ("odd", None)] {
        let found = inquirer.look_up(organisation, &format!("{name}@far.test")).await.unwrap();
        assert!(found.found.is_none() && found.asked == 2, "{name}");
        let reasons: Vec<&str> = found.refused.iter().map(|(_, reason)| reason.as_str()).collect();
        assert!(reasons.first().is_some_and(|it| it.contains(reason.unwrap_or(""))) == reason.is_some(), "{reasons:?}");
    }
    // A partner of somebody else is not asked for.
    assert_eq!(inquirer.look_up(organisation, "li@elsewhere.test").await.unwrap().asked, 0);
    // A directory that does not answer keeps the mail waiting; what was found before is used on.
    *stub.0.lock().unwrap() = Err("no connection".to_owned());
    let (cause, is_found) = is_there("nobody").await;
    assert!(!is_found && cause.is_some_and(|it| it.contains("the directory ldap cannot be asked: no connection")));
    host.take("/certificates?uri=good%40far.test");
    store.clock.advance(Duration::from_secs(86_401));
    assert_eq!(is_there("good").await, (None, true));
    // Once all answer, and none has one, it is forgotten.
    *stub.0.lock().unwrap() = Ok(Vec::new());
    store.clock.advance(Duration::from_secs(301));
    assert_eq!(is_there("good").await, (None, false));
    *stub.0.lock().unwrap() = Ok(vec![der("good")]);
    assert_eq!(inquirer.look_up(organisation, "good@far.test").await.unwrap().found.unwrap().subject, "good");
}
