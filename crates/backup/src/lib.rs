//! Backups: a point in time of the store, and the files beside it, kept in repositories of the restic format (version 2), which ordinary tools
//! read, check and copy; and restoring from them.
//!
//! A backup is encrypted and authenticated under the repository's password, deduplicated, and verified as it is written. In it is all that a
//! server is rebuilt from but two keys, which are kept apart from it: that password, and the region key, without which the mail in a backup
//! stays sealed.
//!
//! What is left behind by a run that was killed is no backup: the entry that makes one is written last. The next run takes up what is there.
//!
//! The library that writes the format is known to this crate alone. It blocks, so that everything here runs on threads that may.
//!
//! Knows nothing of mail.

mod error;
mod keep;
mod manifest;
mod mend;
mod moment;
mod repository;
mod restore;
mod settings;
mod source;
mod take;

pub use error::BackupError;
pub use keep::{Keep, Kept};
pub use manifest::Manifest;
pub use mend::{Mended, mend};
pub use moment::parse_moment;
pub use repository::{Backup, Checked, Target, check, list};
pub use restore::{Chosen, Restored};
pub use settings::BackupSettings;
pub use source::{FileBytes, FileItem, files_below};
pub use take::{Taken, Wanted, take};
