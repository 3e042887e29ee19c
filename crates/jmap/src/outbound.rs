//! What rules for outbound mail say of a draft before it is sent: our own extension `urn:tradewind:params:jmap:outbound`, asked of the same rules that
//! submission asks.

use std::sync::Arc;

use ::outbound::{Action, Consent, Letter, Looked, OutboundError, Place, addresses, decide, hit_words};
use identity::Language;
use mailbox::MailboxError;
use serde_json::{Value, json};
use store::{StoreError, Tx};

use crate::args::Args;
use crate::error::Failure;
use crate::keys::own;
use crate::run::Answers;
use crate::{Asker, Server, ids};

/// `OutboundCheck/get`: by the identifier of a draft, and whom it would go to.
pub(crate) async fn check(server: &Server, asker: &Asker, mut args: Args) -> Result<Answers, Failure> {
    let account_id = args.need_text("accountId")?;
    let email = args.need_text("emailId")?;
    let (recipients, language) = (args.texts("rcptTo")?, args.text("language")?);
    args.finish()?;
    let language = match language {
        Some(word) => word.parse().map_err(|error: env::UnknownWord| Failure::invalid(format!("language: {error}")))?,
        None => asker.principal.language,
    };
    let (who, named) = (asker.clone(), account_id.clone());
    let number = ids::read(&email).ok_or_else(|| Failure::invalid("emailId: no such message"))?;
    let find = move |tx: &mut Tx<'_>| {
        let account = own(tx, &who, &named)?.account;
        match mailbox::source(tx, account, number) {
            Ok(source) => Ok((account, source)),
            Err(MailboxError::NoSuchMessage) => Err(Failure::invalid("emailId: no such message")),
            Err(error) => Err(error.into()),
        }
    };
    let (account, source) = server.store.read(find).await?;
    let store = server.store.clone();
    let reading = tokio::task::spawn_blocking(move || {
        let mut raw = Vec::new();
        source.reader(store.blobs()).read_range(source.trace_bytes()..source.size(), &mut raw)?;
        Ok::<_, MailboxError>(raw)
    });
    let raw = reading.await.map_err(|_| StoreError::Abandoned("reading a draft panicked"))??;
    let recipients = recipients.unwrap_or_else(|| addresses(&raw));
    let (consent, raw) = Consent::take(raw);
    let letter = Letter { account, organisation: asker.principal.organisation, raw: Arc::new(raw), recipients };
    let looked = server.outbound.look(letter).await.map_err(trouble)?.unwrap_or_default();
    let mut answer = shown(&looked, &consent, language);
    answer["accountId"] = account_id.into();
    answer["emailId"] = email.into();
    Ok(Answers::one(answer))
}

fn trouble(error: OutboundError) -> Failure {
    match error {
        OutboundError::Store(error) => error.into(),
        other => StoreError::Corrupt { what: other.to_string() }.into(),
    }
}

fn shown(looked: &Looked, consent: &Consent, language: Language) -> Value {
    let rules = looked.outcome.matched.iter().filter(|it| it.mode == ::outbound::Mode::Enforce).map(|it| {
        let found = it.hits.iter().map(|hit| {
            let (place, file) = match hit.place {
                None => (None, None),
                Some(Place::Subject) => (Some("subject"), None),
                Some(Place::Body) => (Some("body"), None),
                Some(Place::File(number)) => (Some("file"), Some(number)),
                Some(Place::FileName(number)) => (Some("file-name"), Some(number)),
            };
            json!({
                "what": hit.what, "place": place, "file": file, "count": hit.count, "shown": hit.shown,
                "text": hit_words(hit, language),
            })
        });
        let actions: Vec<&str> = it.actions.iter().map(Action::word).collect();
        json!({ "name": it.rule, "actions": actions, "found": found.collect::<Vec<Value>>() })
    });
    let approvals = looked.approvals.iter().map(|it| json!({ "rule": it.rule, "people": it.people }));
    let demands = looked.outcome.demands();
    let means = |demand: &mail::protection::Demand| demand.means().iter().map(|it| it.as_str()).collect::<Vec<_>>();
    let refusal = decide(looked, consent).err();
    json!({
        "decision": looked.outcome.decision().word(),
        "refusal": refusal.map(|refusal| refusal.text(&looked.outcome, language)),
        "rules": rules.collect::<Vec<Value>>(),
        "approvals": approvals.collect::<Vec<Value>>(),
        "demands": demands.iter().map(means).collect::<Vec<_>>(),
    })
}
