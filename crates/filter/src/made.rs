//! Samples made for Tradewind in the languages of trade: honest letters of trade and of services, and schematic phish.
//!
//! Honest letters come from templates, `data/made/honest/<language>.tsv`: kind, subject, text; `[a|b]` chooses one, words in braces
//! are filled in, `\n` breaks a line. Every fourth template is held back from training. Phish are put together from fragments of
//! intent, `data/made/intents.tsv`: who says to write, what is threatened or promised, what is to be done, by when. The last
//! fragments of what is threatened and of what is to be done are held back.

mod bulk;
mod letters;

use crate::corpus::{Entry, Label, Sample};
use crate::facts::{Facts, Received};
use crate::train::Random;

/// Which part of the texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// For training.
    Learned,
    /// For measuring.
    Held,
}

/// A text with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// What it is.
    pub label: Label,
    /// Language, by ISO 639-1.
    pub language: &'static str,
    /// What it is about.
    pub kind: String,
    /// Subject, filled in.
    pub subject: String,
    /// Text, filled in.
    pub text: String,
    /// Where it belongs.
    pub part: Part,
    /// Its number within the language.
    pub number: usize,
}

/// One template of this many is held back.
const HELD_ONE_IN: usize = 4;

/// Letters from one template.
const VARIANTS: usize = 3;

/// Phish of each kind in a language, by whether it is a major one.
const PHISH_OF_KIND: [usize; 2] = [32, 96];

const INTENTS: &str = include_str!("../data/made/intents.tsv");

macro_rules! tables {
    ($($language:literal),+ $(,)?) => {
        const TABLES: &[(&str, &str)] =
            &[$(($language, include_str!(concat!("../data/made/honest/", $language, ".tsv")))),+];
    };
}

tables!("en", "zh", "es", "pt", "fr", "de", "it", "ru", "ar", "tr", "ja", "ko", "vi", "nl", "pl", "cs");

/// All texts, filled in the same way each time.
#[must_use]
pub fn all() -> Vec<Written> {
    let honest = TABLES.iter().flat_map(|(language, table)| honest(language, table));
    honest.chain(TABLES.iter().flat_map(|(language, _)| phish(language))).collect()
}

/// Words that go into the braces of one text.
struct Filler<'a> {
    random: Random,
    /// Greetings, closings and goods of the language.
    own: [Vec<&'a str>; 3],
    url: &'static [&'static str],
}

const OWN: [&str; 3] = ["greet", "close", "item"];

fn honest(language: &'static str, table: &'static str) -> Vec<Written> {
    let lines = || table.lines().filter(|line| !line.starts_with('#')).filter_map(columns);
    let own = OWN.map(|name| {
        let line = lines().find(|[kind, ..]| *kind == name);
        line.map(|[.., text]| text.split('|').collect()).unwrap_or_default()
    });
    let mut filler = Filler { random: random_of(language), own, url: &HONEST_HOSTS };
    let mut found = Vec::new();
    for (number, [kind, subject, text]) in lines().filter(|[kind, ..]| !OWN.contains(kind)).enumerate() {
        let part = if number % HELD_ONE_IN == HELD_ONE_IN - 1 { Part::Held } else { Part::Learned };
        for variant in 0..VARIANTS {
            let written = Written {
                label: Label::Ham,
                language,
                kind: kind.to_owned(),
                subject: filler.fill(subject, 2),
                text: filler.fill(text, 2).replace("\\n", "\n"),
                part,
                number: number * VARIANTS + variant,
            };
            found.push(written);
        }
        found.extend(sentences(&filler.fill(text, 1)).map(|text| Written {
            label: Label::Ham,
            language,
            kind: format!("{kind} sentence"),
            subject: String::new(),
            text,
            part,
            number,
        }));
    }
    found
}

/// Sentences of a letter, each for itself, as programs show them on pages and in short notices.
fn sentences(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace("\\n", "\n");
    let pieces: Vec<String> =
        text.split_inclusive(['.', '!', '?', '\n', '。', '？', '！', '؟']).map(str::to_owned).collect();
    pieces
        .into_iter()
        .map(|piece| piece.trim().to_owned())
        .filter(|piece| piece.chars().count() > 15 && !piece.contains('{'))
}

fn columns(line: &str) -> Option<[&str; 3]> {
    let mut cells = line.splitn(3, '\t');
    Some([cells.next()?, cells.next()?, cells.next()?])
}

/// Fragments of intent of a language.
fn intents(language: &str, name: &str) -> Vec<&'static str> {
    let line = INTENTS.lines().filter_map(columns).find(|[of, slot, _]| *of == language && *slot == name);
    line.map(|[.., fragments]| fragments.split('|').collect()).unwrap_or_default()
}

/// Phish of a language: an account in danger, something to gain, a superior who asks.
fn phish(language: &'static str) -> Vec<Written> {
    let [who, threat, lure, act, deadline, boss] =
        ["who", "threat", "lure", "act", "deadline", "boss"].map(|name| intents(language, name));
    let count = PHISH_OF_KIND[usize::from(matches!(language, "en" | "zh"))];
    let mut filler =
        Filler { random: Random(random_of(language).next()), own: [vec![], vec![], vec![]], url: &THIEVES_HOSTS };
    let mut found = Vec::new();
    for number in 0..count * 3 {
        let part = if number % HELD_ONE_IN == HELD_ONE_IN - 1 { Part::Held } else { Part::Learned };
        let kind = ["threat", "lure", "boss"][number % 3];
        let (subject, text) = match kind {
            "boss" => {
                let first = filler.pick(&boss);
                let second = filler.pick(&boss);
                (String::new(), if first == second { first.to_owned() } else { format!("{first}.\n{second}.") })
            }
            _ => {
                let what = filler.pick(of_part(if kind == "lure" { &lure } else { &threat }, part));
                let todo = filler.pick(of_part(&act, part));
                let (from, by) = (filler.pick(&who), filler.pick(&deadline));
                let shape = filler.random.next() % 3;
                let text = match shape {
                    0 => format!("{from}: {what}.\n{todo}, {by}:\n{{url}}"),
                    1 => format!("{what}. {by}: {todo}.\n{{url}}\n\n{from}"),
                    _ => format!("{todo}: {{url}}\n{what}, {by}.\n{from} {{number}}"),
                };
                (if shape == 0 { what.to_owned() } else { format!("{from}: {what}") }, text)
            }
        };
        found.push(Written {
            label: Label::Phish,
            language,
            kind: format!("{kind} {}", number / 3 % 4),
            subject: filler.fill(&subject, 1),
            text: filler.fill(&text, 1),
            part,
            number,
        });
    }
    found
}

/// The fragments that training sees, or those that it does not.
fn of_part<'a>(fragments: &'a [&'static str], part: Part) -> &'a [&'static str] {
    let (learned, held) = fragments.split_at(fragments.len() - fragments.len() / HELD_ONE_IN);
    if part == Part::Learned { learned } else { held }
}

fn random_of(language: &str) -> Random {
    Random(language.bytes().fold(7, |seed, octet| seed * 31 + u64::from(octet)))
}

const HONEST_HOSTS: [&str; 4] = [
    "www.harbour-trading.example",
    "portal.becker-maschinen.example",
    "shop.ruiz-textil.example",
    "ningbo-valves.example",
];

const THIEVES_HOSTS: [&str; 4] =
    ["login-update.example.test", "secure.example.test", "account.example.test", "r4k2q.example.test"];

const PEOPLE: [&str; 10] = [
    "Li Wei",
    "Anna Becker",
    "Carlos Ruiz",
    "John Miller",
    "Mehmet Kaya",
    "Marie Dubois",
    "Nguyen Lan",
    "Olga Smirnova",
    "Sato",
    "Kim",
];

const FIRMS: [&str; 8] = [
    "Ningbo Valves",
    "Becker Maschinen",
    "Ruiz Textil",
    "Harbour Trading",
    "Kaya Tekstil",
    "Dubois & Fils",
    "Lan Viet Export",
    "Volga Metall",
];

impl Filler<'_> {
    fn pick<'b>(&mut self, list: &[&'b str]) -> &'b str {
        let at = self.random.next() % list.len().max(1) as u64;
        list.get(at as usize).copied().unwrap_or_default()
    }

    fn number(&mut self, digits: u32) -> String {
        let least = 10_u64.pow(digits - 1);
        (least + self.random.next() % (9 * least)).to_string()
    }

    /// Chooses among alternatives and puts something in the place of each word in braces, `depth` times.
    fn fill(&mut self, text: &str, depth: u32) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find(['{', '[']) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            let end = if from.starts_with('{') { '}' } else { ']' };
            let Some((inner, behind)) = from.get(1..).and_then(|inner| inner.split_once(end)) else { break };
            let chosen = if end == '}' {
                self.filling(inner)
            } else {
                self.pick(&inner.split('|').collect::<Vec<_>>()).to_owned()
            };
            out.push_str(&chosen);
            rest = behind;
        }
        if depth > 1 {
            // Greetings and closings have braces of their own.
            out.push_str(rest);
            return self.fill(&out, depth - 1);
        }
        out + rest
    }

    fn filling(&mut self, word: &str) -> String {
        if let Some(at) = OWN.iter().position(|own| *own == word) {
            let list = self.own.get(at).cloned().unwrap_or_default();
            return self.pick(&list).to_owned();
        }
        match word {
            "name" => self.pick(&PEOPLE).to_owned(),
            "company" => self.pick(&FIRMS).to_owned(),
            "amount" => format!("{},{}50.00", self.random.next() % 80 + 2, self.random.next() % 9),
            "order" => self.number(6),
            "date" => format!("{}.{}.", self.random.next() % 28 + 1, self.random.next() % 12 + 1),
            "bank" => format!("DE89 3704 0044 0532 0130 00, BIC {}", self.pick(&["COBADEFFXXX", "BKCHCNBJ"])),
            "url" => {
                let hosts = self.url;
                format!("https://{}/{}", self.pick(hosts), self.number(5))
            }
            _ => self.number(3),
        }
    }
}

/// The texts of a part as samples.
#[must_use]
pub fn samples(part: Part) -> Vec<Sample> {
    let written = all();
    let letters = written.iter().filter(|written| written.part == part).map(sample);
    letters.chain(bulk::samples(part)).chain(letters::samples(part)).collect()
}

/// A text as a sample: every other one as a text alone, the rest as a whole message.
#[must_use]
pub fn sample(written: &Written) -> Sample {
    let facts = if written.number.is_multiple_of(2) {
        Facts::of_text(&written.subject, &written.text)
    } else {
        Facts::read(Received { raw: message(written).as_bytes(), ..Received::default() })
    };
    let entry = Entry {
        path: format!("made/{}/{}/{}", written.language, written.kind, written.number),
        label: written.label,
        language: written.language.to_owned(),
        source: "made".to_owned(),
        cluster: format!("made {} {}", written.language, written.kind),
    };
    let mut sample = Sample::of(&entry, &facts);
    sample.is_made = true;
    sample.family = format!("made {}", written.kind);
    // What it is written in is known, however short it is.
    sample.language = Some(written.language.to_owned());
    sample
}

/// The text in the dress of a message: plain or HTML, from a host that is that of its links or is not.
#[must_use]
pub fn message(written: &Written) -> String {
    let mut random = Random(written.number as u64 ^ random_of(written.language).next() ^ written.label as u64);
    let mut one_in = |count: u64| random.next().is_multiple_of(count);
    let is_honest = written.label == Label::Ham;
    let host = written.text.split_once("https://").and_then(|(_, rest)| rest.split(['/', ' ', '\n']).next());
    // Services of others send letters for honest firms, too; thieves hardly ever send from where they lead.
    let own = if is_honest { !one_in(4) } else { one_in(6) };
    let from = match host {
        Some(host) if own => host.trim_start_matches("www.").to_owned(),
        _ if is_honest => if one_in(2) { "mail.harbour-trading.example" } else { "letters.example" }.to_owned(),
        _ => if one_in(2) { "k3f9x2.example" } else { "old-shop.example" }.to_owned(),
    };
    let name = written.subject.split([':', ' ']).next().filter(|_| !is_honest).unwrap_or("Anna Becker");
    let is_html = if is_honest { one_in(2) } else { !one_in(5) };
    let (named, answers) = (!one_in(if is_honest { 6 } else { 3 }), is_honest && one_in(3));
    // Firms of one person write from free services.
    let from = if is_honest && one_in(8) { "gmail.com".to_owned() } else { from };
    let mut fields = if named {
        format!("Message-ID: <{}.{}@{from}>\r\n", written.number, written.text.len())
    } else {
        String::new()
    };
    if answers {
        fields.push_str("In-Reply-To: <7712.204@mail.tradewind.example>\r\n");
    }
    let (kind, body) = if is_html { ("html", page(&written.text)) } else { ("plain", written.text.clone()) };
    format!(
        "From: \"{name}\" <info@{from}>\r\n{fields}To: <sales@tradewind.example>\r\nSubject: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n",
        written.subject
    )
}

/// The text as HTML; the words before an address become its link.
fn page(text: &str) -> String {
    let mut body = String::from("<html><body><table width=\"600\"><tr><td>");
    for line in text.lines() {
        match line.split_once("https://") {
            Some((before, rest)) => {
                let (address, behind) = rest.split_at(rest.find([' ', '"', '\u{3002}']).unwrap_or(rest.len()));
                let label = if before.trim().is_empty() { "OK" } else { before };
                let address = address.trim_end_matches(['.', ',', ';']);
                body.push_str(&format!("<p><a href=\"https://{address}\">{label}</a>{behind}</p>"));
            }
            None => body.push_str(&format!("<p>{line}</p>")),
        }
    }
    body.push_str("</td></tr></table></body></html>");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_letters_and_phish_of_each_language() {
        let all = all();
        for (language, _) in TABLES {
            let count = |label, part| {
                all.iter().filter(|one| one.language == *language && one.label == label && one.part == part).count()
            };
            assert!(count(Label::Ham, Part::Learned) >= 36 && count(Label::Ham, Part::Held) >= 12, "{language}");
            assert!(count(Label::Phish, Part::Learned) >= 30 && count(Label::Phish, Part::Held) >= 12, "{language}");
        }
        for one in &all {
            assert!(!one.text.contains(['{', '}']) && one.text.len() > 15, "{one:?}");
        }
    }

    #[test]
    fn the_same_each_time() {
        assert_eq!(all(), all());
    }
}
