//! Our addresses and domains on blocklists: found in DNS, listed with what the list says, told when they come and when they go.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use harness::{Bind, Failure, Options, Outcome, Tradewind, decoded, require, wait_until};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(20);

/// The list from which the server is taken off again.
const LIST: &str = "7.2.0.192 A 127.0.0.2\n7.2.0.192 TXT \"Spam was seen, see https://bl.test/off?ip=192.0.2.7\"";

/// The server's address on one list, its domain on another; a list that lists everything, and one that refuses.
const NAMES: &str = "\
ns.invalid. A 127.0.0.1
mail.trade.test. A 192.0.2.7
trade.test.dbl.test. A 127.0.1.2
*.dead.test. A 127.0.0.2
*.refusing.test. A 127.255.255.254
";

fn told(tradewind: &Tradewind, words: &[&str]) -> Outcome<Value> {
    let all = [&["--json"], words].concat();
    Ok(serde_json::from_str(tradewind.command(&all)?.success()?.stdout.trim())?)
}

/// Changes the zone of the list.
fn update(names: &Bind, change: &str) -> Outcome {
    let script = format!("server 127.0.0.1 {}\nzone bl.test\n{change}\nsend\n", names.address.port());
    let mut nsupdate = Command::new("nsupdate").stdin(Stdio::piped()).spawn()?;
    nsupdate.stdin.take().ok_or_else(|| Failure::new("no standard input"))?.write_all(script.as_bytes())?;
    let status = nsupdate.wait()?;
    if status.success() { Ok(()) } else { Err(Failure::new(format!("nsupdate: {status}"))) }
}

fn look(tradewind: &Tradewind) -> Outcome<Value> {
    told(tradewind, &["dns", "blocklists", "--look"])
}

/// Waits until the administrator has a letter with these words in its subject.
fn letter(tradewind: &Tradewind, subject: &str) -> Outcome<String> {
    let mut imap = tradewind.imap("admin")?;
    wait_until(subject, LIMIT, || {
        let uids = imap.uids("INBOX", "ALL")?;
        for uid in uids.split_whitespace().filter(|it| it.parse::<u32>().is_ok()) {
            let text = imap.ask(&format!("UID FETCH {uid} BODY.PEEK[]"))?.ok()?.text();
            if decoded(&text).contains(subject) {
                return Ok(Some(decoded(&text)));
            }
        }
        Ok(None)
    })
}

#[test]
fn listings_are_found_told_and_gone() -> Outcome {
    require!("bind9", "bind9-dnsutils");
    let names = Bind::start(&[(".", NAMES), ("bl.test", LIST)])?;
    let tradewind = Tradewind::start(
        Options::default()
            .set("dns", "servers", &format!("[\"{}\"]", names.address))
            .set("dns", "validate", "false")
            .set("blocklists", "address_lists", "[\"bl.test\", \"dead.test\", \"refusing.test\"]")
            .set("blocklists", "domain_lists", "[\"dbl.test=https://dbl.test/off\"]"),
    )?;
    let before = told(&tradewind, &["dns", "blocklists"])?;
    assert!(before["at"].is_null() && before["lists"].as_array().is_some_and(|lists| lists.len() == 4), "{before}");

    let seen = look(&tradewind)?;
    let answered = |list: &str| {
        let lists = seen["lists"].as_array().cloned().unwrap_or_default();
        lists.iter().find(|it| it["list"] == list).map_or(Value::Null, |it| it["answered"].clone())
    };
    assert_eq!(answered("bl.test"), "well", "{seen}");
    assert_eq!((answered("dead.test"), answered("refusing.test")), (Value::from("lists-all"), Value::from("refuses")));
    assert_eq!(seen["addresses"], serde_json::json!(["192.0.2.7"]), "{seen}");
    let of = |seen: &Value, object: &str| {
        let all = seen["listings"].as_array().cloned().unwrap_or_default();
        all.into_iter().find(|one| one["object"] == object).unwrap_or_default()
    };
    let address = of(&seen, "192.0.2.7");
    assert_eq!(
        (&address["list"], &address["link"]),
        (&Value::from("bl.test"), &Value::from("https://bl.test/off?ip=192.0.2.7"))
    );
    assert!(address["said"].as_str().is_some_and(|said| said.starts_with("Spam was seen")), "{address}");
    assert_eq!(of(&seen, "trade.test")["link"], "https://dbl.test/off", "{seen}");
    assert_eq!(seen["listings"].as_array().map(Vec::len), Some(2), "what lists everything says nothing of us");
    let text = letter(&tradewind, "https://bl.test/off?ip=192.0.2.7")?;
    assert!(text.contains("Spam was seen"), "{text}");
    letter(&tradewind, "https://dbl.test/off")?;
    let check = told(&tradewind, &["evidence", "show", "checks", "blocklists"])?;
    assert_eq!(check["state"], "failed", "{check}");

    // The same again tells nobody twice, and since when it stands there stays.
    let again = look(&tradewind)?;
    assert_eq!(of(&again, "192.0.2.7")["since"], address["since"]);
    let letters = tradewind.imap("admin")?.count("INBOX")?;
    update(&names, "update delete 7.2.0.192.bl.test.")?;
    let gone = look(&tradewind)?;
    assert!(of(&gone, "192.0.2.7")["gone"].is_string(), "{gone}");
    assert!(of(&gone, "trade.test")["gone"].is_null(), "{gone}");
    let more = || Ok((tradewind.imap("admin")?.count("INBOX")? == letters + 1).then_some(()));
    wait_until("the letter that it is gone", LIMIT, more)?;
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(tradewind.imap("admin")?.count("INBOX")?, letters + 1, "one letter, of one listing");
    Ok(())
}
