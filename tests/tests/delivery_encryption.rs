//! What other domains ask of the way to them, kept: DANE (RFC 7672) and MTA-STS (RFC 8461), against signed zones and policy hosts.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use harness::{
    Bind, Failure, HttpsHost, Options, Outcome, Outward, Scratch, ScriptedServer, SelfSigned, free_port, require,
};

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
    outward.send(&["x@plain.test"])?;
    plain.wait_for_messages(1, PATIENCE)?;
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

#[test]
fn a_policy_is_enforced_and_tested_and_kept() -> Outcome {
    require!("bind9", "bind9-dnsutils");
    let (port, policy_port) = (free_port()?, free_port()?);
    let (port, policy_port) = (port.port, policy_port.port);
    let scratch = Scratch::new("sts")?;
    let all = ["good", "name", "outside", "self", "clear", "testing", "none", "gone", "wronghost"];
    let policy_names: Vec<String> = all.iter().map(|domain| format!("mta-sts.{domain}.test")).collect();
    let policy_names: Vec<&str> = policy_names.iter().map(String::as_str).take(8).collect();
    let of_policies = SelfSigned::write_as(&scratch, "policies", &policy_names)?;
    let own = SelfSigned::write_as(&scratch, "own", &["mx.good.test", "mx.outside.test"])?;
    let stranger = SelfSigned::write_as(&scratch, "stranger", &["mx.self.test"])?;
    let zones: Vec<(String, String)> = (81..)
        .zip(all)
        .map(|(last, domain)| {
            let policy_host = if domain == "gone" { 79 } else { 80 };
            (format!("{domain}.test"), zone(last, policy_host, "one"))
        })
        .collect();
    let zones: Vec<(&str, &str)> = zones.iter().map(|(name, zone)| (name.as_str(), zone.as_str())).collect();
    let names = Bind::start(&zones)?;
    let host = HttpsHost::start_at(at(80, policy_port), &of_policies, &[])?;
    for (domain, mode, mx) in [
        ("good", "enforce", "mx.good.test"),
        ("name", "enforce", "*.name.test"),
        ("outside", "enforce", "mail.outside.test"),
        ("self", "enforce", "mx.self.test"),
        ("clear", "enforce", "mx.clear.test"),
        ("testing", "testing", "elsewhere.test"),
        ("none", "none", "elsewhere.test"),
        ("wronghost", "enforce", "elsewhere.test"),
    ] {
        host.serve(&format!("mta-sts.{domain}.test"), &policy(mode, mx));
    }
    let good = server(81, port, &own)?;
    let name = server(82, port, &own)?;
    let outside = server(83, port, &own)?;
    let of_stranger = server(84, port, &stranger)?;
    let clear = clear_server(85, port)?;
    let without = [clear_server(86, port)?, clear_server(87, port)?, clear_server(88, port)?, clear_server(89, port)?];
    let roots = format!("[\"{}\", \"{}\"]", of_policies.certificate.display(), own.certificate.display());
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("delivery", "port", &port.to_string())
        .set("delivery", "policy_port", &policy_port.to_string())
        .set("delivery", "roots", &roots);
    let mut outward = Outward::start(&[], options)?;
    outward.send(&["x@good.test"])?;
    good.wait_for_messages(1, PATIENCE)?;
    assert!(got_one_by_tls(&good));
    // Tested, lifted, not to be had, and of a host that is not the domain's: as without.
    for (server, domain) in without.iter().zip(["testing", "none", "gone", "wronghost"]) {
        outward.send(&[&format!("x@{domain}.test")])?;
        server.wait_for_messages(1, PATIENCE).map_err(|failure| failure.during(domain))?;
    }
    let refused = [(&name, "name"), (&outside, "outside"), (&of_stranger, "self"), (&clear, "clear")];
    for (server, domain) in refused {
        let to = format!("x@{domain}.test");
        outward.send(&[&to])?;
        told_that_it_waits(&outward, &to).map_err(|failure| failure.during(domain))?;
        assert!(got_nothing(server), "{domain}: {:?}", server.visits());
    }
    // One fetch for each domain whose policy could be had, however many messages; then its host goes, and the server restarts.
    outward.send(&["y@good.test"])?;
    good.wait_for_messages(2, PATIENCE)?;
    let asked = |domain: &str| host.asked().iter().filter(|it| it.host == format!("mta-sts.{domain}.test")).count();
    assert_eq!(["good", "outside", "self"].map(asked), [1; 3], "{:?}", host.asked());
    drop(host);
    outward.tradewind.stop()?;
    outward.tradewind.restart()?;
    outward.send(&["z@self.test"])?;
    outward.send(&["z@good.test"])?;
    good.wait_for_messages(3, PATIENCE)?;
    assert_eq!(outward.wait_for_deferral("z@self.test")?["last_status"], "4.7.10");
    assert!(got_nothing(&of_stranger) && got_nothing(&outside));
    // A new identifier brings the new policy.
    let host = HttpsHost::start_at(at(80, policy_port), &of_policies, &[])?;
    host.serve("mta-sts.outside.test", &policy("enforce", "mx.outside.test"));
    announce(&names, &scratch, "outside.test", "two")?;
    outward.tradewind.stop()?;
    outward.tradewind.restart()?;
    outward.send(&["z@outside.test"])?;
    outside.wait_for_messages(1, PATIENCE)?;
    assert!(host.asked().iter().all(|it| it.line == "GET /.well-known/mta-sts.txt"), "{:?}", host.asked());
    Ok(())
}

/// Announces another policy.
fn announce(names: &Bind, scratch: &Scratch, domain: &str, id: &str) -> Outcome {
    let script = format!(
        "server 127.0.0.1 {}\nupdate delete _mta-sts.{domain} TXT\nupdate add _mta-sts.{domain} 60 TXT \"v=STSv1; id={id}\"\nsend\n",
        names.address.port()
    );
    let mut update = std::process::Command::new("nsupdate");
    update.arg(scratch.file("update", script)?);
    harness::run(update, PATIENCE)?.success().map(drop)
}

/// A letter's report, unpacked.
fn unpacked(letter: &str) -> Outcome<serde_json::Value> {
    let (_, part) =
        letter.split_once("Content-Type: application/tlsrpt+gzip").ok_or_else(|| Failure::new("no report"))?;
    let (_, encoded) = part.split_once("\n\n").ok_or_else(|| Failure::new("no content"))?;
    let encoded: String = encoded.lines().take_while(|line| !line.is_empty()).collect();
    let mut decode = std::process::Command::new("sh");
    decode.args(["-c", &format!("printf %s '{encoded}' | base64 -d | gzip -d")]);
    Ok(serde_json::from_str(&harness::run(decode, PATIENCE)?.success()?.stdout)?)
}

#[test]
fn a_day_is_reported_once_to_the_domain_that_asks() -> Outcome {
    require!("bind9");
    let (port, policy_port) = (free_port()?, free_port()?);
    let (port, policy_port) = (port.port, policy_port.port);
    let scratch = Scratch::new("report")?;
    let certificate =
        SelfSigned::write_as(&scratch, "report", &["mx.peer.test", "mta-sts.peer.test", "reports.post.test"])?;
    let rua = "_smtp._tls TXT \"v=TLSRPTv1; rua=mailto:tls@peer.test\"";
    let peer = format!("{}\n{rua}", zone(91, 90, "one"));
    let post = format!(
        "@ MX 10 mx\nmx A 127.0.0.92\nreports A 127.0.0.90\n\
         _smtp._tls TXT \"v=TLSRPTv1; rua=https://reports.post.test:{policy_port}/in\""
    );
    let names =
        Bind::start(&[("peer.test", &peer), ("post.test", &post), ("silent.test", "@ MX 10 mx\nmx A 127.0.0.92")])?;
    let host = HttpsHost::start_at(
        at(90, policy_port),
        &certificate,
        &[("mta-sts.peer.test", &policy("testing", "elsewhere.test")), ("reports.post.test", "thanks")],
    )?;
    let peer = server(91, port, &certificate)?;
    let clear = clear_server(92, port)?;
    let options = Options::default()
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false")
        .set("delivery", "port", &port.to_string())
        .set("delivery", "policy_port", &policy_port.to_string())
        .set("delivery", "roots", &format!("[\"{}\"]", certificate.certificate.display()));
    let mut outward = Outward::start(&[], options)?;
    for to in ["x@peer.test", "x@post.test", "x@silent.test"] {
        outward.send(&[to])?;
    }
    peer.wait_for_messages(1, PATIENCE)?;
    clear.wait_for_messages(2, PATIENCE)?;
    outward.wait_for_empty_queue()?;
    // What was counted is written down by a stop; a start reports it.
    outward.tradewind.stop()?;
    outward.tradewind.restart()?;
    let due = outward.tradewind.command(&["--json", "report", "tls", "--send-now"])?.success()?.stdout;
    assert_eq!(serde_json::from_str::<serde_json::Value>(&due)?["reports"], 3, "{due}");
    let letter = peer.wait_for_messages(2, PATIENCE)?.pop().unwrap_or_default();
    for field in [
        "From: <postmaster@trade.test>",
        "To: <tls@peer.test>",
        "TLS-Report-Domain: peer.test",
        "TLS-Report-Submitter: trade.test",
        "TLS-Required: No",
        "report-type=\"tlsrpt\"",
        "filename=\"trade.test!peer.test!",
    ] {
        assert!(letter.contains(field), "{field} is missing in {letter}");
    }
    let report = unpacked(&letter)?;
    let policy = &report["policies"][0];
    assert_eq!(report["organization-name"], "trade.test");
    assert_eq!(policy["policy"]["policy-type"], "sts", "{report}");
    assert_eq!(policy["policy"]["policy-domain"], "peer.test");
    assert_eq!(policy["policy"]["mx-host"][0], "elsewhere.test");
    // Tested, so delivered; the exchanger is not the policy's.
    assert_eq!(policy["summary"]["total-failure-session-count"], 1);
    let failure = &policy["failure-details"][0];
    assert_eq!(
        (&failure["result-type"], &failure["receiving-mx-hostname"]),
        (&"validation-failure".into(), &"mx.peer.test".into())
    );
    assert_eq!(failure["receiving-ip"], "127.0.0.91");
    let begin = report["date-range"]["start-datetime"].as_str().unwrap_or_default();
    assert!(begin.ends_with("T00:00:00Z"), "{begin}");
    // By HTTPS to the other; nothing to the one that asks for none, and nothing twice.
    let posted = harness::wait_until("the report by HTTPS", PATIENCE, || {
        Ok(host.asked().into_iter().find(|it| it.host == "reports.post.test"))
    })?;
    assert_eq!((posted.line.as_str(), posted.media_type.as_str()), ("POST /in", "application/tlsrpt+gzip"));
    assert!(posted.body.starts_with(&[0x1f, 0x8b]));
    outward.wait_for_empty_queue()?;
    outward.tradewind.command(&["--json", "report", "tls", "--send-now"])?.success()?;
    std::thread::sleep(Duration::from_secs(12));
    assert_eq!(peer.messages().len(), 2);
    assert_eq!(host.asked().iter().filter(|it| it.host == "reports.post.test").count(), 1);
    Ok(())
}

#[test]
fn a_report_of_others_is_listed() -> Outcome {
    let outward = Outward::start(&[], Options::default())?;
    let json = r#"{"organization-name":"Partner","date-range":{"start-datetime":"2026-11-25T00:00:00Z",
"end-datetime":"2026-11-25T23:59:59Z"},"contact-info":"tls@partner.test","report-id":"r-1","policies":[{"policy":
{"policy-type":"sts","policy-domain":"trade.test"},"summary":{"total-successful-session-count":7,
"total-failure-session-count":2},"failure-details":[{"result-type":"certificate-expired","failed-session-count":2}]}]}"#;
    let letter = format!(
        "From: <tls@partner.test>\r\nTo: <postmaster@trade.test>\r\nTLS-Report-Domain: trade.test\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=b\r\n\r\n--b\r\n\r\nA report.\r\n\
         --b\r\nContent-Type: application/tlsrpt+json\r\n\r\n{}\r\n--b--\r\n",
        json.replace('\n', "\r\n")
    );
    // Twice, as servers do that did not hear the answer.
    for _ in 0..2 {
        let mut client = outward.tradewind.smtp()?;
        client.command("MAIL FROM:<tls@partner.test>")?.expect(250)?;
        client.command("RCPT TO:<postmaster@trade.test>")?.expect(250)?;
        client.command("DATA")?.expect(354)?;
        client.stream.send(&harness::smtp::for_wire(letter.as_bytes()))?;
        client.reply()?.expect(250)?;
    }
    let listed = outward.tradewind.command(&["--json", "report", "tls"])?.success()?.stdout;
    let listed: serde_json::Value = serde_json::from_str(&listed)?;
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    let report = &listed[0];
    assert_eq!(
        (&report["from"], &report["id"], &report["with_tls"], &report["failed"]),
        (&"Partner".into(), &"r-1".into(), &7.into(), &2.into())
    );
    assert_eq!(report["failures"][0]["type"], "certificate-expired");
    assert!(report["authenticated"].is_null() && report["domains"][0] == "trade.test", "{report}");
    Ok(())
}
