//! Where people come from: SCIM over HTTPS, tables.

use std::time::{Duration, Instant};

use harness::{Options, Outcome, Tradewind, require};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

fn token(tradewind: &Tradewind, name: &str) -> Outcome<String> {
    let made = tradewind.command(&["--json", "provision", "token", "add", name])?.success()?;
    let told: Value = serde_json::from_str(&made.stdout)?;
    Ok(told["token"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_client_of_each_dialect_provisions_and_deprovisions() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    for dialect in ["path", "value"] {
        let token = token(&tradewind, dialect)?;
        let port = tradewind.listen("https")?.port().to_string();
        let access = tradewind.access("admin")?;
        let id = access.python("scim_client.py", &[&port, &token, dialect], PATIENCE)?;
        let sound = tradewind.command(&["--json", "store", "check"])?.success()?.stdout;
        assert!(sound.contains("\"sound\":true"), "{sound}");
        // The next one begins afresh.
        let _ = id;
        tradewind.command(&["user", "delete", "zhao.lei@trade.test", "--yes"])?.success()?;
        tradewind.command(&["provision", "token", "revoke", dialect])?.success()?;
        let refused = access.python("scim_client.py", &[&port, &token, dialect], PATIENCE);
        assert!(refused.is_err(), "a revoked token opens nothing");
    }
    Ok(())
}

#[test]
fn who_leaves_loses_everything_at_once() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    let sales = tradewind.account("sales")?.address;
    tradewind.command(&["group", "add", "team@trade.test"])?.success()?;
    tradewind.command(&["group", "member-add", "team@trade.test", &sales])?.success()?;
    let mut session = tradewind.imap("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    session.stream.send(b"i1 IDLE\r\n")?;
    while !session.stream.line()?.starts_with(b"+") {}
    let token = token(&tradewind, "hr")?;
    let port = tradewind.listen("https")?.port().to_string();
    let before = Instant::now();
    tradewind.access("sales")?.python("scim_leave.py", &[&port, &token, &sales], PATIENCE)?;
    while !session.stream.line()?.starts_with(b"* BYE") {}
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    assert!(tradewind.imap("sales").is_err(), "no new sign-in");
    assert!(tradewind.submission("sales").is_err(), "nor to send");
    let shown = tradewind.command(&["--json", "group", "show", "team@trade.test"])?.success()?.stdout;
    assert!(shown.contains("\"reaches_accounts\":0"), "{shown}");
    Ok(())
}

#[test]
fn the_directory_goes_out_and_comes_back_as_a_table() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let exported = tradewind.command(&["directory", "export"])?.success()?.stdout;
    let file = tradewind.directory().join("people.csv");
    std::fs::write(&file, format!("{exported}person,zhou@trade.test,Zhou,sales,zh,0,active,,,,\r\n"))?;
    let path = file.display().to_string();
    let dry = tradewind.command(&["--json", "directory", "import", "--dry-run", &path])?.success()?.stdout;
    assert!(dry.contains("zhou@trade.test") && dry.contains("dry run") && dry.contains("\"line\":7"), "{dry}");
    let listed = tradewind.command(&["user", "list"])?.success()?.stdout;
    assert!(!listed.contains("zhou"), "{listed}");
    tradewind.command(&["directory", "import", &path])?.success()?;
    let again = tradewind.command(&["--json", "directory", "import", &path])?.success()?.stdout;
    assert!(again.contains("\"changes\":[]"), "{again}");
    std::fs::write(&file, b"kind,address,name\nperson,x@trade.test,\xc0\xee\n")?;
    let refused = tradewind.command(&["directory", "import", &path])?;
    assert!(!refused.status.success() && refused.stderr.contains("GB18030"), "{}", refused.stderr);
    Ok(())
}
