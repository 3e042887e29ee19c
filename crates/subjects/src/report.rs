//! What is told to whoever asks what is held of him: each place with what lies there, where it comes from, what for, and for how long; who gets it.

use std::sync::Arc;

use identity::Language;
use letters::Texts;
use review::Table;
use serde_json::{Value, json};
use store::{Store, Tx};

use crate::answer::name_of;
use crate::cards::Cards;
use crate::error::day;
use crate::held::Held;
use crate::request::{Request, change, load};
use crate::step::{self, By};
use crate::words::{Kind, Place};
use crate::{SubjectError, mentions, search, texts};

/// Width of a cell in letters of Chinese; other letters take half of it.
const CELL_WIDTH: usize = 33;

/// Width of a paragraph.
const PARAGRAPH_WIDTH: usize = 88;

/// A report, for machines and for people.
#[derive(Debug, Clone)]
pub struct Report {
    /// All of it.
    pub json: Value,
    /// The same as a document, for PDF and CSV.
    pub document: review::Report,
}

/// What mailboxes hold, told by numbers and days.
struct Mailbox {
    address: String,
    messages: i64,
    removed: i64,
    span: Option<(String, String)>,
}

/// Makes the report of a request, by what the last search found in mailboxes and by what stands in each other place now.
///
/// # Errors
/// [`SubjectError`] if the request asks for something else, it is not known who asks, nobody searched yet, or the store fails.
pub async fn report(
    store: &Store,
    cards: Arc<dyn Cards>,
    organisation: i64,
    id: i64,
    language: Language,
    by: By,
) -> Result<Report, SubjectError> {
    let read = move |tx: &mut Tx<'_>| {
        let request = load(tx, organisation, id)?;
        request.check_open()?;
        request.check_kind(&[Kind::Access, Kind::Export])?;
        request.check_identified()?;
        if !request.found.as_ref().is_some_and(|found| found.whole) {
            return Err(SubjectError::NotCarriedOut { id, remedy: "look for the person first, with subject-search" });
        }
        let mailboxes = mailboxes(tx, id)?;
        let rules = residence::list_rules(tx, organisation)?;
        let may_cross: Vec<Value> = rules
            .iter()
            .map(|kept| json!({ "to": kept.rule.to.to_string(), "basis": kept.rule.basis.as_str(), "reference": kept.rule.reference }))
            .collect();
        Ok((request, mailboxes, name_of(tx, organisation)?, may_cross))
    };
    let (request, mailboxes, name, may_cross) = store.read(read).await?;
    let mut places = search::places(store, organisation, &request.addresses).await?;
    places.extend(in_accounts(store, &cards, &request).await?);
    let made = store.context().clock.now();
    let texts = texts::of(language);
    let told: Vec<Value> =
        Place::ALL.iter().filter_map(|place| told_place(texts, *place, &places, &mailboxes)).collect();
    let json = json!({
        "request": id.to_string(), "organisation": name, "made": made.to_string(), "law": request.regime.as_str(),
        "person": { "name": request.name, "addresses": request.addresses },
        "places": told,
        "recipients": texts.say("report-recipients", &[]),
        "may_cross_to": may_cross,
        "decisions": texts.say("report-decisions", &[]),
        "rights": texts.say("report-rights", &[]),
    });
    let document = document(texts, language, &request, &name, &json, &day(made));
    let finish = move |tx: &mut Tx<'_>| {
        change(tx, organisation, id, |detail| detail.carried_out = true)?;
        step::note(tx, request.of(), "reported", &by, "")
    };
    store.write(finish).await?;
    Ok(Report { json, document })
}

fn mailboxes(tx: &mut Tx<'_>, id: i64) -> Result<Vec<Mailbox>, SubjectError> {
    let moment = |millis: i64| env::Timestamp::from_millis(millis).to_string();
    let mut all = Vec::new();
    for count in mentions::counts(tx, id)? {
        let address = identity::list_addresses(tx, count.account)?.into_iter().next();
        all.push(Mailbox {
            address: address.unwrap_or_else(|| count.account.to_string()),
            messages: count.messages,
            removed: count.removed,
            span: count.span.map(|(first, last)| (moment(first), moment(last))),
        });
    }
    Ok(all)
}

/// Cards, deliveries and forwarding of accounts, by numbers.
async fn in_accounts(store: &Store, cards: &Arc<dyn Cards>, request: &Request) -> Result<Vec<Held>, SubjectError> {
    let (mut contacts, mut portal, mut forwards, mut after) = (0, 0, 0, 0);
    loop {
        let page = search::accounts(store, request.organisation, after).await?;
        let Some(last) = page.last() else { break };
        after = *last;
        let (cards, addresses) = (Arc::clone(cards), request.addresses.clone());
        let count = move |tx: &mut Tx<'_>| {
            let (mut contacts, mut portal, mut forwards) = (0, 0, 0);
            for account in &page {
                contacts += cards.count(tx, *account, &addresses)?;
                for address in &addresses {
                    portal += portal::to_partner(tx, *account, address)?.len() as u64;
                }
                let targets = identity::forward::list(tx, *account)?;
                forwards += targets.iter().filter(|it| addresses.contains(&it.target.to_lowercase())).count() as u64;
            }
            Ok::<_, SubjectError>((contacts, portal, forwards))
        };
        let page = store.read(count).await?;
        (contacts, portal, forwards) = (contacts + page.0, portal + page.1, forwards + page.2);
    }
    let of = |place, things: u64, facts| Held { place, things, facts };
    let mut all = vec![
        of(Place::Contacts, contacts, json!({ "cards": contacts })),
        of(Place::Portal, portal, json!({ "deliveries": portal })),
        of(Place::Rules, forwards, json!({ "forwarding": forwards })),
    ];
    all.retain(|held| held.things > 0);
    Ok(all)
}

/// One place with all that is told of it; none where nothing is.
fn told_place(texts: Texts, place: Place, held: &[Held], mailboxes: &[Mailbox]) -> Option<Value> {
    let here: Vec<&Held> = held.iter().filter(|it| it.place == place).collect();
    let mut things: u64 = here.iter().map(|it| it.things).sum();
    let mut facts: Vec<Value> = here.iter().map(|it| it.facts.clone()).collect();
    for mailbox in mailboxes {
        let count = match place {
            Place::Mailboxes => mailbox.messages,
            Place::Removed => mailbox.removed,
            _ => 0,
        };
        if count > 0 {
            things += count.unsigned_abs();
            let (first, last) = mailbox.span.clone().unzip();
            facts.push(json!({ "mailbox": mailbox.address, "messages": count, "first": first, "last": last }));
        }
    }
    let say = |part: &str| texts.say(&format!("place-{place}-{part}"), &[]);
    (things > 0).then(|| {
        json!({
            "place": place.as_str(), "name": say("name"), "things": things, "source": say("source"), "why": say("why"),
            "kept": say("kept"), "held": facts,
        })
    })
}

fn document(
    texts: Texts,
    language: Language,
    request: &Request,
    organisation: &str,
    json: &Value,
    made: &str,
) -> review::Report {
    let number = request.id.to_string();
    let addresses = request.addresses.join(", ");
    let values = [
        ("name", request.name.as_str()),
        ("addresses", &addresses),
        ("organisation", organisation),
        ("made", made),
        ("number", &number),
    ];
    let mut paragraphs = texts.say("report-intro", &values);
    for part in ["recipients", "decisions", "rights"] {
        paragraphs.push('\n');
        paragraphs.push_str(json[part].as_str().unwrap_or_default());
    }
    let head = vec![texts.say("head-what", &[]), texts.say("head-told", &[])];
    let table = |place: &Value| {
        let text = |name: &str| place[name].as_str().unwrap_or_default().to_owned();
        let mut rows = Vec::new();
        push_rows(&mut rows, &texts.say("head-things", &[]), &place["things"].to_string());
        for part in ["source", "why", "kept"] {
            push_rows(&mut rows, &texts.say(&format!("head-{part}"), &[]), &text(part));
        }
        for fact in place["held"].as_array().into_iter().flatten() {
            push_rows(&mut rows, &texts.say("head-held", &[]), &plain(fact));
        }
        Table { title: text("name"), head: head.clone(), rows }
    };
    review::Report {
        language: if language == Language::Chinese { "zh" } else { "en" },
        title: texts.say("report-title", &values),
        paragraphs: paragraphs.lines().flat_map(|line| wrapped(line, PARAGRAPH_WIDTH)).collect(),
        charts: Vec::new(),
        tables: json["places"].as_array().into_iter().flatten().map(table).collect(),
    }
}

/// A fact as people read it: names and values, one after the other.
fn plain(fact: &Value) -> String {
    match fact {
        Value::Object(fields) => {
            let told = fields.iter().filter(|(_, value)| !value.is_null());
            told.map(|(name, value)| format!("{name}: {}", plain(value))).collect::<Vec<_>>().join("; ")
        }
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A row, and one below it for each further line of what stands in it: a cell that is too long would be cut.
pub(crate) fn push_rows(rows: &mut Vec<Vec<String>>, name: &str, text: &str) {
    let mut name = name.to_owned();
    for line in text.lines().flat_map(|line| wrapped(line, CELL_WIDTH)) {
        rows.push(vec![std::mem::take(&mut name), line]);
    }
}

/// Lines of at most `width` letters of Chinese, or twice as many others, broken between words where there are some.
pub(crate) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let (mut lines, mut line, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        let wide = if c.is_ascii() { 1 } else { 2 };
        if used + wide > width * 2 {
            let rest = match line.rfind(' ') {
                Some(at) if at > 0 => line.split_off(at + 1),
                _ => String::new(),
            };
            lines.push(line.trim_end().to_owned());
            used = rest.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum();
            line = rest;
        }
        line.push(c);
        used += wide;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_lose_nothing() {
        let text = "what is held of you comes from mail that you wrote 以及我们写给您的邮件，保存期限由本组织决定";
        let lines = wrapped(text, 10);
        assert!(lines.iter().all(|line| line.chars().map(|c| if c.is_ascii() { 1 } else { 2 }).sum::<usize>() <= 20));
        let kept = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
        assert_eq!(kept(&lines.concat()), kept(text));
        assert_eq!(wrapped("", 10), [""]);
        assert_eq!(wrapped(&"x".repeat(45), 10).len(), 3);
    }
}
