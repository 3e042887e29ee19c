//! What is kept of an account, and of everybody: counts, never counted anew.

use std::collections::BTreeMap;
use std::time::Duration;

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{Tx, params};

use crate::assess::{History, LastSeen, Surroundings};
use crate::error::WatchError;
use crate::features::{Feature, Kind, NO_DEVICE};
use crate::keys::{EVERYBODY, HASH_BYTES, Keeper};
use crate::model::{Count, Counted};
use crate::rules::{FAILURES_WITHIN, NEW_ACCOUNTS_WITHIN};

/// Countries that are kept of one account.
const COUNTRIES_MAX: usize = 64;

/// Confirmed attempts that are kept of one account, and for how long.
const CONFIRMED_MAX: usize = 32;
const CONFIRMED_FOR: Duration = Duration::from_secs(30 * 86_400);

/// Rows that are looked at to count surroundings.
const SURROUNDINGS_MAX: i64 = 200;

/// Features that one look-up asks for: all kinds, and that no device was shown.
const ASKED: usize = Kind::ALL.len() + 1;

/// Totals, and what is not counted by value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Sign-ins counted.
    pub(crate) sign_ins: u64,
    /// By number of the kind: sign-ins with a value of it, and different values.
    pub(crate) totals: BTreeMap<usize, (u64, u64)>,
    pub(crate) countries: BTreeMap<String, u64>,
    pub(crate) last: Option<LastSeen>,
    /// Network and program of attempts that the person has said to be their own, and when that was, in milliseconds since 1970.
    #[serde(default)]
    pub(crate) confirmed: BTreeMap<String, i64>,
}

impl Profile {
    pub(crate) fn load(tx: &mut Tx<'_>, keeper: &Keeper, account: i64) -> Result<Self, WatchError> {
        let sealed = tx.row("SELECT detail FROM sign_in_profile WHERE account = $1", params![account], |row| {
            Ok(row.bytes(0)?.to_vec())
        })?;
        sealed.map_or_else(|| Ok(Self::default()), |sealed| keeper.open(&place_of(account), &sealed))
    }

    pub(crate) fn save(&self, tx: &mut Tx<'_>, keeper: &Keeper, account: i64) -> Result<(), WatchError> {
        let sealed = keeper.seal(tx, &place_of(account), self)?;
        tx.execute(
            "INSERT INTO sign_in_profile (account, detail) VALUES ($1, $2)
             ON CONFLICT (account) DO UPDATE SET detail = $2",
            params![account, &sealed],
        )?;
        Ok(())
    }

    pub(crate) fn note_country(&mut self, code: &str) {
        if self.countries.len() < COUNTRIES_MAX || self.countries.contains_key(code) {
            *self.countries.entry(code.to_owned()).or_default() += 1;
        }
    }

    pub(crate) fn confirm(&mut self, features: &[Feature], now: Timestamp) {
        self.confirmed.retain(|_, at| now.since(Timestamp::from_millis(*at)) < CONFIRMED_FOR);
        if self.confirmed.len() < CONFIRMED_MAX {
            self.confirmed.insert(likeness(features), now.millis());
        }
    }

    fn is_confirmed(&self, features: &[Feature], now: Timestamp) -> bool {
        let at = self.confirmed.get(&likeness(features));
        at.is_some_and(|at| now.since(Timestamp::from_millis(*at)) < CONFIRMED_FOR)
    }

    fn count(&self, kind: Kind, seen: u64) -> Count {
        let (total, distinct) = self.totals.get(&kind.index()).copied().unwrap_or_default();
        Count { seen, total, distinct }
    }
}

/// What makes an attempt one like another: network and program.
fn likeness(features: &[Feature]) -> String {
    let alike = features.iter().filter(|it| matches!(it.kind, Kind::Network | Kind::Program));
    alike.map(|it| it.value.as_str()).collect::<Vec<_>>().join(" ")
}

fn place_of(account: i64) -> String {
    format!("sign_in_profile.detail:{account}")
}

/// What is known of `account` with regard to `features`.
pub(crate) fn load_history(
    tx: &mut Tx<'_>,
    account: i64,
    features: &[Feature],
    network: &[u8; HASH_BYTES],
) -> Result<History, WatchError> {
    let (own_keeper, all_keeper) = (Keeper::of(tx, account)?, Keeper::everybody(tx));
    let own = Profile::load(tx, &own_keeper, account)?;
    let all = Profile::load(tx, &all_keeper, EVERYBODY)?;
    let bare = Feature { kind: Kind::Device, value: NO_DEVICE.to_owned() };
    let asked: Vec<&Feature> = features.iter().chain([&bare]).collect();
    let own_seen = load_seen(tx, &own_keeper, account, &asked)?;
    let all_seen = load_seen(tx, &all_keeper, EVERYBODY, &asked)?;
    let counted = features.iter().zip(own_seen.iter().zip(&all_seen)).map(|(feature, (seen, everybody))| Counted {
        feature: feature.clone(),
        own: own.count(feature.kind, *seen),
        all: all.count(feature.kind, *everybody),
    });
    let counted: Vec<Counted> = counted.collect();
    let network_is_known = counted.iter().any(|it| it.feature.kind == Kind::Network && it.own.seen > 0);
    Ok(History {
        sign_ins: own.sign_ins,
        is_confirmed: own.is_confirmed(features, tx.now()),
        bare: own.count(Kind::Device, own_seen.last().copied().unwrap_or(0)),
        counted,
        surroundings: load_surroundings(tx, account, network, network_is_known)?,
        countries: own.countries,
        last: own.last,
    })
}

/// How often each of `features` was seen, in their order.
fn load_seen(tx: &mut Tx<'_>, keeper: &Keeper, account: i64, features: &[&Feature]) -> Result<Vec<u64>, WatchError> {
    let hashes: Vec<[u8; HASH_BYTES]> = features.iter().map(|feature| keeper.feature(feature)).collect();
    let asked = |place: usize| hashes.get(place).or(hashes.first()).map_or(&[][..], |hash| &hash[..]);
    let rows = tx.rows(
        "SELECT feature, seen FROM sign_in_feature WHERE account = $1
         AND feature IN ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        params![
            account,
            asked(0),
            asked(1),
            asked(2),
            asked(3),
            asked(4),
            asked(5),
            asked(6),
            asked(7),
            asked(8),
            asked(9),
            asked(10),
            asked(11),
            asked(12),
            asked(13),
            asked(14)
        ],
        |row| Ok((row.bytes(0)?.to_vec(), row.int(1)?.unsigned_abs())),
    )?;
    debug_assert!(hashes.len() <= ASKED);
    let seen = |hash: &[u8; HASH_BYTES]| rows.iter().find(|(found, _)| found == hash).map_or(0, |(_, seen)| *seen);
    Ok(hashes.iter().map(seen).collect())
}

fn load_surroundings(
    tx: &mut Tx<'_>,
    account: i64,
    network: &[u8; HASH_BYTES],
    network_is_known: bool,
) -> Result<Surroundings, WatchError> {
    if network_is_known {
        return Ok(Surroundings { network_is_known, ..Surroundings::default() });
    }
    let since = |span: Duration| {
        Timestamp::from_millis(tx.now().millis() - i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
    };
    let (failures, firsts) = (since(FAILURES_WITHIN).millis(), since(NEW_ACCOUNTS_WITHIN).millis());
    let failed_accounts = tx.row(
        "SELECT COUNT(DISTINCT login) FROM (SELECT login FROM sign_in_event
         WHERE network = $1 AND at > $2 AND outcome = 'wrong' ORDER BY at DESC LIMIT $3) AS recent",
        params![&network[..], failures, SURROUNDINGS_MAX],
        |row| row.int(0),
    )?;
    let new_accounts = tx.row(
        "SELECT COUNT(DISTINCT account) FROM (SELECT account FROM sign_in_event
         WHERE network = $1 AND at > $2 AND fresh = 1 ORDER BY at DESC LIMIT $3) AS recent",
        params![&network[..], firsts, SURROUNDINGS_MAX],
        |row| row.int(0),
    )?;
    let failed_tries = tx.row(
        "SELECT COUNT(*) FROM (SELECT id FROM sign_in_event
         WHERE account = $1 AND at > $2 AND outcome = 'wrong' ORDER BY at DESC LIMIT $3) AS recent",
        params![account, failures, SURROUNDINGS_MAX],
        |row| row.int(0),
    )?;
    let number = |found: Option<i64>| found.unwrap_or(0).unsigned_abs();
    Ok(Surroundings {
        failed_accounts: number(failed_accounts),
        new_accounts: number(new_accounts),
        failed_tries: number(failed_tries),
        network_is_known,
    })
}

/// Adds a sign-in to the counts of `account`; gives the features that were new to it.
pub(crate) fn count(
    tx: &mut Tx<'_>,
    keeper: &Keeper,
    account: i64,
    profile: &mut Profile,
    features: &[Feature],
) -> Result<(), WatchError> {
    let now = tx.now().millis();
    profile.sign_ins += 1;
    // In one order, so that two nodes never wait for each other.
    let mut hashed: Vec<([u8; HASH_BYTES], Kind)> =
        features.iter().map(|feature| (keeper.feature(feature), feature.kind)).collect();
    hashed.sort_unstable();
    for (hash, kind) in hashed {
        let seen = tx.row(
            "INSERT INTO sign_in_feature (account, feature, kind, seen, last) VALUES ($1, $2, $3, 1, $4)
             ON CONFLICT (account, feature) DO UPDATE SET seen = sign_in_feature.seen + 1, last = $4 RETURNING seen",
            params![account, &hash[..], i64::try_from(kind.index()).unwrap_or(0), now],
            |row| row.int(0),
        )?;
        let (total, distinct) = profile.totals.entry(kind.index()).or_default();
        *total += 1;
        *distinct += u64::from(seen == Some(1));
    }
    Ok(())
}
