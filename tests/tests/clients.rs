//! Mail clients that companies really use: each reads, flags, moves and appends.
//!
//! Every scenario runs against Dovecot too, which shows that the scenario itself is right.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use harness::{
    Access, Chance, Dovecot, DovecotOptions, Failure, Letter, Options, Outcome, Scratch, Tradewind, message_id,
    require, run,
};

const PATIENCE: Duration = Duration::from_secs(120);

/// What each client finds: three messages in INBOX and an empty Archive. It reads the first, flags the second, moves the third
/// into Archive, and appends one more.
struct Scene {
    access: Access,
    scratch: Scratch,
    /// UIDs of the three messages.
    uids: Vec<u32>,
}

impl Scene {
    fn set(access: Access) -> Outcome<Self> {
        let mut session = access.session()?;
        session.command("CREATE Archive")?;
        let letters = ["read", "flag", "move"].map(|name| letter(&access.user, name));
        for letter in &letters {
            session.append("INBOX", &[letter])?.ok()?;
        }
        session.command("SELECT INBOX")?.ok()?;
        let answer = session.ask("UID SEARCH ALL")?.ok()?.text();
        session.logout()?;
        let uids = answer.lines().find_map(|line| line.strip_prefix("* SEARCH "));
        let uids = uids.ok_or_else(|| Failure::new(format!("no UIDs in {answer:?}")))?;
        let uids = uids.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        Ok(Self { access, scratch: Scratch::new("client")?, uids })
    }

    /// Looks whether everything is as the client should have left it.
    fn check(&self) -> Outcome {
        let mut session = self.access.session()?;
        session.command("SELECT INBOX")?.ok()?;
        let inbox = responses(&mut session)?;
        assert_eq!(ids(&inbox), ["append", "flag", "read"]);
        for response in &inbox {
            let flagged = response.contains("\\Flagged");
            assert_eq!(flagged, response.contains("<flag@"), "{response}");
        }
        session.command("SELECT Archive")?.ok()?;
        assert_eq!(ids(&responses(&mut session)?), ["move"]);
        session.logout()
    }

    fn url(&self, path: &str) -> String {
        format!("imaps://localhost:{}/{path}", self.access.imaps.port())
    }
}

fn letter(to: &str, name: &str) -> Vec<u8> {
    let id = format!("{name}@partner.example");
    Letter { from: "a@partner.example", to, id: &id, size_bytes: 3000 }.build(&mut Chance::seeded(3))
}

fn responses(session: &mut harness::imap::Client) -> Outcome<Vec<String>> {
    let answer = session.ask("FETCH 1:* (FLAGS BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")?.ok()?;
    Ok(answer.kept.iter().map(|response| String::from_utf8_lossy(response).into_owned()).collect())
}

/// Local parts of the identifiers, sorted.
fn ids(responses: &[String]) -> Vec<String> {
    let found = responses.iter().filter_map(|response| {
        let header = &response[response.to_ascii_lowercase().find("message-id:")?..];
        Some(message_id(header.as_bytes())?.split('@').next()?.to_owned())
    });
    let mut ids: Vec<String> = found.collect();
    ids.sort();
    ids
}

fn curl(access: Access) -> Outcome {
    let scene = Scene::set(access)?;
    let call = |arguments: &[&str]| -> Outcome<String> {
        let mut command = Command::new("curl");
        command.args(["--silent", "--show-error", "--cacert"]).arg(&scene.access.ca);
        command.args(["--user", &format!("{}:{}", scene.access.user, scene.access.password)]).args(arguments);
        Ok(run(command, PATIENCE)?.success()?.stdout)
    };
    let [read, flag, other] = scene.uids[..] else { return Err(Failure::new("not three messages")) };
    let text = call(&[&scene.url(&format!("INBOX;UID={read}"))])?;
    assert_eq!(text.as_bytes(), letter(&scene.access.user, "read"));
    call(&[&scene.url("INBOX"), "--request", &format!("UID STORE {flag} +FLAGS (\\Flagged)")])?;
    call(&[&scene.url("INBOX"), "--request", &format!("UID MOVE {other} Archive")])?;
    let file = scene.scratch.file("append.eml", letter(&scene.access.user, "append"))?;
    call(&[&scene.url("INBOX"), "--upload-file", &file.display().to_string()])?;
    scene.check()
}

fn imaplib(access: Access) -> Outcome {
    let scene = Scene::set(access)?;
    let uids: Vec<String> = scene.uids.iter().map(u32::to_string).collect();
    let uids: Vec<&str> = uids.iter().map(String::as_str).collect();
    scene.access.python("imaplib_session.py", &uids, PATIENCE)?;
    scene.check()
}

fn neomutt(access: Access) -> Outcome {
    let scene = Scene::set(access)?;
    let here = scene.scratch.path().display().to_string();
    let mut local = b"From a@partner.example Tue Nov 24 09:30:00 2026\n".to_vec();
    local.extend(letter(&scene.access.user, "append").into_iter().filter(|&byte| byte != b'\r'));
    let local = scene.scratch.file("local.mbox", local)?;
    let keys = format!(
        "<copy-message>=INBOX<enter><change-folder>=INBOX<enter>\
         <limit>~i read@partner.example<enter><pipe-message>cat >{here}/read.eml<enter>\
         <limit>~i flag@partner.example<enter><flag-message>\
         <limit>~i move@partner.example<enter><save-message>=Archive<enter>\
         <limit>all<enter><sync-mailbox><quit>"
    );
    let settings = format!(
        "set folder=\"{folder}\"\nset spoolfile=\"+INBOX\"\nset imap_user=\"{user}\"\nset imap_pass=\"{password}\"\n\
         set certificate_file=\"{ca}\"\nset ssl_force_tls=yes\nunset help\n\
         unset move\nset delete=yes\nset quit=yes\nset wait_key=no\nset sleep_time=0\nset confirm_append=no\n\
         set confirm_create=no\nset pipe_decode=no\nset mbox_type=mbox\nset mark_old=no\npush \"{keys}\"\n",
        folder = scene.url(""),
        user = scene.access.user,
        password = scene.access.password,
        ca = scene.access.ca.display(),
    );
    let settings = scene.scratch.file("neomuttrc", settings)?;
    let (settings, local) = (settings.display().to_string(), local.display().to_string());
    // No keyboard: whatever it asks would wait for ever, so the time is short.
    let limit = Duration::from_secs(40);
    scene.access.python("in_terminal.py", &["neomutt", "-n", "-F", &settings, "-f", &local], limit)?;
    let read = fs::read(scene.scratch.join("read.eml"))?;
    assert_eq!(message_id(&read).as_deref(), Some("read@partner.example"));
    scene.check()
}

fn offlineimap(access: Access) -> Outcome {
    let scene = Scene::set(access)?;
    let here = scene.scratch.path();
    let config = format!(
        "[general]\naccounts = test\nmetadata = {here}/meta\nui = basic\n\
         [Account test]\nlocalrepository = local\nremoterepository = remote\n\
         [Repository local]\ntype = Maildir\nlocalfolders = {here}/mail\n\
         [Repository remote]\ntype = IMAP\nremotehost = localhost\nremoteport = {port}\nremoteuser = {user}\n\
         remotepass = {password}\nssl = yes\nsslcacertfile = {ca}\n\
         folderfilter = lambda name: name in ['INBOX', 'Archive']\n",
        here = here.display(),
        port = scene.access.imaps.port(),
        user = scene.access.user,
        password = scene.access.password.replace('%', "%%"),
        ca = scene.access.ca.display(),
    );
    let config = scene.scratch.file("offlineimaprc", config)?;
    let synchronise = || -> Outcome {
        let mut command = Command::new("offlineimap");
        command.arg("-o").arg("-c").arg(&config);
        run(command, PATIENCE)?.success().map(drop)
    };
    synchronise()?;
    let (inbox, archive) = (here.join("mail/INBOX"), here.join("mail/Archive"));
    let files = maildir_files(&inbox)?;
    assert_eq!(files.len(), 3);
    for file in files {
        match message_id(&fs::read(&file)?).as_deref() {
            Some("flag@partner.example") => {
                let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let (name, _) = name.split_once(":2,").unwrap_or((&name, ""));
                fs::rename(&file, inbox.join(format!("cur/{name}:2,F")))?;
            }
            Some("move@partner.example") => fs::rename(&file, archive.join("new/1764000000.M1P1.client"))?,
            _ => {}
        }
    }
    fs::write(inbox.join("new/1764000001.M2P1.client"), letter(&scene.access.user, "append"))?;
    synchronise()?;
    scene.check()?;
    synchronise()?;
    scene.check()
}

fn maildir_files(maildir: &Path) -> Outcome<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    for part in ["new", "cur"] {
        for entry in fs::read_dir(maildir.join(part))? {
            files.push(entry?.path());
        }
    }
    Ok(files)
}

macro_rules! clients {
    ($($client:ident: $($package:literal),+;)+) => {
        mod dovecot {
            use super::*;
            $(#[test]
            fn $client() -> Outcome {
                require!("dovecot-imapd", $($package),+);
                let dovecot = Dovecot::start(DovecotOptions::default())?;
                super::$client(dovecot.access("sales@trade.test")).map_err(|failure| failure.during(&dovecot.log_tail()))
            })+
        }

        mod tradewind {
            use super::*;
            $(#[test]
            fn $client() -> Outcome {
                require!($($package),+);
                let tradewind = Tradewind::start(Options::default())?;
                super::$client(tradewind.access("sales")?).map_err(|failure| failure.during(&tradewind.log_tail()))
            })+
        }
    };
}

clients! {
    curl: "curl";
    imaplib: "python3";
    neomutt: "neomutt", "python3";
    offlineimap: "offlineimap3";
}
