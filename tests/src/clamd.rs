use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::{Outcome, Process, Scratch, wait_until};

/// What starting may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// ClamAV's scanner with a database of one signature of ours: nothing is downloaded.
pub struct Clamd {
    /// Its socket.
    pub socket: PathBuf,
    _process: Process,
    _scratch: Scratch,
}

impl Clamd {
    /// What the one signature finds.
    pub const BAD: &'static str = "TRADEWIND-MADE-UP-MALWARE-0b1c5f";

    /// Starts it.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start() -> Outcome<Self> {
        let scratch = Scratch::new("clamd")?;
        let database = scratch.directory("database")?;
        let digits: String = Self::BAD.bytes().map(|octet| format!("{octet:02x}")).collect();
        std::fs::write(database.join("made.ndb"), format!("Tradewind.MadeUp:0:*:{digits}\n"))?;
        let socket = scratch.join("socket");
        let config = format!(
            "LocalSocket {}\nDatabaseDirectory {}\nForeground yes\nScanMail yes\n",
            socket.display(),
            database.display()
        );
        let config = scratch.file("clamd.conf", config)?;
        let mut command = Command::new("/usr/sbin/clamd");
        command.arg("-c").arg(config);
        let process = Process::spawn("clamd", scratch.path(), command)?;
        wait_until("the socket of clamd", PATIENCE, || Ok(socket.exists().then_some(())))?;
        Ok(Self { socket, _process: process, _scratch: scratch })
    }
}
