//! The tree and its tiles: 256 hashes each, the lowest level those of records (C2SP tlog-tiles).

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};
use tlog_tiles::tile::Tile;
use tlog_tiles::tlog::{self, Error, HASH_SIZE, Hash, HashReader};

/// Levels of the tree that one tile spans.
pub const TILE_HEIGHT: u8 = 8;

/// Hashes of a full tile, and records of a full bundle.
pub(crate) const TILE_WIDTH: usize = 1 << TILE_HEIGHT;

/// That a record stands in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// The record's place, from 0.
    pub place: u64,
    /// Records of the tree.
    pub size: u64,
    /// Hashes of the audit path (RFC 6962 section 2.1.1), in hexadecimal, from the record upwards.
    pub path: Vec<String>,
}

/// The right edge of the tree: of each level of tiles the last one, which is not full. It is all that appending needs.
#[derive(Debug, Clone, Default)]
pub(crate) struct Edge {
    size: u64,
    /// Hashes of the last tile of each level.
    levels: Vec<Vec<u8>>,
}

/// A tile that was written to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) level: u8,
    pub(crate) number: u64,
    pub(crate) hashes: Vec<u8>,
}

impl Edge {
    /// The edge of a tree with `size` records.
    pub(crate) fn load(tx: &mut Tx<'_>, size: u64) -> Result<Self, StoreError> {
        let mut levels = Vec::new();
        for level in 0.. {
            let hashes = size.checked_shr(u32::from(TILE_HEIGHT) * level).unwrap_or(0);
            if hashes == 0 {
                break;
            }
            let wanted = usize::try_from(hashes % TILE_WIDTH as u64).unwrap_or(0) * HASH_SIZE;
            let mut kept = if wanted == 0 { Vec::new() } else { read_tile(tx, level.into(), hashes >> TILE_HEIGHT)? };
            if kept.len() < wanted {
                return Err(torn(level.into(), hashes >> TILE_HEIGHT));
            }
            kept.truncate(wanted);
            levels.push(kept);
        }
        Ok(Self { size, levels })
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Appends the hash of a record. Tiles that become full come to `full`.
    pub(crate) fn push(&mut self, record: Hash, full: &mut Vec<Written>) {
        let (mut hash, mut number) = (record, self.size);
        self.size += 1;
        for level in 0.. {
            if self.levels.len() <= usize::from(level) {
                self.levels.push(Vec::with_capacity(TILE_WIDTH * HASH_SIZE));
            }
            let Some(tile) = self.levels.get_mut(usize::from(level)) else { return };
            tile.extend_from_slice(&hash.0);
            if tile.len() < TILE_WIDTH * HASH_SIZE {
                return;
            }
            hash = Tile::subtree_hash(tile);
            number >>= TILE_HEIGHT;
            full.push(Written { level, number, hashes: std::mem::take(tile) });
        }
    }

    /// The tiles that are not full.
    pub(crate) fn partial(&self) -> impl Iterator<Item = Written> + '_ {
        self.levels.iter().zip(0u8..).filter(|(hashes, _)| !hashes.is_empty()).map(|(hashes, level)| {
            let number = self.size.checked_shr(u32::from(TILE_HEIGHT) * (u32::from(level) + 1)).unwrap_or(0);
            Written { level, number, hashes: hashes.clone() }
        })
    }

    /// The hash of the tree.
    pub(crate) fn root(&self) -> Result<Hash, StoreError> {
        tlog::tree_hash(self.size, self).map_err(|_| torn(0, self.size >> TILE_HEIGHT))
    }
}

impl HashReader for Edge {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let read = |index: &u64| {
            let tile = Tile::from_index(TILE_HEIGHT, *index);
            let hashes = self.levels.get(usize::from(tile.level())).ok_or(Error::InvalidTile)?;
            hash_in(&tile, hashes, *index)
        };
        indexes.iter().map(read).collect()
    }
}

/// The hash of `index` out of the hashes of `tile` or a wider version of it.
fn hash_in(tile: &Tile, hashes: &[u8], index: u64) -> Result<Hash, Error> {
    let width = u32::try_from(hashes.len() / HASH_SIZE)
        .ok()
        .filter(|width| *width >= tile.width())
        .ok_or(Error::InvalidTile)?;
    Tile::new(TILE_HEIGHT, tile.level(), tile.level_index(), width, false).hash_at_index(hashes, index)
}

/// Reads hashes from anything that has tiles; each tile is read once.
pub(crate) struct Tiles<R> {
    read: RefCell<R>,
    kept: RefCell<HashMap<(u8, u64), Vec<u8>>>,
}

impl<R: FnMut(u8, u64) -> Option<Vec<u8>>> Tiles<R> {
    pub(crate) fn new(read: R) -> Self {
        Self { read: RefCell::new(read), kept: RefCell::default() }
    }
}

impl<R: FnMut(u8, u64) -> Option<Vec<u8>>> HashReader for Tiles<R> {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let mut kept = self.kept.borrow_mut();
        let mut hashes = Vec::with_capacity(indexes.len());
        for index in indexes {
            let tile = Tile::from_index(TILE_HEIGHT, *index);
            let place = (tile.level(), tile.level_index());
            let data = match kept.entry(place) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let read = (self.read.borrow_mut())(place.0, place.1).ok_or(Error::InvalidTile)?;
                    unknown.insert(read)
                }
            };
            hashes.push(hash_in(&tile, data, *index)?);
        }
        Ok(hashes)
    }
}

pub(crate) fn read_tile(tx: &mut Tx<'_>, level: u64, number: u64) -> Result<Vec<u8>, StoreError> {
    let place = [i64::try_from(level), i64::try_from(number)].map(|part| part.unwrap_or(i64::MAX));
    tx.row("SELECT hashes FROM audit_tile WHERE level = $1 AND n = $2", params![place[0], place[1]], |row| {
        Ok(row.bytes(0)?.to_vec())
    })?
    .ok_or_else(|| torn(level, number))
}

pub(crate) fn torn(level: u64, number: u64) -> StoreError {
    StoreError::Corrupt { what: format!("tile {number} of level {level} of the audit log is not whole") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree of RFC 6962 section 2.1, computed as the RFC says.
    fn by_definition(leaves: &[Vec<u8>]) -> Hash {
        match leaves {
            [] => tlog::EMPTY_HASH,
            [one] => tlog::record_hash(one),
            more => {
                let middle = more.len().next_power_of_two() / 2;
                tlog::node_hash(by_definition(&more[..middle]), by_definition(&more[middle..]))
            }
        }
    }

    #[test]
    fn the_root_is_that_of_the_rfc_at_every_size() {
        let leaves: Vec<Vec<u8>> = (0..1500u32).map(|number| number.to_le_bytes().to_vec()).collect();
        let mut edge = Edge::default();
        let mut full = Vec::new();
        for (index, leaf) in leaves.iter().enumerate() {
            edge.push(tlog::record_hash(leaf), &mut full);
            if index < 20 || [254, 255, 256, 511, 512, 1023, 1499].contains(&index) {
                assert_eq!(edge.root().unwrap(), by_definition(&leaves[..=index]), "{index}");
            }
        }
        assert_eq!(full.len(), 5, "five full tiles of records");
        let partial: Vec<_> =
            edge.partial().map(|tile| (tile.level, tile.number, tile.hashes.len() / HASH_SIZE)).collect();
        assert_eq!(partial, [(0, 5, 1500 - 5 * 256), (1, 0, 5)]);
    }

    #[test]
    fn another_implementation_agrees() {
        use ct_merkle::mem_backed_tree::MemoryBackedTree;
        let mut theirs: MemoryBackedTree<sha2::Sha256, Vec<u8>> = MemoryBackedTree::new();
        let mut edge = Edge::default();
        for number in 0..700u32 {
            theirs.push(number.to_le_bytes().to_vec());
            edge.push(tlog::record_hash(&number.to_le_bytes()), &mut Vec::new());
        }
        assert_eq!(theirs.root().as_bytes().as_slice(), edge.root().unwrap().0);
    }
}
