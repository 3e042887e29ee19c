//! Roles, the table of rights, explanations and the record, from the command line of a running server.

use std::time::Duration;

use harness::{Failure, Options, Outcome, Tradewind, wait_until};
use serde_json::Value;

fn json(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let all: Vec<&str> = ["--json"].iter().chain(arguments).copied().collect();
    Ok(serde_json::from_str(tradewind.command(&all)?.success()?.stdout.trim())?)
}

#[test]
fn the_table_explains_itself() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let (admin, sales) = (&tradewind.account("admin")?.address, &tradewind.account("sales")?.address);
    let table = json(&tradewind, &["access", "table"])?;
    let rows = table.as_array().ok_or_else(|| Failure::new("no table"))?;
    assert!(
        rows.iter().any(|row| row["role"] == "admin" && row["action"] == "account.delete" && row["effect"] == "allow")
    );
    assert!(rows.iter().all(|row| row["role"] != "admin" || row["action"] != "mail.read"));
    let told = json(&tradewind, &["access", "explain", admin, "mail.read", sales])?;
    assert_eq!((told["answer"].as_str(), told["because"].as_str()), (Some("refused"), Some("no row allows it")));
    let told = json(&tradewind, &["access", "explain", admin, "user-quota", sales])?;
    assert_eq!(told["because"], "admin allow account.change organisation");
    let csv = tradewind.command(&["access", "review", "--csv"])?.success()?.stdout;
    assert!(csv.starts_with("address,name,kind,state,roles,duties,exception,open_grants,since\r\n"), "{csv}");
    Ok(())
}

#[test]
fn duties_are_joined_with_a_reason_only_and_told() -> Outcome {
    let tradewind = Tradewind::start(Options::default())?;
    let admin = tradewind.account("admin")?.address.clone();
    let refused = tradewind.command(&["role", "give", &admin, "security"])?;
    assert!(refused.stderr.contains("kept apart: administration, security"), "{}", refused.stderr);
    json(&tradewind, &["role", "give", &admin, "security", "--exception", "a company of four"])?;
    let review = json(&tradewind, &["access", "review"])?;
    let row = review.as_array().into_iter().flatten().find(|row| row["address"] == admin.as_str());
    let row = row.ok_or_else(|| Failure::new("the administrator is not in the review"))?;
    assert_eq!(row["exception"], "a company of four");
    assert_eq!(row["duties"].as_array().map(Vec::len), Some(2));
    let log = json(&tradewind, &["access", "log"])?;
    let events: Vec<_> = log
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| it["action"] == "role-give")
        .map(|it| (it["who"].as_str(), it["outcome"].as_str()))
        .collect();
    assert_eq!(events.first(), Some(&(Some("operator"), Some("done"))), "{log}");
    assert!(events.contains(&(Some("operator"), Some("failed"))));
    // Those who review access have a letter.
    wait_until("the letter", Duration::from_secs(20), || {
        Ok((tradewind.imap("manager")?.count("INBOX")? == 1).then_some(()))
    })?;
    json(&tradewind, &["role", "define", "desk", "--right", "allow password.reset organisation"])?;
    json(&tradewind, &["role", "give", &tradewind.account("sales")?.address, "desk"])?;
    let beyond = tradewind.command(&["role", "define", "reader", "--right", "allow mail.read organisation"])?;
    assert!(beyond.stderr.contains("break-glass grant"), "{}", beyond.stderr);
    Ok(())
}
