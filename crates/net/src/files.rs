//! The limit of open files: every connection is one.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many files the process may have open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileLimit {
    /// In force; `None` is unlimited.
    pub current: Option<u64>,
    /// What it may be raised to; `None` is unlimited.
    pub maximum: Option<u64>,
}

/// Raises the limit of open files to the most that the system grants, and tells what it is now.
///
/// # Errors
/// If the system refuses.
pub fn raise_file_limit() -> io::Result<FileLimit> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum {
        setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    }
    let limit = getrlimit(Resource::Nofile);
    Ok(FileLimit { current: limit.current, maximum: limit.maximum })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn soft_limit_becomes_the_hard_one() {
        let hard = getrlimit(Resource::Nofile).maximum;
        setrlimit(Resource::Nofile, Rlimit { current: Some(256), maximum: hard }).unwrap();
        assert_eq!(raise_file_limit().unwrap(), FileLimit { current: hard, maximum: hard });
    }
}
