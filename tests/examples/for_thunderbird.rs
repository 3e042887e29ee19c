//! Writes the messages of this server that Thunderbird is to read: `cargo run -p tradewind-tests --example for_thunderbird -- DIRECTORY`, then
//! `tests/thunderbird/make.py read DIRECTORY/*`. They are made by the functions that the gateway uses, with the keys in `tests/thunderbird/keys`.

use std::error::Error;
use std::path::Path;

use env::{Clock, Secret, SystemClock, SystemEntropy};
use openpgp::{Certificate as PgpCertificate, PrivateKey, Protection, Recipients};
use smime::{Certificate, Identity, Recipe, Style};

type Outcome = Result<(), Box<dyn Error>>;

const FROM: &str = "sales@trade.test";
const TO: &str = "li@partner.test";

fn letter(kind: &str) -> Vec<u8> {
    format!(
        "From: Sales <{FROM}>\r\nTo: Li <{TO}>\r\nSubject: Answer 4711 ({kind})\r\nDate: Fri, 27 Nov 2026 21:00:00 +0000\r\n\
         Message-ID: <{}@trade.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Transfer-Encoding: 8bit\r\n\r\nAgreed: ten pieces, 十件, Grüße.\r\n",
        kind.replace([' ', ','], "-")
    )
    .into_bytes()
}

fn main() -> Outcome {
    let directory = std::env::args().nth(1).ok_or("name a directory to write to")?;
    let directory = Path::new(&directory);
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("thunderbird/keys");
    let read = |name: String| std::fs::read(keys.join(name));
    let (now, entropy) = (SystemClock.now(), SystemEntropy::default());
    let write = |name: &str, message: Vec<u8>| std::fs::write(directory.join(format!("{name}.eml")), message);

    let own = Identity::from_pkcs12(&read(format!("{FROM}.p12"))?, "samples")?;
    let partner = Certificate::read_file(&read(format!("{TO}.pem"))?)?.remove(0);
    let strong = Recipe { is_authenticated: true, ..Recipe::COMPATIBLE };
    write("smime-signed", smime::sign(&letter("smime, signed"), &own, Style::CLEAR, now, &entropy)?)?;
    write("smime-encrypted", smime::encrypt(&letter("smime, encrypted"), &[&partner], Recipe::COMPATIBLE, &entropy)?)?;
    for (name, recipe) in [("smime-both-cbc", Recipe::COMPATIBLE), ("smime-both-gcm", strong)] {
        let kind = name.replace('-', ", ");
        write(name, smime::sign_and_encrypt(&letter(&kind), &own, &[&partner], recipe, now, &entropy)?)?;
    }

    let own = PrivateKey::parse(&read(format!("{FROM}.secret.asc"))?, &Secret::new(String::new()))?;
    let partner = [PgpCertificate::parse(&read(format!("{TO}.asc"))?)?];
    let recipients = Recipients::of(&partner, now)?;
    for (name, protection) in [
        ("openpgp-signed", Protection::Signed(&own)),
        ("openpgp-encrypted", Protection::Encrypted(&recipients, None)),
        ("openpgp-both", Protection::Encrypted(&recipients, Some(&own))),
    ] {
        write(name, openpgp::protect(&letter(&name.replace('-', ", ")), &protection, now, &entropy)?)?;
    }
    Ok(())
}
