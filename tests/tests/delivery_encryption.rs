//! What other domains ask of the way to them, kept: DANE (RFC 7672) and MTA-STS (RFC 8461), against signed zones and policy hosts.

#[path = "delivery_encryption/aliases.rs"]
mod aliases;
#[path = "delivery_encryption/foreseen.rs"]
mod foreseen;
#[path = "delivery_encryption/own_side.rs"]
mod own_side;
#[path = "delivery_encryption/reports.rs"]
mod reports;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use harness::{Bind, HttpsHost, Options, Outcome, Outward, Scratch, ScriptedServer, SelfSigned, free_port, require};

const PATIENCE: Duration = Duration::from_secs(20);

const POLITE: &str = "< 220 mx.test\npolite";
const CLEAR: &str = "< 220 mx.test\n> EHLO\n< 250 mx.test\npolite";

/// What the sender is told, in both languages.
const WORDS: [&str; 2] = ["cannot be reached securely", "无法安全连接"];

fn at(last: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::from([127, 0, 0, last]), port)
}

fn server(last: u8, port: u16, certificate: &SelfSigned) -> Outcome<ScriptedServer> {
    ScriptedServer::start_at(at(last, port), Some(certificate), &[POLITE])
}

fn clear_server(last: u8, port: u16) -> Outcome<ScriptedServer> {
    ScriptedServer::start_at(at(last, port), None, &[CLEAR])
}

fn signed(names: &Bind, port: u16) -> Options {
    Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "trust_anchor", &format!("\"{}\"", names.trust_anchor().display()))
        .set("delivery", "port", &port.to_string())
}

/// Nothing of the message has been said to the server.
fn got_nothing(server: &ScriptedServer) -> bool {
    let visits = server.visits();
    let heard_mail = visits.iter().flat_map(|visit| &visit.heard).any(|line| line.starts_with("MAIL"));
    server.messages().is_empty() && !heard_mail
}

/// It went over TLS.
fn got_one_by_tls(server: &ScriptedServer) -> bool {
    let visits = server.visits();
    server.messages().len() == 1 && visits.iter().any(|visit| visit.heard.iter().any(|line| line == "STARTTLS"))
}

/// The sender is told at once, in both languages, why the message waits.
fn told_that_it_waits(outward: &Outward, to: &str) -> Outcome {
    let seen = outward.wait_for_deferral(to)?;
    assert!(seen["last_status"] == "4.7.10", "{seen}");
    let report = outward.wait_for_report(to)?;
    assert!(report.contains("Action: delayed") && report.contains("Status: 4.7.10"), "{report}");
    let letters = outward.letters()?;
    let letter = letters.iter().find(|letter| letter.contains(&format!("<{to}>"))).cloned().unwrap_or_default();
    assert!(WORDS.iter().all(|words| letter.contains(words)), "{letter}");
    Ok(())
}

#[test]
fn the_certificate_must_be_the_one_of_the_zone() -> Outcome {
    require!("bind9", "bind9-utils");
    let port = free_port()?.port;
    let scratch = Scratch::new("dane")?;
    // Nobody but the zone vouches for these.
    let own = SelfSigned::write_as(&scratch, "own", &["whatever.test"])?;
    let issued = SelfSigned::issued_as(&scratch, "issued", &["mx.anchor.test"])?;
    let misnamed = SelfSigned::issued_as(&scratch, "misnamed", &["other.test"])?;
    let zeros = "0".repeat(64);
    let mut records = String::new();
    for (domain, last, tlsa) in [
        ("good", 61, format!("3 1 1 {}", own.digest)),
        ("anchor", 62, format!("2 1 1 {}", issued.digest)),
        ("wrong", 63, format!("3 1 1 {zeros}")),
        ("misnamed", 64, format!("2 1 1 {}", misnamed.digest)),
        ("stripped", 65, format!("3 1 1 {}", own.digest)),
        ("odd", 66, format!("0 0 1 {zeros}")),
        ("oddclear", 67, format!("1 1 1 {zeros}")),
        ("lost", 68, "3 1 1 11111111111111111111111111111111111111111111111111111111fedcba98".to_owned()),
    ] {
        records.push_str(&format!(
            "{domain}.test. MX 10 mx.{domain}.test.\nmx.{domain}.test. A 127.0.0.{last}\n_{port}._tcp.mx.{domain}.test. TLSA {tlsa}\n"
        ));
    }
    records.push_str("two.test. MX 10 mx.wrong.test.\ntwo.test. MX 20 mx.good.test.\n");
    records.push_str("alias.test. MX 10 mail.alias.test.\nmail.alias.test. CNAME mx.good.test.\n");
    let unsigned = format!("@ MX 10 mx\nmx A 127.0.0.69\n_{port}._tcp.mx TLSA 3 1 1 {zeros}");
    let names = Bind::start_signed(&records, &[("plain.test", &unsigned)], &[("FEDCBA98", "FEDCBA99")])?;
    let good = server(61, port, &own)?;
    let anchor = server(62, port, &issued)?;
    let wrong = server(63, port, &own)?;
    let misnamed = server(64, port, &misnamed)?;
    let stripped = clear_server(65, port)?;
    let odd = server(66, port, &own)?;
    let odd_clear = clear_server(67, port)?;
    let lost = server(68, port, &own)?;
    let plain = clear_server(69, port)?;
    let outward = Outward::start(&[], signed(&names, port))?;
    for (server, domain) in [(&good, "good"), (&anchor, "anchor"), (&odd, "odd")] {
        outward.send(&[&format!("x@{domain}.test")])?;
        server.wait_for_messages(1, PATIENCE).map_err(|failure| failure.during(domain))?;
        assert!(got_one_by_tls(server), "{domain}: {:?}", server.visits());
    }
    // In an unsigned zone the record says nothing, and the message goes as it can.
    foreseen::is_told(&outward, "plain", ("opportunistic-tls", None, "unknown"))?;
    outward.send(&["x@plain.test"])?;
    plain.wait_for_messages(1, PATIENCE)?;
    foreseen::is_told(&outward, "plain", ("none", None, "last-delivery"))?;
    let told = foreseen::is_told(&outward, "good", ("verified-tls", Some("dane"), "last-delivery"))?;
    assert!(told["connection"]["lastTls"] == "TLSv1.3" && told["connection"]["lastVerified"] == true, "{told}");
    for (server, domain) in
        [(&wrong, "wrong"), (&misnamed, "misnamed"), (&stripped, "stripped"), (&odd_clear, "oddclear")]
    {
        let to = format!("x@{domain}.test");
        outward.send(&[&to])?;
        told_that_it_waits(&outward, &to).map_err(|failure| failure.during(domain))?;
        assert!(got_nothing(server), "{domain}: {:?}", server.visits());
    }
    // A record whose signature is wrong is no absent one: nobody is asked (RFC 7672 section 2.1.2).
    outward.send(&["x@lost.test"])?;
    let seen = outward.wait_for_deferral("x@lost.test")?;
    assert!(seen["last_status"] == "4.4.3" && lost.visits().is_empty(), "{seen} {:?}", lost.visits());
    // The next exchanger has the certificate that the zone names; so has the host behind an alias.
    outward.send(&["x@two.test"])?;
    outward.send(&["x@alias.test"])?;
    good.wait_for_messages(3, PATIENCE)?;
    assert!(got_nothing(&wrong));
    // Given up, it fails with the same words.
    let id = outward.queued("x@stripped.test")?.unwrap_or_default();
    outward.queue(&["expire", &id])?;
    let failed = harness::wait_until("the last report", PATIENCE, || {
        Ok(outward.reports()?.into_iter().find(|it| it.contains("Action: failed") && it.contains("x@stripped.test")))
    })?;
    assert!(failed.contains("Status: 5.7.10"), "{failed}");
    let letters = outward.letters()?;
    let said = letters.iter().filter(|letter| letter.contains("<x@stripped.test>"));
    assert_eq!(said.filter(|letter| WORDS.iter().all(|words| letter.contains(words))).count(), 2, "{letters:?}");
    assert!(got_nothing(&stripped));
    Ok(())
}

fn policy(mode: &str, host: &str) -> String {
    format!("version: STSv1\r\nmode: {mode}\r\nmx: {host}\r\nmax_age: 86400\r\n")
}

/// A zone with an exchanger, and a policy announced as `id` whose host is at 127.0.0.`policy_host`.
fn zone(exchanger: u8, policy_host: u8, id: &str) -> String {
    format!("@ MX 10 mx\nmx A 127.0.0.{exchanger}\nmta-sts A 127.0.0.{policy_host}\n_mta-sts TXT \"v=STSv1; id={id}\"")
}

/// Domains with policies, their exchangers and the host of the policies.
struct Partners {
    names: Bind,
    of_policies: SelfSigned,
    /// At which the certificates are trusted.
    own: SelfSigned,
    scratch: Scratch,
    port: u16,
    policy_port: u16,
}

/// In this order at 127.0.0.81 and the following.
const PARTNERS: [&str; 9] = ["good", "name", "outside", "self", "clear", "testing", "none", "gone", "wronghost"];

impl Partners {
    fn start() -> Outcome<Self> {
        let (port, policy_port) = (free_port()?.port, free_port()?.port);
        let scratch = Scratch::new("sts")?;
        let hosts: Vec<String> = PARTNERS.iter().map(|domain| format!("mta-sts.{domain}.test")).collect();
        // The last one's policy host shows the certificate of the others.
        let hosts: Vec<&str> = hosts.iter().map(String::as_str).take(PARTNERS.len() - 1).collect();
        let of_policies = SelfSigned::write_as(&scratch, "policies", &hosts)?;
        let own = SelfSigned::write_as(&scratch, "own", &["mx.good.test", "mx.outside.test"])?;
        let zones: Vec<(String, String)> = (81..)
            .zip(PARTNERS)
            .map(|(last, domain)| {
                let policy_host = if domain == "gone" { 79 } else { 80 };
                (format!("{domain}.test"), zone(last, policy_host, "one"))
            })
            .collect();
        let zones: Vec<(&str, &str)> = zones.iter().map(|(name, zone)| (name.as_str(), zone.as_str())).collect();
        let names = Bind::start(&zones)?;
        Ok(Self { names, of_policies, own, scratch, port, policy_port })
    }

    fn policy_host(&self, policies: &[(&str, &str, &str)]) -> Outcome<HttpsHost> {
        let host = HttpsHost::start_at(at(80, self.policy_port), &self.of_policies, &[])?;
        for (domain, mode, mx) in policies {
            host.serve(&format!("mta-sts.{domain}.test"), &policy(mode, mx));
        }
        Ok(host)
    }

    fn options(&self) -> Options {
        let roots = format!("[\"{}\", \"{}\"]", self.of_policies.certificate.display(), self.own.certificate.display());
        Options::default()
            .set("dns", "servers", &format!("[\"{}\"]", self.names.address))
            .set("dns", "validate", "false")
            .set("delivery", "port", &self.port.to_string())
            .set("delivery", "policy_port", &self.policy_port.to_string())
            .set("delivery", "roots", &roots)
    }
}

#[test]
fn a_policy_is_enforced_and_tested_and_kept() -> Outcome {
    require!("bind9", "bind9-dnsutils");
    let partners = Partners::start()?;
    let port = partners.port;
    let host = partners.policy_host(&[
        ("good", "enforce", "mx.good.test"),
        ("name", "enforce", "*.name.test"),
        ("outside", "enforce", "mail.outside.test"),
        ("self", "enforce", "mx.self.test"),
        ("clear", "enforce", "mx.clear.test"),
        ("testing", "testing", "elsewhere.test"),
        ("none", "none", "elsewhere.test"),
        ("wronghost", "enforce", "elsewhere.test"),
    ])?;
    let stranger = SelfSigned::write_as(&partners.scratch, "stranger", &["mx.self.test"])?;
    let good = server(81, port, &partners.own)?;
    let name = server(82, port, &partners.own)?;
    let outside = server(83, port, &partners.own)?;
    let of_stranger = server(84, port, &stranger)?;
    let clear = clear_server(85, port)?;
    let without = [clear_server(86, port)?, clear_server(87, port)?, clear_server(88, port)?, clear_server(89, port)?];
    let mut outward = Outward::start(&[], partners.options())?;
    outward.send(&["x@good.test"])?;
    good.wait_for_messages(1, PATIENCE)?;
    assert!(got_one_by_tls(&good));
    // Tested, lifted, not to be had, and of a host that is not the domain's: as without.
    for (server, domain) in without.iter().zip(["testing", "none", "gone", "wronghost"]) {
        outward.send(&[&format!("x@{domain}.test")])?;
        server.wait_for_messages(1, PATIENCE).map_err(|failure| failure.during(domain))?;
    }
    for (server, domain) in [(&name, "name"), (&outside, "outside"), (&of_stranger, "self"), (&clear, "clear")] {
        let to = format!("x@{domain}.test");
        outward.send(&[&to])?;
        told_that_it_waits(&outward, &to).map_err(|failure| failure.during(domain))?;
        assert!(got_nothing(server), "{domain}: {:?}", server.visits());
    }
    // The sender may say that it does not matter (RFC 8689 section 3), and REQUIRETLS goes before that.
    let loose = "From: <sales@trade.test>\r\nTo: <l@clear.test>\r\nSubject: hi\r\nTLS-Required: No\r\n\r\nHello.\r\n";
    outward.submit(" REQUIRETLS", &["strict@clear.test"], "", loose.as_bytes())?;
    assert!(outward.wait_for_report("strict@clear.test")?.contains("Status: 5.7.10"));
    assert!(got_nothing(&clear));
    outward.submit("", &["l@clear.test"], "", loose.as_bytes())?;
    clear.wait_for_messages(1, PATIENCE)?;
    // One fetch for each domain whose policy could be had, however many messages; then its host goes, and the server restarts.
    outward.send(&["y@good.test"])?;
    good.wait_for_messages(2, PATIENCE)?;
    let asked = |domain: &str| host.asked().iter().filter(|it| it.host == format!("mta-sts.{domain}.test")).count();
    assert_eq!(["good", "outside", "self"].map(asked), [1; 3], "{:?}", host.asked());
    drop(host);
    outward.tradewind.stop()?;
    outward.tradewind.restart()?;
    foreseen::is_told(&outward, "good", ("verified-tls", Some("mta-sts"), "policy"))?;
    // Nothing was ever delivered there, and the policy is known all the same.
    foreseen::is_told(&outward, "self", ("verified-tls", Some("mta-sts"), "policy"))?;
    foreseen::is_told(&outward, "testing", ("none", None, "last-delivery"))?;
    outward.send(&["z@self.test"])?;
    outward.send(&["z@good.test"])?;
    good.wait_for_messages(3, PATIENCE)?;
    assert_eq!(outward.wait_for_deferral("z@self.test")?["last_status"], "4.7.10");
    assert!(got_nothing(&of_stranger) && got_nothing(&outside));
    // A new identifier brings the new policy.
    let host = partners.policy_host(&[("outside", "enforce", "mx.outside.test")])?;
    announce(&partners, "outside.test", "two")?;
    outward.tradewind.stop()?;
    outward.tradewind.restart()?;
    outward.send(&["z@outside.test"])?;
    outside.wait_for_messages(1, PATIENCE)?;
    assert!(host.asked().iter().all(|it| it.line == "GET /.well-known/mta-sts.txt"), "{:?}", host.asked());
    Ok(())
}

/// Announces another policy.
fn announce(partners: &Partners, domain: &str, id: &str) -> Outcome {
    let script = format!(
        "server 127.0.0.1 {}\nupdate delete _mta-sts.{domain} TXT\nupdate add _mta-sts.{domain} 60 TXT \"v=STSv1; id={id}\"\nsend\n",
        partners.names.address.port()
    );
    let mut update = std::process::Command::new("nsupdate");
    update.arg(partners.scratch.file("update", script)?);
    harness::run(update, PATIENCE)?.success().map(drop)
}
