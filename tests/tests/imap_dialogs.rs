//! Plays the transcripts of `tests/dialogs/imap` against the running server.
//!
//! A transcript begins with `fill = N` where its mailbox is to hold N letters, then has lines: `A:` and `B:` are commands of two
//! connections, `S:` is expected: untagged responses, then the status. `%` stands for the transcript's own mailbox. Escapes in
//! commands: `\r`, `\n`; literals are sent as `{n+}`. Numbers that differ from run to run are compared as `#`. `UPDATE_DIALOGS=1`
//! rewrites what is expected; read the difference.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use harness::{Options, Outcome, Tradewind, imap};

/// What stands before numbers that nobody can know.
const VOLATILE: [&str; 10] = [
    "UIDVALIDITY ",
    "HIGHESTMODSEQ ",
    "MODSEQ (",
    "MODSEQ ",
    "MAILBOXID (",
    "EMAILID (",
    "THREADID (",
    "APPENDUID ",
    "COPYUID ",
    "SAVEDATE \"",
];

struct Dialog {
    head: String,
    fill: u32,
    /// Connection, command as written, expected answer.
    turns: Vec<(char, String, String)>,
}

fn parse(text: &str) -> Dialog {
    let mut dialog = Dialog { head: String::new(), fill: 0, turns: Vec::new() };
    for line in text.lines() {
        if let Some(answer) = line.strip_prefix("S: ") {
            if let Some((_, _, expected)) = dialog.turns.last_mut() {
                let _ = writeln!(expected, "{answer}");
            }
        } else if let Some(command) = line.strip_prefix("A: ") {
            dialog.turns.push(('A', command.to_owned(), String::new()));
        } else if let Some(command) = line.strip_prefix("B: ") {
            dialog.turns.push(('B', command.to_owned(), String::new()));
        } else {
            let _ = writeln!(dialog.head, "{line}");
            if let Some(fill) = line.strip_prefix("fill = ") {
                dialog.fill = fill.parse().unwrap_or(0);
            }
        }
    }
    dialog
}

/// The letters that mailboxes are filled with: the second answers the first, the third is in Chinese with an attachment.
fn letter(number: u32) -> String {
    match number % 3 {
        1 => "From: Anna Rossi <anna@acme.example>\r\nTo: sales@trade.test\r\nSubject: Order 17\r\nDate: Mon, 5 Jan 2026 10:00:00 +0100\r\n\
              Message-ID: <one@acme.example>\r\n\r\nPlease ship forty valves.\r\n"
            .to_owned(),
        2 => "From: sales@trade.test\r\nTo: anna@acme.example\r\nCc: finance@trade.test\r\nSubject: Re: Order 17\r\n\
              Date: Tue, 6 Jan 2026 10:00:00 +0800\r\nMessage-ID: <two@trade.test>\r\nIn-Reply-To: <one@acme.example>\r\n\
              References: <one@acme.example>\r\n\r\nShipped.\r\n"
            .to_owned(),
        _ => "From: =?utf-8?B?546L?= <wang@acme.example>\r\nTo: sales@trade.test\r\nSubject: =?utf-8?B?5Y+R56Wo?=\r\n\
              Date: Wed, 7 Jan 2026 10:00:00 +0800\r\nMessage-ID: <three@acme.example>\r\nMIME-Version: 1.0\r\n\
              Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\
              Content-Transfer-Encoding: base64\r\n\r\n6K+35LuY5qy+44CC\r\n--b\r\nContent-Type: application/pdf; name=i.pdf\r\n\
              Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=i.pdf\r\n\r\nJVBERg==\r\n--b--\r\n"
            .to_owned(),
    }
}

fn play(tradewind: &Tradewind, name: &str, dialog: &Dialog) -> Outcome<Vec<String>> {
    let mailbox = format!("D-{name}");
    let mut first = tradewind.imap("sales")?;
    let mut second = None;
    first.command(&format!("CREATE {mailbox}"))?.ok()?;
    for number in 1..=dialog.fill {
        let letter = letter(number);
        let day = format!("{:02}-Jan-2026 12:00:00 +0000", number + 4);
        first.command(&format!("APPEND {mailbox} \"{day}\" {{{}+}}\r\n{letter}", letter.len()))?.ok()?;
    }
    let mut answers = Vec::new();
    for (connection, command, _) in &dialog.turns {
        let command = command.replace('%', &mailbox).replace("\\r", "\r").replace("\\n", "\n");
        let client = match connection {
            'A' => &mut first,
            _ => match &mut second {
                Some(client) => client,
                none => none.insert(tradewind.imap("sales")?),
            },
        };
        answers.push(ask(client, &command, &mailbox)?);
    }
    Ok(answers)
}

fn ask(client: &mut imap::Client, command: &str, mailbox: &str) -> Outcome<String> {
    let answer = client.ask(command)?;
    let text = format!("{}{}\n", answer.text().replace("\r\n", "\n"), answer.status.trim_end());
    Ok(without_volatile(&text.replace(mailbox, "%")))
}

fn without_volatile(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((at, mark)) = next_volatile(rest) {
        let (before, after) = rest.split_at(at + mark.len());
        out.push_str(before);
        let is_volatile = |c: char| if mark == "SAVEDATE \"" { c != '"' } else { c.is_ascii_digit() };
        let tail = after.trim_start_matches(is_volatile);
        if tail.len() < after.len() {
            out.push('#');
        }
        rest = tail;
    }
    out + rest
}

/// The first volatile mark in `text`; of two at one place the longer.
fn next_volatile(text: &str) -> Option<(usize, &'static str)> {
    let found = VOLATILE.iter().filter_map(|mark| Some((text.find(mark)?, *mark)));
    found.min_by_key(|(at, mark)| (*at, usize::MAX - mark.len()))
}

fn transcripts() -> Outcome<Vec<PathBuf>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("dialogs/imap");
    let mut paths: Vec<PathBuf> = fs::read_dir(directory)?.map(|entry| Ok(entry?.path())).collect::<Outcome<_>>()?;
    paths.sort();
    Ok(paths)
}

#[test]
fn the_server_says_what_the_transcripts_say() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let paths = transcripts()?;
    assert!(paths.len() >= 40, "only {} transcripts", paths.len());
    let mut failures = String::new();
    for path in paths {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let dialog = parse(&fs::read_to_string(&path)?);
        let answers = play(&tradewind, &name, &dialog).map_err(|failure| failure.during(&name))?;
        let mut text = dialog.head.clone();
        for ((connection, command, expected), answer) in dialog.turns.iter().zip(&answers) {
            let _ = writeln!(text, "{connection}: {command}");
            for line in answer.lines() {
                let _ = writeln!(text, "S: {line}");
            }
            if answer != expected {
                let _ = writeln!(failures, "{name}\n{command}\nexpected:\n{expected}got:\n{answer}");
            }
        }
        if std::env::var_os("UPDATE_DIALOGS").is_some() {
            fs::write(&path, text)?;
        }
    }
    assert!(failures.is_empty() || std::env::var_os("UPDATE_DIALOGS").is_some(), "{failures}");
    Ok(())
}
