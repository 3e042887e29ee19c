//! Texts written for Tradewind: honest letters of trade and of services, and what thieves write, in the languages of trade.
//!
//! A table for each language: label, kind, subject, text; `\n` breaks a line, words in braces are filled in. Every fourth line of a
//! label is never trained on.

use crate::corpus::{Entry, Label, Sample};
use crate::facts::Facts;
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
    pub kind: &'static str,
    /// Subject, filled in.
    pub subject: String,
    /// Text, filled in.
    pub text: String,
    /// Where it belongs.
    pub part: Part,
    /// Its number within the language.
    pub number: usize,
}

/// One line of this many is held back.
const HELD_ONE_IN: usize = 4;

macro_rules! tables {
    ($($language:literal),+ $(,)?) => {
        const TABLES: &[(&str, &str)] = &[$(($language, include_str!(concat!("../data/made/", $language, ".tsv")))),+];
    };
}

tables!("en", "zh", "es", "pt", "fr", "de", "it", "ru", "ar", "tr", "ja", "ko", "vi", "nl", "pl", "cs");

/// All texts, filled in the same way each time.
#[must_use]
pub fn all() -> Vec<Written> {
    TABLES.iter().flat_map(|(language, table)| read(language, table)).collect()
}

fn read(language: &'static str, table: &'static str) -> Vec<Written> {
    let mut random = Random(language.bytes().fold(7, |seed, octet| seed * 31 + u64::from(octet)));
    let mut counts = [0_usize; 3];
    let mut found = Vec::new();
    for (number, line) in table.lines().enumerate().filter(|(_, line)| !line.starts_with('#') && !line.is_empty()) {
        let mut cells = line.splitn(4, '\t');
        let (Some(label), Some(kind), Some(subject), Some(text)) =
            (cells.next(), cells.next(), cells.next(), cells.next())
        else {
            continue;
        };
        let Some(label) = Label::of(label) else { continue };
        let Some(count) = counts.get_mut(label as usize) else { continue };
        *count += 1;
        let part = if *count % HELD_ONE_IN == 0 { Part::Held } else { Part::Learned };
        let (subject, text) = (fill(subject, label, &mut random), fill(text, label, &mut random));
        found.push(Written { label, language, kind, subject, text: text.replace("\\n", "\n"), part, number });
    }
    found
}

/// Puts something in the place of each word in braces.
fn fill(text: &str, label: Label, random: &mut Random) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let (word, behind) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(&filling(word, label, random));
        rest = behind;
    }
    out.push_str(rest);
    out
}

fn filling(word: &str, label: Label, random: &mut Random) -> String {
    const PEOPLE: [&str; 8] = [
        "Li Wei",
        "Anna Becker",
        "Carlos Ruiz",
        "John Miller",
        "Mehmet Kaya",
        "Marie Dubois",
        "Nguyen Lan",
        "Olga Smirnova",
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
    const HONEST: [&str; 4] = [
        "www.harbour-trading.example",
        "portal.becker-maschinen.example",
        "shop.ruiz-textil.example",
        "ningbo-valves.example",
    ];
    const THIEVES: [&str; 6] = [
        "secure-verify.web.app",
        "account-update.top",
        "login.client-area.xyz",
        "bit.ly",
        "portal-auth.click",
        "mail-upgrade.weebly.com",
    ];
    let pick = |list: &[&str], random: &mut Random| {
        list.get((random.next() % list.len() as u64) as usize).copied().unwrap_or_default().to_owned()
    };
    let number = |digits: u32, random: &mut Random| {
        (random.next() % 9 * 10_u64.pow(digits - 1) / 9 + 10_u64.pow(digits - 1)).to_string()
    };
    match word {
        "name" => pick(&PEOPLE, random),
        "company" => pick(&FIRMS, random),
        "amount" => format!("{},{}50.00", random.next() % 80 + 2, random.next() % 9),
        "order" => number(6, random),
        "date" => format!("{}.{}.", random.next() % 28 + 1, random.next() % 12 + 1),
        "url" if label == Label::Ham => format!("https://{}/{}", pick(&HONEST, random), number(5, random)),
        "url" => format!("https://{}/{}", pick(&THIEVES, random), number(5, random)),
        _ => number(2, random),
    }
}

/// The texts of a part as samples.
#[must_use]
pub fn samples(part: Part) -> Vec<Sample> {
    all().iter().filter(|written| written.part == part).map(sample).collect()
}

/// A text as a sample.
#[must_use]
pub fn sample(written: &Written) -> Sample {
    let facts = Facts::of_text(&written.subject, &written.text);
    let entry = Entry {
        path: format!("made/{} line {}", written.language, written.number + 1),
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
