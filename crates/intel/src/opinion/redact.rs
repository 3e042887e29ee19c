//! What is sent of a message: its wording, without addresses, links, numbers and names.

use std::collections::BTreeSet;

use filter::Facts;

/// Characters that are sent.
const CHARS_MAX: usize = 4_000;

/// Begins the end of a letter: what follows names its author.
const CLOSINGS: &[&str] = &[
    "best regards",
    "kind regards",
    "warm regards",
    "regards",
    "sincerely",
    "yours faithfully",
    "yours truly",
    "best wishes",
    "with best wishes",
    "mit freundlichen",
    "freundliche grüße",
    "viele grüße",
    "cordialement",
    "bien à vous",
    "saludos",
    "atentamente",
    "atenciosamente",
    "cordiali saluti",
    "distinti saluti",
    "с уважением",
    "saygılarımızla",
    "saygılarımla",
    "trân trọng",
    "此致",
    "顺祝",
    "祝好",
    "敬上",
    "よろしくお願い",
    "敬具",
    "감사합니다",
    "مع التحية",
    "تحياتي",
];

/// Stands behind a name in Chinese and Japanese.
const HONORIFICS: &[&str] = &["先生", "女士", "小姐", "经理", "總", "总", "老师", "様", "さん"];

/// Characters before it that are taken for the name.
const NAME_CHARS_MAX: usize = 4;

/// Words with a capital letter that name nobody.
const COMMON: &[&str] = &[
    "a",
    "account",
    "all",
    "an",
    "and",
    "any",
    "as",
    "at",
    "attached",
    "but",
    "by",
    "click",
    "confirm",
    "congratulations",
    "dear",
    "do",
    "download",
    "due",
    "every",
    "final",
    "for",
    "free",
    "from",
    "good",
    "have",
    "hello",
    "hi",
    "how",
    "i",
    "if",
    "important",
    "in",
    "invoice",
    "is",
    "it",
    "kindly",
    "last",
    "login",
    "mailbox",
    "more",
    "my",
    "new",
    "no",
    "not",
    "notice",
    "now",
    "of",
    "on",
    "once",
    "open",
    "or",
    "order",
    "our",
    "password",
    "payment",
    "please",
    "re",
    "see",
    "security",
    "sir",
    "so",
    "thank",
    "thanks",
    "that",
    "the",
    "there",
    "these",
    "this",
    "to",
    "today",
    "update",
    "urgent",
    "verify",
    "warning",
    "we",
    "what",
    "when",
    "who",
    "win",
    "winner",
    "you",
    "your",
];

/// The subject and text of a message as they are sent, with a few facts instead of what was taken out.
pub(super) fn redacted(facts: &Facts) -> String {
    let whole = format!("{}\n{}", facts.subject, facts.text);
    let cut: String = whole.chars().take(CHARS_MAX).collect();
    let body = without_signature(&cut);
    // What is also written small is a word.
    let small: BTreeSet<String> =
        body.split(|c: char| !c.is_alphabetic()).filter(|word| is_small(word)).map(str::to_owned).collect();
    let named = names_of(facts);
    let lines: Vec<String> = body.lines().map(|line| line_redacted(line, &small, &named)).collect();
    let own = facts.from.as_ref().map(|from| from.domain.as_str()).unwrap_or_default();
    let elsewhere = facts.links.iter().filter(|link| link.domain != own).count();
    format!(
        "{}\n(links: {}, to other domains than the sender's: {elsewhere}; attached files: {})",
        lines.join("\n"),
        facts.links.len(),
        facts.attachments.len()
    )
}

fn is_small(word: &str) -> bool {
    !word.is_empty() && word.chars().all(char::is_lowercase)
}

/// The letter up to its closing words.
fn without_signature(text: &str) -> &str {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let said = line.trim().to_lowercase();
        if at > 0 && (said == "--" || CLOSINGS.iter().any(|closing| said.starts_with(closing))) {
            return text.get(..at).unwrap_or_default();
        }
        at += line.len();
    }
    text
}

/// Words that the sender and whoever is to be answered go by.
fn names_of(facts: &Facts) -> BTreeSet<String> {
    let senders = [&facts.from, &facts.reply_to].into_iter().flatten();
    let texts = senders.flat_map(|sender| [sender.name.as_str(), sender.address.as_str()]);
    let words = texts.flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    words.filter(|word| word.chars().count() >= 2).map(str::to_lowercase).collect()
}

fn line_redacted(line: &str, small: &BTreeSet<String>, named: &BTreeSet<String>) -> String {
    let words: Vec<String> = line.split_whitespace().map(|word| word_redacted(word, small, named)).collect();
    let mut out: Vec<&str> = Vec::new();
    for word in &words {
        // One mark stands for a row of them: how many names there were says something, too.
        if !(word.starts_with('[') && out.last() == Some(&word.as_str())) {
            out.push(word);
        }
    }
    without_titled(&out.join(" "))
}

fn word_redacted(word: &str, small: &BTreeSet<String>, named: &BTreeSet<String>) -> String {
    if word.contains('@') || word.contains('＠') {
        return "[address]".to_owned();
    }
    if word.contains("://") || word.to_lowercase().starts_with("www.") || is_host(word) {
        return "[link]".to_owned();
    }
    let mut out = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let is_run = |c: char| c.is_alphanumeric() && !is_ideographic(c);
        let end = rest.find(|c| !is_run(c)).unwrap_or(rest.len());
        if end == 0 {
            out.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (run, after) = rest.split_at(end);
        out.push_str(run_redacted(run, small, named).as_ref());
        rest = after;
    }
    for (many, one) in [
        ("[number].[number]", "[number]"),
        ("[number],[number]", "[number]"),
        ("[number]-[number]", "[number]"),
        ("[number]/[number]", "[number]"),
    ] {
        while out.contains(many) {
            out = out.replace(many, one);
        }
    }
    out
}

/// One word of letters and digits.
fn run_redacted<'a>(run: &'a str, small: &BTreeSet<String>, named: &BTreeSet<String>) -> std::borrow::Cow<'a, str> {
    if run.chars().any(char::is_numeric) {
        return "[number]".into();
    }
    let lower = run.to_lowercase();
    if named.contains(&lower) {
        return "[name]".into();
    }
    let is_word = small.contains(&lower) || COMMON.contains(&lower.as_str());
    if run.chars().any(char::is_uppercase) && !is_word { "[name]".into() } else { run.into() }
}

/// Whether a word is a host name.
fn is_host(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let host = word.split(['/', '?', ':']).next().unwrap_or_default();
    let Some((before, last)) = host.rsplit_once('.') else { return false };
    !before.is_empty()
        && last.len() >= 2
        && last.chars().all(char::is_alphabetic)
        && before.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

const fn is_ideographic(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}')
}

/// Without what stands before a title: 王经理 is a name.
fn without_titled(line: &str) -> String {
    let mut out = line.to_owned();
    for title in HONORIFICS {
        let mut from = 0;
        while let Some(at) = out.get(from..).and_then(|rest| rest.find(title)).map(|at| at + from) {
            let before: Vec<(usize, char)> = out
                .get(..at)
                .unwrap_or_default()
                .char_indices()
                .rev()
                .take(NAME_CHARS_MAX)
                .take_while(|(_, c)| is_ideographic(*c))
                .collect();
            let start = before.last().map_or(at, |(start, _)| *start);
            if start < at {
                out.replace_range(start..at, "[name]");
            }
            from = out
                .get(start..)
                .and_then(|rest| rest.find(title))
                .map_or(out.len(), |found| start + found + title.len());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(subject: &str, text: &str) -> String {
        redacted(&Facts::of_text(subject, text))
    }

    #[test]
    fn what_identifies_is_taken_out_and_the_wording_stays() {
        let text = of(
            "Invoice INV-2231 of Acme Valves",
            "Dear Mr Li,\n\nplease pay USD 12,500.00 to DE89 3704 0044 0532 0130 00 at Deutsche Bank by 3.12.2026. Write to anna.buyer@partner.example \
             or look at https://pay.partner.example/x?id=7 and www.partner.example or partner.example/pay. Our bank details have changed.\n\nBest regards\nAnna Buyer\n+49 40 123456\n",
        );
        for secret in [
            "Li", "12,500", "12500", "DE89", "3704", "Deutsche", "anna", "partner", "Acme", "2231", "Anna", "Buyer",
            "123456",
        ] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for kept in ["please pay", "[number]", "[address]", "[link]", "[name]", "bank details have changed"] {
            assert!(text.contains(kept), "{kept}: {text}");
        }
    }

    #[test]
    fn chinese_is_redacted_within_its_sentences() {
        let text = of(
            "付款通知",
            "王小明经理，您好：\n请于12月3日前将12500.00元付至账号6222021234567890，收款银行已变更。\n此致\n张三\n",
        );
        for secret in ["王小明", "12500", "6222", "张三"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.contains("收款银行已变更") && text.contains("[number]"), "{text}");
    }

    #[test]
    fn long_text_is_cut() {
        assert!(of("x", &"word ".repeat(10_000)).chars().count() < CHARS_MAX + 200);
    }
}
