//! The review of who has access, each quarter.

use env::Timestamp;
use identity::{Account, Language, PAGE_MAX};
use letters::Texts;
use store::Tx;
use watch::{Outcome, Whose, list_events};

use crate::ReviewError;
use crate::period::Period;
use crate::report::{ROWS_MAX, Report, Table};
use crate::sign_ins::name_of;

/// Who has which role in the organisation now, in what state the account is, what opens it beside the password, where its mail goes
/// and when it was last used.
///
/// # Errors
/// [`ReviewError`] if the store fails.
pub fn review_access(
    tx: &mut Tx<'_>,
    organisation: i64,
    period: Period,
    language: Language,
) -> Result<Report, ReviewError> {
    let texts = Texts::of(language);
    let name = name_of(tx, organisation)?;
    let mut rows = Vec::new();
    let mut after = 0;
    while rows.len() < ROWS_MAX {
        let page = identity::list_accounts(tx, Some(organisation), after, PAGE_MAX)?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for account in page {
            rows.push(row(tx, &texts, &account)?);
        }
    }
    let keys = ["account", "name", "kind", "role", "state", "app-passwords", "forwards", "last"];
    let (period, now) = (period.to_string(), tx.now().to_string());
    let table = Table {
        title: texts.say("review-accounts", &[]),
        head: keys.iter().map(|key| texts.say(&format!("review-{key}"), &[])).collect(),
        rows,
    };
    Ok(Report {
        language: language.as_str(),
        title: texts.say("review-access", &[("period", &period), ("organisation", &name)]),
        paragraphs: vec![texts.say("review-made", &[("time", &now)])],
        tables: vec![table],
    })
}

fn row(tx: &mut Tx<'_>, texts: &Texts, account: &Account) -> Result<Vec<String>, ReviewError> {
    let app_passwords = identity::list_app_passwords(tx, account.id)?.len();
    let forwards = identity::forward::list(tx, account.id)?;
    let forwards: Vec<String> = forwards.into_iter().map(|forward| forward.target).collect();
    let until = tx.now().plus(std::time::Duration::from_secs(1));
    let events = list_events(tx, Whose::Account(account.id), Timestamp::from_millis(0), until)?;
    let last = events.iter().find(|event| event.outcome == Outcome::Accepted);
    Ok(vec![
        account.addresses.first().cloned().unwrap_or_default(),
        account.name.clone(),
        account.kind.as_str().to_owned(),
        account.role.as_str().to_owned(),
        account.state.as_str().to_owned(),
        app_passwords.to_string(),
        forwards.join(" "),
        last.map_or_else(|| texts.say("review-never", &[]), |event| event.at.to_string()),
    ])
}
