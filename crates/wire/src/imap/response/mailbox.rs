//! Responses about mailboxes: LIST, STATUS, NAMESPACE, QUOTA.

use super::Writer;
use super::text::{write_mailbox, write_number, write_string};
use crate::imap::command::{SpecialUse, StatusItem};
use crate::imap::mailbox_name::SEPARATOR;

/// A line of LIST or LSUB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ListEntry<'a> {
    /// The name in UTF-8.
    pub name: &'a str,
    /// `\NonExistent`, which implies `\NoSelect`.
    pub non_existent: bool,
    /// `\NoSelect`
    pub no_select: bool,
    /// `\NoInferiors`
    pub no_inferiors: bool,
    /// `\HasChildren` or `\HasNoChildren`, where known.
    pub has_children: Option<bool>,
    /// `\Marked` or `\Unmarked`, where known.
    pub marked: Option<bool>,
    /// `\Subscribed`
    pub subscribed: bool,
    /// Special uses.
    pub uses: &'a [SpecialUse],
    /// `("CHILDINFO" ("SUBSCRIBED"))`: some child matches RECURSIVEMATCH (RFC 5258 section 3.5).
    pub child_subscribed: bool,
    /// `("OLDNAME" (..))`: the name before, or as the client gave it (RFC 9051 section 6.3.9.7).
    pub old_name: Option<&'a str>,
}

/// A value of STATUS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusValue<'a> {
    /// A number.
    Number(u64),
    /// An object id, in parentheses (RFC 8474).
    ObjectId(&'a str),
    /// NIL: no APPENDLIMIT.
    Nil,
}

/// A resource of QUOTA (RFC 9208).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaResource<'a> {
    /// `STORAGE` (in units of 1,024 bytes) or `MESSAGE`.
    pub name: &'a str,
    /// In use.
    pub usage: u64,
    /// At most.
    pub limit: u64,
}

impl Writer<'_> {
    /// `* LIST`
    pub fn list(&mut self, entry: &ListEntry<'_>) {
        self.list_line(b"* LIST (", entry);
    }

    /// `* LSUB` (RFC 3501 section 7.2.3)
    pub fn lsub(&mut self, entry: &ListEntry<'_>) {
        self.list_line(b"* LSUB (", entry);
    }

    fn list_line(&mut self, head: &[u8], entry: &ListEntry<'_>) {
        self.out.extend_from_slice(head);
        let start = self.out.len();
        let mut put = |is_set: bool, name: &str| {
            if is_set {
                self.out.extend_from_slice(name.as_bytes());
                self.out.push(b' ');
            }
        };
        put(entry.non_existent, "\\NonExistent");
        put(entry.no_select, "\\NoSelect");
        put(entry.no_inferiors, "\\NoInferiors");
        put(entry.marked == Some(true), "\\Marked");
        put(entry.marked == Some(false), "\\Unmarked");
        put(entry.has_children == Some(true), "\\HasChildren");
        put(entry.has_children == Some(false), "\\HasNoChildren");
        put(entry.subscribed, "\\Subscribed");
        for special_use in entry.uses {
            put(true, special_use.name());
        }
        if self.out.len() > start {
            self.out.pop();
        }
        self.out.extend_from_slice(b") \"");
        self.out.push(SEPARATOR as u8);
        self.out.extend_from_slice(b"\" ");
        write_mailbox(self.out, entry.name, self.utf8);
        self.list_extension(entry);
        self.end_line();
    }

    fn list_extension(&mut self, entry: &ListEntry<'_>) {
        if !entry.child_subscribed && entry.old_name.is_none() {
            return;
        }
        self.out.extend_from_slice(b" (");
        if entry.child_subscribed {
            self.out.extend_from_slice(b"\"CHILDINFO\" (\"SUBSCRIBED\")");
        }
        if let Some(old_name) = entry.old_name {
            if entry.child_subscribed {
                self.out.push(b' ');
            }
            self.out.extend_from_slice(b"\"OLDNAME\" (");
            write_mailbox(self.out, old_name, self.utf8);
            self.out.push(b')');
        }
        self.out.push(b')');
    }

    /// `* STATUS`
    pub fn status_data<'v>(&mut self, name: &str, values: impl IntoIterator<Item = (StatusItem, StatusValue<'v>)>) {
        self.out.extend_from_slice(b"* STATUS ");
        write_mailbox(self.out, name, self.utf8);
        self.out.extend_from_slice(b" (");
        for (at, (item, value)) in values.into_iter().enumerate() {
            if at > 0 {
                self.out.push(b' ');
            }
            let known = StatusItem::NAMES.iter().find(|(known, _)| *known == item);
            self.out.extend_from_slice(known.map_or("", |(_, name)| name).as_bytes());
            self.out.push(b' ');
            match value {
                StatusValue::Number(number) => write_number(self.out, number),
                StatusValue::ObjectId(id) => self.parenthesised(id),
                StatusValue::Nil => self.out.extend_from_slice(b"NIL"),
            }
        }
        self.out.push(b')');
        self.end_line();
    }

    /// `* NAMESPACE` (RFC 2342 section 5): the personal one without a prefix, those of other users and shared ones with theirs.
    pub fn namespace(&mut self, others: Option<&str>, shared: Option<&str>) {
        self.out.extend_from_slice(b"* NAMESPACE ((\"\" \"/\"))");
        for prefix in [others, shared] {
            match prefix {
                Some(prefix) => {
                    self.out.extend_from_slice(b" ((");
                    write_mailbox(self.out, prefix, self.utf8);
                    self.out.extend_from_slice(b" \"/\"))");
                }
                None => self.out.extend_from_slice(b" NIL"),
            }
        }
        self.end_line();
    }

    /// `* ACL` (RFC 4314 section 3.6): identifiers with their rights.
    pub fn acl<'r>(&mut self, name: &str, entries: impl IntoIterator<Item = (&'r str, &'r str)>) {
        self.out.extend_from_slice(b"* ACL ");
        write_mailbox(self.out, name, self.utf8);
        for (identifier, rights) in entries {
            self.out.push(b' ');
            write_string(self.out, identifier, self.utf8);
            self.out.push(b' ');
            write_string(self.out, rights, self.utf8);
        }
        self.end_line();
    }

    /// `* LISTRIGHTS` (RFC 4314 section 3.7): what the identifier always has, then sets of rights that can only be given together.
    pub fn list_rights(&mut self, name: &str, identifier: &str, required: &str, tied: &[&str]) {
        self.out.extend_from_slice(b"* LISTRIGHTS ");
        write_mailbox(self.out, name, self.utf8);
        for text in [identifier, required].into_iter().chain(tied.iter().copied()) {
            self.out.push(b' ');
            write_string(self.out, text, self.utf8);
        }
        self.end_line();
    }

    /// `* MYRIGHTS` (RFC 4314 section 3.8)
    pub fn my_rights(&mut self, name: &str, rights: &str) {
        self.out.extend_from_slice(b"* MYRIGHTS ");
        write_mailbox(self.out, name, self.utf8);
        self.out.push(b' ');
        write_string(self.out, rights, self.utf8);
        self.end_line();
    }

    /// `* QUOTA`
    pub fn quota(&mut self, root: &str, resources: &[QuotaResource<'_>]) {
        self.out.extend_from_slice(b"* QUOTA ");
        write_string(self.out, root, self.utf8);
        self.out.extend_from_slice(b" (");
        for (at, resource) in resources.iter().enumerate() {
            if at > 0 {
                self.out.push(b' ');
            }
            self.out.extend_from_slice(resource.name.as_bytes());
            self.out.push(b' ');
            write_number(self.out, resource.usage);
            self.out.push(b' ');
            write_number(self.out, resource.limit);
        }
        self.out.push(b')');
        self.end_line();
    }

    /// `* QUOTAROOT`
    pub fn quota_root(&mut self, name: &str, roots: &[&str]) {
        self.out.extend_from_slice(b"* QUOTAROOT ");
        write_mailbox(self.out, name, self.utf8);
        for root in roots {
            self.out.push(b' ');
            write_string(self.out, root, self.utf8);
        }
        self.end_line();
    }
}
