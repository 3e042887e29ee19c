//! What an organisation's people have confirmed, for others: senders, domains, pages and files of mail that enough of them have reported.
//!
//! Shared is what an attacker has chosen, never whom he wrote to: no text, no recipient, no page whose address may name one, no file that only came along.
//! Whoever has the link to it, signed by this installation and good for a time, reads what holds at that moment.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use env::Timestamp;
use filter::{Facts, Signal};
use intel::Never;
use intel::share::{Indicator, Kind};
use store::{Store, Tx, params};
use subtle::ConstantTimeEq;

use crate::digest::proof;
use crate::marks::MarkKind;
use crate::{Judged, JudgementError, kept, marks, votes};

/// Reported messages that are looked at, the latest.
const REPORTS_MAX: i64 = 2_000;

/// How long others should believe what was shared, after it came last.
const BELIEVED: Duration = Duration::from_secs(30 * 86_400);

/// Weight of a finding on a file from which the file itself is shared.
const FILE_WEIGHT_MIN: f32 = 1.0;

/// Characters of a part of a page's path beyond which it may be a word for one reader.
const SEGMENT_CHARS_MAX: usize = 20;

/// Letters of a name that is looked for in a page's address.
const NAME_CHARS_MIN: usize = 3;

const NUMBERS_BYTES: usize = 16;
const PROOF_BYTES: usize = 16;
const LINK_BYTES: usize = NUMBERS_BYTES + PROOF_BYTES;

/// Keeps these links apart from others that we sign.
const PURPOSE: &[u8] = b"share link ";

/// What is confirmed in an organisation by reports since a moment, each thing once. Our own domains and what `never` names are left out.
///
/// # Errors
/// [`JudgementError`] if the store fails.
pub fn confirmed(
    tx: &mut Tx<'_>,
    organisation: i64,
    since: Timestamp,
    never: &[String],
) -> Result<Vec<Indicator>, JudgementError> {
    let own: Vec<String> = identity::list_domains(tx, None)?.into_iter().map(|domain| domain.name).collect();
    let never = Never::new(never.iter().chain(&own));
    let reported = tx.rows(
        "SELECT judged, MAX(at) FROM mail_report WHERE organisation = $1 AND kind = 'junk' AND at >= $2
         GROUP BY judged ORDER BY MAX(at) DESC LIMIT $3",
        params![organisation, since.millis(), REPORTS_MAX],
        |row| row.int(0),
    )?;
    let mut found: BTreeMap<(Kind, String), (Timestamp, Timestamp)> = BTreeMap::new();
    for id in reported {
        let judged = match kept::load(tx, id) {
            Ok(judged) => judged,
            Err(JudgementError::NotKept(_)) => continue,
            Err(error) => return Err(error),
        };
        let names = names_of(tx, id)?;
        for thing in of(tx, organisation, &judged, &never, &names)? {
            let (first, last) = found.entry(thing).or_insert((judged.at, judged.at));
            (*first, *last) = ((*first).min(judged.at), (*last).max(judged.at));
        }
    }
    let indicator = |((kind, value), (first, last)): ((Kind, String), (Timestamp, Timestamp))| {
        let until = last.plus(BELIEVED);
        Indicator { kind, value, first, last, until }
    };
    Ok(found.into_iter().map(indicator).filter(|one| one.until > tx.now()).collect())
}

/// What others should know of one message.
fn of(
    tx: &mut Tx<'_>,
    organisation: i64,
    judged: &Judged,
    never: &Never,
    names: &BTreeSet<String>,
) -> Result<Vec<(Kind, String)>, JudgementError> {
    let Some(facts) = &judged.detail.facts else { return Ok(Vec::new()) };
    let key = tx.context().keys.organisation(tx, organisation)?;
    let mut found = Vec::new();
    let mut is_confirmed = false;
    for mark in marks::numbered(facts, &key) {
        let weighed = votes::weigh(&votes::of(tx, organisation, mark.number)?, tx.now());
        if !weighed.holds_for_all || weighed.sum <= 0.0 {
            continue;
        }
        is_confirmed = true;
        match mark.kind {
            // An address that nobody has proved may be an honest man's.
            MarkKind::Sender if votes::is_proven(facts) => {
                let host = mark.evidence.rsplit('@').next().unwrap_or_default();
                if !never.is_own(host) {
                    found.push((Kind::Address, mark.evidence));
                }
            }
            MarkKind::Link => {
                if !never.protects(&mark.evidence) {
                    found.push((Kind::Domain, mark.evidence.clone()));
                }
                found.extend(pages(facts, &mark.evidence, never, names).map(|page| (Kind::Page, page)));
            }
            MarkKind::Sender | MarkKind::Look | MarkKind::Picture => {}
        }
    }
    let is_bad_file =
        judged.detail.verdict.findings.iter().any(|it| it.signal == Signal::File && it.weight() >= FILE_WEIGHT_MIN);
    if is_confirmed && is_bad_file {
        let digits = |sha256: &[u8; 32]| sha256.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        found.extend(judged.detail.files.iter().map(|file| (Kind::File, digits(&file.sha256))));
    }
    Ok(found)
}

/// Pages of a domain to which a message leads, without what stands behind `?`, as far as their addresses are the same for all readers.
fn pages<'f>(
    facts: &'f Facts,
    domain: &'f str,
    never: &'f Never,
    names: &'f BTreeSet<String>,
) -> impl Iterator<Item = String> + 'f {
    facts.links.iter().filter(move |link| link.domain == domain).filter_map(move |link| {
        let (path, query) = link.path.split_once('?').unwrap_or((&link.path, ""));
        let path = path.split('#').next().unwrap_or_default();
        // Of a house with many tenants the page is its query, too.
        let is_cut = !query.is_empty() && never.protects(&link.host);
        let is_web = matches!(link.scheme.as_str(), "http" | "https") && !link.has_user;
        let is_plain = is_web && !is_cut && path.len() > 1 && is_for_all(path, names) && is_for_all(&link.host, names);
        is_plain.then(|| format!("{}://{}{path}", link.scheme, link.host))
    })
}

/// Whether nothing in it is made for one reader.
fn is_for_all(text: &str, names: &BTreeSet<String>) -> bool {
    let text = text.to_lowercase();
    let is_word = |segment: &str| segment.chars().count() <= SEGMENT_CHARS_MAX && !segment.contains(['@', '%', '=']);
    text.split(['/', '.']).all(is_word) && !names.iter().any(|name| text.contains(name.as_str()))
}

/// What people are called who got a message.
fn names_of(tx: &mut Tx<'_>, id: i64) -> Result<BTreeSet<String>, JudgementError> {
    let accounts = tx.rows(
        "SELECT account FROM judged_copy WHERE judged = $1 UNION SELECT account FROM quarantine_recipient WHERE quarantine = $1
         UNION SELECT account FROM mail_report WHERE judged = $1",
        params![id],
        |row| row.int(0),
    )?;
    let mut names = BTreeSet::new();
    for account in accounts.into_iter().filter(|account| *account != 0) {
        for address in identity::list_addresses(tx, account)? {
            let local = address.split('@').next().unwrap_or_default().to_lowercase();
            names.extend(local.split(['.', '-', '_', '+']).map(str::to_owned));
            names.insert(local);
        }
    }
    names.retain(|name| name.chars().count() >= NAME_CHARS_MIN);
    Ok(names)
}

/// A link to what an organisation shares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareLink {
    /// Whose it is.
    pub organisation: i64,
    /// When it is over.
    pub until: Timestamp,
}

/// The part of the address that makes the link.
#[must_use]
pub fn make_link(store: &Store, link: ShareLink) -> String {
    let mut bytes = Vec::with_capacity(LINK_BYTES);
    for number in [link.organisation, link.until.millis()] {
        bytes.extend_from_slice(&number.to_be_bytes());
    }
    let proof: [u8; PROOF_BYTES] = proof(store, PURPOSE, &bytes);
    bytes.extend_from_slice(&proof);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads a link that we have made and that is not over; none for any other.
#[must_use]
pub fn read_link(store: &Store, text: &str) -> Option<ShareLink> {
    let bytes = <[u8; LINK_BYTES]>::try_from(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
    let (numbers, shown) = bytes.split_at(NUMBERS_BYTES);
    if !bool::from(proof::<PROOF_BYTES>(store, PURPOSE, numbers).ct_eq(shown)) {
        return None;
    }
    let mut numbers = numbers.chunks_exact(8).filter_map(|chunk| Some(i64::from_be_bytes(chunk.try_into().ok()?)));
    let link = ShareLink { organisation: numbers.next()?, until: Timestamp::from_millis(numbers.next()?) };
    (link.until > store.context().clock.now()).then_some(link)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_may_name_a_reader_are_not_shared() {
        let names: BTreeSet<String> = ["wang".to_owned()].into();
        assert!(is_for_all("/login/page.html", &names) && is_for_all("evil.test", &names));
        for path in ["/u/wang/x", "/x%40y", "/a@b", "/verify/9f8e7d6c5b4a39281706f5e4", "/id=7"] {
            assert!(!is_for_all(path, &names), "{path}");
        }
    }
}
