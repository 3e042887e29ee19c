//! The message trace at the running server: what was delivered, refused, quarantined and sent, told step by step; a flood; a thief of the disk.

use std::time::Duration;

use harness::{Options, Outcome, Outward, ScriptedServer, Tradewind, smtp, wait_until};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(60);

const HONEST: &str = "From: Anna Buyer <buyer@partner.example>\r\nTo: sales@trade.test\r\nSubject: Quotation for ball valves\r\n\
    Message-ID: <honest@partner.example>\r\n\r\nDear Mr Li,\r\n\r\nthank you for your offer of 200 ball valves DN50. Please send us the \
    drawings and the delivery time CIF Hamburg.\r\n\r\nBest regards\r\nAnna Buyer\r\n";

const PHISH: &str = "From: Mail Administrator <k3f9x2@old-shop.example>\r\nTo: sales@trade.test\r\nSubject: Your mailbox will be closed\r\n\
    Message-ID: <phish@old-shop.example>\r\nContent-Type: text/html\r\n\r\n\
    <p>Your account will be suspended. Verify your password within 24 hours.</p>\
    <form action=\"http://192.0.2.7/x\"><input type=password></form><a href=\"http://192.0.2.7/x\">https://www.example.com/</a>\r\n";

const POLITE: &str = "< 220 q.test\npolite";
/// Answers 450 to the first recipient of its first connection.
const BUSY: &str = "< 220 q.test\n> EHLO\n< 250 q.test\n> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 450 4.2.1 busy";

fn start(quarantine: f64) -> Outcome<Tradewind> {
    let levels = format!("{{ warn = 0.5, junk = 0.6, quarantine = {quarantine}, refuse = 1.3, unjudged = \"warn\" }}");
    let mut options = Options::default().set("judging", "milliseconds_max", "30000");
    for level in ["basic", "enhanced", "trade"] {
        options = options.set("judging", level, &levels);
    }
    Tradewind::start(options)
}

fn ask(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let answer = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(answer.stdout.trim())?)
}

fn list(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Vec<Value>> {
    let page = ask(tradewind, &[&["trace", "list"], arguments].concat())?;
    Ok(page["items"].as_array().cloned().unwrap_or_default())
}

/// Waits until the list has `count` items.
fn wait_for(tradewind: &Tradewind, arguments: &[&str], count: usize) -> Outcome<Vec<Value>> {
    let waited = wait_until("the traces", PATIENCE, || {
        let found = list(tradewind, arguments)?;
        Ok((found.len() >= count).then_some(found))
    });
    waited.map_err(|failure| failure.during(&tradewind.log_tail()))
}

/// A trace with its steps as `kind: text`.
fn story(tradewind: &Tradewind, id: &Value, language: &str) -> Outcome<(Value, Vec<String>)> {
    let shown = ask(tradewind, &["trace", "show", id.as_str().unwrap_or_default(), "--language", language])?;
    let steps = shown["steps"].as_array().into_iter().flatten();
    let told = steps.map(|step| {
        let of = |name: &str| step[name].as_str().unwrap_or_default().to_owned();
        format!("{}: {}", of("kind"), of("text"))
    });
    let told = told.collect();
    Ok((shown, told))
}

fn kinds(story: &[String]) -> Vec<&str> {
    story.iter().filter_map(|step| step.split(':').next()).collect()
}

fn send(tradewind: &Tradewind, from: &str, message: &str) -> Outcome<smtp::Reply> {
    let to = tradewind.account("sales")?.address;
    let mut client = tradewind.smtp()?;
    let reply = client.deliver(from, &[&to], &smtp::for_wire(message.as_bytes()))?;
    client.quit()?;
    Ok(reply)
}

#[test]
fn a_delivered_message_is_told_from_the_connection_to_the_mailbox() -> Outcome {
    let tradewind = start(1.2)?;
    let said = send(&tradewind, "buyer@partner.example", HONEST)?.expect(250)?.to_string();
    let found = list(&tradewind, &["--address", "Buyer@Partner.example"])?;
    assert_eq!(found.len(), 1, "{found:?}");
    let one = &found[0];
    assert!(said.contains(one["id"].as_str().unwrap_or("-")), "the reply names the number: {said} {one}");
    let told = [&one["direction"], &one["outcome"], &one["from"], &one["to"][0], &one["subject"], &one["message_id"]];
    let expected = [
        json!("in"),
        json!("delivered"),
        json!("buyer@partner.example"),
        json!("sales@trade.test"),
        json!("Quotation for ball valves"),
        json!("honest@partner.example"),
    ];
    assert!(told.iter().zip(&expected).all(|(told, expected)| **told == *expected), "{one}");
    let (shown, story) = story(&tradewind, &one["id"], "en")?;
    assert_eq!(
        kinds(&story),
        ["connected", "enveloped", "received", "authenticated", "judged", "delivered"],
        "{story:#?}"
    );
    assert!(
        story[0].contains("127.0.0.1 connected to smtp, calling itself ") && story[0].contains("not encrypted"),
        "{story:#?}"
    );
    assert!(story[3].contains("SPF ") && story[3].contains("DMARC "), "{story:#?}");
    assert!(story[4].starts_with("judged: The filter says: "), "{story:#?}");
    assert_eq!(story[5], "delivered: In the inbox of sales@trade.test.");
    assert_eq!(shown["standing"], "Everybody has it.");
    let times: Vec<&str> =
        shown["steps"].as_array().into_iter().flatten().filter_map(|it| it["time"].as_str()).collect();
    assert!(times.is_sorted(), "{times:?}");
    // Found by whatever is known of it, before it is in the index and after.
    std::thread::sleep(Duration::from_secs(4));
    for arguments in [
        vec!["--domain", "partner.example"],
        vec!["--message-id", "<honest@partner.example>"],
        vec!["--client", "127.0.0.1", "--outcome", "delivered"],
        vec!["--address", "sales@trade.test", "--direction", "in", "--since", "2020-01-01"],
    ] {
        assert_eq!(list(&tradewind, &arguments)?.len(), 1, "{arguments:?}");
    }
    assert!(list(&tradewind, &["--address", "sales@trade.test", "--outcome", "refused"])?.is_empty());
    assert!(!shown.to_string().contains("drawings"), "no content");
    Ok(())
}

#[test]
fn a_refused_message_is_told_with_its_reason() -> Outcome {
    let tradewind = start(1.2)?;
    let mut client = tradewind.smtp()?;
    client.command("MAIL FROM:<buyer@partner.example>")?.expect(250)?;
    client.command("RCPT TO:<nobody@trade.test>")?.expect(550)?;
    client.command("RCPT TO:<bo@elsewhere.example>")?.expect(550)?;
    client.quit()?;
    let found = wait_for(&tradewind, &["--address", "nobody@trade.test"], 1)?;
    assert_eq!((&found[0]["outcome"], &found[0]["from"]), (&json!("refused"), &json!("buyer@partner.example")));
    let (_, steps) = story(&tradewind, &found[0]["id"], "en")?;
    assert_eq!(kinds(&steps), ["connected", "enveloped", "refused"], "{steps:#?}");
    assert_eq!(steps[2], "refused: Refused at its recipient: 550 5.1.1 There is no mailbox nobody@trade.test here");
    let (_, steps) = story(&tradewind, &found[0]["id"], "zh")?;
    assert_eq!(steps[2], "refused: 给出收件人时被拒绝：550 5.1.1 There is no mailbox nobody@trade.test here");
    // What is for nobody here is the one organisation's to see.
    let relayed = wait_for(&tradewind, &["--address", "bo@elsewhere.example"], 1)?;
    let (_, steps) = story(&tradewind, &relayed[0]["id"], "en")?;
    assert!(steps[2].contains("We do not take mail for elsewhere.example"), "{steps:#?}");
    // A message of our own people that is refused is theirs.
    let mut client = tradewind.submission("sales")?;
    client.command("MAIL FROM:<finance@trade.test>")?.expect(550)?;
    let own = wait_for(&tradewind, &["--direction", "out"], 1)?;
    let (_, steps) = story(&tradewind, &own[0]["id"], "en")?;
    assert_eq!(kinds(&steps), ["connected", "signed-in", "enveloped", "refused"], "{steps:#?}");
    assert!(steps[1].starts_with("signed-in: Signed in as sales@trade.test, by "), "{steps:#?}");
    Ok(())
}

#[test]
fn a_quarantined_message_is_told_until_its_release() -> Outcome {
    let tradewind = start(0.7)?;
    send(&tradewind, "k3f9x2@old-shop.example", PHISH)?.expect(250)?;
    let found = list(&tradewind, &["--verdict", "quarantine"])?;
    assert_eq!(found[0]["outcome"], "quarantined", "{found:?}");
    let id = found[0]["id"].clone();
    let (_, steps) = story(&tradewind, &id, "en")?;
    assert_eq!(
        kinds(&steps),
        ["connected", "enveloped", "received", "authenticated", "judged", "quarantined"],
        "{steps:#?}"
    );
    assert!(steps[4].contains("into quarantine") && steps[4].contains("link-"), "{steps:#?}");
    ask(&tradewind, &["quarantine", "release", id.as_str().unwrap_or_default()])?;
    let delivered = wait_for(&tradewind, &["--outcome", "delivered"], 1)?;
    assert_eq!(delivered[0]["id"], id);
    let (_, steps) = story(&tradewind, &id, "en")?;
    assert_eq!(kinds(&steps)[6..], ["released", "queued", "attempted"], "{steps:#?}");
    assert!(steps[8].contains("has it for sales@trade.test: 250"), "{steps:#?}");
    // One that is deleted has gone to nobody.
    send(&tradewind, "k3f9x2@old-shop.example", &PHISH.replace("closed", "blocked"))?.expect(250)?;
    let waiting = list(&tradewind, &["--outcome", "quarantined"])?;
    ask(&tradewind, &["quarantine", "delete", waiting[0]["id"].as_str().unwrap_or_default(), "--yes"])?;
    assert_eq!(list(&tradewind, &["--outcome", "removed"])?.len(), 1);
    Ok(())
}

#[test]
fn what_is_sent_is_told_to_the_last_answer() -> Outcome {
    let server = ScriptedServer::start(&[BUSY, POLITE])?;
    let gone = ScriptedServer::start(&[
        "< 220 g.test\n> EHLO\n< 250 g.test\n> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 550 5.1.1 who?",
    ])?;
    let outward = Outward::start(&[("q.test", server.address, ""), ("g.test", gone.address, "")], Options::default())?;
    let tradewind = &outward.tradewind;
    outward.send(&["x@q.test"])?;
    outward.wait_for_deferral("x@q.test")?;
    let waiting = wait_for(tradewind, &["--outcome", "waiting"], 1)?;
    assert_eq!((&waiting[0]["direction"], &waiting[0]["to"][0]), (&json!("out"), &json!("x@q.test")));
    let queued = outward.queued("x@q.test")?.unwrap_or_default();
    outward.queue(&["retry", &queued])?;
    server.wait_for_messages(1, PATIENCE)?;
    outward.wait_for_empty_queue()?;
    let delivered = wait_for(tradewind, &["--outcome", "delivered", "--address", "x@q.test"], 1)?;
    assert_eq!(delivered[0]["id"], waiting[0]["id"]);
    let (_, steps) = story(tradewind, &delivered[0]["id"], "en")?;
    assert_eq!(
        kinds(&steps),
        ["connected", "signed-in", "enveloped", "received", "queued", "attempted", "handled", "attempted"],
        "{steps:#?}"
    );
    assert!(steps[0].contains("connected to submissions") && steps[0].contains("TLSv1.3"), "{steps:#?}");
    assert!(steps[5].contains(" put it off for x@q.test: 450 4.2.1 busy. The next attempt is at "), "{steps:#?}");
    assert!(steps[6].contains("Somebody had it tried again at once"), "{steps:#?}");
    assert!(steps[7].contains("for x@q.test: 250 "), "{steps:#?}");
    // What is refused for good is told to the sender, and that is told, too.
    outward.send(&["y@g.test"])?;
    outward.wait_for_report("y@g.test")?;
    let failed = wait_for(tradewind, &["--outcome", "failed"], 1)?;
    let (_, steps) = story(tradewind, &failed[0]["id"], "en")?;
    assert_eq!(kinds(&steps)[4..], ["queued", "attempted", "told"], "{steps:#?}");
    assert!(steps[5].contains("refused it for y@g.test for good: 550 5.1.1 who?"), "{steps:#?}");
    Ok(())
}

#[test]
fn a_flood_of_refusals_fills_no_disk() -> Outcome {
    let tradewind = Tradewind::start(Options::default().set("trace", "refused_per_day_max", "25"))?;
    for round in 0..10 {
        let mut client = tradewind.smtp()?;
        for number in 0..8 {
            client.command("MAIL FROM:<x@bad.example>")?.expect(250)?;
            let answer = client.command(&format!("RCPT TO:<nobody{round}-{number}@trade.test>"))?;
            assert!(answer.code >= 400, "{answer}");
            client.command("RSET")?.expect(250)?;
        }
        client.quit()?;
    }
    wait_for(&tradewind, &["--outcome", "refused"], 5)?;
    std::thread::sleep(Duration::from_secs(4));
    let found = list(&tradewind, &["--limit", "500"])?;
    // Ten of one network in a minute, or twice that if the minute ended meanwhile, and a line each that counts the rest.
    assert!((10..=22).contains(&found.len()), "{} traces of 80 refusals", found.len());
    Ok(())
}

#[test]
fn a_thief_of_the_disk_reads_nothing() -> Outcome {
    let tradewind = start(1.2)?;
    let canary = "kanarienvogel";
    let message = HONEST.replace("Quotation", canary).replace("honest@", &format!("{canary}@"));
    send(&tradewind, &format!("{canary}@partner.example"), &message)?.expect(250)?;
    let mut client = tradewind.smtp()?;
    client.command(&format!("MAIL FROM:<{canary}@partner.example>"))?.expect(250)?;
    client.command(&format!("RCPT TO:<{canary}@trade.test>"))?.expect(550)?;
    client.quit()?;
    wait_for(&tradewind, &["--address", &format!("{canary}@partner.example")], 2)?;
    std::thread::sleep(Duration::from_secs(4));
    let mut open = vec![tradewind.directory().join("data")];
    let mut read = 0;
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory)? {
            let path = entry?.path();
            if path.is_dir() {
                open.push(path);
                continue;
            }
            let Ok(bytes) = std::fs::read(&path) else { continue };
            read += bytes.len();
            let is_there = bytes.windows(canary.len()).any(|window| window == canary.as_bytes());
            assert!(!is_there, "{} names somebody", path.display());
        }
    }
    assert!(read > 100_000, "the store was looked at: {read} octets");
    Ok(())
}
