//! Maildir++ (<https://cr.yp.to/proto/maildir.html>): INBOX is the directory itself, other folders are `.Name.Sub` in it, in modified UTF-7.
//! Dots and backslashes within a level are escaped as Dovecot's `listescape` does it; keywords are letters that `dovecot-keywords` explains.

use std::fs::FileTimes;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use mailbox::{SpecialUse, keywords};
use wire::imap::encode_utf7;

use super::{Draft, Outgoing, Writer, make_directory, make_file};
use crate::item::with_lf;
use crate::read::maildir_letters;

/// Longest name of a directory, in octets: what file systems take.
const NAME_BYTES_MAX: usize = 255;

/// Keywords of a folder that have letters.
const KEYWORDS_MAX: usize = 26;

pub(super) struct MaildirWriter {
    draft: Draft,
    /// Whether it has one folder, which is the directory itself.
    is_single: bool,
    folder: PathBuf,
    keywords: Vec<String>,
    lost: u64,
}

impl MaildirWriter {
    pub(super) fn create(path: &Path, is_single: bool) -> io::Result<Self> {
        let draft = Draft::new(path, true)?;
        let folder = draft.path.clone();
        make_parts(&folder)?;
        Ok(Self { draft, is_single, folder, keywords: Vec::new(), lost: 0 })
    }

    fn end_folder(&mut self) -> io::Result<()> {
        if self.keywords.is_empty() {
            return Ok(());
        }
        let mut file = make_file(&self.folder.join("dovecot-keywords"))?;
        for (number, keyword) in self.keywords.drain(..).enumerate() {
            writeln!(file, "{number} {keyword}")?;
        }
        file.sync_all()
    }

    fn letters(&mut self, flags: &[String]) -> String {
        let mut letters = Vec::new();
        for flag in flags {
            if let Some(bit) = keywords::system_flag(flag) {
                letters.extend(maildir_letters().iter().filter(|(_, known)| *known == bit).map(|(letter, _)| *letter));
                continue;
            }
            let place = self.keywords.iter().position(|known| known == flag).or_else(|| {
                let is_room = self.keywords.len() < KEYWORDS_MAX;
                is_room.then(|| self.keywords.push(flag.clone())).map(|()| self.keywords.len() - 1)
            });
            match place.and_then(|place| u8::try_from(place).ok()) {
                Some(place) => letters.push(char::from(b'a' + place)),
                None => self.lost += 1,
            }
        }
        // Readers expect them in the order of ASCII.
        letters.sort_unstable();
        letters.into_iter().collect()
    }
}

impl Writer for MaildirWriter {
    fn folder(&mut self, name: &str, _role: Option<SpecialUse>) -> io::Result<()> {
        self.end_folder()?;
        self.folder = if self.is_single || name == "INBOX" {
            self.draft.path.clone()
        } else {
            self.draft.path.join(directory_of(name)?)
        };
        make_parts(&self.folder)
    }

    fn message(&mut self, message: &Outgoing<'_>) -> io::Result<()> {
        let letters = self.letters(message.flags);
        let plain = with_lf(message.raw);
        let content = plain.as_deref().unwrap_or(message.raw);
        let (seconds, millis) = (message.received.seconds(), message.received.millis().rem_euclid(1000));
        let name = format!(
            "{seconds}.M{millis}000U{}.tradewind,S={},W={}:2,{letters}",
            message.uid,
            content.len(),
            message.raw.len()
        );
        let mut file = make_file(&self.folder.join("cur").join(name))?;
        file.write_all(content)?;
        let since = Duration::from_millis(u64::try_from(message.received.millis()).unwrap_or(0));
        file.set_times(FileTimes::new().set_modified(UNIX_EPOCH + since))?;
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.end_folder()?;
        // One for all files, rather than one for each.
        rustix::fs::syncfs(std::fs::File::open(&self.draft.path)?)?;
        self.draft.finish()
    }

    fn keywords_lost(&self) -> u64 {
        self.lost
    }
}

fn make_parts(folder: &Path) -> io::Result<()> {
    ["cur", "new", "tmp"].iter().try_for_each(|part| make_directory(&folder.join(part)))
}

fn directory_of(name: &str) -> io::Result<String> {
    let mut directory = Vec::new();
    for level in name.split('/') {
        directory.push(b'.');
        encode_utf7(&level.replace('\\', "\\5c").replace('.', "\\2e"), &mut directory);
    }
    if directory.len() > NAME_BYTES_MAX {
        let why =
            format!("the folder {name} has a longer name than a Maildir can have; rename it, or write an archive");
        return Err(io::Error::other(why));
    }
    String::from_utf8(directory).map_err(io::Error::other)
}
