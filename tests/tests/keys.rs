//! The region key gets new generations and moves to another holder while mail comes and goes, and everything opens as before.

use std::fs;
use std::path::Path;

use harness::{Options, Outcome, Scratch, Tradewind, require};
use serde_json::Value;

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn letter(number: u32) -> String {
    format!("Subject: contract {number}\r\n\r\nThe container number {number} is loaded.\r\n")
}

fn put(tradewind: &Tradewind, number: u32) -> Outcome {
    let mut session = tradewind.imap("sales")?;
    session.append("INBOX", &[letter(number).as_bytes()])?.ok()?;
    session.logout()
}

/// Every message up to `last` opens, and is found.
fn read_all(tradewind: &Tradewind, last: u32) -> Outcome {
    let mut session = tradewind.imap("sales")?;
    assert_eq!(session.count("INBOX")?, u64::from(last));
    session.command("SELECT INBOX")?;
    for number in 1..=last {
        let text = session.ask(&format!("FETCH {number} BODY.PEEK[]"))?.text();
        assert!(text.contains(&format!("container number {number} is loaded")), "{text}");
        let found = session.ask(&format!("SEARCH TEXT \"contract {number}\""))?.text();
        assert!(found.contains(&format!("SEARCH {number}")), "{found}");
    }
    session.logout()
}

/// A service of keys in miniature: a program that encrypts under a key of its own.
fn service_of_keys(scratch: &Scratch) -> Outcome<String> {
    fs::write(scratch.join("service.key"), "a secret of the service")?;
    let script = format!(
        "case $1 in\nwrap) base64 -d | openssl enc -aes-256-cbc -pbkdf2 -pass file:{0} | base64 -w0 ;;\n\
         unwrap) base64 -d | openssl enc -d -aes-256-cbc -pbkdf2 -pass file:{0} | base64 -w0 ;;\nesac\n",
        scratch.join("service.key").display()
    );
    fs::write(scratch.join("service.sh"), script)?;
    Ok(format!("[\"bash\", \"-o\", \"pipefail\", {:?}]", scratch.join("service.sh")))
}

#[test]
fn keys_change_under_mail_that_stays() -> Outcome {
    require!("openssl", "bash");
    let scratch = Scratch::new("keys")?;
    let mut tradewind = Tradewind::start(Options::default().set("keys", "command", &service_of_keys(&scratch)?))?;
    put(&tradewind, 1)?;

    let rotated = told(&tradewind, &["keys", "rotate"])?;
    assert_eq!((&rotated["generations"], &rotated["newest"]), (&2.into(), &"waits".into()));
    let again = tradewind.command(&["keys", "rotate"])?;
    assert!(!again.status.success() && again.stderr.contains("keys activate"), "{}", again.stderr);
    put(&tradewind, 2)?;
    assert_eq!(told(&tradewind, &["keys", "activate"])?["organisations"], 1);
    put(&tradewind, 3)?;
    let sales = tradewind.account("sales")?.address;
    assert_eq!(told(&tradewind, &["keys", "rotate", "--address", &sales])?["generations"], 2);
    let nobody = tradewind.command(&["keys", "rotate", "--address", "nobody@trade.test"])?;
    assert!(!nobody.status.success() && nobody.stderr.contains("nobody@trade.test"), "{}", nobody.stderr);
    read_all(&tradewind, 3)?;

    let path = tradewind.directory().join("region.key");
    let plain = fs::read_to_string(&path)?.lines().last().unwrap_or_default().to_owned();
    let before = told(&tradewind, &["keys", "show"])?["fingerprint"].clone();
    let moved = told(&tradewind, &["keys", "move", "--to", "program"])?;
    assert_eq!((&moved["held_by"], &moved["fingerprint"]), (&"program".into(), &before));
    assert!(!fs::read_to_string(&path)?.contains(&plain), "the file has the key in clear");
    put(&tradewind, 4)?;
    tradewind.stop()?;
    tradewind.restart()?;
    put(&tradewind, 5)?;
    read_all(&tradewind, 5)?;
    assert_eq!(told(&tradewind, &["store", "check", "--deep"])?["sound"], true);

    shares_give_the_key_back(&tradewind, &scratch, &before)?;

    // Without its holder the key is gone, and the server says whose it is.
    tradewind.stop()?;
    fs::rename(scratch.join("service.key"), scratch.join("elsewhere"))?;
    let refused = tradewind.command(&["keys", "show"])?;
    assert!(!refused.status.success() && refused.stderr.contains("unwrap the region key"), "{}", refused.stderr);
    fs::copy(scratch.join("back.key"), &path)?;
    tradewind.restart()?;
    read_all(&tradewind, 5)
}

#[test]
fn the_cipher_changes_under_mail_that_stays() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default())?;
    put(&tradewind, 1)?;
    for (cipher, last) in [("\"sm4-gcm\"", 2), ("\"aes-256-gcm-siv\"", 3)] {
        tradewind.stop()?;
        tradewind.change_setting("keys", "cipher", cipher)?;
        tradewind.restart()?;
        put(&tradewind, last)?;
        read_all(&tradewind, last)?;
        assert_eq!(told(&tradewind, &["store", "check", "--deep"])?["sound"], true);
    }
    tradewind.change_setting("keys", "cipher", "\"des\"")?;
    let refused = tradewind.command(&["keys", "show"])?;
    assert!(!refused.status.success() && refused.stderr.contains("keys.cipher"), "{}", refused.stderr);
    Ok(())
}

fn shares_give_the_key_back(tradewind: &Tradewind, scratch: &Scratch, fingerprint: &Value) -> Outcome {
    let sheets = scratch.join("sheets");
    let text = |path: &Path| path.display().to_string();
    told(tradewind, &["keys", "split", "--shares", "4", "--threshold", "3", "--output", &text(&sheets)])?;
    let sheet = |number: u32| text(&sheets.join(format!("share-{number}.txt")));
    let output = text(&scratch.join("back.key"));
    let (first, second, fourth) = (sheet(1), sheet(2), sheet(4));
    let few = tradewind.command(&["keys", "combine", &first, &fourth, "--output", &output])?;
    assert!(!few.status.success() && few.stderr.contains("2 of the 3"), "{}", few.stderr);
    let combined = told(tradewind, &["keys", "combine", &fourth, &first, &second, "--output", &output])?;
    assert_eq!(&combined["fingerprint"], fingerprint);
    let twice = tradewind.command(&["keys", "combine", &fourth, &first, &second, "--output", &output])?;
    assert!(!twice.status.success() && twice.stderr.contains("already"), "{}", twice.stderr);
    Ok(())
}
