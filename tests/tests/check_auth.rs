//! `tradewind check-auth` as scripts use it.

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::{Finished, Outcome, Scratch, Tradewind, run};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(30);

const ZONE: &str = "bank.example:\n  - SPF: v=spf1 ip4:192.0.2.1 -all exp=why.bank.example\n_dmarc.bank.example:\n  - TXT: \
                    v=DMARC1; p=reject\nwhy.bank.example:\n  - TXT: '%{i} is not ours'\nsilent.example:\n  - TIMEOUT\n";

fn check(scratch: &Scratch, zone: &str, more: &[&str]) -> Outcome<Finished> {
    let file = scratch.join("zone.yaml");
    fs::write(&file, zone)?;
    let mut command = Command::new(Tradewind::binary()?);
    command.env("LC_ALL", "C").args(["check-auth", "--helo", "mx.sender.example", "--zone"]).arg(&file).args(more);
    run(command, PATIENCE)
}

fn answer(scratch: &Scratch, more: &[&str]) -> Outcome<Value> {
    let finished = check(scratch, ZONE, more)?.success()?;
    Ok(serde_json::from_str(finished.stdout.trim())?)
}

#[test]
fn answers_in_json() -> Outcome {
    let scratch = Scratch::new("check-auth")?;
    let pass = answer(&scratch, &["--json", "--client-ip", "192.0.2.1", "--mail-from", "a@bank.example"])?;
    assert_eq!(pass["spf"], json!({ "result": "pass", "explanation": null, "domain": "bank.example" }));
    assert_eq!(
        (&pass["iprev"], &pass["dkim"], &pass["arc"]["result"]),
        (&json!("permerror"), &json!([]), &json!("none"))
    );
    let fail = answer(&scratch, &["--json", "--client-ip", "192.0.2.9", "--mail-from", "a@bank.example"])?;
    assert_eq!(fail["spf"]["result"], "fail");
    assert_eq!(fail["spf"]["explanation"], "192.0.2.9 is not ours");
    let silent = answer(&scratch, &["--json", "--client-ip", "192.0.2.9", "--mail-from", "<a@silent.example>"])?;
    assert_eq!(silent["spf"]["result"], "temperror");
    let null = answer(&scratch, &["--json", "--client-ip", "192.0.2.9", "--mail-from", ""])?;
    assert_eq!(null["spf"]["domain"], "mx.sender.example");
    Ok(())
}

#[test]
fn checks_a_message_with_line_breaks_of_files() -> Outcome {
    let scratch = Scratch::new("check-auth")?;
    let file = scratch.join("message.eml");
    fs::write(&file, "From: a@bank.example\nDKIM-Signature: v=1; d=bank.example; s=s1\n\nhello\n")?;
    let path = file.display().to_string();
    let common = ["--mail-from", "a@bank.example", "--message", &path];
    let fail = answer(&scratch, &[&["--json", "--client-ip", "192.0.2.9"][..], &common].concat())?;
    assert_eq!((&fail["dmarc"]["result"], &fail["dmarc"]["policy"]), (&json!("fail"), &json!("reject")));
    assert_eq!(fail["dmarc"]["from_domain"], "bank.example");
    assert_eq!((&fail["dkim"][0]["result"], &fail["dkim"][0]["selector"]), (&json!("permerror"), &json!("s1")));
    let pass = answer(&scratch, &[&["--json", "--client-ip", "192.0.2.1"][..], &common].concat())?;
    assert_eq!(pass["dmarc"]["result"], "pass");
    let told = check(&scratch, ZONE, &[&["--client-ip", "192.0.2.1"][..], &common].concat())?.success()?;
    assert!(told.stdout.contains("The message is authenticated as one of bank.example."), "{}", told.stdout);
    Ok(())
}

#[test]
fn a_faulty_zone_is_named_with_its_line() -> Outcome {
    let scratch = Scratch::new("check-auth")?;
    let asked = ["--client-ip", "192.0.2.9", "--mail-from", ""];
    let finished = check(&scratch, "bank.example:\n  - A: nowhere\n", &asked)?;
    assert!(!finished.status.success());
    assert!(
        finished.stderr.contains("zone.yaml:2: `nowhere` is no IPv4 address; write each name"),
        "{}",
        finished.stderr
    );
    Ok(())
}

/// The zone that quickstart writes lets our own server send.
#[test]
fn the_zone_of_quickstart_is_understood() -> Outcome {
    let scratch = Scratch::new("check-auth")?;
    let site = scratch.join("site");
    let mut command = Command::new(Tradewind::binary()?);
    command
        .args(["quickstart", "--json", "--no-serve", "--port-base", "31000", "--domain", "acme.example", "--dir"])
        .arg(&site);
    run(command, PATIENCE)?.success()?;
    let mut command = Command::new(Tradewind::binary()?);
    command
        .args([
            "check-auth",
            "--json",
            "--client-ip",
            "198.51.100.9",
            "--helo",
            "x.example",
            "--mail-from",
            "a@acme.example",
        ])
        .arg("--zone")
        .arg(site.join("zone.txt"));
    let finished = run(command, PATIENCE)?.success()?;
    let found: Value = serde_json::from_str(finished.stdout.trim())?;
    assert_eq!(found["spf"]["result"], "fail", "{found}");
    Ok(())
}
