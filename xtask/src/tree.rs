//! The source tree as text.

use std::fs;
use std::path::{Path, PathBuf};

/// A source file.
pub(crate) struct Source {
    /// Path below the tree's root, with forward slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Everything that the checks read.
pub(crate) struct Tree {
    pub(crate) root: PathBuf,
    /// Rust files, sorted by path.
    pub(crate) sources: Vec<Source>,
    /// For each package its manifest's path and text.
    pub(crate) manifests: Vec<Source>,
}

impl Tree {
    pub(crate) fn read() -> Result<Self, String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("the workspace has no root")?.to_owned();
        let mut tree = Self { root: root.clone(), sources: Vec::new(), manifests: Vec::new() };
        for top in ["crates", "xtask", "bench", "tests", "tradegen", "fuzz"] {
            tree.walk(&root.join(top))?;
        }
        tree.sources.sort_by(|one, two| one.path.cmp(&two.path));
        tree.manifests.sort_by(|one, two| one.path.cmp(&two.path));
        Ok(tree)
    }

    fn walk(&mut self, directory: &Path) -> Result<(), String> {
        let Ok(entries) = fs::read_dir(directory) else { return Ok(()) };
        for entry in entries {
            let path = entry.map_err(|error| format!("{}: {error}", directory.display()))?.path();
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            if path.is_dir() {
                if name != "target" && name != "node_modules" {
                    self.walk(&path)?;
                }
            } else if name == "Cargo.toml" || name.ends_with(".rs") {
                let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
                let below = path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().into_owned();
                let source = Source { path: below, text };
                if name == "Cargo.toml" { self.manifests.push(source) } else { self.sources.push(source) }
            }
        }
        Ok(())
    }
}
