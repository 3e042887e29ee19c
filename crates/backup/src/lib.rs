//! Backups: a point in time of the store, and the files beside it, kept in repositories of the restic format (version 2), which ordinary tools
//! read, check and copy; and restoring from them.
//!
//! A backup is encrypted and authenticated under the repository's password, deduplicated, and verified as it is written. In it is all that a
//! server is rebuilt from but two keys, which are kept apart from it: that password, and the region key, without which the mail in a backup
//! stays sealed.
//!
//! The keys of accounts stand apart, in a repository of their own in the folder `account-keys` of each, of which only the newest state is kept: once an
//! account was erased there, no backup opens what it has of it.
//!
//! What is left behind by a run that was killed is no backup: the entry that makes one is written last. The next run takes up what is there.
//!
//! The library that writes the format is known to this crate alone. It blocks, so that everything here runs on threads that may.
//!
//! Knows nothing of mail.

mod account_keys;
mod aside;
mod error;
mod keep;
mod manifest;
mod mend;
mod moment;
mod place;
mod points;
mod repository;
mod restore;
mod s3;
mod settings;
mod source;
mod standing;
mod step;
mod take;
mod witness;

pub use account_keys::StoredKeys;
pub use error::BackupError;
pub use keep::{Keep, Kept};
pub use manifest::Manifest;
pub use mend::{Mended, mend};
pub use moment::{moment_text, parse_moment};
pub use place::{Access, Accesses, Hidden, Kind, LockBy};
pub use points::{Listed, Span, Step, follow, list_points};
pub use repository::{Backup, Checked, Opened, Reading, Target, check, list, size, take_out};
pub use restore::{Chosen, Restored, Steps, ready};
pub use settings::BackupSettings;
pub use source::{FileBytes, FileItem, Progress, files_below};
pub use standing::{Health, Standing, mark_told, note_failed, note_good, standing};
pub use step::{Doors, StepWanted, Stepped, generation, step};
pub use take::{Taken, Wanted, take};
pub use witness::keep_object;
