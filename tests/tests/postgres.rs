//! The whole server on PostgreSQL, by itself and as several nodes on one database.

mod dialogs;

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{Options, Outcome, Sink, Tradewind, message_id, skip, smtp, wait_until};
use store::Place;
use store::testing::server::{Database, INSTALLED};

/// From a change on one node to its being known on another.
const PATIENCE: Duration = Duration::from_secs(30);

/// Claims of a dead node on what it was delivering end after this, in seconds.
const LEASE_SECONDS: u64 = 5;

/// A database and how a node that uses it is set up; nothing if PostgreSQL is not installed here.
fn database() -> Option<(Database, Options)> {
    let database = Database::create()?;
    let Place::Postgres(url) = database.place() else { return None };
    let options = Options::default().store(url.expose());
    Some((database, options))
}

macro_rules! database {
    () => {
        match database() {
            Some(found) => found,
            None => skip!("no PostgreSQL under {INSTALLED}"),
        }
    };
}

fn letter(number: usize) -> Vec<u8> {
    let text = format!(
        "From: sales@trade.test\r\nTo: ops@far.test\r\nMessage-ID: <{number}@trade.test>\r\nSubject: {number}\r\n\r\nx\r\n"
    );
    smtp::for_wire(text.as_bytes())
}

/// Submits the letters numbered `numbers` at `node`.
fn submit(node: &Tradewind, numbers: std::ops::Range<usize>) -> Outcome {
    let mut client = node.submission("sales")?;
    for number in numbers {
        client.deliver("sales@trade.test", &["ops@far.test"], &letter(number))?.expect(250)?;
    }
    client.quit()
}

/// Waits for `count` messages at the sink, and looks that each has come once.
fn each_once(sink: &Sink, count: usize) -> Outcome {
    wait_until(&format!("{count} messages"), PATIENCE, || Ok((sink.messages()?.len() >= count).then_some(())))?;
    // Time for one that comes twice.
    std::thread::sleep(Duration::from_secs(1));
    let messages = sink.messages()?;
    let ids: BTreeSet<_> = messages.iter().filter_map(|message| message_id(message.as_bytes())).collect();
    assert_eq!((messages.len(), ids.len()), (count, count), "some came twice: {ids:?}");
    Ok(())
}

#[test]
fn the_server_says_on_postgresql_what_the_transcripts_say() -> Outcome {
    let (_database, options) = database!();
    let tradewind = Tradewind::start(options)?;
    dialogs::play_all(&tradewind).map_err(|failure| failure.during(&tradewind.log_tail()))
}

#[test]
fn what_smtp_delivers_imap_reads_also_when_it_is_long() -> Outcome {
    const LONG_BYTES: usize = 3 << 20;
    let (_database, options) = database!();
    let mut tradewind = Tradewind::start(options)?;
    let line = format!("{}\r\n", "0123456789abcdef".repeat(4));
    let long = format!("Subject: long\r\n\r\n{}", line.repeat(LONG_BYTES / line.len()));
    let mut smtp = tradewind.smtp()?;
    for body in ["Subject: short\r\n\r\nshort\r\n", &long] {
        smtp.deliver("a@partner.example", &["sales@trade.test"], &smtp::for_wire(body.as_bytes()))?.expect(250)?;
    }
    smtp.quit()?;
    tradewind.stop()?;
    tradewind.restart()?;
    let mut imap = tradewind.imap("sales")?;
    imap.command("SELECT INBOX")?.ok()?;
    for (number, body) in [(1, "Subject: short\r\n\r\nshort\r\n"), (2, long.as_str())] {
        let text = imap.ask(&format!("FETCH {number} BODY.PEEK[]"))?.ok()?.text();
        assert!(text.contains(body), "message {number} is another than was sent");
    }
    let middle = imap.ask("FETCH 2 BODY.PEEK[TEXT]<1000065.66>")?.ok()?.text();
    assert!(middle.contains(&long["Subject: long\r\n\r\n".len() + 1_000_065..][..66]), "{middle}");
    tradewind.command(&["store", "check", "--deep"])?.success()?;
    Ok(())
}

#[test]
fn mail_at_one_node_wakes_idle_at_another() -> Outcome {
    let (_database, options) = database!();
    let first = Tradewind::start(options)?;
    let second = first.start_node(1, Options::default())?;
    let mut idle = second.imap("sales")?;
    idle.command("SELECT INBOX")?.ok()?;
    let tag = idle.send("IDLE")?;
    assert!(idle.stream.line()?.starts_with(b"+ "));
    idle.stream.set_patience(PATIENCE)?;
    let mut smtp = first.smtp()?;
    smtp.deliver("a@partner.example", &["sales@trade.test"], &smtp::for_wire(b"Subject: x\r\n\r\nx\r\n"))?
        .expect(250)?;
    assert_eq!(idle.stream.line()?, b"* 1 EXISTS\r\n");
    let mut reader = first.imap("sales")?;
    reader.command("SELECT INBOX")?.ok()?;
    reader.command("STORE 1 +FLAGS (\\Seen \\Deleted)")?.ok()?;
    reader.command("EXPUNGE")?.ok()?;
    while idle.stream.line()? != b"* 1 EXPUNGE\r\n" {}
    idle.stream.send(b"DONE\r\n")?;
    idle.answer(&tag, false)?.ok()?;
    Ok(())
}

#[test]
fn two_nodes_deliver_from_one_queue_each_message_once() -> Outcome {
    const EACH: usize = 100;
    let (_database, options) = database!();
    let sink = Sink::start()?;
    let first = Tradewind::start(options.route("far.test", sink.address))?;
    let second = first.start_node(1, Options::default())?;
    std::thread::scope(|scope| {
        let other = scope.spawn(|| submit(&second, EACH..2 * EACH));
        submit(&first, 0..EACH)?;
        other.join().expect("no panic")
    })?;
    each_once(&sink, 2 * EACH)?;
    let delivered = [&first, &second].map(|node| node.figure("tradewind_smtp_delivered_total"));
    for count in delivered {
        let count = count?;
        assert!(count > 0 && count < 2 * EACH as u64, "one node has delivered {count}");
    }
    assert_eq!(first.command(&["--json", "queue", "list"])?.success()?.stdout.trim(), "[]");
    Ok(())
}

#[test]
fn what_a_killed_node_was_delivering_another_delivers_once() -> Outcome {
    const LETTERS: usize = 30;
    let (_database, options) = database!();
    let (hanging, sink) = (Sink::silent()?, Sink::start()?);
    let options = options.set("delivery", "lease_seconds", &LEASE_SECONDS.to_string());
    let mut first = Tradewind::start(options.route("far.test", hanging.address))?;
    submit(&first, 0..LETTERS)?;
    // Ten at a time to one destination: these are the ones that only the lease's end sets free.
    wait_until("deliveries that hang", PATIENCE, || Ok((hanging.connections() >= 10).then_some(())))?;
    let second = first.start_node(1, Options::default().route("far.test", sink.address))?;
    first.kill9()?;
    each_once(&sink, LETTERS)?;
    assert_eq!(second.command(&["--json", "queue", "list"])?.success()?.stdout.trim(), "[]");
    assert_eq!(second.figure("tradewind_smtp_delivered_total")?, LETTERS as u64);
    Ok(())
}
