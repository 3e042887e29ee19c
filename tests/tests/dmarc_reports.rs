//! DMARC reports: ours to a peer, and a peer's on us.

use std::process::Command;
use std::time::Duration;

use harness::{
    Bind, Failure, Options, Outcome, Postfix, PostfixOptions, Scratch, Tradewind, dkim_verdicts, require, run, smtp,
    wait_until,
};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

/// `other` may send, but not for `peer`.
const ZONE: &str = "mail.trade A 127.0.0.1\npeer TXT \"v=spf1 ip4:127.0.0.1 -all\"\n\
    _dmarc.peer TXT \"v=DMARC1; p=none; sp=quarantine; aspf=s; rua=mailto:ops@peer.test; ruf=mailto:ops@peer.test\"\n\
    other TXT \"v=spf1 ip4:127.0.0.1 -all\"";

/// Reads a failure report as others do.
const FAILURE_SCRIPT: &str = r#"
import email, email.policy, json, sys
message = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
parts = list(message.iter_parts())
fields = email.message_from_string(parts[1].get_payload()[0].as_string() if parts[1].is_multipart() else parts[1].get_content())
header = parts[2].get_payload() if isinstance(parts[2].get_payload(), str) else parts[2].get_payload()[0].as_string()
print(json.dumps({"types": [part.get_content_type() for part in parts], "type": message.get_content_type(),
                  "report": message.get_param("report-type"), "fields": dict(fields.items()), "header": header}))
"#;

/// Reads a report as others do: Python's own parsers of mail and XML.
const SCRIPT: &str = r#"
import email, email.policy, gzip, json, sys
import xml.etree.ElementTree as tree
message = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
part = next(part for part in message.walk() if part.get_content_type() == "application/gzip")
root = tree.fromstring(gzip.decompress(part.get_content()))
rows = sorted([row.findtext("row/source_ip"), int(row.findtext("row/count")),
               row.findtext("row/policy_evaluated/disposition"), row.findtext("row/policy_evaluated/spf"),
               row.findtext("row/policy_evaluated/dkim"), row.findtext("identifiers/header_from"),
               row.findtext("auth_results/spf/domain"), row.findtext("auth_results/spf/result")]
              for row in root.findall("record"))
print(json.dumps({"file": part.get_filename(), "subject": message["Subject"], "tag": root.tag, "rows": rows,
                  "org": root.findtext("report_metadata/org_name"), "domain": root.findtext("policy_published/domain"),
                  "p": root.findtext("policy_published/p"), "sp": root.findtext("policy_published/sp"),
                  "aspf": root.findtext("policy_published/aspf"), "adkim": root.findtext("policy_published/adkim")}))
"#;

fn start() -> Outcome<(Bind, Postfix, Tradewind)> {
    start_with(Options::default())
}

fn start_with(options: Options) -> Outcome<(Bind, Postfix, Tradewind)> {
    let names = Bind::start(&[("test", ZONE)])?;
    let postfix = Postfix::start(PostfixOptions::default())?;
    let options = options
        .route("peer.test", postfix.address)
        .set("dns", "servers", &format!("[\"{}\"]", names.address))
        .set("dns", "validate", "false");
    let tradewind = Tradewind::start(options)?;
    Ok((names, postfix, tradewind))
}

fn send(tradewind: &Tradewind, sender: &str, to: &str, message: &str) -> Outcome {
    let reply = tradewind.smtp()?.deliver(sender, &[to], &smtp::for_wire(message.as_bytes()))?;
    reply.expect(250).map(drop)
}

fn sent(tradewind: &Tradewind) -> Outcome<Value> {
    let told = tradewind.command(&["--json", "report", "send", "--today"])?.success()?.stdout;
    Ok(serde_json::from_str::<Value>(told.trim())?["sent"].clone())
}

#[test]
fn the_report_of_a_day_arrives_and_is_right() -> Outcome {
    require!("bind9", "bind9-dnsutils", "postfix", "python3-dkim", "python3-nacl", "python3-dnspython");
    let (names, postfix, tradewind) = start()?;
    let message = "From: Ops <ops@peer.test>\r\nTo: sales@trade.test\r\nSubject: x\r\n\r\nx\r\n";
    for sender in ["ops@peer.test", "ops@peer.test", "someone@other.test"] {
        send(&tradewind, sender, "sales@trade.test", message)?;
    }
    assert_eq!(sent(&tradewind)?, 1, "{}", tradewind.log_tail());
    assert_eq!(sent(&tradewind)?, 0, "at most one a day");
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    let scratch = Scratch::new("report")?;
    let (script, file) = (scratch.file("read.py", SCRIPT)?, scratch.join("message"));
    std::fs::write(&file, &mail[0])?;
    let mut python = Command::new("/usr/bin/python3");
    python.arg(script).arg(file);
    let report: Value = serde_json::from_str(run(python, PATIENCE)?.success()?.stdout.trim())?;
    assert_eq!(
        report["rows"],
        json!([
            ["127.0.0.1", 1, "none", "fail", "fail", "peer.test", "other.test", "pass"],
            ["127.0.0.1", 2, "none", "pass", "fail", "peer.test", "peer.test", "pass"],
        ]),
        "{report}"
    );
    for (name, expected) in [
        ("tag", "feedback"),
        ("org", "trade.test"),
        ("domain", "peer.test"),
        ("p", "none"),
        ("sp", "quarantine"),
        ("aspf", "s"),
        ("adkim", "r"),
    ] {
        assert_eq!(report[name], expected, "{name} in {report}");
    }
    let file = report["file"].as_str().unwrap_or_default();
    assert!(file.starts_with("mail.trade.test!peer.test!") && file.ends_with(".xml.gz"), "{report}");
    let subject = report["subject"].as_str().unwrap_or_default();
    assert!(subject.starts_with("Report Domain: peer.test Submitter: mail.trade.test Report-ID: <"), "{report}");
    // Signed for the domain that reports; the keys are in no zone here.
    let signatures = dkim_verdicts(&mail[0], names.address)?;
    assert!(signatures.len() == 2 && signatures.iter().all(|it| it["domain"] == "trade.test"), "{signatures:?}");
    Ok(())
}

fn their_report(source: &str, id: u32) -> String {
    format!(
        "From: Ops <ops@peer.test>\r\nTo: postmaster@trade.test\r\nSubject: Report Domain: trade.test Submitter: peer.test \
         Report-ID: <{id}>\r\nMIME-Version: 1.0\r\nContent-Type: text/xml; name=report.xml\r\n\r\n\
         <?xml version=\"1.0\"?>\r\n<feedback><report_metadata><org_name>peer.test</org_name><email>ops@peer.test</email>\r\n\
         <report_id>{id}</report_id><date_range><begin>1795564800</begin><end>1795651199</end></date_range></report_metadata>\r\n\
         <policy_published><domain>trade.test</domain><p>quarantine</p></policy_published>\r\n\
         <record><row><source_ip>{source}</source_ip><count>7</count><policy_evaluated><disposition>quarantine</disposition>\r\n\
         <dkim>fail</dkim><spf>fail</spf></policy_evaluated></row><identifiers><header_from>trade.test</header_from>\r\n\
         </identifiers><auth_results></auth_results></record></feedback>\r\n"
    )
}

#[test]
fn a_received_report_is_listed_if_it_is_authenticated() -> Outcome {
    require!("bind9", "postfix");
    let (_names, _postfix, tradewind) = start()?;
    send(&tradewind, "someone@other.test", "postmaster@trade.test", &their_report("192.0.2.66", 1))?;
    send(&tradewind, "ops@peer.test", "postmaster@trade.test", &their_report("192.0.2.7", 2))?;
    send(&tradewind, "ops@peer.test", "postmaster@trade.test", &their_report("192.0.2.7", 2))?;
    send(&tradewind, "ops@peer.test", "sales@trade.test", &their_report("192.0.2.8", 3))?;
    send(&tradewind, "ops@peer.test", "postmaster@trade.test", &their_report("192.0.2.9", 4))?;
    let rows = wait_until("the last report", PATIENCE, || {
        let listed = tradewind.command(&["--json", "report", "dmarc"])?.success()?.stdout;
        let listed: Value = serde_json::from_str(listed.trim())?;
        let rows = listed.as_array().cloned().ok_or_else(|| Failure::new(format!("no list: {listed}")))?;
        Ok(rows.iter().any(|row| row["source"] == "192.0.2.9").then_some(rows))
    })
    .map_err(|failure| failure.during(&tradewind.log_tail()))?;
    assert_eq!(rows.len(), 2, "{rows:?}");
    let row = rows.iter().find(|row| row["source"] == "192.0.2.7").cloned().unwrap_or_default();
    let expected = json!({
        "domain": "trade.test", "source": "192.0.2.7", "messages": 7, "passed": 0, "failed": 7, "dkim": 0, "spf": 0,
        "quarantined": 7, "rejected": 0, "reporters": ["peer.test"],
    });
    assert_eq!(row, expected);
    // All are delivered as any mail.
    assert_eq!(tradewind.imap("admin")?.count("INBOX")? + tradewind.imap("admin")?.count("Junk")?, 4);
    Ok(())
}

#[test]
fn a_failure_is_reported_where_that_is_switched_on() -> Outcome {
    require!("bind9", "postfix");
    let (_names, postfix, tradewind) = start_with(Options::default().set("reports", "failures", "true"))?;
    let message = "From: Ops <ops@peer.test>\r\nTo: Sales <sales@trade.test>\r\nSubject: secret\r\n\r\nsecret\r\n";
    send(&tradewind, "ops@peer.test", "sales@trade.test", message)?;
    send(&tradewind, "someone@other.test", "sales@trade.test", message)?;
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE).map_err(|failure| failure.during(&tradewind.log_tail()))?;
    assert_eq!(mail.len(), 1);
    let scratch = Scratch::new("report")?;
    let (script, file) = (scratch.file("read.py", FAILURE_SCRIPT)?, scratch.join("message"));
    std::fs::write(&file, &mail[0])?;
    let mut python = Command::new("/usr/bin/python3");
    python.arg(script).arg(file);
    let report: Value = serde_json::from_str(run(python, PATIENCE)?.success()?.stdout.trim())?;
    assert_eq!(report["types"], json!(["text/plain", "message/feedback-report", "text/rfc822-headers"]), "{report}");
    assert_eq!((&report["type"], &report["report"]), (&json!("multipart/report"), &json!("feedback-report")));
    for (name, expected) in [
        ("Feedback-Type", "auth-failure"),
        ("Auth-Failure", "dmarc"),
        ("Reported-Domain", "peer.test"),
        ("Identity-Alignment", "none"),
        ("Original-Mail-From", "<someone@other.test>"),
        ("Source-IP", "127.0.0.1"),
        ("Delivery-Result", "delivered"),
    ] {
        assert_eq!(report["fields"][name], expected, "{report}");
    }
    let header = report["header"].as_str().unwrap_or_default();
    assert!(header.contains("From: Ops <ops@peer.test>") && header.contains("@trade.test"), "{header}");
    for secret in ["secret", "sales", "Sales"] {
        assert!(!String::from_utf8_lossy(&mail[0]).contains(secret), "{secret}: {header}");
    }
    // Theirs on us is listed; it is not answered by one of ours.
    let theirs = "From: ops@peer.test\r\nTo: postmaster@trade.test\r\nMessage-ID: <1@peer.test>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\n\
        Content-Type: message/feedback-report\r\n\r\nFeedback-Type: auth-failure\r\nAuth-Failure: dmarc\r\n\
        Reported-Domain: trade.test\r\nSource-IP: 192.0.2.66\r\n\r\n--b--\r\n";
    send(&tradewind, "someone@other.test", "postmaster@trade.test", theirs)?;
    send(&tradewind, "ops@peer.test", "postmaster@trade.test", theirs)?;
    let listed = tradewind.command(&["--json", "report", "failures"])?.success()?.stdout;
    let listed: Value = serde_json::from_str(listed.trim())?;
    assert_eq!(listed.as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!((&listed[0]["source"], &listed[0]["reporter"]), (&json!("192.0.2.66"), &json!("peer.test")));
    assert_eq!(postfix.wait_for_mail("ops", 1, PATIENCE)?.len(), 1);
    Ok(())
}
