//! Pictures that people of an organisation have reported, found again by what they look like ([`inspect::Likeness`]).
//!
//! A picture counts as one that is known if few of its 64 bits differ. For that its bits are cut into one band more than may differ: of two that are
//! alike at least one band is the same, and by the keyed hash of that band they meet in the table. What rests there are such hashes and
//! the bits, sealed under the organisation's key: nobody else learns what pictures its people get.

use crypto::keys::{Key, Organisation};
use filter::Facts;
use store::{StoreError, Tx, params};

use crate::JudgementError;
use crate::marks::{MarkKind, Numbered, shown};

/// Bands of a picture's bits: one of them is the same where at most [`inspect::LIKE_BITS_MAX`] bits differ.
const BANDS: u32 = inspect::LIKE_BITS_MAX + 1;

/// Pictures of a message that are looked up.
const PICTURES_MAX: usize = 4;

/// Rows of one band that are compared.
const ROWS_MAX: i64 = 200;

/// Days after which a picture is forgotten: so long votes on it count.
const FORGOTTEN_DAYS: i64 = 180;

const DAY_MILLIS: i64 = 86_400_000;

const PLACE: &str = "mail_picture.bits";

/// A picture of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    /// Its mark: that of the picture which it is taken for.
    pub(crate) mark: Numbered,
    /// Its own bits.
    bits: u64,
    /// It is taken for one that was reported.
    is_known: bool,
}

/// The pictures of a message, each taken for the reported one that it is most alike.
pub(crate) fn of(
    tx: &mut Tx<'_>,
    organisation: i64,
    facts: &Facts,
    key: &Key<Organisation>,
) -> Result<Vec<Picture>, StoreError> {
    let mut found = Vec::new();
    for bits in facts.pictures().into_iter().take(PICTURES_MAX) {
        let known = nearest(tx, organisation, key, bits)?;
        let number =
            known.unwrap_or_else(|| key.hashing().hash_i64(format!("mail mark picture {bits:016x}").as_bytes()));
        let mark = Numbered { kind: MarkKind::Picture, number, evidence: shown(facts) };
        found.push(Picture { mark, bits, is_known: known.is_some() });
    }
    Ok(found)
}

/// The marks of pictures.
pub(crate) fn marks(pictures: &[Picture]) -> impl Iterator<Item = Numbered> {
    pictures.iter().map(|picture| picture.mark.clone())
}

/// The mark of the reported picture that is most alike.
fn nearest(tx: &mut Tx<'_>, organisation: i64, key: &Key<Organisation>, bits: u64) -> Result<Option<i64>, StoreError> {
    let mut nearest: Option<(u32, i64)> = None;
    for band in 0..BANDS {
        let rows = tx.rows(
            "SELECT mark, bits FROM mail_picture WHERE organisation = $1 AND band = $2 ORDER BY mark LIMIT $3",
            params![organisation, hashed(key, band, bits), ROWS_MAX],
            |row| Ok((row.int(0)?, row.bytes(1)?.to_vec())),
        )?;
        for (mark, sealed) in rows {
            let plain = key.sealing().open(PLACE, &context(mark), &sealed)?;
            let Ok(other) = <[u8; 8]>::try_from(plain.as_slice()) else { continue };
            let apart = (u64::from_le_bytes(other) ^ bits).count_ones();
            if apart <= inspect::LIKE_BITS_MAX && nearest.is_none_or(|(least, _)| apart < least) {
                nearest = Some((apart, mark));
            }
        }
    }
    Ok(nearest.map(|(_, mark)| mark))
}

/// Keeps the pictures of a reported message that are none of those known.
pub(crate) fn keep(tx: &mut Tx<'_>, organisation: i64, pictures: &[Picture]) -> Result<(), JudgementError> {
    let context_of_tx = tx.context();
    let key = context_of_tx.keys.organisation(tx, organisation)?;
    for Picture { mark, bits, .. } in pictures.iter().filter(|picture| !picture.is_known) {
        for band in 0..BANDS {
            let sealed = key.sealing().seal(&*context_of_tx.entropy, &context(mark.number), &bits.to_le_bytes());
            tx.execute(
                "INSERT INTO mail_picture (organisation, band, mark, at, bits) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (organisation, band, mark) DO NOTHING",
                params![organisation, hashed(&key, band, *bits), mark.number, tx.now().millis(), &sealed],
            )?;
        }
    }
    Ok(())
}

/// Forgets pictures on which no vote counts any more; gives how many rows.
pub(crate) fn forget(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let before = tx.now().millis().saturating_sub(FORGOTTEN_DAYS * DAY_MILLIS);
    tx.execute("DELETE FROM mail_picture WHERE at < $1", params![before])
}

/// The keyed hash of one band of bits.
fn hashed(key: &Key<Organisation>, band: u32, bits: u64) -> i64 {
    let (from, to) = (band * u64::BITS / BANDS, (band + 1) * u64::BITS / BANDS);
    let part = bits >> from & (u64::MAX >> (u64::BITS - (to - from)));
    key.hashing().hash_i64(format!("mail picture band {band} {part:x}").as_bytes())
}

fn context(mark: i64) -> Vec<u8> {
    [PLACE.as_bytes(), b":", &mark.to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use filter::Received;
    use filter::facts::Inside;
    use identity::{IdentityError, Level};
    use store::testing::TestStore;

    use super::*;

    store::on_both_engines! {
        a_picture_is_known_to_its_organisation_by_few_bits_apart,
    }

    /// Facts of a message with one picture.
    fn facts(bits: u64) -> Facts {
        let mut facts = Facts::read(Received { raw: b"Subject: Offer\r\n\r\n", ..Received::default() });
        let mut inside = Inside::default();
        inside.pictures.push(bits);
        facts.inside = Some(inside);
        facts
    }

    async fn known(store: &TestStore, organisation: i64, bits: u64) -> Vec<Picture> {
        let look = move |tx: &mut Tx<'_>| {
            let key = tx.context().keys.organisation(tx, organisation)?;
            of(tx, organisation, &facts(bits), &key)
        };
        store.read(look).await.unwrap()
    }

    async fn a_picture_is_known_to_its_organisation_by_few_bits_apart(store: TestStore) {
        let make = |tx: &mut Tx<'_>| {
            let make = |tx: &mut Tx<'_>, name| identity::create_organisation(tx, name, Level::Enhanced);
            Ok::<_, IdentityError>((make(tx, "One")?, make(tx, "Two")?))
        };
        let (one, two) = store.write(make).await.unwrap();
        let reported = 0x0123_4567_89ab_cdef_u64;
        let first = known(&store, one, reported).await;
        assert!(!first[0].is_known);
        let (mark, kept) = (first[0].mark.number, first.clone());
        store.write(move |tx| keep(tx, one, &kept)).await.unwrap();
        // One bit in each of five bands, and then in all of them.
        let near = reported ^ (1 | 1 << 12 | 1 << 23 | 1 << 34 | 1 << 45);
        let found = known(&store, one, near).await;
        assert_eq!((found[0].is_known, found[0].mark.number), (true, mark));
        assert!(!known(&store, one, near ^ 1 << 60).await[0].is_known, "six bits are too many");
        assert!(!known(&store, two, reported).await[0].is_known, "others know nothing of it");
        store.clock.advance(Duration::from_secs(181 * 86_400));
        assert_eq!(store.write(forget).await.unwrap(), u64::from(BANDS));
        assert!(!known(&store, one, near).await[0].is_known);
    }
}
