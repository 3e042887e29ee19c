//! Connections that are kept for further messages.

use std::time::Duration;

use harness::{Options, Outcome, Outward, ScriptedServer, Visit};

const PATIENCE: Duration = Duration::from_secs(20);

const OPENING: &str = "< 220 kept.test\n> EHLO\n< 250 kept.test\n";
const ENVELOPE: &str = "> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 250 ok\n> DATA\n< 354 go\n";
const POLITE: &str = "< 220 kept.test\npolite";

fn taken() -> String {
    format!("{ENVELOPE}message\n< 250 2.0.0 kept\n")
}

/// Sends two messages, the second once the first is through, to a server whose first connection does `then` after the first
/// message and whose later ones are polite.
fn two_messages(then: &str) -> Outcome<(ScriptedServer, Outward)> {
    let server = ScriptedServer::start(&[&format!("{OPENING}{}{then}", taken()), POLITE])?;
    let outward = Outward::start(&[("kept.test", server.address, "")], Options::default())?;
    outward.send(&["first@kept.test"])?;
    server.wait_for_messages(1, PATIENCE)?;
    outward.wait_for_empty_queue()?;
    outward.send(&["second@kept.test"])?;
    Ok((server, outward))
}

fn counts(visits: &[Visit]) -> Vec<usize> {
    visits.iter().map(|visit| visit.messages.len()).collect()
}

#[test]
fn one_connection_carries_several_messages() -> Outcome {
    let (server, outward) = two_messages("polite")?;
    server.wait_for_messages(2, PATIENCE)?;
    outward.wait_for_empty_queue()?;
    assert_eq!(counts(&server.visits()), [2]);
    Ok(())
}

/// Before the end of the message has gone out, the server cannot have it: a new connection is made at once.
#[test]
fn a_kept_connection_that_is_of_no_use_costs_no_delay() -> Outcome {
    for then in [
        "",
        "> MAIL FROM:<",
        "< 421 4.4.2 idle for too long",
        "> MAIL FROM:<\n< 421 4.4.2 idle for too long",
        "> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 421 4.4.2 idle for too long",
        "> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 250 ok\n> DATA",
        "< 250 2.0.0 twice said\npolite",
    ] {
        let (server, outward) = two_messages(then)?;
        server.wait_for_messages(2, PATIENCE).map_err(|failure| failure.during(then))?;
        outward.wait_for_empty_queue()?;
        assert_eq!(counts(&server.visits()), [1, 1], "{then}");
    }
    Ok(())
}

/// After it, the server may have it: no second copy in the same attempt.
#[test]
fn a_kept_connection_that_breaks_after_the_message_is_not_replaced() -> Outcome {
    for then in ["message", "message\nhang", "message\n< what?"] {
        let (server, outward) = two_messages(&format!("{ENVELOPE}{then}"))?;
        let waits = outward.wait_for_deferral("second@kept.test").map_err(|failure| failure.during(then))?;
        assert_eq!(waits["last_status"], "4.4.2", "{then}: {waits}");
        assert_eq!(counts(&server.visits()), [2], "{then}");
    }
    Ok(())
}

/// What became of a message does not wait for the answer to RSET, and neither does the next message for long.
#[test]
fn a_server_that_is_silent_after_a_refusal_delays_nobody() -> Outcome {
    let refusing = format!("{OPENING}> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 550 5.1.1 who?\n> RSET\nhang");
    let server = ScriptedServer::start(&[&refusing, POLITE])?;
    let options = Options::default().set("delivery", "answer_seconds", "300");
    let outward = Outward::start(&[("kept.test", server.address, "")], options)?;
    outward.send(&["nobody@kept.test"])?;
    assert!(outward.wait_for_report("nobody@kept.test")?.contains("Status: 5.1.1\r\n"));
    outward.send(&["second@kept.test"])?;
    server.wait_for_messages(1, PATIENCE)?;
    outward.wait_for_empty_queue()
}

#[test]
fn a_connection_from_another_address_is_another_connection() -> Outcome {
    let server = ScriptedServer::start(&[POLITE])?;
    let routes = [
        ("a.test", server.address, ", source = \"127.0.0.2\""),
        ("b.test", server.address, ", source = \"127.0.0.3\""),
        ("c.test", server.address, ""),
    ];
    let outward = Outward::start(&routes, Options::default())?;
    for (count, domain) in (1..).zip(["a.test", "b.test", "c.test", "a.test"]) {
        outward.send(&[&format!("x@{domain}")])?;
        server.wait_for_messages(count, PATIENCE)?;
        outward.wait_for_empty_queue()?;
    }
    let visits = server.visits();
    let from: Vec<String> = visits.iter().filter_map(|visit| visit.from).map(|from| from.to_string()).collect();
    assert_eq!(from, ["127.0.0.2", "127.0.0.3", "127.0.0.1"]);
    assert_eq!(counts(&visits), [2, 1, 1]);
    Ok(())
}
