//! Lists of those who defend an organisation, a page at a time: what was pulled back, campaigns, complaints, domains that look like ours.

use ::guard::alikes;
use ::judgement::complaints;
use ::judgement::pull::{self, After, PulledPlace};
use ::judgement::threats::{self, CampaignPlace, WantedCampaigns};
use env::Timestamp;
use judgement::JudgementError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Tx;
use store::page::{Cursor, limit};

use super::caller::Bounds;
use super::pages::{answer, text, word};
use super::people::pick_organisation;
use super::{Controls, Refused, guard, judging, quarantine};

const DAY_MILLIS: i64 = 86_400_000;

/// Days that are looked back where none are named.
const DAYS_USUAL: u32 = 30;

/// Which copies that were pulled back are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PulledWanted {
    /// The sender or the subject has this in it.
    #[serde(default)]
    pub search: Option<String>,
    /// The address of the mailbox has this in it.
    #[serde(default)]
    pub person: Option<String>,
    /// Where the copy is: junk, quarantine or returned.
    #[serde(default)]
    pub place: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[serde(default)]
    pub organisation: Option<String>,
    /// The `next` of the page before; the first page if left out.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Which campaigns are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignsWanted {
    /// Days that are looked back, 30 if left out.
    #[serde(default)]
    pub days: Option<u32>,
    /// The author, the subject or what they share has this in it.
    #[serde(default)]
    pub search: Option<String>,
    /// Only those of which something reached an inbox and was not pulled back.
    #[serde(default)]
    pub reached: bool,
    /// Organisation, by name; may be left out where there is only one.
    #[serde(default)]
    pub organisation: Option<String>,
    /// The `next` of the page before; the first page if left out.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Which complaints are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComplaintsWanted {
    /// Days that are looked back, 30 if left out.
    #[serde(default)]
    pub days: Option<u32>,
    /// received or sent.
    #[serde(default)]
    pub direction: Option<String>,
    /// The subject, the sender, or who complains or to whom has this in it.
    #[serde(default)]
    pub search: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[serde(default)]
    pub organisation: Option<String>,
    /// The `next` of the page before; the first page if left out.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// Which domains that look like ours are wanted: those that meet all conditions.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AlikesWanted {
    /// The domain, or the one of ours that it is like, has this in it.
    #[serde(default)]
    pub search: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    #[serde(default)]
    pub organisation: Option<String>,
    /// The `next` of the page before; the first page if left out.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Items of a page, 50 if left out, at most 500.
    #[serde(default)]
    pub limit: Option<u32>,
}

fn since(tx: &Tx<'_>, days: Option<u32>) -> Timestamp {
    let days = i64::from(days.unwrap_or(DAYS_USUAL));
    Timestamp::from_millis(tx.now().millis().saturating_sub(days * DAY_MILLIS))
}

pub(super) async fn pulled(controls: &Controls, by: &Bounds, asked: PulledWanted) -> Result<Value, Refused> {
    let (by, place) = (*by, word::<PulledPlace>(asked.place.as_deref())?);
    let after = After::read(asked.cursor.as_deref()).map_err(Refused::because)?;
    let work = move |tx: &mut Tx<'_>| {
        let wanted = pull::Wanted {
            organisation: pick_organisation(tx, &by, asked.organisation.as_deref())?,
            text: text(asked.search),
            person: text(asked.person),
            place,
            after,
            limit: limit(asked.limit),
        };
        pull::page(tx, &wanted)?.try_map(|(one, head)| quarantine::pulled_row(tx, &one, head))
    };
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}

pub(super) async fn campaigns(controls: &Controls, by: &Bounds, asked: CampaignsWanted) -> Result<Value, Refused> {
    let (by, after) = (*by, CampaignPlace::read(asked.cursor.as_deref()).map_err(Refused::because)?);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, asked.organisation.as_deref())?;
        let wanted = WantedCampaigns {
            since: since(tx, asked.days),
            text: text(asked.search),
            reached: asked.reached,
            after,
            limit: limit(asked.limit),
        };
        let page = threats::page_campaigns(tx, organisation, &wanted)?;
        page.try_map(|one| Ok::<_, JudgementError>(super::threats::campaign_row(&one)))
    };
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}

pub(super) async fn complaints(controls: &Controls, by: &Bounds, asked: ComplaintsWanted) -> Result<Value, Refused> {
    let (by, after) = (*by, Cursor::read(asked.cursor.as_deref()).map_err(Refused::because)?);
    let is_ours = match asked.direction.as_deref() {
        None => None,
        Some("sent") => Some(true),
        Some("received") => Some(false),
        Some(other) => {
            return Err(Refused(format!("{other:?} is no direction of a complaint; use one of: received, sent")));
        }
    };
    let work = move |tx: &mut Tx<'_>| {
        let wanted = complaints::Wanted {
            organisation: pick_organisation(tx, &by, asked.organisation.as_deref())?,
            since: since(tx, asked.days),
            is_ours,
            text: text(asked.search),
            after,
            limit: limit(asked.limit),
        };
        complaints::page(tx, &wanted)?.try_map(|one| judging::complaint_row(tx, &one))
    };
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}

pub(super) async fn alikes(controls: &Controls, by: &Bounds, asked: AlikesWanted) -> Result<Value, Refused> {
    let (by, after) = (*by, Cursor::read(asked.cursor.as_deref()).map_err(Refused::because)?);
    let work = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, asked.organisation.as_deref())?;
        let text = text(asked.search);
        let page = alikes::page(tx, organisation, text.as_deref(), (after, limit(asked.limit)))?;
        page.try_map(|seen| Ok::<_, JudgementError>(guard::alike_row(&seen)))
    };
    controls.store.read(work).await.map(answer).map_err(Refused::because)
}
