//! Counts of each day and domain in the store, sealed under the region key: they belong to no organisation.

use store::{Tx, Value, params};

use super::fact::Fact;
use crate::ReportError;

/// Different facts of one domain and day that are kept. A spammer that sends from everywhere must not fill the disk.
const FACTS_OF_DOMAIN_MAX: i64 = 5_000;

/// Different facts of one day that are kept.
const FACTS_OF_DAY_MAX: i64 = 200_000;

/// Days after which counts that could not be sent are forgotten.
pub const DAYS_KEPT: i64 = 3;

/// Form of the sealed columns: JSON, fields added later have defaults.
const SEALED_FORM: u8 = 1;

/// Adds counts to those of their days.
pub(crate) fn add(tx: &mut Tx<'_>, facts: &[(Fact, u64)]) -> Result<(), ReportError> {
    let context = tx.context();
    let region = context.keys.region();
    for (fact, messages) in facts {
        let domain = domain_hash(tx, &fact.policy.domain);
        let plain = serde_json::to_vec(fact).map_err(|_| ReportError::Unreadable)?;
        let id = region.hashing().hash_i64(&[b"dmarc fact ", plain.as_slice()].concat());
        let messages = i64::try_from(*messages).unwrap_or(i64::MAX);
        let known = tx.execute(
            "UPDATE dmarc_fact SET messages = messages + $4 WHERE day = $1 AND domain = $2 AND fact = $3",
            params![fact.day, domain, id, messages],
        )?;
        if known > 0 || is_full(tx, fact.day, domain)? {
            continue;
        }
        let sealed = region.sealing().seal(
            &*context.entropy,
            &place(fact.day, domain, id),
            &[&[SEALED_FORM], plain.as_slice()].concat(),
        );
        // Another node may have brought the same meanwhile.
        tx.execute(
            "INSERT INTO dmarc_fact (day, domain, fact, messages, content) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (day, domain, fact) DO UPDATE SET messages = dmarc_fact.messages + $4",
            params![fact.day, domain, id, messages, &sealed],
        )?;
    }
    Ok(())
}

/// Whether no further fact of the domain and day is kept, or its report has gone already.
fn is_full(tx: &mut Tx<'_>, day: i64, domain: i64) -> Result<bool, ReportError> {
    let count = |tx: &mut Tx<'_>, sql: &'static str, params: &[Value<'_>]| {
        tx.row(sql, params, |row| row.int(0)).map(Option::unwrap_or_default)
    };
    let of_domain = count(tx, "SELECT COUNT(*) FROM dmarc_fact WHERE day = $1 AND domain = $2", params![day, domain])?;
    let sent = count(tx, "SELECT COUNT(*) FROM dmarc_sent WHERE day = $1 AND domain = $2", params![day, domain])?;
    if of_domain >= FACTS_OF_DOMAIN_MAX || sent > 0 {
        return Ok(true);
    }
    Ok(count(tx, "SELECT COUNT(*) FROM dmarc_fact WHERE day = $1", params![day])? >= FACTS_OF_DAY_MAX)
}

/// Days and domains up to `last` whose report has not gone yet.
pub(crate) fn pending(tx: &mut Tx<'_>, last: i64) -> Result<Vec<(i64, i64)>, ReportError> {
    Ok(tx.rows(
        "SELECT f.day, f.domain FROM dmarc_fact f
         LEFT JOIN dmarc_sent s ON s.day = f.day AND s.domain = f.domain
         WHERE f.day <= $1 AND s.day IS NULL GROUP BY f.day, f.domain ORDER BY f.day, f.domain LIMIT 10000",
        params![last],
        |row| Ok((row.int(0)?, row.int(1)?)),
    )?)
}

/// The facts of a domain and day with their counts.
pub(crate) fn load(tx: &mut Tx<'_>, day: i64, domain: i64) -> Result<Vec<(Fact, u64)>, ReportError> {
    let rows = tx.rows(
        "SELECT fact, messages, content FROM dmarc_fact WHERE day = $1 AND domain = $2 ORDER BY fact LIMIT $3",
        params![day, domain, FACTS_OF_DOMAIN_MAX],
        |row| Ok((row.int(0)?, row.int(1)?, row.bytes(2)?.to_vec())),
    )?;
    let region = tx.context().keys.region();
    let mut facts = Vec::with_capacity(rows.len());
    for (id, messages, sealed) in rows {
        let plain =
            region.sealing().open("DMARC fact", &place(day, domain, id), &sealed).map_err(store::StoreError::from)?;
        let Some((&SEALED_FORM, json)) = plain.split_first() else { return Err(ReportError::Unreadable) };
        let mut fact: Fact = serde_json::from_slice(json).map_err(|_| ReportError::Unreadable)?;
        fact.day = day;
        facts.push((fact, u64::try_from(messages).unwrap_or(0)));
    }
    Ok(facts)
}

/// Marks the report of a domain and day as sent and forgets its facts; false if somebody was faster.
pub(crate) fn claim(tx: &mut Tx<'_>, day: i64, domain: i64) -> Result<bool, ReportError> {
    let claimed = tx.execute(
        "INSERT INTO dmarc_sent (day, domain) VALUES ($1, $2) ON CONFLICT (day, domain) DO NOTHING",
        params![day, domain],
    )?;
    if claimed == 0 {
        return Ok(false);
    }
    tx.execute("DELETE FROM dmarc_fact WHERE day = $1 AND domain = $2", params![day, domain])?;
    Ok(true)
}

/// Forgets what is older than [`DAYS_KEPT`] before `today`.
pub(crate) fn forget(tx: &mut Tx<'_>, today: i64) -> Result<(), ReportError> {
    tx.execute("DELETE FROM dmarc_fact WHERE day < $1", params![today - DAYS_KEPT])?;
    tx.execute("DELETE FROM dmarc_sent WHERE day < $1", params![today - DAYS_KEPT])?;
    Ok(())
}

fn domain_hash(tx: &Tx<'_>, domain: &str) -> i64 {
    tx.context().keys.region().hashing().hash_i64(format!("dmarc domain {domain}").as_bytes())
}

fn place(day: i64, domain: i64, fact: i64) -> Vec<u8> {
    let mut place = b"dmarc_fact.content".to_vec();
    [day, domain, fact].iter().for_each(|number| place.extend_from_slice(&number.to_le_bytes()));
    place
}
