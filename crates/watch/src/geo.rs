//! Databases of places: MaxMind's format, read into memory, taken up again when the file changes.

pub mod write;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use maxminddb::Reader;
use parking_lot::Mutex;
use serde::Deserialize;

use crate::place::Place;

/// Largest database that is read, in bytes.
const DATABASE_BYTES_MAX: u64 = 512 * 1024 * 1024;

/// Answers where an address is. Without a usable database every place is unknown, which is no reason to fail.
#[derive(Default)]
pub struct Places {
    databases: Vec<Database>,
}

struct Database {
    path: PathBuf,
    /// What is answered from.
    reader: ArcSwapOption<Reader<Vec<u8>>>,
    /// Modification time and length of the file that was last looked at; none before the first look or while it is missing.
    seen: Mutex<Option<(SystemTime, u64)>>,
    looked: Mutex<bool>,
}

/// What came of looking at the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The file is as it was.
    Unchanged,
    /// The file is in use from now on.
    TakenUp,
    /// It cannot be used, with the reason; what was read before stays.
    Unusable(String),
}

impl Places {
    /// Answers from the databases at `paths`, each of them of countries, cities or networks; the first that knows something counts.
    #[must_use]
    pub fn new(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let database =
            |path| Database { path, reader: ArcSwapOption::empty(), seen: Mutex::default(), looked: Mutex::default() };
        Self { databases: paths.into_iter().map(database).collect() }
    }

    /// Looks whether files have changed, and takes up those that have. Reads files: not for the threads of connections.
    pub fn look(&self) -> Vec<(PathBuf, Look)> {
        self.databases.iter().map(|database| (database.path.clone(), database.look())).collect()
    }

    /// Where `address` is.
    #[must_use]
    pub fn locate(&self, address: IpAddr) -> Place {
        let mut place = Place::default();
        for database in &self.databases {
            if let Some(reader) = database.reader.load_full() {
                complete(&mut place, record(&reader, address));
            }
        }
        place
    }

    /// Whether any database is in use.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.databases.iter().any(|database| database.reader.load().is_some())
    }
}

impl Database {
    fn look(&self) -> Look {
        let mut looked = self.looked.lock();
        let facts = match std::fs::metadata(&self.path) {
            Ok(facts) => facts,
            Err(error) => {
                let was_there = self.seen.lock().take().is_some();
                let is_news = was_there || !std::mem::replace(&mut *looked, true);
                return if is_news { Look::Unusable(error.to_string()) } else { Look::Unchanged };
            }
        };
        *looked = true;
        let mark = (facts.modified().unwrap_or(SystemTime::UNIX_EPOCH), facts.len());
        if self.seen.lock().replace(mark) == Some(mark) {
            return Look::Unchanged;
        }
        match open(&self.path, facts.len()) {
            Ok(reader) => {
                self.reader.store(Some(Arc::new(reader)));
                Look::TakenUp
            }
            Err(reason) => Look::Unusable(reason),
        }
    }
}

fn open(path: &Path, bytes: u64) -> Result<Reader<Vec<u8>>, String> {
    if bytes > DATABASE_BYTES_MAX {
        return Err(format!("the file is larger than {} MiB", DATABASE_BYTES_MAX / 1024 / 1024));
    }
    let reader = Reader::open_readfile(path).map_err(|error| error.to_string())?;
    try_out(&reader)?;
    Ok(reader)
}

/// Looks an address of each /8 up. `Reader::verify` would refuse databases that only lack a description, the shipped one among them.
fn try_out(reader: &Reader<Vec<u8>>) -> Result<(), String> {
    for first in 0..=u8::MAX {
        let address = IpAddr::from([first, 1, 1, 1]);
        let found = reader.lookup(address).and_then(|result| result.decode::<Record>());
        found.map_err(|error| format!("{address} cannot be looked up: {error}"))?;
    }
    Ok(())
}

/// The records of all databases in use: MaxMind's own nesting, and the flat one of ip-location-db.
#[derive(Deserialize, Default)]
struct Record {
    country_code: Option<String>,
    country: Option<CountryRecord>,
    location: Option<Location>,
    autonomous_system_number: Option<u32>,
    autonomous_system_organization: Option<String>,
}

#[derive(Deserialize)]
struct CountryRecord {
    iso_code: Option<String>,
}

#[derive(Deserialize)]
struct Location {
    latitude: Option<f64>,
    longitude: Option<f64>,
}

fn record(reader: &Reader<Vec<u8>>, address: IpAddr) -> Record {
    let found = reader.lookup(address.to_canonical()).and_then(|result| result.decode::<Record>());
    match found {
        Ok(record) => record.unwrap_or_default(),
        Err(error) => {
            tracing::debug!(%error, "no place of an address");
            Record::default()
        }
    }
}

fn complete(place: &mut Place, record: Record) {
    let nested = record.country.and_then(|country| country.iso_code);
    if place.country.is_none() {
        let code = record.country_code.or(nested).filter(|code| code.len() == 2);
        place.country = code.map(|code| code.to_ascii_uppercase());
    }
    if place.operator.is_none() {
        place.operator = record.autonomous_system_number;
        place.operator_name = record.autonomous_system_organization;
    }
    if let (None, Some(Location { latitude: Some(latitude), longitude: Some(longitude) })) =
        (place.point, record.location)
    {
        place.point = Some((latitude, longitude));
    }
}

#[cfg(test)]
mod tests;
