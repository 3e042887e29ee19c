use env::Timestamp;
use proptest::prelude::*;

use super::address::{Mailbox, PathError, ReversePath};
use super::command::{Command, CommandError};
use super::params::{AuthParam, BodyKind, Hold, MailParams, Notify, RcptParams, Ret};

fn parse(line: &str) -> Result<Command, CommandError> {
    Command::parse(line.as_bytes())
}

fn mail(line: &str) -> Result<MailParams, CommandError> {
    match parse(&format!("MAIL FROM:<a@b.example>{line}"))? {
        Command::Mail { params, .. } => Ok(params),
        other => panic!("{other:?}"),
    }
}

fn rcpt(line: &str) -> Result<RcptParams, CommandError> {
    match parse(&format!("RCPT TO:<a@b.example>{line}"))? {
        Command::Rcpt { params, .. } => Ok(params),
        other => panic!("{other:?}"),
    }
}

#[test]
fn simple_commands() {
    for (line, wanted) in [
        ("DATA", Command::Data),
        ("data  \t", Command::Data),
        ("RSET", Command::Rset),
        ("NOOP", Command::Noop),
        ("NOOP some words", Command::Noop),
        ("Quit", Command::Quit),
        ("HELP", Command::Help),
        ("HELP MAIL", Command::Help),
        ("VRFY ada", Command::Vrfy("ada".to_owned())),
        ("EXPN list", Command::Expn("list".to_owned())),
        ("StartTLS", Command::StartTls),
        ("EHLO mail.example", Command::Ehlo("mail.example".to_owned())),
        ("HELO [192.0.2.1]", Command::Helo("[192.0.2.1]".to_owned())),
        ("EHLO MY_PC", Command::Ehlo("MY_PC".to_owned())),
        ("BDAT 10", Command::Bdat { size: 10, last: false }),
        ("bdat 0 last", Command::Bdat { size: 0, last: true }),
        ("BDAT 99999999999999999999", Command::Bdat { size: u64::MAX, last: false }),
        ("AUTH PLAIN", Command::Auth { mechanism: "PLAIN".to_owned(), initial: None }),
        ("auth plain =", Command::Auth { mechanism: "plain".to_owned(), initial: Some("=".to_owned()) }),
    ] {
        assert_eq!(parse(line), Ok(wanted), "{line}");
    }
}

#[test]
fn malformed_commands() {
    let usage = |text| CommandError::Usage(text);
    for (line, wanted) in [
        ("", CommandError::Unrecognized),
        (" DATA", CommandError::Unrecognized),
        ("FROB", CommandError::Unrecognized),
        ("DATALONGVERB", CommandError::Unrecognized),
        ("DATA now", usage("DATA")),
        ("QUIT now", usage("QUIT")),
        ("RSET now", usage("RSET")),
        ("STARTTLS now", usage("STARTTLS")),
        ("EHLO", usage("EHLO domain")),
        ("EHLO a b", usage("EHLO domain")),
        ("EHLO -a", usage("EHLO domain")),
        ("HELO [1.2.3]", usage("HELO domain")),
        ("VRFY", usage("VRFY address")),
        ("EXPN", usage("EXPN list")),
        ("AUTH", usage("AUTH mechanism [initial-response]")),
        ("AUTH PL@IN", usage("AUTH mechanism [initial-response]")),
        ("AUTH PLAIN a b", usage("AUTH mechanism [initial-response]")),
        ("BDAT", CommandError::ChunkSize),
        ("BDAT x", CommandError::ChunkSize),
        ("BDAT -1", CommandError::ChunkSize),
        ("BDAT 1 MORE", CommandError::ChunkSize),
        ("BDAT 999999999999999999999", CommandError::ChunkSize),
        ("MAIL", usage("MAIL FROM:<address> [parameters]")),
        ("MAIL <a@b>", usage("MAIL FROM:<address> [parameters]")),
        ("MAIL FROM <a@b>", usage("MAIL FROM:<address> [parameters]")),
        ("MAIL FROM :<a@b>", usage("MAIL FROM:<address> [parameters]")),
        ("MAIL FROM: <a@b>", CommandError::Sender(PathError::Brackets)),
        ("MAIL FROM:a@b", CommandError::Sender(PathError::Brackets)),
        ("MAIL FROM:<a@b>SIZE=1", CommandError::Sender(PathError::Brackets)),
        ("RCPT", usage("RCPT TO:<address> [parameters]")),
        ("RCPT TO:", CommandError::Recipient(PathError::Brackets)),
        ("RCPT TO:<>", CommandError::Recipient(PathError::Local)),
        ("NOOP \u{fc}", CommandError::NotAscii),
        ("EHLO \u{fc}.example", usage("EHLO domain")),
        ("DATA\r", CommandError::ControlCharacter),
        ("DA\0TA", CommandError::ControlCharacter),
    ] {
        assert_eq!(parse(line), Err(wanted), "{line:?}");
    }
    assert_eq!(Command::parse(b"NOOP \xff"), Err(CommandError::NotAscii));
}

#[test]
fn mail_parameters() {
    let all = mail(
        " SIZE=1000 BODY=8bitmime SMTPUTF8 RET=HDRS ENVID=QQ+2B314 AUTH=e+3Dmc2@example.com REQUIRETLS HOLDFOR=60",
    )
    .unwrap();
    assert_eq!(all.size, Some(1000));
    assert_eq!(all.body, Some(BodyKind::EightBitMime));
    assert!(all.smtputf8 && all.require_tls);
    assert_eq!(all.ret, Some(Ret::Headers));
    assert_eq!(all.envid.as_deref(), Some("QQ+314"));
    let sender = Mailbox { local: "e=mc2".to_owned(), domain: "example.com".to_owned() };
    assert_eq!(all.auth, Some(AuthParam::Mailbox(sender)));
    assert_eq!(all.hold, Some(Hold::ForSeconds(60)));
    assert_eq!(mail(" AUTH=<>").unwrap().auth, Some(AuthParam::Unknown));
    let until = mail(" HOLDUNTIL=2026-11-24T16:33:00Z").unwrap().hold;
    assert_eq!(until, Some(Hold::Until(Timestamp::from_seconds(1_795_537_980))));
    assert_eq!(mail(" size=99999999999999999999").unwrap().size, Some(u64::MAX));
}

#[test]
fn bad_mail_parameters() {
    let bad = CommandError::BadParameter;
    for (text, wanted) in [
        (" SIZE", bad("SIZE")),
        (" SIZE=", bad("SIZE")),
        (" SIZE=x", bad("SIZE")),
        (" SIZE=-1", bad("SIZE")),
        (" SIZE=1 SIZE=2", CommandError::RepeatedParameter("SIZE")),
        (" BODY=9BIT", bad("BODY")),
        (" SMTPUTF8=1", bad("SMTPUTF8")),
        (" SMTPUTF8 SMTPUTF8", CommandError::RepeatedParameter("SMTPUTF8")),
        (" RET=SOME", bad("RET")),
        (" ENVID=a=b", bad("ENVID")),
        (" ENVID=+0A", bad("ENVID")),
        (" ENVID=", bad("ENVID")),
        (" AUTH=x", bad("AUTH")),
        (" REQUIRETLS=YES", bad("REQUIRETLS")),
        (" HOLDFOR=0", bad("HOLDFOR")),
        (" HOLDFOR=1234567890", bad("HOLDFOR")),
        (" HOLDFOR=1 HOLDUNTIL=2026-11-24T16:33:00Z", CommandError::RepeatedParameter("HOLDUNTIL")),
        (" HOLDUNTIL=2026-02-30T16:33:00Z", bad("HOLDUNTIL")),
        (" HOLDUNTIL=2026-11-24T16:33:00+01:00", bad("HOLDUNTIL")),
        (" FROB=1", CommandError::UnknownParameter("FROB".to_owned())),
        ("  SIZE=1", CommandError::UnknownParameter(String::new())),
    ] {
        assert_eq!(mail(text), Err(wanted), "{text}");
    }
}

#[test]
fn rcpt_parameters() {
    let params = rcpt(" NOTIFY=success,DELAY ORCPT=rfc822;Bob+2Bx@x.example").unwrap();
    assert_eq!(params.notify, Some(Notify { success: true, failure: false, delay: true }));
    let original = params.original.unwrap();
    assert_eq!(original.address, "Bob+x@x.example");
    assert_eq!(original.to_string(), "rfc822;Bob+2Bx@x.example");
    let never = rcpt(" NOTIFY=NEVER").unwrap().notify.unwrap();
    assert_eq!(never, Notify::default());
    assert_eq!(never.to_string(), "NEVER");
    let utf8 = rcpt(" ORCPT=utf-8;\\x{7528}@x.example").unwrap().original.unwrap();
    assert_eq!(utf8.address, "\u{7528}@x.example");
    // Postfix sends UTF-8 under rfc822.
    assert_eq!(rcpt(" ORCPT=rfc822;+C3+BC").unwrap().original.unwrap().address, "\u{fc}");
    for (text, wanted) in [
        (" NOTIFY=", "NOTIFY"),
        (" NOTIFY=NEVER,SUCCESS", "NOTIFY"),
        (" NOTIFY=ALL", "NOTIFY"),
        (" ORCPT=x", "ORCPT"),
        (" ORCPT=;x", "ORCPT"),
        (" ORCPT=rfc822;", "ORCPT"),
        (" ORCPT=rfc822;+0D+0A", "ORCPT"),
    ] {
        assert_eq!(rcpt(text), Err(CommandError::BadParameter(wanted)), "{text}");
    }
}

#[test]
fn replies_name_what_is_wrong() {
    let reply = |line| parse(line).unwrap_err().reply().to_string();
    assert_eq!(reply("FROB"), "500 5.5.1 Unrecognized command");
    assert_eq!(reply("EHLO"), "501 5.5.4 Syntax error; usage: EHLO domain");
    assert_eq!(reply("MAIL FROM:<a>"), "501 5.1.7 Bad sender address: malformed or missing domain");
    assert_eq!(reply("RCPT TO:<a@b> X=1"), "555 5.5.4 Parameter X is not recognized");
}

#[test]
fn null_path_and_routes() {
    let Ok(Command::Mail { from, .. }) = parse("MAIL FROM:<>") else { panic!() };
    assert_eq!(from, ReversePath::Null);
    let Ok(Command::Rcpt { to, .. }) = parse("RCPT TO:<@r.example:a@b.example>") else { panic!() };
    assert_eq!(to.to_string(), "<a@b.example>");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Command::parse(&line);
    }

    #[test]
    fn any_words_are_read_or_refused(
        verb in "(MAIL FROM:|RCPT TO:|BDAT |AUTH |EHLO )", rest in "[<>@a-z0-9.:\\[\\]\" =;+-]{0,40}"
    ) {
        let _ = parse(&format!("{verb}{rest}"));
    }
}
