//! Attached files as `tradewind judge` and `tradewind check` look into them: through confined processes of the same binary.

use std::fs;
use std::io::{Cursor, Write as _};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Finished, Options, Outcome, Scratch, Tradewind, run, smtp, wait_until};
use serde_json::Value;
use zip::write::SimpleFileOptions;
use zip::{AesMode, ZipWriter};

const PATIENCE: Duration = Duration::from_secs(120);

fn tradewind(language: &str, arguments: &[&str]) -> Outcome<Finished> {
    let mut command = Command::new(Tradewind::binary()?);
    command.env("LC_ALL", language).args(arguments);
    run(command, PATIENCE)
}

/// A message with one attached file.
fn message(text: &str, name: &str, octets: &[u8]) -> String {
    let packed = mail_base64(octets);
    format!(
        "From: Anna Becker <anna@harbour-trading.example>\r\nTo: sales@trade.test\r\nSubject: Order 4711\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --x\r\nContent-Type: application/octet-stream; name=\"{name}\"\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{packed}\r\n--x--\r\n"
    )
}

fn mail_base64(octets: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| -> String {
        let number =
            chunk.iter().fold(0_u32, |number, octet| number << 8 | u32::from(*octet)) << (8 * (3 - chunk.len()));
        let letter = |at: usize| char::from(LETTERS[(number >> (18 - 6 * at) & 63) as usize]);
        (0..4).map(|at| if at <= chunk.len() { letter(at) } else { '=' }).collect()
    };
    octets.chunks(57).map(|line| line.chunks(3).map(group).collect::<String>() + "\r\n").collect()
}

fn zip(options: SimpleFileOptions, entries: &[(&str, &[u8])]) -> Outcome<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, options)?;
        writer.write_all(content)?;
    }
    Ok(writer.finish()?.into_inner())
}

/// The verdict on a message, and the findings by their ids with their evidence.
fn judged(scratch: &Scratch, raw: &str, more: &[&str]) -> Outcome<(String, Vec<(String, String)>)> {
    let path = scratch.join("message.eml");
    fs::write(&path, raw)?;
    let path = path.display().to_string();
    let arguments = [&["judge", "--json", path.as_str()], more].concat();
    let verdict: Value = serde_json::from_str(&tradewind("C", &arguments)?.success()?.stdout)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let findings = verdict["findings"].as_array().cloned().unwrap_or_default();
    let findings = findings.iter().map(|finding| (text(&finding["id"]), text(&finding["evidence"]))).collect();
    Ok((text(&verdict["action"]), findings))
}

#[test]
fn a_locked_archive_opens_with_the_password_in_the_text() -> Outcome {
    let scratch = Scratch::new("inspect")?;
    let aes = SimpleFileOptions::default().with_aes_encryption(AesMode::Aes256, "Hafen2026");
    let archive = zip(aes, &[("order.pdf.exe", b"MZ\x01")])?;
    let raw = message("Please see our order. Password: Hafen2026", "order.zip", &archive);
    let (action, findings) = judged(&scratch, &raw, &[])?;
    let evidence = |id: &str| findings.iter().find(|(found, _)| found == id).map(|(_, evidence)| evidence.as_str());
    assert_eq!(evidence("program-in-archive"), Some("order.zip/order.pdf.exe"), "{findings:?}");
    assert_eq!(evidence("file-password-in-message"), Some("order.zip: Hafen2026"));
    assert!(action == "junk" || action == "quarantine", "{action}: {findings:?}");
    // Without looking, an archive is an archive.
    let (_, findings) = judged(&scratch, &raw, &["--no-inspect"])?;
    assert!(!findings.iter().any(|(id, _)| id == "program-in-archive"), "{findings:?}");
    let path = scratch.join("message.eml").display().to_string();
    let chinese = tradewind("zh_CN.UTF-8", &["judge", &path])?.success()?.stdout;
    assert!(chinese.contains("压缩包内有程序"), "{chinese}");
    Ok(())
}

#[test]
fn an_honest_archive_and_an_honest_document_show_nothing() -> Outcome {
    let scratch = Scratch::new("inspect")?;
    let plain = SimpleFileOptions::default();
    let sheet = b"<sst><si><t>Ball valve DN50</t></si></sst>";
    let document = zip(plain, &[("[Content_Types].xml", b"<Types/>"), ("xl/sharedStrings.xml", sheet)])?;
    let archive = zip(plain, &[("offer.xlsx", &document), ("terms.txt", b"FOB Ningbo, 30 days net")])?;
    let text = "Dear Mr. Smith,\r\nplease find our offer for 200 ball valves attached.\r\nBest regards";
    let (action, mut findings) = judged(&scratch, &message(text, "offer.zip", &archive), &[])?;
    // What the model makes of so short a text is not the matter here.
    findings.retain(|(id, _)| !id.starts_with("model-"));
    assert_eq!((action.as_str(), findings), ("deliver", Vec::new()));
    Ok(())
}

#[test]
fn a_bomb_costs_its_message_a_finding_and_little_time() -> Outcome {
    let scratch = Scratch::new("inspect")?;
    let plain = SimpleFileOptions::default();
    let mut bomb = zip(plain, &[("zeros", &vec![0; 40 << 20])])?;
    for layer in 0..4 {
        let names: Vec<String> = (0..16).map(|number| format!("{layer}-{number}.zip")).collect();
        let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), bomb.as_slice())).collect();
        bomb = zip(plain, &entries)?;
    }
    let before = Instant::now();
    let (_, findings) = judged(&scratch, &message("see file", "a.zip", &bomb), &[])?;
    assert!(findings.iter().any(|(id, _)| id == "file-bomb"), "{findings:?}");
    assert!(before.elapsed() < Duration::from_secs(60), "{:?}", before.elapsed());
    Ok(())
}

#[test]
fn the_server_looks_into_what_comes_in() -> Outcome {
    let levels = "{ warn = 0.5, junk = 1.1, quarantine = 1.2, refuse = 1.3, unjudged = \"warn\" }";
    let mut options = Options::default().set("judging", "milliseconds_max", "30000");
    for level in ["basic", "enhanced", "trade"] {
        options = options.set("judging", level, levels);
    }
    let tradewind = Tradewind::start(options)?;
    let archive = zip(SimpleFileOptions::default(), &[("order.pdf.exe", b"MZ\x01")])?;
    let raw = message("Please see our order.", "order.zip", &archive);
    let to = tradewind.account("sales")?.address;
    let mut client = tradewind.smtp()?;
    client.deliver("someone@partner.example", &[&to], &smtp::for_wire(raw.as_bytes()))?.expect(250)?;
    client.quit()?;
    let mut session = tradewind.imap("sales")?;
    wait_until("the message", PATIENCE, || Ok((session.count("INBOX")? == 1).then_some(())))?;
    session.command("SELECT INBOX")?.ok()?;
    let answer = session.ask("FETCH 1 (BODY.PEEK[HEADER])")?.ok()?;
    let header: String = answer.kept.iter().map(|line| String::from_utf8_lossy(line).into_owned()).collect();
    assert!(header.contains("program-in-archive="), "{header}");
    Ok(())
}

#[test]
fn check_tries_what_these_processes_must_not_do() -> Outcome {
    let scratch = Scratch::new("inspect")?;
    let config = scratch.join("tradewind.toml");
    fs::write(&config, "")?;
    let finished = tradewind("C", &["check", "--offline", "--json", "--config", &config.display().to_string()])?;
    let findings: Value = serde_json::from_str(&finished.stdout)?;
    let rows = findings.as_array().cloned().unwrap_or_default();
    let row = rows.iter().find(|row| row["check"] == "attachments").cloned().unwrap_or_default();
    // Sound with Landlock, unknown where the kernel has none; never wrong.
    assert!(row["state"] == "sound" || row["found"] == "seccomp and limits, no Landlock", "{row}");
    Ok(())
}
