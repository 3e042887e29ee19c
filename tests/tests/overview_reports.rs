//! The overview as a report by mail: a running server sends it, and what comes is read as its readers do.

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{Failure, Options, Outcome, Scratch, Sink, Tradewind, require, run, wait_until};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(30);

fn told(tradewind: &Tradewind, words: &[&str]) -> Outcome<Value> {
    let all = [&["--json"], words].concat();
    Ok(serde_json::from_str(tradewind.command(&all)?.success()?.stdout.trim())?)
}

/// The text of the PDF that is attached to a message.
fn attached_text(scratch: &Scratch, name: &str, message: &str) -> Outcome<String> {
    let from = message.find("application/pdf").ok_or_else(|| Failure::new("no PDF is attached"))?;
    let part = message[from..].replace("\r\n", "\n");
    let (_, body) = part.split_once("\n\n").ok_or_else(|| Failure::new("the part has no body"))?;
    let body = body.split("\n--").next().unwrap_or_default();
    let (text, file) = (scratch.join(&format!("{name}.b64")), scratch.join(&format!("{name}.pdf")));
    fs::write(&text, body)?;
    let mut decode = Command::new("base64");
    decode.arg("-d").arg(&text).stdout(fs::File::create(&file)?);
    if !decode.status()?.success() {
        return Err(Failure::new("the attachment is not in base64"));
    }
    let mut read = Command::new("pdftotext");
    read.arg("-layout").arg(&file).arg("-");
    Ok(run(read, LIMIT)?.success()?.stdout)
}

#[test]
fn people_here_and_elsewhere_read_it_in_their_language() -> Outcome {
    require!("poppler-utils");
    let scratch = Scratch::new("overview-reports")?;
    let sink = Sink::start()?;
    let tradewind = Tradewind::start(Options::default().route("holding.test", sink.address))?;
    let manager = tradewind.account("manager")?.address;
    let set = [
        "overview-report",
        "set",
        "For the board",
        "weekly",
        "--time-zone",
        "Asia/Shanghai",
        "--to",
        &format!("{manager}:zh"),
        "--to",
        "boss@holding.test:en",
    ];
    let kept = told(&tradewind, &set)?;
    assert_eq!((&kept["hour"], &kept["time_zone"]), (&Value::from(8), &Value::from("Asia/Shanghai")), "{kept}");
    let id = kept["id"].as_str().unwrap_or_default().to_owned();
    let sent = told(&tradewind, &["overview-report", "send", &id])?;
    assert_eq!(sent["sent"], 2, "{sent}");
    let period = sent["period"].as_str().unwrap_or_default().to_owned();

    let there = wait_until("the letter for outside", LIMIT, || Ok(sink.messages()?.into_iter().next()))?;
    assert!(there.contains("Auto-Submitted: auto-generated") && there.contains("boss@holding.test"), "{there}");
    let text = attached_text(&scratch, "en", &there)?;
    let from = period.split(' ').next().unwrap_or_default();
    for expected in [
        "Overview of mail security at",
        from,
        "Protection by requirement",
        "What is missing",
        "Mail flow",
        "Payment-change cases",
        "Sign-ins",
        "No repository is set up",
        "Certificates of the services",
        "free",
        "Asia/Shanghai",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }

    let mut imap = tradewind.imap("manager")?;
    let here = wait_until("the letter for the manager", LIMIT, || {
        let uids = imap.uids("INBOX", "ALL")?;
        for uid in uids.split_whitespace().filter(|it| it.parse::<u32>().is_ok()) {
            let text = imap.ask(&format!("UID FETCH {uid} BODY.PEEK[]"))?.ok()?.text();
            if text.contains("application/pdf") {
                return Ok(Some(text));
            }
        }
        Ok(None)
    })?;
    let text = attached_text(&scratch, "zh", &here)?;
    for expected in [
        "邮件安全总览",
        from,
        "防护状况",
        "缺少什么",
        "邮件流量",
        "收款信息变更案件",
        "未设置备份库",
        "服务证书",
        "可用",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    let list = told(&tradewind, &["overview-report", "list"])?;
    assert_eq!(list.as_array().map(Vec::len), Some(1), "{list}");
    told(&tradewind, &["overview-report", "remove", &id])?;
    assert_eq!(told(&tradewind, &["overview-report", "list"])?, Value::Array(Vec::new()));
    Ok(())
}
