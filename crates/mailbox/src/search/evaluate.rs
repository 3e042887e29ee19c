use env::Timestamp;
use mail::message::text::fold;
use mail::message::{Addresses, DecodeError, EnvelopeRef, SummaryRef, words};

use super::signature::Probe;
use super::{Content, Field, Needle, Query};
use crate::Entry;

/// A query with what its words need of a signature.
pub(super) enum Plan {
    Fact(Query),
    Words { query: Query, probe: Probe },
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Not(Box<Plan>),
}

impl Plan {
    pub(super) fn new(query: &Query) -> Self {
        let words = |probe| Self::Words { query: query.clone(), probe };
        match query {
            Query::And(parts) => Self::And(parts.iter().map(Self::new).collect()),
            Query::Or(parts) => Self::Or(parts.iter().map(Self::new).collect()),
            Query::Not(part) => Self::Not(Box::new(Self::new(part))),
            // Everything holds no words.
            Query::Body(needle) | Query::Text(needle) if needle.as_str().is_empty() => Self::Fact(Query::All),
            Query::Header(name, needle) => words(Probe::header(name, needle.as_str())),
            Query::Body(needle) | Query::Text(needle) => words(Probe::text(needle.as_str())),
            fact => Self::Fact(fact.clone()),
        }
    }
}

/// What is known of a message so far.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) entry: &'a Entry,
    pub(super) saved: Timestamp,
    pub(super) thread: Option<i64>,
    pub(super) summary: Option<&'a [u8]>,
    pub(super) texts: Option<Texts<'a>>,
}

/// What is known of the text of a message.
#[derive(Clone, Copy)]
pub(super) enum Texts<'a> {
    /// The header fields that we put before it, and the signature of the rest.
    Signed { trace: &'a [(String, String)], signature: &'a [u8] },
    /// All of it.
    Read { trace: &'a [(String, String)], content: &'a Content },
}

impl Known<'_> {
    /// Whether the message matches, if what is known decides it.
    pub(super) fn matches(&self, plan: &Plan) -> Option<bool> {
        match plan {
            Plan::And(parts) => self.all(parts, true),
            Plan::Or(parts) => self.all(parts, false),
            Plan::Not(part) => self.matches(part).map(|matched| !matched),
            Plan::Fact(query) => self.fact(query),
            Plan::Words { query, probe } => self.words(query, probe),
        }
    }

    /// `wanted` if all parts come out so, its opposite if one does not.
    fn all(&self, parts: &[Plan], wanted: bool) -> Option<bool> {
        let mut outcome = Some(wanted);
        for part in parts {
            match self.matches(part) {
                Some(matched) if matched != wanted => return Some(matched),
                Some(_) => {}
                None => outcome = None,
            }
        }
        outcome
    }

    fn fact(&self, query: &Query) -> Option<bool> {
        let entry = self.entry;
        Some(match query {
            Query::Uids(ranges) => {
                let after = ranges.partition_point(|range| range.last < entry.uid);
                ranges.get(after).is_some_and(|range| range.contains(entry.uid))
            }
            Query::Messages(messages) => messages.contains(&entry.message),
            Query::Threads(threads) => threads.contains(&self.thread?),
            Query::HasFlag(bits) => entry.flags().has(*bits),
            Query::HasKeyword(bits) => entry.keywords & bits != 0,
            Query::ModseqFrom(modseq) => entry.modseq >= *modseq,
            Query::Received(from, before) => within(entry.received(), *from, *before),
            Query::Saved(from, before) => within(self.saved, *from, *before),
            Query::Larger(octets) => u64::from(entry.size) > *octets,
            Query::Smaller(octets) => u64::from(entry.size) < *octets,
            Query::Sent(from, before) => {
                let date = self.envelope()?.map(|envelope| envelope.date.and_then(wall_clock));
                date.ok().flatten().is_some_and(|sent| within(sent, *from, *before))
            }
            Query::Envelope(field, needle) => {
                self.envelope()?.is_ok_and(|envelope| field_has(&envelope, *field, needle))
            }
            _ => true,
        })
    }

    fn envelope(&self) -> Option<Result<EnvelopeRef<'_>, DecodeError>> {
        self.summary.map(|summary| SummaryRef::parse(summary)?.envelope())
    }

    fn words(&self, query: &Query, probe: &Probe) -> Option<bool> {
        match self.texts? {
            Texts::Signed { trace, signature } => {
                if in_headers(query, trace) {
                    return Some(true);
                }
                if probe.may_be_in(signature) { None } else { Some(false) }
            }
            Texts::Read { trace, content } => Some(
                in_headers(query, trace)
                    || match query {
                        Query::Body(needle) => needle.is_in(&content.body),
                        Query::Text(needle) => needle.is_in(&content.head) || needle.is_in(&content.body),
                        _ => in_headers(query, &content.headers),
                    },
            ),
        }
    }
}

/// Whether header fields (name in lowercase, folded value) decide that the message matches.
fn in_headers(query: &Query, fields: &[(String, String)]) -> bool {
    match query {
        Query::Header(name, needle) => fields.iter().any(|(field, value)| field == name && needle.is_in(value)),
        Query::Text(needle) => {
            fields.iter().any(|(field, value)| needle.is_in(value) || needle.is_in(&format!("{field}: {value}")))
        }
        _ => false,
    }
}

fn within(moment: Timestamp, from: Option<Timestamp>, before: Option<Timestamp>) -> bool {
    from.is_none_or(|from| from <= moment) && before.is_none_or(|before| moment < before)
}

/// The moment at which UTC shows the day and time that a Date field shows; its zone is left out.
fn wall_clock(date: &str) -> Option<Timestamp> {
    let minutes = date.find(':')? + 1;
    let rest = date.get(minutes..)?;
    let length = rest.find(|c: char| !c.is_ascii_digit() && c != ':').unwrap_or(rest.len());
    mail::date::parse_rfc5322(date.get(..minutes + length)?)
}

fn field_has(envelope: &EnvelopeRef<'_>, field: Field, needle: &Needle) -> bool {
    let addresses = match field {
        Field::From => envelope.from,
        Field::To => envelope.to,
        Field::Cc => envelope.cc,
        Field::Bcc => envelope.bcc,
        Field::Subject => {
            return envelope.subject.is_some_and(|subject| needle.is_in(&fold(&words::decode(subject))));
        }
    };
    // An empty needle is found in every field that is there.
    !addresses.is_empty() && needle.is_in(&fold(&shown(addresses)))
}

/// Addresses as people write them.
fn shown(addresses: Addresses<'_>) -> String {
    let mut text = String::new();
    for address in addresses.iter() {
        if let Some(name) = address.name {
            text.push_str(&words::decode(name));
            text.push(' ');
        }
        if let Some(mailbox) = address.mailbox {
            text.extend(["<", mailbox]);
            if let Some(host) = address.host {
                text.extend(["@", host]);
            }
            text.push('>');
        }
        text.push_str(", ");
    }
    text
}
