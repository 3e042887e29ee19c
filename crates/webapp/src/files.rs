//! Where the built files are.

use std::borrow::Cow;
use std::path::PathBuf;

use rust_embed::Embed;

/// What `make web` left when the program was built; perhaps nothing.
#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Built;

/// Where the files are read from.
pub(crate) enum Files {
    /// From the program itself.
    Embedded,
    /// From a directory, anew each time.
    Directory(PathBuf),
}

impl Files {
    /// The file called `name`, which is plain as [`is_plain`] says; nothing if there is none.
    pub(crate) async fn read(&self, name: &str) -> Option<Cow<'static, [u8]>> {
        match self {
            Self::Embedded => Built::get(name).map(|file| file.data),
            Self::Directory(directory) => {
                let path = directory.join(name);
                tokio::fs::read(&path).await.map(Cow::Owned).ok()
            }
        }
    }
}

/// Whether a name is one that a build gives: words of letters, digits, `-`, `_` and `.`, with slashes between, none beginning with a
/// dot. No such name leads out of its directory.
pub(crate) fn is_plain(name: &str) -> bool {
    name.split('/').all(|word| {
        !word.is_empty()
            && !word.starts_with('.')
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    })
}
