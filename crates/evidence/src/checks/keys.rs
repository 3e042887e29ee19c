//! Keys: at rest, their generations, from end to end, Chinese ones.

use std::collections::BTreeSet;

use store::{StoreError, Tx, params};

use super::{DAY, text_list};
use crate::EvidenceError;
use crate::look::Look;
use identity::Level;

/// Days after which a key of an organisation that has had one generation alone should have had another.
const KEY_DAYS_MAX: i64 = 730;

/// Keys of accounts that are opened to see whether they do: so many of the newest of each organisation, and so many of the oldest, which stand
/// under the oldest generations.
const OPENED_MAX: i64 = 5;

pub(crate) fn at_rest(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let keys = &look.around().keys;
    look.setting("keys.cipher", keys.cipher.as_str());
    look.read("region-key-holder", "server.region_key", keys.holder);
    look.read("key-files", "key files", keys.files);
    if !keys.exposed.is_empty() {
        look.wrong("key-exposed", &[("settings", text_list(&keys.exposed))]);
    }
    let (mut opened, mut closed) = (0, 0);
    for organisation in look.organisations() {
        let above = look.tx().context().keys.organisation(look.tx(), organisation.id);
        if above.is_err() {
            closed += 1;
            continue;
        }
        opened += 1;
        for account in samples(look.tx(), organisation.id)? {
            match look.tx().context().keys.account(look.tx(), account) {
                Ok(_) => opened += 1,
                Err(_) => closed += 1,
            }
        }
    }
    look.read("keys-opened", "organisation.key_wrapped, account.key_wrapped", opened);
    if closed > 0 {
        look.wrong("key-closed", &[("keys", closed.to_string())]);
    }
    Ok(())
}

/// Accounts whose keys are opened.
fn samples(tx: &mut Tx<'_>, organisation: i64) -> Result<BTreeSet<i64>, StoreError> {
    let mut all = BTreeSet::new();
    for statement in [
        "SELECT id FROM account WHERE organisation = $1 ORDER BY id DESC LIMIT $2",
        "SELECT id FROM account WHERE organisation = $1 ORDER BY id LIMIT $2",
    ] {
        all.extend(tx.rows(statement, params![organisation, OPENED_MAX], |row| row.int(0))?);
    }
    Ok(all)
}

pub(crate) fn rotation(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let now = look.now().millis();
    for organisation in look.organisations() {
        let Ok(key) = look.tx().context().keys.organisation(look.tx(), organisation.id) else {
            look.wrong("key-closed", &[("keys", "1".to_owned())]);
            continue;
        };
        let (generations, days) = (key.generations(), (now - organisation.created.millis()) / DAY);
        look.read("key-generations", "organisation.key_wrapped", generations);
        if generations < 2 && days > KEY_DAYS_MAX {
            look.wrong("key-old", &[("organisation", organisation.name.clone()), ("days", days.to_string())]);
        }
    }
    let region = look.tx().context().keys.region().generations();
    look.read("region-key-generations", "server.region_key", region);
    Ok(())
}

pub(crate) fn end_to_end(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    for organisation in look.organisations() {
        let people = look.count(
            "people",
            "account",
            "SELECT COUNT(*) FROM account WHERE organisation = $1 AND kind = 'person' AND state = 'active'",
            params![organisation.id],
        )?;
        let with_keys = look.count(
            "people-with-keys",
            "pgp_key, smime_key",
            "SELECT COUNT(*) FROM account a WHERE organisation = $1 AND kind = 'person' AND state = 'active' AND (
                 EXISTS (SELECT 1 FROM pgp_key p WHERE p.account = a.id AND p.state = 'active')
                 OR EXISTS (SELECT 1 FROM smime_key s WHERE s.account = a.id))",
            params![organisation.id],
        )?;
        if organisation.level == Level::Trade && with_keys < people {
            look.wrong(
                "end-to-end-lacking",
                &[("people", (people - with_keys).to_string()), ("organisation", organisation.name.clone())],
            );
        }
    }
    Ok(())
}

pub(crate) fn gm(look: &mut Look<'_, '_>) -> Result<(), EvidenceError> {
    let (is_offered, cipher) = (look.around().transport.gm, look.around().keys.cipher.as_str());
    look.setting("gm.enabled", is_offered);
    look.setting("keys.cipher", cipher);
    if !is_offered || !cipher.starts_with("sm4") {
        look.person("gm-off", &[("cipher", cipher.to_owned())]);
    }
    Ok(())
}
