use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use crate::{Clamd, Outcome, Process, Scratch, free_port};

/// What starting may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The ICAP server `c-icap` with its service for viruses, which asks [`Clamd`].
pub struct CIcap {
    /// Its service: `icap://address:port/avscan`.
    pub url: String,
    _process: Process,
    _scratch: Scratch,
}

impl CIcap {
    /// Starts it.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(clamd: &Clamd) -> Outcome<Self> {
        let scratch = Scratch::new("c-icap")?;
        let port = free_port()?;
        let here = scratch.path().display();
        let config = format!(
            "PidFile {here}/pid\nCommandsSocket {here}/control\nTmpDir {here}\nServerLog {here}/server.log\nAccessLog {here}/access.log\n\
             Timeout 30\nStartServers 1\nMaxServers 2\nThreadsPerChild 4\nPort 127.0.0.1:{port}\n\
             ModulesDir /usr/lib/x86_64-linux-gnu/c_icap\nServicesDir /usr/lib/x86_64-linux-gnu/c_icap\n\
             TemplateDir /usr/share/c_icap/templates/\nLoadMagicFile /etc/c-icap/c-icap.magic\n\
             Module common clamd_mod.so\nclamd_mod.ClamdSocket {socket}\nService antivirus_module virus_scan.so\n\
             ServiceAlias avscan virus_scan?allow204=on&sizelimit=off&mode=simple\n\
             virus_scan.ScanFileTypes TEXT DATA EXECUTABLE ARCHIVE GIF JPEG MSOFFICE\nvirus_scan.MaxObjectSize 5M\n\
             virus_scan.DefaultEngine clamd\n",
            port = port.port,
            socket = clamd.socket.display(),
        );
        let config = scratch.file("c-icap.conf", config)?;
        let mut command = Command::new("/usr/bin/c-icap");
        command.arg("-N").arg("-f").arg(config);
        let mut process = Process::spawn("c-icap", scratch.path(), command)?;
        let address = SocketAddr::from(([127, 0, 0, 1], port.port));
        process.wait_for_port(address, PATIENCE)?;
        Ok(Self { url: format!("icap://{address}/avscan"), _process: process, _scratch: scratch })
    }
}
