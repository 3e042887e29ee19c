//! A leaver asks for erasure: two people carry it out, the keys go from store and backups, and the proof verifies without the server, and after the
//! server was lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use harness::{
    Access, Browser, Failure, Options, Outcome, Scratch, Sink, Tradewind, decoded, require, run, wait_until,
};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn holds(directory: &Path, octets: &[u8]) -> Option<PathBuf> {
    walk(directory)
        .into_iter()
        .find(|path| fs::read(path).is_ok_and(|all| all.windows(octets.len()).any(|window| window == octets)))
}

fn code(secret: &str) -> Outcome<String> {
    let mut oathtool = Command::new("oathtool");
    oathtool.args(["--totp", "--base32", secret]);
    Ok(run(oathtool, PATIENCE)?.success()?.stdout.trim().to_owned())
}

/// Signs in with password and an app that is shown for the first time: a fresh strong factor.
fn enrol(tradewind: &Tradewind, access: &Access) -> Outcome<Browser> {
    let mut browser = tradewind.browser()?;
    let shown = json!({ "login": access.user, "password": access.password });
    browser.post("/api/sign-in", &shown, &[])?.expect(200)?;
    let wanted = json!({ "kind": "totp", "label": "app" });
    let begun = browser.post("/api/account/factors/begin", &wanted, &[])?.expect(200)?.json();
    let code = code(begun["secret"].as_str().unwrap_or_default())?;
    let shown = json!({ "kind": "totp", "challenge": begun["challenge"], "code": code });
    browser.post("/api/account/factors/finish", &shown, &[])?.expect(200)?;
    Ok(browser)
}

fn act(browser: &mut Browser, action: &str, body: &Value, status: u16) -> Outcome<Value> {
    Ok(browser.post(&format!("/api/v1/{action}"), body, &[])?.expect(status)?.json())
}

/// A security officer and a manager with factors, by name.
fn people(tradewind: &Tradewind) -> Outcome<BTreeMap<&'static str, Browser>> {
    let security = tradewind.new_account("security", 0)?;
    let manager = tradewind.new_account("second", 0)?;
    for (access, role) in [(&security, "security"), (&manager, "management")] {
        tradewind.command(&["user", "role", &access.user, role])?.success()?;
    }
    tradewind.command(&["organisation", "level", "enhanced"])?.success()?;
    Ok(BTreeMap::from([("security", enrol(tradewind, &security)?), ("second", enrol(tradewind, &manager)?)]))
}

#[test]
fn an_erasure_is_proven_and_stays_one_when_the_server_is_lost() -> Outcome {
    require!("oathtool");
    let scratch = Scratch::new("subjects")?;
    let (repository, kept) = (scratch.join("repository"), scratch.join("kept"));
    let options = Options::default().set("backup", "repositories", &format!("[{:?}]", text(&repository))).set(
        "factors",
        "grace_days",
        "0",
    );
    let mut tradewind = Tradewind::start(options)?;
    let mut session = tradewind.new_account("leaver", 10)?.session()?;
    let letter =
        b"From: chen@far.example\r\nTo: leaver@trade.test\r\nSubject: canary-subject\r\n\r\nword canaryquartz\r\n";
    session.append("INBOX", &[letter.as_slice()])?.ok()?;
    session.logout()?;
    let mut people = people(&tradewind)?;
    told(&tradewind, &["backup", "run"])?;
    let directory = tradewind.directory().to_owned();

    let Some(security) = people.get_mut("security") else { return Ok(()) };
    let new = json!({
        "kind": "erasure", "law": "gdpr", "name": "Leaver", "addresses": ["leaver@trade.test"],
        "answer_to": "leaver@home.example", "language": "en",
    });
    let id = act(security, "subject-open", &new, 200)?["id"].clone();
    act(security, "subject-identify", &json!({ "id": id, "how": "he came by" }), 200)?;
    let waiting = act(security, "subject-erase", &json!({ "id": id }), 202)?;
    let Some(second) = people.get_mut("second") else { return Ok(()) };
    let agreed = json!({ "request": waiting["request"], "approve": true });
    let done = act(second, "approval-decide", &agreed, 200)?;
    assert_eq!((&done["state"], &done["answer"]["proof"]), (&json!("done"), &json!(true)), "{done}");

    let number = id.as_str().unwrap_or_default();
    let deadline = Instant::now() + PATIENCE;
    let proof = loop {
        let proof = told(&tradewind, &["subject", "proof", number])?;
        if proof["complete"] == true {
            break proof;
        }
        assert!(Instant::now() < deadline, "the erasure reaches all places: {proof}");
        std::thread::sleep(Duration::from_millis(300));
    };
    let statement: Value = serde_json::from_str(proof["proof"]["statement"].as_str().unwrap_or_default())?;
    let reached = statement["reached"].to_string();
    assert!(reached.contains("store") && reached.contains(&text(&repository)), "{reached}");
    fs::create_dir_all(&kept)?;
    let paper = kept.join("proof.json");
    fs::write(&paper, proof["proof"].to_string())?;
    let key = told(&tradewind, &["audit", "head"])?["key"].as_str().unwrap_or_default().to_owned();
    let verified = tradewind.command(&["subject", "verify", &text(&paper), "--key", &key])?.success()?;
    assert!(verified.stdout.contains("complete: true"), "{}", verified.stdout);
    let altered = kept.join("altered.json");
    fs::write(&altered, fs::read_to_string(&paper)?.replace("account:", "accounts:"))?;
    let refused = tradewind.command(&["subject", "verify", &text(&altered), "--key", &key])?;
    assert!(!refused.status.success(), "{}", refused.stdout);

    // The wrapped key, by whose hash the proof names it, opens nothing any more, and no canary lies anywhere.
    for canary in [b"canaryquartz".as_slice(), b"canary-subject"] {
        assert_eq!(holds(&directory, canary), None);
    }
    let (password, region) = (kept.join("backup.key"), kept.join("region.key"));
    fs::copy(directory.join("backup.key"), &password)?;
    fs::copy(directory.join("region.key"), &region)?;
    tradewind.kill9()?;
    fs::remove_dir_all(&directory)?;
    let mut restore = Command::new(Tradewind::binary()?);
    restore.arg("restore").args(["--from", &text(&repository), "--into", &text(&directory)]);
    restore.args(["--password-file", &text(&password), "--region-key", &text(&region)]);
    run(restore, PATIENCE)?.success()?;
    tradewind.restart()?;
    let users = told(&tradewind, &["user", "list"])?.to_string();
    assert!(!users.contains("leaver@trade.test"), "{users}");
    for canary in [b"canaryquartz".as_slice(), b"canary-subject"] {
        assert_eq!(holds(&directory, canary), None);
    }
    tradewind.command(&["subject", "verify", &text(&paper), "--key", &key])?.success()?;
    Ok(())
}

#[test]
fn a_stranger_who_wrote_is_found_reported_and_answered() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let mut session = tradewind.access("sales")?.session()?;
    let letter =
        b"From: Chen <chen@far.example>\r\nTo: sales@trade.test\r\nSubject: canary-subject\r\n\r\ncanaryquartz\r\n";
    session.append("INBOX", &[letter.as_slice()])?.ok()?;
    session.logout()?;
    let open = ["subject", "open", "access", "chen@far.example", "--name", "Chen", "--law", "pipl", "--language", "zh"];
    let opened = told(&tradewind, &open)?;
    let id = opened["id"].as_str().unwrap_or_default().to_owned();
    let early = tradewind.command(&["subject", "report", &id])?;
    assert!(!early.status.success() && early.stderr.contains("subject-identify"), "{}", early.stderr);
    told(&tradewind, &["subject", "identify", &id, "--how", "a letter to the address was answered"])?;
    let found = told(&tradewind, &["subject", "search", &id])?;
    assert_eq!((&found["places"]["mailboxes"], &found["whole"]), (&json!(1), &json!(true)), "{found}");
    let mail = told(&tradewind, &["subject", "mail", &id])?;
    assert_eq!(mail[0]["folders"], json!(["INBOX"]));
    assert!(!mail.to_string().contains("canary"), "neither subject nor text: {mail}");
    let scratch = Scratch::new("subject-report")?;
    for format in ["json", "csv", "pdf"] {
        let file = scratch.join(&format!("report.{format}"));
        let arguments = ["subject", "report", &id, "--language", "zh", "--format", format, "--output", &text(&file)];
        tradewind.command(&arguments)?.success()?;
        let octets = fs::read(&file)?;
        let told = String::from_utf8_lossy(&octets);
        assert!(octets.len() > 200 && !told.contains("canary"), "{format}: {told}");
    }
    told(&tradewind, &["subject", "close", &id])?;
    let letters = told(&tradewind, &["subject", "letters", &id])?;
    let kinds: Vec<&str> = letters.as_array().into_iter().flatten().filter_map(|it| it["kind"].as_str()).collect();
    assert_eq!(kinds, ["received", "done"]);
    let letter = letters[0]["letter"].as_str().unwrap_or_default();
    assert_eq!(told(&tradewind, &["subject", "send", &id, letter])?["to"], "chen@far.example");
    let processing = scratch.join("processing.csv");
    let made = ["subject", "processing", "--language", "zh", "--format", "csv", "--output", &text(&processing)];
    tradewind.command(&made)?.success()?;
    assert!(fs::read_to_string(&processing)?.contains("个人信息处理活动记录"));
    Ok(())
}

/// A stranger asks on the public page, follows the link in the letter, and stands in the register; nobody enters anything in another's name.
#[test]
fn a_stranger_asks_on_the_page_and_proves_his_address() -> Outcome {
    let far = Sink::start()?;
    let tradewind = Tradewind::start(Options::default().route("far.example", far.address))?;
    let mut browser = tradewind.browser()?;
    let page = browser.get("/privacy?lang=en")?.expect(200)?;
    let fill = |address: &str| -> Outcome<Vec<(String, String)>> {
        let hidden = page.form("/privacy", &[("lang", "en")])?;
        let filled =
            [("kind", "erasure"), ("law", "gdpr"), ("name", "Chen <b>"), ("address", address), ("note", "All of it.")];
        let filled = filled.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(hidden.into_iter().filter(|(name, _)| name == "lang").chain(filled).collect())
    };
    let wrong = browser.submit("/privacy", &fill("nobody")?)?.expect(400)?;
    assert!(
        wrong.body.contains("This is no e-mail address.") && wrong.body.contains("Chen &lt;b&gt;"),
        "{}",
        wrong.body
    );
    let left = browser.submit("/privacy", &fill("chen@far.example")?)?.expect(200)?;
    assert!(left.body.contains("a letter with a link"), "{}", left.body);
    let letter = wait_until("the letter", PATIENCE, || Ok(far.messages()?.into_iter().next()))?;
    assert_eq!(told(&tradewind, &["subject", "list"])?, json!([]), "nothing is entered before");
    let letter = decoded(&letter);
    let link = letter
        .split("/privacy/")
        .nth(1)
        .map(|rest| rest.chars().take_while(char::is_ascii_hexdigit).collect::<String>());
    let path = format!("/privacy/{}", link.ok_or_else(|| Failure::new(format!("no link in {letter}")))?);
    // Opening it does nothing, as mail filters open links.
    let asked = browser.get(&path)?.expect(200)?;
    assert!(asked.body.contains("chen@far.example") && asked.body.contains("All of it."), "{}", asked.body);
    assert_eq!(told(&tradewind, &["subject", "list"])?, json!([]));
    let entered = browser.submit(&path, &[])?.expect(200)?;
    assert!(entered.body.contains("was taken up under the number"), "{}", entered.body);
    browser.submit(&path, &[])?.expect(410)?;
    browser.get("/privacy/0123456789abcdef")?.expect(410)?;
    let list = told(&tradewind, &["subject", "list"])?;
    assert_eq!(
        (&list[0]["kind"], &list[0]["name"], &list[0]["ours"]),
        (&json!("erasure"), &json!("Chen <b>"), &json!(false)),
        "{list}"
    );
    let number = list[0]["id"].as_str().unwrap_or_default();
    let shown = told(&tradewind, &["subject", "show", number])?;
    assert!(shown["identity"]["how"].as_str().is_some_and(|how| how.contains("link")), "{shown}");
    // One network does not ask without end.
    let mut codes = Vec::new();
    for number in 0..6 {
        codes.push(browser.submit("/privacy", &fill(&format!("x{number}@far.example"))?)?.status);
    }
    assert!(codes.contains(&429), "{codes:?}");
    Ok(())
}
