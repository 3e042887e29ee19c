//! The part of a notification that people read, and its subject.

use std::fmt::Write;

use env::Timestamp;

use super::{Action, RecipientStatus, Report, reason};

/// Recipients that are named to people; the fields for programs have all of them.
const RECIPIENTS_SHOWN_MAX: usize = 100;

/// Characters of a remote answer that are shown.
const DIAGNOSTIC_CHARS_MAX: usize = 1000;

/// The weightiest action of the report: what the letter is about.
pub(super) fn subject(report: &Report<'_>) -> &'static str {
    match report.recipients.iter().map(|recipient| recipient.action).min() {
        Some(Action::Failed) => "Your message was not delivered / 邮件未能送达",
        Some(Action::Delayed) => "Your message is delayed / 邮件延迟送达",
        _ => "Your message was delivered / 邮件已送达",
    }
}

/// The text, English first, lines ending in CRLF.
pub(super) fn text(report: &Report<'_>) -> String {
    let mut out = String::with_capacity(2048);
    for language in [Language::English, Language::Chinese] {
        if language == Language::Chinese {
            out.push_str("----------------------------------------\r\n\r\n");
        }
        for action in [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded] {
            let of_action: Vec<_> = report.recipients.iter().filter(|recipient| recipient.action == action).collect();
            if !of_action.is_empty() {
                let _ = write!(out, "{}\r\n\r\n", language.heading(action));
                push_recipients(&mut out, &of_action, language);
            }
        }
        let _ = write!(out, "{}{}\r\n", language.signature(), report.reporting_mta);
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Language {
    English,
    Chinese,
}

impl Language {
    const fn pick<'a>(self, en: &'a str, zh: &'a str) -> &'a str {
        match self {
            Self::English => en,
            Self::Chinese => zh,
        }
    }

    const fn heading(self, action: Action) -> &'static str {
        let (en, zh) = match action {
            Action::Failed => ("Your message could not be delivered to:", "您的邮件未能送达以下收件人："),
            Action::Delayed => (
                "Your message has not been delivered yet. We keep trying; you need not send it again. Recipients:",
                "您的邮件尚未送达，系统会继续尝试，无需重发。收件人：",
            ),
            Action::Delivered => ("Your message was delivered to:", "您的邮件已送达以下收件人："),
            Action::Relayed => (
                "Your message was passed on to a server that will not confirm delivery to:",
                "您的邮件已转交给不提供送达回执的服务器，收件人：",
            ),
            Action::Expanded => ("Your message was delivered to the members of:", "您的邮件已发送给以下列表的成员："),
        };
        self.pick(en, zh)
    }

    const fn signature(self) -> &'static str {
        self.pick("This notice was written by the mail server ", "此通知由邮件服务器自动发出：")
    }
}

fn push_recipients(out: &mut String, recipients: &[&RecipientStatus], language: Language) {
    for recipient in recipients.iter().take(RECIPIENTS_SHOWN_MAX) {
        let address = &recipient.final_recipient;
        let shown = crate::Address { local: address.local.clone(), domain: address.domain_unicode() };
        let _ = write!(out, "  <{shown}>\r\n");
        if matches!(recipient.action, Action::Failed | Action::Delayed) {
            let reason = recipient.reason.unwrap_or_else(|| reason(recipient.status));
            let _ = write!(out, "    {}\r\n", language.pick(reason.en, reason.zh));
            push_answer(out, recipient, language);
        }
        if let Some(until) = recipient.will_retry_until.filter(|_| recipient.action == Action::Delayed) {
            let (label, zone) = (language.pick("We try until", "将重试至"), language.pick("UTC", "（UTC）"));
            let _ = write!(out, "    {label} {} {zone}\r\n", minute(until));
        }
        out.push_str("\r\n");
    }
    let more = recipients.len().saturating_sub(RECIPIENTS_SHOWN_MAX);
    if more > 0 {
        let _ = match language {
            Language::English => write!(out, "  and {more} more\r\n\r\n"),
            Language::Chinese => write!(out, "  以及另外 {more} 位收件人\r\n\r\n"),
        };
    }
}

fn push_answer(out: &mut String, recipient: &RecipientStatus, language: Language) {
    let Some(diagnostic) = &recipient.diagnostic else { return };
    let answer = diagnostic.split(|c: char| c.is_control() || c == ' ').filter(|word| !word.is_empty());
    let answer: String = answer.collect::<Vec<_>>().join(" ").chars().take(DIAGNOSTIC_CHARS_MAX).collect();
    let _ = match (&recipient.remote_mta, language) {
        (Some(server), Language::English) => write!(out, "    {server} said: {answer}\r\n"),
        (Some(server), Language::Chinese) => write!(out, "    {server} 的应答：{answer}\r\n"),
        (None, Language::English) => write!(out, "    In technical words: {answer}\r\n"),
        (None, Language::Chinese) => write!(out, "    技术说明：{answer}\r\n"),
    };
}

fn minute(moment: Timestamp) -> String {
    let c = moment.civil();
    format!("{:04}-{:02}-{:02} {:02}:{:02}", c.year, c.month, c.day, c.hour, c.minute)
}
