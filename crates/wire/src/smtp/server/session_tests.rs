use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{ManualClock, Secret, SeededEntropy};

use super::*;
use crate::sasl::{Candidate, ChannelBindings, Client, ClientCredentials, Mechanism, StoredKeys};

fn config(kind: Kind, limits: Limits) -> Arc<ServerConfig> {
    Arc::new(ServerConfig {
        hostname: "mx.example".to_owned(),
        kind,
        starttls: true,
        require_tls: true,
        mechanisms: Mechanism::WITH_PASSWORD.to_vec(),
        hold_seconds_max: None,
        limits,
        pretence_secret: [1; 32],
        pretence_iterations: 4096,
        openid_configuration: String::new(),
        entropy: Arc::new(SeededEntropy::new(1)),
        clock: Arc::new(ManualClock::default()),
    })
}

fn tls() -> TlsInfo {
    let bindings = ChannelBindings { tls_exporter: Some(vec![5; 32]), tls_server_end_point: None };
    TlsInfo { bindings, ..TlsInfo::default() }
}

/// A session past its greeting.
fn session(kind: Kind, limits: Limits, tls: Option<TlsInfo>) -> Session {
    let mut session = Session::new(config(kind, limits), tls);
    assert_eq!(say(&mut session, ""), "220 mx.example ESMTP Tradewind\r\n");
    session
}

/// What the session answers; all questions are answered with yes.
fn say(session: &mut Session, text: &str) -> String {
    session.feed(text.as_bytes());
    let mut output = Vec::new();
    loop {
        match session.next_step() {
            Step::Send => output.extend(session.take_output()),
            Step::Ask(Question::ScramKeys { .. }) => {
                session.answer_keys(vec![Candidate { id: 1, keys: StoredKeys::derive("pw", b"salt", 4096).unwrap() }]);
            }
            Step::Ask(_) => session.answer(Verdict::ACCEPT),
            Step::Read | Step::StartTls | Step::Close => return String::from_utf8(output).unwrap(),
        }
    }
}

const TO_DATA: &str = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\n";

fn last_line(replies: &str) -> &str {
    replies.lines().last().unwrap_or_default()
}

#[test]
fn silence_and_stop_are_told() {
    for (act, wanted) in [
        (
            Session::time_out as fn(&mut Session),
            "421 4.4.2 mx.example Timed out waiting for you, closing connection\r\n",
        ),
        (Session::shut_down, "421 4.3.2 mx.example Server is stopping, closing connection\r\n"),
    ] {
        let mut session = session(Kind::Mx, Limits::default(), None);
        say(&mut session, &format!("EHLO x.example\r\n{TO_DATA}half a mess"));
        assert!(!session.is_between_messages() && session.body_bytes_held() == 11);
        act(&mut session);
        act(&mut session);
        assert_eq!(say(&mut session, "age\r\n.\r\n"), wanted);
        assert!(matches!(session.next_step(), Step::Close));
        assert_eq!(session.body_bytes_held(), 0);
    }
}

#[test]
fn a_refused_connection_hears_why() {
    let reply = Reply::new(421, (4, 7, 0), "mx.example Too many connections");
    let mut session = Session::refuse(config(Kind::Mx, Limits::default()), &reply);
    assert_eq!(say(&mut session, "EHLO x\r\n"), "421 4.7.0 mx.example Too many connections\r\n");
    assert!(matches!(session.next_step(), Step::Close));
}

#[test]
fn a_question_without_answer_is_a_refusal() {
    let mut session = session(Kind::Mx, Limits::default(), None);
    session.feed(b"HELO x.example\r\nMAIL FROM:<a@b.example>\r\n");
    assert!(matches!(session.next_step(), Step::Ask(Question::MailFrom { .. })));
    let replies = say(&mut session, "");
    assert_eq!(last_line(&replies), "451 4.3.0 Local error, try again later");
    session.answer(Verdict::ACCEPT);
    assert_eq!(say(&mut session, "RSET\r\n"), "250 2.0.0 OK\r\n");
}

#[test]
fn a_rule_may_hang_up_and_may_not_refuse_with_success() {
    let mut session = session(Kind::Mx, Limits::default(), None);
    session.feed(b"HELO x.example\r\nMAIL FROM:<a@b.example>\r\n");
    assert!(matches!(session.next_step(), Step::Ask(_)));
    session.answer(Verdict::Close(Reply::new(250, (2, 0, 0), "fine")));
    assert_eq!(last_line(&say(&mut session, "")), "451 4.3.0 Local error, try again later");
    assert!(matches!(session.next_step(), Step::Close));
}

#[test]
fn messages_in_one_session_are_bounded() {
    let mut session = session(Kind::Mx, Limits { messages_max: 2, ..Limits::default() }, None);
    let one = format!("{TO_DATA}.\r\n");
    let replies = say(&mut session, &format!("EHLO x.example\r\n{one}{one}{one}"));
    assert_eq!(replies.matches("250 2.0.0 Message accepted").count(), 2);
    assert_eq!(last_line(&replies), "421 4.7.0 mx.example Too many messages in one session, closing connection");
}

#[test]
fn lines_of_text_are_bounded() {
    let limits = Limits { text_line_bytes_max: 10, ..Limits::default() };
    let mut session = session(Kind::Mx, limits, None);
    let fine = say(&mut session, &format!("EHLO x.example\r\n{TO_DATA}12345678\r\n.\r\n"));
    assert_eq!(last_line(&fine), "250 2.0.0 Message accepted");
    let long = say(&mut session, &format!("{TO_DATA}123456789\r\n.\r\n"));
    assert_eq!(last_line(&long), "554 5.6.0 Message has a line of more than 10 octets");
}

#[test]
fn a_session_is_not_held_up_by_replies() {
    let limits = Limits { idle_commands_max: 100_000, ..Limits::default() };
    let mut session = session(Kind::Mx, limits, None);
    session.feed("NOOP\r\n".repeat(50_000).as_bytes());
    assert!(matches!(session.next_step(), Step::Send));
    let held = session.take_output().len();
    assert!((OUTPUT_BYTES_MAX..2 * OUTPUT_BYTES_MAX).contains(&held), "{held}");
}

#[test]
fn octets_in_place_of_the_handshake_end_the_session() {
    let mut session = session(Kind::Mx, Limits::default(), None);
    assert_eq!(say(&mut session, "STARTTLS\r\n"), "220 2.0.0 Ready to start TLS\r\n");
    assert!(matches!(session.next_step(), Step::StartTls));
    session.feed(b"MAIL FROM:<a@b.example>\r\n");
    assert!(matches!(session.next_step(), Step::Close));
    session.tls_started(tls());
    assert!(matches!(session.next_step(), Step::Close));
}

#[test]
fn requiretls_is_offered_under_tls_alone() {
    let mut session = session(Kind::Mx, Limits::default(), None);
    assert!(!say(&mut session, "EHLO x.example\r\n").contains("REQUIRETLS"));
    let refused = say(&mut session, "MAIL FROM:<a@b.example> REQUIRETLS\r\n");
    assert_eq!(refused, "555 5.5.4 REQUIRETLS is not offered here\r\n");
    say(&mut session, "STARTTLS\r\n");
    session.tls_started(tls());
    assert!(say(&mut session, "EHLO x.example\r\n").contains("REQUIRETLS"));
    assert_eq!(say(&mut session, "MAIL FROM:<a@b.example> REQUIRETLS\r\n"), "250 2.1.0 Sender OK\r\n");
}

#[test]
fn scram_signs_in_through_the_session() {
    for mechanism in [Mechanism::ScramSha256Plus, Mechanism::ScramSha256] {
        for (password, wanted) in [("pw", "235 2.7.0"), ("other", "535 5.7.8")] {
            let mut session = session(Kind::Submissions, Limits::default(), Some(tls()));
            assert!(say(&mut session, "EHLO x.example\r\n").contains("AUTH SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN"));
            // A client that could bind and does not says so; one that cannot says `n`.
            let bindings =
                if mechanism == Mechanism::ScramSha256Plus { tls().bindings } else { ChannelBindings::default() };
            let credentials = ClientCredentials { user: "ada".to_owned(), password: Secret::new(password.to_owned()) };
            let mut client = Client::new(mechanism, credentials, &bindings, &SeededEntropy::new(9)).unwrap();
            let initial = STANDARD.encode(client.initial().unwrap());
            let mut reply = say(&mut session, &format!("AUTH {mechanism} {initial}\r\n"));
            while let Some(challenge) = reply.strip_prefix("334 ") {
                let response = client.respond(&STANDARD.decode(challenge.trim_end()).unwrap()).unwrap();
                reply = say(&mut session, &format!("{}\r\n", STANDARD.encode(response)));
            }
            assert!(reply.starts_with(wanted), "{mechanism} {password}: {reply}");
            assert_eq!(session.identity().map(|identity| identity.user.as_str()), (password == "pw").then_some("ada"));
        }
    }
}
