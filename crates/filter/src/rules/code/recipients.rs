//! Tests that compare what a message says of its recipient with who it comes from and where it leads.

use std::borrow::Cow;

use crate::facts::{Facts, registered_domain};
use crate::rules::condition::Hit;
use crate::rules::hosts::is_free_mail;
use crate::rules::seen::Seen;

/// Letters that a name must have to be told from a chance likeness.
const NAME_LETTERS_MIN: usize = 5;

/// Recipients that make a row.
const RECIPIENTS_MIN: usize = 5;

/// Mailboxes of the field `To`: local part and host.
pub(super) fn recipients(facts: &Facts) -> impl Iterator<Item = (&str, &str)> {
    let is_of_address = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '+');
    facts.form.value("to").match_indices('@').take(4).filter_map(move |(at, _)| {
        let to = facts.form.value("to");
        let (before, behind) = (to.get(..at)?, to.get(at + 1..)?);
        let local = before.rsplit(|c| !is_of_address(c)).next().filter(|local| !local.is_empty())?;
        let host = behind.split(|c| !is_of_address(c)).next().filter(|host| host.contains('.'))?;
        Some((local, host.trim_end_matches('.')))
    })
}

/// Registered domains of recipients, and the word by which each is known; free mailboxes are nobody's.
fn houses(facts: &Facts) -> impl Iterator<Item = (String, String)> {
    recipients(facts).filter_map(|(_, host)| {
        let domain = registered_domain(&host.to_lowercase());
        let word = domain.split('.').next().unwrap_or_default().to_owned();
        (word.len() >= NAME_LETTERS_MIN && !is_free_mail(&domain)).then_some((domain, word))
    })
}

/// Many recipients in the order of a list: by their letters, or all with the same ones; shows the first and the last.
pub(super) fn in_a_row<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let all: Vec<&str> = seen.facts.signs.recipients.iter().filter_map(|address| address.split('@').next()).collect();
    let (first, last) = (all.first()?, all.last()?);
    let alike = all.iter().filter(|local| local.get(..2) == first.get(..2)).count();
    let is_row = all.is_sorted() && first != last || alike * 5 >= all.len() * 4;
    (all.len() >= RECIPIENTS_MIN && is_row).then(|| format!("{first} \u{2026} {last}").into())
}

/// Author and recipient are one mailbox.
pub(super) fn sent_to_itself<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let from = seen.facts.from.as_ref().filter(|from| !from.address.is_empty())?;
    let same = |(local, host): (&str, &str)| from.address == format!("{local}@{host}").to_lowercase();
    recipients(seen.facts).any(same).then(|| from.address.as_str().into())
}

/// The sender's name is that of the recipient's house, his address is elsewhere.
pub(super) fn name_of_recipient_house<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let from = seen.facts.from.as_ref().filter(|from| !from.name.is_empty())?;
    let name = from.name.to_lowercase();
    let borrows = |(domain, word): &(String, String)| *domain != from.domain && name.contains(word.as_str());
    houses(seen.facts).find(borrows).map(|_| format!("{} <{}>", from.name, from.address).into())
}

/// The subject names the recipient's mailbox or domain.
pub(super) fn subject_names_recipient<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let subject = seen.facts.subject.to_lowercase();
    let named = recipients(seen.facts).find(|(local, host)| {
        subject.contains(&format!("{local}@{host}").to_lowercase())
            || host.len() > NAME_LETTERS_MIN && subject.contains(&host.to_lowercase())
    })?;
    Some(format!("{}@{}", named.0, named.1).into())
}

/// A link's host or path carries the name of the recipient's house and leads elsewhere.
pub(super) fn link_borrows_recipient<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let from = seen.facts.from.as_ref().map_or("", |from| from.domain.as_str());
    let (_, link) = houses(seen.facts).find_map(|(domain, word)| {
        let borrows = |host: &str| host.split(['.', '-']).any(|label| label == word);
        let link = seen.followed().find(|link| link.domain != domain && link.domain != from && borrows(&link.host))?;
        Some((domain, link))
    })?;
    Some(Cow::Borrowed(&link.host))
}

/// The sender's domain is the recipient's with a letter or two changed.
pub(super) fn sender_resembles_recipient<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let from = seen.facts.from.as_ref()?;
    let near = |(domain, word): (String, String)| domain != from.domain && resembles(label(&from.domain), &word);
    houses(seen.facts).any(near).then(|| from.domain.as_str().into())
}

/// Answers go to a domain that is the sender's with a letter or two changed.
pub(super) fn reply_resembles_sender<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let (from, reply) = (seen.facts.from.as_ref()?, seen.facts.reply_to.as_ref()?);
    (from.domain != reply.domain && resembles(label(&reply.domain), label(&from.domain)))
        .then(|| format!("{} → {}", from.address, reply.address).into())
}

fn label(domain: &str) -> &str {
    domain.split('.').next().unwrap_or_default()
}

/// Whether one name is the other with a letter put in, left out or changed, or two that stand beside one another exchanged.
fn resembles(one: &str, other: &str) -> bool {
    let (one, other): (Vec<u8>, Vec<u8>) = (one.bytes().collect(), other.bytes().collect());
    if one == other || one.len().min(other.len()) < NAME_LETTERS_MIN || one.len().abs_diff(other.len()) > 1 {
        return false;
    }
    let start = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let end = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let rest = |word: &[u8]| word.len().saturating_sub(start + end);
    let middle = |word: &[u8]| word.get(start..word.len().saturating_sub(end)).map(<[u8]>::to_vec).unwrap_or_default();
    let exchanged = || {
        let (mut a, b) = (middle(&one), middle(&other));
        a.reverse();
        a.len() == 2 && a == b
    };
    rest(&one) <= 1 && rest(&other) <= 1 || exchanged()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_resemble_one_another() {
        for (one, other, wanted) in [
            ("harbour", "harbuor", true),
            ("harbour", "harb0ur", true),
            ("harbour", "harbours", true),
            ("harbour", "harbor", true),
            ("harbour", "harbour", false),
            ("harbour", "labour", false),
            ("valve", "value", true),
            ("dhl", "dhi", false),
        ] {
            assert_eq!(resembles(one, other), wanted, "{one} {other}");
            assert_eq!(resembles(other, one), wanted, "{other} {one}");
        }
    }
}
