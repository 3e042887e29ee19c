//! What was found of a message when it came, in words for the one who reads it: our own extension `urn:tradewind:params:jmap:verdict`.

use judgement::JudgementError;
use judgement::spots::{Shown, Spot, Spots, TEXT_OCTETS_MAX};
use mail::message::{SummaryRef, html_to_text};
use serde_json::{Value, json};
use store::{Tx, params};
use wire::jmap::{Object, format_utc_date};

use crate::args::Args;
use crate::email::{part_id, shown_texts, text_of};
use crate::error::Failure;
use crate::reach::Reach;
use crate::{Asker, Server};

/// Texts of one message in which places are looked for.
const TEXTS_MAX: usize = 8;

/// `Verdict/get`: by identifiers of messages. Messages that were not judged, or whose verdict is forgotten, are not found.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name messages"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        let there = server.indexes.message(tx, &reach, &text)?;
        let judged = match there {
            Some(message) => tx.row(
                "SELECT judged FROM judged_copy WHERE account = $1 AND message = $2",
                params![reach.account, message],
                |row| row.int(0),
            )?,
            None => None,
        };
        match judged.map(|judged| judgement::load(tx, judged)) {
            Some(Ok(judged)) => {
                let spots = match there {
                    Some(message) if is_told(&judged) => spots(server, tx, reach.account, (message, judged.id))?,
                    _ => Spots::default(),
                };
                list.push(shown(server, asker, &text, &judged, &spots));
            }
            Some(Err(JudgementError::Store(error))) => return Err(error.into()),
            Some(Err(_)) | None => missing.push(text),
        }
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

/// Whether anything speaks against the message.
fn is_told(judged: &judgement::Judged) -> bool {
    judged.detail.verdict.findings.iter().any(|finding| finding.weight() > 0.0)
}

/// What of a message findings can be about; of its content only the texts are read.
fn spots(server: &Server, tx: &mut Tx<'_>, account: i64, (message, judged): (i64, i64)) -> Result<Spots, Failure> {
    let known = server.opened.read(tx, account, &[message])?;
    let Some((_, known)) = known.first() else { return Err(Failure::Behind) };
    let structure = SummaryRef::parse(&known.summary)?.structure()?.to_structure()?;
    let source = mailbox::source(tx, account, message)?;
    let (mut reader, trace) = (source.reader(server.store.blobs()), source.trace_bytes());
    let mut texts = Vec::new();
    for number in shown_texts(&structure).into_iter().take(TEXTS_MAX) {
        let Some(part) = structure.parts.get(number) else { continue };
        let range = part.body_range();
        // Four octets of an encoded text hold at least one that is read.
        let end = range.end.min(range.start.saturating_add(TEXT_OCTETS_MAX * 4)) as u64;
        let mut octets = Vec::new();
        reader.read_range(trace + range.start as u64..trace + end, &mut octets)?;
        let (text, _) = text_of(part, &octets);
        let is_page = part.is("text", "html");
        let text = if is_page { html_to_text(&text) } else { text };
        texts.push(Shown { part: number, text, is_page });
    }
    let asked = judgement::cases::asked(tx, judged)?;
    Ok(Spots::new(texts, &asked, &filter::inspected_parts(&structure)))
}

fn shown(server: &Server, asker: &Asker, id: &str, judged: &judgement::Judged, spots: &Spots) -> Value {
    let detail = &judged.detail;
    let findings: Vec<Value> = detail
        .verdict
        .findings
        .iter()
        .map(|finding| {
            let text = judgement::explain(&server.judge, finding, asker.principal.language);
            let facts = detail.facts.as_ref().filter(|_| finding.weight() > 0.0);
            let marks: Vec<Value> =
                facts.map(|facts| spots.of(finding, facts).iter().map(mark).collect()).unwrap_or_default();
            json!({ "id": finding.id, "text": text, "weight": finding.weight(), "marks": marks })
        })
        .collect();
    json!({
        "id": id, "judgedAt": format_utc_date(judged.at), "action": detail.action.word(),
        "probabilityUnwanted": detail.verdict.probability_unwanted,
        "probabilityFraud": detail.verdict.probability_fraud, "findings": findings,
    })
}

/// A place for a client to mark; what does not apply is left out.
fn mark(spot: &Spot) -> Value {
    let mut shown = Object::new();
    let mut add = |name: &str, value: Value| drop(shown.insert(name.to_owned(), value));
    add("kind", spot.kind.word().into());
    add("text", spot.text.clone().into());
    if let Some(part) = spot.part {
        add("partId", part_id(part).into());
    }
    if let Some((start, length)) = spot.span {
        add("start", start.into());
        add("length", length.into());
    }
    if let Some(url) = &spot.url {
        add("url", url.clone().into());
    }
    if let Some(field) = spot.field {
        add("field", field.into());
    }
    Value::Object(shown)
}
