use std::sync::Arc;

use proptest::prelude::*;

use super::{Session, Settings, State, Step};
use crate::imap::limits::Limits;
use crate::imap::response::{Code, Reply};

fn session() -> Session {
    let settings = Settings {
        host: "mail.trade.test".to_owned(),
        mechanisms: vec!["SCRAM-SHA-256".to_owned(), "PLAIN".to_owned()],
        starttls: true,
        compress: true,
        limits: Limits { literal_bytes_max: 200, command_bytes_max: 400, message_bytes_max: 300, ..Limits::default() },
    };
    Session::new(Arc::new(settings), true)
}

/// Plays `input` in pieces; every step and all output, in order.
fn play(input: &[u8], sizes: &[usize]) -> (Vec<String>, Vec<u8>) {
    let (mut session, mut out, mut steps) = (session(), Vec::new(), Vec::new());
    let (mut rest, mut sizes) = (input, sizes.iter().copied().cycle());
    loop {
        let step = session.next(&mut out);
        if !matches!(step, Step::Read) {
            steps.push(format!("{step:?}"));
        }
        match step {
            Step::Read if rest.is_empty() => return (steps, out),
            Step::Read => {
                let (head, tail) = rest.split_at(sizes.next().unwrap_or(usize::MAX).clamp(1, rest.len()));
                session.feed(head);
                rest = tail;
            }
            Step::Close(_) => return (steps, out),
            Step::Command(tagged) if tagged.tag.starts_with('n') => session.complete(&mut out, &Reply::no("no")),
            Step::Command(_) | Step::IdleDone => session.complete(&mut out, &Reply::ok("ok")),
            Step::Login { user, .. } if user == "x" => {
                session.sign_in_failed(&mut out, Code::AuthenticationFailed, "no");
            }
            Step::Login { .. } => session.signed_in(&mut out, "welcome"),
            Step::Authenticate { .. } => session.challenge(&mut out, b"who"),
            Step::SaslResponse(_) => session.signed_in(&mut out, "welcome"),
            Step::StartCompress => session.compress_started(),
            Step::SaslCancelled | Step::IdleStart => {}
            Step::StartTls | Step::Busy => panic!("{steps:?}"),
        }
    }
}

#[test]
fn greets_with_capabilities() {
    let mut out = Vec::new();
    session().greet(&mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "* OK [CAPABILITY IMAP4rev1 IMAP4rev2 SASL-IR ENABLE ID LITERAL+ AUTH=SCRAM-SHA-256 AUTH=PLAIN] \
         mail.trade.test ready\r\n"
    );
}

#[test]
fn a_failed_select_leaves_nothing_selected() {
    let (mut session, mut out) = (session(), Vec::new());
    session.feed(b"a LOGIN u p\r\nb SELECT x\r\nc SELECT y\r\n");
    assert!(matches!(session.next(&mut out), Step::Login { .. }));
    assert!(matches!(session.next(&mut out), Step::Busy));
    session.signed_in(&mut out, "welcome");
    assert!(matches!(session.next(&mut out), Step::Command(_)));
    session.complete(&mut out, &Reply::ok("selected").with(Code::ReadOnly));
    assert_eq!(session.state(), State::Selected { read_only: true });
    assert!(matches!(session.next(&mut out), Step::Command(_)));
    session.complete(&mut out, &Reply::no("no such mailbox").with(Code::NonExistent));
    assert_eq!(session.state(), State::Authenticated);
    let out = String::from_utf8(out).unwrap();
    assert!(
        out.ends_with("* OK [CLOSED] previous mailbox is closed\r\nc NO [NONEXISTENT] no such mailbox\r\n"),
        "{out}"
    );
}

#[test]
fn compression_leaves_the_list_once_active() {
    let (_, out) = play(b"a LOGIN u p\r\nb COMPRESS DEFLATE\r\n", &[usize::MAX]);
    assert!(String::from_utf8(out).unwrap().contains("COMPRESS=DEFLATE"));
    let (_, out) = play(b"a LOGIN u p\r\nb COMPRESS DEFLATE\r\nc CAPABILITY\r\n", &[13, 21, 50]);
    let out = String::from_utf8(out).unwrap();
    assert_eq!(out.matches("COMPRESS=DEFLATE").count(), 1, "{out}");
}

#[test]
fn the_driver_can_end_it() {
    let (mut session, mut out) = (session(), Vec::new());
    session.bye(&mut out, Code::Unavailable, "shutting down");
    session.feed(b"a NOOP\r\n");
    assert!(matches!(session.next(&mut out), Step::Close(_)));
    assert_eq!(out, b"* BYE [UNAVAILABLE] shutting down\r\n");
}

fn lines() -> impl Strategy<Value = Vec<u8>> {
    let lines: &[&[u8]] = &[
        b"a LOGIN u p\r\n",
        b"a LOGIN u p\r\n",
        b"a LOGIN x p\r\n",
        b"a LOGIN {1}\r\nu {1+}\r\np\r\n",
        b"a AUTHENTICATE PLAIN\r\n",
        b"AHUAcA==\r\n",
        b"*\r\n",
        b"b SELECT INBOX\r\n",
        b"n SELECT x\r\n",
        b"c FETCH 1 FLAGS\r\n",
        b"d IDLE\r\n",
        b"DONE\r\n",
        b"e CLOSE\r\n",
        b"f APPEND INBOX {3}\r\n",
        b"xyz\r\n",
        b"f APPEND INBOX {301+}\r\n",
        b"g ENABLE QRESYNC IMAP4rev2\r\n",
        b"h SEARCH TEXT {201+}\r\n",
        b"\r\n",
        b"i NOOP\n",
        b"j CAPABILITY\r\n",
        b"k LOGOUT\r\n",
        b"\xff\0",
        b"l STORE 1 FLAGS \\Seen\r\n",
    ];
    proptest::collection::vec(proptest::sample::select(lines), 0..25).prop_map(|lines| lines.concat())
}

proptest! {
    #[test]
    fn splits_do_not_matter(input in lines(), sizes in proptest::collection::vec(1_usize..40, 1..8)) {
        let whole = play(&input, &[usize::MAX]);
        prop_assert_eq!(play(&input, &sizes), whole.clone());
        prop_assert_eq!(play(&input, &[1]), whole);
    }

    #[test]
    fn any_bytes_leave_it_standing(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (_, out) = play(&[b"a LOGIN u p\r\n", bytes.as_slice()].concat(), &[7, 100]);
        prop_assert!(out.ends_with(b"\r\n"));
    }
}
