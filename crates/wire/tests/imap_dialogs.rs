//! Plays the transcripts of `tests/dialogs/imap-parse` against a session without a store.
//!
//! A transcript has settings (`tls`, `signed-in`, `show`, `literal-minus`, each `= yes`), then lines: `C:` is sent with CRLF, `C!`
//! without, `S:` is expected. Escapes in client lines: `\r \n \0 \\ \xHH` and `\{N*c}` for N times c (which may be escapes). The driver here
//! grants everything; with `show` its answers describe the command as parsed. Each transcript is played with the
//! client's lines whole and byte by byte. `UPDATE_DIALOGS=1` rewrites what is expected; read the difference.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test says by panicking what is wrong")]

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wire::imap::{Code, Limits, NonSyncLiterals, Reply, Session, Settings, Step};

mod dialog;

use dialog::unescape;

#[derive(Default)]
struct Dialog {
    tls: bool,
    signed_in: bool,
    show: bool,
    /// `LITERAL-` is offered in place of `LITERAL+` (RFC 7888).
    literal_minus: bool,
    /// Everything up to the first client or server line.
    head: String,
    /// A client's line as written and as sent, with the answer.
    turns: Vec<(String, Vec<u8>, String)>,
}

fn parse_dialog(text: &str) -> Dialog {
    let mut dialog = Dialog::default();
    for line in text.lines() {
        if let Some(answer) = line.strip_prefix("S: ") {
            let (_, _, expected) = dialog.turns.last_mut().expect("a client line before the first answer");
            writeln!(expected, "{answer}").unwrap();
        } else if line.starts_with("C: ") || line.starts_with("C! ") {
            let mut bytes = unescape(&line[3..]);
            if line.starts_with("C: ") {
                bytes.extend(b"\r\n");
            }
            dialog.turns.push((line.to_owned(), bytes, String::new()));
        } else if dialog.turns.is_empty() {
            writeln!(dialog.head, "{line}").unwrap();
            match line {
                "tls = yes" => dialog.tls = true,
                "signed-in = yes" => dialog.signed_in = true,
                "show = yes" => dialog.show = true,
                "literal-minus = yes" => dialog.literal_minus = true,
                other => assert!(other.is_empty() || other.starts_with('#'), "unknown line: {other}"),
            }
        } else {
            assert!(line.is_empty(), "unknown line: {line}");
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

impl Player {
    fn new(dialog: &Dialog) -> Self {
        let settings = Settings {
            host: "mail.trade.test".to_owned(),
            mechanisms: vec!["PLAIN".to_owned()],
            starttls: true,
            compress: true,
            limits: Limits {
                non_sync: if dialog.literal_minus { NonSyncLiterals::Small } else { NonSyncLiterals::Any },
                ..Limits::default()
            },
        };
        let mut player = Self {
            session: Session::new(Arc::new(settings), dialog.tls || dialog.signed_in),
            out: Vec::new(),
            show: dialog.show,
            closed: false,
        };
        if dialog.signed_in {
            player.feed(b"s LOGIN u p\r\n");
            player.out.clear();
        }
        player
    }

    fn feed(&mut self, bytes: &[u8]) {
        if self.closed {
            return;
        }
        self.session.feed(bytes);
        loop {
            match self.session.next(&mut self.out) {
                Step::Read => return,
                Step::Busy => panic!("busy with nothing to do"),
                Step::Close(reason) => {
                    self.out.extend(format!("[closed: {reason:?}]\r\n").bytes());
                    self.closed = true;
                    return;
                }
                step => self.execute(step),
            }
        }
    }

    fn execute(&mut self, step: Step) {
        let (session, out) = (&mut self.session, &mut self.out);
        match step {
            Step::Command(tagged) => {
                let text = if self.show { format!("{:?}", tagged.command) } else { "done".to_owned() };
                session.complete(out, &Reply::ok(&text));
            }
            Step::Login { user, password } if user == "u" && password.expose() == b"p" => {
                session.signed_in(out, "welcome");
            }
            Step::Authenticate { initial: None, .. } => session.challenge(out, b""),
            Step::Authenticate { initial: Some(response), .. } | Step::SaslResponse(response)
                if response.expose() == b"\0u\0p" =>
            {
                session.signed_in(out, "welcome");
            }
            Step::Login { .. } | Step::Authenticate { .. } | Step::SaslResponse(_) => {
                session.sign_in_failed(out, Code::AuthenticationFailed, "wrong name or password");
            }
            Step::StartTls => {
                session.tls_started();
                out.extend(b"[tls]\r\n");
            }
            Step::StartCompress => {
                session.compress_started();
                out.extend(b"[compressed]\r\n");
            }
            Step::IdleDone => session.complete(out, &Reply::ok("idled")),
            Step::IdleStart | Step::SaslCancelled => {}
            Step::Read | Step::Busy | Step::Close(_) => unreachable!(),
        }
    }

    fn answer(&mut self) -> String {
        let out = String::from_utf8(std::mem::take(&mut self.out)).expect("answers in UTF-8");
        assert!(out.is_empty() || out.ends_with("\r\n"), "cut off: {out:?}");
        out.replace("\r\n", "\n")
    }
}

fn check(path: &Path, dialog: &Dialog, failures: &mut String) {
    let name = path.file_name().unwrap().to_string_lossy();
    for by_byte in [false, true] {
        let mut player = Player::new(dialog);
        for (line, bytes, expected) in &dialog.turns {
            if by_byte {
                bytes.iter().for_each(|byte| player.feed(&[*byte]));
            } else {
                player.feed(bytes);
            }
            let answer = player.answer();
            // What is injected behind STARTTLS is seen only when it comes along.
            if answer != *expected && !(by_byte && expected.contains("Injection")) {
                writeln!(failures, "{name} (by byte: {by_byte})\n{line}\nexpected:\n{expected}got:\n{answer}").unwrap();
            }
            if by_byte && expected.contains("Injection") {
                break;
            }
        }
    }
}

fn rewrite(path: &Path, dialog: &Dialog) {
    let mut player = Player::new(dialog);
    let mut text = dialog.head.clone();
    for (line, bytes, _) in &dialog.turns {
        player.feed(bytes);
        writeln!(text, "{line}").unwrap();
        for answer in player.answer().lines() {
            writeln!(text, "S: {answer}").unwrap();
        }
    }
    std::fs::write(path, text).unwrap();
}

#[test]
fn dialogs() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/dialogs/imap-parse");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "dlg"));
    assert!(paths.len() >= 24, "only {} dialogs", paths.len());
    let mut failures = String::new();
    for path in &paths {
        let dialog = parse_dialog(&std::fs::read_to_string(path).unwrap());
        if std::env::var_os("UPDATE_DIALOGS").is_some() {
            rewrite(path, &dialog);
        } else {
            check(path, &dialog, &mut failures);
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
