//! Opens every wrapped key of organisations and accounts, as if none had been opened before.

use std::collections::HashMap;

use crypto::keys::{Account, Key, Organisation};

use super::{Finding, Page, by_pages};
use crate::{Store, StoreError, Tx, params};

/// Keys opened in one read.
const PAGE: i64 = 1000;

/// Organisations whose keys are kept open at a time.
const ORGANISATIONS_MAX: usize = 1000;

pub(super) async fn open_all(store: &Store) -> Result<Vec<Finding>, StoreError> {
    let mut findings = by_pages(store, organisations).await?;
    findings.extend(by_pages(store, accounts).await?);
    Ok(findings)
}

fn organisations(tx: &mut Tx<'_>, _: &Store, (after, _): (i64, i64)) -> Result<Page, StoreError> {
    let context = tx.context();
    let (region, now) = (context.keys.region(), context.clock.now());
    let mut page = Page { found: Vec::new(), last: None };
    tx.for_each(
        "SELECT id, key_wrapped FROM organisation WHERE id > $1 ORDER BY id LIMIT $2",
        params![after, PAGE],
        |row| {
            let id = row.int(0)?;
            page.last = Some((id, 0));
            if region.unwrap_key::<Organisation>(row.bytes(1)?, id, now).is_err() {
                let rule = "the organisation's key does not open under the region key";
                page.found.push(Finding { rule, object: format!("organisation {id}") });
            }
            Ok(())
        },
    )?;
    Ok(page)
}

fn accounts(tx: &mut Tx<'_>, _: &Store, (after, _): (i64, i64)) -> Result<Page, StoreError> {
    let context = tx.context();
    let (region, now) = (context.keys.region(), context.clock.now());
    let mut page = Page { found: Vec::new(), last: None };
    let mut open: HashMap<i64, Option<Key<Organisation>>> = HashMap::new();
    tx.for_each(
        "SELECT a.id, a.key_wrapped, o.id, o.key_wrapped FROM account a JOIN organisation o ON o.id = a.organisation
         WHERE a.id > $1 ORDER BY a.id LIMIT $2",
        params![after, PAGE],
        |row| {
            let (id, organisation, above) = (row.int(0)?, row.int(2)?, row.bytes(3)?);
            page.last = Some((id, 0));
            if open.len() >= ORGANISATIONS_MAX {
                open.clear();
            }
            let key = open.entry(organisation).or_insert_with(|| region.unwrap_key(above, organisation, now).ok());
            // An organisation's key that does not open is told once, not with each account.
            if let Some(key) = key
                && key.unwrap_key::<Account>(row.bytes(1)?, id, now).is_err()
            {
                let rule = "the account's key does not open under its organisation's";
                page.found.push(Finding { rule, object: format!("account {id}") });
            }
            Ok(())
        },
    )?;
    Ok(page)
}
