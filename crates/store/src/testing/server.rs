//! One PostgreSQL server for all test processes of a user.
//!
//! Whoever comes first starts it from the system's binaries, as an unprivileged user if the tests run as root, on a
//! local socket only, without syncs. Each test process holds a shared lock as long as it lives; a small shell process stops the
//! server and removes its data once nobody has held the lock for a while. Locks die with their processes, so that no
//! crash leaves a server behind for good.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use env::Secret;
use postgres::{Client, NoTls};
use rustix::fs::{FlockOperation, flock};

use crate::Place;

/// Where Debian installs each version's binaries.
pub const INSTALLED: &str = "/usr/lib/postgresql";

/// How long the server may take to start on a loaded machine.
const START_WAIT: Duration = Duration::from_secs(60);

/// Settings of the server: nothing of it need survive, and only this machine's users may reach it.
const SETTINGS: &[&str] = &[
    "listen_addresses=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=on",
    "max_connections=300",
    "shared_buffers=64MB",
    "max_wal_size=256MB",
    "autovacuum=off",
    "log_min_messages=warning",
];

/// Stops the server once `users` has been free for half a minute, under the lock that starters take.
const REAPER: &str = r#"
idle=0
while sleep 5; do
    if flock -n "$1/users" true; then idle=$((idle + 1)); else idle=0; fi
    [ "$idle" -ge 6 ] || continue
    exec 9>"$1/lock"
    flock 9
    if flock -n "$1/users" true; then
        kill -INT "$2"
        while kill -0 "$2" 2>/dev/null; do sleep 0.2; done
        rm -rf "$1/data"
        exit 0
    fi
    idle=0
    exec 9>&-
done
"#;

static SERVER: OnceLock<Option<Server>> = OnceLock::new();

/// A database of its own for one test, dropped with this value.
pub struct Database {
    server: &'static Server,
    name: String,
}

impl Database {
    /// Creates an empty database; nothing if PostgreSQL is not installed.
    ///
    /// # Panics
    /// If it is missing though `TRADEWIND_REQUIRE_PEERS` is set, or does not start.
    #[must_use]
    pub fn create() -> Option<Self> {
        Self::make(|_| "template0".to_owned())
    }

    /// Creates a database that has the schema already: a copy of one that `shape` has brought into shape, once for all test processes that
    /// know the same migrations. Nothing if PostgreSQL is not installed.
    ///
    /// # Panics
    /// As [`Self::create`], or if `shape` panics.
    #[must_use]
    pub fn shaped(shape: fn(Place)) -> Option<Self> {
        Self::make(move |server| server.template(shape))
    }

    fn make(template: impl FnOnce(&Server) -> String + Send + 'static) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        // Opened and used on a thread of its own: the client may not run inside an asynchronous runtime.
        let creating = std::thread::spawn(|| {
            let server = SERVER.get_or_init(Server::join).as_ref()?;
            let name = format!("test_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let statement = format!("CREATE DATABASE {name} TEMPLATE {}", template(server));
            server.admin().expect("the server answers").batch_execute(&statement).expect("a new database");
            Some(Self { server, name })
        });
        creating.join().expect("creating a database")
    }

    /// The database as the place of a store.
    #[must_use]
    pub fn place(&self) -> Place {
        Place::Postgres(Secret::new(self.server.url(&self.name)))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, statement) = (self.server, format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        // Left behind if it fails: the server's data goes anyway once it stops.
        let dropping = std::thread::spawn(move || server.admin().and_then(|mut admin| admin.batch_execute(&statement)));
        drop(dropping.join());
    }
}

struct Server {
    directory: PathBuf,
    /// Held shared as long as this process lives.
    _users: File,
}

impl Server {
    /// Joins those who use the server, starting it if need be.
    fn join() -> Option<Self> {
        let Some(binaries) = binaries() else {
            assert!(std::env::var_os("TRADEWIND_REQUIRE_PEERS").is_none(), "no PostgreSQL under {INSTALLED}");
            return None;
        };
        let uid = rustix::process::getuid().as_raw();
        let directory = std::env::temp_dir().join(format!("tradewind-postgres-{uid}"));
        std::fs::create_dir_all(&directory).expect("the server's directory");
        let owner = std::fs::metadata(&directory).expect("the server's directory").uid();
        assert_eq!(owner, uid, "{} belongs to somebody else", directory.display());
        let lock = lock_file(&directory.join("lock"));
        flock(&lock, FlockOperation::LockExclusive).expect("the starter's lock");
        let users = lock_file(&directory.join("users"));
        flock(&users, FlockOperation::LockShared).expect("the users' lock");
        let server = Self { directory, _users: users };
        if server.admin().is_err() {
            server.start(&binaries);
        }
        Some(server)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://tradewind@/{database}?host={}&connections=12", self.directory.display())
    }

    fn admin(&self) -> Result<Client, postgres::Error> {
        let url = format!("postgres://tradewind@/postgres?host={}", self.directory.display());
        Client::connect(&url, NoTls)
    }

    /// Name of the database that has the schema of this program, made by `shape` if nobody has yet.
    fn template(&self, shape: fn(Place)) -> String {
        let name = format!("shaped_{}", crate::migrate::fingerprint());
        let lock = lock_file(&self.directory.join("shape"));
        flock(&lock, FlockOperation::LockExclusive).expect("the shaper's lock");
        let mut admin = self.admin().expect("the server answers");
        let known = admin.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).expect("the databases");
        if known.is_empty() {
            let making = format!("shaping_{}", std::process::id());
            admin.batch_execute(&format!("CREATE DATABASE {making} TEMPLATE template0")).expect("a new database");
            shape(Place::Postgres(Secret::new(self.url(&making))));
            // The server may still be taking leave of connections.
            let begun = Instant::now();
            let rename = format!("ALTER DATABASE {making} RENAME TO {name}");
            while let Err(error) = admin.batch_execute(&rename) {
                assert!(begun.elapsed() < START_WAIT, "{error}");
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        name
    }

    #[allow(clippy::zombie_processes, reason = "server and reaper outlive the process that starts them")]
    fn start(&self, binaries: &Path) {
        let data = self.directory.join("data");
        if data.exists() {
            std::fs::remove_dir_all(&data).expect("an old server's data");
        }
        std::fs::create_dir(&data).expect("the server's data directory");
        let user = unprivileged();
        if let Some((user, group)) = user {
            for place in [&data, &self.directory.join("log")] {
                drop(OpenOptions::new().create(true).append(true).open(place));
                std::os::unix::fs::chown(place, Some(user), Some(group)).expect("chown");
            }
        }
        let mut initdb = command(&binaries.join("initdb"), user);
        initdb.args(["--no-sync", "--auth=trust", "--username=tradewind", "--encoding=UTF8", "--locale=C"]);
        let made = initdb.arg("-D").arg(&data).current_dir("/").output().expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let log = OpenOptions::new().create(true).append(true).open(self.directory.join("log")).expect("the log");
        let mut postgres = command(&binaries.join("postgres"), user);
        postgres.arg("-D").arg(&data).arg("-k").arg(&data).current_dir("/");
        postgres.args(SETTINGS.iter().flat_map(|setting| ["-c", setting]));
        postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = postgres.spawn().expect("postgres starts");
        self.await_start(&data);
        let pid = child.id().to_string();
        let mut reaper = Command::new("setsid");
        reaper.args(["sh", "-c", REAPER, "reaper"]).arg(&self.directory).arg(pid).current_dir("/");
        reaper.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        reaper.spawn().expect("the reaper starts");
    }

    /// Waits until the server answers, and puts a link to its socket where the tests look for it.
    fn await_start(&self, data: &Path) {
        let (socket, link) = (data.join(".s.PGSQL.5432"), self.directory.join(".s.PGSQL.5432"));
        let begun = Instant::now();
        drop(std::fs::remove_file(&link));
        std::os::unix::fs::symlink(&socket, &link).expect("a link to the socket");
        while self.admin().is_err() {
            assert!(begun.elapsed() < START_WAIT, "PostgreSQL does not start; see {}/log", self.directory.display());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The newest version's binaries.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir(INSTALLED).ok()?.flatten();
    let newest = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max()?;
    let binaries = Path::new(INSTALLED).join(newest.to_string()).join("bin");
    binaries.join("postgres").exists().then_some(binaries)
}

fn lock_file(path: &Path) -> File {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).expect("a lock file")
}

/// User and group that the server runs as where the tests run as root, which PostgreSQL refuses.
fn unprivileged() -> Option<(u32, u32)> {
    if !rustix::process::getuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").expect("the list of users");
    let found = ["postgres", "nobody"].iter().find_map(|name| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    Some(found.expect("a user postgres or nobody"))
}

/// `program` in a session of its own, so that it outlives the test that starts it.
fn command(program: &Path, user: Option<(u32, u32)>) -> Command {
    let mut command = Command::new("setsid");
    if let Some((user, group)) = user {
        command.args(["setpriv", "--clear-groups", &format!("--reuid={user}"), &format!("--regid={group}")]);
    }
    command.arg(program);
    command
}
