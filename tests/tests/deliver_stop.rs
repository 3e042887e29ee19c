//! A stop in the middle of a delivery: one copy, whatever moment it comes at.

use std::time::Duration;

use harness::{Options, Outcome, Outward, ScriptedServer, wait_until};

const PATIENCE: Duration = Duration::from_secs(20);
/// A stop, all in all, takes less.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// A stop that has nothing to wait for takes less, on a busy machine too.
const QUICK: Duration = Duration::from_secs(4);

const OPENING: &str = "< 220 late.test\n> EHLO\n< 250-late.test|250 PIPELINING\n";
const ENVELOPE: &str = "> MAIL FROM:<\n> RCPT TO:<\n> DATA\n< 250 ok\n< 250 ok\n< 354 go\n";

fn outward(server: &ScriptedServer) -> Outcome<Outward> {
    Outward::start(&[("late.test", server.address, "")], Options::default().set("delivery", "answer_seconds", "300"))
}

/// Stops it, sees that this went well within `limit`, and starts it again.
fn restart(outward: &mut Outward, limit: Duration) -> Outcome {
    let (status, took) = outward.tradewind.stop()?;
    assert!(status.success() && took < limit, "{status} after {took:?}: {}", outward.tradewind.log_tail());
    outward.tradewind.restart()
}

#[test]
fn a_stop_waits_for_the_answer_to_a_message_that_was_sent() -> Outcome {
    let late = format!("{OPENING}{ENVELOPE}message\npause 3000\n< 250 2.0.0 kept\npolite");
    let server = ScriptedServer::start(&[&late, "< 220 again.test\npolite"])?;
    let mut outward = outward(&server)?;
    outward.send(&["x@late.test"])?;
    server.wait_for_messages(1, PATIENCE)?;
    restart(&mut outward, STOP_LIMIT)?;
    outward.wait_for_empty_queue()?;
    assert_eq!((server.messages().len(), server.visits().len()), (1, 1));
    assert!(outward.reports()?.is_empty());
    Ok(())
}

#[test]
fn a_stop_does_not_wait_for_ever() -> Outcome {
    let server = ScriptedServer::start(&[&format!("{OPENING}{ENVELOPE}message\nhang")])?;
    let mut outward = outward(&server)?;
    outward.send(&["x@late.test"])?;
    server.wait_for_messages(1, PATIENCE)?;
    restart(&mut outward, STOP_LIMIT)?;
    let kept = outward.wait_for_deferral("x@late.test")?;
    assert!(kept["last_status"] == "4.4.2" && kept["attempts"] == 1, "{kept}");
    assert!(kept["last_answer"].to_string().contains("stopped before the answer"), "{kept}");
    assert_eq!(server.visits().len(), 1, "the next attempt is a minute away");
    Ok(())
}

#[test]
fn a_stop_cuts_what_has_not_been_sent_and_nothing_is_lost() -> Outcome {
    for unfinished in [format!("{OPENING}hang"), format!("{OPENING}{ENVELOPE}part 1000\npause 60000")] {
        let server = ScriptedServer::start(&[&unfinished, "< 220 again.test\npolite"])?;
        let mut outward = outward(&server)?;
        // More than the buffers of a connection hold, so that its end cannot be out.
        let body = "Ten pieces of everything, please, and two of the rest.\r\n".repeat(400_000);
        let letter = format!("From: <sales@trade.test>\r\nTo: <x@late.test>\r\nSubject: all\r\n\r\n{body}");
        outward.submit("", &["x@late.test"], "", letter.as_bytes())?;
        wait_until("the connection", PATIENCE, || {
            Ok(server.visits().first().is_some_and(|visit| !visit.heard.is_empty()).then_some(()))
        })?;
        restart(&mut outward, QUICK)?;
        let messages = server.wait_for_messages(1, PATIENCE)?;
        assert!(messages[0].ends_with(&body.replace("\r\n", "\n")), "the message was changed");
        outward.wait_for_empty_queue()?;
        assert_eq!((server.messages().len(), server.visits().len()), (1, 2));
    }
    Ok(())
}
