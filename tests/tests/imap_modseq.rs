//! The modseqs that a client keeps for its state are the right ones; transcripts show only that there are some.

use harness::{Options, Outcome, Tradewind, imap};

/// The number after the last `mark` in the answer.
fn number_after(text: &str, mark: &str) -> u64 {
    let after = text.rsplit_once(mark).map(|(_, after)| after).unwrap_or_default();
    after.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).unwrap_or(0)
}

fn ask(client: &mut imap::Client, command: &str) -> Outcome<String> {
    let answer = client.ask(command)?;
    Ok(answer.text() + &answer.status)
}

/// HIGHESTMODSEQ as another connection sees it.
fn state(client: &mut imap::Client, mailbox: &str) -> Outcome<u64> {
    let state = number_after(&ask(client, &format!("STATUS {mailbox} (HIGHESTMODSEQ)"))?, "HIGHESTMODSEQ ");
    assert!(state > 0);
    Ok(state)
}

#[test]
fn the_modseq_of_a_removal_is_that_of_the_mailbox() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (mut first, mut second) = (tradewind.imap("sales")?, tradewind.imap("sales")?);
    for _ in 0..6 {
        first.append("INBOX", &[b"Subject: x\r\n\r\nx"])?.ok()?;
    }
    first.command("CREATE to")?.ok()?;
    first.command("ENABLE QRESYNC")?.ok()?;
    first.command("SELECT INBOX")?.ok()?;
    first.command("STORE 1:3 +FLAGS.SILENT (\\Deleted)")?.ok()?;
    for command in ["UID EXPUNGE 1", "EXPUNGE", "MOVE 1 to"] {
        let answer = ask(&mut first, command)?;
        assert!(answer.contains("VANISHED"), "{command}: {answer}");
        assert_eq!(number_after(&answer, "OK [HIGHESTMODSEQ "), state(&mut second, "INBOX")?, "{command}: {answer}");
    }
    Ok(())
}

/// RFC 7162 section 3.2: a client that is cut off after this must not believe that it knows what is gone.
#[test]
fn while_a_removal_is_held_back_the_state_told_is_from_before_it() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (mut first, mut second) = (tradewind.imap("sales")?, tradewind.imap("sales")?);
    for _ in 0..4 {
        first.append("INBOX", &[b"Subject: x\r\n\r\nx"])?.ok()?;
    }
    first.command("ENABLE QRESYNC")?.ok()?;
    first.command("SELECT INBOX")?.ok()?;
    second.command("SELECT INBOX")?.ok()?;
    second.command("STORE 2 +FLAGS.SILENT (\\Deleted)")?.ok()?;
    let marked = state(&mut first, "INBOX")?;
    first.command("NOOP")?.ok()?;
    second.command("EXPUNGE")?.ok()?;
    second.command("STORE 2 +FLAGS.SILENT (\\Flagged)")?.ok()?;
    let held_back = ask(&mut first, "FETCH 1 FLAGS")?;
    assert!(number_after(&held_back, "MODSEQ (") > marked, "{held_back}");
    assert_eq!(number_after(&held_back, "OK [HIGHESTMODSEQ "), marked, "{held_back}");
    let resumed = ask(&mut first, &format!("UID FETCH 1:* (FLAGS) (CHANGEDSINCE {marked} VANISHED)"))?;
    assert!(resumed.contains("VANISHED (EARLIER) 2"), "{resumed}");
    Ok(())
}
