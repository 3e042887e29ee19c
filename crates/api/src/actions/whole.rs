//! The whole configuration as a file: what the store has of settings, the levels of organisations, and what they set. Without secrets.

mod differences;
mod document;

use std::sync::Arc;

use ::access::Via;
use ::configuration::{Change, Node, Wish};
use ::store::{StoreError, Tx};
use identity::FactorSettings;
use identity::rights::{self, Event, Outcome};
use judgement::JudgingSettings;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::caller::Bounds;
use super::{Controls, Refused};
use differences::{Difference, Step};
use document::Document;

/// Octets of such a file.
const FILE_BYTES_MAX: usize = 4 << 20;

/// A file of the whole configuration that is to hold.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WholeToImport {
    /// What stands in it.
    pub text: String,
    /// Only show what it would change.
    #[serde(default)]
    pub dry_run: bool,
    /// Why; needed to protect less.
    pub reason: Option<String>,
    /// It may protect less, which is a right of its own.
    #[serde(default)]
    pub protect_less: bool,
}

/// Why the configuration cannot be read or made to agree with a file.
#[derive(Debug, thiserror::Error)]
enum WholeError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something of it cannot be.
    #[error("{0}")]
    Refused(String),
}

impl WholeError {
    fn because(cause: impl std::fmt::Display) -> Self {
        Self::Refused(cause.to_string())
    }
}

/// What reading and changing need beside the transaction. Cheap to clone.
#[derive(Clone)]
struct Work {
    node: Arc<dyn Node>,
    by: Bounds,
    judging: JudgingSettings,
    factors: Arc<FactorSettings>,
    reason: String,
    protect_less: bool,
}

impl Work {
    fn of(controls: &Controls, by: &Bounds) -> Result<Self, Refused> {
        Ok(Self {
            node: controls.elsewhere.node()?,
            by: *by,
            judging: controls.elsewhere.judging(),
            factors: controls.factors.settings(),
            reason: String::new(),
            protect_less: false,
        })
    }
}

/// The configuration as it is.
pub(super) async fn export(controls: &Controls, by: &Bounds) -> Result<Value, Refused> {
    let work = Work::of(controls, by)?;
    let read = move |tx: &mut Tx<'_>| document::read(tx, &work);
    let document = controls.store.read(read).await.map_err(Refused::because)?;
    Ok(json!({ "text": document.write()? }))
}

/// What a file would change.
pub(super) async fn compare(controls: &Controls, by: &Bounds, text: String) -> Result<Value, Refused> {
    let wanted = Document::parse(&text)?;
    let work = Work::of(controls, by)?;
    let find = move |tx: &mut Tx<'_>| differences::find(tx, &work, &wanted);
    let found = controls.store.read(find).await.map_err(Refused::because)?;
    Ok(json!({ "differences": found.iter().map(Difference::to_json).collect::<Vec<_>>(), "applied": false }))
}

/// Makes everything agree with a file, or nothing.
pub(super) async fn import(controls: &Controls, by: &Bounds, wanted: WholeToImport) -> Result<Value, Refused> {
    if wanted.dry_run {
        return compare(controls, by, wanted.text).await;
    }
    let document = Document::parse(&wanted.text)?;
    let mut work = Work::of(controls, by)?;
    work.reason = wanted.reason.unwrap_or_default();
    work.protect_less = wanted.protect_less;
    let node = Arc::clone(&work.node);
    let change = move |tx: &mut Tx<'_>| {
        let found = differences::find(tx, &work, &document)?;
        refuse_weaker(&work, &found)?;
        let settings: Vec<Change> = found.iter().filter_map(|difference| setting_change(&work, difference)).collect();
        for difference in &found {
            differences::apply(tx, &work, &difference.step)?;
            record(tx, &work, difference)?;
        }
        if !settings.is_empty() {
            let by = ::configuration::By { account: work.by.account, organisation: work.by.organisation };
            ::configuration::change_all(tx, &*work.node, &by, (&settings, "import")).map_err(WholeError::because)?;
        }
        Ok::<_, WholeError>(found)
    };
    let found = controls.store.write(change).await.map_err(Refused::because)?;
    node.take_up().await;
    Ok(json!({ "differences": found.iter().map(Difference::to_json).collect::<Vec<_>>(), "applied": true }))
}

/// What becomes of an organisation is a record of its own; that of a setting is made where it is changed.
fn record(tx: &mut Tx<'_>, work: &Work, difference: &Difference) -> Result<(), WholeError> {
    if matches!(difference.step, Step::Setting { .. }) {
        return Ok(());
    }
    let mut object = difference.to_json();
    object["reason"] = work.reason.trim().into();
    let event = Event {
        organisation: work.by.organisation.unwrap_or(0),
        account: work.by.account,
        via: if work.by.account.is_some() { Via::Http } else { Via::Local },
        address: None,
        action: "configuration-changed".to_owned(),
        object: object.to_string(),
        outcome: Outcome::Done,
        row: String::new(),
    };
    rights::record(tx, &event).map(drop).map_err(WholeError::because)
}

fn setting_change(work: &Work, difference: &Difference) -> Option<Change> {
    let Step::Setting { name, value } = &difference.step else { return None };
    let wish = value.clone().map_or(Wish::Clear, Wish::Value);
    let (reason, protect_less) = (work.reason.clone(), work.protect_less);
    Some(Change { name: name.clone(), wish, reason, based_on: None, protect_less })
}

/// What protects less needs to be meant. Of settings it is asked where they are changed.
fn refuse_weaker(work: &Work, found: &[Difference]) -> Result<(), WholeError> {
    let is_meant = work.protect_less && !work.reason.trim().is_empty();
    match found.iter().find(|difference| difference.protects_less && !is_meant) {
        None => Ok(()),
        Some(difference) => Err(WholeError::Refused(format!(
            "{}: {} instead of {} protects less; say that this is meant, and why: --protect-less --reason",
            difference.what,
            difference.new.as_deref().unwrap_or("nothing"),
            difference.old.as_deref().unwrap_or("nothing"),
        ))),
    }
}
