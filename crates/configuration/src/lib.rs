//! Settings as data: what each setting is, the versions of those that were changed while the server ran, and what holds on a node and why.
//!
//! The file wins: what it sets, the store does not change. A value of the store stands in place of a default alone
//! (`docs/decisions/0030`). Knows no setting by its name: the program that reads the file gives the schema.

mod change;
mod error;
mod node;
mod nodes;
mod schema;
mod value;
mod versions;
mod weaker;

pub use change::{By, Change, Changed, Wish, change, change_all};
pub use error::ConfigurationError;
pub use node::{Node, OfFile, Values};
pub use nodes::{Standing, list_standings, note_standing};
pub use schema::{Applies, Declared, Kind, Nature, Schema, Setting};
pub use value::{json_of, read_value, text_of};
pub use versions::{Version, current, history, newest, revision};
pub use weaker::Weaker;
