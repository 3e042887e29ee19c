//! What the zone of a domain is to have, and what the world sees of it now.

use ::evidence::{Sight, world};
use serde::Serialize;
use serde_json::{Value, json};
use store::Tx;

use super::{Bounds, Controls, Refused, dkim};

/// A record that the zone is to have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Record {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    value: String,
    /// What it is for.
    about: String,
}

/// The records that the zone of `domain` is to have, as a file and one by one, and what DNS shows of the domain and of our host at this moment.
pub(super) async fn list(controls: &Controls, domain: String) -> Result<Value, Refused> {
    let domain = mail::domain::canonical(&domain).map_err(Refused::because)?;
    // Whose domain it is was decided before; whose keys these are follows from it.
    let everywhere = Bounds { account: None, organisation: None };
    let keys = dkim::list(controls, &everywhere, Some(domain.clone())).await?;
    let zone = controls.elsewhere.zone(&domain, &keys)?;
    let dns = controls.elsewhere.resolver()?;
    let hostname = controls.mailer.hostname().to_owned();
    let policy = controls.elsewhere.surroundings().transport.mta_sts_id;
    let named = domain.clone();
    let work = move |tx: &mut Tx<'_>| signing::list(tx, Some(&named));
    let keys = controls.store.read(work).await.map_err(Refused::because)?;
    let mut seen: Vec<Sight> = world::domain(&*dns, &domain, &hostname, &policy, &keys).await;
    seen.extend(world::host(&*dns, &hostname).await);
    Ok(json!({
        "domain": domain,
        "zone": zone,
        "records": records_of(&zone, &domain),
        "seen": seen,
        "looked": controls.store.context().clock.now().to_string(),
    }))
}

/// The records of a zone file as we write it: each group has a comment above it that says what it is for.
fn records_of(zone: &str, domain: &str) -> Vec<Record> {
    let (mut records, mut about, mut is_new_group) = (Vec::new(), String::new(), true);
    for line in zone.lines() {
        if line.trim().is_empty() {
            is_new_group = true;
        } else if let Some(comment) = line.strip_prefix("; ") {
            if is_new_group {
                about.clear();
            }
            is_new_group = false;
            if !about.is_empty() {
                about.push(' ');
            }
            about.push_str(comment);
        } else if let Some(record) = record(line, domain, &about) {
            is_new_group = false;
            records.push(record);
        }
    }
    records
}

/// One line of it; nothing for what is no record: directives, records that are examples.
fn record(line: &str, domain: &str, about: &str) -> Option<Record> {
    let mut words = line.splitn(4, char::is_whitespace);
    let (name, class, kind, value) = (words.next()?, words.next()?, words.next()?, words.next()?);
    if name.starts_with(['$', ';']) || class != "IN" {
        return None;
    }
    let name = match name {
        "@" => domain.to_owned(),
        absolute if absolute.ends_with('.') => absolute.trim_end_matches('.').to_owned(),
        relative => format!("{relative}.{domain}"),
    };
    Some(Record { name, kind: kind.to_owned(), value: value.trim().to_owned(), about: about.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_from_the_zone_that_we_write() {
        let zone = "; DNS records for mail of trade.test.\n$ORIGIN trade.test.\n$TTL 3600\n\n; Mail comes here.\n@ IN MX 10 mail.trade.test.\n\n\
                    ; Our addresses.\n; replace the example\n;mail.trade.test. IN A 192.0.2.1\nmail.trade.test. IN A 203.0.113.9\n\n\
                    ; Policy.\n_dmarc IN TXT \"v=DMARC1; p=quarantine\"\n";
        let records = records_of(zone, "trade.test");
        let shown: Vec<_> = records.iter().map(|it| (it.name.as_str(), it.kind.as_str(), it.value.as_str())).collect();
        assert_eq!(
            shown,
            [
                ("trade.test", "MX", "10 mail.trade.test."),
                ("mail.trade.test", "A", "203.0.113.9"),
                ("_dmarc.trade.test", "TXT", "\"v=DMARC1; p=quarantine\""),
            ]
        );
        assert_eq!(records[0].about, "Mail comes here.");
        assert_eq!(records[1].about, "Our addresses. replace the example");
    }
}
