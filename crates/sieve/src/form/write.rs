//! Rules as commands.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::{Condition, Field, Joined, Op, Rule, RuleAction, Rules};

/// What case is left out of by every comparison.
const COMPARATOR: &str = ":comparator \"i;unicode-casemap\"";

/// Writes the commands behind the head.
pub(super) fn script(rules: &Rules, text: &mut String) {
    let mut needed = BTreeSet::new();
    let mut body = String::new();
    for rule in rules.0.iter().filter(|rule| rule.is_enabled) {
        write_rule(rule, &mut body, &mut needed);
    }
    if !needed.is_empty() {
        let names: Vec<String> = needed.iter().map(|name| quoted(name)).collect();
        let _ = write!(text, "require [{}];\r\n", names.join(", "));
    }
    text.push_str(&body);
}

fn write_rule(rule: &Rule, body: &mut String, needed: &mut BTreeSet<&'static str>) {
    let tests: Vec<String> = rule.conditions.iter().map(|condition| test(condition, needed)).collect();
    let test = match (tests.as_slice(), rule.joined) {
        ([], _) => "true".to_owned(),
        ([test], _) => test.clone(),
        (tests, Joined::All) => format!("allof ({})", tests.join(",\r\n    ")),
        (tests, Joined::Any) => format!("anyof ({})", tests.join(",\r\n    ")),
    };
    let _ = write!(body, "\r\n# {}\r\nif {test} {{\r\n", rule.name);
    // Flags first: they are for what comes behind.
    let is_flag = |action: &&RuleAction| {
        matches!(action, RuleAction::Label { .. } | RuleAction::Flag {} | RuleAction::MarkRead {})
    };
    let flags = rule.actions.iter().filter(is_flag);
    let others = rule.actions.iter().filter(|action| !is_flag(action));
    for action in flags.chain(others) {
        let _ = write!(body, "    {}\r\n", command(action, needed));
    }
    if rule.stop {
        body.push_str("    stop;\r\n");
    }
    body.push_str("}\r\n");
}

fn test(condition: &Condition, needed: &mut BTreeSet<&'static str>) -> String {
    let Condition { field, op, values, header, size } = condition;
    let is_negative = matches!(op, Op::NotContains | Op::IsNot | Op::HasNot);
    let positive = match field {
        Field::Size => {
            let tag = if *op == Op::Over { ":over" } else { ":under" };
            format!("size {tag} {}", size.unwrap_or(0))
        }
        Field::Attachment => {
            needed.insert("vnd.tradewind.attachment");
            "attachment".to_owned()
        }
        Field::Body => {
            needed.extend(["body", "comparator-i;unicode-casemap"]);
            format!("body :text :contains {COMPARATOR} {}", list(values.iter().map(String::as_str)))
        }
        Field::From | Field::To if matches!(op, Op::Is | Op::IsNot | Op::DomainIs) => {
            needed.insert("comparator-i;unicode-casemap");
            let part = if *op == Op::DomainIs { ":domain" } else { ":all" };
            let keys = list(values.iter().map(String::as_str));
            format!("address {part} :is {COMPARATOR} {} {keys}", fields(*field, None))
        }
        Field::From | Field::To | Field::Subject | Field::List | Field::Header => {
            needed.insert("comparator-i;unicode-casemap");
            let (kind, keys) = match op {
                Op::BeginsWith => (":matches", values.iter().map(|it| escaped(it) + "*").collect()),
                Op::EndsWith => (":matches", values.iter().map(|it| "*".to_owned() + &escaped(it)).collect()),
                Op::Is | Op::IsNot => (":is", values.clone()),
                _ => (":contains", values.clone()),
            };
            let keys: Vec<String> = keys;
            let fields = fields(*field, header.as_deref());
            format!("header {kind} {COMPARATOR} {fields} {}", list(keys.iter().map(String::as_str)))
        }
    };
    if is_negative { format!("not {positive}") } else { positive }
}

fn fields(field: Field, header: Option<&str>) -> String {
    match field {
        Field::To => list(["To", "Cc"].into_iter()),
        Field::Subject => quoted("Subject"),
        Field::List => quoted("List-Id"),
        Field::Header => quoted(header.unwrap_or_default()),
        _ => quoted("From"),
    }
}

fn command(action: &RuleAction, needed: &mut BTreeSet<&'static str>) -> String {
    let mut into = |word: &str| {
        needed.extend(["fileinto", "special-use"]);
        format!("fileinto :specialuse {} \"INBOX\";", quoted(&format!("\\{word}")))
    };
    match action {
        RuleAction::Archive {} => into("Archive"),
        RuleAction::Junk {} => into("Junk"),
        RuleAction::Trash {} => into("Trash"),
        RuleAction::Move { mailbox_id } => {
            needed.extend(["fileinto", "mailboxid"]);
            format!("fileinto :mailboxid {} \"INBOX\";", quoted(mailbox_id))
        }
        RuleAction::Copy { mailbox_id } => {
            needed.extend(["fileinto", "mailboxid", "copy"]);
            format!("fileinto :copy :mailboxid {} \"INBOX\";", quoted(mailbox_id))
        }
        RuleAction::Label { keyword } => add_flag(keyword, needed),
        RuleAction::Flag {} => add_flag("\\Flagged", needed),
        RuleAction::MarkRead {} => add_flag("\\Seen", needed),
        RuleAction::Forward { address, keep_copy: true } => {
            needed.insert("copy");
            format!("redirect :copy {};", quoted(address))
        }
        RuleAction::Forward { address, keep_copy: false } => format!("redirect {};", quoted(address)),
    }
}

fn add_flag(flag: &str, needed: &mut BTreeSet<&'static str>) -> String {
    needed.insert("imap4flags");
    format!("addflag {};", quoted(flag))
}

fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.map(quoted).collect();
    match texts.as_slice() {
        [text] => text.clone(),
        texts => format!("[{}]", texts.join(", ")),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A value in which no character is a wildcard.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| matches!(c, '*' | '?' | '\\').then_some('\\').into_iter().chain([c])).collect()
}
