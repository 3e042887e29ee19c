//! What the threat centre and the sign-ins of the console are tried out with: mail that is kept back, a partner and a thief, a look-alike
//! of ours, reports, feeds, sign-ins from abroad.

#[path = "../guard/letters.rs"]
mod letters;

use std::fs;
use std::process::Command;
use std::time::Duration;

use harness::smtp::for_wire;
use harness::{Failure, Options, Outcome, Scratch, Tradewind, run, wait_until};
use letters::{THEIRS, THIEFS, letter, with_invoice};
use serde_json::{Value, json};
use watch::geo::write::{Field, Writer};

const PATIENCE: Duration = Duration::from_secs(90);

/// What only looks like the partner's domain.
const ALIKE: &str = "acrne-valves.test";

/// What the thief writes.
const TEXT: &str = "Good day, thank you for the order. Our bank is being audited by the tax office at present and the usual account is closed until \
    the audit is over. So that the valves can leave our works this week, please let the transfer for this order go to the account in the enclosed invoice.";

const PHISH: &str = "From: Mail Administrator <k3f9x2@old-shop.example>\r\nTo: sales@trade.test\r\nSubject: Your mailbox will be closed\r\n\
    Message-ID: <phish@old-shop.example>\r\nContent-Type: text/html\r\n\r\n\
    <p>Your account will be suspended. Verify your password within 24 hours.</p>\
    <form action=\"http://192.0.2.7/x\"><input type=password></form><a href=\"http://192.0.2.7/x\">https://www.example.com/</a>\r\n";

const OFFER: &str = "From: Anna Buyer <buyer@order-desk.example>\r\nTo: sales@trade.test\r\nSubject: Quotation for ball valves\r\n\
    Message-ID: <offer@order-desk.example>\r\n\r\n\
    Dear Mr Li,\r\n\r\nthank you for your offer of 200 ball valves DN50. Please send us the drawings and the delivery time CIF Hamburg.\r\n\r\n\
    Best regards\r\nAnna Buyer\r\n";

/// Mail is kept back at once; feeds, countries and answers to odd sign-ins are those of the test.
pub(crate) fn set(scratch: &Scratch, mut options: Options) -> Outcome<Options> {
    let levels = "{ warn = 0.5, junk = 0.6, quarantine = 0.7, refuse = 1.1, unjudged = \"warn\", fraud_warn = 0.5, fraud_hold = 0.85 }";
    for level in ["basic", "enhanced", "trade"] {
        options = options.set("judging", level, levels);
    }
    let feeds = scratch.directory("feeds")?;
    fs::write(feeds.join("own.txt"), "bad-pages.example\nworse-pages.example\n")?;
    fs::write(feeds.join("broken.stix.json"), "{")?;
    let (countries, answers) = (scratch.join("country.mmdb"), scratch.join("levels.toml"));
    fs::write(&countries, database()?)?;
    let shipped = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/watch/data/levels.toml"))?;
    let swapped = shipped.replace("[basic", "[other").replace("[trade", "[basic").replace("[other", "[trade");
    fs::write(&answers, swapped)?;
    let text = |path: &std::path::Path| format!("\"{}\"", path.display());
    Ok(options
        .set("judging", "milliseconds_max", "30000")
        .set("threats", "feeds_directory", &text(&feeds))
        .set("watch", "country_database", &text(&countries))
        .set("watch", "levels", &text(&answers)))
}

/// This machine's first addresses are in China, others in Brazil.
fn database() -> Outcome<Vec<u8>> {
    let mut writer = Writer::default();
    for (first, last, code) in [("127.0.0.0", "127.0.255.255", "CN"), ("127.9.0.0", "127.9.255.255", "BR")] {
        let record = Field::Map(vec![("country_code".to_owned(), Field::Text(code.to_owned()))]);
        writer.insert(first.parse()?, last.parse()?, &record)?;
    }
    Ok(writer.finish("test", 1_800_000_000))
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let answer = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(answer.stdout.trim())?)
}

/// Makes everything; writes who signs in with what into `users`.
pub(crate) fn prepare(scratch: &Scratch, tradewind: &Tradewind, users: &str) -> Outcome {
    let made = told(tradewind, &["user", "add", "guard@trade.test", "--name", "Guard", "--role", "security"])?;
    let eva = tradewind.new_account("eva", 0)?;
    let kai = tradewind.new_account("kai", 0)?;
    let whom = json!({ "security": { "address": "guard@trade.test", "password": made["password"] }, "eva": eva.user, "kai": kai.user });
    fs::write(users, whom.to_string())?;
    mail(scratch, tradewind, &kai.user)?;
    sign_ins(tradewind, &eva.user, &eva.password)
}

/// Mail to `kai` and finance.
fn mail(scratch: &Scratch, tradewind: &Tradewind, kai: &str) -> Outcome {
    // Who is of ours is read with the first message, and then for a minute no more.
    told(tradewind, &["domain", "add", "xinfeng-trade.test"])?;
    let finance = tradewind.account("finance")?.address;
    let mut client = tradewind.smtp()?;
    for (number, to) in [(1, finance.as_str()), (2, kai)] {
        let offer = OFFER.replace("offer@", &format!("offer{number}@"));
        client.deliver("buyer@order-desk.example", &[to], &for_wire(offer.as_bytes()))?.expect(250)?;
    }
    client.quit()?;
    reported(tradewind)?;
    history(scratch, tradewind, kai)?;
    let mut client = tradewind.smtp()?;
    for (number, to) in [(1, kai), (2, finance.as_str()), (3, kai)] {
        let phish = PHISH.replace("phish@", &format!("phish{number}@"));
        client.deliver("k3f9x2@old-shop.example", &[to], &for_wire(phish.as_bytes()))?.expect(250)?;
    }
    let thief = format!("Jan Berg <jan@{ALIKE}>");
    for number in [5, 6] {
        let id = format!("{number}@{ALIKE}");
        let text = with_invoice(&thief, kai, &id, "4@acme-valves.test", THIEFS);
        let text = text
            .replace("Here is our invoice for the order.", TEXT)
            .replace("Order 4471", &format!("Order 447{number}"));
        client.deliver(&format!("jan@{ALIKE}"), &[kai], &for_wire(text.as_bytes()))?.expect(250)?;
    }
    let alike = letter("Li <li@xlnfeng-trade.test>", kai, "9@xlnfeng-trade.test", "", "Please have a look.");
    client.deliver("li@xlnfeng-trade.test", &[kai], &for_wire(alike.as_bytes()))?.expect(250)?;
    client.quit()
}

/// Finance says by a move that the offer is junk.
fn reported(tradewind: &Tradewind) -> Outcome {
    let mut session = tradewind.imap("finance")?;
    wait_until("the offer", PATIENCE, || Ok((session.count("INBOX")? == 1).then_some(())))?;
    session.command("SELECT INBOX")?.ok()?;
    session.command("MOVE 1 Junk")?.ok()?;
    Ok(())
}

/// The mail of a year ago with the partner, as another system kept it; the guard learns from it.
fn history(scratch: &Scratch, tradewind: &Tradewind, ours: &str) -> Outcome {
    let place = scratch.join("maildir");
    for folder in ["cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"] {
        fs::create_dir_all(place.join(folder))?;
    }
    let theirs = "Jan Berg <jan@acme-valves.test>";
    let dated = |month: &str, text: &str| format!("Date: 12 {month} 2025 10:00:00 +0000\r\n{text}");
    let came =
        "Received: from out.acme-valves.test ([192.0.2.7]) by old.trade.test; Wed, 12 Feb 2025 10:00:02 +0000\r\n";
    let asked = letter(ours, theirs, "1@trade.test", "", "Please quote for 200 valves.");
    let quote = "Our price is EUR 12,400.00. The invoice follows.\r\n\r\nJan Berg\r\nTel. +49 30 5550 1234";
    let quote = letter(theirs, ours, "2@acme-valves.test", "1@trade.test", quote);
    let thanks = letter(ours, theirs, "3@trade.test", "2@acme-valves.test", "Ordered, thank you.");
    let invoice = with_invoice(theirs, ours, "4@acme-valves.test", "3@trade.test", THEIRS);
    fs::write(place.join(".Sent/cur/1:2,S"), dated("Jan", &asked))?;
    fs::write(place.join("cur/2:2,S"), format!("{came}{}", dated("Feb", &quote)))?;
    fs::write(place.join(".Sent/cur/3:2,S"), dated("Mar", &thanks))?;
    fs::write(place.join("cur/4:2,S"), format!("{came}{}", dated("Apr", &invoice)))?;
    told(tradewind, &["import", "maildir", &place.display().to_string(), "--user", ours])?;
    wait_until("the mailbox is learned from", PATIENCE, || {
        let all = told(tradewind, &["guard", "learning"])?;
        let is_done = all.as_array().is_some_and(|all| !all.is_empty() && all.iter().all(|one| one["done"] == true));
        Ok(is_done.then_some(()))
    })
}

/// Somebody signs in from home; then a thief who knows the password from abroad, and the account is frozen.
fn sign_ins(tradewind: &Tradewind, user: &str, password: &str) -> Outcome {
    let port = tradewind.listen("imaps")?.port().to_string();
    let sign_in = |source: &str, password: &str, agent: &str| -> Outcome<String> {
        let mut command = Command::new("python3");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/imap_from.py");
        command.args([script, source, &port, user, password, agent, "login"]);
        Ok(run(command, PATIENCE)?.success()?.stdout)
    };
    for version in 1..=5 {
        let answer = sign_in("127.0.0.1", password, &format!("Mail/{version}"))?;
        if !answer.starts_with("OK") {
            return Err(Failure::new(format!("sign-in {version}: {answer}")));
        }
    }
    sign_in("127.0.0.1", "not the password", "Mail/5")?;
    // Attempts are written down together, five times a second.
    std::thread::sleep(Duration::from_millis(600));
    let thief = sign_in("127.9.0.1", password, "curl/8")?;
    if thief.starts_with("OK") {
        return Err(Failure::new("the thief got in"));
    }
    Ok(())
}
