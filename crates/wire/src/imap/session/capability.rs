//! CAPABILITY and ENABLE (RFC 9051 sections 6.1.1 and 6.3.1).

use super::{Session, State};
use crate::imap::limits::NonSyncLiterals;

/// What holds from the start.
const ALWAYS: &str = "IMAP4rev1 IMAP4rev2 SASL-IR ENABLE ID";

/// What holds once somebody has signed in.
const SIGNED_IN: &str = "ACL APPENDLIMIT={} BINARY CHILDREN CONDSTORE CREATE-SPECIAL-USE ESEARCH IDLE LIST-EXTENDED \
     LIST-STATUS MOVE MULTIAPPEND NAMESPACE OBJECTID PREVIEW QRESYNC QUOTA QUOTA=RES-STORAGE RIGHTS=kxte SAVEDATE \
     SEARCHRES SORT SORT=DISPLAY SPECIAL-USE STATUS=SIZE THREAD=ORDEREDSUBJECT THREAD=REFERENCES UIDPLUS UNSELECT \
     UTF8=ACCEPT WITHIN";

impl Session {
    /// The capabilities at this point, by spaces: before sign-in only what matters then; `AUTH=` only under TLS.
    pub fn capabilities(&self) -> String {
        let mut list = String::with_capacity(640);
        list.push_str(ALWAYS);
        list.push_str(match self.settings.limits.non_sync {
            NonSyncLiterals::Any => " LITERAL+",
            NonSyncLiterals::Small => " LITERAL-",
        });
        if self.state != State::NotAuthenticated {
            list.push(' ');
            list.push_str(&SIGNED_IN.replace("{}", &self.settings.limits.message_bytes_max.to_string()));
            if self.settings.compress && !self.is_compressed {
                list.push_str(" COMPRESS=DEFLATE");
            }
            return list;
        }
        if self.is_tls {
            for mechanism in self.settings.mechanisms.iter().filter(|it| !self.withheld.contains(&it.as_str())) {
                list.push_str(" AUTH=");
                list.push_str(mechanism);
            }
        } else {
            if self.settings.starttls {
                list.push_str(" STARTTLS");
            }
            list.push_str(" LOGINDISABLED");
        }
        list
    }

    /// Enables what is known and writes what is newly so. Unknown names are passed over (RFC 9051 section 6.3.1).
    pub(super) fn enable(&mut self, out: &mut Vec<u8>, names: &[String]) {
        let before = self.enabled;
        for name in names {
            match name.as_str() {
                "CONDSTORE" => self.enabled.condstore = true,
                "QRESYNC" => {
                    self.enabled.condstore = true;
                    self.enabled.qresync = true;
                }
                "UTF8=ACCEPT" => self.enabled.utf8_accept = true,
                "IMAP4REV2" => self.enabled.imap4rev2 = true,
                _ => {}
            }
        }
        let after = self.enabled;
        out.extend_from_slice(b"* ENABLED");
        for (name, was, is) in [
            (" CONDSTORE", before.condstore, after.condstore),
            (" QRESYNC", before.qresync, after.qresync),
            (" UTF8=ACCEPT", before.utf8_accept, after.utf8_accept),
            (" IMAP4rev2", before.imap4rev2, after.imap4rev2),
        ] {
            if is && !was {
                out.extend_from_slice(name.as_bytes());
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}
