//! What will protect a message to each recipient.

use std::collections::BTreeSet;

use identity::Level;
use letters::foresight::{Asked, Connection, Foreseen, Intent, Protection};
use serde_json::{Value, json};
use store::Tx;
use wire::jmap::format_utc_date;

use crate::args::Args;
use crate::error::Failure;
use crate::keys::{own, trouble};
use crate::{Asker, Server};

/// `RecipientProtection/get`: by addresses. What is no address is not found.
pub(crate) fn get(server: &Server, tx: &mut Tx<'_>, asker: &Asker, mut args: Args) -> Result<Value, Failure> {
    let account_id = args.need_text("accountId")?;
    let account = own(tx, asker, &account_id)?.account;
    let asked = args.texts("ids")?.ok_or_else(|| Failure::invalid("ids is missing: name addresses"))?;
    let (from, intent, require_tls) = (args.text("from")?, args.text("intent")?, args.flag("requireTls")?);
    args.finish()?;
    server.check_get(Some(&asked))?;
    let intent = match intent {
        Some(word) => word.parse().map_err(|error: env::UnknownWord| Failure::invalid(format!("intent: {error}")))?,
        None => Intent::Usual,
    };
    let owner = identity::load_account(tx, account).map_err(|error| trouble(error.into()))?;
    let level = identity::level_of_account(tx, account).map_err(|error| trouble(error.into()))?;
    let author = from.or_else(|| owner.addresses.first().cloned()).unwrap_or_default();
    let (mut list, mut missing) = (Vec::new(), Vec::new());
    for recipient in asked.into_iter().collect::<BTreeSet<String>>() {
        let Ok(address) = mail::Address::parse(&recipient) else {
            missing.push(recipient);
            continue;
        };
        let canonical = address.canonical();
        let foreseen = server.foresight.foresee(
            tx,
            Asked {
                organisation: owner.organisation,
                account,
                author: &author,
                recipient: &canonical,
                intent,
                require_tls,
            },
        )?;
        list.push(shown(&recipient, &foreseen, level));
    }
    Ok(json!({ "accountId": account_id, "list": list, "notFound": missing }))
}

fn shown(recipient: &str, foreseen: &Foreseen, level: Level) -> Value {
    let is_colleague = foreseen.protection == Protection::Here && foreseen.offers.contains(&Intent::EndToEnd);
    let demands = foreseen.demands.iter().map(|means| means.iter().map(|it| it.as_str()).collect::<Vec<_>>());
    json!({
        "id": recipient,
        "protection": foreseen.protection.as_str(),
        "isSigned": foreseen.is_signed,
        "connection": foreseen.connection.as_ref().map(connection),
        "hindrance": foreseen.hindrance.map(|(hindrance, _)| hindrance.as_str()),
        "waits": foreseen.hindrance.is_some_and(|(_, waits)| waits),
        "demands": demands.collect::<Vec<_>>(),
        "isEndToEndByDefault": is_colleague && level == Level::Trade,
        "offers": foreseen.offers.iter().map(|it| it.as_str()).collect::<Vec<_>>(),
    })
}

fn connection(connection: &Connection) -> Value {
    let last = connection.last.as_ref();
    json!({
        "voucher": connection.voucher.map(|it| it.as_str()),
        "basis": connection.basis.as_str(),
        "lastAt": last.map(|(at, ..)| format_utc_date(*at)),
        "lastTls": last.and_then(|(_, tls, _)| tls.clone()),
        "lastVerified": last.map(|(.., is_verified)| *is_verified),
    })
}
