//! The web application in Debian's Chromium, before a running server: `web/tests`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::smtp::for_wire;
use harness::{Failure, Options, Outcome, Scratch, Tradewind, require, run, skip};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(560);

/// The directory of the web application, if it was built and its tests can run.
fn built() -> Result<PathBuf, String> {
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web");
    for needed in ["dist/index.html", "node_modules/playwright-core"] {
        if !web.join(needed).exists() {
            return Err(format!("web/{needed} is missing; run: make web"));
        }
    }
    Ok(web)
}

/// Runs a script of `web/tests` before a server of its own.
fn visit(
    web: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    prepare: impl FnOnce(&Tradewind) -> Outcome,
) -> Outcome<String> {
    visit_then(web, arguments, environment, prepare, |_| Ok(()))
}

/// As [`visit`]; `look` looks at the server afterwards.
fn visit_then(
    web: &Path,
    arguments: &[&str],
    environment: &[(&str, &str)],
    prepare: impl FnOnce(&Tradewind) -> Outcome,
    look: impl FnOnce(&Tradewind) -> Outcome,
) -> Outcome<String> {
    let directory = web.join("dist").canonicalize()?;
    let options = Options::default()
        .set("web", "directory", &format!("{:?}", directory.display().to_string()))
        // Where the tests have their own site with pictures; 127.0.0.2 stays within.
        .set("jmap", "pictures_within", "[\"127.0.0.1/32\"]");
    let tradewind = Tradewind::start(options)?;
    prepare(&tradewind)?;
    let access = tradewind.access("sales")?;
    let settings = tradewind.command(&["--json", "config", "show"])?.success()?.stdout;
    let settings: Value = serde_json::from_str(settings.trim())?;
    let hostname = settings["server"]["hostname"].as_str().ok_or_else(|| Failure::new("no host name"))?.to_owned();
    let mut command = Command::new("node");
    command.args(arguments).current_dir(web).envs(environment.iter().copied());
    command.env("WEB_HOST", hostname).env("WEB_PORT", tradewind.listen("https")?.port().to_string());
    let other = tradewind.access("finance")?;
    command.env("OTHER_USER", &other.user).env("OTHER_PASSWORD", &other.password);
    command.env("IMAP_USER", &access.user).env("IMAP_PASSWORD", &access.password);
    let told = run(command, PATIENCE)?
        .success()
        .map_err(|error| Failure::new(format!("{error}\n{}", tradewind.log_tail())))?;
    look(&tradewind)?;
    Ok(told.stdout)
}

/// Runs a file of tests.
fn try_out(file: &str) -> Outcome {
    try_out_with(file, |_| Ok(()))
}

/// Runs a file of tests before a server that was made ready.
fn try_out_with(file: &str, prepare: impl FnOnce(&Tradewind) -> Outcome) -> Outcome {
    require!("chromium");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let told = visit(&web, &["--test", file], &[], prepare)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// Hostile HTML against each wall alone, pictures from elsewhere, links, bad input.
#[test]
fn reading_is_safe_in_chromium() -> Outcome {
    try_out("tests/reading.test.mjs")
}

#[test]
fn the_mail_works_in_chromium() -> Outcome {
    try_out("tests/mail.test.mjs")
}

#[test]
fn people_look_after_their_account_in_chromium() -> Outcome {
    try_out("tests/account.test.mjs")
}

#[test]
fn writing_has_what_trade_needs_in_chromium() -> Outcome {
    try_out("tests/compose.test.mjs")
}

#[test]
fn the_newest_mail_works_without_a_connection_in_chromium() -> Outcome {
    try_out("tests/offline.test.mjs")
}

#[test]
fn contacts_work_in_chromium() -> Outcome {
    try_out("tests/contacts.test.mjs")
}

#[test]
fn rules_and_replies_work_in_chromium() -> Outcome {
    try_out("tests/rules.test.mjs")
}

#[test]
fn printing_saving_and_telling_work_in_chromium() -> Outcome {
    try_out("tests/around.test.mjs")
}

#[test]
fn mailboxes_of_others_work_in_chromium() -> Outcome {
    try_out_with("tests/sharing.test.mjs", |tradewind| {
        let (sales, finance) = (tradewind.account("sales")?.address, tradewind.account("finance")?.address);
        for command in [
            &["shared", "add", "office@trade.test", "--name", "Office"][..],
            &["shared", "permit", "office@trade.test", &sales, "write"],
            &["shared", "permit", "office@trade.test", &sales, "send-as"],
            &["delegation", "add", &finance, &sales, "read", "--mailbox", "INBOX"],
        ] {
            tradewind.command(command)?.success()?;
        }
        for to in ["office@trade.test", &finance] {
            let letter = format!(
                "From: Buyer <buyer@far.example>\r\nTo: <{to}>\r\nSubject: Order for {to}\r\nMessage-ID: <order.{to}>\r\n\
                 Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\nTen pieces.\r\n"
            );
            tradewind.smtp()?.deliver("buyer@far.example", &[to], &for_wire(letter.as_bytes()))?.expect(250)?;
        }
        Ok(())
    })
}

/// A partner opens and answers what was encrypted for him; then neither the server's files nor its memory hold a word of it, or what opens it.
#[test]
fn partners_open_what_the_server_cannot_in_chromium() -> Outcome {
    require!("chromium", "gdb");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("portal")?;
    let secrets = scratch.join("secrets");
    let keys = scratch.join("keys");
    let environment = [("PORTAL_SECRETS", &secrets), ("PORTAL_KEYS", &keys)]
        .map(|(name, path)| (name, path.to_str().unwrap_or_default()));
    let look = |tradewind: &Tradewind| {
        let core = dump(tradewind, &scratch)?;
        let place = tradewind.directory().display().to_string();
        assert!(std::fs::read_to_string(&secrets)?.lines().count() >= 7, "the pages tell what must not be found");
        let listed = secrets.display().to_string();
        assert_eq!(files_that_hold(&["-f", &listed, &core, &place])?, "", "words, passwords or keys");
        let known = files_that_hold(&["buyer@far.example", &core])?;
        assert!(known.contains(&core), "what the server does know is found in its memory");
        // The key itself, not only as it is written.
        let memory = std::fs::read(&core)?;
        for key in std::fs::read_to_string(scratch.join("keys"))?.lines().map(octets_of) {
            assert_eq!(key.len(), 32);
            assert!(memchr::memmem::find(&memory, &key).is_none(), "a key is in the server's memory");
        }
        Ok(())
    };
    let told = visit_then(&web, &["--test", "tests/portal.test.mjs"], &environment, |_| Ok(()), look)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// Two of the staff write to one another from end to end; then neither the server's files nor its memory hold a word of it, or what opens it.
#[test]
fn colleagues_write_end_to_end_in_chromium() -> Outcome {
    require!("chromium", "gdb");
    let web = match built() {
        Ok(web) => web,
        Err(why) => skip!("{why}"),
    };
    let scratch = Scratch::new("end")?;
    let secrets = scratch.join("secrets").display().to_string();
    let look = |tradewind: &Tradewind| {
        let core = dump(tradewind, &scratch)?;
        let place = tradewind.directory().display().to_string();
        assert!(std::fs::read_to_string(&secrets)?.lines().count() >= 7, "the pages tell what must not be found");
        assert_eq!(files_that_hold(&["-f", &secrets, &core, &place])?, "", "words, passphrases or keys");
        let known = files_that_hold(&["key-directory", &core])?;
        assert!(known.contains(&core), "what the server does know is found in its memory");
        Ok(())
    };
    let told =
        visit_then(&web, &["--test", "tests/endtoend.test.mjs"], &[("END_SECRETS", &secrets)], |_| Ok(()), look)?;
    assert!(told.contains("fail 0"), "{told}");
    Ok(())
}

/// The server's memory, as a file.
fn dump(tradewind: &Tradewind, scratch: &Scratch) -> Outcome<String> {
    let mut gcore = Command::new("gcore");
    gcore.arg("-o").arg(scratch.join("core")).arg(tradewind.id().to_string());
    run(gcore, PATIENCE)?.success()?;
    Ok(scratch.join(&format!("core.{}", tradewind.id())).display().to_string())
}

/// The files, those below directories too, that hold one of the texts; nothing if none does.
fn files_that_hold(arguments: &[&str]) -> Outcome<String> {
    let mut grep = Command::new("grep");
    // Sockets are no files.
    grep.env("LC_ALL", "C").args(["--devices=skip", "-raFl"]).args(arguments);
    Ok(run(grep, PATIENCE)?.stdout)
}

/// Octets that are written as digits.
fn octets_of(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
    pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect()
}

#[test]
fn folders_work_in_chromium() -> Outcome {
    try_out("tests/folders.test.mjs")
}

#[test]
fn labels_and_receipts_work_in_chromium() -> Outcome {
    try_out("tests/labels.test.mjs")
}

/// Both themes and languages, narrow windows, from right to left, by the keyboard alone.
#[test]
fn every_screen_is_accessible_and_whole_in_chromium() -> Outcome {
    try_out("tests/screens.test.mjs")
}

/// `TRADEWIND_SCREENSHOTS=docs/screenshots` has the pictures of the manual made anew.
#[test]
fn screens_are_shown() -> Outcome {
    let Ok(place) = std::env::var("TRADEWIND_SCREENSHOTS") else { return Ok(()) };
    require!("chromium");
    let web = built().map_err(Failure::new)?;
    visit(&web, &["tests/screenshots.mjs"], &[("SCREENSHOTS", &place)], |_| Ok(()))?;
    Ok(())
}
