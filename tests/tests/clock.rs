//! The clock of a running server is set far ahead and back again: nothing is overwritten, nothing is deleted by a wrong clock alone, and what was done
//! can be proven.

use std::time::Duration;

use harness::{Faketime, Options, Outcome, Scratch, Tradewind, missing, skip, smtp, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// Beyond the times for which mail and backups are kept, and within those of passwords.
const AHEAD_DAYS: i64 = 80;

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn receive(tradewind: &Tradewind, number: u64) -> Outcome {
    let mut client = tradewind.smtp()?;
    let letter = format!("From: <a@partner.example>\r\nSubject: {number}\r\n\r\nForty valves.\r\n");
    client.deliver("a@partner.example", &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?.expect(250)?;
    client.quit()?;
    wait_until("the letter", PATIENCE, || {
        let mut session = tradewind.imap("sales")?;
        let count = session.count("INBOX")?;
        session.logout()?;
        Ok((count == number).then_some(()))
    })
}

fn backups(tradewind: &Tradewind) -> Outcome<Vec<String>> {
    let listed = told(tradewind, &["backup", "list"])?;
    let all = listed["repositories"][0]["backups"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(all.iter().filter_map(|backup| Some(backup["id"].as_str()?.to_owned())).collect())
}

#[test]
fn a_clock_that_jumps_takes_nothing_away() -> Outcome {
    if let Some(why) = missing(&["libfaketime"]) {
        skip!("{why}");
    }
    let scratch = Scratch::new("clock")?;
    let clock = Faketime::new(&scratch)?;
    let mut options = Options::default()
        .set("backup", "repositories", &format!("[{:?}]", scratch.join("backup").display().to_string()))
        .set("backup", "keep_weeks", "0")
        .set("backup", "keep_months", "0")
        .set("audit", "seal_seconds", "1");
    for (name, value) in clock.environment() {
        options = options.env(&name, &value);
    }
    let tradewind = Tradewind::start(options)?;
    told(&tradewind, &["retention", "rule", "set", "old", "--folder", "INBOX", "--days", "30"])?;
    receive(&tradewind, 1)?;
    let first = told(&tradewind, &["backup", "run"])?;
    assert_eq!(first["backups"][0]["not_deleted"], Value::Null, "{first}");
    told(&tradewind, &["audit", "seal"])?;

    // Ahead: mail is taken and read; a backup is taken, and does not delete what only this clock calls old.
    clock.set_days(AHEAD_DAYS)?;
    receive(&tradewind, 2)?;
    let ahead = told(&tradewind, &["backup", "run"])?;
    let why = ahead["backups"][0]["not_deleted"].as_str().unwrap_or_default();
    assert!(why.contains("if the clock is wrong set it right"), "{ahead}");
    told(&tradewind, &["audit", "seal"])?;

    // Back: the backups that are taken now stay beside the one of a moment to come.
    clock.set_days(0)?;
    receive(&tradewind, 3)?;
    let mut known = backups(&tradewind)?;
    for _ in 0..2 {
        let taken = told(&tradewind, &["backup", "run"])?;
        assert_eq!(taken["backups"][0]["not_deleted"], Value::Null, "{taken}");
        let now = backups(&tradewind)?;
        assert!(known.iter().all(|id| now.contains(id)) && now.len() > known.len(), "{known:?} {now:?}");
        known = now;
    }
    told(&tradewind, &["audit", "seal"])?;
    told(&tradewind, &["backup", "check", "--read-data"])?;
    told(&tradewind, &["store", "collect"])?;
    told(&tradewind, &["store", "check", "--deep"])?;

    // Before everything: still nothing goes, and mail comes.
    clock.set_days(-AHEAD_DAYS)?;
    receive(&tradewind, 4)?;
    told(&tradewind, &["backup", "run"])?;
    let now = backups(&tradewind)?;
    assert!(known.iter().all(|id| now.contains(id)), "{known:?} {now:?}");
    clock.set_days(0)?;

    // The log is whole, for those who do not trust the server.
    let export = scratch.join("export").display().to_string();
    told(&tradewind, &["audit", "seal"])?;
    told(&tradewind, &["audit", "export", &export])?;
    let head = told(&tradewind, &["audit", "head"])?;
    let key = head["key"].as_str().unwrap_or_default();
    assert_eq!(told(&tradewind, &["audit", "verify", &export, "--key", key])?["verified"], true);
    let log = tradewind.log_tail();
    assert!(!log.contains("panicked"), "{log}");
    Ok(())
}
