//! The key that goes along with what our people write to others: read by a parser of its own, and by GnuPG.

use std::process::Command;
use std::time::Duration;

use harness::{Failure, Options, Outcome, Outward, Scratch, ScriptedServer, require, run};

const PATIENCE: Duration = Duration::from_secs(30);

const POLITE: &str = "< 220 mx.test\npolite";

/// The value of the one field `name`, unfolded.
fn field(message: &str, name: &str) -> Option<String> {
    let message = message.replace("\r\n", "\n");
    let head = message.split_once("\n\n").map_or(message.as_str(), |(head, _)| head);
    let head = head.replace("\n ", " ").replace("\n\t", " ");
    let mut found = head.lines().filter_map(|line| line.split_once(':')).filter(|(is, _)| *is == name);
    let value = found.next()?.1.trim().to_owned();
    found.next().is_none().then_some(value)
}

#[test]
fn a_published_key_goes_along_and_gnupg_reads_it() -> Outcome {
    require!("gnupg");
    let scratch = Scratch::new("autocrypt")?;
    let server = ScriptedServer::start(&[POLITE])?;
    let outward = Outward::start(&[("*", server.address, "")], Options::default())?;
    let tell = |arguments: &[&str]| outward.tradewind.command(&[&["openpgp"], arguments].concat())?.success();
    let letter = b"From: <sales@trade.test>\r\nTo: <ana@partner.test>\r\nSubject: Price\r\n\r\nTen pieces.\r\n";
    tell(&["make", "sales@trade.test"])?;
    outward.submit("", &["ana@partner.test"], "", letter)?;
    let first = server.wait_for_messages(1, PATIENCE)?;
    assert!(first.iter().all(|it| field(it, "Autocrypt").is_none()), "a key that nobody has published stays here");
    tell(&["publish", "sales@trade.test"])?;
    outward.submit("", &["ana@partner.test"], "", letter)?;
    let messages = server.wait_for_messages(2, PATIENCE)?;
    let message = messages.iter().find(|it| it.contains("Autocrypt: ")).ok_or_else(|| Failure::new("no key came"))?;
    let value = field(message, "Autocrypt").ok_or_else(|| Failure::new("not one field"))?;
    let mut attributes = value.split(';').filter_map(|it| it.trim().split_once('='));
    assert_eq!(attributes.next(), Some(("addr", "sales@trade.test")), "{value}");
    let (name, data) = attributes.next().ok_or_else(|| Failure::new("no keydata"))?;
    assert_eq!((name, attributes.next()), ("keydata", None), "{value}");
    assert!(value.len() < 10 << 10 && message.lines().all(|line| line.len() <= 998));
    let dense: String = message.split_whitespace().collect();
    assert!(
        dense.contains("DKIM-Signature:") && dense.contains(":Autocrypt:"),
        "signed together with the key: {message}"
    );
    std::fs::write(scratch.path().join("keydata"), data.replace(' ', "\n"))?;
    let script = "umask 077; chmod 700 .; base64 -d keydata >key; \
                  gpg --homedir . --batch --quiet --with-colons --import-options show-only --import key";
    let mut command = Command::new("sh");
    command.args(["-ec", script]).current_dir(scratch.path());
    let shown = run(command, PATIENCE)?.success()?.stdout;
    assert!(shown.contains("sales@trade.test") && shown.contains("\nsub:"), "{shown}");
    assert_eq!((shown.matches("\nuid:").count(), shown.matches("\nsub:").count()), (1, 1), "{shown}");
    Ok(())
}
