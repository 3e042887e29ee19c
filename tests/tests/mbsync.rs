//! mbsync (isync) keeps a mailbox of 5,000 messages the same on both sides, and then finds nothing to do.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::{Access, Chance, Dovecot, DovecotOptions, Letter, Options, Outcome, Scratch, Tradewind, require, run};

/// Messages that each side has at first and the other has not.
const EACH: usize = 2500;
/// Messages of one APPEND.
const BATCH: usize = 250;
const PATIENCE: Duration = Duration::from_secs(300);

fn letter(number: usize, side: &str) -> Vec<u8> {
    let id = format!("{number}.{side}@partner.example");
    Letter { from: "a@partner.example", to: "sales@trade.test", id: &id, size_bytes: 2048 }
        .build(&mut Chance::seeded(number as u64))
}

fn fill_server(access: &Access) -> Outcome {
    let mut session = access.session()?;
    for first in (0..EACH).step_by(BATCH) {
        let letters: Vec<Vec<u8>> = (first..first + BATCH).map(|number| letter(number, "server")).collect();
        let letters: Vec<&[u8]> = letters.iter().map(Vec::as_slice).collect();
        session.append("INBOX", &letters)?.ok()?;
    }
    session.logout()
}

fn fill_local(maildir: &Path) -> Outcome {
    for part in ["new", "cur", "tmp"] {
        fs::create_dir_all(maildir.join(part))?;
    }
    for number in 0..EACH {
        let text: Vec<u8> = letter(number, "client").into_iter().filter(|&byte| byte != b'\r').collect();
        fs::write(maildir.join(format!("cur/{}.M{number}.client:2,S", 1_764_000_000 + number)), text)?;
    }
    Ok(())
}

/// UID, flags and modification sequence of each message, and the mailbox's own numbers: any change shows.
fn server_state(access: &Access) -> Outcome<BTreeSet<String>> {
    let mut session = access.session()?;
    session.command("EXAMINE INBOX")?.ok()?;
    let mut state: BTreeSet<String> = BTreeSet::new();
    for response in session.ask("FETCH 1:* (UID FLAGS MODSEQ)")?.ok()?.kept {
        let response = String::from_utf8_lossy(&response);
        if response.contains(" FETCH (") {
            // Which messages are \\Recent depends on who looks first.
            state.insert(response.replace(" \\Recent", "").replace("\\Recent", ""));
        }
    }
    session.logout()?;
    Ok(state)
}

fn local_state(maildir: &Path) -> Outcome<BTreeSet<PathBuf>> {
    let mut state = BTreeSet::new();
    for part in ["new", "cur"] {
        for entry in fs::read_dir(maildir.join(part))? {
            state.insert(entry?.path());
        }
    }
    Ok(state)
}

fn configuration(access: &Access, scratch: &Scratch) -> Outcome<PathBuf> {
    let here = scratch.path().display();
    scratch.file(
        "mbsyncrc",
        format!(
            "FSync no\nIMAPStore far\nHost localhost\nPort {port}\nUser {user}\nPass \"{password}\"\nSSLType IMAPS\nCertificateFile {ca}\n\
             AuthMechs LOGIN\nTimeout 120\n\n\
             MaildirStore near\nInbox {here}/INBOX\nPath {here}/\nSubFolders Verbatim\n\n\
             Channel both\nFar :far:\nNear :near:\nPatterns INBOX\nSync All\nCreate Near\nSyncState {here}/state-\n",
            port = access.imaps.port(),
            user = access.user,
            password = access.password.replace('\\', "\\\\").replace('"', "\\\""),
            ca = access.ca.display(),
        ),
    )
}

fn both_ways(access: &Access) -> Outcome {
    let scratch = Scratch::new("mbsync")?;
    let inbox = scratch.join("INBOX");
    fill_server(access)?;
    fill_local(&inbox)?;
    let config = configuration(access, &scratch)?;
    let synchronise = || -> Outcome {
        let mut command = Command::new("mbsync");
        command.arg("-c").arg(&config).arg("both");
        run(command, PATIENCE)?.success().map(drop)
    };

    synchronise()?;
    let (server, local) = (server_state(access)?, local_state(&inbox)?);
    assert_eq!((server.len(), local.len()), (2 * EACH, 2 * EACH));

    synchronise()?;
    assert!(server_state(access)? == server, "the second run changed the server");
    assert!(local_state(&inbox)? == local, "the second run changed the Maildir");

    change_both_sides(access, &inbox)?;
    synchronise()?;
    let flagged = server_state(access)?.iter().filter(|line| line.contains("\\Flagged")).count();
    assert_eq!(flagged, 1, "the flag set in the Maildir did not reach the server");
    let answered = local_state(&inbox)?.iter().filter(|path| flags(path).contains('R')).count();
    assert_eq!(answered, 10, "the flags set on the server did not reach the Maildir");
    let (server, local) = (server_state(access)?, local_state(&inbox)?);
    synchronise()?;
    assert!(server_state(access)? == server && local_state(&inbox)? == local, "the last run changed something");
    Ok(())
}

/// Ten messages answered on the server, another one flagged in the Maildir.
fn change_both_sides(access: &Access, inbox: &Path) -> Outcome {
    let mut session = access.session()?;
    session.command("SELECT INBOX")?.ok()?;
    session.command("STORE 1:10 +FLAGS (\\Answered)")?.ok()?;
    session.logout()?;
    let file = local_state(inbox)?.into_iter().find(|path| path.to_string_lossy().contains(".M1234.client"));
    if let Some(file) = file {
        // Flags stand in ASCII order.
        let (name, _) = file.to_str().and_then(|path| path.split_once(":2,")).unwrap_or_default();
        fs::rename(&file, format!("{name}:2,FS"))?;
    }
    Ok(())
}

fn flags(path: &Path) -> String {
    path.to_string_lossy().split_once(":2,").map(|(_, flags)| flags.to_owned()).unwrap_or_default()
}

#[test]
fn dovecot_both_ways_twice() -> Outcome {
    require!("isync", "dovecot-imapd");
    let dovecot = Dovecot::start(DovecotOptions::default())?;
    both_ways(&dovecot.access("sales@trade.test")).map_err(|failure| failure.during(&dovecot.log_tail()))
}

#[test]
fn tradewind_both_ways_twice() -> Outcome {
    require!("isync");
    let tradewind = Tradewind::start(Options::default())?;
    both_ways(&tradewind.access("sales")?).map_err(|failure| failure.during(&tradewind.log_tail()))
}
