use super::*;
use crate::header;
use crate::message::{Structure, decode_part};

const MESSAGE: &[u8] =
    b"From: <sales@trade.test>\r\nMessage-ID: <order17@trade.test>\r\nSubject: order 17\r\n\r\nbody\r\n";

fn status(address: &str, action: Action, code: &str) -> RecipientStatus {
    RecipientStatus {
        final_recipient: Address::parse(address).unwrap(),
        original_recipient: None,
        action,
        status: code.parse().unwrap(),
        reason: None,
        remote_mta: None,
        diagnostic: None,
        last_attempt: None,
        will_retry_until: None,
    }
}

fn letter(recipients: Vec<RecipientStatus>, returned: Returned<'_>, utf8: bool) -> Vec<u8> {
    let sender = Address::parse("sales@trade.test").unwrap();
    let report = Report {
        reporting_mta: "mail.trade.test",
        from_domain: "trade.test",
        arrival: Some(Timestamp::from_seconds(1_795_539_977)),
        original_envelope_id: Some("QQ314159"),
        original_sender: &sender,
        recipients,
        returned,
        utf8,
    };
    build(&report, Timestamp::from_seconds(1_795_540_000), "1a2b@mail.trade.test")
}

/// The letter with its text decoded, for people who review snapshots.
fn shown(letter: &[u8]) -> String {
    let structure = Structure::parse(letter);
    let text = structure.parts.iter().find(|part| part.is("text", "plain")).unwrap();
    let words = String::from_utf8(decode_part(letter, text).unwrap().into_owned()).unwrap();
    let raw = String::from_utf8_lossy(letter);
    let encoded = String::from_utf8_lossy(&letter[text.body_range()]);
    raw.replace(encoded.as_ref(), &words).replace("\r\n", "\n")
}

#[test]
fn tells_of_failure() {
    let failed = RecipientStatus {
        original_recipient: Some("rfc822;anna@acme.example".to_owned()),
        remote_mta: Some("mx.acme.example".to_owned()),
        diagnostic: Some(
            "550 5.1.1 <anna@acme.example>: Recipient address rejected:\r\nUser unknown in virtual mailbox table"
                .to_owned(),
        ),
        last_attempt: Some(Timestamp::from_seconds(1_795_539_990)),
        ..status("anna@acme.example", Action::Failed, "5.1.1")
    };
    let letter =
        letter(vec![failed, status("ok@acme.example", Action::Relayed, "2.1.9")], Returned::Full(MESSAGE), false);
    assert!(letter.is_ascii());
    insta::assert_snapshot!(shown(&letter));
}

#[test]
fn tells_of_delay() {
    let delayed = RecipientStatus {
        will_retry_until: Some(Timestamp::from_seconds(1_795_800_000)),
        ..status("anna@acme.example", Action::Delayed, "4.4.1")
    };
    insta::assert_snapshot!(shown(&letter(vec![delayed], Returned::Headers(MESSAGE), false)));
}

#[test]
fn addresses_in_utf8() {
    let recipients = || vec![status("陈+x@贸易.中国", Action::Failed, "5.6.7")];
    let raw = "From: <陈@trade.test>\r\n\r\n=_1a2bmailtradetest\r\n".as_bytes();
    let global = letter(recipients(), Returned::Full(raw), true);
    insta::assert_snapshot!("global", shown(&global));
    let plain = letter(recipients(), Returned::Headers(raw), false);
    assert!(plain.is_ascii());
    insta::assert_snapshot!("not_global", shown(&plain));
    assert!(Structure::parse(&global).parts.iter().any(|part| part.is("message", "global") && part.children == 1));
}

#[test]
fn structure_is_a_report() {
    let letter = letter(vec![status("a@b.example", Action::Delivered, "2.0.0")], Returned::None, false);
    let kinds: Vec<_> =
        Structure::parse(&letter).parts.iter().map(|part| format!("{}/{}", part.media_type, part.subtype)).collect();
    assert_eq!(kinds, ["multipart/report", "text/plain", "message/delivery-status"]);
    assert_eq!(header::find(&letter, "auto-submitted").unwrap().value().as_ref(), b"auto-replied");
}

#[test]
fn every_code_has_words() {
    for (code, part) in
        [("5.1.1", "does not exist"), ("4.2.2", "full"), ("5.7.99", "rules"), ("5.9.9", "without"), ("4.4.7", "time")]
    {
        let reason = reason(code.parse().unwrap());
        assert!(reason.en.contains(part), "{code}: {}", reason.en);
        assert!(!reason.zh.is_ascii());
    }
}

#[test]
fn reads_status_codes() {
    assert_eq!("5.7.30".parse(), Ok(Status::new(5, 7, 30)));
    for text in ["", "5.1", "3.1.1", "5.1.1.1", "5.1000.1", "5.+1.1", "5..1"] {
        assert!(text.parse::<Status>().is_err(), "{text}");
    }
}
