//! Messages on their way out.

use queue::{Filter, PAGE_MAX, QueueError, QueuedMessage};
use serde_json::{Value, json};
use store::{StoreError, Tx};

use super::caller::Bounds;
use super::{Controls, Refused};

/// Messages that a list shows.
const LISTED_MAX: usize = 10_000;

pub(super) async fn list(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let messages = all(controls, by).await?;
    Ok(messages.iter().map(row).collect())
}

pub(super) fn row(message: &QueuedMessage) -> Value {
    let to: Vec<&str> = message.recipients.iter().map(|it| it.recipient.address.as_str()).collect();
    let waiting = message.recipients.iter().map(|it| it.due).min();
    let last = message.recipients.iter().filter_map(|it| it.last.as_ref()).max_by_key(|last| last.at);
    json!({
        "id": message.id,
        "from": message.envelope.reverse_path,
        "to": to,
        "bytes": message.size,
        "since": message.created.to_string(),
        "due": waiting.map(|due| due.to_string()),
        "held": message.held,
        "last_answer": last.map(|last| &last.text),
    })
}

async fn all(controls: &Controls, by: &Bounds) -> Result<Vec<QueuedMessage>, Refused> {
    let mut messages: Vec<QueuedMessage> = Vec::new();
    while messages.len() < LISTED_MAX {
        let after = messages.last().map_or(0, |last| last.id);
        let filter = Filter { after, limit: PAGE_MAX, organisation: by.organisation, ..Filter::default() };
        let page = controls.store.read(move |tx| queue::list(tx, &filter)).await.map_err(Refused::because)?;
        if page.is_empty() {
            break;
        }
        messages.extend(page);
    }
    Ok(messages)
}

pub(super) async fn show(controls: &Controls, id: i64) -> Result<Value, Refused> {
    let message = controls.store.read(move |tx| queue::show(tx, id)).await.map_err(Refused::because)?;
    let recipients: Vec<Value> = message
        .recipients
        .iter()
        .map(|it| {
            json!({
                "address": it.recipient.address,
                "state": format!("{:?}", it.state).to_lowercase(),
                "due": it.due.to_string(),
                "attempts": it.attempts,
                "last_host": it.last.as_ref().map(|last| &last.host),
                "last_code": it.last.as_ref().map(|last| last.code),
                "last_status": it.last.as_ref().map(|last| &last.status),
                "last_answer": it.last.as_ref().map(|last| &last.text),
            })
        })
        .collect();
    Ok(json!({
        "id": message.id,
        "from": message.envelope.reverse_path,
        "bytes": message.size,
        "since": message.created.to_string(),
        "expires": message.expires.to_string(),
        "held": message.held,
        "recipients": recipients,
    }))
}

pub(super) async fn change<E>(
    controls: &Controls,
    what: &'static str,
    change: impl FnMut(&mut Tx<'_>) -> Result<(), E> + Send + 'static,
) -> Result<Value, Refused>
where
    E: std::error::Error + From<StoreError> + Send + 'static,
{
    controls.store.write(change).await.map_err(Refused::because)?;
    Ok(json!({ "done": what }))
}

/// Tries a message again now, or all.
pub(super) async fn retry(controls: &Controls, by: &Bounds, id: Option<i64>) -> Result<Value, Refused> {
    match id {
        Some(id) => change(controls, "retried", move |tx| queue::retry_now(tx, id)).await,
        None => retry_all(controls, by).await,
    }
}

async fn retry_all(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let messages = all(controls, by).await?;
    let mut retried = 0;
    for message in messages.iter().filter(|message| !message.held) {
        let id = message.id;
        // One that has left the queue meanwhile needs no retry.
        match controls.store.write(move |tx| queue::retry_now(tx, id)).await {
            Ok(()) => retried += 1,
            Err(QueueError::NoSuchMessage { .. }) => {}
            Err(error) => return Err(Refused::because(error)),
        }
    }
    Ok(json!({ "retried": retried }))
}
