//! Regions: other ones, whose home is in one of them, what may cross, what has crossed.

use access::Action as Right;
use env::Timestamp;
use provision::csv;
use residence::{
    Class, Crossing, Decision, HomeAway, Kind, NewRule, Place, Region, RegionSettings, ResidenceError, Rule, Transfer,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;

use super::caller::Bounds;
use super::grants::parse_day;
use super::list::Action;
use super::people::pick_organisation;
use super::retention::asker;
use super::roles::account_at;
use super::ruling::{Ruling, right_over};
use super::{Controls, Refused};

/// Columns of the register as a table.
const COLUMNS: [&str; 12] =
    ["at", "kind", "from", "to", "country", "classification", "crossed", "rule", "encryption", "basis", "by", "what"];

/// Rows of one page.
const PAGE_ROWS_MAX: usize = 500;

/// How often so many are read for one page.
const PAGE_READS_MAX: usize = 8;

/// A rule of crossings to be set. Kind, `to`, basis, reference and end must be said.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCrossingRule {
    /// What it is called; another rule of that name is replaced.
    pub name: String,
    /// How it crosses: delivery, export, backup or view.
    pub kind: Option<String>,
    /// From which region; ours if none is named.
    pub from: Option<String>,
    /// Where to: region:NAME, country:XX, or for mail domain:NAME.
    pub to: Option<String>,
    /// The highest classification that may cross: public, internal, confidential or secret; internal if none is named.
    pub class: Option<String>,
    /// What must protect it: tls, or for mail content; tls if none is named.
    pub encryption: Option<String>,
    /// On what it stands in law: consent, scc or pipl-contract.
    pub basis: Option<String>,
    /// Where that can be read: number of a contract, of a filing.
    pub reference: Option<String>,
    /// The day on which it ends, as 2027-12-31.
    pub ends: Option<String>,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Which part of the register is wanted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransfersWanted {
    /// From this day on, as 2026-01-31.
    pub since: Option<String>,
    /// Before this day.
    pub until: Option<String>,
    /// As a table (CSV) instead of rows.
    #[serde(default)]
    pub csv: bool,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// Which page of the register is wanted.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferPageWanted {
    /// From this day on, as 2026-01-31.
    pub since: Option<String>,
    /// Before this day.
    pub until: Option<String>,
    /// Of this kind alone: delivery, export, backup or view.
    pub kind: Option<String>,
    /// What crossed alone, or what was not let cross.
    pub crossed: Option<bool>,
    /// Behind this one, as the page before says it.
    pub cursor: Option<String>,
    /// Rows, from 1 to 500.
    pub limit: u32,
    /// Organisation, by name; may be left out where there is only one.
    pub organisation: Option<String>,
}

/// The regions that are known, our own first.
pub(super) async fn list(controls: &Controls) -> Result<Value, Refused> {
    let here = controls.elsewhere.region();
    let others = controls.store.read(residence::list_regions).await.map_err(Refused::because)?;
    let own = here.is_set().then(|| json!({ "region": here.name, "country": here.country, "own": true }));
    let other = |it: Region| json!({ "region": it.name, "country": it.country, "server": it.server, "own": false });
    Ok(own.into_iter().chain(others.into_iter().map(other)).collect())
}

pub(super) async fn set(
    controls: &Controls,
    name: String,
    country: String,
    server: Option<String>,
) -> Result<Value, Refused> {
    let (here, told) = (controls.elsewhere.region(), name.clone());
    let region = Region { name, country, server };
    let set = move |tx: &mut Tx<'_>| residence::set_region(tx, &here, &region);
    controls.store.write(set).await.map_err(Refused::because)?;
    Ok(json!({ "region": told }))
}

pub(super) async fn remove(controls: &Controls, name: String) -> Result<Value, Refused> {
    let told = name.clone();
    let remove = move |tx: &mut Tx<'_>| residence::remove_region(tx, &name);
    controls.store.write(remove).await.map_err(Refused::because)?;
    Ok(json!({ "removed": told }))
}

pub(super) async fn set_home(
    controls: &Controls,
    by: &Bounds,
    (name, region): (String, String),
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (by, here) = (*by, controls.elsewhere.region());
    let set = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        residence::set_home(tx, &here, organisation, &name, &region)
    };
    controls.store.write(set).await.map(|home| shown_home(&home)).map_err(Refused::because)
}

fn shown_home(home: &HomeAway) -> Value {
    json!({ "name": home.name, "region": home.region })
}

pub(super) async fn list_homes(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let list = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        residence::list_homes(tx, organisation)
    };
    let homes = controls.store.read(list).await.map_err(Refused::because)?;
    Ok(homes.iter().map(shown_home).collect())
}

pub(super) async fn remove_home(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (by, told) = (*by, name.clone());
    let remove = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        residence::remove_home(tx, organisation, &name)
    };
    controls.store.write(remove).await.map_err(Refused::because)?;
    Ok(json!({ "removed": told }))
}

/// Sets in which country a person works; none for that of our region.
pub(super) async fn set_place(controls: &Controls, address: String, country: Option<String>) -> Result<Value, Refused> {
    let told = json!({ "address": address, "country": country });
    let set = move |tx: &mut Tx<'_>| {
        let account = account_at(tx, &address)?;
        residence::set_country_of_account(tx, account, country.as_deref())
    };
    controls.store.write(set).await.map_err(Refused::because)?;
    Ok(told)
}

/// Who works in another country than that of our region.
pub(super) async fn list_places(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let list = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut rows = Vec::new();
        for (account, country) in residence::list_places(tx, organisation)? {
            let address = identity::list_addresses(tx, account)?.into_iter().next();
            rows.push(json!({ "address": address, "country": country }));
        }
        Ok::<_, ResidenceError>(rows.into())
    };
    controls.store.read(list).await.map_err(Refused::because)
}

pub(super) async fn set_rule(controls: &Controls, by: &Bounds, new: NewCrossingRule) -> Result<Value, Refused> {
    let NewCrossingRule { name, kind, from, to, class, encryption, basis, reference, ends, organisation } = new;
    let (by, here) = (*by, controls.elsewhere.region());
    let rule = NewRule { name, kind, from, to, class, encryption, basis, reference, ends, by: String::new() };
    let set = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let rule = NewRule { by: asker(tx, &by)?, ..rule.clone() };
        residence::set_rule(tx, &here, organisation, &rule)
    };
    controls.store.write(set).await.map(|rule| shown_rule(&rule)).map_err(Refused::because)
}

fn shown_rule(rule: &Rule) -> Value {
    json!({
        "name": rule.name,
        "kind": rule.kind.as_str(),
        "from": rule.from,
        "to": rule.to.to_string(),
        "classification": rule.class.as_str(),
        "encryption": rule.encryption.as_str(),
        "basis": rule.basis.as_str(),
        "reference": rule.reference,
        "ends": rule.ends.to_string(),
        "by": rule.by,
    })
}

pub(super) async fn list_rules(
    controls: &Controls,
    by: &Bounds,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let by = *by;
    let list = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        residence::list_rules(tx, organisation)
    };
    let rules = controls.store.read(list).await.map_err(Refused::because)?;
    Ok(rules.iter().map(|kept| shown_rule(&kept.rule)).collect())
}

pub(super) async fn remove_rule(
    controls: &Controls,
    by: &Bounds,
    name: String,
    organisation: Option<String>,
) -> Result<Value, Refused> {
    let (by, told) = (*by, name.clone());
    let remove = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        residence::remove_rule(tx, organisation, &name)
    };
    controls.store.write(remove).await.map_err(Refused::because)?;
    Ok(json!({ "removed": told }))
}

/// The register of transfers.
pub(super) async fn transfers(controls: &Controls, by: &Bounds, wanted: TransfersWanted) -> Result<Value, Refused> {
    let TransfersWanted { since, until, csv: as_table, organisation } = wanted;
    let day = |text: &Option<String>| text.as_deref().map(parse_day).transpose();
    let span =
        (day(&since)?.unwrap_or(Timestamp::from_millis(0)), day(&until)?.unwrap_or(Timestamp::from_millis(i64::MAX)));
    let by = *by;
    let list = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let mut rows: Vec<(Transfer, String)> = Vec::new();
        let mut after = 0;
        loop {
            let page = residence::transfers(tx, organisation, span, after)?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (_, transfer) in page {
                let account = transfer.account.map(|account| identity::list_addresses(tx, account)).transpose()?;
                let account = account.and_then(|addresses| addresses.into_iter().next()).unwrap_or_default();
                rows.push((transfer, account));
            }
        }
        Ok::<_, ResidenceError>(rows)
    };
    let rows = controls.store.read(list).await.map_err(Refused::because)?;
    if !as_table {
        return Ok(rows.iter().map(|(transfer, by)| shown_transfer(transfer, by)).collect());
    }
    let mut text = csv::line(&COLUMNS);
    for (transfer, by) in &rows {
        let shown = shown_transfer(transfer, by);
        let cell = |name: &&str| match &shown[*name] {
            Value::String(text) => csv::guarded(text),
            other => other.to_string(),
        };
        text += &csv::line(&COLUMNS.iter().map(cell).collect::<Vec<String>>());
    }
    Ok(json!({ "csv": text }))
}

/// A page of the register, the latest first.
pub(super) async fn transfer_page(
    controls: &Controls,
    by: &Bounds,
    wanted: TransferPageWanted,
) -> Result<Value, Refused> {
    let TransferPageWanted { since, until, kind, crossed, cursor, limit, organisation } = wanted;
    let day = |text: &Option<String>| text.as_deref().map(parse_day).transpose();
    let span =
        (day(&since)?.unwrap_or(Timestamp::from_millis(0)), day(&until)?.unwrap_or(Timestamp::from_millis(i64::MAX)));
    let kind: Option<Kind> = kind.as_deref().map(str::parse).transpose().map_err(Refused::because)?;
    let number = |text: &String| i64::from_str_radix(text, 16).map_err(|_| Refused(format!("{text:?} is no cursor")));
    let after = cursor.as_ref().map(number).transpose()?;
    let (by, limit) = (*by, usize::try_from(limit).unwrap_or(1).clamp(1, PAGE_ROWS_MAX));
    let fits = move |it: &Transfer| {
        kind.is_none_or(|kind| kind.as_str() == it.kind) && crossed.is_none_or(|crossed| crossed == it.crossed)
    };
    let list = move |tx: &mut Tx<'_>| {
        let organisation = pick_organisation(tx, &by, organisation.as_deref())?;
        let (mut rows, mut before) = (Vec::new(), after);
        // What does not fit is read, too: a page may be shorter than was asked for, and still have one behind it.
        for _ in 0..PAGE_READS_MAX {
            let read = residence::latest_transfers(tx, organisation, span, before, PAGE_ROWS_MAX)?;
            let is_last = read.len() < PAGE_ROWS_MAX;
            for (id, transfer) in read {
                if rows.len() == limit {
                    return Ok((rows, before));
                }
                before = Some(id);
                if fits(&transfer) {
                    let account = transfer.account.map(|account| identity::list_addresses(tx, account)).transpose()?;
                    let account = account.and_then(|addresses| addresses.into_iter().next()).unwrap_or_default();
                    rows.push(shown_transfer(&transfer, &account));
                }
            }
            if is_last {
                return Ok((rows, None));
            }
        }
        Ok::<_, ResidenceError>((rows, before))
    };
    let (items, next) = controls.store.read(list).await.map_err(Refused::because)?;
    Ok(json!({ "items": items, "next": next.map(|id| format!("{id:x}")) }))
}

fn shown_transfer(transfer: &Transfer, by: &str) -> Value {
    json!({
        "at": Timestamp::from_millis(transfer.at).to_string(),
        "kind": transfer.kind,
        "from": transfer.from,
        "to": transfer.to,
        "country": transfer.country,
        "classification": transfer.class,
        "crossed": transfer.crossed,
        "rule": transfer.rule,
        "encryption": transfer.encryption,
        "basis": transfer.basis,
        "by": by,
        "what": transfer.what,
    })
}

/// How what a right opens leaves the region when somebody who works elsewhere uses it: taken out, or looked at, if it is another's.
fn kind_of(right: Right, is_own: bool) -> Option<Kind> {
    match right {
        Right::MailExport | Right::DirectoryExport | Right::KeyExport | Right::InvestigationExport => {
            Some(Kind::Export)
        }
        Right::MailRead
        | Right::MailRecover
        | Right::QuarantineRead
        | Right::QuarantineChange
        | Right::GuardRead
        | Right::GuardChange
        | Right::QueueRead
        | Right::TraceRead
        | Right::SessionRead
        | Right::SignInRead
        | Right::AuditRead
        | Right::GrantAsk
        | Right::AccountRetire
        | Right::InvestigationWork
        | Right::SubjectChange
        | Right::OutboundDecide
        | Right::OutboundReplay
            if !is_own =>
        {
            Some(Kind::View)
        }
        _ => None,
    }
}

impl Controls {
    /// Whether what the action shows may cross to where the asker works; that it did, or did not, is entered before anything is shown.
    pub(super) async fn check_crossing(&self, action: &Action, ruling: &Ruling) -> Result<(), Refused> {
        let Some(account) = ruling.bounds.account else { return Ok(()) };
        let is_own = ruling.owner == Some(account);
        match kind_of(right_over(action.right(), is_own), is_own) {
            Some(kind) => self.cross_to(account, ruling.organisation, kind, action.name()).await,
            None => Ok(()),
        }
    }

    /// Whether data of the organisation may cross to where the account's person works.
    pub(crate) async fn cross_to(
        &self,
        account: i64,
        organisation: i64,
        kind: Kind,
        what: &'static str,
    ) -> Result<(), Refused> {
        let here = self.elsewhere.region();
        if !here.is_set() {
            return Ok(());
        }
        let country = self.store.read(move |tx| residence::country_of_account(tx, account)).await;
        let Some(country) = country.map_err(Refused::because)? else { return Ok(()) };
        let work = move |tx: &mut Tx<'_>| {
            let crossing = Crossing {
                organisation,
                kind,
                to: Place::in_country(country.clone()),
                class: Class::Secret,
                is_sealed: None,
                account: Some(account),
                what: what.to_owned(),
                subject: tx.next_id().to_le_bytes().to_vec(),
            };
            residence::cross(tx, &here, &crossing)
        };
        match self.store.write_freeing(work).await.map_err(Refused::because)? {
            Decision::Within | Decision::Allowed(_) => Ok(()),
            Decision::Denied(denial) => Err(Refused(denial.why)),
        }
    }
}

/// Whether a backup may be copied to a place in the region `to`: for every organisation, since each is in it. `enters` it, too.
pub(super) async fn check_copy(
    controls: &Controls,
    here: &RegionSettings,
    (location, to): (&str, Option<String>),
    enters: bool,
) -> Result<(), Refused> {
    if !here.is_set() {
        return Ok(());
    }
    let Some(to) = to else {
        return Err(Refused(format!(
            "{location}: nothing says in which region its copies are; name it as home in its table of backup.credentials_file"
        )));
    };
    let (here, location) = (here.clone(), location.to_owned());
    let deciding = move |tx: &mut Tx<'_>| {
        let country = residence::list_regions(tx)?.into_iter().find(|it| it.name == to).map(|it| it.country);
        let place = Place { region: Some(to.clone()), country: country.unwrap_or_default(), domain: None };
        let moment = tx.now().millis().to_le_bytes();
        for organisation in identity::list_organisations(tx)? {
            let crossing = Crossing {
                organisation: organisation.id,
                kind: Kind::Backup,
                to: place.clone(),
                class: Class::Secret,
                is_sealed: Some(true),
                account: None,
                what: format!("backup into {location}"),
                subject: [b"backup:", location.as_bytes(), &moment].concat(),
            };
            let decision = match enters {
                true => residence::cross(tx, &here, &crossing)?,
                false => residence::decide(tx, &here, &crossing)?,
            };
            if let Decision::Denied(denial) = decision {
                return Ok(Some(format!("{location}: of {}: {denial}", organisation.name)));
            }
        }
        Ok::<_, ResidenceError>(None)
    };
    let denied = match enters {
        true => controls.store.write_freeing(deciding).await,
        false => controls.store.read(deciding).await,
    };
    match denied.map_err(Refused::because)? {
        None => Ok(()),
        Some(why) => Err(Refused(why)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_opens_the_mail_of_many_is_asked_for() {
        for right in [
            Right::QuarantineRead,
            Right::TraceRead,
            Right::InvestigationWork,
            Right::OutboundDecide,
            Right::OutboundReplay,
        ] {
            assert_eq!(kind_of(right, false), Some(Kind::View), "{right}");
            assert_eq!(kind_of(right, true), None, "{right}");
        }
        assert_eq!(kind_of(Right::InvestigationExport, false), Some(Kind::Export));
        assert_eq!(kind_of(Right::InvestigationRead, false), None);
    }
}
