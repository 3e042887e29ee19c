//! The web application in Debian's Chromium, before a running server: `web/tests`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::smtp::for_wire;
use harness::{Failure, Options, Outcome, Tradewind, require, run, skip};
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
    command.env("IMAP_USER", &access.user).env("IMAP_PASSWORD", &access.password);
    let told = run(command, PATIENCE)?
        .success()
        .map_err(|error| Failure::new(format!("{error}\n{}", tradewind.log_tail())))?;
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
