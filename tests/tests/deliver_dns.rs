//! Delivery to a domain's own mail exchangers, as a name server tells them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use harness::{Bind, Options, Outcome, Outward, Scratch, ScriptedServer, SelfSigned, free_port, require};

const PATIENCE: Duration = Duration::from_secs(20);

const POLITE: &str = "< 220 mx.test\npolite";
const OPENING: &str = "< 220 mx.test\n> EHLO\n< 250-mx.test|250 PIPELINING\n";
const ENVELOPE: &str = "> MAIL FROM:<\n> RCPT TO:<\n> DATA\n< 250 ok\n< 250 ok\n< 354 go\n";

/// Mail exchangers listen on one port of several loopback addresses.
fn start(zones: &[(&str, &str)], port: u16, options: Options) -> Outcome<(Bind, Outward)> {
    let names = Bind::start(zones)?;
    let options = options
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("delivery", "port", &port.to_string());
    Ok((names, Outward::start(&[], options)?))
}

fn server(last: u8, port: u16, script: &str) -> Outcome<ScriptedServer> {
    ScriptedServer::start_at(SocketAddr::new(IpAddr::from([127, 0, 0, last]), port), None, &[script])
}

#[test]
fn the_next_exchanger_gets_what_the_first_cannot_have() -> Outcome {
    require!("bind9");
    let port = free_port()?;
    let records = |first: u8, second: u8| format!("@ MX 10 a\n@ MX 20 b\na A 127.0.0.{first}\nb A 127.0.0.{second}");
    // Nobody listens at 127.0.0.10; a broken address of an exchanger is followed by its good one.
    let zones = [
        ("dead.test", records(10, 11)),
        ("closed.test", records(12, 11)),
        ("leaves.test", records(13, 11)),
        ("breaks.test", records(14, 11)),
        ("many.test", "@ MX 10 a\na A 127.0.0.10\na A 127.0.0.11".to_owned()),
        ("nameless.test", "@ MX 10 missing\n@ MX 20 b\nb A 127.0.0.11".to_owned()),
        ("implicit.test", "@ A 127.0.0.11".to_owned()),
    ];
    let zones: Vec<(&str, &str)> = zones.iter().map(|(name, records)| (*name, records.as_str())).collect();
    let good = server(11, port.port, POLITE)?;
    let first = [
        server(12, port.port, "< 554 5.7.1 not you")?,
        server(13, port.port, &format!("{OPENING}> MAIL FROM:<\n< 421 4.3.2 bye"))?,
        server(14, port.port, &format!("{OPENING}> MAIL FROM:<\n> RCPT TO:<\n> DATA\n< 250 ok\n< 250 ok"))?,
    ];
    let (_names, outward) = start(&zones, port.port, Options::default())?;
    for (count, (domain, _)) in (1..).zip(&zones) {
        outward.send(&[&format!("x@{domain}")])?;
        good.wait_for_messages(count, PATIENCE).map_err(|failure| failure.during(domain))?;
    }
    outward.wait_for_empty_queue()?;
    assert!(first.iter().all(|server| server.visits().len() == 1 && server.messages().is_empty()));
    assert!(outward.reports()?.is_empty());
    Ok(())
}

/// The first exchanger has the message and does not say so: the second must not get a copy.
#[test]
fn the_next_exchanger_does_not_get_what_the_first_may_have() -> Outcome {
    require!("bind9");
    let port = free_port()?;
    let first = server(21, port.port, &format!("{OPENING}{ENVELOPE}message"))?;
    let second = server(22, port.port, POLITE)?;
    let zone = "@ MX 10 a\n@ MX 20 b\na A 127.0.0.21\nb A 127.0.0.22";
    let (_names, outward) = start(&[("two.test", zone)], port.port, Options::default())?;
    outward.send(&["x@two.test"])?;
    assert_eq!(outward.wait_for_deferral("x@two.test")?["last_status"], "4.4.2");
    assert_eq!((first.messages().len(), second.visits().len()), (1, 0));
    Ok(())
}

#[test]
fn domains_that_take_no_mail_are_told_at_once() -> Outcome {
    require!("bind9");
    let port = free_port()?;
    let zones = [("null.test", "@ MX 0 ."), ("empty.test", "@ TXT nothing"), ("loop.test", "@ MX 10 mail.trade.test.")];
    let (_names, outward) = start(&zones, port.port, Options::default())?;
    let cases =
        [("null.test", "5.1.10"), ("empty.test", "5.1.2"), ("missing.empty.test", "5.1.2"), ("loop.test", "5.4.6")];
    for (domain, status) in cases {
        outward.send(&[&format!("x@{domain}")])?;
        let report = outward.wait_for_report(&format!("x@{domain}"))?;
        assert!(report.contains(&format!("Status: {status}\r\n")), "{domain}: {report}");
    }
    // A name server that says nothing of a domain, here because it does not serve it: nothing is decided.
    outward.send(&["x@elsewhere.example"])?;
    let seen = outward.wait_for_deferral("x@elsewhere.example")?;
    assert!(seen["last_status"] == "4.4.3", "{seen}");
    Ok(())
}

/// RFC 8689 section 4.2.1: each exchanger is asked before the message fails, and one that cannot be asked now is asked later. Those
/// that nobody vouches for are not asked at all.
#[test]
fn requiretls_is_asked_of_each_exchanger() -> Outcome {
    require!("bind9", "bind9-utils");
    let port = free_port()?;
    let scratch = Scratch::new("dns")?;
    let certificate = SelfSigned::write_for(&scratch, &["b.mixed.test", "b.unproven.test"])?;
    let records = "\
mixed.test. MX 10 a.mixed.test.
mixed.test. MX 20 b.mixed.test.
a.mixed.test. A 127.0.0.31
b.mixed.test. A 127.0.0.32
later.test. MX 10 a.later.test.
later.test. MX 20 b.later.test.
later.test. MX 30 c.later.test.
a.later.test. A 127.0.0.31
b.later.test. A 127.0.0.33
c.later.test. A 127.0.0.31
never.test. MX 10 a.never.test.
never.test. MX 20 b.never.test.
a.never.test. A 127.0.0.31
b.never.test. A 127.0.0.32";
    let clear = server(31, port.port, "< 220 a.test\n> EHLO\n< 250 a.test\npolite")?;
    let at = SocketAddr::new(IpAddr::from([127, 0, 0, 32]), port.port);
    let good = ScriptedServer::start_at(at, Some(&certificate), &[POLITE])?;
    let names = Bind::start_signed(records, &[("unproven.test", "@ MX 10 b\nb A 127.0.0.32")], &[])?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "trust_anchor", &format!("\"{}\"", names.trust_anchor().display()))
        .set("delivery", "port", &port.port.to_string())
        .set("delivery", "roots", &format!("[\"{}\"]", certificate.certificate.display()));
    let outward = Outward::start(&[], options)?;
    for domain in ["mixed.test", "later.test", "never.test", "unproven.test"] {
        let letter = format!("From: <sales@trade.test>\r\nTo: <x@{domain}>\r\nSubject: order\r\n\r\nTen.\r\n");
        outward.submit(" REQUIRETLS", &[&format!("x@{domain}")], "", letter.as_bytes())?;
    }
    let message = &good.wait_for_messages(1, PATIENCE)?[0];
    assert!(message.contains("To: <x@mixed.test>"), "{message}");
    let seen = outward.wait_for_deferral("x@later.test")?;
    assert!(seen["last_status"] == "4.4.1", "the one that may keep it decides: {seen}");
    // At the one the certificate is another host's; of the other nobody knows whether it is the domain's.
    for domain in ["never.test", "unproven.test"] {
        let report = outward.wait_for_report(&format!("x@{domain}"))?;
        assert!(report.contains("Status: 5.7.10\r\n"), "{report}");
    }
    assert!(clear.messages().is_empty() && good.messages().len() == 1);
    Ok(())
}
