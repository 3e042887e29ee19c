//! The gateway for OpenPGP with a partner who uses GnuPG: what goes to him is signed and encrypted, or waits for his key; what comes from him
//! is opened and verified.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use harness::{Failure, Options, Outcome, Outward, Scratch, ScriptedServer, require, run, smtp, wait_until};

const PATIENCE: Duration = Duration::from_secs(30);

const POLITE: &str = "< 220 mx.test\npolite";

/// What nobody on the way may read.
const SECRET: &str = "Ten pieces at the old price.";

/// A directory with keys of GnuPG.
struct Desk(PathBuf);

impl Desk {
    fn run(&self, script: &str) -> Outcome<String> {
        let mut command = Command::new("sh");
        let gpg = "gpg() { command gpg --homedir . --batch --yes --quiet --trust-model always --pinentry-mode loopback \
                   --passphrase '' \"$@\"; }";
        command.args(["-ec", &format!("umask 077\nchmod 700 .\n{gpg}\n{script}")]).current_dir(&self.0);
        Ok(run(command, PATIENCE)?.success()?.stdout)
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

#[test]
fn mail_to_and_from_a_partner_is_protected_by_the_server() -> Outcome {
    require!("gnupg");
    let scratch = Scratch::new("openpgp-gateway")?;
    let desk = Desk(scratch.directory("gnupg")?);
    let server = ScriptedServer::start(&[POLITE])?;
    let route = ("partner.test", server.address, ", openpgp = \"both\", content = \"pgp\"");
    let outward =
        Outward::start(&[route, ("*", server.address, "")], Options::default().set("openpgp", "wkd_lookup", "false"))?;
    let letter = format!("From: <sales@trade.test>\r\nTo: <ana@partner.test>\r\nSubject: Price\r\n\r\n{SECRET}\r\n");
    let tell = |arguments: &[&str]| -> Outcome<String> {
        Ok(outward.tradewind.command(&[&["openpgp"], arguments].concat())?.success()?.stdout)
    };
    // Without a key of its author it does not go; without one of the partner it waits, and its author hears why.
    outward.submit("", &["ana@partner.test"], "", letter.as_bytes())?;
    let report = outward.wait_for_report("ana@partner.test")?;
    assert!(report.contains("Action: failed") && report.contains("Status: 5.7.10"), "{report}");
    let says = |words: &str| {
        wait_until(words, PATIENCE, || Ok(outward.letters()?.into_iter().find(|letter| letter.contains(words))))
    };
    says("must be signed (OpenPGP), and no key is kept here for you")?;
    tell(&["make", "sales@trade.test"])?;
    outward.submit("", &["ana@partner.test"], "", letter.as_bytes())?;
    let deferred = outward.wait_for_deferral("ana@partner.test")?.to_string();
    assert!(deferred.contains("no key of ana@partner.test is known"), "{deferred}");
    says("no key of the recipient is known that can be used. It is not sent before there is one")?;
    assert!(server.visits().is_empty(), "{:?}", server.visits());
    desk.run("gpg --quick-gen-key ana@partner.test future-default default never; gpg --armor --export ana@partner.test >ana.asc")?;
    tell(&["add-partner", "ana@partner.test", &desk.0.join("ana.asc").to_string_lossy()])?;
    outward.tradewind.command(&["queue", "retry"])?.success()?;
    let messages = server.wait_for_messages(1, PATIENCE)?;
    let sealed = messages.first().ok_or_else(|| Failure::new("nothing came"))?;
    let is_sealed = !sealed.contains(SECRET) && sealed.contains("Subject: [...]") && sealed.contains("DKIM-Signature:");
    assert!(is_sealed, "{sealed}");
    std::fs::write(desk.0.join("sealed"), sealed)?;
    let ours = outward.tradewind.command(&["--json", "openpgp", "export", "sales@trade.test"])?.success()?.stdout;
    let ours: serde_json::Value = serde_json::from_str(&ours)?;
    std::fs::write(desk.0.join("ours.asc"), ours["key"].as_str().unwrap_or_default())?;
    let inner = desk.run(
        "gpg --import ours.asc
         sed -n '/-----BEGIN PGP MESSAGE/,/-----END PGP MESSAGE/p' sealed | gpg --status-fd 1 --decrypt",
    )?;
    assert!(inner.contains(SECRET) && inner.contains("Subject: Price") && inner.contains("GOODSIG"), "{inner}");
    // The other way; and what was altered stays closed and comes all the same.
    desk.run(&format!(
        "printf 'Content-Type: text/plain\\r\\n\\r\\nAgreed: {SECRET}\\r\\n' >text
         gpg --armor --sign --encrypt -u ana@partner.test -r sales@trade.test -o reply text"
    ))?;
    let armored = std::fs::read_to_string(desk.0.join("reply"))?.replace('\n', "\r\n");
    let altered = armored.replacen("=\r\n", "\r\n", 1);
    let mut client = outward.tradewind.smtp()?;
    for content in [&armored, &altered.replacen('A', "B", 40)] {
        let message = format!(
            "From: Ana <ana@partner.test>\r\nTo: <sales@trade.test>\r\nSubject: Re: Price\r\nMIME-Version: 1.0\r\n\
             Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\n\
             Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n\
             {content}\r\n--b--\r\n"
        );
        let taken = client.deliver("ana@partner.test", &["sales@trade.test"], &smtp::for_wire(message.as_bytes()))?;
        assert_eq!(taken.code, 250, "{taken}");
    }
    let mut session = outward.tradewind.imap("sales")?;
    let mut all = String::new();
    for mailbox in ["INBOX", "Junk"] {
        if session.count(mailbox)? > 0 {
            session.command(&format!("SELECT {mailbox}"))?.ok()?;
            let kept = session.ask("FETCH 1:* BODY.PEEK[]")?.ok()?.kept;
            all.extend(kept.iter().map(|message| String::from_utf8_lossy(message).into_owned()));
        }
    }
    let replies: Vec<&str> = all.split("Return-Path:").filter(|it| it.contains("Subject: Re: Price")).collect();
    assert_eq!(replies.len(), 2, "{all}");
    let opened = replies.iter().find(|it| it.contains("X-Tradewind-OpenPGP: decrypted"));
    assert!(opened.is_some_and(|it| it.contains(SECRET) && it.contains("x-openpgp=pass")), "{all}");
    assert!(replies.iter().any(|it| it.contains("X-Tradewind-OpenPGP: not-opened") && !it.contains(SECRET)), "{all}");
    Ok(())
}
