//! Delivery to servers that do what no good server does.

use std::time::Duration;

use harness::{Options, Outcome, Outward, RouteTo, ScriptedServer};

const PATIENCE: Duration = Duration::from_secs(20);

/// From the greeting to the offers, of which there are two.
const OPENING: &str = "< 220 bad.test\n> EHLO\n< 250-bad.test|250-PIPELINING|250 8BITMIME\n";
/// The envelope of a message to one recipient, taken.
const ENVELOPE: &str = "> MAIL FROM:<\n> RCPT TO:<\n> DATA\n< 250 ok\n< 250 ok\n< 354 go\n";

/// What becomes of the message.
#[derive(Clone, Copy)]
enum Fate {
    Delivered,
    /// Tried again later: status, and words of the answer.
    Deferred(&'static str, &'static str),
    /// The sender is told: status, and words of the answer.
    Failed(&'static str, &'static str),
}
use Fate::{Deferred, Delivered, Failed};

/// A domain's server, what becomes of a message to it, and how often the server gets it.
struct Case {
    name: &'static str,
    script: String,
    fate: Fate,
    copies: usize,
}

fn case(name: &'static str, script: impl Into<String>, fate: Fate) -> Case {
    let copies = usize::from(matches!(fate, Delivered));
    Case { name, script: script.into(), fate, copies }
}

/// As [`case`] where the server has the whole message and does not say so.
fn uncertain(name: &'static str, script: impl Into<String>, fate: Fate) -> Case {
    Case { copies: 1, ..case(name, script, fate) }
}

/// Sends a message to each case's server at the same time and looks at what became of it. Each server is met once: what is
/// deferred comes back after a minute at the earliest.
fn check(cases: Vec<Case>) -> Outcome {
    let servers = cases.iter().map(|case| ScriptedServer::start(&[&case.script])).collect::<Outcome<Vec<_>>>()?;
    let domains: Vec<String> = cases.iter().map(|case| format!("{}.test", case.name)).collect();
    let routes: Vec<RouteTo<'_>> =
        domains.iter().zip(&servers).map(|(domain, server)| (domain.as_str(), server.address, "")).collect();
    let outward = Outward::start(&routes, Options::default())?;
    for domain in &domains {
        outward.send(&[&format!("x@{domain}")])?;
    }
    for ((case, domain), server) in cases.iter().zip(&domains).zip(&servers) {
        let recipient = format!("x@{domain}");
        check_fate(&outward, case, &recipient)
            .map_err(|failure| failure.during(&format!("{}\n{}\n{:#?}", case.name, case.script, server.visits())))?;
    }
    for (case, server) in cases.iter().zip(&servers) {
        let visits = server.visits();
        assert_eq!(visits.len(), 1, "{}: one attempt, one connection: {visits:#?}", case.name);
        assert_eq!(visits[0].fault, None, "{}: {visits:#?}", case.name);
        assert_eq!(server.messages().len(), case.copies, "{}: {visits:#?}", case.name);
    }
    Ok(())
}

fn check_fate(outward: &Outward, case: &Case, recipient: &str) -> Outcome {
    match case.fate {
        Delivered => {
            harness::wait_until("the delivery", PATIENCE, || Ok(outward.queued(recipient)?.is_none().then_some(())))?;
            let reports = outward.reports()?;
            assert!(!reports.iter().any(|report| report.contains(recipient)), "{}: {reports:?}", case.name);
        }
        Deferred(status, words) => {
            let seen = outward.wait_for_deferral(recipient)?;
            let code = seen["last_code"].as_u64().unwrap_or_default();
            assert!((400..500).contains(&code) && seen["last_status"] == status, "{}: {seen}", case.name);
            assert!(seen["last_answer"].to_string().contains(words), "{}: no `{words}` in {seen}", case.name);
        }
        Failed(status, words) => {
            let report = outward.wait_for_report(recipient)?;
            let status = format!("Status: {status}\r\n");
            assert!(report.contains(&status) && report.contains(words), "{}: {report}", case.name);
            assert_eq!(outward.queued(recipient)?, None, "{}", case.name);
        }
    }
    Ok(())
}

#[test]
fn greetings_and_hellos_of_all_kinds() -> Outcome {
    check(vec![
        case("no-service", "< 554 5.7.1 go away", Deferred("4.7.1", "554 5.7.1 go away")),
        case("no-status", "< 554 go away", Deferred("4.4.0", "554 go away")),
        case("closing", "< 421 4.3.2 down for an hour", Deferred("4.3.2", "421 4.3.2 down for an hour")),
        case("silent", "hang", Deferred("4.4.2", "nothing")),
        case("slow", "pause 1500\n< 220 slow.test\npolite", Delivered),
        case("closed", "", Deferred("4.4.2", "closed the connection")),
        case("stranger", "< hello, who is there?", Deferred("4.4.2", "without a code")),
        case("endless", "endless 220-", Deferred("4.4.2", "too many lines")),
        case("one-line", "long 200000 220 ", Deferred("4.4.2", "too long")),
        // An octet now and then is as slow as none: the whole answer has its time.
        case("trickling", "< 220-wait\npause 500\n".repeat(20), Deferred("4.4.2", "nothing for 2s")),
        case("wordy", "< 220-first|220-second|220 third\npolite", Delivered),
        case("old", "< 220 old.test\n> EHLO\n< 502 5.5.1 what?\n> HELO\n< 250 old.test\npolite", Delivered),
        case("odd", "< 220 odd.test\n> EHLO\n< 550 no EHLO\n> HELO\n< 250 odd.test\npolite", Delivered),
        case(
            "unwilling",
            "< 220 u.test\n> EHLO\n< 550 5.7.0 no\n> HELO\n< 550 5.7.0 never\n> QUIT",
            Deferred("4.7.0", "550 5.7.0 never"),
        ),
    ])
}

#[test]
fn refusals_within_a_transaction() -> Outcome {
    let opened = |rest: &str| format!("{OPENING}{rest}");
    // All three commands are out before the first answer: RFC 2920.
    let asked = |rest: &str| opened(&format!("> MAIL FROM:<\n> RCPT TO:<\n> DATA\n{rest}"));
    let after_reset = "> RSET\n< 250 ok\npolite";
    check(vec![
        case(
            "mail-4",
            asked(&format!("< 452 4.3.1 full\n< 503 no\n< 503 no\n{after_reset}")),
            Deferred("4.3.1", "full"),
        ),
        case("mail-5", asked(&format!("< 550 5.7.1 you?\n< 503 no\n< 503 no\n{after_reset}")), Failed("5.7.1", "you?")),
        // A status that contradicts its code: the code decides.
        case("liar", asked(&format!("< 451 5.7.1 soon\n< 503 no\n< 503 no\n{after_reset}")), Deferred("4.7.1", "soon")),
        case(
            "rcpt-4",
            asked(&format!("< 250 ok\n< 450 4.2.1 busy\n< 503 no\n{after_reset}")),
            Deferred("4.2.1", "busy"),
        ),
        case(
            "rcpt-5",
            asked("< 250 ok\n< 550 5.1.1 who?\n< 354 go\n> .\n< 554 nobody\npolite"),
            Failed("5.1.1", "who?"),
        ),
        case("data-4", asked(&format!("< 250 ok\n< 250 ok\n< 451 4.3.0 oh\n{after_reset}")), Deferred("4.3.0", "oh")),
        case("data-5", asked(&format!("< 250 ok\n< 250 ok\n< 554 5.6.0 no\n{after_reset}")), Failed("5.6.0", "no")),
        case("leaves-1", asked("< 421 4.3.2 bye"), Deferred("4.3.2", "bye")),
        case("leaves-2", asked("< 250 ok\n< 421 4.3.2 bye"), Deferred("4.3.2", "bye")),
        case("babbles", asked("< 250 ok\n< 250 ok\n< hello"), Deferred("4.4.2", "without a code")),
        uncertain(
            "end-4",
            opened(&format!("{ENVELOPE}message\n< 451 4.7.1 later\npolite")),
            Deferred("4.7.1", "later"),
        ),
        uncertain("end-5", opened(&format!("{ENVELOPE}message\n< 554 5.7.1 spam\npolite")), Failed("5.7.1", "spam")),
        uncertain("leaves-3", opened(&format!("{ENVELOPE}message\n< 421 4.3.2 bye")), Deferred("4.3.2", "bye")),
        case("small", "< 220 s.test\n> EHLO\n< 250-s.test|250 SIZE 100\n> QUIT", Failed("5.3.4", "takes 100")),
        case("any-size", "< 220 s.test\n> EHLO\n< 250-s.test|250 SIZE 0\npolite", Delivered),
    ])
}

#[test]
fn connections_that_break_are_not_tried_twice_in_one_attempt() -> Outcome {
    let enveloped = |rest: &str| format!("{OPENING}{ENVELOPE}{rest}");
    check(vec![
        case("before", enveloped(""), Deferred("4.4.2", "")),
        case("within", enveloped("part 100"), Deferred("4.4.2", "")),
        uncertain("after", enveloped("message"), Deferred("4.4.2", "closed the connection")),
        uncertain("quiet", enveloped("message\nhang"), Deferred("4.4.2", "nothing")),
        uncertain("garbage", enveloped("message\n< whatever"), Deferred("4.4.2", "without a code")),
        uncertain("kept", enveloped("message\n< 250-2.0.0 kept|250 2.0.0 in the box\npolite"), Delivered),
        uncertain("long", enveloped("message\nlong 10000 250 2.0.0 \npolite"), Delivered),
        uncertain("bare", enveloped("message\n< 250\npolite"), Delivered),
    ])
}

#[test]
fn each_recipient_has_an_answer_of_its_own() -> Outcome {
    let answers = "> MAIL FROM:<\n> RCPT TO:<a@\n> RCPT TO:<b@\n> RCPT TO:<c@\n> DATA\n\
                   < 250 ok\n< 250 ok\n< 450 4.2.1 busy\n< 550 5.1.1 who?\n< 354 go\nmessage\n< 250 2.0.0 kept\npolite";
    let server = ScriptedServer::start(&[&format!("{OPENING}{answers}")])?;
    let outward = Outward::start(&[("mixed.test", server.address, "")], Options::default())?;
    outward.send(&["a@mixed.test", "b@mixed.test", "c@mixed.test"])?;
    let busy = outward.wait_for_deferral("b@mixed.test")?;
    assert!(busy["last_status"] == "4.2.1" && busy["last_code"] == 450, "{busy}");
    let report = outward.wait_for_report("c@mixed.test")?;
    assert!(report.contains("Status: 5.1.1\r\n"), "{report}");
    assert!(!report.contains("rfc822; a@") && !report.contains("rfc822; b@"), "{report}");
    let id = outward.queued("b@mixed.test")?.unwrap_or_default();
    let states: Vec<String> = outward.queue(&["show", &id])?["recipients"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| it["state"].as_str().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(states, ["delivered", "waiting", "failed"]);
    assert_eq!(server.messages().len(), 1);
    Ok(())
}

/// What a server says that will not read a message to its end decides, as if it had been asked.
#[test]
fn a_refusal_in_the_middle_of_a_message_is_heard() -> Outcome {
    let server = ScriptedServer::start(&[&format!("{OPENING}{ENVELOPE}part 1000\n< 552 5.3.4 that is enough")])?;
    let outward = Outward::start(&[("small.test", server.address, "")], Options::default())?;
    // More than the buffers of a connection hold.
    let body = "Ten pieces of everything, please, and two of the rest.\r\n".repeat(400_000);
    let letter = format!("From: <sales@trade.test>\r\nTo: <x@small.test>\r\nSubject: all\r\n\r\n{body}");
    outward.submit("", &["x@small.test"], "", letter.as_bytes())?;
    let report = outward.wait_for_report("x@small.test")?;
    assert!(report.contains("Status: 5.3.4\r\n") && report.contains("that is enough"), "{report}");
    assert_eq!(server.visits().len(), 1);
    Ok(())
}

/// A refusal at RCPT stands although the answer to the message never came.
#[test]
fn a_lost_answer_does_not_lose_the_refusals_before_it() -> Outcome {
    let answers = "> MAIL FROM:<\n> RCPT TO:<a@\n> RCPT TO:<b@\n> DATA\n\
                   < 250 ok\n< 250 ok\n< 550 5.1.1 who?\n< 354 go\nmessage";
    let server = ScriptedServer::start(&[&format!("{OPENING}{answers}")])?;
    let outward = Outward::start(&[("lost.test", server.address, "")], Options::default())?;
    outward.send(&["a@lost.test", "b@lost.test"])?;
    assert_eq!(outward.wait_for_deferral("a@lost.test")?["last_status"], "4.4.2");
    assert!(outward.wait_for_report("b@lost.test")?.contains("Status: 5.1.1\r\n"));
    Ok(())
}

/// What a server cannot take is not sent to it, and the sender is told why.
#[test]
fn eight_bits_and_international_addresses_need_a_server_that_takes_them() -> Outcome {
    let plain = "< 220 old.test\n> EHLO\n< 250-old.test|250 PIPELINING\npolite";
    let server = ScriptedServer::start(&[plain])?;
    let outward = Outward::start(&[("old.test", server.address, "")], Options::default())?;
    let head = "From: <sales@trade.test>\r\nTo: <x@old.test>\r\nSubject: order\r\n\
                Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    outward.submit(" BODY=8BITMIME", &["x@old.test"], "", format!("{head}十件\r\n").as_bytes())?;
    assert!(outward.wait_for_report("x@old.test")?.contains("Status: 5.6.3\r\n"));
    outward.submit(" SMTPUTF8", &["订单@old.test"], "", format!("{head}Ten.\r\n").as_bytes())?;
    let report = harness::wait_until("the second report", PATIENCE, || {
        Ok(outward.reports()?.into_iter().find(|report| report.contains("Status: 5.6.7\r\n")))
    })?;
    assert!(report.contains("订单@old.test"), "{report}");
    assert_eq!(server.messages().len(), 0);
    // Announced as eight bits and without any: every server takes it (RFC 6152 section 3).
    outward.submit(" BODY=8BITMIME", &["y@old.test"], "", format!("{head}Ten.\r\n").as_bytes())?;
    server.wait_for_messages(1, PATIENCE)?;
    // The same of SMTPUTF8 (RFC 6531 section 3.4).
    let seven = b"From: <sales@trade.test>\r\nTo: <z@old.test>\r\nSubject: order\r\n\r\nTen.\r\n";
    outward.submit(" SMTPUTF8 BODY=8BITMIME", &["z@old.test"], "", seven)?;
    server.wait_for_messages(2, PATIENCE)?;
    outward.wait_for_empty_queue()
}
