//! Tests of discussion lists: what their programs write below a message, and how a message to a list is addressed.

use super::recipients::recipients;
use crate::rules::condition::Hit;
use crate::rules::seen::Seen;

/// Octets at the end of a text in which a list's foot stands.
const FOOT_OCTETS: usize = 1500;

/// What programs for lists write there: addresses for commands, and pages about one's subscription.
const MARKS: [&str; 9] = [
    "/listinfo/",
    "/listinfo.cgi/",
    "-request@",
    "-unsubscribe@",
    "majordomo@",
    "listserv@",
    "mailing list -",
    "mailing list\n",
    "unsubscribe@",
];

/// Names of hosts that do nothing but send lists on.
const LIST_HOSTS: [&str; 7] = ["list", "lists", "listserv", "mailman", "groups", "yahoogroups", "googlegroups"];

/// The end of the text is what a program for lists writes below each message; shows the mark.
pub(super) fn foot<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let text = &seen.facts.text;
    let mut start = text.len().saturating_sub(FOOT_OCTETS);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let foot = text.get(start..)?.to_lowercase();
    MARKS.into_iter().find(|mark| foot.contains(mark)).map(|mark| mark.trim().into())
}

/// Is addressed to a list: its host is one for lists, its name stands in brackets before the subject, or answers go to all who are written to.
pub(super) fn to_a_list<'a>(seen: &'a Seen<'_>) -> Hit<'a> {
    let facts = seen.facts;
    let subject = facts.subject.to_lowercase();
    let tag = subject.split_once('[').and_then(|(_, rest)| rest.split_once(']')).map(|(tag, _)| tag);
    let answers = facts.reply_to.as_ref().map(|reply| reply.address.as_str());
    let is_list = |(local, host): &(&str, &str)| {
        let (local, host) = (local.to_lowercase(), host.to_lowercase());
        host.split('.').any(|label| LIST_HOSTS.contains(&label))
            || tag.is_some_and(|tag| tag == local || local.strip_suffix("-list").is_some_and(|name| name == tag))
            || answers.is_some_and(|answers| answers == format!("{local}@{host}"))
    };
    recipients(facts).find(is_list).map(|(local, host)| format!("{local}@{host}").into())
}
