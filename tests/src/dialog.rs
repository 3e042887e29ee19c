//! Transcripts of IMAP: what clients say, and what the server is to answer.
//!
//! A transcript has a head: comment lines with `#`, `fill = N` where its mailbox is to hold N letters, and `quota = N` where its
//! account is to have room for N MiB only. Then come turns, each with the answer that is expected in lines of `S: `:
//!
//! - `A: command` sends a command and reads to its end; the answer is the untagged responses, then the status. Letters `B` to `D` are
//!   further connections of the same account, signed in when first used.
//! - `A> command` sends a command and does not wait. Several in a row are sent as one piece, as a pipelining client does.
//! - `A! line` sends a line that is no command, as DONE or a literal.
//! - `A? word` reads on to the first line that has this word in it.
//! - `A=` reads on to the end of the oldest command that `A>` sent and that has not ended.
//!
//! In what is sent, `%` stands for the transcript's own mailbox and `%%` for a percent sign, `\r`, `\n` and `\0` for those octets, `\(N)` for
//! N octets of text, and `<uidvalidity>` and `<modseq>` for the last ones that any answer gave. Numbers that differ from run to run are
//! compared as `#`.
//!
//! Every transcript has an account of its own, so that each plays alone and in any order.

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Write as _;

use crate::{Access, Failure, Outcome, Tradewind, imap};

/// What stands before numbers that nobody can know.
const VOLATILE: [&str; 11] = [
    "UIDVALIDITY ",
    "HIGHESTMODSEQ ",
    "MODSEQ (",
    "MODSEQ ",
    "MAILBOXID (k",
    "EMAILID (k",
    "THREADID (k",
    "APPENDUID ",
    "COPYUID ",
    "SAVEDATE \"",
    "TAG \"t",
];

/// What a turn does with its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Ask,
    Send,
    Line,
    ReadTo,
    ReadEnd,
}

/// One turn: what a connection does, and what comes back.
struct Turn {
    connection: char,
    deed: Deed,
    text: String,
    expected: String,
}

/// A transcript.
pub struct Dialog {
    head: String,
    fill: u32,
    quota_mib: u32,
    turns: Vec<Turn>,
}

/// What came of playing a transcript.
pub struct Played {
    /// The transcript with the answers that came.
    pub text: String,
    /// Each turn whose answer was another than expected.
    pub differences: String,
}

impl Dialog {
    /// Reads a transcript.
    ///
    /// # Errors
    /// If its head has a number that is none.
    pub fn parse(text: &str) -> Outcome<Self> {
        let mut dialog = Self { head: String::new(), fill: 0, quota_mib: 0, turns: Vec::new() };
        for line in text.lines() {
            if let Some(answer) = line.strip_prefix("S: ") {
                if let Some(turn) = dialog.turns.last_mut() {
                    let _ = writeln!(turn.expected, "{answer}");
                }
            } else if let Some(turn) = turn(line) {
                dialog.turns.push(turn);
            } else {
                let _ = writeln!(dialog.head, "{line}");
                match line.split_once(" = ") {
                    Some(("fill", number)) => dialog.fill = number.parse()?,
                    Some(("quota", number)) => dialog.quota_mib = number.parse()?,
                    _ => {}
                }
            }
        }
        Ok(dialog)
    }

    /// Plays it on `tradewind` as the account `name` of `trade.test`, which is made for it.
    ///
    /// # Errors
    /// If a connection fails, or an answer does not come.
    pub fn play(&self, tradewind: &Tradewind, name: &str) -> Outcome<Played> {
        let access = tradewind.new_account(name, self.quota_mib)?;
        let mailbox = format!("D-{name}");
        fill(&access, &mailbox, self.fill)?;
        let mut player = Player { access, mailbox, connections: BTreeMap::new(), uidvalidity: 0, modseq: 0 };
        let mut played = Played { text: self.head.clone(), differences: String::new() };
        for turn in &self.turns {
            let Turn { connection, deed, text, expected } = turn;
            let written = format!("{connection}{} {text}", deed.mark());
            let answer = player.take(turn).map_err(|failure| failure.during(&format!("{name}: {written}")))?;
            let _ = writeln!(played.text, "{}", written.trim_end());
            for line in answer.lines() {
                let _ = writeln!(played.text, "S: {line}");
            }
            if answer != *expected {
                let _ = writeln!(played.differences, "{name}\n{written}\nexpected:\n{expected}got:\n{answer}");
            }
        }
        Ok(played)
    }
}

impl Deed {
    fn mark(self) -> char {
        match self {
            Self::Ask => ':',
            Self::Send => '>',
            Self::Line => '!',
            Self::ReadTo => '?',
            Self::ReadEnd => '=',
        }
    }
}

fn turn(line: &str) -> Option<Turn> {
    let mut chars = line.chars();
    let connection = chars.next().filter(|letter| ('A'..='D').contains(letter))?;
    let mark = chars.next()?;
    let all = [Deed::Ask, Deed::Send, Deed::Line, Deed::ReadTo, Deed::ReadEnd];
    let deed = all.into_iter().find(|deed| deed.mark() == mark)?;
    let text = chars.as_str().strip_prefix(' ').unwrap_or_default().to_owned();
    Some(Turn { connection, deed, text, expected: String::new() })
}

/// Makes the mailbox and puts letters into it, by a connection of its own.
fn fill(access: &Access, mailbox: &str, letters: u32) -> Outcome {
    let mut client = access.session()?;
    client.command(&format!("CREATE {mailbox}"))?.ok()?;
    for number in 1..=letters {
        let letter = letter(number);
        let day = format!("{:02}-Jan-2026 12:00:00 +0000", number + 4);
        client.command(&format!("APPEND {mailbox} \"{day}\" {{{}+}}\r\n{letter}", letter.len()))?.ok()?;
    }
    client.logout()
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

/// A connection with the commands whose ends have not been read, and what is to be sent before the next reading.
struct Line {
    client: imap::Client,
    under_way: VecDeque<String>,
    unsent: Vec<u8>,
}

struct Player {
    access: Access,
    mailbox: String,
    connections: BTreeMap<char, Line>,
    /// As the last answer gave it.
    uidvalidity: u64,
    modseq: u64,
}

impl Player {
    fn take(&mut self, turn: &Turn) -> Outcome<String> {
        let text = self.filled_in(&turn.text)?;
        let line = match self.connections.entry(turn.connection) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(vacant) => {
                let client = self.access.session()?;
                vacant.insert(Line { client, under_way: VecDeque::new(), unsent: Vec::new() })
            }
        };
        let answer = line.take(turn.deed, &text)?;
        for (mark, number) in [("UIDVALIDITY ", &mut self.uidvalidity), ("HIGHESTMODSEQ ", &mut self.modseq)] {
            if let Some(found) = last_number(&answer, mark) {
                *number = found;
            }
        }
        Ok(without_volatile(&answer.replace(&self.mailbox, "%").replace('\0', "\\0")))
    }

    /// What a turn writes as it is sent.
    fn filled_in(&self, text: &str) -> Outcome<String> {
        let text = text.replace("<uidvalidity>", &self.uidvalidity.to_string());
        let text = text.replace("<modseq>", &self.modseq.to_string());
        let text = text.replace("%%", "\u{1}").replace('%', &self.mailbox).replace('\u{1}', "%");
        let mut out = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('\\') {
            out.push_str(before);
            rest = after.get(1..).unwrap_or_default();
            match after.as_bytes().first() {
                Some(b'r') => out.push('\r'),
                Some(b'n') => out.push('\n'),
                Some(b'0') => out.push('\0'),
                Some(b'(') if rest.starts_with(|c: char| c.is_ascii_digit()) => {
                    let (number, after) = rest.split_once(')').ok_or_else(|| Failure::new("no ) after a number"))?;
                    out.push_str(&"x".repeat(number.parse()?));
                    rest = after;
                }
                // A flag's name, or an escape of the protocol.
                _ => {
                    out.push('\\');
                    rest = after;
                }
            }
        }
        Ok(out + rest)
    }
}

impl Line {
    fn take(&mut self, deed: Deed, text: &str) -> Outcome<String> {
        match deed {
            Deed::Send => {
                let tag = self.client.tag();
                self.unsent.extend_from_slice(format!("{tag} {text}\r\n").as_bytes());
                self.under_way.push_back(tag);
                return Ok(String::new());
            }
            Deed::Line => {
                self.unsent.extend_from_slice(format!("{text}\r\n").as_bytes());
                return Ok(String::new());
            }
            _ => self.client.stream.send(&std::mem::take(&mut self.unsent))?,
        }
        let answer = match deed {
            Deed::ReadTo => return self.read_to(text),
            Deed::ReadEnd => {
                let tag = self.under_way.pop_front().ok_or_else(|| Failure::new("no command is under way"))?;
                self.client.answer(&tag, true)?
            }
            _ => self.client.ask(text)?,
        };
        if text.eq_ignore_ascii_case("COMPRESS DEFLATE") && answer.status.starts_with("OK") {
            self.client.stream.compress();
        }
        Ok(format!("{}{}\n", answer.text().replace("\r\n", "\n"), answer.status.trim_end()))
    }

    fn read_to(&mut self, word: &str) -> Outcome<String> {
        let mut lines = String::new();
        loop {
            let line = String::from_utf8_lossy(self.client.stream.line()?).trim_end().to_owned();
            let _ = writeln!(lines, "{line}");
            if line.contains(word) {
                return Ok(lines);
            }
        }
    }
}

/// The number after the last `mark` in `text`.
fn last_number(text: &str, mark: &str) -> Option<u64> {
    let (_, after) = text.rsplit_once(mark)?;
    after.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
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
