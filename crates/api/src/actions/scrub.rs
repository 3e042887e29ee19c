//! Looking through all content for damage, and mending it from backups.

use ::backup::mend;
use ::store::scrub::{self, Lost};
use ::store::{Store, Tx};
use access::Via;
use identity::IdentityError;
use identity::rights::{self, Event, Outcome};
use serde_json::{Value, json};

use super::{Controls, Refused, letters};

/// Things that are lost and named in one letter or answer.
const NAMED_MAX: usize = 50;

/// What one page of the walk did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScrubPage {
    /// Bytes that were read.
    pub bytes: u64,
    /// The walk is through.
    pub is_through: bool,
}

/// Walks through everything now, from the beginning, and mends what it finds.
pub(super) async fn run(controls: &Controls) -> Result<Value, Refused> {
    scrub::begin(&controls.store).await.map_err(Refused::because)?;
    let mut database = Vec::new();
    let walk = loop {
        let page = scrub::page(&controls.store).await.map_err(Refused::because)?;
        database.extend(page.database);
        if page.walk.finished != 0 {
            break page.walk;
        }
    };
    tell_of_database(controls, &database).await;
    let mut told = mend_damage(controls).await?;
    let is_whole = database.is_empty() && told.get("lost").and_then(Value::as_array).is_none_or(Vec::is_empty);
    if let Value::Object(fields) = &mut told {
        fields.insert("sound".to_owned(), json!(is_whole));
        fields.insert("blobs".to_owned(), json!(walk.blobs));
        fields.insert("bytes".to_owned(), json!(walk.bytes));
        fields.insert("database".to_owned(), json!(database));
    }
    Ok(told)
}

/// Looks at the next page of the walk and mends what it finds.
///
/// # Errors
/// [`Refused`] if the store fails.
pub async fn scrub_page(controls: &Controls) -> Result<ScrubPage, Refused> {
    let page = scrub::page(&controls.store).await.map_err(Refused::because)?;
    tell_of_database(controls, &page.database).await;
    let is_through = page.walk.finished != 0;
    // At the end also what could not be mended before: a repository may be there again.
    if is_through || !page.damaged.is_empty() {
        mend_damage(controls).await?;
    }
    Ok(ScrubPage { bytes: page.bytes, is_through })
}

/// After the store was not closed well, or where files of it are missing: looks at what that may have hurt and mends it, before anybody is
/// served. A whole walk begins anew.
///
/// # Errors
/// [`Refused`] if the store fails.
pub async fn look_after_crash(controls: &Controls) -> Result<(), Refused> {
    let store = &controls.store;
    let wanting = store.blobs().wanting().len();
    if !store.was_left_open() && wanting == 0 {
        return Ok(());
    }
    let damaged = scrub::look_at_the_newest(store).await.map_err(Refused::because)?;
    tracing::info!(damaged, wanting, "the store was not closed well; what is newest in it was looked at");
    scrub::begin(store).await.map_err(Refused::because)?;
    if damaged > 0 {
        mend_damage(controls).await?;
    }
    Ok(())
}

/// Brings what is known to be damaged back from backups, and tells what became of it.
async fn mend_damage(controls: &Controls) -> Result<Value, Refused> {
    let store = &controls.store;
    if scrub::damaged(store).await.map_err(Refused::because)?.is_empty() {
        return Ok(json!({ "damaged": 0, "mended": 0, "lost": [] }));
    }
    let (targets, mut failures) = match controls.elsewhere.backups() {
        Ok(plan) => (plan.targets, Vec::new()),
        Err(Refused(why)) => (Vec::new(), vec![why]),
    };
    if targets.is_empty() && failures.is_empty() {
        failures.push("no backups are set up; name a directory in backup.repositories".to_owned());
    }
    let mended = mend(store, &targets).await.map_err(Refused::because)?;
    failures.extend(mended.failures.iter().cloned());
    let lost = named(store, &mended.lost).await;
    let news = scrub::tell(store, mended.lost.clone()).await.map_err(Refused::because)?;
    let told = json!({
        "damaged": mended.damaged, "mended": mended.mended, "lost": lost, "failures": failures,
    });
    if mended.mended > 0 || !news.is_empty() {
        record(store, "store-repair", &told, mended.lost.is_empty()).await;
    }
    if mended.mended > 0 {
        tracing::warn!(mended = mended.mended, "damaged content was brought back from a backup");
        let count = mended.mended.to_string();
        letters::tell_administrators(controls, "letter-damage-mended", &[("count", count)]).await;
    }
    if !news.is_empty() {
        let (count, names) = (mended.lost.len().to_string(), lost.join("\n"));
        tracing::error!(
            count,
            lost = lost.join("; "),
            failures = failures.join("; "),
            "content is damaged, and no backup has it whole"
        );
        let values = [("count", count), ("lost", names), ("why", failures.join("\n"))];
        letters::tell_administrators(controls, "letter-damage-lost", &values).await;
    }
    Ok(told)
}

async fn tell_of_database(controls: &Controls, findings: &[String]) {
    if findings.is_empty() {
        return;
    }
    let what = findings.join("; ");
    tracing::error!(
        what,
        "the database file is damaged; it is looked at again at the next start. Take a backup aside, then bring the server back: tradewind restore"
    );
    record(&controls.store, "store-damage", &json!({ "database": findings }), false).await;
    letters::tell_administrators(controls, "letter-damage-database", &[("what", what)]).await;
}

/// Tells, after a damaged database was put aside and a backup taken up in its place, what may be missing.
pub async fn tell_of_recovery(controls: &Controls, told: &Value) {
    let field = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    tracing::warn!(
        from = field("from"),
        until = field("until"),
        aside = field("aside"),
        "the store was brought back from a backup; what came in this span may be missing"
    );
    record(&controls.store, "store-recovery", told, true).await;
    let values = ["from", "until", "aside", "cause"].map(|name| (name, field(name)));
    letters::tell_administrators(controls, "letter-recovered", &values).await;
}

/// Tells, after this server has taken the place of the one that it followed, what may be missing.
pub async fn tell_of_promotion(controls: &Controls, told: &Value) {
    let field = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let unreached: Vec<&str> =
        told.get("not_told").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let unreached = if unreached.is_empty() { "-".to_owned() } else { unreached.join("\n") };
    tracing::warn!(
        moment = field("moment"),
        at = field("at"),
        "this server has taken the place of the one that it followed"
    );
    record(&controls.store, "standby-promoted", told, true).await;
    let values = [("moment", field("moment")), ("at", field("at")), ("unreached", unreached)];
    letters::tell_administrators(controls, "letter-promoted", &values).await;
}

pub(super) async fn record(store: &Store, action: &str, object: &Value, is_good: bool) {
    let event = Event {
        organisation: 0,
        account: None,
        via: Via::Local,
        address: None,
        action: action.to_owned(),
        object: object.to_string(),
        outcome: if is_good { Outcome::Done } else { Outcome::Failed },
        row: "the server itself".to_owned(),
    };
    let written = store.write_freeing(move |tx| rights::record(tx, &event).map(drop)).await;
    if let Err(error) = written {
        tracing::error!(action, %error, "cannot be recorded");
    }
}

/// What is lost, in words that an administrator can look up.
async fn named(store: &Store, lost: &[Lost]) -> Vec<String> {
    let lost: Vec<Lost> = lost.iter().take(NAMED_MAX).cloned().collect();
    let work = move |tx: &mut Tx<'_>| {
        let mut named = Vec::new();
        for one in &lost {
            let owner = match one.account {
                Some(account) => identity::list_addresses(tx, account)?.into_iter().next().unwrap_or_default(),
                None => String::new(),
            };
            named.push(format!("{} {:x} {owner}", one.kind, one.id).trim_end().to_owned());
        }
        Ok::<_, IdentityError>(named)
    };
    store.read(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "whose content is damaged cannot be told");
        Vec::new()
    })
}
