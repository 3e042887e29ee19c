//! Single messages, folders, mailboxes and domains come back from a backup beside what is there, without anything twice.

use std::path::Path;

use harness::{Options, Outcome, Scratch, Tradewind, imap, skip};
use serde_json::Value;
use store::Place;
use store::testing::server::{Database, INSTALLED};

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn letter(number: usize, subject: &str, more: &str) -> Vec<u8> {
    let filler = "Forty valves of DN 80, as agreed. ".repeat(700 * (number % 2));
    format!(
        "From: Anna <anna@partner.example>\r\nTo: <sales@trade.test>\r\nSubject: {subject}\r\n\
         Message-ID: <{number}@partner.example>\r\n{more}\r\nWord quartzite{number}.\r\n{filler}\r\n"
    )
    .into()
}

fn options(repository: &Path) -> Options {
    Options::default().set("backup", "repositories", &format!("[{:?}]", repository.display().to_string()))
}

/// What `FETCH` says of the message with that word, but for its UID and change number.
fn look(session: &mut imap::Client, folder: &str, number: usize) -> Outcome<String> {
    session.command(&format!("SELECT {}", imap::quoted(folder)))?.ok()?;
    let found = session.ask(&format!("SEARCH BODY quartzite{number}."))?.ok()?.text();
    let places: Vec<&str> = found.split_whitespace().skip(2).take_while(|word| word.parse::<u32>().is_ok()).collect();
    assert_eq!(places.len(), 1, "message {number} in {folder}: {found}");
    let told = session.ask(&format!("FETCH {} (FLAGS INTERNALDATE RFC822.SIZE THREADID)", places[0]))?.ok()?.text();
    let told = told.lines().next().unwrap_or_default();
    Ok(told.split_once('(').map_or(told, |(_, rest)| rest).replace("\\Recent", "").replace("  ", " "))
}

/// How many messages in `folder` have `word`.
fn hits(session: &mut imap::Client, folder: &str, word: &str) -> Outcome<usize> {
    session.command(&format!("SELECT {}", imap::quoted(folder)))?.ok()?;
    let found = session.ask(&format!("SEARCH BODY {word}"))?.ok()?.text();
    let line = found.lines().find(|line| line.starts_with("* SEARCH")).unwrap_or_default();
    Ok(line.split_whitespace().skip(2).count())
}

fn count(restored: &Value) -> (i64, i64) {
    let number = |name: &str| restored["accounts"][0][name].as_i64().unwrap_or(-1);
    (number("restored"), number("same_content"))
}

fn lose_and_find(mut tradewind: Tradewind) -> Outcome {
    let mut session = tradewind.access("sales")?.session()?;
    let before = session.count("INBOX")?;
    for number in 0..8 {
        session.append("INBOX", &[&letter(number, &format!("Offer {number}"), "")])?.ok()?;
    }
    let answer = letter(8, "Re: Offer 3", "References: <3@partner.example>\r\n");
    session.append("INBOX", &[&answer])?.ok()?;
    session.command("CREATE Orders/2026")?.ok()?;
    for number in 20..25 {
        session.append("Orders/2026", &[&letter(number, "Order", "")])?.ok()?;
    }
    session.command("SELECT INBOX")?.ok()?;
    let third = before + 4;
    session.command(&format!("STORE {third} +FLAGS (\\Seen \\Flagged $Important Stahl)"))?.ok()?;
    let was = look(&mut session, "INBOX", 3)?;
    told(&tradewind, &["backup", "run"])?;

    // Lost: a message and a folder. Moved: another message, which is not lost.
    session.command(&format!("STORE {third} +FLAGS.SILENT (\\Deleted)"))?.ok()?;
    session.command("EXPUNGE")?.ok()?;
    session.command(&format!("MOVE {} Archive", before + 5))?.ok()?;
    session.command("SELECT Orders/2026")?.ok()?;
    session.command("STORE 1:* +FLAGS.SILENT (\\Deleted)")?.ok()?;
    session.command("EXPUNGE")?.ok()?;
    session.command("UNSELECT")?.ok()?;
    session.command("DELETE Orders/2026")?.ok()?;

    let account = ["--account", "sales@trade.test"];
    let shown = told(&tradewind, &[&["backup", "mail"], &account[..], &["--folder", "Orders"]].concat())?;
    let folder = &shown["folders"][0];
    assert_eq!((folder["folder"].as_str(), folder["missing"].as_i64()), (Some("Orders/2026"), Some(5)), "{shown}");
    let shown = told(&tradewind, &[&["backup", "mail"], &account[..], &["--subject", "offer 3"]].concat())?;
    let messages = shown["messages"].as_array().cloned().unwrap_or_default();
    assert_eq!(messages.len(), 1, "{shown}");
    assert_eq!(messages[0]["message_id"], "3@partner.example", "{shown}");
    assert!(!shown.to_string().contains("Offer 3"), "whoever has the machine is not told what stands in mail: {shown}");
    let read = tradewind.command(&[&["backup", "mail", "--subjects"], &account[..]].concat())?;
    assert!(!read.status.success() && read.stderr.contains("not allowed"), "{}", read.stderr);

    // One message, by its Message-ID, with its flags, its date and its thread; and only once.
    let restore =
        |which: &[&str]| told(&tradewind, &[&["backup", "restore-mail", "--reason", "ticket 4711"], which].concat());
    let one = [&account[..], &["--message", "<3@partner.example>"]].concat();
    assert_eq!(count(&restore(&one)?), (1, 0));
    assert_eq!(look(&mut session, "INBOX", 3)?, was);
    assert_eq!(count(&restore(&one)?), (0, 1), "what came back is there");

    // The folder, then everything: nothing else was lost.
    assert_eq!(count(&restore(&[&account[..], &["--folder", "Orders"]].concat())?).0, 5);
    assert_eq!(session.count("Orders/2026")?, 5);
    assert!(look(&mut session, "Orders/2026", 21)?.contains("RFC822.SIZE"));
    assert_eq!(count(&restore(&account)?).0, 0);
    assert_eq!((hits(&mut session, "INBOX", "quartzite")?, session.count("Archive")?), (8, 1));
    let recorded = told(&tradewind, &["access", "log"])?.to_string();
    assert!(recorded.contains("backup-mail-restore") && recorded.contains("ticket 4711"), "{recorded}");

    // A domain, apart, while the server does not run.
    session.command("SELECT Orders/2026")?.ok()?;
    session.command("STORE 1:2 +FLAGS.SILENT (\\Deleted)")?.ok()?;
    session.command("EXPUNGE")?.ok()?;
    session.logout()?;
    tradewind.stop()?;
    let restore =
        |which: &[&str]| told(&tradewind, &[&["backup", "restore-mail", "--reason", "ticket 4711"], which].concat());
    let restored = restore(&["--domain", "trade.test", "--apart"])?;
    let accounts = restored["accounts"].as_array().cloned().unwrap_or_default();
    let total: i64 = accounts.iter().filter_map(|one| one["restored"].as_i64()).sum();
    assert!(accounts.len() > 1 && total == 2, "{restored}");
    assert!(restored.get("messages").is_none(), "nobody's mail is told: {restored}");
    let day = restored["taken"].as_str().and_then(|taken| taken.get(..10)).unwrap_or_default().to_owned();
    tradewind.command(&["store", "check"])?.success()?;
    tradewind.restart()?;
    let mut session = tradewind.access("sales")?.session()?;
    assert_eq!(session.count(&format!("Restored {day}/Orders/2026"))?, 2);
    assert_eq!(session.count("Orders/2026")?, 3);
    session.logout()?;

    // What is asked for wrongly is told.
    for (arguments, why) in [
        (vec!["--account", "nobody@trade.test"], "nobody@trade.test"),
        (vec!["--domain", "elsewhere.test"], "elsewhere.test"),
        (vec!["--account", "sales@trade.test", "--until", "2001-01-01T00:00:00Z"], "no backup"),
        (vec!["--account", "sales@trade.test", "--until", "yesterday"], "yesterday"),
    ] {
        let failed = tradewind.command(&[&["backup", "mail"], arguments.as_slice()].concat())?;
        assert!(!failed.status.success() && failed.stderr.contains(why), "{}", failed.stderr);
    }
    Ok(())
}

#[test]
fn lost_mail_comes_back_beside_what_is_there() -> Outcome {
    let scratch = Scratch::new("backup-mail")?;
    lose_and_find(Tradewind::start(options(&scratch.join("repository")))?)
}

#[test]
fn lost_mail_comes_back_on_postgresql() -> Outcome {
    let Some(database) = Database::create() else { skip!("no PostgreSQL under {INSTALLED}") };
    let Place::Postgres(url) = database.place() else { return Ok(()) };
    let scratch = Scratch::new("backup-mail-postgres")?;
    lose_and_find(Tradewind::start(options(&scratch.join("repository")).store(url.expose()))?)
}

#[test]
fn what_does_not_fit_is_told_and_waits() -> Outcome {
    let scratch = Scratch::new("backup-mail-quota")?;
    let tradewind = Tradewind::start(options(&scratch.join("repository")))?;
    let mut session = tradewind.access("sales")?.session()?;
    let before = session.count("INBOX")?;
    let long = [letter(1, "Long", ""), b"x".repeat(700 << 10)].concat();
    session.append("INBOX", &[&long])?.ok()?;
    told(&tradewind, &["backup", "run"])?;
    session.command("SELECT INBOX")?.ok()?;
    session.command(&format!("STORE {} +FLAGS.SILENT (\\Deleted)", before + 1))?.ok()?;
    session.command("EXPUNGE")?.ok()?;
    let other = [letter(2, "Other", ""), b"y".repeat(700 << 10)].concat();
    session.append("INBOX", &[&other])?.ok()?;
    told(&tradewind, &["user", "quota", "sales@trade.test", "1"])?;
    let arguments = ["backup", "restore-mail", "--account", "sales@trade.test", "--reason", "test"];
    let restored = told(&tradewind, &arguments)?;
    assert_eq!(restored["accounts"][0]["over_quota"], 1, "{restored}");
    assert_eq!(hits(&mut session, "INBOX", "quartzite1")?, 0);
    told(&tradewind, &["user", "quota", "sales@trade.test", "0"])?;
    let restored = told(&tradewind, &arguments)?;
    assert_eq!(count(&restored).0, 1, "{restored}");
    assert_eq!(hits(&mut session, "INBOX", "quartzite1")?, 1);
    told(&tradewind, &["store", "check", "--deep"])?;
    session.logout()
}
