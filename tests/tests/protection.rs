//! What must protect messages to partners, set by the command line and kept when they leave.

use std::time::Duration;

use harness::{Options, Outcome, Outward, ScriptedServer, smtp};

const PATIENCE: Duration = Duration::from_secs(30);

const POLITE: &str = "< 220 mx.test\npolite";
const CLEAR: &str = "< 220 mx.test\n> EHLO\n< 250 mx.test\npolite";

fn letter(to: &str) -> String {
    format!("From: <sales@trade.test>\r\nTo: <{to}>\r\nSubject: Price\r\n\r\nTen pieces.\r\n")
}

#[test]
fn a_rule_of_the_organisation_is_never_kept_by_less() -> Outcome {
    let server = ScriptedServer::start(&[CLEAR])?;
    let outward = Outward::start(&[("*", server.address, "")], Options::default())?;
    let rule = |arguments: &[&str]| outward.tradewind.command(&[&["protection"], arguments].concat());
    rule(&["set", "tls.test", "portal", "verified-tls"])?.success()?;
    rule(&["set", "one@tls.test", "portal"])?.success()?;
    rule(&["set", "Sealed.test", "end-to-end"])?.success()?;
    let listed = rule(&["list"])?.success()?.stdout;
    assert!(
        ["tls.test", "one@tls.test", "sealed.test", "verified-tls"].iter().all(|it| listed.contains(it)),
        "{listed}"
    );
    let wrong = rule(&["set", "tls.test", "tls"])?;
    assert!(!wrong.status.success() && wrong.stderr.contains("verified-tls"), "{wrong:?}");
    // Nothing of the content meets these, so they are refused at once.
    let mut client = outward.tradewind.submission("sales")?;
    for (to, says) in [("one@tls.test", "must go by the portal"), ("x@below.sealed.test", "from end to end")] {
        let said = client.deliver("sales@trade.test", &[to], &smtp::for_wire(letter(to).as_bytes()))?.to_string();
        assert!(said.starts_with("550 5.7.10 Mail to ") && said.contains(says), "{said}");
    }
    // The server offers no TLS: what needs a proven connection waits, and its sender hears of it at once.
    outward.submit("", &["x@tls.test", "x@free.test"], "", letter("x@tls.test").as_bytes())?;
    server.wait_for_messages(1, PATIENCE)?;
    let seen = outward.wait_for_deferral("x@tls.test")?;
    assert!(seen["last_status"] == "4.7.10", "{seen}");
    let report = outward.wait_for_report("x@tls.test")?;
    assert!(report.contains("Action: delayed"), "{report}");
    // Without the rule it goes.
    rule(&["remove", "tls.test"])?.success()?;
    assert!(!rule(&["remove", "tls.test"])?.status.success());
    outward.tradewind.command(&["queue", "retry"])?.success()?;
    server.wait_for_messages(2, PATIENCE)?;
    Ok(())
}

/// A rule that comes after the message does: it is stopped on its way out and comes back in words.
#[test]
fn a_message_in_the_queue_comes_back_when_the_rule_cannot_be_kept() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let outward = Outward::start(&[("*", server.address, "")], Options::default())?;
    outward.submit(" HOLDFOR=3600", &["x@late.test"], "", letter("x@late.test").as_bytes())?;
    outward.tradewind.command(&["protection", "set", "late.test", "portal", "smime"])?.success()?;
    outward.tradewind.command(&["queue", "retry"])?.success()?;
    let report = outward.wait_for_report("x@late.test")?;
    assert!(report.contains("Action: failed") && report.contains("Status: 5.7.10"), "{report}");
    let letters = outward.letters()?.join("\n");
    let words = ["must go by the portal or be encrypted from end to end", "必须通过门户发送或端到端加密"];
    assert!(words.iter().all(|it| letters.contains(it)), "{letters}");
    assert!(server.visits().is_empty(), "{:?}", server.visits());
    Ok(())
}
