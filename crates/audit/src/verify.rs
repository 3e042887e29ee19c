//! Verifying an exported log with nothing but its public key: no store, no server. Whatever else says that a log is whole, this and the verifier
//! in Python under `tests/` say it independently.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use env::Timestamp;
use tlog_tiles::checkpoint::Checkpoint;
use tlog_tiles::tlog::{self, HASH_SIZE, Hash};

use crate::cosigner::CosignerKey;
use crate::export::{Part, parts};
use crate::key::PublicKey;
use crate::log::{entries, told};
use crate::tree::{Edge, Proof, Written};

/// What is wrong with a log.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A file is missing or cannot be read.
    #[error("{}: {cause}; a record was removed, or the export is not whole", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// A note bears no signature of the key, or is not one.
    #[error("{what} bears no valid signature of the log's key: it was made or changed by somebody else")]
    Signature {
        /// Which.
        what: String,
    },
    /// A cosigner has not signed.
    #[error("the checkpoint bears no valid cosignature of {who}: it was made or changed by somebody else")]
    Cosignature {
        /// Who.
        who: String,
    },
    /// A file does not hold what it must.
    #[error("{path} does not hold what the checkpoint says: a record was changed, removed, put in, or moved")]
    Changed {
        /// The file.
        path: String,
    },
    /// The log is another than that which somebody else has a checkpoint of.
    #[error("the log does not go on from {what}, over {size} records: history was written anew since")]
    Rewritten {
        /// Which checkpoint.
        what: String,
        /// Records that it is over.
        size: u64,
    },
    /// The log is shorter than it was.
    #[error("{what} is over {was} records, the log has {is}: records were cut off, or an old checkpoint was put back")]
    Shorter {
        /// Which checkpoint.
        what: String,
        /// Records then.
        was: u64,
        /// Records now.
        is: u64,
    },
}

/// A log that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Name of the log.
    pub name: String,
    /// Records.
    pub size: u64,
    /// Root, as the checkpoint has it.
    pub root: String,
    /// Checkpoints of others that agree.
    pub witnesses: usize,
}

/// Verifies the log in `directory` under `key`; `witnessed` are checkpoints that were kept elsewhere, with names to tell them by.
///
/// # Errors
/// The first [`Fault`].
pub fn log(directory: &Path, key: &PublicKey, witnessed: &[(String, Vec<u8>)]) -> Result<Verified, Fault> {
    let note = read(&directory.join("checkpoint"))?;
    let head = open("checkpoint", key, &note)?;
    let mut edge = Edge::default();
    let mut wanted: Vec<(String, Checkpoint)> = Vec::new();
    for (what, note) in witnessed {
        let checkpoint = open(what, key, note)?;
        if checkpoint.size() > head.size() {
            return Err(Fault::Shorter { what: what.clone(), was: checkpoint.size(), is: head.size() });
        }
        wanted.push((what.clone(), checkpoint));
    }
    wanted.sort_by_key(|(_, checkpoint)| checkpoint.size());
    let mut waiting = wanted.iter().peekable();
    let mut full = Vec::new();
    for part in parts(head.size()).into_iter().filter(|part| part.level.is_none()) {
        let octets = read(&directory.join(part.path()))?;
        let records = entries(&octets).filter(|all| all.len() == usize::from(part.width));
        for record in records.ok_or_else(|| Fault::Changed { path: part.path() })? {
            agree(&mut waiting, &edge)?;
            edge.push(tlog::record_hash(record), &mut full);
        }
        full.drain(..).try_for_each(|tile| holds(directory, &tile))?;
    }
    agree(&mut waiting, &edge)?;
    edge.partial().try_for_each(|tile| holds(directory, &tile))?;
    if edge.root().ok().as_ref() != Some(head.hash()) {
        return Err(Fault::Changed { path: "tile/entries".to_owned() });
    }
    Ok(Verified { name: key.name().to_owned(), size: head.size(), root: told(head.hash()), witnesses: wanted.len() })
}

/// When each of `cosigners` has signed the checkpoint of the log in `directory`, which [`log`] has verified: whoever knows their keys from
/// elsewhere need not trust the kind of signature that the log's own key makes.
///
/// # Errors
/// The first [`Fault`]: of one whose line is missing, or does not hold.
pub fn cosigners(directory: &Path, key: &PublicKey, cosigners: &[CosignerKey]) -> Result<Vec<Timestamp>, Fault> {
    let note = read(&directory.join("cosigned"))?;
    let (head, cosigned) =
        (open("checkpoint", key, &read(&directory.join("checkpoint"))?)?, open("cosigned", key, &note)?);
    if (head.size(), head.hash()) != (cosigned.size(), cosigned.hash()) {
        return Err(Fault::Changed { path: "cosigned".to_owned() });
    }
    let unsigned = |cosigner: &CosignerKey| Fault::Cosignature { who: cosigner.name().to_owned() };
    cosigners.iter().map(|it| it.cosigned(&note).ok_or_else(|| unsigned(it))).collect()
}

/// Whether the file of a tile is that of the records below it.
fn holds(directory: &Path, tile: &Written) -> Result<(), Fault> {
    let width = u16::try_from(tile.hashes.len() / HASH_SIZE).unwrap_or(u16::MAX);
    let path = Part { level: Some(tile.level), number: tile.number, width }.path();
    if read(&directory.join(&path))? == tile.hashes { Ok(()) } else { Err(Fault::Changed { path }) }
}

/// Whether each checkpoint over as many records as `edge` has just now is over these.
fn agree<'w>(
    waiting: &mut std::iter::Peekable<impl Iterator<Item = &'w (String, Checkpoint)>>,
    edge: &Edge,
) -> Result<(), Fault> {
    while let Some((what, checkpoint)) = waiting.next_if(|(_, checkpoint)| checkpoint.size() == edge.size()) {
        if edge.root().ok().as_ref() != Some(checkpoint.hash()) {
            return Err(Fault::Rewritten { what: what.clone(), size: checkpoint.size() });
        }
    }
    Ok(())
}

/// Verifies that `record` stands in the log of `checkpoint`, with nothing but the key.
///
/// # Errors
/// The [`Fault`] of the checkpoint or of the proof.
pub fn record(checkpoint: &[u8], key: &PublicKey, record: &[u8], proof: &Proof) -> Result<(), Fault> {
    let head = open("checkpoint", key, checkpoint)?;
    let changed = || Fault::Changed { path: format!("the proof of record {}", proof.place) };
    let path = proof.path.iter().map(|text| from_hex(text)).collect::<Option<Vec<Hash>>>().ok_or_else(changed)?;
    if proof.size != head.size() {
        return Err(changed());
    }
    tlog::check_record(&path, head.size(), *head.hash(), proof.place, tlog::record_hash(record)).map_err(|_| changed())
}

/// Verifies that the log of checkpoint `now` goes on from that of checkpoint `before`, by the hashes of [`crate::prove_growth`].
///
/// # Errors
/// The [`Fault`] of a checkpoint or of the proof.
pub fn growth(before: &[u8], now: &[u8], key: &PublicKey, path: &[String]) -> Result<(), Fault> {
    let (old, new) = (open("the earlier checkpoint", key, before)?, open("checkpoint", key, now)?);
    let what = || "the earlier checkpoint".to_owned();
    if old.size() > new.size() {
        return Err(Fault::Shorter { what: what(), was: old.size(), is: new.size() });
    }
    let rewritten = || Fault::Rewritten { what: what(), size: old.size() };
    let path = path.iter().map(|text| from_hex(text)).collect::<Option<Vec<Hash>>>().ok_or_else(rewritten)?;
    tlog::check_tree(&path, new.size(), *new.hash(), old.size(), *old.hash()).map_err(|_| rewritten())
}

fn from_hex(text: &str) -> Option<Hash> {
    let digits = text.as_bytes();
    let octets: Option<Vec<u8>> = digits
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect();
    octets?.try_into().ok().map(Hash)
}

fn open(what: &str, key: &PublicKey, note: &[u8]) -> Result<Checkpoint, Fault> {
    let wrong = || Fault::Signature { what: what.to_owned() };
    let text = key.open(note).ok_or_else(wrong)?;
    let checkpoint = Checkpoint::from_bytes(&text).map_err(|_| wrong())?;
    if checkpoint.origin() == key.name() { Ok(checkpoint) } else { Err(wrong()) }
}

fn read(path: &Path) -> Result<Vec<u8>, Fault> {
    fs::read(path).map_err(|cause| Fault::Io { path: path.to_owned(), cause })
}
