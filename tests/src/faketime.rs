use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::{Failure, Outcome, Scratch, run};

/// A clock that programs see in place of the machine's, and that is set while they run (Debian's libfaketime). How much time passes between two
/// moments of theirs (the monotonic clock) stays what it is.
pub struct Faketime {
    library: String,
    file: PathBuf,
}

impl Faketime {
    /// One that shows the machine's time.
    ///
    /// # Errors
    /// If the library is not installed.
    pub fn new(scratch: &Scratch) -> Outcome<Self> {
        let mut list = Command::new("dpkg-query");
        list.args(["-L", "libfaketime"]);
        let listed = run(list, Duration::from_secs(20))?.success()?.stdout;
        let library = listed.lines().find(|line| line.ends_with("libfaketimeMT.so.1"));
        let library =
            library.ok_or_else(|| Failure::new("libfaketimeMT.so.1 is missing: apt-get install libfaketime"))?;
        let clock = Self { library: library.to_owned(), file: scratch.join("clock") };
        clock.set("+0")?;
        Ok(clock)
    }

    /// What a program needs to see it.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        [
            ("LD_PRELOAD", self.library.clone()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }

    /// Sets it to so many days from the machine's time.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn set_days(&self, days: i64) -> Outcome {
        self.set(&format!("{days:+}d"))
    }

    fn set(&self, text: &str) -> Outcome {
        // At once, as it is read at any moment.
        let beside = self.file.with_extension("new");
        fs::write(&beside, format!("{text}\n"))?;
        Ok(fs::rename(beside, &self.file)?)
    }
}
