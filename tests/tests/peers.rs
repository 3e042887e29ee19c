//! The peers themselves: each starts, answers and stops. If one of these fails, look here before at Tradewind.

use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::{
    Bind, Chance, Dovecot, DovecotOptions, Letter, Outcome, Postfix, PostfixOptions, Trust, message_id, require, run,
    smtp, wait_until,
};

const PATIENCE: Duration = Duration::from_secs(30);

fn letter(to: &str, id: &str) -> Vec<u8> {
    Letter { from: "a@partner.example", to, id, size_bytes: 4096 }.build(&mut Chance::seeded(1))
}

#[test]
fn postfix_takes_mail_into_its_maildir() -> Outcome {
    require!("postfix", "swaks");
    let postfix = Postfix::start(PostfixOptions::default())?;
    let mut swaks = Command::new("swaks");
    swaks.args(["--server", &postfix.address.to_string(), "--tls", "--from", "a@partner.example"]);
    swaks.args(["--to", "ops@peer.test", "--header", "Message-Id: <swaks-1@partner.example>"]);
    run(swaks, PATIENCE)?.success()?;
    let mail = postfix.wait_for_mail("ops", 1, PATIENCE)?;
    assert_eq!(message_id(&mail[0]).as_deref(), Some("swaks-1@partner.example"));
    assert_eq!(postfix.queued()?, 0);

    let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
    client.start_tls(&Trust::Authority(postfix.certificate.clone()))?;
    let reply = client.deliver("a@partner.example", &["nobody@peer.test"], &smtp::for_wire(b"a: b\r\n\r\n"))?;
    assert_eq!(reply.code, 550, "{reply}");

    let address = postfix.address;
    drop(postfix);
    assert!(TcpStream::connect(address).is_err());
    Ok(())
}

#[test]
fn postfix_routes_by_domain() -> Outcome {
    require!("postfix");
    let far = Postfix::start(PostfixOptions::default().domain("far.test").users(&["ops"]))?;
    let near = Postfix::start(PostfixOptions::default().route("far.test", far.address))?;
    let mut client = smtp::Client::connect(near.address, smtp::Dialect::Smtp)?;
    let body = smtp::for_wire(&letter("ops@far.test", "1@partner.example"));
    client.deliver("a@partner.example", &["ops@far.test"], &body)?.expect(250)?;
    far.wait_for_mail("ops", 1, PATIENCE)?;
    assert!(near.log()?.contains("TLS connection established to"), "{}", near.log_tail());
    Ok(())
}

#[test]
fn dovecot_takes_mail_by_lmtp_and_shows_it() -> Outcome {
    require!("dovecot-imapd", "dovecot-lmtpd");
    let dovecot = Dovecot::start(DovecotOptions::default())?;
    let mut lmtp = smtp::Client::connect(dovecot.lmtp, smtp::Dialect::Lmtp)?;
    let body = smtp::for_wire(&letter("sales@trade.test", "1@partner.example"));
    lmtp.deliver("a@partner.example", &["sales@trade.test", "ops@trade.test"], &body)?.expect(250)?;
    lmtp.quit()?;

    let mut imap = dovecot.session("sales@trade.test")?;
    let own = letter("sales@trade.test", "2@partner.example");
    imap.append("INBOX", &[&own, &own])?.ok()?;
    assert_eq!(imap.count("INBOX")?, 3);
    let selected = imap.ask("SELECT INBOX")?.ok()?;
    assert_eq!(selected.number("EXISTS"), Some(3));
    let bodies = imap.ask("FETCH 1:* (UID BODY.PEEK[])")?.ok()?;
    assert_eq!(bodies.untagged, 3);
    assert_eq!(message_id(&bodies.kept[0]).as_deref(), Some("1@partner.example"));
    assert!(bodies.kept[1].windows(own.len()).any(|window| window == own));
    imap.logout()?;

    let id = dovecot.id();
    drop(dovecot);
    assert!(!Path::new(&format!("/proc/{id}")).exists());
    Ok(())
}

#[test]
fn postfix_hands_over_to_dovecot() -> Outcome {
    require!("postfix", "dovecot-imapd", "dovecot-lmtpd");
    let dovecot = Dovecot::start(DovecotOptions::default().mail_fsync("always"))?;
    let postfix = Postfix::start(PostfixOptions::default().hand_over_by_lmtp(dovecot.lmtp))?;
    let mut client = smtp::Client::connect(postfix.address, smtp::Dialect::Smtp)?;
    let body = smtp::for_wire(&letter("ops@peer.test", "1@partner.example"));
    client.deliver("a@partner.example", &["ops@peer.test"], &body)?.expect(250)?;
    let mut imap = dovecot.session("ops@peer.test")?;
    wait_until("the message", PATIENCE, || Ok((imap.count("INBOX")? == 1).then_some(())))
}

#[test]
fn bind_answers_for_its_zones() -> Outcome {
    require!("bind9", "bind9-dnsutils");
    let bind = Bind::start(&[("peer.test", "@ MX 10 mx\nmx A 127.0.0.1\n@ TXT \"v=spf1 mx -all\"")])?;
    let mut dig = Command::new("dig");
    dig.args(["+short", "@127.0.0.1", "-p", &bind.address.port().to_string(), "peer.test", "MX"]);
    assert_eq!(run(dig, PATIENCE)?.success()?.stdout, "10 mx.peer.test.\n");
    Ok(())
}
