//! A PostgreSQL that replicates and fails over by itself: Debian's Patroni and etcd with the example files of the documentation as they stand.
//! The leader is killed under load; what was acknowledged is there afterwards, and the server goes on.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use harness::{Failure, Options, Outcome, Process, Scratch, Tradewind, missing, run, skip, smtp, wait_until};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(90);

/// Between two letters, so that there are not very many.
const PACE: Duration = Duration::from_millis(20);

/// Letters that are acknowledged before the leader dies, and after it.
const LETTERS: usize = 40;

/// The example files.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples/patroni").join(name)
}

fn free_address() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Runs what comes after it as the user postgres, in its own place.
fn as_postgres(program: &str) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups", "--inh-caps=-all", program]);
    command
}

/// A node of the cluster.
struct Node {
    process: Process,
    rest: SocketAddr,
    database: SocketAddr,
    data: PathBuf,
}

impl Node {
    fn start(scratch: &Scratch, name: &str, etcd: SocketAddr) -> Outcome<Self> {
        let (rest, database) = (free_address()?, free_address()?);
        let data = scratch.join(&format!("{name}-data"));
        let mut patroni = as_postgres("patroni");
        patroni.arg(scratch.join("patroni.yml")).env("HOME", scratch.join("cluster"));
        for line in fs::read_to_string(example("node.env"))?.lines() {
            let (key, value) = line.split_once('=').ok_or_else(|| Failure::new(format!("node.env: {line:?}")))?;
            patroni.env(key, value);
        }
        // What is of this machine.
        for (key, value) in [
            ("NAME", name.to_owned()),
            ("ETCD3_HOSTS", etcd.to_string()),
            ("RESTAPI_LISTEN", rest.to_string()),
            ("RESTAPI_CONNECT_ADDRESS", rest.to_string()),
            ("POSTGRESQL_LISTEN", database.to_string()),
            ("POSTGRESQL_CONNECT_ADDRESS", database.to_string()),
            ("POSTGRESQL_DATA_DIR", data.display().to_string()),
            ("POSTGRESQL_PGPASS", scratch.join(&format!("cluster/{name}.pgpass")).display().to_string()),
        ] {
            patroni.env(format!("PATRONI_{key}"), value);
        }
        Ok(Self { process: Process::spawn(name, scratch.path(), patroni)?, rest, database, data })
    }

    /// What the node says of the cluster; nothing while it says nothing.
    fn cluster(&self) -> Option<Value> {
        let mut http = TcpStream::connect(self.rest).ok()?;
        http.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
        http.write_all(b"GET /cluster HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        http.read_to_string(&mut answer).ok()?;
        serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
    }

    /// The name of the member with this role.
    fn member(&self, role: &str) -> Option<String> {
        let cluster = self.cluster()?;
        let member = cluster["members"].as_array()?.iter().find(|it| it["role"] == role && it["state"] != "stopped")?;
        Some(member["name"].as_str()?.to_owned())
    }

    /// Ends Patroni and the database as a power cut would.
    fn kill9(&mut self) -> Outcome {
        let text = fs::read_to_string(self.data.join("postmaster.pid"))?;
        let postmaster: i32 = text.lines().next().unwrap_or_default().trim().parse()?;
        self.process.kill9()?;
        kill(postmaster, "KILL")
    }
}

impl Drop for Node {
    /// The database outlives Patroni unless it is stopped with it.
    fn drop(&mut self) {
        let text = fs::read_to_string(self.data.join("postmaster.pid")).unwrap_or_default();
        if let Some(postmaster) = text.lines().next().and_then(|line| line.trim().parse().ok()) {
            drop(self.process.kill9());
            drop(kill(postmaster, "QUIT"));
        }
    }
}

fn kill(process: i32, signal: &str) -> Outcome {
    let mut kill = Command::new("kill");
    kill.args(["-s", signal, &process.to_string()]);
    run(kill, PATIENCE)?;
    Ok(())
}

struct Cluster {
    nodes: Vec<Node>,
    _etcd: Process,
    scratch: Scratch,
}

impl Cluster {
    fn start() -> Outcome<Self> {
        let scratch = Scratch::new("patroni")?;
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777))?;
        fs::create_dir(scratch.join("cluster"))?;
        fs::set_permissions(scratch.join("cluster"), fs::Permissions::from_mode(0o777))?;
        for name in ["patroni.yml", "database.sql"] {
            fs::copy(example(name), scratch.join(name))?;
        }
        let (client, peer) = (free_address()?, free_address()?);
        let mut etcd = Command::new("etcd");
        etcd.args(["--name", "one", "--data-dir"]).arg(scratch.join("etcd"));
        for flag in ["--listen-client-urls", "--advertise-client-urls"] {
            etcd.args([flag, &format!("http://{client}")]);
        }
        for flag in ["--listen-peer-urls", "--initial-advertise-peer-urls"] {
            etcd.args([flag, &format!("http://{peer}")]);
        }
        etcd.args(["--initial-cluster", &format!("one=http://{peer}")]);
        let mut etcd = Process::spawn("etcd", scratch.path(), etcd)?;
        etcd.wait_for_port(client, PATIENCE)?;
        let mut nodes = Vec::new();
        for name in ["db-a", "db-b"] {
            nodes.push(Node::start(&scratch, name, client)?);
        }
        Ok(Self { nodes, _etcd: etcd, scratch })
    }

    /// Waits until there is a leader and a node that has all that it has.
    fn wait_ready(&mut self) -> Outcome {
        let waited = wait_until("a leader and a synchronous standby", PATIENCE, || {
            let known = |role| self.nodes.iter().find_map(|node| node.member(role));
            Ok(known("leader").and(known("sync_standby")).map(drop))
        });
        waited.map_err(|failure| failure.during(&self.logs()))
    }

    fn logs(&self) -> String {
        self.nodes.iter().map(|node| node.process.log_tail()).collect()
    }

    fn leader(&self) -> Outcome<usize> {
        let name = self.nodes.iter().find_map(|node| node.member("leader"));
        match name.as_deref() {
            Some("db-a") => Ok(0),
            Some("db-b") => Ok(1),
            other => Err(Failure::new(format!("no leader: {other:?} {}", self.logs()))),
        }
    }

    fn make_database(&self) -> Outcome {
        let address = self.nodes[self.leader()?].database;
        let mut psql = as_postgres("psql");
        psql.args([
            "-v",
            "ON_ERROR_STOP=1",
            "-h",
            "127.0.0.1",
            "-p",
            &address.port().to_string(),
            "-U",
            "postgres",
            "-f",
        ]);
        psql.arg(self.scratch.join("database.sql"));
        psql.env("PGPASSWORD", "change-me").env("HOME", self.scratch.join("cluster"));
        run(psql, PATIENCE)?.success()?;
        Ok(())
    }

    fn url(&self) -> String {
        let hosts: Vec<String> = self.nodes.iter().map(|node| node.database.to_string()).collect();
        format!("postgres://tradewind:change-me@{}/tradewind?target_session_attrs=read-write", hosts.join(","))
    }
}

/// Hands letters in until it is told to stop; notes the number of each that was acknowledged.
fn write_letters(tradewind: &Tradewind, stop: &AtomicBool, acknowledged: &Mutex<Vec<usize>>) {
    let mut number = 0;
    while !stop.load(Ordering::Relaxed) {
        // What breaks off or is refused for a moment is not acknowledged: the next letter goes over a new connection.
        let _ = (|| -> Outcome {
            let mut client = tradewind.smtp()?;
            while !stop.load(Ordering::Relaxed) {
                number += 1;
                let letter = format!("From: <a@partner.example>\r\nSubject: letter-{number}-\r\n\r\nForty valves.\r\n");
                let letter = smtp::for_wire(letter.as_bytes());
                client.deliver("a@partner.example", &["sales@trade.test"], &letter)?.expect(250)?;
                acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(number);
                std::thread::sleep(PACE);
            }
            Ok(())
        })();
        std::thread::sleep(PACE);
    }
}

/// The numbers of the letters that are in the mailbox.
fn received(tradewind: &Tradewind) -> Outcome<Vec<usize>> {
    let mut session = tradewind.imap("sales")?;
    let mut numbers = Vec::new();
    for mailbox in ["INBOX", "Junk"] {
        if session.count(mailbox)? > 0 {
            session.command(&format!("SELECT {mailbox}"))?.ok()?;
            let text = session.ask("FETCH 1:* BODY.PEEK[HEADER.FIELDS (SUBJECT)]")?.ok()?.text();
            numbers
                .extend(text.split("letter-").skip(1).filter_map(|rest| rest.split('-').next()?.parse::<usize>().ok()));
        }
    }
    Ok(numbers)
}

#[test]
fn the_leader_of_the_database_dies_and_nothing_acknowledged_is_lost() -> Outcome {
    if let Some(why) = missing(&["patroni", "python3-etcd", "etcd-server", "postgresql-15"]) {
        skip!("{why}");
    }
    let mut cluster = Cluster::start()?;
    cluster.wait_ready()?;
    cluster.make_database()?;
    let tradewind = Tradewind::start(Options::default().store(&cluster.url()))?;
    let (stop, acknowledged) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    let count = || acknowledged.lock().expect("no panic").len();
    std::thread::scope(|scope| {
        scope.spawn(|| write_letters(&tradewind, &stop, &acknowledged));
        let story = (|| -> Outcome {
            wait_until("letters before", PATIENCE, || Ok((count() >= LETTERS).then_some(())))?;
            let leader = cluster.leader()?;
            cluster.nodes[leader].kill9()?;
            let other = 1 - leader;
            let name = ["db-a", "db-b"][other];
            wait_until("another leader", PATIENCE, || {
                Ok((cluster.nodes[other].member("leader").as_deref() == Some(name)).then_some(()))
            })?;
            let before = count();
            wait_until("letters after", PATIENCE, || Ok((count() >= before + LETTERS).then_some(())))
        })();
        stop.store(true, Ordering::Relaxed);
        story
    })
    .map_err(|failure: Failure| failure.during(&format!("{}\n{}", tradewind.log_tail(), cluster.logs())))?;
    let (there, acknowledged) = (received(&tradewind)?, acknowledged.into_inner().expect("no panic"));
    let lost: Vec<&usize> = acknowledged.iter().filter(|number| !there.contains(number)).collect();
    assert!(lost.is_empty(), "of {} acknowledged letters these are lost: {lost:?}", acknowledged.len());
    tradewind.command(&["store", "check"])?.success()?;
    Ok(())
}
