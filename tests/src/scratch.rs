use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// A directory that is gone when the value is; with `TRADEWIND_KEEP=1` it stays and its path is printed.
///
/// Other users may pass through it: peers drop their privileges and must still reach their files.
pub struct Scratch(tempfile::TempDir);

impl Scratch {
    /// An empty directory. `name` becomes part of its path, which is kept short since sockets lie in it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new(name: &str) -> Outcome<Self> {
        let mut directory = tempfile::Builder::new().prefix(&format!("tw-{name}-")).tempdir()?;
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755))?;
        if std::env::var_os("TRADEWIND_KEEP").is_some() {
            directory.disable_cleanup(true);
            eprintln!("keeps {}", directory.path().display());
        }
        Ok(Self(directory))
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of `name` in it.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Makes the directory `name` in it.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn directory(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.join(name);
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    /// Writes the file `name` in it.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> Outcome<PathBuf> {
        let path = self.join(name);
        if let Some(above) = path.parent() {
            fs::create_dir_all(above)?;
        }
        fs::write(&path, content)?;
        Ok(path)
    }
}
