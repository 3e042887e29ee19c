//! Whether DNS shows the records of DKIM keys as it must.

use env::dns::{DnsError, Resolver};
use serde_json::Value;

use super::{Finding, State};

/// The keys of `domain` in the list `keys`, each with what DNS shows of it; a domain without one sends unsigned.
pub(super) async fn records(dns: &dyn Resolver, keys: &Value, domain: &str) -> Vec<Finding> {
    let of_domain = |row: &&Value| row.get("domain").is_some_and(|it| it == domain);
    let rows: Vec<&Value> = keys.as_array().into_iter().flatten().filter(of_domain).collect();
    let mut findings = Vec::new();
    if !rows.iter().any(|row| row.get("state").is_some_and(|state| state == "signing")) {
        findings.push(Finding::new("DKIM", domain, State::Wrong, "remedy-dkim").found("no key signs"));
    }
    for row in rows {
        let text = |field: &str| row.get(field).and_then(Value::as_str).unwrap_or_default();
        findings.push(record(dns, text("name"), text("record"), text("state")).await);
    }
    findings
}

async fn record(dns: &dyn Resolver, name: &str, record: &str, state: &str) -> Finding {
    let wanted = public_part(record);
    let remedy = if state == "retired" { "remedy-dkim-retired" } else { "remedy-record" };
    let found = match dns.txt(name).await {
        Ok(texts) if texts.iter().any(|text| public_part(text) == wanted) => State::Sound,
        // A revoked key's record may also be gone.
        Err(DnsError::NotFound { .. }) if wanted.is_empty() => State::Sound,
        Ok(_) | Err(DnsError::NotFound { .. }) => State::Wrong,
        Err(DnsError::Temporary { .. }) => State::Unknown,
    };
    Finding::new("DKIM", name, found, remedy).found(state)
}

/// The public key in a record; empty if it is revoked.
fn public_part(record: &str) -> String {
    let value = record.split(';').filter_map(|tag| tag.split_once('=')).find(|(name, _)| name.trim() == "p");
    value.map(|(_, value)| value.chars().filter(|c| !c.is_ascii_whitespace()).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use resolver::fixed::{FixedResolver, Record};
    use serde_json::json;

    use super::*;

    #[tokio::test]
    async fn keys_are_compared_with_dns() {
        let dns = FixedResolver::default()
            .with("tw1._domainkey.a.example", Record::Txt("v=DKIM1; p=AAA A".to_owned()))
            .with("tw2._domainkey.a.example", Record::Txt("v=DKIM1; p=other".to_owned()))
            .with("tw3._domainkey.a.example", Record::Txt("v=DKIM1; p=old".to_owned()))
            .with("tw5._domainkey.a.example", Record::Silent);
        let row = |selector: &str, state: &str, public: &str| {
            json!({ "domain": "a.example", "state": state, "name": format!("{selector}._domainkey.a.example"),
                    "record": format!("v=DKIM1; k=rsa; p={public}") })
        };
        let keys = json!([
            row("tw1", "signing", "AAAA"),
            row("tw2", "waiting", "BBBB"),
            row("tw3", "retired", ""),
            row("tw4", "retired", ""),
            row("tw5", "signing", "CCCC"),
        ]);
        let states: Vec<State> = records(&dns, &keys, "a.example").await.iter().map(|it| it.state).collect();
        assert_eq!(states, [State::Sound, State::Wrong, State::Wrong, State::Sound, State::Unknown]);
        let none = records(&dns, &keys, "b.example").await;
        assert_eq!((none[0].state, none[0].remedy, none.len()), (State::Wrong, "remedy-dkim", 1));
    }
}
