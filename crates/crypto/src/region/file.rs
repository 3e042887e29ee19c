//! The region key's file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use env::{Entropy, Timestamp};
use zeroize::Zeroizing;

use super::holder::{HeldBy, HolderError, Holders, NoHolders};
use crate::keys::{Key, Region, TooManyGenerations};
use crate::seal::{KEY_BYTES, KeyBytes};

/// First line of a file with one key in clear.
const PLAIN: &str = "tradewind region key 1";

/// First line of a file that says what holds the key, and has its generations.
const HELD: &str = "tradewind region key 2";

/// A region key file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegionKeyError {
    /// The file cannot be read or written.
    #[error("cannot use region key file {}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The file is not a key file.
    #[error("{} is not a region key file; restore it from its backup, without it no mail can be read", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// Others can read the file.
    #[error("region key file {} can be read by others (mode {mode:03o}); run: chmod 600 {}", path.display(), path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What holds the key did not give it.
    #[error("{}: {cause}", path.display())]
    Held {
        /// The file.
        path: PathBuf,
        /// What the holder said.
        cause: HolderError,
    },
    /// The key has had all the generations that it may have.
    #[error(transparent)]
    TooManyGenerations(#[from] TooManyGenerations),
}

/// A region key file as it was read.
pub struct RegionFile {
    /// What holds the key.
    pub held_by: HeldBy,
    /// The newest generation only opens: other nodes may not have it yet.
    pub newest_waits: bool,
    generations: Vec<KeyBytes>,
}

impl RegionFile {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// [`RegionKeyError`] if it is missing, malformed, readable by others, or its holder does not give the key.
    pub fn read(path: &Path, holders: &dyn Holders) -> Result<Self, RegionKeyError> {
        let failed = |cause| RegionKeyError::Io { path: path.to_owned(), cause };
        let malformed = || RegionKeyError::Malformed { path: path.to_owned() };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(RegionKeyError::Exposed { path: path.to_owned(), mode });
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(failed)?);
        let mut lines = text.lines().map(str::trim);
        let (held_by, newest_waits) = match lines.next() {
            Some(PLAIN) => (HeldBy::File, false),
            Some(HELD) => {
                let held_by = lines.next().and_then(|line| line.strip_prefix("held by: ")?.parse().ok());
                let newest = lines.next().and_then(|line| line.strip_prefix("newest: ")).ok_or_else(malformed)?;
                (held_by.ok_or_else(malformed)?, newest == "waits")
            }
            _ => return Err(malformed()),
        };
        let kept = STANDARD.decode(lines.next().unwrap_or_default()).map_err(|_| malformed())?;
        let bytes = match &held_by {
            HeldBy::File => Zeroizing::new(kept),
            other => holders
                .holder(other)
                .and_then(|holder| holder.unwrap(&kept))
                .map_err(|cause| RegionKeyError::Held { path: path.to_owned(), cause })?,
        };
        let generations = KeyBytes::several("region key", bytes).map_err(|_| malformed())?;
        Ok(Self { held_by, newest_waits, generations })
    }

    /// A file with `generations`, as shares have given them back.
    pub(super) fn of(bytes: Zeroizing<Vec<u8>>) -> Option<Self> {
        let generations = KeyBytes::several("region key", bytes).ok()?;
        Some(Self { held_by: HeldBy::File, newest_waits: false, generations })
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> Key<Region> {
        let generations = self.generations.iter().map(|bytes| KeyBytes(bytes.0)).collect();
        Key::from_generations(generations, self.newest_waits.then_some(Timestamp::from_millis(i64::MAX)))
    }

    /// How many generations the key has.
    #[must_use]
    pub fn generations(&self) -> usize {
        self.generations.len()
    }

    /// Eight hexadecimal digits by which people tell whether two files have the same key. They say nothing of the key itself.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.key().fingerprint()
    }

    /// Adds a generation, which waits until [`Self::newest_waits`] is taken away.
    ///
    /// # Errors
    /// [`RegionKeyError::TooManyGenerations`] at the limit.
    pub fn rotate(&mut self, entropy: &dyn Entropy) -> Result<(), RegionKeyError> {
        let rotated = self.key().rotated(entropy, Timestamp::from_millis(i64::MAX))?;
        self.generations = rotated.bytes().map(|bytes| KeyBytes(*bytes)).collect();
        self.newest_waits = true;
        Ok(())
    }

    /// Writes it to `path`, readable by its owner alone, in place of what is there; the old file stays until the new one has been read back
    /// through its holder.
    ///
    /// # Errors
    /// [`RegionKeyError`] if it cannot be written, or its holder does not take the key and give it back.
    pub fn replace(&self, path: &Path, holders: &dyn Holders) -> Result<(), RegionKeyError> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".new");
        let beside = PathBuf::from(beside);
        let failed = |cause| RegionKeyError::Io { path: beside.clone(), cause };
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        write_new(&beside, &self.text(&beside, holders)?)?;
        let again = Self::read(&beside, holders)?;
        if !again.key().bytes().eq(self.key().bytes()) {
            return Err(RegionKeyError::Malformed { path: beside });
        }
        fs::rename(&beside, path).map_err(failed)?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(failed)
    }

    /// All generations' bytes, the oldest first.
    pub(super) fn bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.generations.iter().flat_map(|bytes| bytes.0).collect())
    }

    fn text(&self, path: &Path, holders: &dyn Holders) -> Result<Zeroizing<String>, RegionKeyError> {
        let bytes = self.bytes();
        let kept = match &self.held_by {
            HeldBy::File => bytes,
            other => holders
                .holder(other)
                .and_then(|holder| holder.wrap(&bytes))
                .map(Zeroizing::new)
                .map_err(|cause| RegionKeyError::Held { path: path.to_owned(), cause })?,
        };
        let newest = if self.newest_waits { "waits" } else { "in force" };
        let kept = Zeroizing::new(STANDARD.encode(&*kept));
        let text = format!("{HELD}\nheld by: {}\nnewest: {newest}\n{}\n", self.held_by, &*kept);
        Ok(Zeroizing::new(text))
    }
}

/// Makes a region key and writes it to `path`, which must not exist, readable by its owner alone.
///
/// # Errors
/// [`RegionKeyError::Io`] if the file exists or cannot be written.
pub fn create(path: &Path, entropy: &dyn Entropy) -> Result<Key<Region>, RegionKeyError> {
    let mut bytes = Zeroizing::new([0; KEY_BYTES]);
    entropy.fill(&mut *bytes);
    let text = Zeroizing::new(STANDARD.encode(*bytes));
    write_new(path, &format!("{PLAIN}\n{}\n", &*text))?;
    Ok(Key::from_bytes(*bytes))
}

/// Reads the region key from a file that has it in clear.
///
/// # Errors
/// [`RegionKeyError`] if the file is missing, malformed or readable by others, or something else holds the key.
pub fn load(path: &Path) -> Result<Key<Region>, RegionKeyError> {
    Ok(RegionFile::read(path, &NoHolders)?.key())
}

fn write_new(path: &Path, text: &str) -> Result<(), RegionKeyError> {
    let failed = |cause| RegionKeyError::Io { path: path.to_owned(), cause };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.sync_all().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Organisation;
    use crate::region::Program;
    use env::SeededEntropy;

    const NOW: Timestamp = Timestamp::from_seconds(1);

    #[test]
    fn a_key_file_is_private_and_never_overwritten() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("region.key");
        let key = create(&path, &SeededEntropy::new(5)).unwrap();
        assert!(load(&path).unwrap().bytes().eq(key.bytes()));
        assert!(matches!(create(&path, &SeededEntropy::new(6)), Err(RegionKeyError::Io { .. })));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load(&path), Err(RegionKeyError::Exposed { mode: 0o640, .. })));
    }

    /// Turns every octet around; `broken` ones answer with something else than they were given.
    struct Turning {
        broken: bool,
    }

    impl Holders for Turning {
        fn holder(&self, _: &HeldBy) -> Result<Box<dyn super::super::Holder>, HolderError> {
            let script = if self.broken {
                "cat >/dev/null; head -c 32 /dev/zero | base64 -w0"
            } else {
                "case $1 in wrap) base64 -w0;; unwrap) base64 -d;; esac"
            };
            let command = ["sh", "-c", script, "turning"].map(str::to_owned).to_vec();
            Ok(Box::new(Program::new(command)?))
        }
    }

    #[test]
    fn a_key_moves_to_a_holder_and_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("region.key");
        let key = create(&path, &SeededEntropy::new(5)).unwrap();
        let plain = fs::read_to_string(&path).unwrap().lines().nth(1).unwrap().to_owned();
        let works = Turning { broken: false };
        let mut file = RegionFile::read(&path, &works).unwrap();
        file.held_by = HeldBy::Program;
        file.replace(&path, &works).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains("held by: program") && !text.contains(&plain), "{text}");
        assert!(matches!(load(&path), Err(RegionKeyError::Held { .. })), "nobody but the holder has it");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut again = RegionFile::read(&path, &works).unwrap();
        assert!(again.key().bytes().eq(key.bytes()));
        again.held_by = HeldBy::File;
        again.replace(&path, &works).unwrap();
        assert!(load(&path).unwrap().bytes().eq(key.bytes()));
    }

    #[test]
    fn a_holder_that_gives_back_another_key_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("region.key");
        let key = create(&path, &SeededEntropy::new(5)).unwrap();
        let broken = Turning { broken: true };
        let mut file = RegionFile::read(&path, &broken).unwrap();
        file.held_by = HeldBy::Program;
        assert!(file.replace(&path, &broken).is_err());
        assert!(load(&path).unwrap().bytes().eq(key.bytes()));
    }

    #[test]
    fn a_new_generation_waits_and_then_wraps() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("region.key");
        let entropy = SeededEntropy::new(5);
        let first = create(&path, &entropy).unwrap();
        let organisation = Key::<Organisation>::generate(&entropy);
        let mut file = RegionFile::read(&path, &NoHolders).unwrap();
        let before = file.fingerprint();
        file.rotate(&entropy).unwrap();
        file.replace(&path, &NoHolders).unwrap();
        let waiting = RegionFile::read(&path, &NoHolders).unwrap();
        assert!(waiting.newest_waits);
        assert_eq!(waiting.generations(), 2);
        assert_ne!(waiting.fingerprint(), before);
        let wrapped = waiting.key().wrap(&entropy, &organisation, 1);
        assert!(first.unwrap_key::<Organisation>(&wrapped, 1, NOW).is_ok(), "nodes without it still open everything");
        file.newest_waits = false;
        file.replace(&path, &NoHolders).unwrap();
        let in_force = load(&path).unwrap();
        let wrapped_anew = in_force.wrap(&entropy, &organisation, 1);
        assert!(first.unwrap_key::<Organisation>(&wrapped_anew, 1, NOW).is_err());
        assert!(in_force.unwrap_key::<Organisation>(&wrapped, 1, NOW).is_ok());
    }

    #[test]
    fn what_is_no_key_file_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("region.key");
        for text in [
            "",
            "tradewind region key 1\n",
            "tradewind region key 2\nheld by: moon\nnewest: waits\nAAAA\n",
            "tradewind region key 2\nheld by: file\n",
            "tradewind region key 1\nAAAA\n",
            "tradewind region key 3\n",
        ] {
            let _ = fs::remove_file(&path);
            write_new(&path, text).unwrap();
            assert!(matches!(load(&path), Err(RegionKeyError::Malformed { .. })), "{text:?}");
        }
    }
}
