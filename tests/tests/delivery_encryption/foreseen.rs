//! What a sender is told before he sends, of domains that mail went to.

use harness::{Outcome, Outward, smtp, wait_until};
use serde_json::{Value, json};

use super::PATIENCE;

/// Protection, who vouches for the other end, and whence that is known.
type Told = (&'static str, Option<&'static str>, &'static str);

/// Asks by JMAP what will protect a message to `x@{domain}.test`.
fn ask(outward: &Outward, domain: &str) -> Outcome<Value> {
    let account = outward.tradewind.account("sales")?;
    let signed = format!("Basic {}", smtp::base64(format!("{}:{}", account.address, account.password).as_bytes()));
    let mut browser = outward.tradewind.browser()?;
    let session = browser.request("GET", "/jmap/session", &[("Authorization", &signed)], "")?.expect(200)?.json();
    let own = &session["primaryAccounts"]["urn:ietf:params:jmap:mail"];
    let call = json!(["RecipientProtection/get", { "accountId": own, "ids": [format!("x@{domain}.test")] }, "0"]);
    let using = ["urn:ietf:params:jmap:core", "urn:tradewind:params:jmap:protection"];
    let body = json!({ "using": using, "methodCalls": [call] });
    let answer = browser.post("/jmap/api", &body, &[("Authorization", &signed)])?.expect(200)?.json();
    Ok(answer["methodResponses"][0][1]["list"][0].clone())
}

/// He is told so; how a message went is noted a moment after the server has answered.
pub(super) fn is_told(outward: &Outward, domain: &str, (protection, voucher, basis): Told) -> Outcome<Value> {
    let mut last = Value::Null;
    let found = wait_until("what is told", PATIENCE, || {
        last = ask(outward, domain)?;
        let connection = &last["connection"];
        let is_so = last["protection"] == protection
            && connection["voucher"].as_str() == voucher
            && connection["basis"] == basis;
        Ok(is_so.then(|| last.clone()))
    });
    found.map_err(|failure| failure.during(&format!("{domain}: {last}")))
}
