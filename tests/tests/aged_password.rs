//! A password that is too old opens the page that changes it, and nothing else.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::{Access, Browser, Failure, Options, Outcome, Tradewind, require, run};
use serde_json::{Value, json};

const NEW: &str = "Neue-Leitung-zum-Hafen-8";

/// The database file below `directory`.
fn database(directory: &Path) -> Outcome<Option<PathBuf>> {
    for entry in directory.read_dir()? {
        let path = entry?.path();
        if path.is_dir() {
            if let Some(found) = database(&path)? {
                return Ok(Some(found));
            }
        } else if path.file_name().is_some_and(|name| name == "tradewind.db") {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

/// Has every password been chosen `days` earlier.
fn age(tradewind: &Tradewind, days: u32) -> Outcome {
    let file = database(tradewind.directory())?.ok_or_else(|| Failure::new("no database"))?;
    let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1], timeout=20) as db:\n    \
                  db.execute('UPDATE credential SET created = created - ?', (int(sys.argv[2]) * 86400000,))\n";
    let mut python = Command::new("/usr/bin/python3");
    python.args(["-c", script]).arg(file).arg(days.to_string());
    run(python, Duration::from_secs(30))?.success().map(drop)
}

fn enter(browser: &mut Browser, access: &Access) -> Outcome<u16> {
    let shown = json!({ "login": access.user, "password": access.password });
    Ok(browser.post("/api/sign-in", &shown, &[])?.status)
}

#[test]
fn it_opens_the_page_that_changes_it() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default().set("passwords", "age_days_max", "30"))?;
    let access = tradewind.access("admin")?;
    let mut before = tradewind.browser()?;
    assert_eq!(enter(&mut before, &access)?, 200);
    before.get("/account")?.expect(200)?;
    age(&tradewind, 31)?;
    // No protocol, and no session that began before.
    assert!(access.session().is_err() && tradewind.submission("admin").is_err());
    let mut browser = tradewind.browser()?;
    assert_eq!(enter(&mut browser, &access)?, 200);
    for browser in [&mut before, &mut browser] {
        for path in ["/account", "/account/factors", "/oauth/authorize"] {
            let page = browser.get(path)?.expect(303)?;
            assert_eq!(page.header.get("location").map(String::as_str), Some("/account/password"), "{path}");
        }
        browser.get("/api/account/factors")?.expect(403)?;
        let listed = browser.post("/api/v1/user-list", &json!({}), &[])?.expect(403)?;
        assert!(listed.body.contains("password-too-old"), "{}", listed.body);
    }
    let page = browser.get("/account/password")?.expect(200)?;
    let mut fields = page.form("/account/password", &[])?;
    fields.extend([("present".to_owned(), access.password.clone()), ("new".to_owned(), NEW.to_owned())]);
    browser.submit("/account/password", &fields)?.expect(303)?;
    let access = Access { password: NEW.to_owned(), ..access };
    access.session()?;
    assert_eq!(enter(&mut browser, &access)?, 200);
    browser.get("/account")?.expect(200)?;
    Ok(())
}

#[test]
fn the_command_line_lets_the_last_administrator_in_again() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default().set("passwords", "age_days_max", "30"))?;
    age(&tradewind, 31)?;
    let access = tradewind.access("admin")?;
    assert!(access.session().is_err());
    let made = tradewind.command(&["--json", "user", "password", &access.user])?.success()?.stdout;
    let made: Value = serde_json::from_str(made.trim())?;
    let password = made["password"].as_str().ok_or_else(|| Failure::new("no password"))?.to_owned();
    Access { password, ..access }.session()?;
    Ok(())
}
