use super::*;
use crate::smtp::Notify;

fn config() -> ClientConfig {
    ClientConfig { hello: "us.example".to_owned(), starttls: false, credentials: None }
}

fn transaction(recipients: &[&str]) -> Transaction {
    let recipients = recipients.iter().map(|to| Recipient { to: (*to).to_owned(), ..Recipient::default() });
    Transaction {
        from: "a@us.example".to_owned(),
        size: 10,
        recipients: recipients.collect(),
        ..Transaction::default()
    }
}

/// Plays a dialog: `>` lines are what the client must have said, `<` lines are what the server says.
fn play(session: &mut Session, script: &str, body: &[u8]) -> Option<TransactionOutcome> {
    let mut done = None;
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.split_at(2) {
            ("< ", said) => {
                session.feed(said.as_bytes());
                session.feed(b"\r\n");
            }
            ("> ", expected) => {
                loop {
                    match session.next_step() {
                        Step::SendBody => {
                            let (mut filter, mut out) = (Body::default(), Vec::new());
                            filter.push(body, &mut out);
                            filter.finish(&mut out);
                            session.end_body();
                            session.output.extend(out);
                        }
                        Step::Done(outcome) => {
                            done = Some(outcome);
                            continue;
                        }
                        _ => break,
                    }
                }
                let said = String::from_utf8(session.take_output()).unwrap();
                assert_eq!(said.replace("\r\n", "|").trim_end_matches('|'), expected, "{script}");
            }
            other => panic!("{other:?}"),
        }
    }
    while let Step::Done(outcome) = session.next_step() {
        done = Some(outcome);
    }
    done
}

#[test]
fn pipelined_with_a_refused_recipient() {
    let mut session = Session::new(config(), None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 250-them\n < 250-PIPELINING\n < 250 SIZE 100", b"");
    assert!(matches!(session.next_step(), Step::Ready));
    session.begin(transaction(&["x@them.example", "y@them.example"]));
    let outcome = play(
        &mut session,
        "> MAIL FROM:<a@us.example> SIZE=10|RCPT TO:<x@them.example>|RCPT TO:<y@them.example>|DATA
         < 250 ok
         < 550 5.1.1 no such user
         < 250 ok
         < 354 go
         > a|..b|.
         < 250 2.0.0 taken",
        b"a\r\n.b",
    )
    .unwrap();
    assert_eq!(outcome.recipients[0].to_string(), "550 5.1.1 no such user");
    assert!(outcome.recipients[1].is_positive());
    assert!(matches!(session.next_step(), Step::Ready), "the connection can be used again");
}

#[test]
fn one_command_at_a_time_without_pipelining_and_reset_if_nobody_is_taken() {
    let mut session = Session::new(config(), None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 500 what\n > HELO us.example\n < 250 them", b"");
    session.begin(transaction(&["x@them.example"]));
    let outcome = play(
        &mut session,
        "> MAIL FROM:<a@us.example>
         < 250 ok
         > RCPT TO:<x@them.example>
         < 450 4.2.1 busy
         > RSET
         < 250 ok",
        b"",
    )
    .unwrap();
    assert_eq!(outcome.recipients[0].code, 450);
}

#[test]
fn data_taken_without_recipients_sends_an_empty_message() {
    let mut session = Session::new(config(), None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 250-them\n < 250 PIPELINING", b"");
    session.begin(transaction(&["x@them.example"]));
    let script = "> MAIL FROM:<a@us.example>|RCPT TO:<x@them.example>|DATA\n < 250 ok\n < 550 no\n < 354 go\n > .\n < 554 no recipients";
    assert_eq!(play(&mut session, script, b"").unwrap().recipients[0].code, 550);
}

#[test]
fn what_the_server_cannot_take_is_not_sent() {
    for (change, status) in [
        (Transaction { utf8: true, ..transaction(&["x@y"]) }, "5.6.7"),
        (Transaction { size: 101, ..transaction(&["x@y"]) }, "5.3.4"),
        (Transaction { require_tls: true, ..transaction(&["x@y"]) }, "5.7.30"),
        (Transaction { eight_bit: true, ..transaction(&["x@y"]) }, "5.6.3"),
    ] {
        let mut session = Session::new(config(), None);
        play(&mut session, "< 220 them\n > EHLO us.example\n < 250-them\n < 250 SIZE 100", b"");
        session.begin(change);
        let Step::Done(outcome) = session.next_step() else { panic!() };
        assert_eq!(outcome.recipients[0].enhanced.unwrap().to_string(), status);
        assert!(session.take_output().is_empty());
    }
}

#[test]
fn wishes_for_notifications_are_passed_on() {
    let mut session = Session::new(config(), None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 250-them\n < 250 DSN", b"");
    let notify = Some(Notify { success: true, failure: false, delay: false });
    let original = Some(("rfc822".to_owned(), "x+y@z".to_owned()));
    let recipients = vec![Recipient { to: "x@y".to_owned(), notify, original }];
    session.begin(Transaction { envid: Some("a b".to_owned()), recipients, ..transaction(&[]) });
    play(
        &mut session,
        "> MAIL FROM:<a@us.example> ENVID=a+20b\n < 250 ok\n > RCPT TO:<x@y> NOTIFY=SUCCESS ORCPT=rfc822;x+2By@z",
        b"",
    );
}

#[test]
fn text_behind_the_answer_to_starttls_is_an_attack() {
    let mut session = Session::new(ClientConfig { starttls: true, ..config() }, None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 250-them\n < 250 STARTTLS\n > STARTTLS", b"");
    session.feed(b"220 go\r\n250 injected\r\n");
    assert!(matches!(session.next_step(), Step::Close(CloseCause::Injection)));
}

#[test]
fn a_server_that_leaves_leaves_recipients_undecided() {
    let mut session = Session::new(config(), None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 250-them\n < 250 PIPELINING", b"");
    session.begin(transaction(&["x@y", "z@y"]));
    let outcome = play(
        &mut session,
        "> MAIL FROM:<a@us.example>|RCPT TO:<x@y>|RCPT TO:<z@y>|DATA\n < 250 ok\n < 550 no\n < 421 4.3.2 bye",
        b"",
    );
    let codes: Vec<u16> = outcome.unwrap().recipients.iter().map(|answer| answer.code).collect();
    assert_eq!(codes, [550, 421]);
    assert!(matches!(session.next_step(), Step::Close(CloseCause::Leaving(_))), "no more transactions");
}

/// A session under TLS that wants to sign in; `offers` is what `AUTH` offers.
fn before_sign_in(offers: &str) -> Session {
    let credentials = ClientCredentials { user: "us".to_owned(), password: env::Secret::new("pw".to_owned()) };
    let config = ClientConfig { credentials: Some(credentials), ..config() };
    let mut session = Session::new(config, Some(TlsInfo::default()));
    play(&mut session, &format!("< 220 them\n > EHLO us.example\n < 250-them\n < 250 AUTH {offers}"), b"");
    assert!(matches!(session.next_step(), Step::Ready) && session.needs_sign_in());
    session.sign_in(&env::SeededEntropy::new(1));
    session
}

#[test]
fn plain_and_login() {
    let mut session = before_sign_in("LOGIN PLAIN");
    play(&mut session, "> AUTH PLAIN AHVzAHB3\n < 235 2.7.0 welcome", b"");
    assert!(matches!(session.next_step(), Step::Ready) && !session.needs_sign_in());
    let mut session = before_sign_in("LOGIN");
    play(&mut session, "> AUTH LOGIN\n < 334 VXNlcjo=\n > dXM=\n < 334 UGFzczo=\n > cHc=\n < 235 2.7.0 welcome", b"");
    assert!(!session.needs_sign_in());
}

#[test]
fn refused_sign_in_ends_the_session() {
    let mut session = before_sign_in("PLAIN");
    play(&mut session, "> AUTH PLAIN AHVzAHB3\n < 535 5.7.8 no", b"");
    assert!(matches!(session.next_step(), Step::Close(CloseCause::Refused(answer)) if answer.code == 535));
}

#[test]
fn a_relay_must_prove_that_it_knows_the_password() {
    // Success at once, success after half the exchange, and success after we cancelled.
    for script in ["< 235 welcome", "< 334 !\n > *\n < 235 welcome", "< 334 dj1BQUFB\n > *\n < 235 welcome"] {
        let mut session = before_sign_in("PLAIN SCRAM-SHA-256");
        let first = String::from_utf8(session.take_output()).unwrap();
        assert!(first.starts_with("AUTH SCRAM-SHA-256 "), "{first}");
        play(&mut session, script, b"");
        assert!(matches!(session.next_step(), Step::Close(CloseCause::Protocol(_))), "{script}");
        assert!(session.needs_sign_in());
    }
}

#[test]
fn scram_with_a_relay_that_knows_the_password() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let context = sasl::ServerContext {
        bindings: sasl::ChannelBindings::default(),
        offers_plus: false,
        pretence_secret: [1; 32],
        pretence_iterations: 4096,
        openid_configuration: String::new(),
    };
    let mut relay = sasl::Server::new(sasl::Mechanism::ScramSha256, context, &env::SeededEntropy::new(2));
    let mut session = before_sign_in("SCRAM-SHA-256");
    let mut said = String::from_utf8(session.take_output()).unwrap().replace("AUTH SCRAM-SHA-256 ", "");
    for _ in 0..3 {
        let mut step = relay.respond(&STANDARD.decode(said.trim()).unwrap());
        loop {
            step = match step {
                sasl::Step::FetchKeys { .. } => relay.keys(vec![sasl::Candidate {
                    id: 1,
                    keys: sasl::StoredKeys::derive("pw", b"salt", 4096).unwrap(),
                }]),
                sasl::Step::Authorize(_) => relay.decide(true),
                sasl::Step::Challenge(bytes) => {
                    session.feed(format!("334 {}\r\n", STANDARD.encode(bytes)).as_bytes());
                    break;
                }
                sasl::Step::Success(_) => {
                    session.feed(b"235 2.7.0 welcome\r\n");
                    break;
                }
                other => panic!("{other:?}"),
            };
        }
        session.next_step();
        said = String::from_utf8(session.take_output()).unwrap();
    }
    assert!(matches!(session.next_step(), Step::Ready) && !session.needs_sign_in());
}

#[test]
fn words_of_a_server_cannot_begin_a_line() {
    let mut session = Session::new(config(), None);
    session.feed(b"554 no\rBcc: x\0\x1b\r\n");
    let Step::Close(CloseCause::Refused(answer)) = session.next_step() else { panic!() };
    assert_eq!(answer.text, "no?Bcc: x??");
}

#[test]
fn what_is_no_reply_ends_the_session() {
    for said in ["hello\r\n", "250-a\r\n251 b\r\n", "99 x\r\n"] {
        let mut session = Session::new(config(), None);
        session.feed(said.as_bytes());
        assert!(matches!(session.next_step(), Step::Close(CloseCause::Protocol(_))), "{said}");
    }
}

#[test]
fn dots_are_doubled_whatever_the_pieces() {
    let message = b".a\r\n..b\r\nc.\r\n.";
    for cut in 0..message.len() {
        let (mut body, mut out) = (Body::default(), Vec::new());
        let (one, two) = message.split_at(cut);
        body.push(one, &mut out);
        body.push(two, &mut out);
        body.finish(&mut out);
        assert_eq!(out, b"..a\r\n...b\r\nc.\r\n..\r\n.\r\n", "{cut}");
    }
}

#[test]
fn a_reply_that_nobody_waits_for_is_not_taken_for_the_next_answer() {
    // Behind the last answer of a transaction: no second transaction.
    let mut session = Session::new(config(), None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 250 them", b"");
    session.begin(transaction(&["x@y"]));
    let script = "> MAIL FROM:<a@us.example>\n < 250 ok\n > RCPT TO:<x@y>\n < 250 ok\n > DATA\n < 354 go\n > a|.";
    play(&mut session, script, b"a\r\n");
    session.feed(b"250 taken\r\n250 taken aga");
    let Step::Done(outcome) = session.next_step() else { panic!() };
    assert!(outcome.recipients[0].is_positive());
    assert!(!session.is_reusable());
    assert!(matches!(session.next_step(), Step::Close(CloseCause::Protocol(STRAY))));

    // Behind the 354: it would stand for the answer to the message.
    let mut session = Session::new(config(), None);
    play(&mut session, "< 220 them\n > EHLO us.example\n < 250 them", b"");
    session.begin(transaction(&["x@y"]));
    play(&mut session, "> MAIL FROM:<a@us.example>\n < 250 ok\n > RCPT TO:<x@y>\n < 250 ok\n > DATA", b"");
    session.feed(b"354 go\r\n250 taken\r\n");
    assert!(matches!(session.next_step(), Step::Close(CloseCause::Protocol(STRAY))));
}

#[test]
fn an_answer_that_never_comes_leaves_the_refusals_before_it() {
    for garbage in ["", "what?\r\n"] {
        let mut session = Session::new(config(), None);
        play(&mut session, "< 220 them\n > EHLO us.example\n < 250-them\n < 250 PIPELINING", b"");
        session.begin(transaction(&["x@y", "z@y"]));
        let script = "> MAIL FROM:<a@us.example>|RCPT TO:<x@y>|RCPT TO:<z@y>|DATA\n < 250 ok\n < 550 no\n < 250 ok\n < 354 go\n > a|.";
        play(&mut session, script, b"a\r\n");
        session.feed(garbage.as_bytes());
        session.next_step();
        let outcome = session.give_up_waiting(&Answer::ours(451, (4, 4, 2), "gone")).unwrap();
        let codes: Vec<u16> = outcome.recipients.iter().map(|answer| answer.code).collect();
        assert_eq!(codes, [550, 451]);
        assert!(session.give_up_waiting(&Answer::ours(451, (4, 4, 2), "gone")).is_none(), "said once");
    }
}

#[test]
fn long_lines_are_taken_and_cut() {
    let mut session = Session::new(config(), None);
    session.feed(format!("554 {}\r\n", "é".repeat(10_000)).as_bytes());
    let Step::Close(CloseCause::Refused(answer)) = session.next_step() else { panic!() };
    assert!(answer.text.len() <= 2048 && answer.text.starts_with('é'));
    let mut session = Session::new(config(), None);
    session.feed(&vec![b'2'; 70_000]);
    assert!(session.has_reply(), "it is known to be none before its end comes");
    assert!(matches!(session.next_step(), Step::Close(CloseCause::Protocol(_))));
}

#[test]
fn a_part_of_a_reply_is_no_reply() {
    let mut session = Session::new(config(), None);
    session.feed(b"220-hello\r\n220");
    assert!(!session.has_reply() && matches!(session.next_step(), Step::Read));
    session.feed(b" go\r\n");
    assert!(session.has_reply());
}

#[test]
fn the_code_decides_the_class_of_the_status() {
    for (code, given, expected) in [(450, 5, 4), (550, 4, 5), (250, 5, 2), (354, 5, 4)] {
        let answer = Answer::ours(code, (given, 7, 1), "").consistent();
        assert_eq!(answer.enhanced.unwrap().to_string(), format!("{expected}.7.1"));
    }
}
