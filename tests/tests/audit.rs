//! What people do is in the audit log, which an outsider verifies with a file and a public key.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::{Options, Outcome, Scratch, Tradewind, require, run, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

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
    let witness =
        wait_until("a checkpoint that is handed on", PATIENCE, || Ok(checkpoints(&notary).into_iter().min()))?;
    let witness = text(&witness);
    tradewind.command(&["user", "quota", "mei@trade.test", "100"])?.success()?;

    let head = told(&tradewind, &["audit", "head"])?;
    let key = head["key"].as_str().unwrap_or_default().to_owned();
    let exported = told(&tradewind, &["audit", "export", &text(&export)])?;
    assert!(exported["records"].as_u64() >= Some(2), "{exported}");
    let verify = ["audit", "verify", &text(&export), "--key", &key, "--witness", &witness];
    let verified = told(&tradewind, &verify)?;
    assert_eq!((&verified["verified"], &verified["witnesses"]), (&true.into(), &1.into()));

    let log = told(&tradewind, &["access", "log"])?;
    let rows = log.as_array().map(Vec::as_slice).unwrap_or_default();
    let added = rows.iter().find(|row| row["action"] == "user-add" && row["outcome"] == "done");
    let event = added.and_then(|row| row["id"].as_str()).unwrap_or("no event of user-add").to_owned();
    a_record_tells_what_it_commits_to(&told(&tradewind, &["audit", "prove", &event])?)?;
    let none = tradewind.command(&["audit", "prove", "123abc"])?;
    assert!(!none.status.success() && none.stderr.contains("123abc"), "{}", none.stderr);

    // The log names nobody.
    let bundles = run(grep("mei@", &export), PATIENCE)?;
    assert!(!bundles.status.success(), "{}", bundles.stdout);
    tradewind.command(&["user", "delete", "--yes", "mei@trade.test"])?.success()?;
    told(&tradewind, &["audit", "export", &text(&export)])?;
    assert_eq!(told(&tradewind, &verify)?["verified"], true, "the proof outlives the account");

    for path in files(&export.join("tile/entries")) {
        let mut octets = fs::read(&path)?;
        let last = octets.len() - 3;
        octets[last] ^= 1;
        fs::write(&path, octets)?;
    }
    let changed = tradewind.command(&[&["--json"], &verify[..]].concat())?;
    assert!(!changed.status.success() && changed.stdout.contains("\"verified\":false"), "{}", changed.stdout);
    Ok(())
}

/// Whole checkpoints that lie in `directory`.
fn checkpoints(directory: &Path) -> Vec<PathBuf> {
    let is_whole =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("checkpoint-"));
    files(directory).into_iter().filter(is_whole).collect()
}

/// All files below `directory`.
fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
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
    let hash = run(python, PATIENCE)?.success()?;
    assert_eq!(Some(hash.stdout.trim()), record["commitment"].as_str());
    Ok(())
}
