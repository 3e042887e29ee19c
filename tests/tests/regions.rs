//! Two regions, each a server with a store of its own: mail between them goes by rule and else not at all, and what belongs to an account of one
//! is nowhere on the disk of the other.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use harness::{Options, Outcome, Tradewind, smtp, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// One of the two, before it knows of the other.
fn region(name: &str, country: &str, domain: &str, options: Options) -> Outcome<Tradewind> {
    let options = options
        .domain(domain)
        .set("region", "name", &format!("{name:?}"))
        .set("region", "country", &format!("{country:?}"))
        .set("log", "level", "\"debug\"");
    Tradewind::start(options)
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn refused(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<String> {
    let answer = tradewind.command(arguments)?;
    assert!(!answer.status.success(), "{arguments:?}: {}", answer.stdout);
    Ok(answer.stderr)
}

fn letter(from: &str, to: &str, fields: &str, text: &str) -> Vec<u8> {
    smtp::for_wire(format!("From: <{from}>\r\nTo: <{to}>\r\nSubject: {text}\r\n{fields}\r\n{text}\r\n").as_bytes())
}

/// Hands in at port 25 as a stranger does.
fn from_outside(at: &Tradewind, to: &str, text: &str) -> Outcome<smtp::Reply> {
    let from = "buyer@partner.example";
    let mut client = at.smtp()?;
    let reply = client.deliver(from, &[to], &letter(from, to, "", text))?;
    client.quit()?;
    Ok(reply)
}

fn submit(at: &Tradewind, to: &str, fields: &str, text: &str) -> Outcome<smtp::Reply> {
    let from = at.account("sales")?.address;
    let mut client = at.submission("sales")?;
    let reply = client.deliver(&from, &[to], &letter(&from, to, fields, text))?;
    client.quit()?;
    Ok(reply)
}

/// The reply on one line.
fn words(reply: &smtp::Reply) -> String {
    reply.text.replace('\n', " ")
}

/// Waits until sales has a message of which the search finds something, in the inbox or among junk: without names nobody can vouch for it.
fn wait_for_any(at: &Tradewind, search: &str) -> Outcome {
    wait_until(&format!("{search} in the mailbox"), PATIENCE, || {
        let mut session = at.imap("sales")?;
        let mut found = 0;
        for mailbox in ["INBOX", "Junk"] {
            session.command(&format!("SELECT {mailbox}"))?.ok()?;
            let text = session.ask(&format!("SEARCH {search}"))?.ok()?.text();
            let line = text.lines().find(|line| line.starts_with("* SEARCH")).unwrap_or_default().to_owned();
            found += line.split_whitespace().skip(2).count();
        }
        session.logout()?;
        Ok((found > 0).then_some(()))
    })
    .map_err(|failure| failure.during(&at.log_tail()))
}

fn wait_for(at: &Tradewind, subject: &str) -> Outcome {
    wait_for_any(at, &format!("SUBJECT {subject:?}"))
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

/// The files below `directory` that have one of the words in them.
fn with_any(directory: &Path, words: &[&str]) -> Vec<PathBuf> {
    let has = |path: &PathBuf| {
        let octets = fs::read(path).unwrap_or_default();
        words.iter().any(|word| octets.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    walk(directory).into_iter().filter(has).collect()
}

/// What the store has of mail, whosever it is: messages, octets of their content, and what waits in the queue.
fn contents(at: &Tradewind) -> Outcome<(Value, u64, Value)> {
    let report = told(at, &["store", "check"])?;
    let is_content = |path: &PathBuf| path.to_string_lossy().contains("segment");
    let content = walk(&at.directory().join("data/store")).into_iter().filter(is_content);
    let bytes = content.filter_map(|path| fs::metadata(path).ok()).map(|it| it.len()).sum();
    Ok((report["messages"].clone(), bytes, told(at, &["queue", "list"])?))
}

const BASIS: &[&str] = &["--basis", "pipl-contract", "--reference", "2026-17", "--ends", "2999-01-31"];

fn set_rule(at: &Tradewind, name: &str, kind: &str, to: &str, class: &str) -> Outcome<Value> {
    let rule = ["region", "rule", "set", name, "--kind", kind, "--to", to, "--class", class];
    told(at, &[&rule[..], BASIS].concat())
}

/// A server in China and one in Germany; each knows the other and trusts its certificate. `sales@trade.test` is at home in the first one, though the
/// second takes mail for the domain, too.
fn two_regions() -> Outcome<(Tradewind, Tradewind)> {
    let mut china = region("cn", "CN", "trade.test", Options::default())?;
    let roots = |of: &Tradewind| Ok::<_, harness::Failure>(format!("[{:?}]", of.ca()?.display().to_string()));
    let backups = Options::default().set("backup", "every_minutes", "0").set("delivery", "roots", &roots(&china)?);
    let germany = region("eu", "DE", "branch.test", backups)?;
    china.change_setting("delivery", "roots", &roots(&germany)?)?;
    china.stop()?;
    china.restart()?;
    let server = |of: &Tradewind| Ok::<_, harness::Failure>(of.listen("smtp")?.to_string());
    told(&germany, &["region", "set", "cn", "--country", "CN", "--server", &server(&china)?])?;
    told(&germany, &["domain", "add", "trade.test"])?;
    told(&germany, &["region", "home", "set", "sales@trade.test", "cn"])?;
    told(&china, &["region", "set", "eu", "--country", "DE", "--server", &server(&germany)?])?;
    told(&china, &["region", "home", "set", "branch.test", "eu"])?;
    Ok((china, germany))
}

#[test]
fn nothing_of_an_account_is_on_the_disk_of_another_region() -> Outcome {
    let (china, germany) = two_regions()?;
    let backup = germany.scratch().join("backup");
    germany.change_setting("backup", "repositories", &format!("[{:?}]", backup.display().to_string()))?;
    let mut germany = germany;
    germany.stop()?;
    germany.restart()?;
    let before = contents(&germany)?;

    // A stranger's mail to the mailbox in China comes in Germany: without a rule he is told which one is missing.
    let reply = from_outside(&germany, "sales@trade.test", "canary-one")?;
    assert!(
        reply.code == 550 && words(&reply).contains("no rule lets a delivery go from region eu to region cn"),
        "{reply:?}"
    );
    set_rule(&germany, "to-china", "delivery", "region:cn", "internal")?;
    let reply = from_outside(&germany, "sales@trade.test", "canary-two")?;
    assert!(reply.code == 250 && words(&reply).contains("region cn"), "{reply:?}");
    wait_for(&china, "canary-two")?;
    // An address that is nobody's there is refused with the words of the server there; one in no directory as ever.
    told(&germany, &["region", "home", "set", "gone@trade.test", "cn"])?;
    assert_eq!(from_outside(&germany, "gone@trade.test", "canary-two")?.code, 550);
    assert_eq!(from_outside(&germany, "nobody@trade.test", "canary-two")?.code, 550);
    let mut client = germany.smtp()?;
    client.command("EHLO partner.example")?.expect(250)?;
    client.command("MAIL FROM:<buyer@partner.example>")?.expect(250)?;
    client.command("RCPT TO:<sales@branch.test>")?.expect(250)?;
    client.command("RCPT TO:<sales@trade.test>")?.expect(452)?;

    // Out of China without a rule: refused at once. Mail within the region and what a rule lets go are as ever.
    let reply = submit(&china, "sales@branch.test", "", "canary-three")?;
    assert!(
        reply.code == 550 && words(&reply).contains("no rule lets a delivery go from region cn to region eu"),
        "{reply:?}"
    );
    submit(&china, "sales@trade.test", "", "canary-four")?.expect(250)?;
    wait_for(&china, "canary-four")?;
    assert_eq!(contents(&germany)?, before, "nothing of it was kept");

    // A backup there, and the whole disk: store, blobs, logs, backups.
    told(&germany, &["backup", "run"])?;
    let canaries = ["canary-one", "canary-two", "canary-three", "canary-four"];
    assert!(walk(germany.scratch()).len() > 20 && !walk(&backup).is_empty());
    assert_eq!(with_any(germany.scratch(), &canaries), Vec::<PathBuf>::new());
    fs::write(backup.join("planted"), "a canary-four in a file")?;
    assert_eq!(with_any(germany.scratch(), &canaries), [backup.join("planted")], "what is there is found");

    set_rule(&china, "to-eu", "delivery", "region:eu", "internal")?;
    let reply = submit(&china, "sales@branch.test", "X-Classification: secret\r\n", "too-secret")?;
    assert!(reply.code == 550 && words(&reply).contains("rule to-eu") && words(&reply).contains("secret"), "{reply:?}");
    submit(&china, "sales@branch.test", "", "by-rule")?.expect(250)?;
    wait_for(&germany, "by-rule")?;

    // The register has what crossed and what was not let cross, once each, with its basis; the audit log, too.
    let register = told(&china, &["region", "transfers"])?;
    let rows: Vec<(bool, &str, &str)> = register
        .as_array()
        .into_iter()
        .flatten()
        .map(|row| {
            (row["crossed"] == true, row["to"].as_str().unwrap_or_default(), row["rule"].as_str().unwrap_or_default())
        })
        .collect();
    assert_eq!(
        rows,
        [(false, "region eu", ""), (false, "region eu", "to-eu"), (true, "region eu", "to-eu")],
        "{register}"
    );
    assert_eq!(register[2]["basis"], "pipl-contract 2026-17", "{register}");
    let table = china.command(&["region", "transfers", "--csv"])?.success()?.stdout;
    assert!(table.lines().count() == 4 && table.starts_with("at,kind,from,to"), "{table}");
    assert!(told(&china, &["access", "log"])?.to_string().contains("\"crossing\""));

    // A rule that is taken away between the sender's 250 and the delivery: he gets a letter that says so.
    let closed = china;
    told(&closed, &["region", "set", "eu", "--country", "DE", "--server", "127.0.0.1:1"])?;
    submit(&closed, "sales@branch.test", "", "overtaken")?.expect(250)?;
    told(&closed, &["region", "rule", "remove", "to-eu"])?;
    let queued = told(&closed, &["queue", "list"])?;
    let id = queued[0]["id"].as_i64().map(|id| id.to_string()).or_else(|| queued[0]["id"].as_str().map(str::to_owned));
    told(&closed, &["queue", "retry", &id.unwrap_or_default()])?;
    wait_for_any(&closed, "HEADER Content-Type \"multipart/report\"")?;
    let mut session = closed.imap("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    let text = session.ask("FETCH 1:* BODY.PEEK[]")?.ok()?.text();
    let text = text.split_whitespace().collect::<Vec<&str>>().join(" ");
    assert!(text.contains("no rule lets a delivery go from region cn to region eu"), "{text}");
    Ok(())
}

#[test]
fn a_copy_in_another_region_needs_a_rule() -> Outcome {
    let tradewind = {
        let scratch = harness::Scratch::new("regions-backup")?;
        let (near, far) = (scratch.join("near"), scratch.join("far"));
        let text = |path: &Path| format!("{:?}", path.display().to_string());
        let credentials = scratch.file("credentials.toml", format!("[{}]\nhome = \"eu\"\n", text(&far)))?;
        let options = Options::default()
            .set("backup", "repositories", &format!("[{}, {}]", text(&near), text(&far)))
            .set("backup", "credentials_file", &text(&credentials))
            .set("backup", "every_minutes", "0");
        let tradewind = region("cn", "CN", "trade.test", options)?;
        let why = refused(&tradewind, &["backup", "run"])?;
        assert!(why.contains("region eu is not known here"), "{why}");
        assert!(near.join("config").exists() && !far.exists(), "the other one has its backup");
        told(&tradewind, &["region", "set", "eu", "--country", "DE"])?;
        let why = refused(&tradewind, &["backup", "run"])?;
        assert!(why.contains("no rule lets a backup go from region cn to region eu"), "{why}");
        let status = told(&tradewind, &["backup", "status"])?;
        assert!(
            status["repositories"][1]["may_not_cross"].as_str().is_some_and(|why| why.contains("no rule")),
            "{status}"
        );
        let checked = tradewind.command(&["--json", "config", "check"])?;
        let said: Value = serde_json::from_str(checked.stdout.trim())?;
        assert!(!checked.status.success() && said["sound"] == false, "{said}");
        assert!(said["backup"]["refused"][0]["why"].as_str().is_some_and(|why| why.contains("no rule")), "{said}");
        assert_eq!(said["backup"]["wants"]["days"], 7, "{said}");
        let checked = tradewind.command(&["--json", "check", "--offline"])?;
        assert!(checked.stdout.contains("no rule lets a backup"), "{}", checked.stdout);

        set_rule(&tradewind, "copies", "backup", "region:eu", "secret")?;
        told(&tradewind, &["backup", "run"])?;
        assert!(far.join("config").exists());
        tradewind.command(&["config", "check"])?.success()?;
        let register = told(&tradewind, &["region", "transfers"])?;
        let crossed = register.as_array().into_iter().flatten().filter(|row| row["crossed"] == true).count();
        assert_eq!(crossed, 1, "{register}");
        told(&tradewind, &["organisation", "level", "trade"])?;
        let said = told(&tradewind, &["config", "check"])?;
        let missing = said["backup"]["missing"].to_string();
        assert!(missing.contains("one-region") && missing.contains("deletable"), "{said}");
        tradewind
    };
    // Impossible rules and unknown regions are told in clear words.
    for (arguments, told) in [
        (&["region", "rule", "set", "x", "--kind", "delivery", "--to", "region:eu"][..], "says no legal basis"),
        (&["region", "rule", "set", "x", "--to", "region:eu"][..], "says no kind"),
        (&["region", "home", "set", "a@far.example", "mars"][..], "there is no region"),
        (&["region", "set", "cn", "--country", "CN"][..], "is the region of this installation"),
        (&["region", "set", "us", "--country", "America"][..], "two letters"),
    ] {
        let why = refused(&tradewind, arguments)?;
        assert!(why.contains(told), "{arguments:?}: {why}");
    }
    Ok(())
}
