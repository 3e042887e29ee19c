//! The record of what was done, as a Merkle log (RFC 6962 section 2.1) in the layout of C2SP tlog-tiles, with signed checkpoints.
//!
//! A record is appended in the transaction of the act that it tells of: what cannot be recorded does not happen. From there it waits until it is
//! *sealed*: given its place in the log, under a checkpoint that is signed. Whoever has a checkpoint and the log's public key can prove that nothing
//! before it was changed, removed or put in between, without trusting this server or whoever administers it.
//!
//! A record in the log names nobody: it has pseudonyms, and a commitment to what is told in full beside it ([`Leaf`]). Erasing the full text leaves
//! the proof as it was.
//!
//! A checkpoint is cosigned by keys of other kinds ([`cosign`]), one of which outlasts quantum computers.
//!
//! Knows nothing of who calls it.

mod cosigned;
mod cosigner;
pub mod export;
mod key;
mod leaf;
mod log;
mod tree;
pub mod verify;
pub mod witness;

pub use cosigned::{cosign, cosigned, cosigners};
pub use cosigner::{CosignerKey, CosignerKind};
pub use key::{LogKey, PublicKey, PublicKeyError};
pub use leaf::{Disclosed, Leaf, SALT_BYTES, commit, pseudonym, salt};
pub use log::{
    AuditError, Recorded, Sealed, append, checkpoint, leaf_at, place_of, prove, prove_growth, public_key, seal,
    sign_text, size,
};
pub use tree::{Proof, TILE_HEIGHT};
