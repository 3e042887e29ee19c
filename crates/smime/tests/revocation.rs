//! Lists of revoked certificates that OpenSSL made, with ECDSA and with SM2.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    dead_code,
    reason = "a test stops where something fails; helpers are shared"
)]

mod authority;

use std::time::Duration;

use authority::{Authority, Kind};
use env::{Clock, SystemClock, Timestamp};
use smime::{Fault, Link, UnusableList};

const PLACE: &str = "http://list.test/ours.crl";

fn authority(kind: Kind) -> Option<Authority> {
    Authority::new(
        kind,
        &format!("crlDistributionPoints = URI:{PLACE}\nauthorityInfoAccess = OCSP;URI:http://ocsp.test/"),
    )
}

fn link(ours: &Authority, name: &str) -> Link {
    let mut links = ours.trust().links(&ours.certificate(name), &[], SystemClock.now()).unwrap();
    assert_eq!(links.len(), 1);
    links.remove(0)
}

fn days(days: u64) -> Timestamp {
    SystemClock.now().plus(Duration::from_secs(days * 86_400))
}

#[test]
fn a_list_tells_who_was_revoked() {
    for kind in [Kind::Ec, Kind::Sm2] {
        let Some(ours) = authority(kind) else { return };
        let (good, lost, now) = (link(&ours, "good"), link(&ours, "lost"), SystemClock.now());
        assert_eq!((good.lists(), good.names_responder()), (&[PLACE.to_owned()][..], true));
        let list = ours.read("list");
        let said = good.read_list(&list, PLACE, now).unwrap();
        assert!(!said.is_revoked && said.until > days(28) && said.until < days(31), "{kind:?}");
        assert!(lost.read_list(&list, PLACE, now).unwrap().is_revoked, "{kind:?}");
        // Of another time.
        let late = good.read_list(&list, PLACE, days(31));
        assert!(matches!(late, Err(UnusableList::NotCurrent { .. })), "{kind:?}");
        let early = Timestamp::from_seconds(now.seconds() - 86_400);
        assert!(matches!(good.read_list(&list, PLACE, early), Err(UnusableList::NotCurrent { .. })), "{kind:?}");
        // Altered, cut off, and nothing of the kind.
        let mut altered = list.clone();
        let place = altered.len() - 90;
        altered[place] ^= 1;
        assert!(good.read_list(&altered, PLACE, now).is_err(), "{kind:?}");
        assert_eq!(good.read_list(&list[..list.len() - 1], PLACE, now), Err(UnusableList::Malformed));
        assert_eq!(good.read_list(b"<html>", PLACE, now), Err(UnusableList::Malformed));
    }
}

#[test]
fn a_list_of_another_counts_for_nothing() {
    for kind in [Kind::Ec, Kind::Sm2] {
        let (Some(ours), Some(theirs)) = (authority(kind), authority(kind)) else { return };
        let now = SystemClock.now();
        // One of the same name, and one of another.
        let refused = link(&ours, "good").read_list(&theirs.read("list"), PLACE, now);
        assert_eq!(refused, Err(UnusableList::Signature), "{kind:?}");
        theirs.run("openssl req -x509 -new -key ca.key $md $id -subj /CN=Theirs -days 30 -out ca.pem; list other");
        let refused = link(&ours, "good").read_list(&theirs.read("other"), PLACE, now);
        assert_eq!(refused, Err(UnusableList::OtherAuthority), "{kind:?}");
        // An authority that must not sign lists.
        ours.run("openssl req -x509 -new -key ca.key $md $id -subj /CN=Ours -days 30 -out ca.pem -addext keyUsage=critical,keyCertSign");
        let refused = link(&ours, "good").read_list(&ours.read("list"), PLACE, now);
        assert_eq!(refused, Err(UnusableList::Signature), "{kind:?}");
    }
}

#[test]
fn a_list_of_a_part_tells_of_that_part() {
    let Some(ours) = authority(Kind::Sm2) else { return };
    ours.run("list users -crlexts users; list authorities -crlexts authorities; list elsewhere -crlexts elsewhere");
    let (lost, now) = (link(&ours, "lost"), SystemClock.now());
    assert!(lost.read_list(&ours.read("users"), PLACE, now).unwrap().is_revoked);
    for other in ["authorities", "elsewhere"] {
        let said = lost.read_list(&ours.read(other), PLACE, now);
        assert!(matches!(said, Err(UnusableList::OtherScope(_))), "{other}: {said:?}");
    }
    assert!(lost.read_list(&ours.read("elsewhere"), "http://elsewhere.test/list", now).unwrap().is_revoked);
}

#[test]
fn a_list_that_somebody_has_added_counts_for_both_kinds() {
    for kind in [Kind::Ec, Kind::Sm2] {
        let Some(ours) = authority(kind) else { return };
        let (good, lost, now) = (ours.certificate("good"), ours.certificate("lost"), SystemClock.now());
        let bare = ours.trust();
        assert_eq!((bare.check(&lost, &[], now), bare.is_listed(&good, &[], now)), (Ok(()), false), "{kind:?}");
        let listed = ours.trust().with_list(&ours.read("list")).unwrap();
        assert_eq!((listed.check(&good, &[], now), listed.is_listed(&good, &[], now)), (Ok(()), true), "{kind:?}");
        assert!(matches!(listed.check(&lost, &[], now), Err(Fault::Revoked { .. })), "{kind:?}");
        assert!(!listed.is_listed(&lost, &[], now), "{kind:?}");
        // Where one is needed.
        let needing = ours.trust().needing_lists();
        assert!(matches!(needing.check(&good, &[], now), Err(Fault::RevocationUnknown { .. })), "{kind:?}");
        let needing = ours.trust().with_list(&ours.read("list")).unwrap().needing_lists();
        assert_eq!(needing.check(&good, &[], now), Ok(()), "{kind:?}");
    }
}

#[test]
fn a_chain_is_asked_about_link_by_link() {
    let Some(ours) = authority(Kind::Sm2) else { return };
    ours.run(
        "key between; openssl req -new -key between.key $md $id -subj /CN=between -out between.csr
         printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign,cRLSign\ncrlDistributionPoints=URI:http://list.test/top\n' > ext
         openssl x509 -req -in between.csr $of -CA ca.pem -CAkey ca.key -CAcreateserial $md $id -days 20 -extfile ext -out between.pem
         key deep; openssl req -new -key deep.key $md $id -subj /CN=deep -out deep.csr
         printf 'subjectAltName=email:deep@far.test\nextendedKeyUsage=emailProtection\n' > ext
         openssl x509 -req -in deep.csr $of -CA between.pem -CAkey between.key -CAcreateserial $md $id -days 20 -extfile ext -out deep.pem",
    );
    let between = [ours.certificate("between")];
    let links = ours.trust().links(&ours.certificate("deep"), &between, SystemClock.now()).unwrap();
    let names: Vec<&str> = links.iter().map(|it| it.subject.as_str()).collect();
    assert_eq!(names, ["deep", "between"]);
    assert_eq!((links[0].lists().len(), links[1].lists()), (0, &["http://list.test/top".to_owned()][..]));
    assert_eq!(links[0].issuer(), between[0].der());
}
