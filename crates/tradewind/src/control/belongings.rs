//! What an account has beside its mail, as files for its owner.

use api::actions::Refused;
use serde_json::Value;
use store::Tx;

/// Contacts, identities, labels, rules and public keys, each with its path.
pub(super) fn of(tx: &mut Tx<'_>, account: i64) -> Result<Vec<(String, Vec<u8>)>, Refused> {
    let mut files: Vec<(String, Vec<u8>)> = Vec::new();
    let told = jmap::belongings(tx, account).map_err(Refused)?;
    files.extend(told.into_iter().map(|(name, list)| (format!("{name}.json"), lines(&list))));
    let labels = mailbox::labels::list(tx, account).map_err(Refused::because)?;
    let labels: Vec<Value> = labels
        .iter()
        .map(|it| serde_json::json!({ "keyword": it.keyword, "name": it.look.name, "color": it.look.color.as_str() }))
        .collect();
    files.push(("labels.json".to_owned(), lines(&labels.into())));
    for kept in scripts::list(tx, account).map_err(Refused::because)? {
        let (kept, text) = scripts::text(tx, account, kept.id).map_err(Refused::because)?;
        let state = if kept.is_active { "active" } else { "other" };
        files.push((format!("rules/{state}-{:x}.sieve", kept.id), text.into_bytes()));
    }
    let reply = scripts::auto_reply(tx, account).map_err(Refused::because)?;
    files.push(("automatic-reply.json".to_owned(), lines(&serde_json::to_value(reply).map_err(Refused::because)?)));
    for key in keybook::list(tx, account).map_err(Refused::because)? {
        let armored = key.certificate.to_armored().map_err(Refused::because)?;
        files.push((format!("keys/{}.asc", key.fingerprint), armored.into()));
    }
    Ok(files)
}

fn lines(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}

/// Cards in people's address books, for requests about data.
pub(super) struct AddressBooks;

impl subjects::Cards for AddressBooks {
    fn count(&self, tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, subjects::SubjectError> {
        let cards = jmap::cards_of(tx, account, addresses).map_err(subjects::SubjectError::Cards)?;
        Ok(cards.len() as u64)
    }

    fn forget(&self, tx: &mut Tx<'_>, account: i64, addresses: &[String]) -> Result<u64, subjects::SubjectError> {
        jmap::forget_cards_of(tx, account, addresses).map_err(subjects::SubjectError::Cards)
    }
}
