//! Postfix as the other side of encrypted delivery: what its certificates must be for us, and what it asks of ours.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use harness::{
    Authority, Bind, HttpsHost, Options, Outcome, Outward, Port53, Postfix, PostfixOptions, Scratch, SelfSigned,
    Tradewind, Validity, free_port, message_id, require, skip, smtp, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn at(last: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from([127, 0, 0, last]), port)
}

/// A Postfix that takes mail for `DOMAIN.test` of each of these domains at an address of its own, all of it into one mailbox.
fn postfix_at(doors: &[(&str, SocketAddr, Option<&SelfSigned>)]) -> Outcome<Postfix> {
    let domains: Vec<String> = doors.iter().map(|(domain, ..)| format!("{domain}.test")).collect();
    let aliases: Vec<String> = domains.iter().map(|domain| format!("{{ @{domain} = ops@peer.test }}")).collect();
    let options = PostfixOptions::default()
        .set("virtual_alias_domains", &domains.join(" "))
        .set("virtual_alias_maps", &format!("inline:{{ {} }}", aliases.join(", ")));
    let with_door = |options: PostfixOptions, (_, at, certificate): &(&str, SocketAddr, Option<&SelfSigned>)| {
        options.door(*at, *certificate)
    };
    Postfix::start(doors.iter().fold(options, with_door))
}

/// Sends one message to each domain, and sees that it arrives over TLS or waits for want of protection.
fn send_to_each(outward: &Outward, postfix: &Postfix, expected: &[(&str, bool)]) -> Outcome {
    for (domain, _) in expected {
        outward.send(&[&format!("x@{domain}.test")])?;
    }
    for (domain, arrives) in expected {
        if !arrives {
            let seen = outward.wait_for_deferral(&format!("x@{domain}.test"))?;
            assert_eq!(seen["last_status"], "4.7.10", "{domain}: {seen}");
        }
    }
    let mut good: Vec<String> =
        expected.iter().filter(|(_, arrives)| *arrives).map(|(domain, _)| format!("x@{domain}.test")).collect();
    let mail = postfix.wait_for_mail("ops", good.len(), PATIENCE)?;
    let mut arrived: Vec<String> = mail.iter().filter_map(|message| message_id(message)).collect();
    good.sort();
    arrived.sort();
    assert_eq!(arrived, good, "{}", outward.tradewind.log_tail());
    for message in &mail {
        let message = String::from_utf8_lossy(message).into_owned();
        assert!(message.contains("(using TLSv1.3 with cipher"), "{message}");
    }
    // Of the others it has not even begun to take a message.
    let log = postfix.log()?;
    for (domain, _) in expected.iter().filter(|(_, arrives)| !arrives) {
        assert!(!log.contains(&format!("x@{domain}.test")), "{domain}: {log}");
    }
    Ok(())
}

#[test]
fn postfix_must_have_the_certificate_of_its_zone() -> Outcome {
    require!("bind9", "bind9-utils", "postfix");
    let port = free_port()?.port;
    let scratch = Scratch::new("dane")?;
    let own = SelfSigned::write_as(&scratch, "own", &["whatever.test"])?;
    let authority = Authority::new()?;
    let issued = authority.issue(&scratch, "issued", &["mx.anchor.test"], Validity::Now)?;
    let misnamed = authority.issue(&scratch, "misnamed", &["other.test"], Validity::Now)?;
    let expired = authority.issue(&scratch, "expired", &["mx.expired.test"], Validity::Past)?;
    let (end_entity, anchor) = (format!("3 1 1 {}", own.digest), format!("2 1 1 {}", issued.digest));
    let zeros = format!("3 1 1 {}", "0".repeat(64));
    let cases = [
        ("good", 101, &end_entity, Some(&own), true),
        ("anchor", 102, &anchor, Some(&issued), true),
        ("wrong", 103, &zeros, Some(&own), false),
        ("misnamed", 104, &anchor, Some(&misnamed), false),
        ("expired", 105, &anchor, Some(&expired), false),
        ("stranger", 106, &anchor, Some(&own), false),
        ("stripped", 107, &end_entity, None, false),
    ];
    let mut records = String::new();
    for (domain, last, tlsa, ..) in &cases {
        records.push_str(&format!(
            "{domain}.test. MX 10 mx.{domain}.test.\nmx.{domain}.test. A 127.0.0.{last}\n_{port}._tcp.mx.{domain}.test. TLSA {tlsa}\n"
        ));
    }
    let names = Bind::start_signed(&records, &[], &[])?;
    let doors = cases.map(|(domain, last, _, certificate, _)| (domain, at(last, port), certificate));
    let postfix = postfix_at(&doors)?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "trust_anchor", &format!("\"{}\"", names.trust_anchor().display()))
        .set("delivery", "port", &port.to_string());
    let outward = Outward::start(&[], options)?;
    send_to_each(&outward, &postfix, &cases.map(|(domain, .., arrives)| (domain, arrives)))
}

#[test]
fn postfix_must_have_a_certificate_for_the_name_in_its_policy() -> Outcome {
    require!("bind9", "postfix");
    let (port, policy_port) = (free_port()?.port, free_port()?.port);
    let scratch = Scratch::new("sts")?;
    let authority = Authority::new()?;
    let good = authority.issue(&scratch, "good", &["mx.good.test"], Validity::Now)?;
    let misnamed = authority.issue(&scratch, "misnamed", &["mx.other.test"], Validity::Now)?;
    let expired = authority.issue(&scratch, "expired", &["mx.expired.test"], Validity::Past)?;
    let unlisted = authority.issue(&scratch, "unlisted", &["mx.unlisted.test"], Validity::Now)?;
    let stranger = SelfSigned::issued_as(&scratch, "stranger", &["mx.stranger.test"])?;
    let cases = [
        ("good", 111, "mx.good.test", Some(&good), true),
        ("misnamed", 112, "mx.misnamed.test", Some(&misnamed), false),
        ("expired", 113, "mx.expired.test", Some(&expired), false),
        ("unlisted", 114, "mail.unlisted.test", Some(&unlisted), false),
        ("stranger", 115, "mx.stranger.test", Some(&stranger), false),
        ("stripped", 116, "mx.stripped.test", None, false),
    ];
    let hosts: Vec<String> = cases.iter().map(|(domain, ..)| format!("mta-sts.{domain}.test")).collect();
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let of_policies = authority.issue(&scratch, "policies", &hosts, Validity::Now)?;
    let policies = HttpsHost::start_at(at(110, policy_port), &of_policies, &[])?;
    let mut zones = Vec::new();
    for ((domain, last, mx, ..), host) in cases.iter().zip(&hosts) {
        policies.serve(host, &format!("version: STSv1\r\nmode: enforce\r\nmx: {mx}\r\nmax_age: 86400\r\n"));
        let zone = format!("@ MX 10 mx\nmx A 127.0.0.{last}\nmta-sts A 127.0.0.110\n_mta-sts TXT \"v=STSv1; id=one\"");
        zones.push((format!("{domain}.test"), zone));
    }
    let zones: Vec<(&str, &str)> = zones.iter().map(|(name, zone)| (name.as_str(), zone.as_str())).collect();
    let names = Bind::start(&zones)?;
    let doors = cases.map(|(domain, last, _, certificate, _)| (domain, at(last, port), certificate));
    let postfix = postfix_at(&doors)?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("delivery", "port", &port.to_string())
        .set("delivery", "policy_port", &policy_port.to_string())
        .set("delivery", "roots", &format!("[\"{}\"]", authority.write(&scratch)?.display()));
    let outward = Outward::start(&[], options)?;
    send_to_each(&outward, &postfix, &cases.map(|(domain, .., arrives)| (domain, arrives)))
}

/// The records that `tradewind dns tlsa` gives, for the port at which it listens here.
fn tlsa(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Vec<String>> {
    let told = tradewind.command(&[&["dns", "tlsa"], arguments].concat())?.success()?.stdout;
    let data = told.lines().filter_map(|line| line.split_once(" TLSA ").map(|(_, data)| data.trim().to_owned()));
    Ok(data.collect())
}

/// The records of exchangers by which mail comes to us: each an exchanger's name and the TLSA records that it has.
fn exchangers(port: u16, hosts: &[(&str, &[&String])]) -> String {
    let mut records = String::new();
    for (host, tlsa) in hosts {
        records.push_str(&format!("{host}.test. MX 10 mx.{host}.test.\nmx.{host}.test. A 127.0.0.1\n"));
        tlsa.iter().for_each(|it| records.push_str(&format!("_{port}._tcp.mx.{host}.test. TLSA {it}\n")));
    }
    records
}

/// A Postfix that delivers by DANE alone; the sender's name says by which exchanger.
fn demanding_postfix(names: &Port53, port: u16, hosts: &[&str]) -> Outcome<Postfix> {
    let ways: Vec<String> =
        hosts.iter().map(|host| format!("{{ {host}@peer.test = smtp:{host}.test:{port} }}")).collect();
    Postfix::start(
        PostfixOptions::default()
            .names(names)
            .set("smtp_dns_support_level", "dnssec")
            .set("smtp_tls_security_level", "dane-only")
            .set("sender_dependent_default_transport_maps", &format!("inline:{{ {} }}", ways.join(", "))),
    )
}

fn hand_over(postfix: &Postfix, host: &str) -> Outcome {
    let letter = format!("From: <{host}@peer.test>\r\nTo: <sales@trade.test>\r\nSubject: by {host}\r\n\r\nHello.\r\n");
    let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
    let sender = format!("{host}@peer.test");
    client.deliver(&sender, &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?.expect(250)?;
    client.quit()
}

/// What Postfix notes of the delivery by `host`.
fn noted(postfix: &Postfix, host: &str, note: &str) -> Outcome<String> {
    let relay = format!("relay=mx.{host}.test");
    let waited = wait_until(&format!("{note} by {host}"), PATIENCE, || {
        let log = postfix.log()?;
        Ok(log.lines().find(|line| line.contains(&relay) && line.contains(note)).map(str::to_owned))
    });
    waited.map_err(|failure| failure.during(&postfix.log_tail()))
}

#[test]
fn postfix_finds_our_certificate_in_the_zone_before_and_after_its_change() -> Outcome {
    require!("bind9", "bind9-utils", "postfix", "util-linux");
    if let Some(why) = Port53::missing() {
        skip!("{why}");
    }
    let scratch = Scratch::new("own")?;
    let place = scratch.join("site");
    let mut tradewind = Tradewind::start(Options::default().place(&place))?;
    let port = tradewind.listen("smtp")?.port();
    let now = tlsa(&tradewind, &[])?;
    let both = tlsa(&tradewind, &["--next"])?;
    assert!(now.len() == 1 && both.len() == 2 && both[0] == now[0], "{now:?} {both:?}");
    let wrong = format!("3 1 1 {}", "0".repeat(64));
    let records = exchangers(
        port,
        &[("before", &[&both[0]]), ("during", &[&both[0], &both[1]]), ("after", &[&both[1]]), ("wrong", &[&wrong])],
    );
    let authority = Bind::start_signed(&records, &[], &[])?;
    let validating = Bind::start_validating(&authority)?;
    let names = Port53::of(&validating)?;
    let postfix = demanding_postfix(&names, port, &["before", "during", "after", "wrong"])?;
    for (host, note) in [
        ("before", "status=sent"),
        ("during", "status=sent"),
        ("after", "status=deferred"),
        ("wrong", "status=deferred"),
    ] {
        hand_over(&postfix, host)?;
        noted(&postfix, host, note)?;
    }
    let log = postfix.log()?;
    assert!(log.contains("Verified TLS connection established to mx.before.test"), "{log}");
    // The certificate changes. What waited for the new one is sent, and the old record alone no longer does.
    tradewind.stop()?;
    take_next_key(&tradewind, &scratch)?;
    tradewind.restart()?;
    assert_eq!(tlsa(&tradewind, &[])?, both[1..], "the new key is in use");
    postfix.flush()?;
    noted(&postfix, "after", "status=sent")?;
    hand_over(&postfix, "during")?;
    hand_over(&postfix, "before")?;
    noted(&postfix, "before", "status=deferred")?;
    let count = || Ok(Some(tradewind.imap("sales")?.count("INBOX")?).filter(|count| *count == 4));
    wait_until("four messages", PATIENCE, count).map_err(|failure| failure.during(&postfix.log_tail()))?;
    assert_eq!(postfix.queued()?, 2);
    Ok(())
}

/// Puts the key that was made ahead into use, with a certificate of the local authority, as a renewal does.
fn take_next_key(tradewind: &Tradewind, scratch: &Scratch) -> Outcome {
    let names = scratch.file("names", "subjectAltName=DNS:mail.trade.test,DNS:localhost,IP:127.0.0.1\n")?;
    let mut issue = std::process::Command::new("sh");
    issue.args([
        "-ec",
        "openssl req -new -key server.next.key -subj /CN=mail.trade.test | \
         openssl x509 -req -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile \"$0\" > server.pem.new\n\
         mv server.next.key server.key\nmv server.pem.new server.pem",
    ]);
    issue.arg(names).current_dir(tradewind.directory().join("tls"));
    harness::run(issue, PATIENCE)?.success().map(drop)
}
