//! How programs show the letter that is answered.

use crate::calendar;
use crate::letter::{Letter, Party};
use crate::software::Quoting;

/// Lines of earlier letters that are carried along.
const LINES_MAX: usize = 90;

/// The letter as it stands below an answer.
pub(crate) fn quote(letter: &Letter, quoting: Quoting, language: &str) -> String {
    let text = first_lines(&letter.text());
    match quoting {
        Quoting::Header => {
            let words = header_words(language);
            format!(
                "{}\n{}: {}\n{}: {}\n{}: {}\n{}: {}\n\n{text}",
                "-".repeat(32),
                words[0],
                shown(&letter.from),
                words[1],
                calendar::written(letter.at, letter.zone),
                words[2],
                letter.to.iter().map(shown).collect::<Vec<_>>().join("; "),
                words[3],
                letter.subject
            )
        }
        Quoting::Chinese => format!(
            "------------------ 原始邮件 ------------------\n发件人: {}\n发送时间: {}\n收件人: {}\n主题: {}\n\n{text}",
            shown(&letter.from),
            calendar::written(letter.at, letter.zone),
            letter.to.iter().map(shown).collect::<Vec<_>>().join("; "),
            letter.subject
        ),
        Quoting::Marked => {
            let marked = text.lines().map(|line| if line.is_empty() { ">".to_owned() } else { format!("> {line}") });
            format!(
                "{}\n{}",
                wrote(language, &calendar::written(letter.at, letter.zone), &shown(&letter.from)),
                marked.collect::<Vec<_>>().join("\n")
            )
        }
    }
}

fn first_lines(text: &str) -> String {
    text.lines().take(LINES_MAX).collect::<Vec<_>>().join("\n")
}

fn shown(party: &Party) -> String {
    format!("{} <{}>", party.name, party.address)
}

const fn header_words(language: &str) -> [&'static str; 4] {
    match language.as_bytes() {
        b"de" => ["Von", "Gesendet", "An", "Betreff"],
        b"fr" => ["De", "Envoyé", "À", "Objet"],
        b"es" => ["De", "Enviado", "Para", "Asunto"],
        b"it" => ["Da", "Inviato", "A", "Oggetto"],
        b"pt" => ["De", "Enviada em", "Para", "Assunto"],
        b"ru" => ["От", "Отправлено", "Кому", "Тема"],
        b"tr" => ["Kimden", "Gönderildi", "Kime", "Konu"],
        b"zh" => ["发件人", "发送时间", "收件人", "主题"],
        b"ja" => ["差出人", "送信日時", "宛先", "件名"],
        b"ko" => ["보낸 사람", "보낸 날짜", "받는 사람", "제목"],
        b"vi" => ["Từ", "Đã gửi", "Đến", "Chủ đề"],
        b"ar" => ["من", "تاريخ الإرسال", "إلى", "الموضوع"],
        _ => ["From", "Sent", "To", "Subject"],
    }
}

fn wrote(language: &str, when: &str, who: &str) -> String {
    match language {
        "de" => format!("Am {when} schrieb {who}:"),
        "fr" => format!("Le {when}, {who} a écrit :"),
        "es" => format!("El {when}, {who} escribió:"),
        "it" => format!("Il {when} {who} ha scritto:"),
        "pt" => format!("Em {when}, {who} escreveu:"),
        "ru" => format!("{when}, {who} пишет:"),
        "tr" => format!("{who}, {when} tarihinde şunu yazdı:"),
        "zh" => format!("{who} 于 {when} 写道："),
        "ja" => format!("{when} {who}:"),
        "ko" => format!("{when}, {who} 님이 작성:"),
        "vi" => format!("Vào {when}, {who} đã viết:"),
        "ar" => format!("في {when} كتب {who}:"),
        _ => format!("On {when}, {who} wrote:"),
    }
}
