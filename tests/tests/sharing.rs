//! Shared mailboxes and delegation: IMAP by two sign-ins, submission by swaks.

use std::process::Command;
use std::time::Duration;

use harness::smtp::for_wire;
use harness::{Finished, Options, Outcome, Tradewind, require, run, wait_until};

const PATIENCE: Duration = Duration::from_secs(60);

fn command(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<String> {
    Ok(tradewind.command(arguments)?.success()?.stdout)
}

fn arrive(tradewind: &Tradewind, to: &str) -> Outcome {
    let letter = format!(
        "From: <buyer@far.example>\r\nTo: <{to}>\r\nSubject: order\r\nMessage-ID: <order.{to}>\r\n\
         Date: Tue, 24 Nov 2026 09:30:00 +0000\r\n\r\nTen pieces.\r\n"
    );
    tradewind.smtp()?.deliver("buyer@far.example", &[to], &for_wire(letter.as_bytes()))?.expect(250)?;
    Ok(())
}

#[test]
fn a_shared_mailbox_opens_with_ones_own_sign_in() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    let (sales, finance) = (tradewind.account("sales")?.address, tradewind.account("finance")?.address);
    command(&tradewind, &["shared", "add", "office@trade.test", "--name", "Office"])?;
    command(&tradewind, &["shared", "permit", "office@trade.test", &sales, "write"])?;
    command(&tradewind, &["shared", "permit", "office@trade.test", &finance, "read"])?;
    arrive(&tradewind, "office@trade.test")?;
    let mailbox = "Shared/office@trade.test/INBOX";
    tradewind.access("finance")?.python("imaplib_delegate.py", &[mailbox, "read"], PATIENCE)?;
    tradewind.access("sales")?.python("imaplib_delegate.py", &[mailbox, "write"], PATIENCE)?;
    // Nobody else sees that it exists, the administrator included, and nobody signs in as it.
    for role in ["manager", "admin"] {
        let mut session = tradewind.imap(role)?;
        let refused = session.command(&format!("SELECT \"{mailbox}\""))?;
        assert!(refused.status.starts_with("NO [NONEXISTENT]"), "{role}: {}", refused.status);
        assert!(!session.ask("LIST \"\" *")?.ok()?.text().contains("Shared"), "{role}");
    }
    let password = tradewind.command(&["user", "password", "office@trade.test"])?;
    assert!(!password.status.success() && password.stderr.contains("nobody signs in"), "{}", password.stderr);
    // One set of flags for all.
    let mut session = tradewind.imap("finance")?;
    session.command(&format!("EXAMINE \"{mailbox}\""))?.ok()?;
    let flags = session.ask("FETCH 1 FLAGS")?.ok()?.text();
    assert!(flags.contains("\\Seen") && flags.contains("$Important"), "{flags}");
    let sound = command(&tradewind, &["--json", "store", "check", "--deep"])?;
    assert!(sound.contains("\"sound\":true"), "{sound}");
    Ok(())
}

#[test]
fn what_is_taken_back_ends_at_once_also_for_those_who_read() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (sales, finance) = (tradewind.account("sales")?.address, tradewind.account("finance")?.address);
    arrive(&tradewind, &sales)?;
    command(&tradewind, &["delegation", "add", &sales, &finance, "write", "--mailbox", "INBOX"])?;
    let mailbox = format!("Other Users/{sales}/INBOX");
    let mut session = tradewind.imap("finance")?;
    let selected = session.ask(&format!("SELECT \"{mailbox}\""))?.ok()?;
    assert!(selected.status.contains("READ-WRITE"), "{}", selected.status);
    let listed = session.ask("LIST \"\" *")?.ok()?.text();
    assert!(listed.contains(&mailbox) && !listed.contains(&format!("{sales}/Sent")), "only that one: {listed}");
    let other = session.command(&format!("STATUS \"Other Users/{sales}/Sent\" (MESSAGES)"))?;
    assert!(other.status.starts_with("NO [NONEXISTENT]"), "{}", other.status);
    for refused in ["CREATE", "DELETE"] {
        let answer = session.command(&format!("{refused} \"Other Users/{sales}/Orders\""))?;
        assert!(answer.status.starts_with("NO"), "{refused}: {}", answer.status);
    }
    assert!(session.command("CREATE Shared/mine")?.status.starts_with("NO [CANNOT]"));
    session.command("STORE 1 +FLAGS (\\Flagged)")?.ok()?;
    // Less is left: only reading.
    command(&tradewind, &["delegation", "remove", &sales, &finance, "write"])?;
    command(&tradewind, &["delegation", "add", &sales, &finance, "read", "--mailbox", "INBOX"])?;
    let refused = session.command("STORE 1 +FLAGS (\\Deleted)")?;
    assert!(refused.status.starts_with("NO [NOPERM]"), "{}", refused.status);
    session.command("FETCH 1 BODY.PEEK[]")?.ok()?;
    // Nothing is left, and an idling session is told within a second.
    session.stream.send(b"i1 IDLE\r\n")?;
    while !session.stream.line()?.starts_with(b"+") {}
    let before = std::time::Instant::now();
    command(&tradewind, &["delegation", "remove", &sales, &finance])?;
    while !session.stream.line()?.ends_with(b"EXPUNGE\r\n") {}
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    session.stream.send(b"DONE\r\n")?;
    while !session.stream.line()?.starts_with(b"i1 ") {}
    let refused = session.command("FETCH 1 BODY.PEEK[]")?;
    assert!(!refused.status.starts_with("OK"), "{}", refused.status);
    let refused = session.command(&format!("SELECT \"{mailbox}\""))?;
    assert!(refused.status.starts_with("NO [NONEXISTENT]"), "{}", refused.status);
    Ok(())
}

#[test]
fn owners_give_rights_over_imap() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (sales, finance) = (tradewind.account("sales")?.address, tradewind.account("finance")?.address);
    arrive(&tradewind, &sales)?;
    let (mut owner, mut delegate) = (tradewind.imap("sales")?, tradewind.imap("finance")?);
    let mailbox = format!("\"Other Users/{sales}/INBOX\"");
    assert!(delegate.command(&format!("SELECT {mailbox}"))?.status.starts_with("NO"));
    owner.command(&format!("SETACL INBOX {finance} lr"))?.ok()?;
    let acl = owner.ask("GETACL INBOX")?.ok()?.text();
    assert!(acl.contains(&finance) && acl.contains("lr"), "{acl}");
    let listed = owner.ask(&format!("LISTRIGHTS INBOX {finance}"))?.ok()?.text();
    assert!(listed.contains("\"\"") && listed.contains("lr") && listed.contains("swite"), "{listed}");
    assert!(delegate.ask(&format!("SELECT {mailbox}"))?.ok()?.status.contains("READ-ONLY"));
    owner.command(&format!("SETACL INBOX {finance} +swite"))?.ok()?;
    assert!(delegate.ask(&format!("SELECT {mailbox}"))?.ok()?.status.contains("READ-WRITE"));
    for refused in [format!("GETACL {mailbox}"), format!("SETACL {mailbox} {finance} lrswite")] {
        let answer = delegate.command(&refused)?;
        assert!(answer.status.starts_with("NO [NOPERM]"), "{refused}: {}", answer.status);
    }
    owner.command(&format!("DELETEACL INBOX {finance}"))?.ok()?;
    assert!(delegate.command(&format!("SELECT {mailbox}"))?.status.starts_with("NO"));
    assert!(owner.command("SETACL INBOX nobody@trade.test lr")?.status.starts_with("NO"));
    assert!(owner.command(&format!("SETACL INBOX {finance} z"))?.status.starts_with("BAD"), "an unknown right");
    Ok(())
}

/// Runs swaks on the submission service as the sales account.
fn swaks(tradewind: &Tradewind, from: &str, header: &[&str]) -> Outcome<Finished> {
    let access = tradewind.access("sales")?;
    let mut command = Command::new("swaks");
    command.args(["--server", "localhost", "--port", &tradewind.listen("submissions")?.port().to_string()]);
    command.arg("--tls-ca-path").arg(tradewind.ca()?).args(["--tls-verify", "--tls-on-connect", "--timeout", "20"]);
    command.args(["--auth", "PLAIN", "--auth-user", &access.user, "--auth-password", &access.password]);
    command.args(["--from", from, "--to", &tradewind.account("manager")?.address]);
    for field in header {
        command.args(["--header", field]);
    }
    run(command, PATIENCE)
}

#[test]
fn in_anothers_name_only_by_permission() -> Outcome {
    require!("swaks", "libnet-ssleay-perl", "libauthen-sasl-perl");
    let tradewind = Tradewind::start(Options::default())?;
    let (sales, finance) = (tradewind.account("sales")?.address, tradewind.account("finance")?.address);
    let (from_finance, from_sales) = (format!("From: <{finance}>"), format!("From: <{sales}>"));
    let as_finance = |tradewind: &Tradewind| swaks(tradewind, &finance, &[&from_finance]);
    let refused = as_finance(&tradewind)?;
    assert!(!refused.status.success() && refused.stdout.contains("5.7.1"), "{}", refused.stdout);
    command(&tradewind, &["delegation", "add", &finance, &sales, "send-on-behalf"])?;
    // On behalf of: the one who sends is named in Sender, by us if not by the client.
    as_finance(&tradewind)?.success()?;
    swaks(&tradewind, &sales, &[&from_finance, &format!("Sender: <{sales}>")])?.success()?;
    for sender in [format!("Sender: <{finance}>"), "Sender: <boss@trade.test>".to_owned()] {
        let refused = swaks(&tradewind, &sales, &[&from_finance, &sender])?;
        assert!(!refused.status.success() && refused.stdout.contains("5.7.1"), "{sender}: {}", refused.stdout);
    }
    let mut session = tradewind.imap("manager")?;
    wait_until("both", PATIENCE, || Ok((session.count("INBOX")? == 2).then_some(())))?;
    session.command("EXAMINE INBOX")?.ok()?;
    let fields = session.ask("FETCH 1:* BODY.PEEK[HEADER.FIELDS (FROM SENDER)]")?.ok()?.text();
    assert_eq!(
        fields.matches(&format!("Sender: <{sales}>")).count() + fields.matches(&format!("Sender: {sales}")).count(),
        2,
        "{fields}"
    );
    // Send-as: nothing shows it.
    command(&tradewind, &["delegation", "add", &finance, &sales, "send-as"])?;
    as_finance(&tradewind)?.success()?;
    wait_until("the third", PATIENCE, || Ok((session.count("INBOX")? == 3).then_some(())))?;
    session.command("NOOP")?.ok()?;
    let fields = session.ask("FETCH 3 BODY.PEEK[HEADER.FIELDS (FROM SENDER)]")?.ok()?.text();
    assert!(!fields.contains("Sender:"), "{fields}");
    command(&tradewind, &["delegation", "remove", &finance, &sales])?;
    assert!(!as_finance(&tradewind)?.status.success());
    swaks(&tradewind, &sales, &[&from_sales])?.success()?;
    Ok(())
}
