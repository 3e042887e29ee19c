//! Letters to many: newsletters, notices and receipts on one side, offers that are bait on the other.
//!
//! Both are put together from fragments, `data/made/bulk.tsv`, and dressed in the same ways, each way with the chance that it has on
//! its side: where links lead and how their paths look, whom the sender says to be, pictures, text that nobody sees, what a header lacks.

use std::fmt::Write;

use crate::corpus::{Entry, Label, Sample};
use crate::facts::{Facts, Received};
use crate::train::Random;

use super::{Filler, HELD_ONE_IN, Part, TABLES, columns, of_part, random_of};

const FRAGMENTS: &str = include_str!("../../data/made/bulk.tsv");

/// Kinds of bait that every language has.
const BAITS: [&str; 10] = ["prize", "ware", "game", "date", "loan", "health", "coin", "heir", "short", "tax"];

/// Those that some have, and those from the fragments of intent.
const OTHER_BAITS: [&str; 6] = ["threat", "lure", "call", "file", "threat", "lure"];

/// Letters of each side in a language: English, others with many fragments, the rest.
const LETTERS: [usize; 3] = [320, 128, 64];

/// Fragments of one slot in a language.
fn slot(language: &str, name: &str) -> Vec<&'static str> {
    let line = FRAGMENTS.lines().filter_map(columns).find(|[of, slot, _]| *of == language && *slot == name);
    line.map(|[.., fragments]| fragments.split('|').collect()).unwrap_or_default()
}

fn count(language: &str) -> usize {
    LETTERS[match language {
        "en" => 0,
        "de" | "pt" | "fr" | "es" | "nl" | "it" | "zh" => 1,
        _ => 2,
    }]
}

/// All letters of a part as samples.
pub(super) fn samples(part: Part) -> Vec<Sample> {
    let mut found = Vec::new();
    for (language, _) in TABLES {
        let mut maker = Maker::new(language);
        for number in 0..count(language) {
            let of = if number % HELD_ONE_IN == HELD_ONE_IN - 1 { Part::Held } else { Part::Learned };
            let letters = [maker.bait(number, of), maker.honest(number)];
            if of == part {
                found.extend(letters.iter().map(Letter::sample));
            }
        }
        if part == Part::Learned {
            found.extend(alone(language));
        }
    }
    found
}

/// Fragments of honest letters, each for itself.
fn alone(language: &'static str) -> Vec<Sample> {
    let pieces = ["news", "offer", "note"].into_iter().flat_map(|name| slot(language, name));
    let mut filler = filler(language);
    let letter = |(number, piece): (usize, &'static str)| Letter {
        label: Label::Ham,
        language,
        kind: "piece",
        number,
        content: Content::Text(filler.fill(piece, 1)),
    };
    pieces.enumerate().map(letter).map(|letter| letter.sample()).collect()
}

fn filler(language: &str) -> Filler<'static> {
    Filler {
        random: Random(random_of(language).next() ^ 0xb01d),
        own: [vec![], vec![], vec![]],
        url: &super::HONEST_HOSTS,
    }
}

enum Content {
    Text(String),
    Message(String),
}

struct Letter {
    label: Label,
    language: &'static str,
    kind: &'static str,
    number: usize,
    content: Content,
}

impl Letter {
    fn sample(&self) -> Sample {
        let side = self.label.word();
        let entry = Entry {
            path: format!("made/{}/{side} {}/{}", self.language, self.kind, self.number),
            label: self.label,
            language: self.language.to_owned(),
            source: "made".to_owned(),
            cluster: format!("made {} {side} {}", self.language, self.kind),
        };
        let facts = match &self.content {
            Content::Text(text) => Facts::of_text("", text),
            Content::Message(message) => {
                let mut facts = Facts::read(Received { raw: message.as_bytes(), ..Received::default() });
                if self.number.is_multiple_of(3) {
                    facts.forget_header();
                }
                facts
            }
        };
        let mut sample = Sample::of(&entry, &facts);
        sample.is_made = true;
        sample.family = format!("made {side} {}", self.number % 3);
        sample.language = Some(self.language.to_owned());
        sample
    }
}

/// How a letter is dressed.
struct Dress {
    name: String,
    from: String,
    host: String,
    pictures: String,
    /// Path of a link.
    path: String,
    subject: String,
    is_html: bool,
    with_plain: bool,
    hidden: String,
    tail: String,
    fields: String,
    file: Option<String>,
}

pub(super) struct Maker {
    language: &'static str,
    filler: Filler<'static>,
    recipient: &'static str,
}

const RECIPIENTS: [&str; 4] =
    ["sales@tradewind.example", "li.wei@ningbo-valves.example", "anna.becker@becker.example", "m.kaya@kaya.example"];

const WORDS: [&str; 14] = [
    "mail", "news", "best", "deal", "green", "home", "city", "data", "track", "smart", "blue", "north", "prime", "link",
];

impl Maker {
    fn new(language: &'static str) -> Self {
        Self { language, filler: filler(language), recipient: RECIPIENTS[0] }
    }

    /// For the letters of a template.
    pub(super) fn of_letters(language: &'static str, number: u64) -> Self {
        let mut maker = Self::new(language);
        maker.filler.random = Random(maker.filler.random.next() ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        maker
    }

    /// Any number.
    pub(super) fn any(&mut self) -> u64 {
        self.filler.random.next()
    }

    pub(super) fn name(&mut self) -> String {
        self.filler.filling("name")
    }

    pub(super) fn recipient(&mut self) -> &'static str {
        self.filler.pick(&RECIPIENTS)
    }

    pub(super) fn fill(&mut self, text: &str) -> String {
        self.filler.fill(text, 2)
    }

    pub(super) fn honest_host(&mut self) -> String {
        format!("{}{}.example", self.word(), self.word())
    }

    pub(super) fn honest_link(&mut self) -> String {
        format!("https://www.{}/{}/{}", self.honest_host(), self.word(), self.filler.filling("order"))
    }

    pub(super) fn thieves_link(&mut self) -> String {
        self.recipient = self.recipient();
        format!("https://{}{}", self.thieves_host(), self.thieves_path())
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.filler.random.next().is_multiple_of(count)
    }

    /// True in `share` of a hundred.
    pub(super) fn chance(&mut self, share: u64) -> bool {
        self.filler.random.next() % 100 < share
    }

    fn piece(&mut self, name: &str) -> String {
        let chosen = self.filler.pick(&slot(self.language, name));
        self.filler.fill(chosen, 1)
    }

    fn word(&mut self) -> &'static str {
        self.filler.pick(&WORDS)
    }

    /// A row of letters and digits as machines make them.
    pub(super) fn token(&mut self, length: usize) -> String {
        const SIGNS: &[u8] = b"abcdefghkmnpqrstuvwxyzABCDEFGHKMNPQRSTUVWXYZ23456789";
        (0..length)
            .filter_map(|_| SIGNS.get((self.filler.random.next() % SIGNS.len() as u64) as usize))
            .map(|octet| char::from(*octet))
            .collect()
    }

    fn bait(&mut self, number: usize, part: Part) -> Letter {
        let at = number % (BAITS.len() + OTHER_BAITS.len());
        let kind = BAITS.iter().chain(&OTHER_BAITS).nth(at).copied().unwrap_or(BAITS[0]);
        self.recipient = self.filler.pick(&RECIPIENTS);
        let is_intent = matches!(kind, "threat" | "lure");
        let mut fragments = if is_intent { super::intents(self.language, kind) } else { slot(self.language, kind) };
        if fragments.is_empty() {
            fragments = slot(self.language, "prize");
        }
        let fragments = if fragments.len() >= HELD_ONE_IN { of_part(&fragments, part) } else { &fragments };
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..1 + self.filler.random.next() % 4 {
            let chosen = self.filler.pick(fragments);
            let line = self.filler.fill(chosen, 1);
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        if is_intent {
            lines.truncate(1);
            let todo = super::intents(self.language, "act");
            lines.push(self.filler.pick(of_part(&todo, part)).to_owned());
            if self.one_in(2) {
                lines.push(self.filler.pick(&super::intents(self.language, "deadline")).to_owned());
            }
        } else if self.chance(25) && !matches!(kind, "short" | "file") {
            let other = if self.one_in(2) { "ware" } else { "prize" };
            lines.push(self.piece(other));
        }
        let subject = lines.first().cloned().unwrap_or_default();
        if self.chance(30) {
            lines.insert(0, self.recipient.to_owned());
        }
        let host = self.thieves_host();
        let path = self.thieves_path();
        let dress = self.bait_dress(kind, host, path, subject);
        let body = self.body(&lines, "cta", 2, &dress);
        Letter {
            label: if !matches!(kind, "ware" | "game" | "date" | "loan" | "health") {
                Label::Phish
            } else {
                Label::Spam
            },
            language: self.language,
            kind,
            number,
            content: Content::Message(self.message(&dress, &body, &lines)),
        }
    }

    pub(super) fn thieves_host(&mut self) -> String {
        let (one, two) = (self.word(), self.word());
        match self.filler.random.next() % 6 {
            0 => format!("{}.xyz", self.token(9).to_lowercase()),
            1 => format!("{one}-{two}.web.app"),
            2 => format!("{}.{one}{two}.example", self.token(4).to_lowercase()),
            3 => format!("{one}{two}.shop"),
            4 => format!("www.{one}{two}.example"),
            _ => format!("{one}{}.example", self.token(5).to_lowercase()),
        }
    }

    fn thieves_path(&mut self) -> String {
        match self.filler.random.next() % 8 {
            0..=2 => format!("/{}", self.token(46)),
            3 => format!("/?email={}", self.recipient),
            4 | 8 => format!("/{}/{}#{}", self.word(), self.token(12), self.recipient),
            5 => "/".to_owned(),
            6 => format!("/{}.php?id={}", self.word(), self.token(16)),
            _ => format!("/{}/{}", self.word(), self.word()),
        }
    }

    fn bait_dress(&mut self, kind: &str, host: String, path: String, mut subject: String) -> Dress {
        let from = if self.chance(25) { host.trim_start_matches("www.").to_owned() } else { self.thieves_host() };
        let local = match self.filler.random.next() % 5 {
            0 | 1 => self.token(9),
            2 => format!("{}.{}", self.word(), self.token(4)),
            3 => "noreply".to_owned(),
            _ => self.word().to_owned(),
        };
        let mut name = if kind == "threat" {
            self.filler.pick(&super::intents(self.language, "who")).to_owned()
        } else {
            self.piece("cta")
        };
        if matches!(kind, "short" | "heir" | "call") {
            name = self.filler.filling("name");
        }
        if self.chance(20) {
            name = format!("\u{1f381} {name}!");
        }
        if self.chance(20) {
            subject = format!("\u{26a1} {subject}");
        }
        if self.chance(15) {
            subject = format!("{}: {subject}", self.recipient);
        }
        let is_html = if matches!(kind, "heir" | "short" | "call") { self.one_in(3) } else { !self.one_in(6) };
        let from = if matches!(kind, "heir" | "short" | "call" | "file") && self.chance(60) {
            ["gmail.com", "outlook.com", "hotmail.com"][(self.filler.random.next() % 3) as usize].to_owned()
        } else {
            from
        };
        let hidden = if self.chance(25) { (0..6).map(|_| self.piece("news") + ". ").collect() } else { String::new() };
        let tail = if self.chance(15) {
            (0..12).map(|_| self.token(11) + " ").collect()
        } else if self.chance(15) {
            format!("<p><a href=\"https://{host}{path}\">{}</a></p>", self.recipient)
        } else {
            String::new()
        };
        let fields = self.bait_fields(kind, &local, &from);
        let file = match kind {
            "file" => Some(format!(
                "{}.{}",
                self.token(14),
                ["pdf", "html", "docx"][(self.filler.random.next() % 3) as usize]
            )),
            "call" if self.one_in(3) => Some(format!("Invoice {}.pdf", self.token(10))),
            _ => None,
        };
        let pictures = if self.chance(45) { self.thieves_host() } else { host.clone() };
        let from = format!("{local}@{from}");
        Dress {
            name,
            from,
            host,
            pictures,
            path,
            subject,
            is_html,
            with_plain: self.one_in(3),
            hidden,
            tail,
            fields,
            file,
        }
    }

    /// Fields of the header that bait has, has not or has wrongly.
    fn bait_fields(&mut self, kind: &str, local: &str, from: &str) -> String {
        let to = match self.filler.random.next() % 10 {
            0 | 1 => "To: undisclosed-recipients:;\r\n".to_owned(),
            2 => format!("To: <{local}@{from}>\r\n"),
            3 => String::new(),
            _ => format!("To: <{}>\r\n", self.recipient),
        };
        let mut fields = to;
        match self.filler.random.next() % 3 {
            0 => {}
            1 => _ = write!(fields, "Message-ID: <{}@{from}>\r\n", self.token(12)),
            _ => _ = write!(fields, "Message-ID: <{}@{}.example>\r\n", self.token(12), self.token(8)),
        }
        if self.chance(10) {
            _ = write!(fields, "In-Reply-To: <{}> <{}@{}>\r\n", self.token(60), self.token(30), self.token(8));
        }
        if self.chance(if matches!(kind, "heir" | "short") { 50 } else { 12 }) {
            _ = write!(fields, "Reply-To: <{}@gmail.com>\r\n", self.token(8).to_lowercase());
        }
        fields
    }

    fn honest(&mut self, number: usize) -> Letter {
        self.recipient = self.filler.pick(&RECIPIENTS);
        let kind = ["news", "offer", "note", "note"][number % 4];
        let mut lines: Vec<String> = Vec::new();
        let most = if kind == "note" { 2 } else { 9 };
        for _ in 0..1 + self.filler.random.next() % most {
            let mixed = kind == "news" && self.one_in(4);
            let line = self.piece(if mixed { "offer" } else { kind });
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let subject = lines.first().cloned().unwrap_or_default();
        if self.chance(20) {
            lines.insert(0, self.filler.filling("name"));
        }
        lines.push(self.piece("foot"));
        let mut dress = self.honest_dress(subject);
        if kind == "note" && self.chance(40) {
            dress.is_html = false;
        }
        let body = self.body(&lines, "more", 1, &dress);
        let content = Content::Message(self.message(&dress, &body, &lines));
        Letter { label: Label::Ham, language: self.language, kind, number, content }
    }

    fn honest_dress(&mut self, mut subject: String) -> Dress {
        let own = format!("{}{}.example", self.word(), self.word());
        let host = if self.chance(65) {
            format!("www.{own}")
        } else {
            format!("click.{}{}.example", self.word(), self.word())
        };
        let path = match self.filler.random.next() % 6 {
            0 => format!("/{}", self.token(40)),
            1 => format!("/cts/click?q={}", self.token(24)),
            2 => format!("/unsubscribe?email={}", self.recipient),
            3 => "/".to_owned(),
            _ => format!("/{}/{}", self.word(), self.filler.filling("order")),
        };
        if self.chance(10) {
            subject = format!("\u{2600} {subject}");
        }
        let local = self.filler.pick(&["newsletter", "news", "noreply", "service", "info", "alerts", "members"]);
        let name = self.filler.filling("company");
        let mut fields =
            if self.chance(85) { format!("To: <{}>\r\n", self.recipient) } else { format!("To: <{local}@{own}>\r\n") };
        let maker = if self.chance(60) { own.clone() } else { "sender.example".to_owned() };
        _ = write!(fields, "Message-ID: <{}@{maker}>\r\n", self.token(14));
        if self.chance(12) {
            _ = write!(fields, "Reply-To: <service@{own}>\r\n");
        }
        let pictures = if self.chance(25) { "img.cdn.example".to_owned() } else { host.clone() };
        let tail = if self.chance(30) { format!("<p>{}</p>", self.recipient) } else { String::new() };
        let from = format!("{local}@{own}");
        let file = if self.chance(10) { Some(format!("invoice-{}.pdf", self.filler.filling("order"))) } else { None };
        let (is_html, with_plain) = (!self.one_in(3), !self.one_in(3));
        Dress {
            name,
            from,
            host,
            pictures,
            path,
            subject,
            is_html,
            with_plain,
            hidden: String::new(),
            tail,
            fields,
            file,
        }
    }

    /// The lines as a page or as text, with links whose words come from `labels`.
    fn body(&mut self, lines: &[String], labels: &str, links: u64, dress: &Dress) -> String {
        let Dress { host, path, pictures, .. } = dress;
        let mut out = String::new();
        if !dress.is_html {
            for line in lines {
                _ = write!(out, "{line}\r\n\r\n");
            }
            if dress.file.is_none() && self.chance(if dress.from.ends_with(".com") { 15 } else { 80 }) {
                _ = write!(out, "https://{host}{path}\r\n");
            }
            return out;
        }
        out.push_str("<html><body>");
        if !dress.hidden.is_empty() {
            _ = write!(out, "<div style=\"display:none\">{}</div>", dress.hidden);
        }
        let is_bait = labels == "cta";
        let image_alone = is_bait && self.chance(20);
        if image_alone || self.chance(50) {
            let at = self.token(8);
            _ = write!(out, "<a href=\"https://{host}{path}\"><img src=\"https://{pictures}/{at}.png\"></a>");
        }
        out.push_str("<table><tr><td>");
        for (at, line) in lines.iter().enumerate() {
            if image_alone && at > 0 {
                break;
            }
            _ = write!(out, "<p>{line}</p>");
            // Each story of a newsletter has a link of its own.
            if !is_bait && self.one_in(2) {
                let label = self.piece(labels);
                _ = write!(out, "<a href=\"https://{host}{path}{at}\">{label}</a>");
            }
        }
        for at in 0..1 + self.filler.random.next() % (links + 1) {
            let label = self.piece(labels);
            let other = if at > 0 && is_bait { self.thieves_path() } else { path.clone() };
            _ = write!(out, "<p><a href=\"https://{host}{other}\">{label}</a></p>");
        }
        _ = write!(out, "</td></tr></table>{}</body></html>", dress.tail);
        out
    }

    fn message(&self, dress: &Dress, body: &str, lines: &[String]) -> String {
        let Dress { name, from, subject, fields, .. } = dress;
        let head = format!("From: \"{name}\" <{from}>\r\n{fields}Subject: {subject}\r\nMIME-Version: 1.0\r\n");
        let Some(file) = &dress.file else { return head + &content(dress, body, lines) };
        format!(
            "{head}Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\n{}--m\r\nContent-Type: application/octet-stream\r\n\
             Content-Disposition: attachment; filename=\"{file}\"\r\n\r\n%PDF-1.4\r\n--m--\r\n",
            content(dress, body, lines)
        )
    }
}

/// The text, or both texts.
fn content(dress: &Dress, body: &str, lines: &[String]) -> String {
    let part = |kind: &str, body: &str| {
        format!("Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n")
    };
    if !dress.is_html {
        return part("plain", body);
    }
    if !dress.with_plain {
        return part("html", body);
    }
    // Bait has another text for those who look at the plain one, at times.
    let plain = if dress.hidden.is_empty() { lines.join("\r\n") } else { dress.hidden.clone() };
    format!(
        "Content-Type: multipart/alternative; boundary=\"b\"\r\n\r\n--b\r\n{}--b\r\n{}--b--\r\n",
        part("plain", &plain),
        part("html", body)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_has_each_slot() {
        for (language, _) in TABLES {
            for name in BAITS.into_iter().chain(["cta", "news", "offer", "note", "more", "foot"]) {
                assert!(!slot(language, name).is_empty(), "{language} {name}");
            }
        }
    }

    #[test]
    fn both_parts_have_both_sides() {
        for part in [Part::Learned, Part::Held] {
            let made = samples(part);
            for label in [Label::Ham, Label::Spam, Label::Phish] {
                assert!(made.iter().filter(|sample| sample.label == label).count() > 40, "{label:?}");
            }
        }
    }
}
