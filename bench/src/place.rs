//! Where delivered messages are counted.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use harness::{Outcome, Trust, imap};

/// A place that delivered messages show up in: `imap:HOST:PORT:USER:PASSWORD:MAILBOX`, `imaps:...` or `maildir:PATH`.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// Asked by STATUS.
    Imap { address: SocketAddr, tls: bool, user: String, password: String, mailbox: String },
    /// Counted in `new` and `cur`.
    Maildir(PathBuf),
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "wanted imap:HOST:PORT:USER:PASSWORD:MAILBOX, imaps:HOST:PORT:USER:PASSWORD:MAILBOX or maildir:PATH";
        let (kind, rest) = text.split_once(':').ok_or(form)?;
        if kind == "maildir" {
            return Ok(Self::Maildir(PathBuf::from(rest)));
        }
        let parts: Vec<&str> = rest.splitn(5, ':').collect();
        let ([host, port, user, password, mailbox], "imap" | "imaps") = (parts.as_slice(), kind) else {
            return Err(form.to_owned());
        };
        let address = format!("{host}:{port}").parse().map_err(|error| format!("{host}:{port}: {error}"))?;
        let [user, password, mailbox] = [user, password, mailbox].map(|part| (*part).to_owned());
        Ok(Self::Imap { address, tls: kind == "imaps", user, password, mailbox })
    }
}

/// Counts what is in a [`Place`].
pub(crate) enum Counter {
    Imap(Box<imap::Client>, String),
    Maildir(PathBuf),
}

impl Counter {
    pub(crate) fn open(place: &Place) -> Outcome<Self> {
        Ok(match place {
            Place::Maildir(path) => Self::Maildir(path.clone()),
            Place::Imap { address, tls, user, password, mailbox } => {
                let mut client = if *tls {
                    imap::Client::connect_tls(*address, &Trust::Anything)?
                } else {
                    imap::Client::connect(*address)?
                };
                client.login(user, password)?;
                Self::Imap(Box::new(client), mailbox.clone())
            }
        })
    }

    pub(crate) fn count(&mut self) -> Outcome<usize> {
        match self {
            Self::Imap(client, mailbox) => Ok(usize::try_from(client.count(mailbox)?)?),
            Self::Maildir(path) => Ok(["new", "cur"]
                .iter()
                .filter_map(|part| fs::read_dir(path.join(part)).ok())
                .map(Iterator::count)
                .sum()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_read() {
        assert!(matches!("maildir:/a/b".parse(), Ok(Place::Maildir(_))));
        let place = "imaps:127.0.0.1:993:sales@trade.test:secret:INBOX".parse();
        assert!(matches!(place, Ok(Place::Imap { tls: true, ref mailbox, .. }) if mailbox == "INBOX"), "{place:?}");
        assert!("imap:127.0.0.1:143:sales".parse::<Place>().is_err());
        assert!("mbox:/a".parse::<Place>().is_err());
    }
}
