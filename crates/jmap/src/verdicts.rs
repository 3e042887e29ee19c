//! What was found of a message when it came, in words for the one who reads it: our own extension `urn:tradewind:params:jmap:verdict`.

use serde_json::{Value, json};
use store::{Tx, params};
use wire::jmap::format_utc_date;

use crate::args::Args;
use crate::error::Failure;
use crate::reach::Reach;
use crate::{Asker, Server, ids};

/// `Verdict/get`: by identifiers of messages. Messages that were not judged, or whose verdict is forgotten, are not found.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let reach = Reach::of(tx, asker.account(), &account_id)?;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name messages"))?;
    args.finish()?;
    server.check_get(Some(&asked))?;
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for text in asked {
        let wanted = ids::read(&text);
        let there = server
            .indexes
            .with(tx, reach.account, |index| Ok(wanted.filter(|id| index.email(&reach, *id).is_some())))?;
        let judged = match there {
            Some(message) => tx.row(
                "SELECT judged FROM judged_copy WHERE account = $1 AND message = $2",
                params![reach.account, message],
                |row| row.int(0),
            )?,
            None => None,
        };
        match judged.map(|judged| judgement::load(tx, judged)) {
            Some(Ok(judged)) => list.push(shown(server, asker, &text, &judged)),
            Some(Err(judgement::JudgementError::Store(error))) => return Err(error.into()),
            Some(Err(_)) | None => missing.push(text),
        }
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

fn shown(server: &Server, asker: &Asker, id: &str, judged: &judgement::Judged) -> Value {
    let detail = &judged.detail;
    let findings: Vec<Value> = detail
        .verdict
        .findings
        .iter()
        .map(|finding| {
            let text = judgement::explain(&server.judge, finding, asker.principal.language);
            json!({ "id": finding.id, "text": text, "weight": finding.weight() })
        })
        .collect();
    json!({
        "id": id, "judgedAt": format_utc_date(judged.at), "action": detail.action.word(),
        "probabilityUnwanted": detail.verdict.probability_unwanted, "findings": findings,
    })
}
