use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::{Outcome, Process, Reserved, Scratch, SelfSigned, free_port, run};

/// What starting may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An OpenLDAP server with a directory of its own.
pub struct Slapd {
    /// Its address: `ldaps://localhost:PORT`.
    pub url: String,
    /// Certificate to trust, in PEM.
    pub ca: PathBuf,
    /// File with the password of [`Slapd::ROOT`] on its first line.
    pub password_file: PathBuf,
    config: PathBuf,
    process: Process,
    scratch: Scratch,
    port: Reserved,
}

impl Slapd {
    /// Who may change everything.
    pub const ROOT: &'static str = "cn=admin,dc=trade,dc=test";

    /// Starts it with the entries of `ldif`.
    ///
    /// # Errors
    /// If it does not start.
    pub fn start(ldif: &str) -> Outcome<Self> {
        let scratch = Scratch::new("slapd")?;
        let certificate = SelfSigned::write(&scratch)?;
        let port = free_port()?;
        let here = scratch.path().display();
        scratch.directory("data")?;
        let config = format!(
            "include /etc/ldap/schema/core.schema\n\
             include /etc/ldap/schema/cosine.schema\n\
             include /etc/ldap/schema/inetorgperson.schema\n\
             pidfile {here}/pid\n\
             modulepath /usr/lib/ldap\n\
             moduleload back_mdb\n\
             allow bind_anon_cred\n\
             TLSCertificateFile {cert}\n\
             TLSCertificateKeyFile {key}\n\
             sizelimit size.soft=100 size.hard=100 size.prtotal=unlimited\n\
             database mdb\n\
             suffix \"dc=trade,dc=test\"\n\
             rootdn \"{root}\"\n\
             rootpw secret\n\
             directory {here}/data\n",
            cert = certificate.certificate.display(),
            key = certificate.key.display(),
            root = Self::ROOT,
        );
        let config = scratch.file("slapd.conf", config)?;
        let entries = scratch.file("entries.ldif", ldif)?;
        let mut load = Command::new("/usr/sbin/slapadd");
        load.arg("-f").arg(&config).arg("-l").arg(entries);
        run(load, PATIENCE)?.success()?;
        let url = format!("ldaps://localhost:{}", port.port);
        let process = serve(&scratch, &config, &port)?;
        let password_file = scratch.file("password", "secret\n")?;
        Ok(Self { url, ca: certificate.certificate, password_file, config, process, scratch, port })
    }

    /// Changes entries as `ldapmodify` takes it.
    ///
    /// # Errors
    /// If it is refused.
    pub fn modify(&self, ldif: &str) -> Outcome {
        let changes = self.scratch.file("changes.ldif", ldif)?;
        let mut command = Command::new("ldapmodify");
        command
            // This client, which is not what is tested, takes no certificate that is its own authority.
            .env("LDAPTLS_REQCERT", "never")
            .args(["-H", &self.url, "-D", Self::ROOT, "-w", "secret", "-f"])
            .arg(changes);
        run(command, PATIENCE)?.success()?;
        Ok(())
    }

    /// Starts it again after [`Slapd::stop`].
    ///
    /// # Errors
    /// If it does not start.
    pub fn start_again(&mut self) -> Outcome {
        self.process = serve(&self.scratch, &self.config, &self.port)?;
        Ok(())
    }

    /// Has it take connections and answer nothing until [`Slapd::go_on`].
    ///
    /// # Errors
    /// If it is gone.
    pub fn freeze(&mut self) -> Outcome {
        self.process.freeze()
    }

    /// Ends [`Slapd::freeze`].
    ///
    /// # Errors
    /// If it is gone.
    pub fn go_on(&mut self) -> Outcome {
        self.process.go_on()
    }

    /// Ends it, as when the machine is down.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub fn stop(&mut self) -> Outcome {
        self.process.kill9()
    }
}

/// In the foreground, on loopback alone.
fn serve(scratch: &Scratch, config: &Path, port: &Reserved) -> Outcome<Process> {
    let mut command = Command::new("/usr/sbin/slapd");
    command.args(["-d", "0", "-h", &format!("ldaps://127.0.0.1:{}", port.port), "-f"]).arg(config);
    let mut process = Process::spawn("slapd", scratch.path(), command)?;
    process.wait_for_port(([127, 0, 0, 1], port.port).into(), PATIENCE)?;
    Ok(process)
}
