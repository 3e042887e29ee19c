//! An account's mail out to files of the machine.

use std::path::PathBuf;

use mailbox::Name;
use portability::{Wanted, take_out};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::backup::merge;
use super::import::{MailForm, turn};
use super::people::find_account;
use super::{Controls, Refused};

/// Octets of a reason.
const REASON_BYTES_MAX: usize = 1_000;

/// Mail that is taken out.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MailToTakeOut {
    /// Address of the account.
    pub user: String,
    /// One folder alone; all if left out.
    pub folder: Option<String>,
    /// As what.
    pub format: MailForm,
    /// File or directory that is made; nothing may be there.
    pub path: PathBuf,
    /// Why; for the record and for the owner.
    pub reason: String,
}

pub(super) async fn run(controls: &Controls, wanted: MailToTakeOut) -> Result<Value, Refused> {
    if wanted.reason.trim().is_empty() || wanted.reason.len() > REASON_BYTES_MAX {
        return Err(Refused(format!(
            "say why in at most {REASON_BYTES_MAX} octets; it goes into the audit log and to the owner"
        )));
    }
    let folder = wanted.folder.as_deref().map(Name::parse).transpose();
    let folder = folder.map_err(|error| Refused(format!("folder: {error}")))?;
    let account = find_account(controls, wanted.user).await?;
    let turn = turn(controls, account)?;
    let (store, runtime) = (controls.store.clone(), Handle::current());
    let path = wanted.path.clone();
    let what = Wanted { account, folder, form: wanted.format.into(), path: wanted.path };
    let taking = tokio::task::spawn_blocking(move || take_out(&store, &runtime, &what, &turn.progress));
    let taken = taking.await.map_err(Refused::because)?.map_err(Refused::because)?;
    let mut told = json!({
        "path": path.display().to_string(), "folders": taken.folders, "messages": taken.messages, "bytes": taken.bytes,
    });
    if taken.keywords_lost > 0 {
        merge(&mut told, json!({ "keywords_lost": taken.keywords_lost }));
    }
    Ok(told)
}
