//! Mail taken over from Dovecot by IMAP, through a kill and while it changes there; and what is written, read by Python's own modules.

use std::collections::BTreeMap;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use harness::{
    Chance, Dovecot, DovecotOptions, Failure, Letter, Options, Outcome, Scratch, Tradewind, imap, require, run,
};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(120);

/// Messages of the INBOX.
const INBOX: usize = 400;

/// Folders there with the names that they get here; modified UTF-7 both.
const FOLDERS: [(&str, &str); 7] = [
    ("Sent Items", "Sent"),
    ("&V4NXPpCuTvY-", "Junk"),
    ("&i6JTVQ-", "&i6JTVQ-"),
    ("&i6JTVQ-.2026.Q1", "&i6JTVQ-/2026/Q1"),
    ("a&-b", "a&-b"),
    ("Shared", "Shared_"),
    ("Empty", "Empty"),
];

fn letter(number: usize) -> Vec<u8> {
    let id = format!("{number}@old.example");
    let size_bytes = 500 + number * 37 % 6_000;
    Letter { from: "a@partner.example", to: "sales@trade.test", id: &id, size_bytes }
        .build(&mut Chance::seeded(number as u64))
}

fn append(session: &mut imap::Client, folder: &str, number: usize, flags: &str) -> Outcome {
    let letter = String::from_utf8_lossy(&letter(number)).into_owned();
    let date = format!("{:02}-Mar-2023 1{}:00:0{} +0800", 1 + number % 28, number % 10, number % 7);
    let command = format!("APPEND {} ({flags}) \"{date}\" {{{}+}}\r\n{letter}", imap::quoted(folder), letter.len());
    let tag = session.send(&command)?;
    session.answer(&tag, false)?.ok()?;
    Ok(())
}

fn fill(dovecot: &Dovecot) -> Outcome {
    let mut session = dovecot.session("sales")?;
    for number in 0..INBOX {
        let flags = ["", "\\Seen", "\\Seen \\Answered", "\\Flagged $Work"][number % 4];
        append(&mut session, "INBOX", number, flags)?;
    }
    for (place, (folder, _)) in FOLDERS.iter().enumerate() {
        session.command(&format!("CREATE {}", imap::quoted(folder)))?.ok()?;
        for number in 0..if *folder == "Empty" { 0 } else { 3 } {
            append(&mut session, folder, 1_000 + 10 * place + number, "\\Seen")?;
        }
    }
    session.logout()
}

/// What a folder has, message by message: flags, moment of receipt, content.
fn messages(session: &mut imap::Client, folder: &str) -> Outcome<Vec<(String, String, String)>> {
    if session.count(folder)? == 0 {
        return Ok(Vec::new());
    }
    session.command(&format!("EXAMINE {}", imap::quoted(folder)))?.ok()?;
    let mut all = Vec::new();
    for response in session.ask("UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])")?.ok()?.kept {
        let text = String::from_utf8_lossy(&response).into_owned();
        if !text.contains(" FETCH (") {
            continue;
        }
        let between = |start: &str, end: &str| {
            let rest = text.split_once(start).map_or("", |(_, rest)| rest);
            rest.split_once(end).map_or("", |(inside, _)| inside).to_owned()
        };
        let mut flags: Vec<String> = between("FLAGS (", ")")
            .split_whitespace()
            .filter(|flag| *flag != "\\Recent")
            .map(str::to_lowercase)
            .collect();
        flags.sort();
        let (head, rest) = text.split_once("}\r\n").unwrap_or((&text, ""));
        let octets = head.rsplit_once('{').and_then(|(_, digits)| digits.parse().ok()).unwrap_or(0);
        let body = rest.get(..octets).unwrap_or(rest).to_owned();
        // Some write a day of one digit with a zero, some with a space.
        let date = between("INTERNALDATE \"", "\"").trim_start_matches([' ', '0']).to_owned();
        all.push((body, date, flags.join(" ")));
    }
    all.sort();
    Ok(all)
}

fn same_on_both_sides(dovecot: &Dovecot, tradewind: &Tradewind) -> Outcome {
    let (mut there, mut here) = (dovecot.session("sales")?, tradewind.access("sales")?.session()?);
    for (from, to) in FOLDERS.into_iter().chain([("INBOX", "INBOX")]) {
        let mut had = messages(&mut there, from)?;
        let mut has = messages(&mut here, to)?;
        if from == "INBOX" {
            // The demo company has letters of its own.
            has.retain(|(body, ..)| body.contains("@old.example>"));
            had.retain(|(body, ..)| body.contains("@old.example>"));
        }
        assert_eq!(has.len(), had.len(), "{from}");
        for (one, other) in has.iter().zip(&had) {
            assert_eq!(one, other, "{from}");
        }
    }
    Ok(())
}

/// The arguments of an import.
fn arguments<'a>(file: &'a str, ca: &'a str, port: &'a str) -> Vec<&'a str> {
    vec![
        "--json",
        "import",
        "imap",
        "--host",
        "localhost",
        "--port",
        port,
        "--ca",
        ca,
        "--user",
        "sales@trade.test",
        "--remote-user",
        "sales",
        "--password-file",
        file,
    ]
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(arguments)?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

#[test]
fn a_mailbox_of_dovecot_comes_through_a_kill_and_while_it_changes() -> Outcome {
    require!("dovecot-imapd");
    let dovecot = Dovecot::start(DovecotOptions::default())?;
    fill(&dovecot)?;
    let mut tradewind = Tradewind::start(Options::default())?;
    let scratch = Scratch::new("moving")?;
    let file = scratch.file("password", format!("{}\n", Dovecot::PASSWORD))?.display().to_string();
    let (ca, port) = (dovecot.certificate.display().to_string(), dovecot.imaps.port().to_string());
    let import = arguments(&file, &ca, &port);

    // A trial changes nothing, and a certificate that nobody vouches for is told with the remedy.
    let trial = told(&tradewind, &[&import[..], &["--dry-run"]].concat())?;
    assert_eq!(trial["would_import"], INBOX + 18, "{trial}");
    let strange =
        tradewind.command(&import.iter().filter(|it| **it != "--ca" && **it != ca).copied().collect::<Vec<_>>())?;
    assert!(!strange.status.success() && strange.stderr.contains("--ca FILE"), "{}", strange.stderr);

    kill_in_the_middle(&mut tradewind, &import)?;
    let rest = told(&tradewind, &import)?;
    let imported = rest["imported"].as_u64().unwrap_or(0);
    assert!(imported > 0 && imported < INBOX as u64 + 18, "{rest}");
    same_on_both_sides(&dovecot, &tradewind)?;

    // What changed there since.
    let mut session = dovecot.session("sales")?;
    session.command("SELECT INBOX")?.ok()?;
    session.command("STORE 1:10 -FLAGS (\\Seen $Work)")?.ok()?;
    session.command("STORE 5:20 +FLAGS (\\Flagged $New)")?.ok()?;
    session.command("STORE 30:34 +FLAGS (\\Deleted)")?.ok()?;
    session.command("EXPUNGE")?.ok()?;
    append(&mut session, "&i6JTVQ-", 5_000, "\\Draft")?;
    session.logout()?;
    let again = told(&tradewind, &[&import[..], &["--remove-gone"]].concat())?;
    assert_eq!(again["imported"], 1, "{again}");
    assert!(again["flags_changed"].as_u64().is_some_and(|changed| changed >= 16), "{again}");
    same_on_both_sides(&dovecot, &tradewind)?;
    let idle = told(&tradewind, &import)?;
    assert_eq!((&idle["imported"], &idle["flags_changed"]), (&json!(0), &json!(0)), "{idle}");

    // Many by a table, over STARTTLS, below a mailbox of their own.
    let table = scratch.file(
        "table.csv",
        format!("user,remote_user,password\nfinance@trade.test,sales,{}\nnobody@trade.test,x,y\n", Dovecot::PASSWORD),
    )?;
    let (table, plain) = (table.display().to_string(), dovecot.imap.port().to_string());
    let many = tradewind.command(&[
        "--json",
        "import",
        "imap",
        "--host",
        "localhost",
        "--port",
        &plain,
        "--tls",
        "starttls",
        "--ca",
        &ca,
        "--table",
        &table,
        "--folder",
        "Sent Items",
        "--mailbox",
        "Old/Mail",
    ])?;
    let rows: Value = serde_json::from_str(many.stdout.trim())?;
    assert_eq!((&rows[0]["imported"], rows[0]["error"].is_null()), (&json!(3), true), "{rows}");
    assert!(!many.status.success() && rows[1]["error"].is_string(), "{rows}");
    let mut finance = tradewind.access("finance")?.session()?;
    assert_eq!(finance.count("Old/Mail/Sent Items")?, 3);
    let status = told(&tradewind, &["--json", "import", "status", "--user", "finance@trade.test"])?;
    assert_eq!(status["sources"][0]["here"], 3, "{status}");
    Ok(())
}

/// Begins an import, and ends the server as a power cut would when some has come.
fn kill_in_the_middle(tradewind: &mut Tradewind, import: &[&str]) -> Outcome {
    let mut session = tradewind.access("sales")?.session()?;
    let before = session.count("INBOX")?;
    let server = tradewind.id().to_string();
    let running: &Tradewind = tradewind;
    thread::scope(|scope| -> Outcome {
        let importing = scope.spawn(|| running.command(import).map(|finished| finished.status.success()));
        let begun = Instant::now();
        while session.count("INBOX")? < before + 64 {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new("nothing came"));
            }
            thread::sleep(Duration::from_millis(5));
        }
        let mut kill = Command::new("kill");
        kill.args(["-9", &server]);
        run(kill, PATIENCE)?.success()?;
        let outcome = importing.join().map_err(|_| Failure::new("the import panicked"))?;
        assert!(!outcome?, "the import says that all went well");
        Ok(())
    })?;
    drop(tradewind.kill9());
    tradewind.restart()
}

/// Reads what was written with the modules that Python has for it, and tells folders, subjects, flags and dates.
const READER: &str = r#"
import base64, email, hashlib, json, mailbox, os, re, sys, zipfile
kind, path = sys.argv[1:]
out = []
def tell(folder, message, flags):
    text = message.as_bytes().split(b"\n\n", 1)[-1]
    if kind == "mbox":
        text = re.sub(rb"(?m)^>(>*From )", rb"\1", text)
    out.append([folder, str(message["message-id"]), "".join(sorted(flags)), hashlib.sha256(text).hexdigest()])
def decode(level):
    part = lambda found: base64.b64decode(found[1].replace(",", "/") + "===").decode("utf-16-be") if found[1] else "&"
    return re.sub("&([^-]*)-", part, level)
if kind == "mbox":
    for base, _, files in os.walk(path):
        for name in files:
            box = mailbox.mbox(os.path.join(base, name), create=False)
            folder = os.path.relpath(os.path.join(base, name), path)[:-5]
            for message in box:
                tell(folder, message, message.get_flags().translate(str.maketrans("RADT", "SRTD", "O")))
elif kind == "maildir":
    def walk(box, folder):
        for message in box:
            tell(folder, message, [f for f in message.get_flags() if f in "DFRST"])
    box = mailbox.Maildir(path, create=False)
    walk(box, "INBOX")
    for name in box.list_folders():
        walk(box.get_folder(name), "/".join(decode(level) for level in name.split(".")))
else:
    archive = zipfile.ZipFile(path)
    assert archive.testzip() is None
    for noted in json.load(archive.open("manifest.json")):
        if noted["path"].endswith("/"):
            continue
        raw = archive.read(noted["path"])
        assert hashlib.sha256(raw).hexdigest() == noted["sha256"] and len(raw) == noted["size"]
        letters = {"$seen": "S", "$answered": "R", "$flagged": "F", "$draft": "D", "$deleted": "T"}
        tell(noted["folder"], email.message_from_bytes(raw), [letters[f] for f in noted.get("flags", []) if f in letters])
print(json.dumps(sorted(out)))
"#;

#[test]
fn what_is_taken_out_is_read_by_others_and_told_to_its_owner() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    let scratch = Scratch::new("moving")?;
    let mut session = tradewind.access("sales")?.session()?;
    for (number, (folder, flags)) in [
        ("INBOX", "\\Seen $Work"),
        ("INBOX", "\\Flagged \\Answered"),
        ("Sent", "\\Seen"),
        ("&i6JTVQ-/2026", "\\Draft"),
        ("Trash", "\\Deleted"),
    ]
    .into_iter()
    .enumerate()
    {
        drop(session.command(&format!("CREATE {}", imap::quoted(folder)))?);
        append(&mut session, folder, number, flags)?;
    }
    let mut read: BTreeMap<&str, Value> = BTreeMap::new();
    for form in ["mbox", "maildir", "zip"] {
        let path = scratch.join(form).display().to_string();
        let export = ["--json", "export", form, &path, "--user", "sales@trade.test", "--reason", "the person leaves"];
        let taken = told(&tradewind, &export)?;
        let again = tradewind.command(&export)?;
        assert!(again.stderr.contains("something is there already"), "{}", again.stderr);
        let mut python = Command::new("python3");
        python.args(["-c", READER, form, &path]);
        let found: Value = serde_json::from_str(run(python, PATIENCE)?.success()?.stdout.trim())?;
        assert_eq!(
            Some(found.as_array().map_or(0, Vec::len) as u64),
            taken["messages"].as_u64(),
            "{form}: {taken} {found}"
        );
        // The letters about what was taken out come between.
        let own = |one: &&Value| one[1].as_str().is_some_and(|id| id.ends_with("@old.example>"));
        read.insert(form, found.as_array().into_iter().flatten().filter(own).cloned().collect());
    }
    assert!(read["zip"].to_string().contains("订单/2026"), "{}", read["zip"]);
    assert_eq!(read["maildir"], read["mbox"]);
    // In the archive lines end as they do on the wire, so that the texts have other hashes.
    let without = |found: &Value| -> Vec<Value> {
        found.as_array().into_iter().flatten().map(|one| json!([one[0], one[1], one[2]])).collect()
    };
    assert_eq!(without(&read["zip"]), without(&read["mbox"]));
    // The owner has a letter about it, and the record has the reason.
    let log = told(&tradewind, &["--json", "access", "log"])?.to_string();
    assert!(log.contains("the person leaves"), "{log}");
    let begun = Instant::now();
    session.command("SELECT INBOX")?.ok()?;
    loop {
        let found = session.ask("SEARCH TEXT \"the person leaves\"")?.ok()?.text();
        if found.lines().any(|line| line.starts_with("* SEARCH ")) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE, "no letter came");
        thread::sleep(Duration::from_millis(100));
    }
    let unsaid =
        tradewind.command(&["export", "zip", "/tmp/never.zip", "--user", "sales@trade.test", "--reason", " "])?;
    assert!(unsaid.stderr.contains("say why"), "{}", unsaid.stderr);
    Ok(())
}
