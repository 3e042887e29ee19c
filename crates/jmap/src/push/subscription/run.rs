//! Serves subscriptions, each by a task of its own: asks the client for its code, then tells it of changes.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::rows::{self, Subscription};
use crate::error::Failure;
use crate::ids;
use crate::push::watching::Watching;
use crate::push::{States, accounts, state_change, states};
use crate::{Asker, Server};

/// How often is looked for subscriptions that nobody serves, such as those made on another node.
const SWEEP_EVERY: Duration = Duration::from_secs(30);

/// A client is told at most this often.
const BETWEEN: Duration = Duration::from_secs(1);

/// Wait after a first failure; it doubles with each.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// Longest wait between two attempts.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(3600);

/// Failures in a row after which a subscription ends: about a day and a half.
const FAILURES_MAX: u32 = 40;

impl Server {
    /// Serves all subscriptions until `stop`.
    pub(crate) async fn serve_subscriptions(self: &Arc<Self>, stop: &CancellationToken) {
        let mut served: HashMap<(i64, i64), tokio::task::JoinHandle<()>> = HashMap::new();
        loop {
            match self.store.write(rows::sweep).await {
                Ok(all) => {
                    served.retain(|_, task| !task.is_finished());
                    for (account, id) in all {
                        served.entry((account, id)).or_insert_with(|| {
                            let server = Arc::clone(self);
                            tokio::spawn(async move { server.serve(account, id).await })
                        });
                    }
                }
                Err(error) => tracing::warn!(%error, "push subscriptions cannot be read; tried again"),
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.pushing.added.notified() => {}
                () = tokio::time::sleep(SWEEP_EVERY) => {}
            }
        }
        for task in served.into_values() {
            task.abort();
        }
    }

    async fn serve(self: Arc<Self>, account: i64, id: i64) {
        // What failed is taken up again by the next look for subscriptions.
        if let Err(failure) = self.serve_one(account, id).await {
            tracing::warn!(account, %failure, "a push subscription is not served for the moment");
        }
    }

    async fn serve_one(self: &Arc<Self>, account: i64, id: i64) -> Result<(), Failure> {
        let load = move |tx: &mut store::Tx<'_>| {
            let Some(found) = rows::find(tx, account, id)? else { return Ok(None) };
            let principal = found.detail.sign_in.principal(tx, account)?;
            Ok::<_, Failure>(Some((found, principal)))
        };
        let Some((found, principal)) = self.store.read(load).await? else { return Ok(()) };
        let mut over = self.door.watch(&principal);
        let asker = Arc::new(Asker { principal, peer: std::net::IpAddr::from([0, 0, 0, 0]) });
        let mut watching = Watching::new(self, &asker, found.detail.wanted()).await?;
        let mut attempts = Attempts::default();
        loop {
            let step = tokio::select! {
                () = over.ended() => Step::Over,
                step = self.step(&asker, id, &mut attempts) => step?,
            };
            let wait = match step {
                Step::Over => return self.end(account, id).await,
                Step::Gone => return Ok(()),
                Step::Wait => None,
                Step::After(wait) => Some(wait),
            };
            tokio::select! {
                () = over.ended() => return self.end(account, id).await,
                () = tokio::time::sleep(wait.unwrap_or(SWEEP_EVERY)) => {}
                () = watching.noticed(), if wait.is_none() => watching.settle().await?,
            }
        }
    }

    async fn end(&self, account: i64, id: i64) -> Result<(), Failure> {
        self.store.write(move |tx| rows::destroy(tx, account, id)).await?;
        Ok(())
    }

    /// Does what there is to do now.
    async fn step(&self, asker: &Arc<Asker>, id: i64, attempts: &mut Attempts) -> Result<Step, Failure> {
        let (account, who, base) = (asker.account(), Arc::clone(asker), attempts.untold.take());
        let plan = move |tx: &mut store::Tx<'_>| plan(tx, &who, account, id, base.clone());
        let Some((subscription, plan)) = self.store.write(plan).await? else { return Ok(Step::Gone) };
        let Some(Plan { content, untold }) = plan else { return Ok(Step::Wait) };
        match self.post(&subscription.detail, content.to_string().as_bytes()).await {
            Ok(()) => {
                attempts.failures = 0;
                Ok(Step::After(BETWEEN))
            }
            Err(error) if error.is_final() || attempts.failures >= FAILURES_MAX => {
                tracing::info!(account, %error, "a push subscription ends, as nothing can be sent to it");
                Ok(Step::Over)
            }
            Err(error) => {
                tracing::debug!(account, %error, "a push message is sent again later");
                attempts.failures += 1;
                attempts.untold = Some(untold);
                let wait = RETRY_AFTER.saturating_mul(1 << attempts.failures.saturating_sub(1).min(10));
                Ok(Step::After(wait.min(RETRY_AFTER_MAX)))
            }
        }
    }
}

/// How sending went lately.
#[derive(Default)]
struct Attempts {
    failures: u32,
    /// What the client knows, where it could not be told what is written down.
    untold: Option<Untold>,
}

/// What the client has still to be told.
#[derive(Clone)]
enum Untold {
    Code,
    Since(States),
}

enum Step {
    /// There is no subscription any more.
    Gone,
    /// It is to end.
    Over,
    /// Nothing is to be done before something changes.
    Wait,
    After(Duration),
}

struct Plan {
    content: Value,
    untold: Untold,
}

/// What is to be sent. It is written down as sent before: of several nodes one sends it.
fn plan(
    tx: &mut store::Tx<'_>,
    asker: &Asker,
    account: i64,
    id: i64,
    untold: Option<Untold>,
) -> Result<Option<(Subscription, Option<Plan>)>, Failure> {
    let Some(mut found) = rows::take(tx, account, id)? else { return Ok(None) };
    let detail = &mut found.detail;
    if !detail.is_verified {
        if detail.is_asked && !matches!(untold, Some(Untold::Code)) {
            return Ok(Some((found, None)));
        }
        detail.is_asked = true;
        // RFC 8620 section 7.2.2.
        let content = json!({
            "@type": "PushVerification", "pushSubscriptionId": ids::show(id), "verificationCode": detail.code,
        });
        rows::keep(tx, account, &found)?;
        return Ok(Some((found, Some(Plan { content, untold: Untold::Code }))));
    }
    let seen = accounts(tx, account)?;
    let now = states(tx, asker, &seen)?;
    let known = match untold {
        Some(Untold::Since(known)) => known,
        _ => detail.told.clone(),
    };
    let Some(content) = state_change(&known, &now, &detail.wanted()) else { return Ok(Some((found, None))) };
    detail.told = now;
    rows::keep(tx, account, &found)?;
    Ok(Some((found, Some(Plan { content, untold: Untold::Since(known) }))))
}
