//! A second opinion from outside on what is in doubt: allowed by rule, counted, bounded.

use std::sync::Arc;

use filter::{Facts, Finding, Thresholds};
use identity::IdentityError;
use intel::SecondOpinion;
use store::{StoreError, Tx, params};

use crate::judging::finding;
use crate::{JudgementError, Judging};

/// Days for which it is kept how many messages went where.
const KEPT_DAYS: i64 = 400;

const DAY_MILLIS: i64 = 86_400_000;

impl Judging {
    /// Asks for a second opinion where there is one.
    #[must_use]
    pub fn with_second_opinion(mut self, opinion: Option<SecondOpinion>) -> Self {
        self.opinion = opinion.map(Arc::new);
        self
    }

    /// What the second opinion is on a message for people of an organisation; none where nobody is asked.
    pub(crate) async fn second_opinion(
        &self,
        organisation: i64,
        facts: &Facts,
        outside: &[Finding],
    ) -> Result<Option<Finding>, JudgementError> {
        let Some(opinion) = &self.opinion else { return Ok(None) };
        let (judge, facts, outside) = (Arc::clone(&self.judge), facts.clone(), outside.to_vec());
        let work = move || {
            let verdict = judge.judge_by(&facts, outside, Thresholds::default());
            (facts, verdict.probability_unwanted)
        };
        let judged = tokio::task::spawn_blocking(work).await;
        let (facts, unwanted) = judged.map_err(|_| StoreError::Abandoned("judging a message panicked"))?;
        if !opinion.is_in_doubt(unwanted) || !self.may_ask(opinion, organisation).await? {
            return Ok(None);
        }
        let nonce = self.store.context().entropy.next_u64();
        match opinion.ask(&facts, nonce).await {
            Ok(found) => Ok(Some(found)),
            Err(error) => {
                tracing::warn!(%error, "there is no second opinion");
                Ok(Some(finding("layer-silent", "second-opinion", 0.0)))
            }
        }
    }

    /// Whether the organisation lets its mail go there, and the day has room. What goes is counted before it goes.
    async fn may_ask(&self, opinion: &Arc<SecondOpinion>, organisation: i64) -> Result<bool, JudgementError> {
        let asked = Arc::clone(opinion);
        let look = move |tx: &mut Tx<'_>| {
            let all = identity::list_organisations(tx)?;
            let name = all.into_iter().find(|it| it.id == organisation).map(|it| it.name);
            Ok::<_, IdentityError>(name.is_some_and(|name| asked.is_allowed_for(&name)))
        };
        if !self.store.read(look).await? {
            return Ok(false);
        }
        let (region, most) = (opinion.region().to_owned(), i64::from(opinion.per_day_max()));
        Ok(self.store.write(move |tx| take_turn(tx, organisation, &region, most)).await?)
    }
}

/// Counts a message that goes to a region; whether the day has room for it.
fn take_turn(tx: &mut Tx<'_>, organisation: i64, region: &str, most: i64) -> Result<bool, StoreError> {
    if most == 0 {
        return Ok(false);
    }
    let counted = tx.execute(
        "INSERT INTO opinion_day (organisation, day, region, asked) VALUES ($1, $2, $3, 1)
         ON CONFLICT (organisation, day, region) DO UPDATE SET asked = opinion_day.asked + 1 WHERE opinion_day.asked < $4",
        params![organisation, tx.now().millis() / DAY_MILLIS, region, most],
    )?;
    Ok(counted == 1)
}

/// Forgets old days; gives how many.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM opinion_day WHERE day < $1", params![tx.now().millis() / DAY_MILLIS - KEPT_DAYS])
}
