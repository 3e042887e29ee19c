//! The gateway for S/MIME with a partner who uses OpenSSL: what goes to him is signed and encrypted, what comes from him is opened and
//! verified.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::{Failure, Options, Outcome, Outward, Scratch, ScriptedServer, require, run, smtp};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

const POLITE: &str = "< 220 mx.test\npolite";

/// What nobody on the way may read.
const SECRET: &str = "Ten pieces at the old price.";

/// An authority, and the partner's key with a certificate of it.
const SETUP: &str =
    "openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=CA -days 9 2>/dev/null
printf 'basicConstraints=CA:FALSE\\nsubjectAltName=email:li@partner.test\\nextendedKeyUsage=emailProtection\\n' > ext
openssl req -newkey rsa:2048 -nodes -keyout li.key -subj /CN=Li 2>/dev/null | \
openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 9 -extfile ext -out li.pem 2>/dev/null";

fn shell(scratch: &Scratch, text: &str) -> Outcome<String> {
    let mut command = Command::new("sh");
    command.args(["-ec", text]).current_dir(scratch.path());
    Ok(run(command, PATIENCE)?.success()?.stdout)
}

fn tradewind(outward: &Outward, arguments: &[&str]) -> Outcome<Value> {
    let arguments = [&["--json", "smime"], arguments].concat();
    Ok(serde_json::from_str(&outward.tradewind.command(&arguments)?.success()?.stdout)?)
}

fn text_of(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn mail_to_and_from_a_partner_is_protected_by_the_server() -> Outcome {
    require!("openssl");
    let scratch = Scratch::new("smime")?;
    let server = ScriptedServer::start(&[POLITE])?;
    let routes =
        [("partner.test", server.address, ", smime = \"both\", content = \"smime\""), ("*", server.address, "")];
    let outward = Outward::start(&routes, Options::default())?;
    shell(&scratch, SETUP)?;
    let letter = |to: &str| format!("From: <sales@trade.test>\r\nTo: <{to}>\r\nSubject: Price\r\n\r\n{SECRET}\r\n");
    // Without a key, and without a certificate, nothing goes.
    outward.submit("", &["li@partner.test"], "", letter("li@partner.test").as_bytes())?;
    let report = outward.wait_for_report("li@partner.test")?;
    assert!(report.contains("Status: 5.7.10") && report.contains("has no S/MIME key"), "{report}");
    let key = tradewind(&outward, &["request", "sales@trade.test"])?;
    assert_eq!((&key["addresses"][0], &key["key"]), (&"sales@trade.test".into(), &"RSA-3072".into()));
    let certificates = tradewind(&outward, &["list"])?;
    std::fs::write(scratch.path().join("ours.pem"), certificates[0]["pem"].as_str().unwrap_or_default())?;
    tradewind(&outward, &["trust", "root", &text_of(&scratch.path().join("ca.pem"))])?;
    tradewind(&outward, &["trust", "partner", &text_of(&scratch.path().join("li.pem"))])?;
    outward.submit("", &["li@partner.test", "x@free.test"], "", letter("li@partner.test").as_bytes())?;
    let messages = server.wait_for_messages(2, PATIENCE)?;
    let sealed =
        messages.iter().find(|it| it.contains("pkcs7-mime")).ok_or_else(|| Failure::new("nothing encrypted came"))?;
    assert!(
        !sealed.contains(SECRET) && sealed.contains("Subject: [...]") && sealed.contains("DKIM-Signature:"),
        "{sealed}"
    );
    std::fs::write(scratch.path().join("sealed"), sealed)?;
    let inner = shell(
        &scratch,
        "openssl cms -decrypt -in sealed -recip li.pem -inkey li.key -out inner; \
         openssl cms -verify -in inner -CAfile ours.pem -signer sales.pem 2>/dev/null",
    )?;
    assert!(inner.contains(SECRET) && inner.contains("Subject: Price"), "{inner}");
    // The other way: signed by the partner and encrypted to the certificate that came with the signature.
    shell(
        &scratch,
        &format!(
            "printf 'Content-Type: text/plain\\r\\n\\r\\nAgreed: {SECRET}\\r\\n' > text
             openssl cms -sign -in text -signer li.pem -inkey li.key -out signed
             openssl cms -encrypt -aes256 -in signed -out reply sales.pem"
        ),
    )?;
    let fields = "From: Li <li@partner.test>\r\nTo: <sales@trade.test>\r\nSubject: Re: Price\r\n";
    let mut client = outward.tradewind.smtp()?;
    for name in ["reply", "signed"] {
        let text = std::fs::read_to_string(scratch.path().join(name))?.replace("\r\n", "\n").replace('\n', "\r\n");
        let taken = client.deliver(
            "li@partner.test",
            &["sales@trade.test"],
            &smtp::for_wire(format!("{fields}{text}").as_bytes()),
        )?;
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
    for reply in &replies {
        assert!(reply.contains("smime=pass") && reply.contains("body.smime-identifier=li@partner.test"), "{reply}");
        assert!(reply.contains(SECRET), "{reply}");
    }
    let opened = replies.iter().find(|it| it.contains("X-Tradewind-Smime: decrypted; cipher=AES-256-CBC\r\n"));
    // What came is kept beside what is read.
    assert!(opened.is_some_and(|it| it.contains("message/rfc822") && it.contains("smime.p7m")), "{all}");
    Ok(())
}
