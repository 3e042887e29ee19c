//! The folders of another server, and where they go.

use mail::message::charset;
use mailbox::{Name, SpecialUse};
use wire::imap::client::{Event, Listed, Part, Response};
use wire::imap::decode_utf7;

use super::connection::{Connection, wants_waiting};
use super::gmail;
use super::{Orders, RemoteError};
use crate::{Destination, Folder, assign};

/// A folder of the other server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RemoteFolder {
    /// Its name as the server writes it.
    pub(super) name: Vec<u8>,
    /// Its name for people, levels divided by '/'.
    pub(super) path: String,
    /// Where it goes.
    pub(super) destination: Destination,
    /// Whether it has what the others have and more, as Gmail's folder of all mail.
    pub(super) is_all: bool,
}

/// What is known of namespaces: what begins the user's own names, and those of others (RFC 2342).
#[derive(Debug, Default, PartialEq, Eq)]
struct Namespaces {
    own: Vec<u8>,
    others: Vec<Vec<u8>>,
}

/// Asks for the folders. Those that are to be left out are told with the reason.
pub(super) async fn list(
    connection: &mut Connection,
    orders: &Orders,
) -> Result<(Vec<RemoteFolder>, Vec<String>), RemoteError> {
    let namespaces = if connection.can("NAMESPACE") { namespaces(connection).await? } else { Namespaces::default() };
    let command = if connection.can("SPECIAL-USE") && connection.can("LIST-EXTENDED") {
        "LIST \"\" \"*\" RETURN (SPECIAL-USE)"
    } else if connection.can("XLIST") && !connection.can("X-GM-EXT-1") {
        "XLIST \"\" \"*\""
    } else {
        "LIST \"\" \"*\""
    };
    connection.begin(&[Part::Text(command)]);
    let mut listed = Vec::new();
    loop {
        match connection.event().await? {
            Event::Untagged(Response::List(one)) => listed.push(one),
            Event::Untagged(Response::Status(status)) if wants_waiting(&status) => {
                return Err(RemoteError::Wait(status.text));
            }
            Event::Done(status) if status.is_ok() => break,
            Event::Done(status) if wants_waiting(&status) => return Err(RemoteError::Wait(status.text)),
            Event::Done(status) => return Err(RemoteError::NoList(status.text)),
            _ => {}
        }
    }
    Ok(plan(listed, &namespaces, connection.can("X-GM-EXT-1"), orders))
}

async fn namespaces(connection: &mut Connection) -> Result<Namespaces, RemoteError> {
    connection.begin(&[Part::Text("NAMESPACE")]);
    let mut found = Namespaces::default();
    loop {
        match connection.event().await? {
            Event::Untagged(Response::Namespace { own, others }) => {
                found = Namespaces { own: own.into_iter().next().unwrap_or_default(), others };
            }
            Event::Done(_) => return Ok(found),
            _ => {}
        }
    }
}

fn plan(
    listed: Vec<Listed>,
    namespaces: &Namespaces,
    is_gmail: bool,
    orders: &Orders,
) -> (Vec<RemoteFolder>, Vec<String>) {
    let (mut found, mut left_out) = (Vec::new(), Vec::new());
    let prefix = own_prefix(&listed, namespaces);
    for one in listed {
        let is_others = |prefix: &Vec<u8>| !prefix.is_empty() && one.name.starts_with(prefix);
        let path = path_of(&one, &prefix);
        if one.is("NOSELECT") || one.is("NONEXISTENT") || !orders.wants(&path) {
            continue;
        }
        if namespaces.others.iter().any(is_others) {
            left_out.push(format!("{path}: the folder of somebody else; take it over from its owner's account"));
            continue;
        }
        let is_view = one.is("FLAGGED") || one.is("IMPORTANT") || one.is("ALL") && !is_gmail;
        if is_view {
            // What is in it is in the others too, and has its flags there.
            continue;
        }
        found.push((one, path));
    }
    let is_told = found.iter().any(|(one, _)| role_of(one).is_some());
    let folders: Vec<Folder> = found
        .iter()
        .map(|(one, path)| {
            let path = gmail::path(path, is_gmail);
            let path = if one.name.eq_ignore_ascii_case(b"INBOX") { String::new() } else { path };
            Folder { path, role: role_of(one), is_told }
        })
        .collect();
    let into = orders.into.clone().unwrap_or_else(Name::inbox);
    let destinations = assign(&folders, &into);
    let mut folders: Vec<RemoteFolder> = found
        .into_iter()
        .zip(destinations)
        .map(|((one, path), destination)| RemoteFolder { is_all: one.is("ALL"), name: one.name, path, destination })
        .collect();
    // INBOX first, as it is waited for most; what has everything last, when all else is known.
    folders.sort_by_key(|folder| (folder.is_all, !folder.name.eq_ignore_ascii_case(b"INBOX")));
    folders.dedup_by(|one, other| one.name == other.name);
    (folders, left_out)
}

fn role_of(one: &Listed) -> Option<SpecialUse> {
    // Gmail has no archive but its folder of all mail.
    if one.is("ALL") {
        return Some(SpecialUse::Archive);
    }
    // XLIST has one name of its own.
    if one.is("SPAM") {
        return Some(SpecialUse::Junk);
    }
    one.attributes.iter().find_map(|attribute| SpecialUse::parse(attribute))
}

/// What begins the names of all folders but INBOX: as the server says, or where it says nothing and all lie below INBOX, that.
fn own_prefix(listed: &[Listed], namespaces: &Namespaces) -> Vec<u8> {
    if !namespaces.own.is_empty() {
        return namespaces.own.clone();
    }
    let mut others = listed.iter().filter(|one| !one.name.eq_ignore_ascii_case(b"INBOX")).peekable();
    let Some(delimiter) = others.peek().and_then(|one| one.delimiter) else { return Vec::new() };
    let prefix = [b"INBOX".as_slice(), &[delimiter]].concat();
    let below = |one: &Listed| one.name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(&prefix));
    if others.all(below) { prefix } else { Vec::new() }
}

/// The name for people: levels divided by '/', from modified UTF-7, or what else servers send.
fn path_of(one: &Listed, prefix: &[u8]) -> String {
    let begins = one.name.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix));
    let name = if begins { &one.name[prefix.len()..] } else { &one.name };
    // A '/' that divides nothing there would divide here.
    let level = |level: &[u8]| text_of(level).replace('/', "_");
    match one.delimiter {
        Some(delimiter) => name.split(|byte| *byte == delimiter).map(level).collect::<Vec<_>>().join("/"),
        None => level(name),
    }
}

/// Modified UTF-7 (RFC 3501 section 5.1.3); UTF-8 or GBK where a server sends that as it is; else as it stands.
pub(super) fn text_of(name: &[u8]) -> String {
    decode_utf7(name).unwrap_or_else(|| charset::guess(name).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(attributes: &[&str], delimiter: char, name: &[u8]) -> Listed {
        let attributes = attributes.iter().map(|it| (*it).to_owned()).collect();
        Listed { attributes, delimiter: Some(delimiter as u8), name: name.to_vec() }
    }

    fn planned(listed: Vec<Listed>, namespaces: &Namespaces, is_gmail: bool) -> Vec<(String, Option<&'static str>)> {
        let (folders, _) = plan(listed, namespaces, is_gmail, &Orders::default());
        let show =
            |it: RemoteFolder| (it.destination.name.as_str().to_owned(), it.destination.role.map(SpecialUse::as_str));
        folders.into_iter().map(show).collect()
    }

    fn expect(found: &[(String, Option<&'static str>)], expected: &[(&str, Option<&'static str>)]) {
        let found: Vec<(&str, Option<&'static str>)> =
            found.iter().map(|(name, role)| (name.as_str(), *role)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn names_in_any_encoding_and_below_inbox() {
        let listed = vec![
            one(&[], '.', b"INBOX.Orders/2026.a"),
            one(&[], '.', b"INBOX"),
            one(&["NOSELECT"], '.', b"INBOX.x"),
            one(&[], '.', b"INBOX.&XfJT0ZAB-"),
            one(&[], '.', "INBOX.草稿箱".as_bytes()),
            one(&[], '.', b"INBOX.\xc0\xac\xbb\xf8\xcf\xe4"),
            one(&[], '.', b"INBOX.A&B"),
        ];
        let expected = [
            ("INBOX", None),
            ("Orders_2026/a", None),
            ("已发送", Some("Sent")),
            ("草稿箱", Some("Drafts")),
            ("垃圾箱", Some("Junk")),
            ("A&B", None),
        ];
        expect(&planned(listed, &Namespaces::default(), false), &expected);
    }

    #[test]
    fn what_the_server_says_comes_before_names_and_others_folders_stay() {
        let listed = vec![
            one(&["SENT"], '/', b"Outgoing"),
            one(&[], '/', b"Sent"),
            one(&["ALL"], '/', b"Virtual/All"),
            one(&[], '/', b"Shared/desk"),
        ];
        let namespaces = Namespaces { own: Vec::new(), others: vec![b"Shared/".to_vec()] };
        expect(&planned(listed, &namespaces, false), &[("Outgoing", Some("Sent")), ("Sent", None)]);
    }

    #[test]
    fn gmail_has_its_folders_at_the_top_and_all_mail_last() {
        let listed = vec![
            one(&["ALL", "HASNOCHILDREN"], '/', b"[Gmail]/All Mail"),
            one(&["NOSELECT"], '/', b"[Gmail]"),
            one(&["FLAGGED"], '/', b"[Gmail]/Starred"),
            one(&["IMPORTANT"], '/', b"[Gmail]/Important"),
            one(&["SENT"], '/', b"[Gmail]/&XfJT0ZCuTvY-"),
            one(&[], '/', b"Orders"),
            one(&[], '/', b"INBOX"),
        ];
        let expected = [("INBOX", None), ("已发邮件", Some("Sent")), ("Orders", None), ("All Mail", Some("Archive"))];
        expect(&planned(listed, &Namespaces::default(), true), &expected);
    }
}
