//! What others know of a message: feeds of bad addresses ([`feeds`]), lists of links in DNS ([`link_lists`]), scanners of files ([`scan`]),
//! rules of YARA ([`yara`]), language models ([`opinion`]); and what we tell others ([`share`]).
//!
//! Each but the last, which is asked about what is in doubt alone, is a [`filter::Layer`]: it only adds findings, within its own time; what follows from them is decided in [`filter`]. What
//! cannot be asked is told as a finding without weight, never passed over in silence.
//!
//! Knows neither storage nor protocols of mail.

mod entry;
pub mod feeds;
mod finding;
mod formats;
pub mod link_lists;
mod never;
pub mod opinion;
mod parts;
pub mod scan;
mod set;
mod settings;
pub mod share;
pub mod yara;

pub use entry::{Entry, classify};
pub use feeds::{Feeds, address_of};
pub use formats::{Counts, Format, FormatError};
pub use link_lists::LinkLists;
pub use never::Never;
pub use opinion::{OpinionError, OpinionSettings, SecondOpinion};
pub use set::EntrySet;
pub use settings::{FeedSource, ThreatSettings};
pub use yara::Yara;
