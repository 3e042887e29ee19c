//! `SearchSnippet/get` (RFC 8621 section 5).

use mail::message::text::part_text;
use mail::message::{Structure, SummaryRef, words};
use mailbox::search::{Field, Query};
use serde_json::{Value, json};
use store::Tx;

use super::filter::Filter;
use crate::args::Args;
use crate::error::Failure;
use crate::reach::Reach;
use crate::{Asker, Server};

/// Octets of a preview (RFC 8621 section 5).
const PREVIEW_BYTES_MAX: usize = 255;

/// Characters shown before the first word that was found.
const LEAD_CHARS: usize = 40;

/// Octets of a message that is looked into for a preview.
const CONTENT_BYTES_MAX: u64 = 1 << 20;

pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let filter = Filter::read(args.take("filter"))?;
    let asked = args.texts("emailIds")?.ok_or_else(|| Failure::invalid("emailIds is missing"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut in_subject, mut in_body) = (Vec::new(), Vec::new());
    filter.for_each_text(&mut |query| match query {
        Query::Envelope(Field::Subject, needle) => in_subject.push(needle.as_str().to_owned()),
        Query::Body(needle) => in_body.push(needle.as_str().to_owned()),
        Query::Text(needle) => {
            in_subject.push(needle.as_str().to_owned());
            in_body.push(needle.as_str().to_owned());
        }
        _ => {}
    });
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        let is_there = server.indexes.message(tx, &reach, &text)?;
        let Some(id) = is_there else {
            missing.push(text);
            continue;
        };
        let known = server.opened.read(tx, reach.account, &[id])?;
        let Some((_, known)) = known.first() else { return Err(Failure::Behind) };
        let summary = SummaryRef::parse(&known.summary)?;
        let subject = summary.envelope()?.subject.map(|subject| words::decode(subject).into_owned());
        let subject = subject.and_then(|subject| marked(&subject, &in_subject, None));
        let preview = match in_body.is_empty() {
            true => None,
            false => body_text(server, tx, reach.account, id)?
                .and_then(|body| marked(&body, &in_body, Some(PREVIEW_BYTES_MAX))),
        };
        list.push(json!({ "emailId": text, "subject": subject, "preview": preview }));
    }
    let missing = if missing.is_empty() { Value::Null } else { missing.into() };
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

/// The text of a message, on one line.
fn body_text(server: &Server, tx: &mut Tx<'_>, account: i64, id: i64) -> Result<Option<String>, Failure> {
    let source = mailbox::source(tx, account, id)?;
    let mut raw = Vec::new();
    let end = source.size().min(source.trace_bytes() + CONTENT_BYTES_MAX);
    source.reader(server.store.blobs()).read_range(source.trace_bytes()..end, &mut raw)?;
    let structure = Structure::parse(&raw);
    let texts = || structure.leaves().filter(|part| part.media_type == "text" && !part.is_attachment());
    let part = texts().find(|part| part.subtype == "plain").or_else(|| texts().next());
    let text = part.and_then(|part| part_text(&raw, part));
    Ok(text.map(|text| text.split_whitespace().collect::<Vec<&str>>().join(" ")))
}

/// Text with what was found marked, escaped for HTML; none if nothing is found. `bytes_max` cuts it around the first that is found.
fn marked(text: &str, needles: &[String], bytes_max: Option<usize>) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let folded: Vec<char> = chars.iter().map(|c| c.to_lowercase().next().unwrap_or(*c)).collect();
    let mut spans: Vec<(usize, usize)> = Vec::new();
    for needle in needles {
        let needle: Vec<char> = needle.chars().collect();
        if needle.is_empty() {
            continue;
        }
        let found = folded.windows(needle.len()).enumerate().filter(|(_, window)| *window == needle.as_slice());
        spans.extend(found.map(|(at, _)| (at, at + needle.len())));
    }
    spans.sort_unstable();
    let first = spans.first()?.0;
    let start = if bytes_max.is_some() { first.saturating_sub(LEAD_CHARS) } else { 0 };
    let max = bytes_max.unwrap_or(usize::MAX);
    let mut out = String::new();
    let mut at = start;
    let mut spans = spans.into_iter().peekable();
    while let Some(c) = chars.get(at) {
        while spans.next_if(|(_, end)| *end <= at).is_some() {}
        let mut piece = String::new();
        let next = match spans.peek() {
            Some((from, end)) if *from <= at => {
                let inner: String = chars.get(at..*end).unwrap_or_default().iter().map(|c| escaped(*c)).collect();
                piece.push_str(&format!("<mark>{inner}</mark>"));
                *end
            }
            _ => {
                piece.push_str(&escaped(*c));
                at + 1
            }
        };
        if out.len() + piece.len() > max {
            break;
        }
        out.push_str(&piece);
        at = next;
    }
    Some(out)
}

fn escaped(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::marked;

    #[test]
    fn what_is_found_is_marked() {
        let needles = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            marked("The <b> Offer", &needles(&["offer"]), None).as_deref(),
            Some("The &lt;b&gt; <mark>Offer</mark>")
        );
        assert_eq!(marked("签订合同", &needles(&["合同"]), None).as_deref(), Some("签订<mark>合同</mark>"));
        assert_eq!(marked("aaa", &needles(&["b"]), None), None);
        assert!(marked(&"x offer ".repeat(200), &needles(&["offer"]), Some(255)).unwrap().len() <= 255);
    }
}
