use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::Duration;

use serde_json::Value;

use crate::{Access, Browser, Failure, Finished, Outcome, PortBase, Process, Scratch, Trust, imap, run, smtp};

/// From the start of the program to "everything is listening".
const START_LIMIT: Duration = Duration::from_secs(60);
/// A stop finishes connections and flushes in less than this.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// How a Tradewind is set up.
#[derive(Default)]
pub struct Options {
    domain: Option<String>,
    place: Option<PathBuf>,
    store: Option<String>,
    settings: Vec<(String, String, String)>,
    environment: Vec<(String, String)>,
}

impl Options {
    /// Mail domain of the demo company instead of `trade.test`.
    #[must_use]
    pub fn domain(mut self, domain: &str) -> Self {
        self.domain = Some(domain.to_owned());
        self
    }

    /// Keeps everything in this directory instead of a fresh one.
    #[must_use]
    pub fn place(mut self, directory: &Path) -> Self {
        self.place = Some(directory.to_owned());
        self
    }

    /// Keeps mail and accounts in the PostgreSQL database at this address.
    #[must_use]
    pub fn store(mut self, url: &str) -> Self {
        self.store = Some(url.to_owned());
        self
    }

    /// One setting of the configuration file, its value in TOML.
    #[must_use]
    pub fn set(mut self, section: &str, name: &str, value: &str) -> Self {
        self.settings.push((section.to_owned(), name.to_owned(), value.to_owned()));
        self
    }

    /// A variable of the server's environment, at every start.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// As [`Options::set`], where the test does not set it itself.
    #[must_use]
    pub(crate) fn set_first(mut self, section: &str, name: &str, value: &str) -> Self {
        self.settings.insert(0, (section.to_owned(), name.to_owned(), value.to_owned()));
        self
    }

    /// Mail for `domain` goes to the server at `to`.
    #[must_use]
    pub fn route(self, domain: &str, to: SocketAddr) -> Self {
        self.set("delivery", "route", &format!("[{{ recipients = [\"{domain}\"], relay = \"{to}\" }}]"))
    }
}

/// An account of the demo company.
#[derive(Debug, Clone)]
pub struct Account {
    /// Mail address, which is also the name to sign in with.
    pub address: String,
    /// Password.
    pub password: String,
    /// Job role: `sales`, `finance`, `manager`, `admin`.
    pub role: String,
}

/// A running Tradewind, set up by `tradewind quickstart` on ports of its own.
pub struct Tradewind {
    process: Process,
    /// What the program printed when everything was listening.
    pub ready: Value,
    accounts: Vec<Account>,
    starts: u32,
    domain: String,
    directory: PathBuf,
    scratch: Scratch,
    ports: PortBase,
    environment: Vec<(String, String)>,
}

impl Tradewind {
    /// Sets it up, starts it and waits until everything listens.
    ///
    /// # Errors
    /// If there is no binary, set-up fails, or the server does not come up; with the end of its log.
    pub fn start(options: Options) -> Outcome<Self> {
        // Tests send more than people do; those about that set it themselves.
        let options =
            options.set_first("judging", "sent_per_hour", "0").set_first("judging", "sent_fresh_per_hour", "0");
        // Beside other tests a backup that gives way would never end.
        let options = options.set_first("backup", "gives_way", "false");
        let scratch = Scratch::new("tradewind")?;
        let ports = PortBase::take()?;
        let domain = options.domain.unwrap_or_else(|| "trade.test".to_owned());
        let directory = options.place.unwrap_or_else(|| scratch.join("site"));
        let mut set_up = quickstart(&directory, &domain, ports.base)?;
        set_up.arg("--no-serve").arg("--store").arg(options.store.as_deref().unwrap_or("embedded"));
        let set_up = run(set_up, START_LIMIT)?.success()?;
        let accounts = accounts(&last_json(&set_up.stdout)?);
        change_settings(&directory, &options.settings)?;
        let environment = options.environment;
        let process = serve(&directory, &domain, ports.base, scratch.path(), 0, &environment)?;
        let ready = Value::Null;
        let mut tradewind =
            Self { process, ready, accounts, starts: 1, domain, directory, scratch, ports, environment };
        tradewind.wait_ready()?;
        Ok(tradewind)
    }

    /// Starts another node on the same PostgreSQL database, with the same keys and accounts and ports of its own.
    ///
    /// # Errors
    /// As [`Tradewind::start`].
    pub fn start_node(&self, number: u16, options: Options) -> Outcome<Self> {
        let scratch = Scratch::new("tradewind")?;
        let ports = PortBase::take()?;
        let directory = scratch.join("site");
        fs::create_dir_all(directory.join("tls"))?;
        for file in ["region.key", "tls/ca.pem", "tls/server.pem", "tls/server.key", "tls/gm.pem", "tls/gm.key"] {
            fs::copy(self.directory.join(file), directory.join(file))?;
        }
        let mut config = fs::read_to_string(self.directory.join("tradewind.toml"))?;
        for usual in [25, 80, 143, 443, 465, 587, 993] {
            let port = |base: u16| format!("127.0.0.1:{}\"", base + usual);
            config = config.replace(&port(self.ports.base), &port(ports.base));
        }
        fs::write(directory.join("tradewind.toml"), config)?;
        change_settings(&directory, &options.set("server", "node", &number.to_string()).settings)?;
        let environment = self.environment.clone();
        let process = serve(&directory, &self.domain, ports.base, scratch.path(), 0, &environment)?;
        let (domain, accounts) = (self.domain.clone(), self.accounts.clone());
        let ready = Value::Null;
        let mut node = Self { process, ready, accounts, starts: 1, domain, directory, scratch, ports, environment };
        node.wait_ready()?;
        Ok(node)
    }

    /// The running figure `name` of its metrics page; 0 if it has none.
    ///
    /// # Errors
    /// If the page cannot be read.
    pub fn figure(&self, name: &str) -> Outcome<u64> {
        let mut page = String::new();
        let mut http = TcpStream::connect(self.listen("http")?)?;
        http.write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        http.read_to_string(&mut page)?;
        let found = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
        Ok(found.unwrap_or(0))
    }

    fn wait_ready(&mut self) -> Outcome {
        self.ready = serde_json::from_str(&self.process.wait_for_line("{", START_LIMIT)?)?;
        if self.accounts.is_empty() {
            self.accounts = accounts(&self.ready);
        }
        Ok(())
    }

    /// Address of a service: `smtp`, `submission`, `submissions`, `imap`, `imaps`, `http`, `https`.
    ///
    /// # Errors
    /// If it does not listen.
    pub fn listen(&self, service: &str) -> Outcome<SocketAddr> {
        let listed = &self.ready["listen"][service];
        let text = listed.as_str().or_else(|| listed.get(0).and_then(Value::as_str));
        let text = text.ok_or_else(|| Failure::new(format!("no service {service} in {}", self.ready)))?;
        Ok(text.parse()?)
    }

    /// The account with a job role.
    ///
    /// # Errors
    /// If there is none.
    pub fn account(&self, role: &str) -> Outcome<Account> {
        let found = self.accounts.iter().find(|account| account.role == role);
        found.cloned().ok_or_else(|| Failure::new(format!("no account for {role}")))
    }

    /// All accounts of the demo company.
    #[must_use]
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// Certificate of the local authority, in PEM.
    ///
    /// # Errors
    /// If the program named none.
    pub fn ca(&self) -> Outcome<PathBuf> {
        self.path_in_answer("ca")
    }

    /// Its configuration file.
    ///
    /// # Errors
    /// If the program named none.
    pub fn config(&self) -> Outcome<PathBuf> {
        self.path_in_answer("config")
    }

    fn path_in_answer(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.ready[name].as_str().ok_or_else(|| Failure::new(format!("no {name} in {}", self.ready)))?;
        Ok(PathBuf::from(path))
    }

    /// The directory that holds all of it.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The directory of what this process has on disk: all of it and its log.
    #[must_use]
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Memory that it holds in bytes (resident set).
    ///
    /// # Errors
    /// If it does not run.
    pub fn memory_bytes(&self) -> Outcome<u64> {
        self.memory("VmRSS:")
    }

    /// The most memory that it has held since it began, or since [`Tradewind::forget_peak`], in bytes (resident set).
    ///
    /// # Errors
    /// If it does not run.
    pub fn memory_peak_bytes(&self) -> Outcome<u64> {
        self.memory("VmHWM:")
    }

    /// Lets the peak begin anew from what it holds now.
    ///
    /// # Errors
    /// If the system refuses.
    pub fn forget_peak(&self) -> Outcome {
        // See proc(5), clear_refs.
        Ok(fs::write(format!("/proc/{}/clear_refs", self.id()), "5")?)
    }

    fn memory(&self, figure: &str) -> Outcome<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(figure));
        let kib: u64 = line.unwrap_or_default().trim().trim_end_matches(" kB").parse()?;
        Ok(kib * 1024)
    }

    /// What a client is told to reach the mailbox of the account with a job role.
    ///
    /// # Errors
    /// If there is no such account.
    pub fn access(&self, role: &str) -> Outcome<Access> {
        let Account { address: user, password, .. } = self.account(role)?;
        Ok(Access { imaps: self.listen("imaps")?, user, password, ca: self.ca()? })
    }

    /// An IMAP session of the account with a job role, over TLS, with the local authority checked.
    ///
    /// # Errors
    /// If sign-in fails.
    pub fn imap(&self, role: &str) -> Outcome<imap::Client> {
        self.access(role)?.session()
    }

    /// Makes an account `name` with the usual mailboxes and room for `quota_mib` MiB (0: without limit); gives what its client is told.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn new_account(&self, name: &str, quota_mib: u32) -> Outcome<Access> {
        let address = format!("{name}@{}", self.domain);
        let quota = quota_mib.to_string();
        let made = self.command(&["--json", "user", "add", &address, "--quota-mib", &quota])?.success()?;
        let told = last_json(&made.stdout)?;
        let password = told["password"].as_str().ok_or_else(|| Failure::new(format!("no password in {told}")))?;
        Ok(Access { imaps: self.listen("imaps")?, user: address, password: password.to_owned(), ca: self.ca()? })
    }

    /// A submission session of the account with a job role, over TLS, signed in.
    ///
    /// # Errors
    /// If sign-in fails.
    pub fn submission(&self, role: &str) -> Outcome<smtp::Client> {
        let account = self.account(role)?;
        let mut client = smtp::Client::connect_tls(self.listen("submissions")?, &Trust::Authority(self.ca()?))?;
        client.sign_in(&account.address, &account.password)?;
        Ok(client)
    }

    /// A browser that holds no cookies yet.
    ///
    /// # Errors
    /// If there is no service for it.
    pub fn browser(&self) -> Outcome<Browser> {
        Ok(Browser::new(self.listen("https")?, Trust::Authority(self.ca()?)))
    }

    /// An SMTP session as another mail server has it, without TLS.
    ///
    /// # Errors
    /// If the server does not greet.
    pub fn smtp(&self) -> Outcome<smtp::Client> {
        smtp::Client::connect(self.listen("smtp")?, smtp::Dialect::Smtp)
    }

    /// Runs `tradewind` with this server's configuration and `arguments`.
    ///
    /// # Errors
    /// If the program cannot be run.
    pub fn command(&self, arguments: &[&str]) -> Outcome<Finished> {
        let mut command = Command::new(binary()?);
        command.arg("--config").arg(self.config()?).args(arguments);
        run(command, Duration::from_secs(120))
    }

    /// Asks it to stop (SIGTERM); gives how it ended and how long that took.
    ///
    /// # Errors
    /// If it is not gone after ten seconds.
    pub fn stop(&mut self) -> Outcome<(ExitStatus, Duration)> {
        self.process.stop(STOP_LIMIT)
    }

    /// Ends it as a power cut would (SIGKILL).
    ///
    /// # Errors
    /// If the signal cannot be sent.
    pub fn kill9(&mut self) -> Outcome {
        self.process.kill9()
    }

    /// Starts it again on the same directory and ports, after [`Tradewind::stop`] or [`Tradewind::kill9`].
    ///
    /// # Errors
    /// If it does not come up; with the end of its log.
    pub fn restart(&mut self) -> Outcome {
        let (base, logs) = (self.ports.base, self.scratch.path());
        self.process = serve(&self.directory, &self.domain, base, logs, self.starts, &self.environment)?;
        self.starts += 1;
        self.wait_ready()
    }

    /// Sets a value in its configuration file, which it reads when it is started again.
    ///
    /// # Errors
    /// If the file cannot be changed.
    pub fn change_setting(&self, section: &str, name: &str, value: &str) -> Outcome {
        change_settings(&self.directory, &[(section.to_owned(), name.to_owned(), value.to_owned())])
    }

    /// The end of its log.
    #[must_use]
    pub fn log_tail(&self) -> String {
        self.process.log_tail()
    }

    /// The program, built by `cargo build --package tradewind` if it is not there yet.
    ///
    /// # Errors
    /// If it cannot be found or built.
    pub fn binary() -> Outcome<PathBuf> {
        binary()
    }
}

fn quickstart(directory: &Path, domain: &str, base: u16) -> Outcome<Command> {
    let mut command = Command::new(binary()?);
    command
        .args(["quickstart", "--json", "--domain", domain, "--port-base", &base.to_string(), "--dir"])
        .arg(directory);
    Ok(command)
}

fn serve(
    directory: &Path,
    domain: &str,
    base: u16,
    logs: &Path,
    start: u32,
    environment: &[(String, String)],
) -> Outcome<Process> {
    let mut command = quickstart(directory, domain, base)?;
    command.envs(environment.iter().map(|(name, value)| (name, value)));
    Process::spawn(&format!("tradewind-{start}"), logs, command)
}

/// Where `TRADEWIND_BIN` says, or in the target directory that this test was built into.
fn binary() -> Outcome<PathBuf> {
    if let Some(path) = std::env::var_os("TRADEWIND_BIN") {
        return Ok(PathBuf::from(path));
    }
    let this = std::env::current_exe()?;
    // target/debug/deps/test-0123 or target/release/bench
    let profile = this.ancestors().find(|path| path.ends_with("debug") || path.ends_with("release"));
    let profile = profile.ok_or_else(|| Failure::new("no target directory above this program; set TRADEWIND_BIN"))?;
    let binary = profile.join("tradewind");
    if !binary.exists() {
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build.args(["build", "--quiet", "--package", "tradewind", "--manifest-path"]);
        build.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"));
        if profile.ends_with("release") {
            build.arg("--release");
        }
        run(build, Duration::from_secs(1800))?.success()?;
    }
    Ok(binary)
}

fn last_json(output: &str) -> Outcome<Value> {
    let line = output.lines().rev().find(|line| line.starts_with('{'));
    Ok(serde_json::from_str(line.ok_or_else(|| Failure::new(format!("no JSON line in {output:?}")))?)?)
}

fn accounts(answer: &Value) -> Vec<Account> {
    let text = |account: &Value, name: &str| account[name].as_str().map(str::to_owned);
    let listed = answer["accounts"].as_array().map(Vec::as_slice).unwrap_or_default();
    listed
        .iter()
        .filter_map(|account| {
            let (address, password) = (text(account, "address")?, text(account, "password")?);
            Some(Account { address, password, role: text(account, "role")? })
        })
        .collect()
}

/// Sets the given values in the configuration file and leaves the rest of it as it is.
fn change_settings(directory: &Path, settings: &[(String, String, String)]) -> Outcome {
    if settings.is_empty() {
        return Ok(());
    }
    let path = directory.join("tradewind.toml");
    let mut document: toml_edit::DocumentMut = fs::read_to_string(&path)?.parse()?;
    for (section, name, value) in settings {
        let value: toml_edit::Value = value.parse()?;
        document[section][name] = toml_edit::value(value);
    }
    fs::write(&path, document.to_string())?;
    Ok(())
}
