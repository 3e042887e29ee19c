//! Plays the transcripts of `tests/dialogs/smtp` against a server session without a store.
//!
//! A transcript has settings (`kind = mx | submission | submissions`, `tls = yes` for a connection that has STARTTLS behind it, `show = yes`
//! to have each message shown as it is handed on, line ends and NUL escaped), then lines: `C:` is sent with CRLF, `C!` without, `S:` is expected. Escapes in client lines as in `dialog::unescape`. The driver here knows the people
//! `sales` and `finance` of trade.test with the password `secret`, refuses other addresses of trade.test, and relays for whoever has
//! signed in. Each transcript is played with the client's lines whole and byte by byte. `UPDATE_DIALOGS=1` rewrites what is
//! expected; read the difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use env::{ManualClock, SeededEntropy, Timestamp};
use proptest::prelude::*;
use wire::sasl::{Candidate, Mechanism, StoredKeys};
use wire::smtp::TlsInfo;
use wire::smtp::server::{Kind, Limits, Proof, Question, ServerConfig, Session, Step, Verdict};

mod dialog;

use dialog::unescape;

struct Dialog {
    kind: Kind,
    tls: bool,
    show: bool,
    /// Everything up to the first line of client or server.
    head: String,
    /// What the server says by itself.
    greeting: String,
    turns: Vec<(String, Vec<u8>, String)>,
}

fn parse(text: &str) -> Dialog {
    let mut dialog = Dialog {
        kind: Kind::Mx,
        tls: false,
        show: false,
        head: String::new(),
        greeting: String::new(),
        turns: Vec::new(),
    };
    for line in text.lines() {
        if let Some(answer) = line.strip_prefix("S: ") {
            let expected = dialog.turns.last_mut().map_or(&mut dialog.greeting, |(_, _, expected)| expected);
            writeln!(expected, "{answer}").unwrap();
        } else if line.starts_with("C: ") || line.starts_with("C! ") {
            let mut bytes = unescape(&line[3..]);
            if line.starts_with("C: ") {
                bytes.extend(b"\r\n");
            }
            dialog.turns.push((line.to_owned(), bytes, String::new()));
        } else {
            assert!(dialog.turns.is_empty() || line.is_empty(), "unknown line: {line}");
            writeln!(dialog.head, "{line}").unwrap();
            match line {
                "kind = mx" => dialog.kind = Kind::Mx,
                "kind = submission" => dialog.kind = Kind::Submission,
                "kind = submissions" => dialog.kind = Kind::Submissions,
                "tls = yes" => dialog.tls = true,
                "show = yes" => dialog.show = true,
                other => assert!(other.is_empty() || other.starts_with('#'), "unknown line: {other}"),
            }
        }
    }
    dialog
}

struct Player {
    session: Session,
    out: Vec<u8>,
    show: bool,
    closed: bool,
}

fn tls() -> TlsInfo {
    TlsInfo { protocol: "TLSv1.3".to_owned(), cipher: "TLS_AES_256_GCM_SHA384".to_owned(), ..TlsInfo::default() }
}

impl Player {
    fn new(dialog: &Dialog) -> Self {
        let limits = Limits {
            size_bytes_max: 2000,
            oversize_bytes_max: 10_000,
            recipients_max: 3,
            recipients_refused_max: 5,
            errors_max: 5,
            idle_commands_max: 12,
            ..Limits::default()
        };
        let config = ServerConfig {
            hostname: "mail.trade.test".to_owned(),
            kind: dialog.kind,
            starttls: dialog.kind != Kind::Submissions,
            require_tls: false,
            mechanisms: Mechanism::WITH_PASSWORD.to_vec(),
            hold_seconds_max: dialog.kind.is_submission().then_some(86_400),
            limits,
            pretence_secret: [7; 32],
            pretence_iterations: 4096,
            openid_configuration: String::new(),
            entropy: Arc::new(SeededEntropy::new(1)),
            clock: Arc::new(ManualClock::at(Timestamp::from_seconds(1_790_000_000))),
        };
        let from_the_start = dialog.kind == Kind::Submissions || dialog.tls;
        let session = Session::new(Arc::new(config), from_the_start.then(tls));
        let mut player = Self { session, out: Vec::new(), show: dialog.show, closed: false };
        player.run();
        player
    }

    fn feed(&mut self, bytes: &[u8]) {
        if !self.closed {
            self.session.feed(bytes);
            self.run();
        }
    }

    fn run(&mut self) {
        loop {
            match self.session.next_step() {
                Step::Read => return,
                Step::Send => self.out.extend(self.session.take_output()),
                Step::Ask(Question::ScramKeys { user }) => self.session.answer_keys(keys(&user)),
                Step::Ask(question) => {
                    if let (true, Question::Message { body, .. }) = (self.show, &question) {
                        self.out.extend(
                            format!("[message: {}]\r\n", String::from_utf8_lossy(body).escape_default()).bytes(),
                        );
                    }
                    self.session.answer(decide(question));
                }
                Step::StartTls => {
                    self.out.extend(b"[tls]\r\n");
                    self.session.tls_started(tls());
                }
                Step::Close => {
                    self.out.extend(self.session.take_output());
                    self.out.extend(b"[closed]\r\n");
                    self.closed = true;
                    return;
                }
            }
        }
    }

    fn answer(&mut self) -> String {
        let out = String::from_utf8(std::mem::take(&mut self.out)).expect("replies in UTF-8");
        assert!(out.is_empty() || out.ends_with("\r\n"), "cut off: {out:?}");
        out.replace("\r\n", "\n")
    }
}

fn is_known(user: &str) -> bool {
    ["sales@trade.test", "finance@trade.test"].contains(&user)
}

fn keys(user: &str) -> Vec<Candidate> {
    let derive = || StoredKeys::derive("secret", b"sixteen octets..", 4096).expect("keys");
    is_known(user).then(|| Candidate { id: 1, keys: derive() }).into_iter().collect()
}

fn decide(question: Question) -> Verdict {
    match question {
        Question::ScramKeys { .. } => Verdict::reject(535, (5, 7, 8), "No keys"),
        Question::Authenticate { proof: Proof::Password(credentials), .. } => {
            if is_known(&credentials.identity.user) && credentials.password.expose() == "secret" {
                Verdict::ACCEPT
            } else {
                Verdict::reject(535, (5, 7, 8), "Unknown user or wrong password")
            }
        }
        Question::Authenticate { .. } => Verdict::ACCEPT,
        Question::MailFrom { from, .. } if from.mailbox().is_some_and(|from| from.domain == "forged.example") => {
            Verdict::reject(550, (5, 7, 1), "Not your address")
        }
        Question::MailFrom { .. } => Verdict::ACCEPT,
        Question::RcptTo { to, .. } => match to.mailbox() {
            Some(to) if to.domain == "trade.test" && !["sales", "finance"].contains(&to.local.as_str()) => {
                Verdict::reject(550, (5, 1, 1), "No such mailbox")
            }
            _ => Verdict::ACCEPT,
        },
        Question::Message { body, .. } => Verdict::accept(format!("{} octets", body.len())),
    }
}

fn check(name: &str, dialog: &Dialog, failures: &mut String) {
    for by_byte in [false, true] {
        let mut player = Player::new(dialog);
        let greeting = player.answer();
        if greeting != dialog.greeting {
            writeln!(failures, "{name}\nexpected:\n{}got:\n{greeting}", dialog.greeting).unwrap();
        }
        for (line, bytes, expected) in &dialog.turns {
            if by_byte {
                // What is sent along with STARTTLS is injected only when it comes along.
                if line.contains("STARTTLS\\r\\n") {
                    break;
                }
                bytes.iter().for_each(|byte| player.feed(&[*byte]));
            } else {
                player.feed(bytes);
            }
            let answer = player.answer();
            if answer != *expected {
                writeln!(failures, "{name} (by byte: {by_byte})\n{line}\nexpected:\n{expected}got:\n{answer}").unwrap();
            }
        }
    }
}

fn rewrite(path: &Path, dialog: &Dialog) {
    let mut player = Player::new(dialog);
    let mut text = dialog.head.clone();
    let tell = |text: &mut String, player: &mut Player| {
        for answer in player.answer().lines() {
            writeln!(text, "S: {answer}").unwrap();
        }
    };
    tell(&mut text, &mut player);
    for (line, bytes, _) in &dialog.turns {
        player.feed(bytes);
        writeln!(text, "{line}").unwrap();
        tell(&mut text, &mut player);
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn transcripts() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/dialogs/smtp");
    let mut paths: Vec<_> = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 70, "only {} transcripts", paths.len());
    let mut failures = String::new();
    for path in paths {
        let dialog = parse(&std::fs::read_to_string(&path).unwrap());
        if std::env::var_os("UPDATE_DIALOGS").is_some() {
            rewrite(&path, &dialog);
        } else {
            check(&path.file_name().unwrap().to_string_lossy(), &dialog, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Pieces whose lengths come from `seed`, 1 to 40 octets each.
fn pieces(bytes: &[u8], seed: u64) -> Vec<&[u8]> {
    let (mut rest, mut state, mut out) = (bytes, seed, Vec::new());
    while !rest.is_empty() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (piece, after) = rest.split_at(rest.len().min(1 + (state >> 33) as usize % 40));
        out.push(piece);
        rest = after;
    }
    out
}

/// Everything that the server says to `script`, fed in pieces.
fn said(kind: Kind, script: &[u8], seed: Option<u64>) -> String {
    let dialog =
        Dialog { kind, tls: false, show: false, head: String::new(), greeting: String::new(), turns: Vec::new() };
    let mut player = Player::new(&dialog);
    match seed {
        Some(seed) => pieces(script, seed).into_iter().for_each(|piece| player.feed(piece)),
        None => player.feed(script),
    }
    player.answer()
}

fn a_line() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "EHLO a.example\r\n",
        "MAIL FROM:<a@b.example> SIZE=9\r\n",
        "RCPT TO:<sales@trade.test>\r\n",
        "RCPT TO:<nobody@trade.test>\r\n",
        "DATA\r\n",
        "Subject: x\r\n\r\n..text\r\n",
        ".\r\n",
        "\r\n.\n",
        "BDAT 5\r\nab\r\nc",
        "BDAT 0 LAST\r\n",
        "RSET\r\n",
        "NOOP\r\n",
        "VRFY x\r\n",
        "\r",
        "\n",
        "\0",
    ]);
    prop_oneof![8 => known.prop_map(|line| line.as_bytes().to_vec()), 1 => prop::collection::vec(any::<u8>(), 0..40)]
}

proptest! {
    #[test]
    fn how_the_input_is_split_makes_no_difference(lines in prop::collection::vec(a_line(), 1..30), seed in any::<u64>()) {
        let script = lines.concat();
        for kind in [Kind::Mx, Kind::Submissions] {
            prop_assert_eq!(said(kind, &script, Some(seed)), said(kind, &script, None));
        }
    }
}
