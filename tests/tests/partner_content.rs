//! The rule of a partner that messages must be encrypted from end to end, with messages that GnuPG and OpenSSL have encrypted.

use std::process::Command;
use std::time::Duration;

use harness::{Options, Outcome, Outward, Scratch, ScriptedServer, require, run, smtp};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);

const POLITE: &str = "< 220 mx.test\npolite";

/// What nobody on the way may read.
const SECRET: &str = "Ten pieces at the old price.";

const ROUTES: [(&str, &str); 5] = [
    ("portal.test", ", content = \"portal\""),
    ("pgp.test", ", content = \"pgp\""),
    ("smime.test", ", content = \"smime\""),
    ("either.test", ", content = \"either\""),
    ("*", ""),
];

/// A message for `to` with the secret as `content`: fields and body.
fn letter(to: &str, content: &str) -> String {
    format!("From: <sales@trade.test>\r\nTo: <{to}>\r\nSubject: ...\r\nMIME-Version: 1.0\r\n{content}")
}

/// The secret, armored by GnuPG.
fn gnupg(scratch: &Scratch, arguments: &str) -> Outcome<String> {
    let home = scratch.directory("gnupg")?;
    let mut command = Command::new("sh");
    let text = format!(
        "chmod 700 . && printf 'Content-Type: text/plain\\r\\n\\r\\n{SECRET}\\r\\n' | \
         gpg --homedir . --batch --pinentry-mode loopback --passphrase secret --armor {arguments}"
    );
    command.args(["-ec", &text]).current_dir(home);
    Ok(run(command, PATIENCE)?.success()?.stdout.replace('\n', "\r\n"))
}

/// The secret in S/MIME of OpenSSL, as a message from its Content-Type on.
fn openssl(scratch: &Scratch, arguments: &str) -> Outcome<String> {
    let mut command = Command::new("sh");
    let text = format!(
        "test -f c.pem || openssl req -x509 -newkey rsa:2048 -nodes -keyout k.pem -out c.pem -subj /CN=partner -days 9 2>/dev/null\n\
         printf 'Content-Type: text/plain\\r\\n\\r\\n{SECRET}\\r\\n' | openssl cms {arguments}"
    );
    command.args(["-ec", &text]).current_dir(scratch.path());
    let message = run(command, PATIENCE)?.success()?.stdout.replace("\r\n", "\n").replace('\n', "\r\n");
    Ok(message.replacen("MIME-Version: 1.0\r\n", "", 1))
}

fn pgp_mime(armored: &str) -> String {
    format!(
        "Content-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=b\r\n\r\n--b\r\n\
         Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n\
         {armored}\r\n--b--\r\n"
    )
}

/// What the server says in the end to a message of our people.
fn submit(outward: &Outward, to: &[&str], letter: &str) -> Outcome<String> {
    let mut client = outward.tradewind.submission("sales")?;
    Ok(client.deliver("sales@trade.test", to, &smtp::for_wire(letter.as_bytes()))?.to_string())
}

#[test]
fn only_encrypted_messages_go_to_such_a_partner() -> Outcome {
    require!("gnupg", "openssl");
    let scratch = Scratch::new("content")?;
    let server = ScriptedServer::start(&[POLITE])?;
    let outward = Outward::start(&ROUTES.map(|(to, more)| (to, server.address, more)), Options::default())?;
    let encrypted = gnupg(&scratch, "--symmetric")?;
    gnupg(&scratch, "--quick-gen-key partner@pgp.test default default never")?;
    let to_key = gnupg(&scratch, "--trust-model always --recipient partner@pgp.test --encrypt")?;
    let stored = gnupg(&scratch, "--store")?;
    let signed = gnupg(&scratch, "--sign")?;
    let enveloped = openssl(&scratch, "-encrypt -aes256 c.pem")?;
    let authenticated = openssl(&scratch, "-encrypt -aes-256-gcm c.pem")?;
    let opaque = openssl(&scratch, "-sign -nodetach -signer c.pem -inkey k.pem")?;
    let clear = format!("Content-Type: text/plain\r\n\r\n{SECRET}\r\n");
    let attached = format!(
        "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\n{SECRET}\r\n--m\r\n{}\r\n--m--\r\n",
        pgp_mime(&encrypted)
    );
    let (mut sent, mut expected) = (Vec::new(), 0);
    for (what, content, is_pgp, is_smime) in [
        ("in clear", clear, false, false),
        ("by password", pgp_mime(&encrypted), true, false),
        ("to a key", pgp_mime(&to_key), true, false),
        ("as the text", format!("Content-Type: text/plain\r\n\r\n{to_key}"), true, false),
        ("in armor alone", pgp_mime(&stored), false, false),
        ("signed alone", pgp_mime(&signed), false, false),
        ("said to be encrypted", pgp_mime(SECRET), false, false),
        ("an attachment encrypted", attached, false, false),
        ("in an envelope", enveloped, false, true),
        ("in an authenticated envelope", authenticated, false, true),
        ("in a signature", opaque, false, false),
    ] {
        for (domain, goes) in [
            ("pgp", is_pgp),
            ("smime", is_smime),
            ("either", is_pgp || is_smime),
            ("portal", is_pgp || is_smime),
            ("free", true),
        ] {
            let to = format!("x@{domain}.test");
            let said = submit(&outward, &[&to], &letter(&to, &content))?;
            let what_else = if domain == "portal" { "go by the portal; " } else { "be encrypted with " };
            let refusal = format!("550 5.7.10 Mail to {domain}.test must {what_else}");
            let is_as_expected = if goes { said.starts_with("250") } else { said.starts_with(&refusal) };
            assert!(is_as_expected, "{what} to {domain}: {said}\n{content}");
            expected += usize::from(goes);
            sent.push((to, goes));
        }
    }
    let messages = server.wait_for_messages(expected, PATIENCE)?;
    assert_eq!(messages.len(), expected);
    // The secret is in what went to the free domain alone.
    let leaked = messages.iter().filter(|it| it.contains(SECRET) && !it.contains("To: <x@free.test>")).count();
    assert_eq!(leaked, 0);
    // One of several recipients is enough to refuse it.
    let both = submit(&outward, &["y@free.test", "y@pgp.test"], &letter("y@free.test", "\r\nHello.\r\n"))?;
    assert!(both.starts_with("550 5.7.10 Mail to pgp.test must be encrypted with OpenPGP; "), "{both}");
    Ok(())
}

/// What the server itself sends to such a partner comes into the queue another way, and is stopped all the same.
#[test]
fn what_comes_into_the_queue_otherwise_is_stopped_on_its_way_out() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let mut outward = Outward::start(&[("late.test", server.address, "")], Options::default())?;
    // Held until the rule is there, as a message is that was sent before it.
    outward.submit(" HOLDFOR=3600", &["x@late.test"], "", letter("x@late.test", "\r\nTen pieces.\r\n").as_bytes())?;
    outward.tradewind.stop()?;
    let config = outward.tradewind.config()?;
    let text = std::fs::read_to_string(&config)?;
    let ruled = text.replace("recipients = [\"late.test\"],", "recipients = [\"late.test\"], content = \"either\",");
    assert_ne!(text, ruled);
    std::fs::write(&config, ruled)?;
    outward.tradewind.restart()?;
    outward.tradewind.command(&["queue", "retry"])?.success()?;
    let report = outward.wait_for_report("x@late.test")?;
    assert!(report.contains("Action: failed") && report.contains("Status: 5.7.10"), "{report}");
    let letters = outward.letters()?.join("\n");
    assert!(["must be encrypted from end to end", "必须端到端加密"].iter().all(|it| letters.contains(it)), "{letters}");
    assert!(server.visits().is_empty(), "{:?}", server.visits());
    Ok(())
}

/// What calls a partner to the portal goes where content must be encrypted or go by the portal, and nowhere else.
#[test]
fn a_call_to_the_portal_reaches_such_a_partner() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let outward = Outward::start(&ROUTES.map(|(to, more)| (to, server.address, more)), Options::default())?;
    let mut browser = outward.tradewind.browser()?;
    let access = outward.tradewind.access("sales")?;
    let sign_in = json!({ "login": access.user, "password": access.password });
    browser.post("/api/sign-in", &sign_in, &[])?.expect(200)?;
    let octets = |count: usize| "A".repeat((count * 4).div_ceil(3));
    for to in ["x@portal.test", "x@either.test"] {
        let new = json!({
            "to": to, "language": "en", "lock": "password", "salt": octets(16), "memory_kib": 65_536, "passes": 3, "lanes": 1,
            "proof": octets(32), "key": octets(60), "reply_key": octets(32), "reply_secret": octets(60), "own": "", "days": 0,
            "openings": 0,
        });
        let made = browser.post("/api/v1/portal-create", &new, &[])?.expect(200)?.json();
        let name = made["name"].as_str().unwrap_or_default().to_owned();
        let path = format!("/api/portal/{name}/0/0/0");
        browser.request("PUT", &path, &[], "sixteen octets at least")?.expect(204)?;
        let sent = json!({ "name": name, "chunks": [1], "notify": true });
        browser.post("/api/v1/portal-send", &sent, &[])?.expect(200)?;
    }
    let messages = server.wait_for_messages(1, PATIENCE)?;
    assert!(messages.iter().all(|it| it.contains("To: <x@portal.test>")), "{messages:?}");
    assert!(messages.iter().all(|it| it.contains("Reply-To: <sales@trade.test>")), "{messages:?}");
    let report = outward.wait_for_report("x@either.test")?;
    assert!(report.contains("Status: 5.7.10"), "{report}");
    Ok(())
}
