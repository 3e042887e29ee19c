//! Whole letters, `data/made/letters.tsv`: such as want money without a link or a page, and honest ones about the same things.

use std::fmt::Write;

use crate::corpus::{Entry, Label, Sample};
use crate::facts::{Facts, Received};

use super::bulk::Maker;
use super::{HELD_ONE_IN, Part};

const LETTERS: &str = include_str!("../../data/made/letters.tsv");

/// Letters from one template.
const VARIANTS: usize = 8;

/// A template.
struct Template {
    label: Label,
    language: &'static str,
    kind: &'static str,
    subject: &'static str,
    text: &'static str,
}

fn templates() -> impl Iterator<Item = Template> {
    LETTERS.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut cells = line.splitn(5, '\t');
        let language = cells.next()?;
        let label = Label::of(cells.next()?)?;
        Some(Template { label, language, kind: cells.next()?, subject: cells.next()?, text: cells.next()? })
    })
}

/// What programs write above a letter that somebody sends on: mark of the subject, then names of fields.
const FORWARDED: [[&str; 5]; 8] = [
    ["Fw: ", "From", "Sent", "To", "Subject"],
    ["Fwd: ", "From", "Date", "To", "Subject"],
    ["Fw: ", "De", "Enviado", "Para", "Assunto"],
    ["ENC: ", "De", "Enviada em", "Para", "Assunto"],
    ["RV: ", "De", "Enviado el", "Para", "Asunto"],
    ["WG: ", "Von", "Gesendet", "An", "Betreff"],
    ["TR: ", "De", "Envoy\u{e9}", "\u{c0}", "Objet"],
    [
        "\u{8f6c}\u{53d1}: ",
        "\u{53d1}\u{4ef6}\u{4eba}",
        "\u{53d1}\u{9001}\u{65f6}\u{95f4}",
        "\u{6536}\u{4ef6}\u{4eba}",
        "\u{4e3b}\u{9898}",
    ],
];

/// A letter below its own header.
fn forwarded(marks: &[&str; 5], from: &str, to: &str, subject: &str, text: &str) -> String {
    let [_, author, sent, recipient, title] = marks;
    let local = from.to_lowercase().replace(' ', ".");
    format!(
        "________________________________\r\n{author}: {from} <{local}@mail.example>\r\n{sent}: 12 May 10:12\r\n\
         {recipient}: {to}\r\n{title}: {subject}\r\n\r\n{text}"
    )
}

/// All letters of a part as samples; one of four variants of each template is held back.
pub(super) fn samples(part: Part) -> Vec<Sample> {
    let mut found = Vec::new();
    for (number, template) in templates().enumerate() {
        let mut maker = Maker::of_letters(template.language, number as u64);
        for variant in 0..VARIANTS {
            let of = if variant % HELD_ONE_IN == HELD_ONE_IN - 1 { Part::Held } else { Part::Learned };
            let raw = message(&template, &mut maker, variant);
            if of == part {
                found.push(sample(&template, &raw, number * VARIANTS + variant));
            }
        }
    }
    found
}

fn sample(template: &Template, raw: &str, number: usize) -> Sample {
    let Template { label, language, kind, .. } = *template;
    let side = label.word();
    let entry = Entry {
        path: format!("made/{language}/{side} letter {kind}/{number}"),
        label,
        language: language.to_owned(),
        source: "made letters".to_owned(),
        cluster: format!("made {language} {side} letter {kind}"),
    };
    let mut facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
    if number.is_multiple_of(3) {
        facts.forget_header();
    }
    let mut sample = Sample::of(&entry, &facts);
    sample.is_made = true;
    sample.family = format!("made {side} {}", number % 3);
    sample.language = Some(language.to_owned());
    sample
}

/// A letter in its dress.
fn message(template: &Template, maker: &mut Maker, variant: usize) -> String {
    let is_honest = template.label == Label::Ham;
    let link = if is_honest { maker.honest_link() } else { maker.thieves_link() };
    let fill = |maker: &mut Maker, text: &str| maker.fill(&text.replace("{url}", &link)).replace("\\n", "\r\n");
    let (subject, text) = (fill(maker, template.subject), fill(maker, template.text));
    let mut head = if is_honest { honest_head(maker) } else { bad_head(template.kind, maker) };
    let prefix = match variant % 8 {
        5 if !is_honest => "Re: ",
        6 => FORWARDED.get(maker.any() as usize % FORWARDED.len()).map_or("", |marks| marks[0]),
        _ => "",
    };
    _ = write!(head, "Subject: {prefix}{subject}\r\nMIME-Version: 1.0\r\n");
    // By hand on to somebody else, as programs do it: the letter below its own header.
    let text = if variant % 8 == 6 {
        let marks = FORWARDED.get(maker.any() as usize % FORWARDED.len()).copied().unwrap_or_default();
        forwarded(&marks, &maker.name(), maker.recipient(), &subject, &text)
    } else {
        text
    };
    // Advertisements have words of others below them, so that filters see those.
    let padded = template.label == Label::Spam && maker.chance(45);
    let text = if padded { format!("{text}\r\n\r\n{}", padding(maker)) } else { text };
    let body = body(&text, is_honest, maker);
    let Some((kind, name)) = file(template, maker) else { return head + &body };
    format!(
        "{head}Content-Type: multipart/mixed; boundary=\"m\"\r\n\r\n--m\r\n{body}--m\r\nContent-Type: {kind}\r\n\
         Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n%PDF-1.4\r\n--m--\r\n"
    )
}

/// As a page, as plain text, or as both; programs of offices write both.
fn body(text: &str, is_honest: bool, maker: &mut Maker) -> String {
    let lines = || text.split("\r\n").map(|line| format!("<div>{line}</div>")).collect::<String>();
    let page = || {
        format!(
            "Content-Type: text/html; charset=utf-8\r\n\r\n<html><body><div dir=\"ltr\">{}</div></body></html>\r\n",
            lines()
        )
    };
    let plain = || format!("Content-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n");
    match maker.any() % 100 {
        0..30 => page(),
        30..55 if is_honest || maker.chance(60) => format!(
            "Content-Type: multipart/alternative; boundary=\"a\"\r\n\r\n--a\r\n{}--a\r\n{}--a--\r\n",
            plain(),
            page()
        ),
        _ => plain(),
    }
}

/// Words from everywhere in the honest letters, in no order.
fn padding(maker: &mut Maker) -> String {
    let words: Vec<&str> = templates()
        .filter(|template| template.label == Label::Ham && template.language == "en")
        .flat_map(|template| template.text.split(|c: char| !c.is_alphabetic()))
        .filter(|word| word.len() > 3)
        .collect();
    let count = 20 + maker.any() % 60;
    let mut pick = || words.get((maker.any() % words.len().max(1) as u64) as usize).copied().unwrap_or_default();
    (0..count).map(|_| pick()).collect::<Vec<_>>().join(" ")
}

/// Type and name of the attached file, where there is one.
fn file(template: &Template, maker: &mut Maker) -> Option<(&'static str, String)> {
    let is_honest = template.label == Label::Ham;
    let names_one = ["ttach", "anexo", "\u{9644}\u{4ef6}"].iter().any(|word| template.text.contains(word));
    if names_one && maker.chance(70) {
        return Some((
            "application/pdf",
            if is_honest { "offer.pdf".to_owned() } else { format!("{}.pdf", maker.token(10)) },
        ));
    }
    match template.label {
        Label::Spam if maker.chance(20) => Some(("image/gif", format!("{}.gif", maker.token(6).to_lowercase()))),
        Label::Ham if maker.chance(5) => Some(("image/jpeg", "photo.jpg".to_owned())),
        _ => None,
    }
}

/// From people and firms, to somebody.
fn honest_head(maker: &mut Maker) -> String {
    let name = maker.name();
    let host = match maker.any() % 6 {
        0 => "gmail.com".to_owned(),
        1 => "hotmail.com".to_owned(),
        2 => "mail.harbour-trading.example".to_owned(),
        _ => maker.honest_host(),
    };
    let local = name.to_lowercase().replace(' ', ".");
    let mut head = format!("From: {name} <{local}@{host}>\r\n");
    if !maker.chance(8) {
        let other = if maker.chance(25) { ", <office@tradewind.example>" } else { "" };
        _ = write!(head, "To: <{}>{other}\r\n", maker.recipient());
    }
    if maker.chance(90) {
        // Providers and programs write names of their own into it.
        let made_at = if maker.chance(30) { "mail.provider.example" } else { host.as_str() };
        _ = write!(head, "Message-ID: <{}@{made_at}>\r\n", maker.token(14));
    }
    if maker.chance(30) {
        _ = write!(head, "In-Reply-To: <{}@mail.tradewind.example>\r\n", maker.token(12));
    }
    if maker.chance(8) {
        _ = write!(head, "Reply-To: <{local}@{host}>\r\n");
    }
    head
}

/// From mailboxes at free services and broken ones, answers elsewhere, to nobody in sight.
fn bad_head(kind: &str, maker: &mut Maker) -> String {
    let name = maker.name();
    let is_letter = matches!(kind, "heir" | "short" | "boss" | "call" | "extort" | "file");
    let host = match maker.any() % 4 {
        0 | 1 if is_letter => "gmail.com".to_owned(),
        2 if is_letter => "outlook.com".to_owned(),
        _ => maker.thieves_host(),
    };
    let local = if maker.chance(60) {
        format!("{}{}", name.to_lowercase().replace(' ', ""), maker.any() % 900)
    } else {
        maker.token(8).to_lowercase()
    };
    let mut head = format!("From: {name} <{local}@{host}>\r\n");
    match maker.any() % 5 {
        0 | 1 => head.push_str("To: undisclosed-recipients:;\r\n"),
        2 => {}
        _ => _ = write!(head, "To: <{}>\r\n", maker.recipient()),
    }
    if maker.chance(60) {
        _ = write!(
            head,
            "Message-ID: <{}@{}>\r\n",
            maker.token(14),
            if maker.chance(50) { "mail.example" } else { host.as_str() }
        );
    }
    if is_letter && maker.chance(45) {
        _ = write!(head, "Reply-To: <{}@gmail.com>\r\n", maker.token(8).to_lowercase());
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_template_that_can_be_filled_in() {
        let lines = LETTERS.lines().filter(|line| !line.starts_with('#')).count();
        assert_eq!(templates().count(), lines);
        for (number, template) in templates().enumerate() {
            let mut maker = Maker::of_letters(template.language, number as u64);
            for variant in 0..VARIANTS {
                let raw = message(&template, &mut maker, variant);
                let text = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() }).text;
                assert!(!text.contains(['[', ']']) && !text.contains("{n"), "{}: {text}", template.subject);
            }
        }
    }

    #[test]
    fn each_language_with_bad_letters_has_honest_ones() {
        for template in templates().filter(|template| template.label != Label::Ham) {
            assert!(templates().any(|one| one.label == Label::Ham && one.language == template.language));
        }
    }
}
