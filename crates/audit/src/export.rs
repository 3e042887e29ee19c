//! The log as files, in the layout of C2SP tlog-tiles: `checkpoint`, `tile/<level>/<number>`, `tile/entries/<number>`. An export goes on where the last one
//! into the same directory ended.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use store::{StoreError, Tx, params};
use tlog_tiles::tile::Tile;

use crate::cosigned::{cosigned, cosigners};
use crate::log::{AuditError, bundle, checkpoint, public_key, size};
use crate::tree::{TILE_HEIGHT, read_tile};
use crate::witness;

/// Why an export ended.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key does not open.
    #[error(transparent)]
    Audit(#[from] AuditError),
    /// A file cannot be written.
    #[error("cannot write {}: {cause}; the export goes on where it ended when it is started again", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Nothing has been sealed yet.
    #[error("the audit log has no checkpoint yet; run `tradewind audit seal` first")]
    Empty,
}

/// A file of the layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Level of a tile of hashes; none for a bundle of entries.
    pub level: Option<u8>,
    /// Its number within the level.
    pub number: u64,
    /// Hashes or entries in it, up to 256.
    pub width: u16,
}

impl Part {
    /// Where it lies.
    #[must_use]
    pub fn path(&self) -> String {
        let tile = Tile::new(TILE_HEIGHT, self.level.unwrap_or(0), self.number, u32::from(self.width).max(1), false);
        // The library has Go's form of the path, with the height in it.
        let path = tile.path();
        let rest = path.strip_prefix("tile/8/").unwrap_or(&path);
        match (self.level, rest.split_once('/')) {
            (None, Some((_, number))) => format!("tile/entries/{number}"),
            _ => format!("tile/{rest}"),
        }
    }
}

/// All files of a log with `size` records.
#[must_use]
pub fn parts(size: u64) -> Vec<Part> {
    let tiles = Tile::new_tiles(TILE_HEIGHT, 0, size);
    let of = |tile: &Tile| u16::try_from(tile.width()).unwrap_or(u16::MAX);
    let hashes =
        tiles.iter().map(|tile| Part { level: Some(tile.level()), number: tile.level_index(), width: of(tile) });
    let entries = tiles.iter().filter(|tile| tile.level() == 0).map(|tile| Part {
        level: None,
        number: tile.level_index(),
        width: of(tile),
    });
    hashes.chain(entries).collect()
}

/// What an export wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exported {
    /// Records of the log.
    pub size: u64,
    /// Files that were written.
    pub files: usize,
}

/// Writes the log into `directory`. What a file has already is not written anew; the checkpoint comes last.
///
/// # Errors
/// [`ExportError`] if the store fails or a file cannot be written.
pub fn write(tx: &mut Tx<'_>, directory: &Path) -> Result<Exported, ExportError> {
    let size = size(tx)?;
    let (Some((_, note)), Some(key)) = (checkpoint(tx)?, public_key(tx)?) else { return Err(ExportError::Empty) };
    let mut files = 0;
    for part in parts(size) {
        let path = directory.join(part.path());
        if path.exists() {
            continue;
        }
        let octets = match part.level {
            Some(level) => read_tile(tx, level.into(), part.number)?,
            None => bundle(tx, part.number)?,
        };
        put(&path, &octets)?;
        files += 1;
    }
    for stamped in witness::stamps(tx)? {
        let name = directory.join(format!("stamps/{:012}", stamped.size));
        for (suffix, octets) in [("checkpoint", stamped.checkpoint.as_bytes()), ("tst", &stamped.token)] {
            let path = name.with_extension(suffix);
            if !path.exists() {
                put(&path, octets)?;
                files += 1;
            }
        }
    }
    put(&directory.join("key"), format!("{key}\n").as_bytes())?;
    if let Some(cosigned) = cosigned(tx)? {
        let keys: String = cosigners(tx)?.iter().map(|key| format!("{key}\n")).collect();
        put(&directory.join("cosigners"), keys.as_bytes())?;
        put(&directory.join("cosigned"), cosigned.as_bytes())?;
        files += 2;
    }
    put(&directory.join("checkpoint"), note.as_bytes())?;
    Ok(Exported { size, files: files + 2 })
}

/// Writes beside and renames, so that no file is ever half there.
fn put(path: &Path, octets: &[u8]) -> Result<(), ExportError> {
    let failed = |cause| ExportError::Io { path: path.to_owned(), cause };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, octets).map_err(failed)?;
    fs::rename(&beside, path).map_err(failed)
}

/// Checkpoints over more than `after` records, each with how many it is over, for those who keep them elsewhere.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn checkpoints(tx: &mut Tx<'_>, after: u64) -> Result<Vec<(u64, String)>, StoreError> {
    let after = i64::try_from(after).unwrap_or(i64::MAX);
    tx.rows(
        "SELECT size, note FROM audit_checkpoint WHERE size > $1 ORDER BY size LIMIT 10000",
        params![after],
        |row| Ok((u64::try_from(row.int(0)?).unwrap_or(0), row.text(1)?.to_owned())),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_layout() {
        let path = |level, number, width| Part { level, number, width }.path();
        assert_eq!(path(Some(0), 0, 256), "tile/0/000");
        assert_eq!(path(Some(1), 1_234_067, 256), "tile/1/x001/x234/067");
        assert_eq!(path(Some(0), 273, 112), "tile/0/273.p/112");
        assert_eq!(path(None, 1_234_067, 8), "tile/entries/x001/x234/067.p/8");
        let all: Vec<String> = parts(70_000).iter().map(Part::path).collect();
        for wanted in [
            "tile/0/000",
            "tile/0/273.p/112",
            "tile/1/000",
            "tile/1/001.p/17",
            "tile/2/000.p/1",
            "tile/entries/273.p/112",
        ] {
            assert!(all.iter().any(|path| path == wanted), "{wanted}");
        }
        assert_eq!(all.len(), 274 + 2 + 1 + 274);
    }
}
