//! Complaints in the abuse reporting format, those of others and ours, on both engines.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops where something fails")]

mod fixture;

use std::sync::Arc;
use std::time::Duration;

use env::Timestamp;
use judgement::complaints::{self, Complaints, Onward};
use judgement::outbound::{self, Outgoing};
use mailauth::complaint::Complaint;
use store::Tx;
use store::testing::TestStore;

use fixture::{Scene, evil};

store::on_both_engines! {
    a_complaint_about_our_mail_is_kept_once_and_told,
    what_names_nothing_of_ours_is_kept_and_told_to_nobody,
    ours_go_to_others_within_limits,
    rows_go_with_their_account,
}

/// The complaint of a provider about a message of this Message-ID.
fn complaint(id: &str, about: &str) -> String {
    format!(
        "From: <feedback@provider.test>\r\nTo: <abuse@trade.test>\r\nSubject: FW: Catalogue\r\nMessage-ID: <{id}@provider.test>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nThis is a complaint.\r\n\
         --b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\nUser-Agent: Provider/1\r\nVersion: 1\r\n\
         Original-Mail-From: <li@trade.test>\r\nSource-IP: 203.0.113.5\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nFrom: li@trade.test\r\nSubject: Catalogue\r\nMessage-ID: <{about}>\r\n\r\nBuy.\r\n--b--\r\n"
    )
}

async fn keep(scene: &Scene, raw: &str) -> bool {
    let received = complaints::read(raw.as_bytes(), Some("provider.test")).unwrap();
    let organisation = scene.organisation;
    scene.store.write(move |tx| complaints::keep(tx, organisation, &received)).await.unwrap()
}

async fn list(scene: &Scene) -> Vec<complaints::Listed> {
    let organisation = scene.organisation;
    scene.store.read(move |tx| complaints::list(tx, organisation, Timestamp::from_millis(0))).await.unwrap()
}

async fn send(scene: &Scene, id: i64, message: &str) {
    let raw = format!("From: li@trade.test\r\nSubject: Catalogue\r\nMessage-ID: <{message}>\r\n\r\nOur catalogue.\r\n");
    let outgoing = Outgoing {
        id,
        raw: Arc::new(raw.into_bytes()),
        inspected: None,
        account: scene.li,
        organisation: scene.organisation,
        envelope_from: "li@trade.test".to_owned(),
        recipients: vec!["somebody@provider.test".to_owned()],
    };
    let sent = scene.judging(Vec::new()).outgoing(outgoing).await.unwrap();
    scene.store.write(move |tx| outbound::keep(tx, &sent)).await.unwrap();
}

async fn a_complaint_about_our_mail_is_kept_once_and_told(store: TestStore) {
    let scene = Scene::new(store).await;
    send(&scene, 1, "one@trade.test").await;
    assert!(keep(&scene, &complaint("a", "one@trade.test")).await);
    assert!(!keep(&scene, &complaint("a", "one@trade.test")).await, "the same comes twice");
    let listed = list(&scene).await;
    let [one] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((one.account, one.kind.as_str(), one.subject.as_str()), (Some(scene.li), "abuse", "Catalogue"));
    assert_eq!((one.reporter.as_deref(), one.is_ours), (Some("provider.test"), false));

    let letters = Complaints { store: scene.store.handle(), mailer: scene.mailer() };
    assert_eq!(letters.post().await.unwrap(), 1);
    assert_eq!(letters.post().await.unwrap(), 0);
    let told = scene.letters().await;
    let [letter] = told.as_slice() else { panic!("the administrator alone: {told:?}") };
    assert!(letter.contains("li@trade.test") && letter.contains("provider[.]test"), "{letter}");

    // Many complaints are one letter an hour.
    for number in 0..30 {
        keep(&scene, &complaint(&format!("b{number}"), "one@trade.test")).await;
    }
    assert_eq!(letters.post().await.unwrap(), 0);
    scene.store.clock.advance(Duration::from_secs(3_601));
    assert_eq!(letters.post().await.unwrap(), 30);
    assert!(scene.letters().await.iter().any(|letter| letter.contains("Complaints: 30")));
    scene.check().await;
}

async fn what_names_nothing_of_ours_is_kept_and_told_to_nobody(store: TestStore) {
    let scene = Scene::new(store).await;
    assert!(keep(&scene, &complaint("a", "made-up@trade.test")).await, "anybody can say that we did it");
    assert_eq!(list(&scene).await[0].account, None);
    let letters = Complaints { store: scene.store.handle(), mailer: scene.mailer() };
    assert_eq!(letters.post().await.unwrap(), 0);
    for other in [
        complaint("c", "x").replace("Feedback-Type: abuse", "Feedback-Type: auth-failure"),
        complaint("c", "x").replace("message/feedback-report", "text/plain"),
        "From: a@b.test\r\nSubject: x\r\n\r\nNo report.\r\n".to_owned(),
    ] {
        assert_eq!(complaints::read(other.as_bytes(), None), None, "{other}");
    }
}

async fn ours_go_to_others_within_limits(store: TestStore) {
    let scene = Scene::new(store).await;
    let raw = "From: Offers <k3f9x2@old-shop.test>\r\nTo: li@trade.test\r\nSubject: Win\r\n\r\nSee http://old-shop.test/win now.\r\n";
    for id in 1..=60 {
        let kept = scene.judging(vec![evil()]).incoming(scene.arrival(id, raw)).await.unwrap().kept;
        scene.store.write(move |tx| judgement::keep(tx, &kept)).await.unwrap();
    }
    let (store, mailer) = (scene.store.handle(), scene.mailer());
    let send = async |judged: i64, to: &str| {
        let onward = Onward { judged, to: to.to_owned(), by: Some(scene.wang) };
        onward.send(&store, &mailer).await.map_err(|error| error.to_string())
    };
    send(1, "abuse@provider.test").await.unwrap();
    let again = send(1, "Abuse@provider.test").await.unwrap_err();
    assert!(again.contains("has had this complaint before"), "{again}");
    assert!(send(1, "li@trade.test").await.unwrap_err().contains("one of ours"));
    assert!(send(1, "nobody").await.unwrap_err().contains("no address"));
    assert!(send(99, "abuse@provider.test").await.is_err(), "not judged");
    let listed = list(&scene).await;
    let [ours] = listed.as_slice() else { panic!("{listed:?}") };
    assert_eq!((ours.is_ours, ours.account, ours.to.as_deref()), (true, Some(scene.wang), Some("abuse@provider.test")));

    let letter = scene.raw_letters().await.pop().unwrap();
    assert!(!letter.contains("li@trade.test"), "not for whom it was: {letter}");
    let (_, part) = letter.split_once("Content-Type: message/feedback-report\r\n\r\n").unwrap();
    let complaint = Complaint::read(part.split("\r\n\r\n").next().unwrap().as_bytes()).unwrap();
    assert_eq!(complaint.source, Some("192.0.2.1".parse().unwrap()));
    assert_eq!(complaint.domains, ["old-shop.test"]);
    assert_eq!(complaint.uris, ["http://old-shop.test/win"]);

    for judged in 2..=50 {
        send(judged, "abuse@provider.test").await.unwrap();
    }
    assert!(send(51, "abuse@provider.test").await.unwrap_err().contains("try again tomorrow"));
    scene.check().await;
}

async fn rows_go_with_their_account(store: TestStore) {
    let scene = Scene::new(store).await;
    send(&scene, 1, "one@trade.test").await;
    keep(&scene, &complaint("a", "one@trade.test")).await;
    let li = scene.li;
    scene.store.write(move |tx: &mut Tx<'_>| identity::delete_account(tx, li)).await.unwrap();
    assert_eq!(list(&scene).await, []);
    scene.check().await;
}
