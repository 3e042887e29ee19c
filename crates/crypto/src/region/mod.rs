//! The region key: the root of everything at rest, and what holds it.
//!
//! It rests in a small file. Either the file has the key itself, or it has it wrapped by a *holder*: a key that never leaves a token (PKCS#11), or a
//! service of keys that a program speaks to. Who moves the key from one holder to another wraps anew and encrypts nothing anew.

mod file;
mod holder;
mod program;
mod shares;

pub use file::{RegionFile, RegionKeyError, create, load};
pub use holder::{HeldBy, Holder, HolderError, Holders, NoHolders};
pub use program::Program;
pub use shares::{SHARES_MAX, ShareError, combine, split};
