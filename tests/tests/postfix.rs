//! Debian's Postfix delivers to Tradewind and gets mail from it.

use std::time::Duration;

use harness::{
    Chance, Letter, Options, Outcome, Postfix, PostfixOptions, Tradewind, Trust, imap, message_id, require, smtp,
    wait_until,
};

const PATIENCE: Duration = Duration::from_secs(20);
/// Attachment of the large message, in bytes before base64.
const ATTACHMENT_BYTES: usize = 25 << 20;

/// A Postfix for `peer.test` and a Tradewind for `trade.test` that know the way to each other.
fn pair() -> Outcome<(Tradewind, Postfix)> {
    // Tradewind's port is known only once it runs, Postfix's once it is started: a first one holds the port.
    let postfix = Postfix::start(PostfixOptions::default().set("maximal_backoff_time", "300s"))?;
    let tradewind = Tradewind::start(Options::default().route("peer.test", postfix.address))?;
    postfix.add_route("trade.test", tradewind.listen("smtp")?)?;
    Ok((tradewind, postfix))
}

/// A letter from the domain that its identifier names: authors must be the submitter's own addresses.
fn letter(to: &str, id: &str, size_bytes: usize) -> Vec<u8> {
    let from = if id.ends_with("@trade.test") { "sales@trade.test" } else { "a@peer.test" };
    Letter { from, to, id, size_bytes }.build(&mut Chance::seeded(5))
}

/// A message with a binary attachment in base64 lines of 76.
fn with_attachment(from: &str, to: &str, id: &str, bytes: usize) -> Vec<u8> {
    let mut chance = Chance::seeded(9);
    let mut message = format!(
        "From: <{from}>\r\nTo: <{to}>\r\nSubject: drawings\r\nMessage-ID: <{id}>\r\nDate: Tue, 24 Nov 2026 09:30:00 +0000\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=limit\r\n\r\n\
         --limit\r\nContent-Type: text/plain\r\n\r\nDrawings attached.\r\n\
         --limit\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment; filename=drawings.zip\r\n\r\n"
    )
    .into_bytes();
    for _ in 0..bytes.div_ceil(57) {
        let line: Vec<u8> = (0..8).flat_map(|_| chance.bits().to_be_bytes()).take(57).collect();
        message.extend_from_slice(smtp::base64(&line).as_bytes());
        message.extend_from_slice(b"\r\n");
    }
    message.extend_from_slice(b"--limit--\r\n");
    message
}

fn hand_to_postfix(postfix: &Postfix, to: &str, message: &[u8]) -> Outcome {
    let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
    client.deliver("ops@peer.test", &[to], &smtp::for_wire(message))?.expect(250)?;
    client.quit()
}

fn hand_to_tradewind(tradewind: &Tradewind, to: &str, message: &[u8]) -> Outcome {
    let mut client = tradewind.submission("sales")?;
    let from = tradewind.account("sales")?.address;
    client.deliver(&from, &[to], &smtp::for_wire(message))?.expect(250)?;
    client.quit()
}

/// Waits for the message `id` in INBOX and gives it whole.
fn wait_in_inbox(session: &mut imap::Client, id: &str) -> Outcome<Vec<u8>> {
    wait_until(&format!("{id} in INBOX"), PATIENCE, || {
        session.command("SELECT INBOX")?.ok()?;
        let found = session.ask(&format!("SEARCH HEADER Message-ID {}", imap::quoted(id)))?.ok()?.text();
        let number = found.trim().strip_prefix("* SEARCH ").and_then(|numbers| numbers.parse::<u32>().ok());
        let Some(number) = number else { return Ok(None) };
        Ok(session
            .ask(&format!("FETCH {number} BODY.PEEK[]"))?
            .ok()?
            .kept
            .into_iter()
            .rfind(|it| memchr::memmem::find(it, b" FETCH ").is_some()))
    })
}

fn holds(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}

#[test]
fn postfix_delivers_to_us_with_starttls() -> Outcome {
    require!("postfix");
    let (tradewind, postfix) = pair()?;
    let sales = tradewind.account("sales")?.address;
    let message = letter(&sales, "in-1@peer.test", 10_240);
    hand_to_postfix(&postfix, &sales, &message)?;
    let received = wait_in_inbox(&mut tradewind.imap("sales")?, "in-1@peer.test")?;
    // Postfix adds its own Received field above; all that it was given follows.
    assert!(holds(&received, &message), "the message was changed");
    assert!(holds(&received, b"with ESMTPS"), "no TLS in our Received field");
    // The message is in the mailbox before Postfix has heard our answer and noted it.
    let log = wait_until("the note of the delivery", PATIENCE, || {
        Ok(Some(postfix.log()?).filter(|log| log.contains("status=sent")))
    })?;
    assert!(log.contains("TLS connection established to"), "{log}");
    Ok(())
}

#[test]
fn postfix_gets_mail_from_us_with_starttls() -> Outcome {
    require!("postfix");
    let (tradewind, postfix) = pair()?;
    hand_to_tradewind(&tradewind, "ops@peer.test", &letter("ops@peer.test", "out-1@trade.test", 10_240))?;
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    assert_eq!(message_id(&mail[0]).as_deref(), Some("out-1@trade.test"));
    assert!(holds(&mail[0], b"using TLSv1.3"), "{}", String::from_utf8_lossy(&mail[0][..2000]));
    Ok(())
}

#[test]
fn large_attachments_pass_both_ways() -> Outcome {
    require!("postfix");
    let (tradewind, postfix) = pair()?;
    let sales = tradewind.account("sales")?.address;
    let inward = with_attachment("ops@peer.test", &sales, "in-large@peer.test", ATTACHMENT_BYTES);
    hand_to_postfix(&postfix, &sales, &inward)?;
    let received = wait_in_inbox(&mut tradewind.imap("sales")?, "in-large@peer.test")?;
    assert!(received.windows(inward.len()).next_back().is_some() && ends_with_message(&received, &inward));

    let outward = with_attachment(&sales, "ops@peer.test", "out-large@trade.test", ATTACHMENT_BYTES);
    hand_to_tradewind(&tradewind, "ops@peer.test", &outward)?;
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    let unix: Vec<u8> = outward.into_iter().filter(|&byte| byte != b'\r').collect();
    assert!(mail[0].ends_with(&unix), "the large message was changed on its way out");
    Ok(())
}

/// Whether a FETCH response carries a literal that ends with `message`.
fn ends_with_message(response: &[u8], message: &[u8]) -> bool {
    response.strip_suffix(b")\r\n").is_some_and(|literal| literal.ends_with(message))
}

#[test]
fn addresses_may_be_in_any_script() -> Outcome {
    require!("postfix");
    let (tradewind, postfix) = pair()?;
    // Out: to a recipient of Postfix; SMTPUTF8 must be asked for (RFC 6531 section 3.4).
    let sales = tradewind.account("sales")?.address;
    let mut client = tradewind.submission("sales")?;
    client.command(&format!("MAIL FROM:<{sales}> SMTPUTF8"))?.expect(250)?;
    client.command("RCPT TO:<订单@peer.test>")?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    client.stream.send(&smtp::for_wire(&letter("订单@peer.test", "out-utf8@trade.test", 2048)))?;
    client.reply()?.expect(250)?;
    let mail = postfix.wait_for_mail("订单", 1, PATIENCE)?;
    assert_eq!(message_id(&mail[0]).as_deref(), Some("out-utf8@trade.test"));

    // In: to an address of ours in another script.
    tradewind.command(&["user", "alias-add", &sales, "销售@trade.test"])?.success()?;
    let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
    client.command("MAIL FROM:<ops@peer.test> SMTPUTF8")?.expect(250)?;
    client.command("RCPT TO:<销售@trade.test>")?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    client.stream.send(&smtp::for_wire(&letter("销售@trade.test", "in-utf8@peer.test", 2048)))?;
    client.reply()?.expect(250)?;
    wait_in_inbox(&mut tradewind.imap("sales")?, "in-utf8@peer.test")
        .map(drop)
        .map_err(|failure| failure.during(&postfix.log_tail()))
}

#[test]
fn bad_recipients_are_told_to_the_sender_in_both_languages() -> Outcome {
    require!("postfix");
    let (tradewind, postfix) = pair()?;
    // Ours refused by Postfix: we write the notification (RFC 3464).
    hand_to_tradewind(&tradewind, "nobody@peer.test", &letter("nobody@peer.test", "out-bad@trade.test", 2048))?;
    let mut session = tradewind.imap("sales")?;
    let report = wait_until("the delivery status notification", PATIENCE, || {
        session.command("SELECT INBOX")?.ok()?;
        Ok(session
            .ask("UID FETCH 1:* BODY.PEEK[]")?
            .ok()?
            .kept
            .into_iter()
            .rfind(|it| memchr::memmem::find(it, b" FETCH ").is_some()))
    })?;
    let report = String::from_utf8_lossy(&report);
    for part in
        ["report-type=delivery-status", "Action: failed", "Status: 5.1.1", "nobody@peer.test", "out-bad@trade.test"]
    {
        assert!(report.contains(part), "no {part} in\n{report}");
    }

    // Postfix's refused by us: at RCPT, so Postfix writes its own to its sender.
    hand_to_postfix(&postfix, "nobody@trade.test", &letter("nobody@trade.test", "in-bad@peer.test", 2048))?;
    let bounce = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    let bounce = String::from_utf8_lossy(&bounce[0]);
    assert!(bounce.contains("550") && bounce.contains("5.1.1"), "{bounce}");
    Ok(())
}

#[test]
fn success_is_reported_where_asked_for() -> Outcome {
    require!("postfix");
    let (tradewind, postfix) = pair()?;
    let sales = tradewind.account("sales")?.address;
    // RFC 3461: Postfix offers DSN, so it is told and reports "delivered" itself, back through us.
    let mut client = tradewind.submission("sales")?;
    client.command(&format!("MAIL FROM:<{sales}> RET=HDRS ENVID=order-77"))?.expect(250)?;
    client.command("RCPT TO:<ops@peer.test> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;ops@peer.test")?.expect(250)?;
    client.command("DATA")?.expect(354)?;
    client.stream.send(&smtp::for_wire(&letter("ops@peer.test", "out-dsn@trade.test", 2048)))?;
    client.reply()?.expect(250)?;
    postfix.wait_for_mail("ops", 1, PATIENCE)?;
    let mut session = tradewind.imap("sales")?;
    let report = wait_until("the report", PATIENCE, || {
        session.command("SELECT INBOX")?.ok()?;
        Ok(session
            .ask("UID FETCH 1:* BODY.PEEK[]")?
            .ok()?
            .kept
            .into_iter()
            .rfind(|it| memchr::memmem::find(it, b" FETCH ").is_some()))
    })?;
    let report = String::from_utf8_lossy(&report);
    for part in ["Action: delivered", "Original-Envelope-Id: order-77"] {
        assert!(report.contains(part), "no {part} in\n{report}");
    }
    Ok(())
}

#[test]
fn a_dead_destination_does_not_hold_up_another() -> Outcome {
    require!("postfix");
    let postfix = Postfix::start(PostfixOptions::default())?;
    // A server that takes connections and never says a word.
    let silent = std::net::TcpListener::bind("127.0.0.1:0")?;
    let options = Options::default().set(
        "delivery",
        "route",
        &format!(
            "[{{ recipients = [\"peer.test\"], relay = \"{}\" }}, {{ recipients = [\"dead.test\"], relay = \"{}\" }}]",
            postfix.address,
            silent.local_addr()?
        ),
    );
    let tradewind = Tradewind::start(options)?;
    let mut client = tradewind.submission("sales")?;
    let from = tradewind.account("sales")?.address;
    for number in 0..300 {
        let id = format!("dead-{number}@trade.test");
        let wire = smtp::for_wire(&letter("x@dead.test", &id, 2048));
        client.deliver(&from, &["x@dead.test"], &wire)?.expect(250)?;
    }
    hand_to_tradewind(&tradewind, "ops@peer.test", &letter("ops@peer.test", "alive@trade.test", 2048))?;
    postfix.wait_for_mail("ops", 1, Duration::from_secs(10))?;
    Ok(())
}

#[test]
fn the_certificate_is_the_authoritys() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let mut client = tradewind.smtp()?;
    client.start_tls(&Trust::Authority(tradewind.ca()?))?;
    client.quit()
}
