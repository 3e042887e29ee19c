//! What is done so that a filter does not see what a reader sees: it is found, or bounded, and in the end changes little.

use super::tests::judged;
use super::*;
use crate::facts::links::LINKS_MAX;
use crate::facts::{Received, TEXT_OCTETS_MAX};
use crate::verdict::Action;

const PLAIN: &str = "Your account will be suspended. Verify your password within 24 hours.";

fn facts(raw: &[u8]) -> Facts {
    Facts::read(Received { raw, ..Received::default() })
}

fn message(fields: &str, body: &str) -> String {
    format!(
        "From: Support <s@old-shop.example>\r\nTo: <anna@trade.example>\r\nSubject: notice\r\n{fields}\r\n\r\n{body}\r\n"
    )
}

fn page(body: &str) -> String {
    message(
        "Content-Type: text/html; charset=utf-8",
        &format!("<p>{body}</p><p><a href=\"http://k3.test/a\">open</a></p>"),
    )
}

fn ids(raw: &str) -> Vec<String> {
    Rules::shipped().findings(&facts(raw.as_bytes())).into_iter().map(|finding| finding.id).collect()
}

fn check(raw: &str, wanted: &[&str]) {
    let found = ids(raw);
    for id in wanted {
        assert!(found.iter().any(|one| one == id), "{id} of {found:?}: {raw}");
    }
}

#[test]
fn disguised_words_are_read_and_told() {
    let wanted = ["account-threat", "one-way-out"];
    for (disguised, told) in [
        (
            "Your acc\u{200b}ount will be sus\u{200b}pended. Ver\u{200b}ify your pa\u{200b}ss\u{200b}wo\u{200b}rd within 24 hours.",
            "invisible-many",
        ),
        ("Your аccount will be suspеnded. Vеrify your pаssword within 24 hours.", "look-alike-words"),
        (
            "Your a c c o u n t will be s u s p e n d e d. V e r i f y your p a s s w o r d within 24 hours.",
            "letters-pulled-apart",
        ),
        ("Your acc0unt will be susp3nded. V3rify your p4ssword within 24 hours.", "disguised-words"),
        (
            "\u{202e}\u{202c}Your account will be suspended. Verify your password within 24 hours.\u{202e}\u{202c}",
            "direction-marks",
        ),
    ] {
        check(&page(disguised), &wanted);
        check(&page(disguised), &[told]);
    }
    for disguised in [
        "Your ac<!-- x -->count will be sus<b></b>pended. Ver<span></span>ify your pass<i></i>word within 24 hours.",
        "Your &#97;ccount will be &#x73;uspended. Verif&#121; your pass&#119;ord within 24 hours.",
        "𝐘𝐨𝐮𝐫 𝐚𝐜𝐜𝐨𝐮𝐧𝐭 𝐰𝐢𝐥𝐥 𝐛𝐞 𝐬𝐮𝐬𝐩𝐞𝐧𝐝𝐞𝐝. Ｖｅｒｉｆｙ ｙｏｕｒ ｐａｓｓｗｏｒｄ within 24 hours.",
        "Your account will be suspended. <span style=\"display:none\">Our quotation for valves.</span> Verify your password within 24 hours.",
        "<font color=\"#ffffff\">lovely weather today</font> Your account will be suspended. Verify your password within 24 hours.",
    ] {
        check(&page(disguised), &wanted);
    }
}

#[test]
fn text_in_another_coat_is_the_same_text() {
    let base64 = message(
        "Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: base64",
        "WW91ciBhY2NvdW50IHdpbGwgYmUgc3VzcGVuZGVkLiBWZXJpZnkgeW91ciBwYXNzd29yZCB3\r\naXRoaW4gMjQgaG91cnMuIGh0dHA6Ly9rMy50ZXN0L2E=",
    );
    check(&base64, &["account-threat", "needless-base64-wants"]);
    let quoted = message(
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable",
        "=59=6F=75=72 acc=\r\nount will be sus=\r\npended. Verify your pass=77ord. http://k3.test/a",
    );
    check(&quoted, &["account-threat"]);
    check(
        &message(
            "Content-Type: text/plain; charset=utf-7",
            "Your account will be +AHM-uspended. Verify your password. http://k3.test/a",
        ),
        &["account-threat"],
    );
    let mut wide = message("Content-Type: text/plain; charset=utf-16le", "").into_bytes();
    wide.extend(format!("{PLAIN} http://k3.test/a").encode_utf16().flat_map(u16::to_le_bytes));
    assert!(facts(&wide).normal_text.contains(" verify your password "), "{:?}", facts(&wide).text);
    for (charset, octets) in [
        ("gb18030", b"\xc4\xfa\xb5\xc4\xd5\xcb\xbb\xa7\xbd\xab\xb1\xbb\xb6\xb3\xbd\xe1".as_slice()),
        ("big5", b"\xb1\xb1\xaa\xba\xb1b\xa4\xe1".as_slice()),
        ("koi8-r", b"\xf0\xcf\xc4\xd4\xd7\xc5\xd2\xc4\xc9\xd4\xc5".as_slice()),
        ("no-such-charset", b"account".as_slice()),
    ] {
        let mut raw = message(&format!("Content-Type: text/plain; charset={charset}"), "").into_bytes();
        raw.extend_from_slice(octets);
        assert!(!facts(&raw).text.contains('\u{fffd}') && facts(&raw).text.trim().len() > 5, "{charset}");
    }
}

#[test]
fn links_in_disguise_lead_where_they_lead() {
    for (url, host) in [
        ("http://%6b%33.test/a", "k3.test"),
        ("http://k3.test%2f@evil.test/", "evil.test"),
        ("http://www.bank.test@evil.test/", "evil.test"),
        ("http:\\\\k3.test\\a", "k3.test"),
        ("http:/k3.test/a", "k3.test"),
        ("HTTP://K3.TEST./a", "k3.test"),
        ("http://k3\u{3002}test/a", "k3.test"),
        ("http://\u{ff4b}3.test/a", "k3.test"),
        ("http://k\u{ad}3.test/a", "k3.test"),
        ("ht\ntp://k3.test/a", "k3.test"),
        ("http://3221225991/", "192.0.2.7"),
        ("http://0xc0.0x0.0x2.0x7/", "192.0.2.7"),
        ("http://0300.0.2.7/", "192.0.2.7"),
        ("https://go.test/r?to=https%3A%2F%2Fk3.test%2Fa", "k3.test"),
        ("https://go.test/r?u=https%3A%2F%2Fgo2.test%2F%3Fv%3Dhttps%253A%252F%252Fk3.test%252F", "k3.test"),
        ("//k3.test/a", "k3.test"),
    ] {
        let raw = message("Content-Type: text/html; charset=utf-8", &format!("<a href=\"{url}\">open</a>"));
        let found: Vec<String> = facts(raw.as_bytes()).links.into_iter().map(|link| link.host).collect();
        assert_eq!(found, [host], "{url:?}");
    }
}

#[test]
fn pictures_instead_of_words_are_told() {
    let picture = page("<a href=\"http://k3.test/\"><img src=\"http://k3.test/i.png\"></a>").replace(">open<", "><");
    check(&picture, &["pictures-instead-of-text", "picture-is-the-link"]);
}

#[test]
fn confused_boundaries_hide_no_text() {
    let part = format!("Content-Type: text/plain\r\n\r\n{PLAIN} http://k3.test/a\r\n");
    for (fields, body) in [
        // The inner boundary begins like the outer one.
        (
            "multipart/mixed; boundary=b",
            format!("--b\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\n{part}--b2--\r\n--b--"),
        ),
        // Never closed.
        ("multipart/mixed; boundary=b", format!("--b\r\n{part}")),
        // Spaces behind the boundary.
        ("multipart/mixed; boundary=\"b\"", format!("--b  \r\n{part}--b--  \r\n")),
        // A multipart that names no boundary is the text that it holds.
        ("multipart/mixed", part.clone()),
    ] {
        let raw = message(&format!("MIME-Version: 1.0\r\nContent-Type: {fields}"), &body);
        assert!(facts(raw.as_bytes()).normal_text.contains(" verify your password "), "{raw}");
    }
    let twice = message("Content-Type: text/plain\r\nContent-Type: text/html", PLAIN);
    check(&twice, &["fields-twice"]);
}

#[test]
fn what_has_no_end_is_bounded() {
    let links: String =
        (0..100_000).map(|n| format!("<a href=\"http://h{n}.test/\">x</a> http://t{n}.test/ ")).collect();
    let found = facts(page(&links).as_bytes());
    assert!(found.links.len() <= LINKS_MAX && found.text.len() <= TEXT_OCTETS_MAX);
    let deep = "<div><font>".repeat(100_000);
    assert!(facts(page(&deep).as_bytes()).html.elements > 1000);
    let nested: String =
        (0..500).map(|n| format!("--b{n}\r\nContent-Type: multipart/mixed; boundary=b{}\r\n\r\n", n + 1)).collect();
    let raw = message("Content-Type: multipart/mixed; boundary=b0", &nested);
    assert!(facts(raw.as_bytes()).oddities.truncated);
    let header: String = (0..20_000).map(|n| format!("X-{n}: {n}\r\n")).collect();
    assert!(facts(message(header.trim_end(), "x").as_bytes()).form.fields.len() <= crate::facts::form::FIELDS_MAX);
    let marks = "\u{202e}\u{200b}a".repeat(200_000);
    assert!(facts(page(&marks).as_bytes()).text.len() <= TEXT_OCTETS_MAX);
}

#[test]
fn a_bank_that_hides_everything_is_kept_back() {
    let judge = Judge::shipped().unwrap();
    let verdict = judged(
        &judge,
        &page(
            "<a href=\"http://3221225991/x\">https://www.bank.test/</a> Your аccоunt will be susp\u{200b}ended. <input type=password> V e r i f y now.",
        ),
    );
    assert_eq!(verdict.action, Action::Quarantine, "{verdict:?}");
}
