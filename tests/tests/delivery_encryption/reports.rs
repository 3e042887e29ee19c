//! Reports of how connections fared (TLS-RPT, RFC 8460): ours to others, theirs to us.

use harness::Failure;

use super::*;

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
        "DKIM-Signature: ",
        "d=trade.test;",
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
    assert_eq!((&failure["receiving-ip"], &failure["sending-mta-ip"]), (&"127.0.0.91".into(), &"127.0.0.1".into()));
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
