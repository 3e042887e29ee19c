//! Where in a message that stands which a finding is about: people follow a warning at the line itself, and overlook one above the letter.

use filter::{Facts, Finding, Signal};
use payment::{Block, Detail, Source};

/// Places of one finding that are told.
const SPOTS_MAX: usize = 8;

/// Octets of one text that are looked through.
pub const TEXT_OCTETS_MAX: usize = 256 * 1024;

/// Characters of what was said from which it is looked for.
const WORDS_MIN: usize = 4;

/// A text of a message as its reader gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Number of its part in the message's structure.
    pub part: usize,
    /// What the reader sees: of a page, its text.
    pub text: String,
    /// It is the text of a page, whose offsets mean nothing to who shows the page.
    pub is_page: bool,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpotKind {
    /// A payment detail.
    Account,
    /// A link.
    Link,
    /// What is asked for, or a line that was altered.
    Words,
    /// An address in the header.
    Address,
}

/// A place in a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// What stands there.
    pub kind: SpotKind,
    /// It, as it is written there.
    pub text: String,
    /// The part that it stands in: a text, or an attached file; none for the header.
    pub part: Option<usize>,
    /// Where in a plain text it begins and how long it is, in UTF-16 code units as browsers count; none elsewhere.
    pub span: Option<(u32, u32)>,
    /// Where a link leads, as written.
    pub url: Option<String>,
    /// The header field that it stands in: from | replyTo.
    pub field: Option<&'static str>,
}

/// A message with what its findings may be about.
#[derive(Debug, Clone, Default)]
pub struct Spots {
    texts: Vec<Shown>,
    /// Payment details in the texts, each with the number of its text.
    accounts: Vec<(usize, Detail)>,
    /// Payment details in attached files, each with its part.
    in_files: Vec<(usize, Detail)>,
}

impl SpotKind {
    /// The word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Link => "link",
            Self::Words => "words",
            Self::Address => "address",
        }
    }
}

impl Spots {
    /// Looks through the texts of a message. `asked` are payment details that were found in it when it came, and `files` the parts of
    /// the attached files in the order in which they were looked into.
    #[must_use]
    pub fn new(mut texts: Vec<Shown>, asked: &[Detail], files: &[usize]) -> Self {
        texts.iter_mut().for_each(|shown| cut(&mut shown.text));
        let blocks: Vec<Block> =
            texts.iter().map(|shown| Block { source: Source::Body, text: shown.text.clone() }).collect();
        let accounts = payment::find(&blocks).into_iter().map(|detail| (detail.place.block as usize, detail)).collect();
        let in_files = asked.iter().filter_map(|detail| {
            let (Source::File(number) | Source::Sheet(number, _) | Source::Picture(number)) = detail.place.source
            else {
                return None;
            };
            Some((*files.get(number as usize)?, detail.clone()))
        });
        Self { texts, accounts, in_files: in_files.collect() }
    }

    /// Where that stands which `finding` is about.
    #[must_use]
    pub fn of(&self, finding: &Finding, facts: &Facts) -> Vec<Spot> {
        let mut spots = Vec::new();
        match finding.signal {
            Signal::Trade if finding.id.starts_with("payment-") || finding.id == "invoice-of-stranger" => {
                self.accounts_of(finding, &mut spots);
            }
            Signal::Trade => {
                self.words_of(&finding.evidence, &mut spots);
                if spots.is_empty() {
                    addresses_of(&finding.evidence, facts, &mut spots);
                }
                if spots.is_empty() {
                    self.accounts_of(finding, &mut spots);
                }
            }
            Signal::Link => self.links_of(&finding.evidence, facts, &mut spots),
            Signal::Sender => addresses_of(&finding.evidence, facts, &mut spots),
            Signal::Text | Signal::Build | Signal::File => {}
        }
        spots.truncate(SPOTS_MAX);
        spots
    }

    /// Payment details that the evidence shows, or whose holder it is.
    fn accounts_of(&self, finding: &Finding, spots: &mut Vec<Spot>) {
        let evidence = &finding.evidence;
        // Two accounts stand side by side; the first is that of the message.
        let new = evidence.split(" ≠ ").next().unwrap_or_default();
        let is_meant = |detail: &Detail| {
            new.contains(detail.shown.as_str()) || detail.holder.as_deref().is_some_and(|holder| holder == evidence)
        };
        for (at, detail) in self.accounts.iter().filter(|(_, detail)| is_meant(detail)) {
            let Some(shown) = self.texts.get(*at) else { continue };
            let (start, end) = (detail.place.start as usize, detail.place.end as usize);
            spots.extend(spot(SpotKind::Account, shown, start, end));
        }
        for (part, detail) in self.in_files.iter().filter(|(_, detail)| is_meant(detail)) {
            spots.push(Spot {
                kind: SpotKind::Account,
                text: detail.shown.clone(),
                part: Some(*part),
                span: None,
                url: None,
                field: None,
            });
        }
    }

    /// A sentence that the evidence repeats, alone or behind somebody's name.
    fn words_of(&self, evidence: &str, spots: &mut Vec<Spot>) {
        let behind = evidence.split_once(": ").map(|(_, said)| said);
        for said in [Some(evidence), behind].into_iter().flatten().filter(|said| said.chars().count() >= WORDS_MIN) {
            for shown in &self.texts {
                if let Some((start, end)) = find_folded(&shown.text, said) {
                    spots.extend(spot(SpotKind::Words, shown, start, end));
                }
            }
            if !spots.is_empty() {
                return;
            }
        }
    }

    /// Links to the domain or page that the evidence names.
    fn links_of(&self, evidence: &str, facts: &Facts, spots: &mut Vec<Spot>) {
        let is_meant = |link: &&filter::facts::Link| {
            let named = [&link.host, &link.domain];
            named.into_iter().any(|name| !name.is_empty() && evidence.contains(name.as_str()))
                || evidence.len() >= WORDS_MIN && link.url.contains(evidence)
        };
        for link in facts.links.iter().filter(is_meant) {
            let seen = link.label.as_deref().unwrap_or(&link.url);
            for shown in &self.texts {
                let needle = if shown.is_page { seen } else { &link.url };
                let Some((start, end)) = find_folded(&shown.text, needle) else { continue };
                let found = spot(SpotKind::Link, shown, start, end);
                let found = found.map(|found| Spot { url: Some(link.url.clone()), ..found });
                spots.extend(found.filter(|found| !spots.contains(found)));
            }
        }
    }
}

/// The author's address, or that for answers, where the evidence names it or its host.
fn addresses_of(evidence: &str, facts: &Facts, spots: &mut Vec<Spot>) {
    for (field, sender) in [("from", facts.from.as_ref()), ("replyTo", facts.reply_to.as_ref())] {
        let named = |sender: &&filter::facts::Sender| {
            !sender.address.is_empty()
                && (evidence.contains(&sender.address)
                    || evidence.split(' ').any(|word| word == sender.host || word == sender.domain))
        };
        if let Some(sender) = sender.filter(named) {
            spots.push(Spot {
                kind: SpotKind::Address,
                text: sender.address.clone(),
                part: None,
                span: None,
                url: None,
                field: Some(field),
            });
        }
    }
}

fn spot(kind: SpotKind, shown: &Shown, start: usize, end: usize) -> Option<Spot> {
    let (before, text) = (shown.text.get(..start)?, shown.text.get(start..end)?);
    let units = |text: &str| u32::try_from(text.encode_utf16().count()).ok();
    let span = if shown.is_page { None } else { units(before).zip(units(text)) };
    Some(Spot { kind, text: text.to_owned(), part: Some(shown.part), span, url: None, field: None })
}

/// Where `needle` stands in `text`, any white space in one for any in the other.
fn find_folded(text: &str, needle: &str) -> Option<(usize, usize)> {
    let words: Vec<&str> = needle.split_whitespace().collect();
    let first = *words.first()?;
    text.match_indices(first).find_map(|(start, _)| {
        let mut at = start + first.len();
        for word in words.iter().skip(1) {
            let rest = text.get(at..)?;
            let next = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '>');
            if next.len() == rest.len() || !next.starts_with(word) {
                return None;
            }
            at += rest.len() - next.len() + word.len();
        }
        Some((start, at))
    })
}

fn cut(text: &mut String) {
    let mut end = text.len().min(TEXT_OCTETS_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use filter::Received;

    use super::*;

    const RAW: &str = "From: Jan <jan@acrne.test>\r\nReply-To: <jan@free.test>\r\nSubject: x\r\n\r\n\
        Grüße 👋,\r\nplease note that our bank\r\naccount has changed.\r\nIBAN: LT12 1000 0111 0100 1000\r\nsee https://evil.test/order/77x\r\n";

    fn finding(id: &str, signal: Signal, evidence: &str) -> Finding {
        Finding { id: id.to_owned(), signal, spam: 1.0, phish: 1.0, evidence: evidence.to_owned(), key: String::new() }
    }

    fn spots(is_page: bool, finding: &Finding) -> Vec<Spot> {
        let facts = Facts::read(Received { raw: RAW.as_bytes(), ..Received::default() });
        let text = RAW.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "\n");
        Spots::new(vec![Shown { part: 3, text, is_page }], &[], &[]).of(finding, &facts)
    }

    #[test]
    fn the_line_of_the_account_is_told() {
        let changed = finding(
            "payment-changed",
            Signal::Trade,
            "LT12 1000 0111 0100 1000 ≠ DE89 3704 0044 0532 0130 00 (2026-11-03)",
        );
        let found = spots(false, &changed);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!((found[0].kind, found[0].text.as_str()), (SpotKind::Account, "LT12 1000 0111 0100 1000"));
        // Units of UTF-16: the hand is two of them.
        let text: Vec<u16> = RAW.split_once("\r\n\r\n").unwrap().1.replace("\r\n", "\n").encode_utf16().collect();
        let (start, length) = found[0].span.unwrap();
        let at = String::from_utf16(&text[start as usize..(start + length) as usize]).unwrap();
        assert_eq!(at, found[0].text);
        assert_eq!((found[0].part, spots(true, &changed)[0].span), (Some(3), None));
    }

    #[test]
    fn words_links_and_addresses_are_told() {
        let said = finding("asks-other-account", Signal::Trade, "please note that our bank account has changed.");
        assert_eq!(spots(false, &said)[0].text, "please note that our bank\naccount has changed.");
        let link = spots(false, &finding("listed-link", Signal::Link, "evil.test"));
        assert_eq!(link[0].url.as_deref(), Some("https://evil.test/order/77x"), "{link:?}");
        assert_eq!(link[0].text, "https://evil.test/order/77x");
        let alike = spots(false, &finding("lookalike-partner", Signal::Trade, "acrne.test ≠ acme.test (2026-11)"));
        assert_eq!((alike[0].field, alike[0].text.as_str()), (Some("from"), "jan@acrne.test"), "{alike:?}");
        let answers = finding("answers-elsewhere", Signal::Trade, "jan@acrne.test → jan@free.test");
        assert_eq!(
            spots(false, &answers).iter().filter_map(|spot| spot.field).collect::<Vec<_>>(),
            ["from", "replyTo"]
        );
        assert_eq!(spots(false, &finding("model-spam", Signal::Text, "bank")), []);
    }

    #[test]
    fn an_account_in_a_file_is_told_with_its_part() {
        let mut detail =
            payment::find(&[Block { source: Source::File(1), text: "IBAN: LT12 1000 0111 0100 1000".to_owned() }]);
        detail.truncate(1);
        let changed = finding("payment-changed", Signal::Trade, "LT12 1000 0111 0100 1000 ≠ x");
        let found = Spots::new(Vec::new(), &detail, &[4, 6]).of(&changed, &Facts::default());
        assert_eq!(found.iter().map(|spot| spot.part).collect::<Vec<_>>(), [Some(6)], "{found:?}");
    }
}
