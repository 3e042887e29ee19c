//! Repositories elsewhere: an object store that speaks S3 (`s3s-fs`, which checks every signature), a REST server and an SFTP server (both
//! rclone's); and what becomes of a backup whose target is gone, full, or damaged.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use harness::{Failure, Finished, Options, Outcome, Scratch, Tradewind, require, run, skip, wait_until};
use hyper_util::rt::TokioIo;
use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s::{S3Result, s3_error};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const PATIENCE: Duration = Duration::from_secs(120);

/// Keys of the object store: one that may not delete, one that may.
const WRITER: (&str, &str) = ("writer", "whisper-of-the-writer");
const PRUNER: (&str, &str) = ("pruner", "whisper-of-the-pruner");

struct Rights;

#[async_trait]
impl S3Access for Rights {
    async fn check(&self, cx: &mut S3AccessContext<'_>) -> S3Result<()> {
        match cx.credentials().map(|it| it.access_key.clone()) {
            Some(key) if key == PRUNER.0 => Ok(()),
            Some(key) if key == WRITER.0 && !cx.s3_op().name().starts_with("Delete") => Ok(()),
            _ => Err(s3_error!(AccessDenied, "not with this key")),
        }
    }
}

/// An object store with the one bucket `mail`.
struct ObjectStore {
    address: SocketAddr,
    root: PathBuf,
    /// Whether it answers with errors.
    is_broken: Arc<AtomicBool>,
    _runtime: tokio::runtime::Runtime,
}

impl ObjectStore {
    fn start(scratch: &Scratch) -> Outcome<Self> {
        let root = scratch.join("objects");
        fs::create_dir_all(root.join("mail"))?;
        let files = s3s_fs::FileSystem::new(&root).map_err(|error| Failure::new(format!("{error:?}")))?;
        let mut builder = S3ServiceBuilder::new(files);
        let mut keys = SimpleAuth::new();
        for (name, secret) in [WRITER, PRUNER] {
            keys.register(name.to_owned(), secret.into());
        }
        builder.set_auth(keys);
        builder.set_access(Rights);
        let service = builder.build();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        let is_broken = Arc::new(AtomicBool::new(false));
        let broken = Arc::clone(&is_broken);
        runtime.spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                if broken.load(Ordering::SeqCst) {
                    drop(socket.read(&mut [0; 16 << 10]).await);
                    let answer = b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    drop(socket.write_all(answer).await);
                    continue;
                }
                let (service, broken) = (service.clone(), Arc::clone(&broken));
                tokio::spawn(async move {
                    let connection =
                        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(socket), service);
                    tokio::select! {
                        _ = connection => {}
                        () = async { while !broken.load(Ordering::SeqCst) { tokio::time::sleep(Duration::from_millis(20)).await } } => {}
                    }
                });
            }
        });
        Ok(Self { address, root, is_broken, _runtime: runtime })
    }

    fn location(&self) -> String {
        format!("s3:http://{}/mail/tradewind", self.address)
    }

    /// A credentials file for it.
    fn credentials(&self, scratch: &Scratch) -> Outcome<PathBuf> {
        let location = self.location();
        let key = |(name, secret): (&str, &str)| format!("access_key = {name:?}\nsecret_key = {secret:?}\n");
        let text = format!("[{location:?}]\n{}[{location:?}.prune]\n{}", key(WRITER), key(PRUNER));
        scratch.file("credentials.toml", &text)
    }
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn put(tradewind: &Tradewind, numbers: std::ops::Range<usize>) -> Outcome {
    let mut session = tradewind.access("sales")?.session()?;
    for number in numbers {
        let filler = "Forty valves of DN 80, as agreed. ".repeat(600 + number);
        let letter =
            format!("From: <a@partner.example>\r\nSubject: {number}\r\n\r\nWord quartzite{number}. {filler}\r\n");
        session.append("INBOX", &[letter.as_bytes()])?.ok()?;
    }
    session.logout()
}

/// How many letters about the repository `location` the administrator has.
fn letters(tradewind: &Tradewind, location: &str) -> Outcome<usize> {
    let mut session = tradewind.access("admin")?.session()?;
    session.command("SELECT INBOX")?.ok()?;
    let found = session.ask(&format!("SEARCH BODY {location:?}"))?.ok()?.text();
    session.logout()?;
    let line = found.lines().find(|line| line.starts_with("* SEARCH")).unwrap_or_default();
    Ok(line.split_whitespace().skip(2).count())
}

fn wait_for_letters(tradewind: &Tradewind, location: &str, count: usize) -> Outcome {
    wait_until(&format!("{count} letters about {location}"), PATIENCE, || {
        Ok((letters(tradewind, location)? >= count).then_some(()))
    })?;
    assert_eq!(letters(tradewind, location)?, count);
    Ok(())
}

fn state(tradewind: &Tradewind, number: usize) -> Outcome<String> {
    let status = told(tradewind, &["backup", "status"])?;
    Ok(status["repositories"][number]["state"].as_str().unwrap_or_default().to_owned())
}

fn largest(directory: &Path) -> Option<PathBuf> {
    let mut files = walk(directory);
    files.sort_by_key(|path| fs::metadata(path).map(|it| it.len()).unwrap_or(0));
    files.pop()
}

fn walk(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    entries.flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] }).collect()
}

fn flip(path: &Path) -> Outcome {
    let mut octets = fs::read(path)?;
    let middle = octets.len() / 2;
    octets[middle] ^= 1;
    Ok(fs::write(path, octets)?)
}

fn restore(arguments: &[&str]) -> Outcome<Finished> {
    let mut restore = Command::new(Tradewind::binary()?);
    restore.arg("restore").args(arguments);
    run(restore, PATIENCE)
}

/// Restores the repository at `location` into an empty directory and looks what is in it.
fn comes_back(tradewind: &Tradewind, scratch: &Scratch, location: &str, credentials: Option<&Path>) -> Outcome {
    let into = scratch.join("restored");
    let (password, region) = (tradewind.directory().join("backup.key"), tradewind.directory().join("region.key"));
    let mut arguments = vec!["--from".to_owned(), location.to_owned(), "--into".to_owned(), text(&into)];
    arguments.extend(["--password-file".to_owned(), text(&password), "--region-key".to_owned(), text(&region)]);
    arguments.extend(credentials.into_iter().flat_map(|file| ["--credentials".to_owned(), text(file)]));
    let told = restore(&arguments.iter().map(String::as_str).collect::<Vec<_>>())?.success()?;
    assert!(into.join("tradewind.toml").exists(), "{}", told.stdout);
    fs::remove_dir_all(into)?;
    Ok(())
}

#[test]
fn an_object_store_gets_backups_and_what_fails_is_told_once() -> Outcome {
    require!("restic");
    let scratch = Scratch::new("backup-s3")?;
    let store = ObjectStore::start(&scratch)?;
    let (location, credentials) = (store.location(), store.credentials(&scratch)?);
    let local = scratch.join("local");
    let options = Options::default()
        .set("backup", "repositories", &format!("[{:?}, {location:?}]", text(&local)))
        .set("backup", "credentials_file", &format!("{:?}", text(&credentials)))
        .set("backup", "read_back_parts", "1");
    let tradewind = Tradewind::start(options)?;
    put(&tradewind, 0..10)?;
    let taken = told(&tradewind, &["backup", "run"])?;
    assert_eq!(taken["backups"].as_array().map(Vec::len), Some(2), "{taken}");
    put(&tradewind, 10..12)?;
    told(&tradewind, &["backup", "run"])?;
    told(&tradewind, &["backup", "check", "--read-data"])?;
    let status = told(&tradewind, &["backup", "status"])?;
    assert_eq!(status["repositories"][1]["state"], "good", "{status}");
    assert!(status["repositories"][1]["repository_bytes"].as_u64().is_some_and(|bytes| bytes > 10_000), "{status}");

    // A peer reads it, and a bare machine is built from it.
    // Over S3 it lists backups. All of it it reads where the store keeps its objects: this store lists no folders to it.
    let restic = |repository: &str, arguments: &[&str]| {
        let mut restic = Command::new("restic");
        restic.args(["-r", repository, "--no-cache", "--no-lock", "--password-file"]);
        restic.arg(tradewind.directory().join("backup.key")).args(arguments);
        restic.env("AWS_ACCESS_KEY_ID", WRITER.0).env("AWS_SECRET_ACCESS_KEY", WRITER.1);
        run(restic, PATIENCE)?.success()
    };
    assert!(restic(&location, &["snapshots"])?.stdout.contains("2 snapshots"));
    restic(&text(&store.root.join("mail/tradewind")), &["check", "--read-data"])?;
    comes_back(&tradewind, &scratch, &location, Some(&credentials))?;

    // It answers with errors: told once, the other gets its backup, the server goes on, and the next run heals it.
    store.is_broken.store(true, Ordering::SeqCst);
    for _ in 0..2 {
        let failed = tradewind.command(&["backup", "run"])?;
        assert!(!failed.status.success() && failed.stderr.contains("503"), "{}", failed.stderr);
        assert!(!failed.stderr.contains("X-Amz"), "no address with a signature: {}", failed.stderr);
    }
    assert_eq!((state(&tradewind, 0)?, state(&tradewind, 1)?), ("good".to_owned(), "failing".to_owned()));
    put(&tradewind, 12..14)?;
    wait_for_letters(&tradewind, &location, 1)?;
    store.is_broken.store(false, Ordering::SeqCst);
    told(&tradewind, &["backup", "run"])?;
    assert_eq!(state(&tradewind, 1)?, "good");
    wait_for_letters(&tradewind, &location, 2)?;

    // A pack is damaged: found as it is read back, taken out by what may delete, stored anew by the next run.
    flip(&largest(&store.root.join("mail/tradewind/data")).ok_or_else(|| Failure::new("no pack"))?)?;
    let failed = tradewind.command(&["backup", "run"])?;
    assert!(!failed.status.success() && failed.stderr.contains("damaged"), "{}", failed.stderr);
    wait_for_letters(&tradewind, &location, 3)?;
    told(&tradewind, &["backup", "run"])?;
    wait_for_letters(&tradewind, &location, 4)?;
    comes_back(&tradewind, &scratch, &location, Some(&credentials))?;
    assert_eq!(letters(&tradewind, &text(&local))?, 0, "nothing was wrong there");

    let recorded = told(&tradewind, &["access", "log"])?.to_string();
    for event in ["backup-failing", "backup-good"] {
        assert!(recorded.contains(event), "{event}: {recorded}");
    }
    let log = tradewind.log_tail();
    assert!(!log.contains(WRITER.1) && !log.contains(PRUNER.1) && !log.contains("X-Amz"), "{log}");

    // Without credentials it says what is missing.
    fs::write(&credentials, "")?;
    let failed = tradewind.command(&["backup", "run"])?;
    assert!(!failed.status.success() && failed.stderr.contains("credentials_file"), "{}", failed.stderr);
    Ok(())
}

/// A small file system, unmounted when dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(place: PathBuf) -> Outcome<Option<Self>> {
        fs::create_dir_all(&place)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"]).arg(&place);
        Ok(run(mount, PATIENCE)?.status.success().then_some(Self(place)))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[test]
fn a_target_that_is_full_or_gone_is_told_and_heals() -> Outcome {
    let scratch = Scratch::new("backup-full")?;
    let Some(disk) = SmallDisk::mount(scratch.join("disk"))? else { skip!("a small file system cannot be mounted") };
    let repository = disk.0.join("repository");
    let options = Options::default().set("backup", "repositories", &format!("[{:?}]", text(&repository)));
    let tradewind = Tradewind::start(options)?;
    put(&tradewind, 0..2)?;
    told(&tradewind, &["backup", "run"])?;
    let filler = disk.0.join("filler");
    drop(fs::write(&filler, vec![7; 4 << 20]));
    put(&tradewind, 2..30)?;
    let failed = tradewind.command(&["backup", "run"])?;
    assert!(!failed.status.success() && failed.stderr.contains("repository"), "{}", failed.stderr);
    put(&tradewind, 30..31)?;
    wait_for_letters(&tradewind, &text(&repository), 1)?;
    fs::remove_file(&filler)?;
    told(&tradewind, &["backup", "run"])?;
    told(&tradewind, &["backup", "check", "--read-data"])?;
    wait_for_letters(&tradewind, &text(&repository), 2)?;

    // Gone: what was mounted there is not.
    let away = scratch.join("away");
    run_copy(&repository, &away)?;
    drop(disk);
    fs::write(scratch.join("disk").join("repository"), "no directory")?;
    let failed = tradewind.command(&["backup", "run"])?;
    assert!(!failed.status.success(), "{}", failed.stdout);
    wait_for_letters(&tradewind, &text(&repository), 3)?;
    assert_eq!(state(&tradewind, 0)?, "failing");
    fs::remove_file(scratch.join("disk").join("repository"))?;
    fs::rename(away, scratch.join("disk").join("repository"))?;
    told(&tradewind, &["backup", "run"])?;
    wait_for_letters(&tradewind, &text(&repository), 4)
}

fn run_copy(from: &Path, to: &Path) -> Outcome {
    let mut copy = Command::new("cp");
    copy.arg("-a").arg(from).arg(to);
    run(copy, PATIENCE)?.success()?;
    Ok(())
}

/// A server of rclone's, ended when dropped.
struct Served(Child);

impl Served {
    fn start(arguments: &[&str], address: SocketAddr) -> Outcome<Self> {
        let mut rclone = Command::new("rclone");
        rclone.arg("serve").args(arguments).args(["--addr", &address.to_string()]);
        rclone.stdout(Stdio::null()).stderr(Stdio::null());
        let served = Self(rclone.spawn()?);
        wait_until("rclone's server", PATIENCE, || Ok(std::net::TcpStream::connect(address).is_ok().then_some(())))?;
        Ok(served)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_address() -> Outcome<SocketAddr> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

#[test]
fn a_rest_server_that_only_adds_and_an_sftp_server_get_backups() -> Outcome {
    require!("rclone");
    let scratch = Scratch::new("backup-rest")?;
    let (rest_root, sftp_root) = (scratch.join("rest"), scratch.join("sftp"));
    for root in [&rest_root, &sftp_root] {
        fs::create_dir_all(root)?;
    }
    let (rest, sftp) = (free_address()?, free_address()?);
    let user = ["--user", "mail", "--pass", "hush-hush"];
    let rest_server = Served::start(&[&["restic", "--append-only", &text(&rest_root)], &user[..]].concat(), rest)?;
    let _sftp = Served::start(&[&["sftp", &text(&sftp_root)], &user[..]].concat(), sftp)?;
    let rest_location = format!("rest:http://{rest}/mail");
    let config = scratch.file(
        "rclone.conf",
        format!("[away]\ntype = sftp\nhost = 127.0.0.1\nport = {}\nuser = mail\npass = {}\n", sftp.port(), obscured()?),
    )?;
    let rclone_location = "rclone:away:mail";
    let credentials = format!(
        "[{rest_location:?}]\nuser = \"mail\"\npassword = \"hush-hush\"\n[{rclone_location:?}]\nrclone_config = {:?}\n",
        text(&config)
    );
    let credentials = scratch.file("credentials.toml", &credentials)?;
    let options = Options::default()
        .set("backup", "repositories", &format!("[{rest_location:?}, {rclone_location:?}]"))
        .set("backup", "credentials_file", &format!("{:?}", text(&credentials)))
        .set("backup", "prune", "false");
    let tradewind = Tradewind::start(options)?;
    put(&tradewind, 0..5)?;
    told(&tradewind, &["backup", "run"])?;
    put(&tradewind, 5..7)?;
    told(&tradewind, &["backup", "run"])?;
    told(&tradewind, &["backup", "check", "--read-data"])?;
    assert!(walk(&rest_root).len() > 5 && walk(&sftp_root).len() > 5);
    assert!(!tradewind.log_tail().contains("hush-hush"));
    comes_back(&tradewind, &scratch, &rest_location, Some(&credentials))?;
    comes_back(&tradewind, &scratch, rclone_location, Some(&credentials))?;
    drop(rest_server);
    let failed = tradewind.command(&["backup", "run"])?;
    assert!(!failed.status.success() && failed.stderr.contains(&rest_location), "{}", failed.stderr);
    assert!(!failed.stderr.contains("hush") && !tradewind.log_tail().contains("hush"), "{}", failed.stderr);
    assert_eq!((state(&tradewind, 0)?, state(&tradewind, 1)?), ("failing".to_owned(), "good".to_owned()));
    Ok(())
}

/// The password as rclone's configuration wants it.
fn obscured() -> Outcome<String> {
    let mut rclone = Command::new("rclone");
    rclone.args(["obscure", "hush-hush"]);
    Ok(run(rclone, PATIENCE)?.success()?.stdout.trim().to_owned())
}
