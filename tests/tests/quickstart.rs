//! From nothing to a running system, and what the command line says.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Options, Outcome, Scratch, Tradewind, Trust, imap, require, run, smtp};

const PATIENCE: Duration = Duration::from_secs(30);

fn quickstart(directory: &std::path::Path, more: &[&str]) -> Outcome<Command> {
    let mut command = Command::new(Tradewind::binary()?);
    command.args(["quickstart", "--json", "--no-serve", "--port-base", "31000", "--dir"]).arg(directory).args(more);
    Ok(command)
}

#[test]
fn a_second_run_changes_nothing() -> Outcome {
    let scratch = Scratch::new("quickstart")?;
    let site = scratch.join("site");
    let first = run(quickstart(&site, &["--domain", "acme.example"])?, PATIENCE)?.success()?;
    let told: serde_json::Value = serde_json::from_str(first.stdout.trim())?;
    assert_eq!(told["accounts"].as_array().map(Vec::len), Some(5));
    assert!(told["accounts"][0]["password"].as_str().is_some_and(|password| password.len() >= 12));
    let files = ["tradewind.toml", "region.key", "tls/ca.pem", "tls/server.pem", "tls/server.key", "zone.txt"];
    let read = || files.map(|file| fs::read(site.join(file)).unwrap());
    let before = read();
    let second = run(quickstart(&site, &[])?, PATIENCE)?.success()?;
    assert!(read() == before, "a file was changed");
    let told: serde_json::Value = serde_json::from_str(second.stdout.trim())?;
    assert_eq!(told["accounts"].as_array().map(Vec::len), Some(0), "sign-ins are told once");
    for private in ["region.key", "tls/server.key", "tls/ca.key"] {
        assert_eq!(fs::metadata(site.join(private))?.permissions().mode() & 0o777, 0o600, "{private}");
    }
    let zone = fs::read_to_string(site.join("zone.txt"))?;
    for record in [
        "IN MX",
        "v=spf1",
        "_domainkey",
        "v=DMARC1",
        "_mta-sts",
        "_smtp._tls",
        "_imaps._tcp",
        "CAA",
        "PTR",
        "autoconfig",
    ] {
        assert!(zone.contains(record), "{record} is missing in the zone");
    }
    Ok(())
}

#[test]
fn every_service_answers_on_its_port() -> Outcome {
    require!("curl");
    let tradewind = Tradewind::start(Options::default())?;
    let roles: Vec<&str> = tradewind.accounts().iter().map(|account| account.role.as_str()).collect();
    for role in ["sales", "finance", "manager", "admin", "officer"] {
        assert!(roles.contains(&role), "{role} in {roles:?}");
        tradewind.imap(role)?.logout()?;
        tradewind.submission(role)?.quit()?;
    }
    let base = tradewind.listen("smtp")?.port() - 25;
    for (service, usual) in
        [("submission", 587), ("submissions", 465), ("imap", 143), ("imaps", 993), ("http", 80), ("https", 443)]
    {
        assert_eq!(tradewind.listen(service)?.port(), base + usual, "{service}");
    }
    let ca = Trust::Authority(tradewind.ca()?);
    let mut submission = smtp::Client::connect(tradewind.listen("submission")?, smtp::Dialect::Smtp)?;
    submission.start_tls(&ca)?;
    submission.quit()?;
    let mut imap = imap::Client::connect(tradewind.listen("imap")?)?;
    imap.start_tls(&ca)?;
    imap.logout()?;
    for (scheme, path, wanted) in [
        ("http", "/healthz", ""),
        ("http", "/readyz", ""),
        ("http", "/metrics", "# EOF"),
        ("http", "/mail/config-v1.1.xml?emailaddress=sales@trade.test", "<clientConfig"),
        ("https", "/healthz", ""),
    ] {
        let url = format!("{scheme}://localhost:{}{path}", tradewind.listen(scheme)?.port());
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--fail", "--cacert"]).arg(tradewind.ca()?).arg(&url);
        let told = run(curl, PATIENCE)?.success().map_err(|failure| failure.during(&url))?.stdout;
        assert!(told.contains(wanted), "{url}: {told}");
    }
    Ok(())
}

#[test]
fn a_directory_of_others_is_not_touched() -> Outcome {
    let scratch = Scratch::new("quickstart")?;
    fs::write(scratch.join("important.txt"), "mine")?;
    let done = run(quickstart(scratch.path(), &[])?, PATIENCE)?;
    assert!(!done.status.success() && done.stderr.contains("important.txt"), "{}", done.stderr);
    Ok(())
}

#[test]
fn bad_settings_name_file_line_and_remedy() -> Outcome {
    let scratch = Scratch::new("settings")?;
    let file = scratch.file("tradewind.toml", "[smtp]\nmessage_bytes = 5\n")?;
    let mut command = Command::new(Tradewind::binary()?);
    command.arg("--config").arg(&file).arg("serve");
    let done = run(command, PATIENCE)?;
    let wanted = ["tradewind.toml line 2", "unknown field `message_bytes`", "config reference"];
    assert!(!done.status.success() && wanted.iter().all(|part| done.stderr.contains(part)), "{}", done.stderr);
    Ok(())
}

#[test]
fn a_server_that_cannot_deliver_does_not_call_itself_ready() -> Outcome {
    let scratch = Scratch::new("settings")?;
    let site = scratch.join("site");
    run(quickstart(&site, &[])?, PATIENCE)?.success()?;
    let file = site.join("tradewind.toml");
    let config = fs::read_to_string(&file)?;
    let mut config: toml_edit::DocumentMut = config.parse()?;
    let route: toml_edit::Value = "[{ recipients = [\"partner.test\"], relay = \"no:port\" }]".parse()?;
    config["delivery"]["route"] = toml_edit::value(route);
    fs::write(&file, config.to_string())?;
    let mut command = Command::new(Tradewind::binary()?);
    command.args(["quickstart", "--json", "--port-base", "31000", "--dir"]).arg(&site);
    let done = run(command, PATIENCE)?;
    assert!(!done.status.success() && done.stderr.contains("delivery.route 1: relay `no:port`"), "{}", done.stderr);
    assert_eq!(done.stdout.trim(), "", "nobody is told that it listens");
    Ok(())
}

#[test]
fn stops_in_good_order_and_starts_again_quickly() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default())?;
    let mut idle = tradewind.imap("sales")?;
    idle.command("SELECT INBOX")?.ok()?;
    let (status, took) = tradewind.stop()?;
    assert!(status.success() && took < Duration::from_secs(10), "{status} after {took:?}");
    let began = Instant::now();
    tradewind.restart()?;
    assert!(began.elapsed() < Duration::from_secs(5), "listening after {:?}", began.elapsed());
    Ok(())
}

#[test]
fn commands_work_beside_the_running_server_and_without_it() -> Outcome {
    let mut tradewind = Tradewind::start(Options::default())?;
    for round in ["running", "stopped"] {
        let address = format!("{round}@trade.test");
        let added = tradewind.command(&["user", "add", &address, "--json"])?.success()?;
        assert!(added.stdout.contains("password"), "{}", added.stdout);
        let listed = tradewind.command(&["user", "list", "--json"])?.success()?;
        assert!(listed.stdout.contains(&address), "{}", listed.stdout);
        tradewind.command(&["domain", "add", &format!("{round}.example")])?.success()?;
        tradewind.command(&["queue", "list", "--json"])?.success()?;
        tradewind.command(&["store", "check"])?.success()?;
        let refused = tradewind.command(&["user", "add", &address])?;
        assert!(!refused.status.success() && refused.stderr.contains(&address), "{}", refused.stderr);
        if round == "running" {
            tradewind.stop()?;
        }
    }
    Ok(())
}

#[test]
fn old_mail_is_imported_once() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let scratch = Scratch::new("import")?;
    let mbox = scratch.file(
        "old.mbox",
        "From a@b Thu Jan  4 12:34:56 2024\nSubject: one\nMessage-ID: <1@old>\nStatus: RO\n\nbody\n\nFrom a@b Fri Jan  5 12:34:56 2024\nSubject: two\n\nbody\n",
    )?;
    let path = mbox.to_string_lossy().into_owned();
    for expected in ["\"imported\":2", "\"imported\":0"] {
        let done = tradewind.command(&["import", "mbox", &path, "--user", "sales@trade.test", "--json"])?.success()?;
        assert!(done.stdout.contains(expected), "{}", done.stdout);
    }
    let mut session = tradewind.imap("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    let fetched = session.ask("FETCH 1 (FLAGS INTERNALDATE)")?.ok()?.text();
    assert!(fetched.contains("\\Seen") && fetched.contains(" 4-Jan-2024"), "{fetched}");
    Ok(())
}
