//! `tradewind judge` and `tradewind model` as scripts use them, without a server.

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{Finished, Outcome, Scratch, Tradewind, run};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

const HONEST: &str = "From: Li Wei <li@ningbo-valves.example>\r\nTo: sales@trade.test\r\nSubject: Quotation for ball valves\r\n\r\n\
    Dear Mr. Smith,\r\nplease find our quotation below: DN50 ball valve, USD 12.40 FOB Ningbo, delivery time 30 days.\r\n\
    Best regards\r\nLi Wei\r\n";

const PHISH: &str = "From: Mail Administrator <k3f9x2@old-shop.example>\r\nTo: sales@trade.test\r\nSubject: Your mailbox will be closed\r\n\
    Content-Type: text/html\r\n\r\n<p>Your account will be suspended. Verify your password within 24 hours.</p>\
    <form action=\"http://192.0.2.7/x\"><input type=password></form><a href=\"http://192.0.2.7/x\">https://www.example.com/</a>\r\n";

fn tradewind(language: &str, arguments: &[&str]) -> Outcome<Finished> {
    let mut command = Command::new(Tradewind::binary()?);
    command.env("LC_ALL", language).args(arguments);
    run(command, PATIENCE)
}

fn two_messages(scratch: &Scratch) -> Outcome<[String; 2]> {
    let (honest, phish) = (scratch.join("honest.eml"), scratch.join("phish.eml"));
    fs::write(&honest, HONEST)?;
    fs::write(&phish, PHISH)?;
    Ok([honest.display().to_string(), phish.display().to_string()])
}

#[test]
fn one_object_a_line() -> Outcome {
    let scratch = Scratch::new("judge")?;
    let [honest, phish] = two_messages(&scratch)?;
    let finished = tradewind("C", &["judge", "--json", &honest, &phish])?.success()?;
    let lines: Vec<Value> = finished.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let [good, bad] = lines.as_slice() else { panic!("{}", finished.stdout) };
    assert_eq!((&good["path"], &good["action"]), (&Value::from(honest), &Value::from("deliver")));
    assert_eq!((&bad["path"], &bad["action"]), (&Value::from(phish), &Value::from("quarantine")));
    assert!(bad["probability_phish"].as_f64() > Some(0.9) && good["probability_spam"].as_f64() < Some(0.5));
    let findings = bad["findings"].as_array().cloned().unwrap_or_default();
    for id in ["asks-password-in-mail", "link-to-number", "link-shows-other"] {
        let found = findings.iter().find(|finding| finding["id"] == id);
        assert!(found.is_some_and(|found| found["weight"].is_f64() && found["text"].is_string()), "{id} of {bad}");
    }
    Ok(())
}

#[test]
fn explains_in_the_readers_language() -> Outcome {
    let scratch = Scratch::new("judge")?;
    let [_, phish] = two_messages(&scratch)?;
    let english = tradewind("C", &["judge", &phish])?.success()?.stdout;
    assert!(english.contains("quarantine") && english.contains("A link leads to a bare number"), "{english}");
    let chinese = tradewind("zh_CN.UTF-8", &["judge", &phish])?.success()?.stdout;
    assert!(chinese.contains("隔离") && chinese.contains("链接指向数字地址"), "{chinese}");
    Ok(())
}

#[test]
fn a_message_that_cannot_be_read_is_told() -> Outcome {
    let scratch = Scratch::new("judge")?;
    let [honest, _] = two_messages(&scratch)?;
    let finished = tradewind("C", &["judge", "--json", "missing.eml", &honest])?;
    assert!(!finished.status.success() && finished.stderr.contains("missing.eml"), "{}", finished.stderr);
    assert_eq!(finished.stdout.lines().count(), 1);
    let nothing = tradewind("C", &["judge"])?;
    assert!(!nothing.status.success() && nothing.stderr.contains("--manifest"), "{}", nothing.stderr);
    Ok(())
}

#[test]
fn a_model_is_trained_measured_and_used() -> Outcome {
    let scratch = Scratch::new("judge")?;
    two_messages(&scratch)?;
    let manifest = scratch.join("mail.tsv");
    fs::write(&manifest, "path\tlabel\tsource\tcluster\nhonest.eml\tham\tmine\t1\nphish.eml\tphish\tmine\t2\n")?;
    let honest = scratch.join("honest.tsv");
    fs::write(&honest, "en\tmine\tYour order has been shipped and should arrive on Friday.\n")?;
    let [manifest, honest, first, second] =
        [&manifest, &honest, &scratch.join("one.bin"), &scratch.join("two.bin")].map(|path| path.display().to_string());
    for out in [&first, &second] {
        tradewind("C", &["model", "train", "--no-made", "--manifest", &manifest, "--out", out])?.success()?;
    }
    assert!(fs::read(&first)? == fs::read(&second)?, "the same seed and messages give the same file");
    let told = tradewind(
        "C",
        &["model", "eval", "--json", "--manifest", &manifest, "--manifest", &honest, "--model", &first],
    )?;
    let report: Value = serde_json::from_str(&told.success()?.stdout)?;
    assert_eq!(report["outcomes"][0]["auc"]["value"], 1.0);
    assert_eq!((&report["honest"]["en"]["count"], &report["honest"]["en"]["junk"]), (&Value::from(1), &Value::from(0)));
    let judged = tradewind("C", &["judge", "--json", "--model", &first, "--manifest", &manifest])?.success()?;
    assert!(judged.stdout.starts_with("{\"action\":\"deliver\"") || judged.stdout.contains("\"path\":\"honest.eml\""));
    Ok(())
}

#[test]
fn rules_are_tried_listed_and_completed() -> Outcome {
    let scratch = Scratch::new("judge")?;
    let tried = tradewind("C", &["rules", "test"])?.success()?;
    assert!(tried.stdout.trim().ends_with(" 0 broken"), "{}", tried.stdout);
    let listed = tradewind("zh_CN.UTF-8", &["rules", "list", "--json"])?.success()?;
    let lines: Vec<Value> = listed.stdout.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let one = lines.iter().find(|line| line["id"] == "link-to-number").cloned().unwrap_or_default();
    assert!(one["when"] == "link(numeric)" && one["text"] == "链接指向数字地址而非名称：{evidence}", "{one}");
    let own = scratch.join("own.toml");
    let rule = "[rule.our-competitor]\nsignal = \"text\"\nspam = 5.0\nwhen = 'text ~ /ball valve/'\nen = \"Valves: {evidence}\"\n\
        zh = \"阀门：{evidence}\"\nhits = [\"a ball valve\"]\nmisses = [\"a ball valve of ours\"]\n";
    fs::write(&own, rule)?;
    let directory = scratch.join("").display().to_string();
    let tried = tradewind("C", &["rules", "test", &directory])?;
    assert!(
        !tried.status.success() && tried.stdout.contains("rule our-competitor finds what it must not"),
        "{}",
        tried.stdout
    );
    let [honest, _] = two_messages(&scratch)?;
    let judged = tradewind("C", &["judge", "--rules", &directory, &honest])?.success()?.stdout;
    assert!(judged.contains("Valves: ball valve"), "{judged}");
    fs::write(&own, rule.replace("text ~", "text"))?;
    let faulty = tradewind("C", &["rules", "list", &directory])?;
    assert!(!faulty.status.success() && faulty.stderr.contains("own.toml, line 4"), "{}", faulty.stderr);
    Ok(())
}

#[test]
fn a_faulty_manifest_is_named() -> Outcome {
    let scratch = Scratch::new("judge")?;
    let manifest = scratch.join("mail.tsv");
    fs::write(&manifest, "path\tlabel\na.eml\tnice\n")?;
    let finished = tradewind("C", &["model", "eval", "--manifest", &manifest.display().to_string()])?;
    assert!(!finished.status.success());
    assert!(
        finished.stderr.contains("mail.tsv: line 2: label `nice` is none of ham, spam, phish"),
        "{}",
        finished.stderr
    );
    Ok(())
}
