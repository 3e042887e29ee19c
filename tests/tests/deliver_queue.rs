//! The queue towards servers that are slow, away or unwilling: who waits for whom, how long, and who is told.

use std::process::Command;
use std::time::{Duration, Instant};

use harness::{Failure, Options, Outcome, Outward, Process, Scratch, ScriptedServer, free_port, require, wait_until};

const PATIENCE: Duration = Duration::from_secs(20);
/// How long an unreachable destination is left alone in the test of that.
const PAUSE: Duration = Duration::from_secs(3);

const POLITE: &str = "< 220 q.test\npolite";
/// Refuses the first recipient of its first connection for now; takes all afterwards.
const BUSY: &str = "< 220 q.test\n> EHLO\n< 250 q.test\n> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 450 4.2.1 busy";

/// Waits for the first connection and stays, as nothing else may be waited for where nothing is to happen.
fn assert_stays(server: &ScriptedServer, visits: usize, how_long: Duration) {
    let start = Instant::now();
    while start.elapsed() < how_long {
        assert_eq!(server.visits().len(), visits, "{:?}", server.visits());
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_slow_destination_never_holds_up_another() -> Outcome {
    let slow = ScriptedServer::start(&["< 220 slow.test\nhang"])?;
    let fast = ScriptedServer::start(&[POLITE])?;
    let routes = [("slow.test", slow.address, ""), ("*.fast.test", fast.address, "")];
    let options = Options::default().set("delivery", "answer_seconds", "300").set("delivery", "deliveries_max", "20");
    let outward = Outward::start(&routes, options)?;
    for number in 0..30 {
        outward.send(&[&format!("x{number}@slow.test")])?;
    }
    wait_until("all connections that one destination may have", PATIENCE, || {
        Ok((slow.visits().len() == 10).then_some(()))
    })?;
    for number in 0..20 {
        outward.send(&[&format!("x@d{number}.fast.test")])?;
    }
    fast.wait_for_messages(20, PATIENCE)?;
    let slow = slow.visits();
    assert!(slow.len() == 10 && slow.iter().all(|visit| !visit.is_over), "it still hangs: {slow:?}");
    assert!(fast.visits().iter().all(|visit| visit.fault.is_none()));
    Ok(())
}

#[test]
fn an_unreachable_destination_is_left_alone_for_a_while() -> Outcome {
    let away = ScriptedServer::start(&["", POLITE])?;
    let there = ScriptedServer::start(&[POLITE])?;
    let routes = [("away.test", away.address, ""), ("there.test", there.address, "")];
    let pause = PAUSE.as_secs().to_string();
    let outward = Outward::start(&routes, Options::default().set("delivery", "unreachable_pause_seconds", &pause))?;
    outward.send(&["first@away.test"])?;
    outward.wait_for_deferral("first@away.test")?;
    outward.send(&["second@away.test"])?;
    outward.send(&["x@there.test"])?;
    there.wait_for_messages(1, PATIENCE)?;
    let second = away.wait_for_messages(1, PATIENCE)?;
    assert!(second[0].contains("second@away.test"), "the first one waits for its own time: {second:?}");
    let at: Vec<Instant> = away.visits().iter().filter_map(|visit| visit.at).collect();
    assert!(at.len() == 2 && at[1] - at[0] >= PAUSE, "{at:?}");
    assert!(outward.queued("first@away.test")?.is_some());
    Ok(())
}

#[test]
fn a_destination_that_nobody_listens_at_is_tried_again() -> Outcome {
    let port = free_port()?;
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port.port));
    let outward = Outward::start(&[("away.test", address, "")], Options::default())?;
    outward.send(&["x@away.test"])?;
    let seen = outward.wait_for_deferral("x@away.test")?;
    assert!(seen["last_code"] == 450 && seen["last_status"] == "4.4.1", "{seen}");
    let server = ScriptedServer::start_at(address, None, &[POLITE])?;
    retry(&outward, "x@away.test")?;
    server.wait_for_messages(1, PATIENCE)?;
    outward.wait_for_empty_queue()
}

fn id_of(outward: &Outward, recipient: &str) -> Outcome<String> {
    outward.queued(recipient)?.ok_or_else(|| Failure::new(format!("{recipient} is not in the queue")))
}

fn retry(outward: &Outward, recipient: &str) -> Outcome {
    outward.queue(&["retry", &id_of(outward, recipient)?]).map(drop)
}

#[test]
fn a_held_message_stays_until_it_is_released() -> Outcome {
    let server = ScriptedServer::start(&[BUSY, POLITE])?;
    let outward = Outward::start(&[("q.test", server.address, "")], Options::default())?;
    outward.send(&["x@q.test"])?;
    outward.wait_for_deferral("x@q.test")?;
    let id = id_of(&outward, "x@q.test")?;
    outward.queue(&["hold", &id])?;
    assert_eq!(outward.queue(&["show", &id])?["recipients"][0]["state"], "held");
    // Not even when all are to be tried now.
    outward.queue(&["retry", &id])?;
    outward.queue(&["retry"])?;
    assert_stays(&server, 1, Duration::from_secs(2));
    outward.queue(&["release", &id])?;
    outward.queue(&["retry", &id])?;
    server.wait_for_messages(1, PATIENCE)?;
    outward.wait_for_empty_queue()?;
    assert!(outward.reports()?.is_empty());
    Ok(())
}

/// Held while the other server makes up its mind: what it says then does not end the hold.
#[test]
fn a_hold_outlasts_the_attempt_under_way() -> Outcome {
    let slowly = format!("{}\npause 60000", BUSY.replace("< 450", "pause 1500\n< 450"));
    let server = ScriptedServer::start(&[&slowly, POLITE])?;
    let outward = Outward::start(&[("q.test", server.address, "")], Options::default())?;
    outward.send(&["x@q.test"])?;
    wait_until("RCPT", PATIENCE, || {
        Ok(server.visits().first().is_some_and(|visit| visit.heard.len() == 3).then_some(()))
    })?;
    let id = id_of(&outward, "x@q.test")?;
    outward.queue(&["hold", &id])?;
    wait_until("the answer", PATIENCE, || {
        Ok((!outward.queue(&["show", &id])?["recipients"][0]["last_answer"].is_null()).then_some(()))
    })?;
    assert_eq!(outward.queue(&["show", &id])?["recipients"][0]["state"], "held");
    outward.queue(&["retry", &id])?;
    assert_stays(&server, 1, Duration::from_secs(2));
    Ok(())
}

#[test]
fn a_message_that_is_given_up_is_told_to_its_sender_and_a_cancelled_one_is_not() -> Outcome {
    let server = ScriptedServer::start(&[BUSY])?;
    let outward = Outward::start(&[("q.test", server.address, "")], Options::default())?;
    for recipient in ["given-up@q.test", "cancelled@q.test"] {
        outward.send(&[recipient])?;
        outward.wait_for_deferral(recipient)?;
    }
    outward.queue(&["cancel", &id_of(&outward, "cancelled@q.test")?, "--yes"])?;
    outward.queue(&["expire", &id_of(&outward, "given-up@q.test")?])?;
    let report = outward.wait_for_report("given-up@q.test")?;
    assert!(report.contains("Action: failed") && report.contains("Status: 5.2.1\r\n"), "{report}");
    assert!(report.contains("450 4.2.1 busy"), "what the server said last: {report}");
    outward.wait_for_empty_queue()?;
    assert_eq!(outward.reports()?.len(), 1, "nobody is told of the cancelled one");
    Ok(())
}

#[test]
fn a_message_that_expires_is_told_to_its_sender_unless_he_wishes_otherwise() -> Outcome {
    let server = ScriptedServer::start(&[BUSY])?;
    let options = Options::default().set("delivery", "expire_hours", "0");
    let outward = Outward::start(&[("q.test", server.address, "")], options)?;
    let letter = b"From: <sales@trade.test>\r\nTo: <x@q.test>\r\nSubject: order\r\n\r\nTen.\r\n";
    outward.submit("", &["never@q.test"], " NOTIFY=NEVER", letter)?;
    outward.submit("", &["x@q.test"], "", letter)?;
    let report = outward.wait_for_report("x@q.test")?;
    assert!(report.contains("Action: failed") && report.contains("Status: 5.2.1\r\n"), "{report}");
    outward.wait_for_empty_queue()?;
    assert_eq!(outward.reports()?.len(), 1);
    Ok(())
}

#[test]
fn a_sender_is_told_once_that_it_takes_long() -> Outcome {
    let server = ScriptedServer::start(&[BUSY])?;
    let options = Options::default().set("delivery", "delay_notice_hours", "0");
    let outward = Outward::start(&[("q.test", server.address, "")], options)?;
    outward.send(&["x@q.test"])?;
    let report = outward.wait_for_report("x@q.test")?;
    assert!(report.contains("Action: delayed") && report.contains("Will-Retry-Until: "), "{report}");
    assert!(report.contains("Status: 4.2.1\r\n"), "{report}");
    retry(&outward, "x@q.test")?;
    server.wait_for_visits(2, PATIENCE)?;
    wait_until("the record of the second attempt", PATIENCE, || {
        let message = outward.queue(&["show", &id_of(&outward, "x@q.test")?])?;
        let recipient = &message["recipients"][0];
        Ok((recipient["attempts"] == 2 && recipient["state"] == "waiting").then_some(()))
    })?;
    assert_eq!(outward.reports()?.len(), 1);
    Ok(())
}

/// The store cannot be written to when the answer comes, for longer than it waits by itself: once it can, the message is
/// recorded as delivered, not sent again.
#[test]
fn a_store_that_fails_for_a_while_costs_no_second_copy() -> Outcome {
    require!("python3");
    let late = "< 220 q.test\n> EHLO\n< 250 q.test\n> MAIL FROM:<\n< 250 ok\n> RCPT TO:<\n< 250 ok\n> DATA\n< 354 go\n\
                message\nwait\n< 250 2.0.0 kept\npolite";
    let server = ScriptedServer::start(&[late, POLITE])?;
    let options = Options::default().set("delivery", "answer_seconds", "60");
    let outward = Outward::start(&[("q.test", server.address, "")], options)?;
    outward.send(&["x@q.test"])?;
    server.wait_for_messages(1, PATIENCE)?;
    let scratch = Scratch::new("lock")?;
    let database = outward.tradewind.directory().join("data/store/tradewind.db");
    let mut blocker = Command::new("python3");
    blocker.arg("-c").arg(BLOCK_WRITERS).arg(&database);
    let mut blocker = Process::spawn("blocker", scratch.path(), blocker)?;
    blocker.wait_for_line("locked", PATIENCE)?;
    server.go_on();
    wait_until("the failure to record", PATIENCE, || {
        Ok(outward.tradewind.log_tail().contains("cannot be recorded now").then_some(()))
    })?;
    drop(blocker);
    outward.wait_for_empty_queue()?;
    assert_eq!((server.messages().len(), server.visits().len()), (1, 1));
    assert!(outward.reports()?.is_empty());
    Ok(())
}

/// Keeps everybody else from writing to a SQLite database until it is ended.
const BLOCK_WRITERS: &str = "import sqlite3, sys, time\n\
    db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10)\n\
    db.execute('BEGIN IMMEDIATE')\n\
    print('locked', flush=True)\n\
    time.sleep(300)\n";
