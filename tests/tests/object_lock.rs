//! Object lock against a store that keeps it (moto, an implementation of S3 in Python): what the level has locked nobody deletes before its end, which
//! is told in clear words; afterwards it is deleted as usual. The clock of both is set forward.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use harness::{
    Faketime, Options, Outcome, Process, Scratch, Tradewind, missing, python_packages, skip, smtp, wait_until,
};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// Somebody: the store wants to be told who asks, and believes it.
const ASKER: &str = "AWS4-HMAC-SHA256 Credential=x/20261127/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0";

/// What a plain request is answered with: status line, header and body.
fn http(address: SocketAddr, request: &str) -> Outcome<String> {
    let mut stream = TcpStream::connect(address)?;
    let head = format!("Host: {address}\r\nAuthorization: {ASKER}\r\nContent-Length: 0\r\nConnection: close");
    write!(stream, "{request}{head}\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn told(tradewind: &Tradewind, arguments: &[&str]) -> Outcome<Value> {
    let told = tradewind.command(&[&["--json"], arguments].concat())?.success()?;
    Ok(serde_json::from_str(told.stdout.trim())?)
}

fn put(tradewind: &Tradewind, number: usize) -> Outcome {
    let mut client = tradewind.smtp()?;
    let letter = format!("From: <a@partner.example>\r\nSubject: {number}\r\n\r\nForty valves.\r\n");
    client.deliver("a@partner.example", &["sales@trade.test"], &smtp::for_wire(letter.as_bytes()))?.expect(250)?;
    client.quit()
}

/// A store with the bucket `mail`, whose objects can be locked.
fn bucket(scratch: &Scratch, environment: &[(String, String)]) -> Outcome<(SocketAddr, Process)> {
    let packages = python_packages(scratch, &["moto[s3]==5.1.4", "flask==3.1.1", "flask-cors==6.0.1"])?;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut moto = Command::new("/usr/bin/python3");
    moto.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &address.port().to_string()]);
    moto.env("PYTHONPATH", packages).envs(environment.iter().cloned());
    let mut moto = Process::spawn("moto", scratch.path(), moto)?;
    moto.wait_for_port(address, PATIENCE)?;
    let made = http(address, "PUT /mail HTTP/1.1\r\nx-amz-bucket-object-lock-enabled: true\r\n")?;
    assert!(made.starts_with("HTTP/1.1 200"), "{made}");
    Ok((address, moto))
}

/// The audit log's checkpoints go into a bucket, where nobody deletes them, and an outsider holds the log to what is there.
#[test]
fn checkpoints_of_the_audit_log_are_locked_in_a_bucket() -> Outcome {
    if let Some(why) = missing(&["python3-pip"]) {
        skip!("{why}");
    }
    let scratch = Scratch::new("witness-bucket")?;
    let (address, _moto) = bucket(&scratch, &[])?;
    let location = format!("s3:http://{address}/mail/checkpoints");
    let keys = format!("[{location:?}]\naccess_key = \"writer\"\nsecret_key = \"whisper\"\nlock_days = 3\n");
    let credentials = scratch.file("credentials.toml", keys)?;
    let tradewind = Tradewind::start(
        Options::default()
            .set("audit", "seal_seconds", "1")
            .set("audit", "witness_buckets", &format!("[{location:?}]"))
            .set("backup", "credentials_file", &format!("{:?}", credentials.display().to_string())),
    )?;
    tradewind.new_account("mei", 0)?;
    let key = wait_until("a checkpoint in the bucket", PATIENCE, || {
        let listed = http(address, "GET /mail?versions&prefix=checkpoints/ HTTP/1.1\r\n")?;
        let part = |name: &str| {
            let (_, rest) = listed.split_once(&format!("<{name}>"))?;
            Some(rest.split_once('<')?.0.to_owned())
        };
        Ok(part("Key").zip(part("VersionId")))
    })?;
    let (key, version) = key;
    assert!(key.starts_with("checkpoints/checkpoint-0000"), "{key}");
    let answer = http(address, &format!("GET /mail/{key} HTTP/1.1\r\n"))?;
    let witness = scratch.file("witness", answer.split_once("\r\n\r\n").map_or("", |(_, body)| body))?;
    let export = scratch.join("export").display().to_string();
    told(&tradewind, &["audit", "export", &export])?;
    let head = told(&tradewind, &["audit", "head"])?;
    let public = head["key"].as_str().unwrap_or_default().to_owned();
    let witness = witness.display().to_string();
    let verified = told(&tradewind, &["audit", "verify", &export, "--key", &public, "--witness", &witness])?;
    assert_eq!((&verified["verified"], &verified["witnesses"]), (&true.into(), &1.into()));
    let denied = http(address, &format!("DELETE /mail/{key}?versionId={version} HTTP/1.1\r\n"))?;
    assert!(denied.starts_with("HTTP/1.1 4") && denied.contains("AccessDenied"), "{denied}");
    Ok(())
}

#[test]
fn what_the_level_has_locked_stays_until_its_end() -> Outcome {
    if let Some(why) = missing(&["libfaketime", "python3-pip"]) {
        skip!("{why}");
    }
    let scratch = Scratch::new("object-lock")?;
    let clock = Faketime::new(&scratch)?;
    let (address, _moto) = bucket(&scratch, &clock.environment())?;
    let location = format!("s3:http://{address}/mail/tradewind");
    let keys = format!("[{location:?}]\naccess_key = \"writer\"\nsecret_key = \"whisper\"\nlock = \"level\"\n");
    let credentials = scratch.file("credentials.toml", keys)?;
    let mut options = Options::default()
        .set("backup", "repositories", &format!("[{location:?}]"))
        .set("backup", "credentials_file", &format!("{:?}", credentials.display().to_string()))
        .set("backup", "keep_days", "1")
        .set("backup", "keep_weeks", "0")
        .set("backup", "keep_months", "0")
        .set("backup", "every_minutes", "0");
    for (name, value) in clock.environment() {
        options = options.env(&name, &value);
    }
    let tradewind = Tradewind::start(options)?;
    told(&tradewind, &["organisation", "level", "trade"])?;
    put(&tradewind, 1)?;
    told(&tradewind, &["backup", "run"])?;

    // A day more than backups are kept, and long before the ninety days of the level are over.
    clock.set_days(3)?;
    put(&tradewind, 2)?;
    let second = told(&tradewind, &["backup", "run"])?;
    let refused = second["backups"][0]["not_deleted"].as_str().unwrap_or_default();
    assert!(refused.contains("is locked until") && refused.contains("nobody can delete it before"), "{second}");
    let listed = told(&tradewind, &["backup", "list"])?;
    assert_eq!(listed["repositories"][0]["backups"].as_array().map(Vec::len), Some(2), "{listed}");
    // The store itself refuses whoever asks it for the version.
    let versions = http(address, "GET /mail?versions&prefix=tradewind/snapshots/ HTTP/1.1\r\n")?;
    let part = |name: &str| {
        let (_, rest) = versions.split_once(&format!("<{name}>"))?;
        Some(rest.split_once('<')?.0.to_owned())
    };
    let (key, version) = (part("Key").unwrap_or_default(), part("VersionId").unwrap_or_default());
    let denied = http(address, &format!("DELETE /mail/{key}?versionId={version} HTTP/1.1\r\n"))?;
    assert!(denied.starts_with("HTTP/1.1 4") && denied.contains("AccessDenied"), "{denied}");

    clock.set_days(95)?;
    let third = told(&tradewind, &["backup", "run"])?;
    assert_eq!(
        (&third["backups"][0]["deleted"], &third["backups"][0]["not_deleted"]),
        (&Value::from(2), &Value::Null),
        "{third}"
    );
    told(&tradewind, &["backup", "check", "--read-data"])?;
    // The keys of accounts are never locked, and of older ones no version is left.
    let keys = http(address, "GET /mail?versions&prefix=tradewind/account-keys/snapshots/ HTTP/1.1\r\n")?;
    assert_eq!((keys.matches("<Version>").count(), keys.matches("<DeleteMarker>").count()), (1, 0), "{keys}");
    fs::remove_file(credentials)?;
    Ok(())
}
