//! Mail that is encrypted to a key of its owner as it comes: GnuPG and OpenSSL read what IMAP gives.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use harness::{Options, Outcome, Scratch, Tradewind, require, run, smtp, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// What nobody but the owner may read.
const SECRET: &str = "Ten pieces at the old price.";

/// A directory with keys.
struct Desk(PathBuf);

impl Desk {
    fn run(&self, script: &str) -> Outcome<String> {
        let mut command = Command::new("sh");
        let gpg = "gpg() { command gpg --homedir . --batch --yes --quiet --trust-model always --pinentry-mode loopback \
                   --passphrase '' \"$@\"; }";
        command.args(["-ec", &format!("umask 077\nchmod 700 .\n{gpg}\n{script}")]).current_dir(&self.0);
        Ok(run(command, PATIENCE)?.success()?.stdout)
    }

    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The agent of this directory, which gpg has started; it would live on.
        let mut command = Command::new("gpgconf");
        command.args(["--homedir", ".", "--kill", "all"]).current_dir(&self.0);
        let _ = run(command, Duration::from_secs(10));
    }
}

fn tell(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    Ok(serde_json::from_str(&tradewind.command(&[&["--json"], arguments].concat())?.success()?.stdout)?)
}

/// From somebody outside, with a word of its own by which it is found again.
fn deliver(tradewind: &Tradewind, word: &str, to: &str) -> Outcome {
    let message = format!(
        "From: Ana <ana@partner.test>\r\nTo: <{to}>\r\nSubject: Price {word}\r\nMessage-ID: <{word}@partner.test>\r\n\r\n{SECRET} {word}\r\n"
    );
    let taken = tradewind.smtp()?.deliver("ana@partner.test", &[to], &smtp::for_wire(message.as_bytes()))?;
    assert_eq!(taken.code, 250, "{taken}");
    Ok(())
}

/// Every message in the mailboxes of `role` that has `mark` in it.
fn having(tradewind: &Tradewind, role: &str, mark: &str) -> Outcome<Option<String>> {
    let mut session = tradewind.imap(role)?;
    for mailbox in ["INBOX", "Junk"] {
        if session.count(mailbox)? > 0 {
            session.command(&format!("SELECT {mailbox}"))?.ok()?;
            for message in session.ask("FETCH 1:* BODY.PEEK[]")?.ok()?.kept {
                let message = String::from_utf8_lossy(&message).into_owned();
                // The response around the literal is no part of the message.
                let whole = message.split_once("}\r\n").map_or("", |(_, rest)| rest);
                if whole.contains(mark) {
                    return Ok(whole.rfind(')').and_then(|end| whole.get(..end)).map(str::to_owned));
                }
            }
        }
    }
    Ok(None)
}

fn wait_for(tradewind: &Tradewind, role: &str, mark: &str) -> Outcome<String> {
    wait_until(mark, PATIENCE, || having(tradewind, role, mark))
}

#[test]
fn gnupg_reads_what_comes_and_a_key_that_is_over_is_told() -> Outcome {
    require!("gnupg");
    let scratch = Scratch::new("on-receipt")?;
    let desk = Desk(scratch.directory("gnupg")?);
    let tradewind = Tradewind::start(Options::default())?;
    let (sales, boss) = ("sales@trade.test", "manager@trade.test");
    desk.run("gpg --quick-gen-key sales@trade.test future-default default never; gpg --armor --export >public.asc")?;
    // A key that the server could open mail with is none for this.
    tell(&tradewind, &["openpgp", "make", boss])?;
    let refused = tradewind.command(&["on-receipt", "openpgp", boss, "--key", ""])?;
    assert!(refused.stderr.contains("no key"), "{}", refused.stderr);
    tell(&tradewind, &["openpgp", "import", sales, &desk.file("public.asc")])?;
    let on = tell(&tradewind, &["on-receipt", "openpgp", sales])?;
    assert_eq!((&on["on"], &on["method"], &on["trouble"]), (&true.into(), &"openpgp".into(), &Value::Null));
    // The directory is asked anew every five seconds.
    std::thread::sleep(Duration::from_secs(6));
    deliver(&tradewind, "one", sales)?;
    let kept = wait_for(&tradewind, "sales", "<one@partner.test>")?;
    let is_sealed = !kept.contains(SECRET) && kept.contains("Subject: [...]") && kept.contains("From: Ana");
    assert!(is_sealed && kept.contains("X-Tradewind-On-Receipt: encrypted; openpgp; key="), "{kept}");
    std::fs::write(desk.0.join("kept"), &kept)?;
    let inner =
        desk.run("sed -n '/-----BEGIN PGP MESSAGE/,/-----END PGP MESSAGE/p' kept | tr -d '\\r' | gpg --decrypt")?;
    assert!(inner.contains(&format!("{SECRET} one")) && inner.contains("Subject: Price one"), "{inner}");
    let mut session = tradewind.imap("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    let found = session.command("SEARCH TEXT \"old price\"")?.ok()?;
    assert!(!format!("{found:?}").contains("SEARCH 1"), "{found:?}");
    // What is encrypted already is left as it is.
    desk.run(&format!("echo '{SECRET} two' | gpg --armor --encrypt -r sales@trade.test >two"))?;
    let armored = std::fs::read_to_string(desk.0.join("two"))?.replace('\n', "\r\n");
    let message = format!(
        "From: Ana <ana@partner.test>\r\nTo: <{sales}>\r\nSubject: Two\r\nMessage-ID: <two@partner.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\n\
         Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n\
         {armored}\r\n--b--\r\n"
    );
    tradewind.smtp()?.deliver("ana@partner.test", &[sales], &smtp::for_wire(message.as_bytes()))?;
    let left = wait_for(&tradewind, "sales", "<two@partner.test>")?;
    assert!(left.contains("Subject: Two") && !left.contains("X-Tradewind-On-Receipt"), "{left}");
    // The owner revokes the key: mail comes as it is, he hears of it once, and the switch shows it.
    desk.run(
        "fpr=$(gpg --with-colons --list-keys | sed -n 's/^fpr:*\\([0-9A-F]*\\):$/\\1/p' | head -1)
         sed -i 's/^:-----BEGIN/-----BEGIN/' openpgp-revocs.d/$fpr.rev
         gpg --import openpgp-revocs.d/$fpr.rev; gpg --armor --export >revoked.asc",
    )?;
    tell(&tradewind, &["openpgp", "import", sales, &desk.file("revoked.asc")])?;
    assert_eq!(tell(&tradewind, &["on-receipt", "show", sales])?["trouble"], "revoked");
    deliver(&tradewind, "three", sales)?;
    let clear = wait_for(&tradewind, "sales", "<three@partner.test>")?;
    let is_told = clear.contains("X-Tradewind-On-Receipt: not-encrypted; revoked");
    assert!(clear.contains(SECRET) && is_told, "{clear}");
    wait_for(&tradewind, "sales", "Subject: New mail is not encrypted to your key")?;
    deliver(&tradewind, "four", sales)?;
    wait_for(&tradewind, "sales", "<four@partner.test>")?;
    std::thread::sleep(Duration::from_secs(2));
    let mut session = tradewind.imap("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    let kept = session.ask("FETCH 1:* BODY.PEEK[]")?.ok()?.kept;
    let letters = kept.iter().filter(|it| String::from_utf8_lossy(it).contains("Subject: New mail is not")).count();
    assert_eq!(letters, 1, "told once");
    tell(&tradewind, &["on-receipt", "off", sales])?;
    assert_eq!(tell(&tradewind, &["on-receipt", "show", sales])?["on"], false);
    Ok(())
}

#[test]
fn openssl_reads_what_comes_to_the_owner_and_to_a_group() -> Outcome {
    require!("openssl");
    let scratch = Scratch::new("on-receipt-smime")?;
    let desk = Desk(scratch.path().to_owned());
    let tradewind = Tradewind::start(Options::default())?;
    let sales = "sales@trade.test";
    desk.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -keyout own.key -out own.pem -subj /CN=Sales -days 9 \
         -addext subjectAltName=email:sales@trade.test -addext extendedKeyUsage=emailProtection \
         -addext keyUsage=digitalSignature,keyEncipherment 2>/dev/null
         openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.pem -subj /CN=Other -days 9 \
         -addext subjectAltName=email:other@trade.test 2>/dev/null",
    )?;
    let other = tradewind.command(&["on-receipt", "smime", sales, &desk.file("other.pem")])?;
    assert!(other.stderr.contains("is for other@trade.test, not for sales@trade.test"), "{}", other.stderr);
    tell(&tradewind, &["on-receipt", "smime", sales, &desk.file("own.pem")])?;
    tell(&tradewind, &["group", "add", "all@trade.test", "--senders", "anyone"])?;
    tell(&tradewind, &["group", "member-add", "all@trade.test", sales])?;
    std::thread::sleep(Duration::from_secs(6));
    for (word, to) in [("one", sales), ("two", "all@trade.test")] {
        deliver(&tradewind, word, to)?;
        let kept = wait_for(&tradewind, "sales", &format!("<{word}@partner.test>"))?;
        let is_sealed = !kept.contains(SECRET) && kept.contains("X-Tradewind-On-Receipt: encrypted; smime; key=");
        assert!(is_sealed && kept.contains("smime-type=enveloped-data"), "{kept}");
        std::fs::write(desk.0.join("kept"), &kept)?;
        let inner = desk.run("openssl cms -decrypt -in kept -inkey own.key -recip own.pem")?;
        let is_whole = inner.contains(&format!("{SECRET} {word}")) && inner.contains(&format!("Subject: Price {word}"));
        assert!(is_whole, "{inner}");
    }
    Ok(())
}
