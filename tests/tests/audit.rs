//! What people do is in the audit log, which an outsider verifies with a file and a public key.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::{Options, Outcome, Scratch, Tradewind, require, run, wait_until};
use serde_json::Value;

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[test]
fn an_outsider_verifies_what_was_done() -> Outcome {
    require!("python3");
    let scratch = Scratch::new("audit")?;
    let (notary, export) = (scratch.join("notary"), scratch.join("export"));
    let options = Options::default().set("audit", "seal_seconds", "1").set(
        "audit",
        "witness_directory",
        &format!("{:?}", text(&notary)),
    );
    let tradewind = Tradewind::start(options)?;
    tradewind.new_account("mei", 0)?;
    let kept = || fs::read_dir(&notary).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path()).min();
    wait_until(Duration::from_secs(20), || kept().is_some())?;
    let witness = text(&kept().ok_or("no checkpoint was handed on")?);
    tradewind.command(&["user", "quota", "mei@trade.test", "100"])?.success()?;

    let head = told(&tradewind, &["audit", "head"])?;
    let key = head["key"].as_str().ok_or("no key")?.to_owned();
    let exported = told(&tradewind, &["audit", "export", &text(&export)])?;
    assert!(exported["records"].as_u64() >= Some(2), "{exported}");
    let verify = ["audit", "verify", &text(&export), "--key", &key, "--witness", &witness];
    let verified = told(&tradewind, &verify)?;
    assert_eq!((&verified["verified"], &verified["witnesses"]), (&true.into(), &1.into()));

    a_record_tells_what_it_commits_to(&told(&tradewind, &["audit", "prove"])?)?;
    let none = tradewind.command(&["audit", "prove", "123abc"])?;
    assert!(!none.status.success() && none.stderr.contains("123abc"), "{}", none.stderr);

    // The log names nobody.
    let bundles = run(grep("mei@", &export), Duration::from_secs(20))?;
    assert!(!bundles.status.success(), "{}", bundles.stdout);
    tradewind.command(&["user", "delete", "mei@trade.test"])?.success()?;
    told(&tradewind, &["audit", "export", &text(&export)])?;
    assert_eq!(told(&tradewind, &verify)?["verified"], true, "the proof outlives the account");

    let entries = fs::read_dir(export.join("tile/entries"))?.filter_map(Result::ok).map(|entry| entry.path()).max();
    let bundle = entries.ok_or("no bundle")?;
    let bundle = fs::read_dir(&bundle)?.filter_map(Result::ok).map(|entry| entry.path()).max().unwrap_or(bundle);
    for file in fs::read_dir(bundle.parent().ok_or("no directory")?)? {
        let path = file?.path();
        let mut octets = fs::read(&path)?;
        let last = octets.len() - 3;
        octets[last] ^= 1;
        fs::write(&path, octets)?;
    }
    let changed = tradewind.command(&[&["--json"], &verify[..]].concat())?;
    assert!(!changed.status.success() && changed.stdout.contains("\"verified\":false"), "{}", changed.stdout);
    Ok(())
}

fn grep(needle: &str, directory: &Path) -> Command {
    let mut grep = Command::new("grep");
    grep.args(["-r", needle]).arg(directory);
    grep
}

/// Salt and text give the commitment, computed by something else than the server.
fn a_record_tells_what_it_commits_to(proved: &Value) -> Outcome {
    let record: Value = serde_json::from_str(proved["record"].as_str().unwrap_or_default())?;
    let disclosed = &proved["disclosed"];
    let (salt, text) = (disclosed["salt"].as_str().unwrap_or_default(), disclosed["text"].as_str().unwrap_or_default());
    assert!(text.contains("mei@trade.test"), "{proved}");
    let mut python = Command::new("python3");
    python.args([
        "-c",
        "import hashlib,sys; print(hashlib.sha256((sys.argv[1]+sys.argv[2]).encode()).hexdigest())",
        salt,
        text,
    ]);
    let hash = run(python, Duration::from_secs(20))?.success()?;
    assert_eq!(Some(hash.stdout.trim()), record["commitment"].as_str());
    Ok(())
}
