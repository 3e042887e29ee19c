use super::*;

/// Base64 in lines.
fn base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (number, group) in octets.chunks(3).enumerate() {
        let bits = group.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
        if number % 16 == 15 {
            text.push_str("\r\n");
        }
    }
    text
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    [&[0xc0 | tag, u8::try_from(body.len()).unwrap()][..], body].concat()
}

/// A key for one recipient, and data of a length that is told in parts.
fn packets() -> Vec<u8> {
    [packet(1, &[3; 140]), packet(3, &[4; 13]), vec![0xc0 | 18, 0xe9], vec![7; 600]].concat()
}

fn armor(packets: &[u8]) -> String {
    let text = base64(packets);
    format!(
        "-----BEGIN PGP MESSAGE-----\r\nVersion: X 1\r\n\r\n{}\r\n=AbCd\r\n-----END PGP MESSAGE-----\r\n",
        text.trim_end()
    )
}

fn pgp_mime(control: &str, data_type: &str, data: &str) -> String {
    format!(
        "Subject: ...\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n\
         This is an OpenPGP/MIME encrypted message\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n\
         {control}\r\n\r\n--b\r\nContent-Type: {data_type}; name=\"encrypted.asc\"\r\n\r\n{data}\r\n--b--\r\n"
    )
}

fn enveloped(oid: usize) -> Vec<u8> {
    [&[0x30, 0x82, 0x02, 0x00][..], ENVELOPED[oid], &[0xa0, 0x80, 0x30, 0x80, 0x02, 0x01, 0x02], &[9; 400]].concat()
}

const SIGNED: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02];

fn smime(kind: &str, encoding: &str, body: &str) -> String {
    format!(
        "Subject: x\r\nContent-Type: application/pkcs7-mime{kind}; name=smime.p7m\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n{body}\r\n"
    )
}

fn found(message: &str) -> Option<ContentEncryption> {
    ContentEncryption::of(message.as_bytes(), &Structure::parse(message.as_bytes()))
}

const OCTETS: &str = "application/octet-stream";

#[test]
fn encrypted_messages() {
    let armored = armor(&packets());
    let old = armor(&[&[0x84, 140][..], &[3; 140], &[0xd2, 0xff, 0, 0, 2, 0], &[5; 512]].concat());
    for message in [
        pgp_mime("Version: 1", OCTETS, &armored),
        pgp_mime("Version: 1", OCTETS, &old),
        format!("Subject: x\r\n\r\n{armored}"),
        format!("Subject: x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\r\n{armored}\r\n\r\n"),
        armored
            .replace("-----BEGIN", "Content-Transfer-Encoding: quoted-printable\r\n\r\n-----BEGIN")
            .replace('=', "=3D"),
    ] {
        assert_eq!(found(&message), Some(ContentEncryption::OpenPgp), "{message}");
    }
    let (enveloped, authenticated) = (base64(&enveloped(0)), base64(&enveloped(1)));
    for message in [
        smime("; smime-type=enveloped-data", "base64", &enveloped),
        smime("; smime-type=authEnveloped-data", "base64", &authenticated),
        smime("", "BASE64", &enveloped),
        smime("", "base64", &enveloped).replace("pkcs7-mime", "x-pkcs7-mime"),
    ] {
        assert_eq!(found(&message), Some(ContentEncryption::Smime), "{message}");
    }
    let inner = smime("; smime-type=enveloped-data", "base64", &enveloped);
    let signed = format!(
        "Content-Type: multipart/signed; boundary=s; protocol=\"application/pkcs7-signature\"\r\n\r\n--s\r\n{inner}\r\n--s\r\n\
         Content-Type: application/pkcs7-signature\r\nContent-Transfer-Encoding: base64\r\n\r\nMAA=\r\n--s--\r\n"
    );
    assert_eq!(found(&signed), Some(ContentEncryption::Smime));
    let plain = signed.replace(&inner, "Content-Type: text/plain\r\n\r\nTen pieces.");
    assert_eq!(found(&plain), None);
}

#[test]
fn look_alikes_of_openpgp() {
    let armored = armor(&packets());
    let good = pgp_mime("Version: 1", OCTETS, &armored);
    let signed_only = armor(&[packet(4, &[1; 13]), packet(11, b"b\0\0\0\0\0Ten pieces.")].concat());
    let compressed_only = armor(&packet(8, &[1, 2, 3]));
    let without_key = armor(&[&[0xc0 | 18, 200][..], &[7; 200]].concat());
    let unprotected = armor(&[packet(1, &[3; 140]), packet(9, &[7; 100])].concat());
    let prose =
        "-----BEGIN PGP MESSAGE-----\r\n\r\nTen pieces for you at the old price\r\n-----END PGP MESSAGE-----\r\n";
    let many_words = "Ten pieces at the price agreed. ".repeat(12);
    for (what, message) in [
        ("says so, is text", pgp_mime("Version: 1", OCTETS, "Ten pieces.")),
        ("says so, is text within armor", pgp_mime("Version: 1", OCTETS, prose)),
        ("says so, one part", "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\n\r\nTen.\r\n--b--\r\n".to_owned()),
        ("signed alone", pgp_mime("Version: 1", OCTETS, &signed_only)),
        ("compressed alone", pgp_mime("Version: 1", OCTETS, &compressed_only)),
        ("without a key", pgp_mime("Version: 1", OCTETS, &without_key)),
        ("without protection", pgp_mime("Version: 1", OCTETS, &unprotected)),
        ("text in the control part", pgp_mime("Version: 1\r\nTen pieces.", OCTETS, &armored)),
        ("text before the armor", pgp_mime("Version: 1", OCTETS, &format!("Ten pieces.\r\n{armored}"))),
        ("text behind the armor", pgp_mime("Version: 1", OCTETS, &format!("{armored}\r\nTen pieces."))),
        ("data of another type", pgp_mime("Version: 1", "text/html", &armored)),
        ("another protocol", good.replace("protocol=\"application/pgp-encrypted\"", "protocol=\"x/y\"")),
        ("a third part", good.replace("--b--", "--b\r\n\r\nTen pieces.\r\n--b--")),
        ("a preamble that says it all", good.replace("This is an", &format!("{many_words}\r\nThis is an"))),
        ("an epilogue that says it all", format!("{good}\r\n{many_words}")),
        ("text in the fields of the armor", good.replace("Version: X 1", "Order: ten pieces")),
        ("only an attachment", format!("Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nTen pieces.\r\n--m\r\n{good}\r\n--m--\r\n")),
        ("an armored file beside a text", format!("Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nTen.\r\n--m\r\nContent-Type: text/plain\r\n\r\n{armored}\r\n--m--\r\n")),
        ("quoted", format!("Subject: x\r\n\r\nYou wrote:\r\n{armored}")),
        ("clear-signed", "Subject: x\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nTen.\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nAAAA\r\n-----END PGP SIGNATURE-----\r\n".to_owned()),
        ("a text in HTML", format!("Content-Type: text/html\r\n\r\n{armored}")),
        ("plain", "Subject: -----BEGIN PGP MESSAGE-----\r\n\r\nTen pieces.\r\n".to_owned()),
    ] {
        assert_eq!(found(&message), None, "{what}: {message}");
    }
    assert_eq!(found(&good), Some(ContentEncryption::OpenPgp));
}

#[test]
fn look_alikes_of_smime() {
    let good = base64(&enveloped(0));
    let signed = base64(&[&[0x30, 0x82, 0x02, 0x00][..], SIGNED, &[0xa0, 0x80], &[9; 400]].concat());
    let inner = smime("; smime-type=enveloped-data", "base64", &good);
    for (what, message) in [
        ("says so, is text", smime("; smime-type=enveloped-data", "7bit", "Ten pieces.")),
        ("says so, is text in base64", smime("; smime-type=enveloped-data", "base64", &base64(b"Ten pieces for you."))),
        ("signed, says enveloped", smime("; smime-type=enveloped-data", "base64", &signed)),
        ("signed", smime("; smime-type=signed-data", "base64", &signed)),
        ("enveloped, says signed", smime("; smime-type=signed-data", "base64", &good)),
        ("text behind it", smime("", "base64", &format!("{good}\r\nTen pieces, old price."))),
        (
            "only an attachment",
            format!(
                "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nTen pieces.\r\n--m\r\n{inner}\r\n--m--\r\n"
            ),
        ),
        ("another type", inner.replace("pkcs7-mime", "pkcs7-signature")),
        ("nothing", smime("; smime-type=enveloped-data", "base64", "")),
    ] {
        assert_eq!(found(&message), None, "{what}: {message}");
    }
}

/// Whatever is cut off, nothing panics and no part of a message counts as the whole.
#[test]
fn pieces_of_messages() {
    let message = pgp_mime("Version: 1", OCTETS, &armor(&packets()));
    let end = message.rfind("-----END").unwrap();
    for length in 0..end {
        if let Some(piece) = message.get(..length) {
            assert_eq!(found(piece), None, "{length}");
        }
    }
}
