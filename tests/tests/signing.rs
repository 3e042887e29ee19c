//! Signatures of ours, as dkimpy sees them with keys from BIND, after a way through Postfix.

#[path = "signing/opendkim.rs"]
mod opendkim;

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use env::Timestamp;
use harness::{
    Bind, Failure, Options, Outcome, Postfix, PostfixOptions, Tradewind, arc_verdict, dkim_verdicts, require, run,
    smtp, wait_until,
};
use mailauth::{AuthenticationSettings, Checker, Connection, KeyKind, SigningKey};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

/// One zone for everything, which may be updated.
const ZONE: &str = "mail.trade A 127.0.0.1\nmx.peer A 127.0.0.1\npeer TXT \"v=spf1 ip4:127.0.0.1 -all\"";

struct Scene {
    names: Bind,
    postfix: Postfix,
    tradewind: Tradewind,
}

fn start() -> Outcome<Scene> {
    let names = Bind::start(&[("test", ZONE)])?;
    let postfix = Postfix::start(PostfixOptions::default())?;
    Ok(Scene { tradewind: Tradewind::start(options(&names, &postfix))?, names, postfix })
}

fn options(names: &Bind, postfix: &Postfix) -> Options {
    Options::default()
        .route("peer.test", postfix.address)
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("dns", "cache_entries", "0")
        .set("dkim", "watch_seconds", "1")
}

fn keys(tradewind: &Tradewind) -> Outcome<Vec<Value>> {
    let listed = tradewind.command(&["--json", "dkim", "list", "trade.test"])?.success()?.stdout;
    let listed: Value = serde_json::from_str(listed.trim())?;
    listed.as_array().cloned().ok_or_else(|| Failure::new(format!("no list: {listed}")))
}

fn text<'v>(row: &'v Value, name: &str) -> &'v str {
    row[name].as_str().unwrap_or_default()
}

/// Puts the record of a key into the zone by a dynamic update.
fn publish(names: &Bind, key: &Value) -> Outcome {
    let strings: Vec<String> = text(key, "record")
        .as_bytes()
        .chunks(200)
        .map(|part| format!("\"{}\"", String::from_utf8_lossy(part)))
        .collect();
    let script = format!(
        "server 127.0.0.1 {}\nzone test\nupdate add {}. 60 TXT {}\nsend\n",
        names.address.port(),
        text(key, "name"),
        strings.join(" ")
    );
    let mut nsupdate = Command::new("nsupdate").stdin(Stdio::piped()).spawn()?;
    nsupdate.stdin.take().ok_or_else(|| Failure::new("no standard input"))?.write_all(script.as_bytes())?;
    let status = nsupdate.wait()?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("nsupdate: {status}"))) }
}

fn submit(tradewind: &Tradewind, message: &str) -> Outcome {
    let mut client = tradewind.submission("sales")?;
    client.deliver("sales@trade.test", &["ops@peer.test"], &smtp::for_wire(message.as_bytes()))?.expect(250)?;
    client.quit()
}

/// Algorithm and selector of each signature that dkimpy finds good, all of which must be for our domain.
fn good(message: &[u8], names: &Bind) -> Outcome<Vec<(String, String)>> {
    let verdicts = dkim_verdicts(message, names.address)?;
    for verdict in &verdicts {
        assert_eq!(text(verdict, "domain"), "trade.test", "{verdict}");
    }
    let good = verdicts.iter().filter(|verdict| verdict["good"] == true);
    Ok(good.map(|it| (text(it, "algorithm").to_owned(), text(it, "selector").to_owned())).collect())
}

fn pair(rsa: &str, edwards: &str) -> Vec<(String, String)> {
    vec![("rsa-sha256".to_owned(), rsa.to_owned()), ("ed25519-sha256".to_owned(), edwards.to_owned())]
}

#[test]
fn signatures_are_good_after_postfix() -> Outcome {
    require!("bind9", "bind9-dnsutils", "postfix", "python3-dkim", "python3-nacl", "python3-dnspython");
    let Scene { names, postfix, tradewind } = start()?;
    for key in keys(&tradewind)? {
        assert_eq!(text(&key, "state"), "signing", "{key}");
        publish(&names, &key)?;
    }
    let long = format!("Subject: {}\r\n", "order of ten pieces ".repeat(20).trim_end());
    let messages = [
        "From: Sales <sales@trade.test>\r\nTo: ops@peer.test\r\nSubject: plain\r\n\r\nTen pieces.\r\n".to_owned(),
        // Octets above 127, white space that relaxed forms take away, lines that begin with a dot, a body without an end.
        "From: 销售 <sales@trade.test>\r\nTo: =?utf-8?B?6K6i5Y2V?= <ops@peer.test>,\r\n\t b@elsewhere.test\r\nSubject:  订单 \
         10\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         .十件\t \r\n..\r\n\r\n \r\n\r\n"
            .to_owned(),
        format!("From: sales@trade.test\r\n{long}References: <1@x>\r\n\t<2@x>\r\n\r\n{}", "0123456789 \r\n".repeat(30_000)),
    ];
    for (count, message) in messages.iter().enumerate() {
        submit(&tradewind, message)?;
        postfix.wait_for_mail("ops", count + 1, PATIENCE)?;
    }
    let mail = postfix.wait_for_mail("ops", messages.len(), PATIENCE)?;
    assert_eq!(mail.len(), messages.len());
    for message in &mail {
        let shown = String::from_utf8_lossy(message.get(..3000).unwrap_or(message)).into_owned();
        assert_eq!(good(message, &names)?, pair("tw1", "tw2"), "{:?}\n{shown}", dkim_verdicts(message, names.address));
        // Not one of the fields that a reader looks at can be added.
        for added in ["Subject: other", "To: x@y.test", "Cc: x@y.test", "Reply-To: x@y.test", "Content-Type: text/html"]
        {
            let changed = [added.as_bytes(), b"\n", message.as_slice()].concat();
            assert!(good(&changed, &names)?.is_empty(), "{added}");
        }
    }
    Ok(())
}

#[test]
fn notifications_are_aligned_and_signed() -> Outcome {
    require!("bind9", "bind9-dnsutils", "postfix", "python3-dkim", "python3-nacl", "python3-dnspython");
    let Scene { names, postfix, tradewind } = start()?;
    for key in keys(&tradewind)? {
        publish(&names, &key)?;
    }
    let mut client = tradewind.smtp()?;
    client.command("EHLO mx.peer.test")?.expect(250)?;
    client.command("MAIL FROM:<ops@peer.test>")?.expect(250)?;
    client.command("RCPT TO:<sales@trade.test> NOTIFY=SUCCESS")?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    client.command("From: ops@peer.test\r\nTo: sales@trade.test\r\nSubject: x\r\n\r\nx\r\n.")?.expect(250)?;
    client.quit()?;
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    let report = String::from_utf8_lossy(&mail[0]).into_owned();
    assert!(report.contains("Return-Path: <>") && report.contains("<postmaster@trade.test>"), "{report}");
    assert_eq!(good(&mail[0], &names)?, pair("tw1", "tw2"), "{report}");
    Ok(())
}

#[test]
fn new_keys_take_over_once_dns_shows_them() -> Outcome {
    require!("bind9", "bind9-dnsutils", "postfix", "python3-dkim", "python3-nacl", "python3-dnspython");
    let Scene { names, postfix, tradewind } = start()?;
    for key in keys(&tradewind)? {
        publish(&names, &key)?;
    }
    tradewind.command(&["dkim", "rotate", "trade.test"])?.success()?;
    assert!(!tradewind.command(&["dkim", "rotate", "trade.test"])?.stderr.is_empty(), "new keys wait already");
    let message =
        |subject: &str| format!("From: sales@trade.test\r\nTo: ops@peer.test\r\nSubject: {subject}\r\n\r\nx\r\n");
    let find = |count: usize, subject: &str| -> Outcome<Vec<u8>> {
        let wanted = format!("Subject: {subject}\n");
        let mail = postfix.wait_for_mail("ops", count, PATIENCE)?;
        let found = mail.into_iter().find(|it| String::from_utf8_lossy(it).contains(&wanted));
        found.ok_or_else(|| Failure::new(format!("no message {subject}")))
    };
    // Long enough for several looks.
    std::thread::sleep(Duration::from_secs(3));
    submit(&tradewind, &message("before"))?;
    assert_eq!(good(&find(1, "before")?, &names)?, pair("tw1", "tw2"));
    let waiting: Vec<Value> = keys(&tradewind)?.into_iter().filter(|key| key["state"] == "waiting").collect();
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    for key in &waiting {
        publish(&names, key)?;
    }
    let states = wait_until("the new keys to sign", PATIENCE, || {
        let states: Vec<String> = keys(&tradewind)?.iter().map(|key| text(key, "state").to_owned()).collect();
        Ok((!states.contains(&"waiting".to_owned())).then_some(states))
    })
    .map_err(|failure| failure.during(&tradewind.log_tail()))?;
    assert_eq!(states, ["retired", "retired", "signing", "signing"]);
    submit(&tradewind, &message("after"))?;
    assert_eq!(good(&find(2, "after")?, &names)?, pair("tw3", "tw4"));
    // What was signed before is still good: the old records stay.
    assert_eq!(good(&find(2, "before")?, &names)?, pair("tw1", "tw2"));
    let old = keys(&tradewind)?;
    assert!(old[0]["revoke_after"].is_string() && old[2]["revoke_after"].is_null(), "{old:?}");
    Ok(())
}

/// A message may be signed a month before it leaves.
#[test]
fn a_scheduled_message_is_still_good_when_it_leaves() -> Outcome {
    require!("bind9", "bind9-dnsutils", "postfix", "python3-dkim", "python3-nacl", "python3-dnspython");
    const HOLD_SECONDS: i64 = 20 * 86_400;
    let Scene { names, postfix, tradewind } = start()?;
    for key in keys(&tradewind)? {
        publish(&names, &key)?;
    }
    let mut client = tradewind.submission("sales")?;
    client.command(&format!("MAIL FROM:<sales@trade.test> HOLDFOR={HOLD_SECONDS}"))?.expect(250)?;
    client.command("RCPT TO:<ops@peer.test>")?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    client.command("From: sales@trade.test\r\nTo: ops@peer.test\r\nSubject: x\r\n\r\nx\r\n.")?.expect(250)?;
    client.quit()?;
    // As if the time had come.
    tradewind.command(&["queue", "retry"])?.success()?;
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    assert_eq!(good(&mail[0], &names)?, pair("tw1", "tw2"));
    let message = String::from_utf8_lossy(&mail[0]).into_owned();
    let tag = |name: &str| -> Outcome<i64> {
        let value = message.split(name).nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default();
        Ok(value.parse()?)
    };
    let holds = tag(" x=")? - tag(" t=")?;
    assert!((HOLD_SECONDS + 14 * 86_400 - 5..=HOLD_SECONDS + 14 * 86_400 + 5).contains(&holds), "{message}");
    Ok(())
}

/// A PKCS #8 key as earlier versions kept it.
fn pem(der: &[u8]) -> String {
    let encoded = smtp::base64(der);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

/// An installation of an earlier version has its keys in files and none in the store.
#[test]
fn keys_in_files_are_taken_over() -> Outcome {
    require!("bind9", "bind9-dnsutils", "postfix", "python3-dkim", "python3-nacl", "python3-dnspython");
    let Scene { names, postfix, mut tradewind } = start()?;
    tradewind.stop()?;
    let store = tradewind.directory().join("data/store/tradewind.db");
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('DELETE FROM dkim_key'); c.commit()";
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", script]).arg(store);
    run(python, PATIENCE)?.success()?;
    let files = tradewind.directory().join("dkim");
    std::fs::create_dir_all(&files)?;
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Failure::new("no key"))?;
    let private: Pkcs8V1Der<'_> = rsa.as_der().map_err(|_| Failure::new("no private key"))?;
    let public: PublicKeyX509Der<'_> = rsa.public_key().as_der().map_err(|_| Failure::new("no public key"))?;
    let edwards = Ed25519KeyPair::generate().map_err(|_| Failure::new("no key"))?;
    let edwards_private = edwards.to_pkcs8v1().map_err(|_| Failure::new("no private key"))?;
    let mut records = Vec::new();
    for (selector, kind, private, public) in [
        ("tw1", "rsa", private.as_ref(), public.as_ref()),
        ("tw2", "ed25519", edwards_private.as_ref(), edwards.public_key().as_ref()),
    ] {
        let record = format!("v=DKIM1; k={kind}; p={}", smtp::base64(public));
        std::fs::write(files.join(format!("trade.test.{selector}.key")), pem(private))?;
        std::fs::write(files.join(format!("trade.test.{selector}.txt")), &record)?;
        records.push(record);
    }
    tradewind.restart()?;
    let found = keys(&tradewind)?;
    let shown: Vec<&str> = found.iter().map(|key| text(key, "record")).collect();
    assert_eq!(shown, records, "{}", tradewind.log_tail());
    for key in &found {
        publish(&names, key)?;
    }
    submit(&tradewind, "From: sales@trade.test\r\nTo: ops@peer.test\r\nSubject: x\r\n\r\nx\r\n")?;
    assert_eq!(good(&postfix.wait_for_mail("ops", 1, PATIENCE)?[0], &names)?, pair("tw1", "tw2"));
    Ok(())
}

#[tokio::test]
async fn a_chain_of_ours_is_whole_for_dkimpy() -> Outcome {
    require!("bind9", "bind9-dnsutils", "python3-dkim", "python3-nacl", "python3-authres", "python3-dnspython");
    let names = Bind::start(&[("test", ZONE)])?;
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Failure::new("no key"))?;
    let private: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| Failure::new("no private key"))?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| Failure::new("no public key"))?;
    let record = format!("v=DKIM1; k=rsa; p={}", smtp::base64(public.as_ref()));
    publish(&names, &serde_json::json!({ "name": "s1._domainkey.trade.test", "record": record }))?;
    let key = SigningKey::new(KeyKind::Rsa, "trade.test", "s1", private.as_ref())?;
    let resolver = resolver::HickoryResolver::new(&resolver::ResolverSettings {
        servers: vec![names.address],
        validate: false,
        trust_anchor: None,
        timeout: Duration::from_secs(2),
        cache_entries: 0,
    })?;
    let checker = Checker::new(&AuthenticationSettings::default())?;
    let clock = env::SystemClock;
    let mut message =
        "From: a@peer.test\r\nTo: sales@trade.test\r\nSubject: order\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n\
         Message-ID: <1@peer.test>\r\n\r\nTen pieces. \r\n\r\n"
            .to_owned();
    let connection = Connection {
        client: [127, 0, 0, 1].into(),
        helo: "mx.peer.test",
        mail_from: "a@peer.test",
        receiver: "mail.trade.test",
    };
    for turn in 1..=3 {
        let facts = checker.check(message.as_bytes(), connection, &resolver, &clock).await;
        let results = "mail.trade.test; spf=pass smtp.mailfrom=peer.test";
        let now: Timestamp = env::Clock::now(&clock);
        let set = mailauth::seal(&key, message.as_bytes(), results, facts.arc.result, now)?;
        message = set.ok_or_else(|| Failure::new(format!("no set {turn}: {:?}", facts.arc)))? + &message;
        let verdict = arc_verdict(message.as_bytes(), names.address)?;
        assert_eq!(verdict["state"], "pass", "{turn}: {verdict}\n{message}");
    }
    let changed = message.replacen("order", "offer", 1);
    assert_eq!(arc_verdict(changed.as_bytes(), names.address)?["state"], "fail");
    Ok(())
}
