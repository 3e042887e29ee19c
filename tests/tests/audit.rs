//! What people do is in the audit log, which an outsider verifies with a file and a public key.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::{HttpsHost, Options, Outcome, Process, Scratch, SelfSigned, Tradewind, require, run, wait_until};
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

/// An authority of time stamps whose files lie in `directory`; gives its port too.
fn time_stamps(scratch: &Scratch, directory: &Path) -> Outcome<(Process, String)> {
    fs::create_dir_all(directory)?;
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/time_stamps.py");
    let mut command = Command::new("python3");
    command.arg("-u").arg(script).arg(directory);
    let mut process = Process::spawn("time-stamps", scratch.path(), command)?;
    let port = process.wait_for_line("", PATIENCE)?;
    Ok((process, port))
}

/// Checkpoints go to an address on the Web and by letter, and others stamp them with the time, which Debian's openssl verifies.
#[test]
fn checkpoints_go_elsewhere() -> Outcome {
    require!("python3", "openssl");
    let scratch = Scratch::new("audit-elsewhere")?;
    let (authority, export) = (scratch.join("authority"), scratch.join("export"));
    let (_stamping, port) = time_stamps(&scratch, &authority)?;
    let certificate = SelfSigned::write(&scratch)?;
    let host = HttpsHost::start_at(([127, 0, 0, 1], 0).into(), &certificate, &[("localhost", "")])?;
    let quoted = |path: &Path| format!("{:?}", text(path));
    let options = Options::default()
        .set("audit", "seal_seconds", "1")
        .set("audit", "witness_urls", &format!("[\"https://localhost:{}/keep\"]", host.address.port()))
        .set("audit", "elsewhere_ca", &quoted(&certificate.certificate))
        .set("audit", "witness_addresses", "[\"finance@trade.test\"]")
        .set("audit", "stamp_url", &format!("\"http://127.0.0.1:{}/\"", port.trim()))
        .set("audit", "stamp_authorities", &quoted(&authority.join("ca.pem")));
    let tradewind = Tradewind::start(options)?;
    tradewind.new_account("mei", 0)?;
    let posted = wait_until("a checkpoint that is posted", PATIENCE, || Ok(host.asked().into_iter().next()))?;
    assert_eq!((posted.line.as_str(), posted.media_type.as_str()), ("POST /keep", "text/plain; charset=utf-8"));
    let witness = scratch.file("posted", &posted.body)?;
    let mut reader = tradewind.access("finance")?.session()?;
    wait_until("a letter with a checkpoint", PATIENCE, || Ok((reader.count("INBOX")? > 0).then_some(())))?;
    reader.command("SELECT INBOX")?.ok()?;
    let letter = reader.ask("FETCH 1 BODY[TEXT]")?.ok()?.text();
    let letter: String = letter.lines().filter(|line| !line.contains([' ', '*', ')', '{'])).collect();
    let mailed = scratch.file("mailed", decoded(&letter)?.split("-----\r\n").nth(1).unwrap_or_default())?;

    let stamped = wait_until("a stamped checkpoint", PATIENCE, || {
        told(&tradewind, &["audit", "export", &text(&export)])?;
        Ok(files(&export.join("stamps")).into_iter().find(|path| path.extension().is_some_and(|it| it == "tst")))
    })?;
    let head = told(&tradewind, &["audit", "head"])?;
    let key = head["key"].as_str().unwrap_or_default().to_owned();
    let (witness, mailed, directory) = (text(&witness), text(&mailed), text(&export));
    let verify = ["audit", "verify", &directory, "--key", &key, "--witness", &witness, "--witness", &mailed];
    let verified = told(&tradewind, &verify)?;
    assert_eq!((&verified["verified"], &verified["witnesses"]), (&true.into(), &2.into()));
    let checkpoint = stamped.with_extension("checkpoint");
    let ts_verify = |data: &Path| {
        let mut openssl = Command::new("openssl");
        openssl.args(["ts", "-verify", "-token_in", "-in"]).arg(&stamped).arg("-data").arg(data);
        openssl.arg("-CAfile").arg(authority.join("ca.pem"));
        run(openssl, PATIENCE)
    };
    ts_verify(&checkpoint)?.success()?;
    let altered = scratch.file("altered", fs::read_to_string(&checkpoint)?.replace("time 2", "time 3"))?;
    assert!(!ts_verify(&altered)?.status.success(), "openssl sees an altered checkpoint");
    Ok(())
}

/// That the settings file was changed is a record, with the names of settings and none of their values.
#[test]
fn changed_settings_are_a_record() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default())?;
    let of_settings = |tradewind: &Tradewind| -> Outcome<Vec<Value>> {
        let log = told(tradewind, &["access", "log"])?;
        let rows = log.as_array().cloned().unwrap_or_default();
        Ok(rows.into_iter().filter(|row| row["action"] == "settings-change").collect())
    };
    assert_eq!(of_settings(&tradewind)?.len(), 1, "the first start");
    tradewind.stop()?;
    tradewind.restart()?;
    assert_eq!(of_settings(&tradewind)?.len(), 1, "nothing was changed");
    tradewind.stop()?;
    let config = tradewind.config()?;
    let text = fs::read_to_string(&config)?;
    fs::write(&config, text.replace("#witness_hours = 24", "witness_hours = 4711"))?;
    tradewind.restart()?;
    let records = of_settings(&tradewind)?;
    assert_eq!(records.len(), 2);
    let told = serde_json::to_string(&records)?;
    assert!(told.contains("audit.witness_hours") && !told.contains("4711"), "{told}");
    Ok(())
}

/// A time stamp of somebody who is not believed is not kept, and the log of the server says why.
#[test]
fn nobody_elses_time_stamp_is_kept() -> Outcome {
    require!("python3", "openssl");
    let scratch = Scratch::new("audit-stranger")?;
    let (authority, stranger) = (scratch.join("authority"), scratch.join("stranger"));
    let (_believed, _) = time_stamps(&scratch, &authority)?;
    let (_stranger, port) = time_stamps(&scratch, &stranger)?;
    let options = Options::default()
        .set("audit", "seal_seconds", "1")
        .set("audit", "stamp_url", &format!("\"http://127.0.0.1:{}/\"", port.trim()))
        .set("audit", "stamp_authorities", &format!("{:?}", text(&authority.join("ca.pem"))));
    let tradewind = Tradewind::start(options)?;
    tradewind.new_account("mei", 0)?;
    wait_until("a stamp that is refused", PATIENCE, || {
        let log = tradewind.log_tail();
        Ok((log.contains("Time stamps") && log.contains("cannot be handed on")).then_some(()))
    })?;
    let export = scratch.join("export");
    told(&tradewind, &["audit", "export", &text(&export)])?;
    assert!(files(&export.join("stamps")).is_empty());
    Ok(())
}

/// The text that is encoded so in Base64.
fn decoded(encoded: &str) -> Outcome<String> {
    let mut python = Command::new("python3");
    let script = "import base64,sys; sys.stdout.buffer.write(base64.b64decode(sys.argv[1]))";
    python.args(["-c", script, encoded]);
    Ok(run(python, PATIENCE)?.success()?.stdout)
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
