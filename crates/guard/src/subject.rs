//! A message as the guard looks at it: its facts, and what else of its header tells who wrote it and how it came.

use env::Timestamp;
use filter::Facts;
use filter::facts::registered_domain;
use mail::header::{self, message_ids};
use mail::message::{Envelope, EnvelopeAddress};

/// Addresses of one field that are kept.
const ADDRESSES_MAX: usize = 64;

/// References that are kept: the first, and the last ones.
const REFERENCES_MAX: usize = 24;

/// Trace fields that are read.
const HOPS_MAX: usize = 24;

/// Characters of what an author wrote that are kept until it is learned from.
const SLIM_CHARS_MAX: usize = 16_384;

/// Which way a message goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Direction {
    /// To people here.
    #[default]
    In,
    /// From people here to others.
    Out,
    /// From people here to people here.
    Within,
}

/// A mailbox in a field.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mailbox {
    /// Display name, decoded.
    pub name: String,
    /// Address in lowercase.
    pub address: String,
    /// Its host.
    pub host: String,
    /// The domain that somebody registered.
    pub domain: String,
}

/// One `Received` field (RFC 5321 section 4.4).
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hop {
    /// The name that the client gave.
    pub from: String,
    /// The address in brackets that it came from; empty if none is told.
    pub ip: String,
    /// Who took it.
    pub by: String,
}

/// A message as the guard looks at it.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Subject {
    /// What it is made of.
    pub facts: Facts,
    /// Which way it goes.
    pub direction: Direction,
    /// Its `Message-ID` without angle brackets; empty if it has none.
    pub message_id: String,
    /// Messages that it answers or follows, oldest first: `References`, then `In-Reply-To`.
    pub references: Vec<String>,
    /// When it says to be written, if that can be; else when it came.
    #[serde(with = "millis")]
    pub date: Timestamp,
    /// Zone of its `Date`, as `+0800`; empty if not told.
    pub zone: String,
    /// The author; empty if there is none or more than one.
    pub from: Mailbox,
    /// Where answers go, where that is told.
    pub reply_to: Vec<Mailbox>,
    /// `To`.
    pub to: Vec<Mailbox>,
    /// `Cc`.
    pub cc: Vec<Mailbox>,
    /// Program that it was written with: `X-Mailer` or `User-Agent` without versions, and the form of its `Message-ID`.
    pub software: String,
    /// How it left its author: the registered domain of the host that handed it to the first server abroad, else that server's network.
    pub route: String,
    /// The way that it came, the last first.
    pub hops: Vec<Hop>,
    /// The domain that vouches for it, aligned with its author's (DMARC); none if nobody does.
    pub authenticated: Option<String>,
    /// What the author wrote himself.
    pub fresh: String,
    /// What he quotes of others.
    pub quoted: String,
}

/// A moment as milliseconds since 1970.
mod millis {
    use env::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(at.millis())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
        i64::deserialize(deserializer).map(Timestamp::from_millis)
    }
}

impl Subject {
    /// Reads the header of `raw`; `facts` are of the same message. `came` is when it came.
    #[must_use]
    pub fn read(raw: &[u8], facts: Facts, direction: Direction, came: Timestamp) -> Self {
        let envelope = Envelope::parse(raw);
        let date = envelope.date.as_deref().and_then(|date| mail::date::parse_rfc5322(date.trim()));
        let (fresh, quoted) = split_quoted(&facts.text);
        let hops = read_hops(raw);
        let from = match envelope.from.as_slice() {
            [one] => mailbox(one),
            _ => Mailbox::default(),
        };
        Self {
            message_id: header::message_id(raw).unwrap_or_default(),
            references: references(raw),
            date: believed(date, came),
            zone: envelope.date.as_deref().map(zone).unwrap_or_default(),
            reply_to: if header::find(raw, "Reply-To").is_some() { mailboxes(&envelope.reply_to) } else { Vec::new() },
            to: mailboxes(&envelope.to),
            cc: mailboxes(&envelope.cc),
            software: software(raw, &envelope),
            route: route(&hops),
            hops,
            authenticated: None,
            facts,
            direction,
            from,
            fresh,
            quoted,
        }
    }

    /// What is needed to learn from it, without what is only needed to judge it.
    #[must_use]
    pub fn slim(&self) -> Self {
        let mut facts = Facts::default();
        facts.language.clone_from(&self.facts.language);
        let fresh = self.fresh.chars().take(SLIM_CHARS_MAX).collect();
        Self { facts, fresh, quoted: String::new(), hops: Vec::new(), ..self.clone() }
    }

    /// All addresses that it goes to.
    pub fn recipients(&self) -> impl Iterator<Item = &Mailbox> {
        self.to.iter().chain(&self.cc)
    }
}

/// Time between writing and coming that is believed.
const ON_THE_WAY_MAX_MILLIS: i64 = 7 * 86_400_000;

/// The date that an author names, unless he dates his letter far back or ahead.
fn believed(date: Option<Timestamp>, came: Timestamp) -> Timestamp {
    let is_near = |date: &Timestamp| (came.millis() - date.millis()).abs() < ON_THE_WAY_MAX_MILLIS;
    date.filter(|date| came.millis() == 0 || is_near(date)).unwrap_or(came)
}

fn mailboxes(addresses: &[EnvelopeAddress]) -> Vec<Mailbox> {
    addresses.iter().filter(|one| one.is_mailbox()).take(ADDRESSES_MAX).map(mailbox).collect()
}

fn mailbox(address: &EnvelopeAddress) -> Mailbox {
    let host = address.host.as_deref().unwrap_or_default().to_lowercase();
    // One form for one domain: letters of other scripts as A-labels.
    let host = idna::domain_to_ascii(&host).unwrap_or(host);
    let local = address.mailbox.as_deref().unwrap_or_default().to_lowercase();
    Mailbox {
        name: address.display_name().unwrap_or_default().trim().to_owned(),
        address: if host.is_empty() { local } else { format!("{local}@{host}") },
        domain: registered_domain(&host),
        host,
    }
}

/// Somebody by his address alone, in lowercase.
pub(crate) fn mailbox_of(address: &str) -> Mailbox {
    let (local, host) = address.rsplit_once('@').unwrap_or((address, ""));
    mailbox(&EnvelopeAddress {
        mailbox: Some(local.to_owned()),
        host: Some(host.to_owned()),
        ..EnvelopeAddress::default()
    })
}

/// What a message answers or follows, oldest first, each once.
fn references(raw: &[u8]) -> Vec<String> {
    let of = |name| header::find(raw, name).map(|field| field.value().into_owned()).unwrap_or_default();
    let (followed, answered) = (of("References"), of("In-Reply-To"));
    let mut all: Vec<String> = Vec::new();
    for id in message_ids(&followed).chain(message_ids(&answered)) {
        if !all.contains(&id) && all.len() < 10 * REFERENCES_MAX {
            all.push(id);
        }
    }
    if all.len() > REFERENCES_MAX {
        all.drain(1..all.len() - REFERENCES_MAX + 1);
    }
    all
}

/// The zone at the end of a date, in numbers.
fn zone(date: &str) -> String {
    let mut words = date.split_whitespace().filter(|word| word.len() == 5 && word.starts_with(['+', '-']));
    words.find(|word| word.bytes().skip(1).all(|octet| octet.is_ascii_digit())).unwrap_or_default().to_owned()
}

/// Which program wrote it: its name without versions, and how its identifier is built.
fn software(raw: &[u8], envelope: &Envelope) -> String {
    let named = ["X-Mailer", "User-Agent"].into_iter().find_map(|name| header::find(raw, name));
    let named = named.map(|field| String::from_utf8_lossy(&field.value()).into_owned()).unwrap_or_default();
    let program: String = named.chars().take_while(|c| !c.is_ascii_digit()).take(40).collect();
    let program = program.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let shape = envelope.message_id.as_deref().map(shape_of_identifier).unwrap_or_default();
    if program.is_empty() { shape } else { format!("{program} {shape}") }
}

/// The build of an identifier: kinds of characters and marks between them, without their number where there are many.
fn shape_of_identifier(id: &str) -> String {
    let local = id.trim().trim_matches(['<', '>']).rsplit_once('@').map_or(id, |(local, _)| local);
    let mut shape = String::new();
    for run in local.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).take(8) {
        let (body, mark) = match run.chars().last() {
            Some(mark) if !mark.is_ascii_alphanumeric() => {
                (run.get(..run.len() - mark.len_utf8()).unwrap_or(""), Some(mark))
            }
            _ => (run, None),
        };
        if !body.is_empty() {
            let is_hex = body.bytes().all(|octet| octet.is_ascii_hexdigit());
            let has_large = body.bytes().any(|octet| octet.is_ascii_uppercase());
            let is_number = body.bytes().all(|octet| octet.is_ascii_digit());
            // Of a short run it is chance what stands in it.
            let (is_number, is_hex) = (is_number && body.len() >= 8, is_hex && body.len() >= 8);
            shape.push(match (is_number, is_hex, has_large) {
                (true, ..) => 'n',
                (_, true, false) => 'h',
                (_, true, true) => 'H',
                (_, _, false) => 'a',
                (_, _, true) => 'A',
            });
        }
        shape.extend(mark);
    }
    shape
}

fn read_hops(raw: &[u8]) -> Vec<Hop> {
    header::fields(raw).filter(|field| field.is("Received")).take(HOPS_MAX).map(|field| hop(&field.value())).collect()
}

fn hop(value: &[u8]) -> Hop {
    let text = String::from_utf8_lossy(value);
    let mut hop = Hop::default();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        match word {
            "from" if hop.from.is_empty() => hop.from = host_of(words.peek().copied().unwrap_or_default()),
            "by" if hop.by.is_empty() => hop.by = host_of(words.peek().copied().unwrap_or_default()),
            _ => {}
        }
        // The client may call itself by an address, too; what the server saw stands behind that.
        if hop.by.is_empty()
            && let Some(ip) = address_in(word)
        {
            hop.ip = ip;
        }
    }
    hop
}

fn host_of(word: &str) -> String {
    word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// The address in brackets: `[192.0.2.1]`, `([IPv6:2001:db8::1])`.
fn address_in(word: &str) -> Option<String> {
    let (_, rest) = word.split_once('[')?;
    let (inner, _) = rest.split_once(']')?;
    let inner = inner.trim_start_matches("IPv6:");
    inner.parse::<std::net::IpAddr>().ok().map(|ip| ip.to_string())
}

/// The domain of the server that first took the message from its author, or else his own network: the same for one company and
/// its provider, another for a thief.
fn route(hops: &[Hop]) -> String {
    let Some(first) = hops.last() else { return String::new() };
    let by = registered_domain(&first.by);
    if by.contains('.') {
        return by;
    }
    network(&first.ip)
}

/// The network of an address: its first two numbers, or the first three groups of an IPv6 one.
fn network(ip: &str) -> String {
    let (mark, parts) = if ip.contains(':') { (":", 3) } else { (".", 2) };
    ip.split(mark).take(parts).collect::<Vec<_>>().join(mark)
}

/// Lines that begin what was written before, whatever the program: each is looked for at the beginning of a line.
const QUOTE_HEADS: [&str; 24] = [
    "-----original message",
    "----- original message",
    "-----ursprüngliche nachricht",
    "-----message d'origine",
    "-----mensaje original",
    "-----messaggio originale",
    "-----mensagem original",
    "________________________________",
    "------------------ original",
    "------------------ 原始邮件",
    "-----原始邮件",
    "-----邮件原件",
    "发件人：",
    "发件人:",
    "寄件者:",
    "差出人:",
    "보낸 사람:",
    "-----исходное сообщение",
    "-----original appointment",
    "от кого:",
    "-------- forwarded message",
    "---------- forwarded message",
    "-----forwarded",
    "----- 转发",
];

/// What the author wrote, and what he quotes: marked lines, and all from the line on that begins an older message.
fn split_quoted(text: &str) -> (String, String) {
    let (mut fresh, mut quoted, mut is_below) = (String::new(), String::new(), false);
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start();
        let is_marked = trimmed.starts_with('>') || trimmed.starts_with('|') && trimmed.len() > 2;
        is_below = is_below || begins_quote(trimmed, lines.peek().copied().unwrap_or_default());
        let slot = if is_marked || is_below { &mut quoted } else { &mut fresh };
        slot.push_str(trimmed.trim_start_matches(['>', ' ']));
        slot.push('\n');
    }
    (fresh, quoted)
}

fn begins_quote(line: &str, next: &str) -> bool {
    let start: String = line.chars().take(40).collect::<String>().to_lowercase();
    if QUOTE_HEADS.iter().any(|head| start.starts_with(head)) {
        return true;
    }
    // "From: ..." above "Sent: ...", "Date: ..." in any language; "On ..., X wrote:" above marked lines.
    let is_field = |line: &str| {
        line.split_once([':', '：']).is_some_and(|(name, rest)| name.chars().count() <= 14 && !rest.is_empty())
    };
    let names_author = is_field(line) && line.contains('@') && is_field(next.trim_start());
    let is_wrote = line.ends_with([':', '：']) && (line.contains('@') || next.trim_start().starts_with('>'));
    names_author || is_wrote && line.chars().any(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use filter::Received;

    use super::*;

    fn subject(raw: &str) -> Subject {
        let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
        Subject::read(raw.as_bytes(), facts, Direction::In, Timestamp::from_millis(0))
    }

    #[test]
    fn header_and_quote_are_told_apart() {
        let subject = subject(
            "Received: from out.mailer.example (out.mailer.example [192.0.2.7]) by mx.own.example; Thu, 26 Nov 2026 10:00:02 +0000\r\n\
             Received: from [10.0.0.7] (unknown [198.51.100.4]) by smtp.mailer.example; Thu, 26 Nov 2026 10:00:00 +0000\r\n\
             From: \"Li Wei\" <Li.Wei@Acme.Example>\r\nTo: buy@own.example\r\nCc: b@other.example\r\n\
             Date: Thu, 26 Nov 2026 18:00:00 +0800\r\nMessage-ID: <20261126.4ae1@acme.example>\r\nX-Mailer: Foxmail 7.2.25\r\n\
             References: <1@own.example> <2@acme.example>\r\nIn-Reply-To: <2@acme.example>\r\n\r\n\
             Please see below.\r\nOn Mon, 23 Nov 2026, Ann <ann@own.example> wrote:\r\n> When do you ship?\r\n",
        );
        assert_eq!(subject.from.address, "li.wei@acme.example");
        assert_eq!(subject.references, ["1@own.example", "2@acme.example"]);
        assert_eq!((subject.zone.as_str(), subject.software.as_str()), ("+0800", "foxmail n.a"));
        assert_eq!(subject.route, "mailer.example");
        assert_eq!(subject.hops[1].ip, "198.51.100.4");
        assert_eq!(subject.fresh.trim(), "Please see below.");
        assert!(subject.quoted.contains("When do you ship?") && subject.reply_to.is_empty());
    }

    #[test]
    fn many_references_keep_the_first_and_the_last() {
        let ids: String = (0..100).map(|n| format!(" <{n}@a.example>")).collect();
        let subject = subject(&format!("From: a@b.example\r\nReferences:{ids}\r\n\r\nx"));
        assert_eq!(subject.references.len(), REFERENCES_MAX);
        assert_eq!(subject.references.first().map(String::as_str), Some("0@a.example"));
        assert_eq!(subject.references.last().map(String::as_str), Some("99@a.example"));
    }

    #[test]
    fn programs_have_their_shape() {
        assert_eq!(shape_of_identifier("<CAF=x12+9aQ@mail.example>"), "A=a+A");
        assert_eq!(shape_of_identifier("<000001d9$1a2b$7c@host>"), "h$a$a");
    }
}
