//! Folders of other systems: what they are for by their names, and names that ours can have.

use std::collections::BTreeSet;

use mail::message::casemap;
use mailbox::{LEVELS_MAX, NAME_BYTES_MAX, Name, SpecialUse};

pub use mailbox::SpecialUse as Role;

/// A folder of another system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Folder {
    /// Its levels, divided by '/'; empty for what is brought itself.
    pub path: String,
    /// What the other system says that it is for.
    pub role: Option<SpecialUse>,
    /// Whether the other system says what its folders are for, so that names tell nothing.
    pub is_told: bool,
}

/// Where a folder goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its name here.
    pub name: Name,
    /// What it is for, which comes before the name.
    pub role: Option<SpecialUse>,
}

/// Folders by the names that mail programs and providers give them.
const USUAL: [(SpecialUse, &[&str]); 5] = [
    (
        SpecialUse::Sent,
        &[
            "Sent",
            "Sent Items",
            "Sent Messages",
            "Sent Mail",
            "Sent Objects",
            "已发送",
            "已发送邮件",
            "已发邮件",
            "已寄出",
            "已发送的邮件",
            "寄件備份",
            "寄件备份",
            "已傳送的郵件",
            "已寄送郵件",
            "已傳送郵件",
            "Gesendet",
            "Gesendete Elemente",
            "Gesendete Objekte",
            "Envoyés",
            "Éléments envoyés",
            "Messages envoyés",
            "Enviados",
            "Elementos enviados",
            "Itens Enviados",
            "Inviati",
            "Posta inviata",
            "Verzonden",
            "Verzonden items",
            "Отправленные",
            "送信済み",
            "送信済みアイテム",
            "送信済みメール",
            "보낸편지함",
        ],
    ),
    (
        SpecialUse::Trash,
        &[
            "Trash",
            "Deleted Items",
            "Deleted Messages",
            "Deleted",
            "Bin",
            "已删除",
            "已删除邮件",
            "废件箱",
            "垃圾桶",
            "废纸篓",
            "回收站",
            "刪除的郵件",
            "已刪除郵件",
            "Papierkorb",
            "Gelöscht",
            "Gelöschte Elemente",
            "Gelöschte Objekte",
            "Corbeille",
            "Éléments supprimés",
            "Papelera",
            "Elementos eliminados",
            "Lixeira",
            "Itens Excluídos",
            "Cestino",
            "Posta eliminata",
            "Prullenbak",
            "Verwijderde items",
            "Корзина",
            "Удаленные",
            "ゴミ箱",
            "削除済みアイテム",
            "휴지통",
        ],
    ),
    (
        SpecialUse::Junk,
        &[
            "Junk",
            "Junk E-mail",
            "Junk Email",
            "Junk Mail",
            "Spam",
            "Bulk Mail",
            "垃圾邮件",
            "垃圾箱",
            "垃圾郵件",
            "广告邮件",
            "Spamverdacht",
            "Junk-E-Mail",
            "Courrier indésirable",
            "Pourriel",
            "Indésirables",
            "Correo no deseado",
            "Lixo Eletrônico",
            "Posta indesiderata",
            "Ongewenste e-mail",
            "Спам",
            "Нежелательная почта",
            "迷惑メール",
            "스팸메일함",
            "정크 메일",
        ],
    ),
    (
        SpecialUse::Drafts,
        &[
            "Drafts",
            "Draft",
            "草稿",
            "草稿箱",
            "草稿夹",
            "草稿匣",
            "Entwürfe",
            "Brouillons",
            "Borradores",
            "Rascunhos",
            "Bozze",
            "Concepten",
            "Черновики",
            "下書き",
            "임시보관함",
        ],
    ),
    (
        SpecialUse::Archive,
        &[
            "Archive",
            "Archives",
            "归档",
            "存档",
            "封存",
            "Archiv",
            "Archivo",
            "Arquivo",
            "Archivio",
            "Archief",
            "Архив",
            "アーカイブ",
            "보관함",
        ],
    ),
];

/// INBOX under other names.
const INBOXES: [&str; 9] = [
    "Inbox",
    "收件箱",
    "收件匣",
    "Posteingang",
    "Boîte de réception",
    "Bandeja de entrada",
    "Posta in arrivo",
    "Входящие",
    "受信トレイ",
];

/// What a folder of that name is usually for.
#[must_use]
pub(crate) fn usual_role(name: &str) -> Option<SpecialUse> {
    let wanted = casemap(name.trim());
    let has = |names: &[&str]| names.iter().any(|known| casemap(known) == wanted);
    USUAL.iter().find(|(_, names)| has(names)).map(|(role, _)| *role)
}

/// Whether a folder of that name is the INBOX.
#[must_use]
pub(crate) fn is_inbox(name: &str) -> bool {
    let wanted = casemap(name.trim());
    INBOXES.iter().any(|known| casemap(known) == wanted)
}

/// Where each of `folders` goes below `into`, in their order. Each use is given once: to the one of which the other system says so, then to
/// the one that has our name for it, then to the first with a usual one. Only what goes to the INBOX, so a whole account, has uses.
#[must_use]
pub fn assign(folders: &[Folder], into: &Name) -> Vec<Destination> {
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    let mut roles: Vec<Option<SpecialUse>> = vec![None; folders.len()];
    let chances: [fn(&Folder) -> Option<SpecialUse>; 3] = [
        |folder| folder.role,
        |folder| SpecialUse::parse(&folder.path).filter(|_| !folder.is_told),
        |folder| usual_role(&folder.path).filter(|_| !folder.is_told),
    ];
    for chance in chances.into_iter().filter(|_| into.is_inbox()) {
        for (folder, role) in folders.iter().zip(&mut roles).filter(|(_, role)| role.is_none()) {
            *role = chance(folder).filter(|role| taken.insert(role.as_str()));
        }
    }
    folders.iter().zip(roles).map(|(folder, role)| Destination { name: below(into, &folder.path), role }).collect()
}

fn below(into: &Name, path: &str) -> Name {
    if path.is_empty() || into.is_inbox() && is_inbox(path) {
        return into.clone();
    }
    let whole = if into.is_inbox() { path.to_owned() } else { format!("{}/{path}", into.as_str()) };
    fitting(&whole)
}

/// The name that comes closest to `path` of those that a mailbox here can have.
#[must_use]
pub fn fitting(path: &str) -> Name {
    let mut levels: Vec<String> = path.split('/').map(fitting_level).collect();
    if levels.len() > LEVELS_MAX {
        let rest = levels.split_off(LEVELS_MAX - 1).join("_");
        levels.push(rest);
    }
    // The trees of others over IMAP begin so: a mailbox of one's own could not be reached there.
    if let Some(first) = levels.first_mut()
        && ["shared", "other users"].contains(&first.to_lowercase().as_str())
    {
        first.push('_');
    }
    let mut whole = levels.join("/");
    if whole.len() > NAME_BYTES_MAX {
        // Two that differ beyond the limit stay two.
        let mark = format!("~{:08x}", xxhash_rust::xxh3::xxh3_64(whole.as_bytes()) & 0xffff_ffff);
        let mut end = NAME_BYTES_MAX - mark.len();
        while !whole.is_char_boundary(end) {
            end -= 1;
        }
        whole.truncate(end);
        whole = format!("{}{mark}", whole.trim_end_matches('/'));
    }
    Name::parse(&whole).unwrap_or_else(|_| Name::inbox())
}

fn fitting_level(level: &str) -> String {
    let is_bad = |c: char| c.is_control() || matches!(c, '*' | '%' | '\u{2028}' | '\u{2029}' | '\u{feff}');
    let level: String = level.chars().map(|c| if is_bad(c) { '_' } else { c }).collect();
    if level.trim().is_empty() { "_".to_owned() } else { level }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(path: &str, role: Option<SpecialUse>) -> Folder {
        Folder { path: path.to_owned(), role, is_told: role.is_some() }
    }

    fn roles(folders: &[Folder], into: &str) -> Vec<(String, Option<&'static str>)> {
        let assigned = assign(folders, &Name::parse(into).unwrap());
        assigned.into_iter().map(|it| (it.name.as_str().to_owned(), it.role.map(SpecialUse::as_str))).collect()
    }

    #[test]
    fn uses_are_known_by_what_is_said_and_by_names_and_given_once() {
        let folders = [
            told("", None),
            told("已发送", None),
            told("Gesendet", None),
            told("垃圾箱", Some(SpecialUse::Trash)),
            told("Deleted Items", None),
            told("Projects/Drafts", None),
            told("收件箱", None),
            told("ENTWÜRFE", None),
        ];
        let found = roles(&folders, "INBOX");
        let expected = [
            ("INBOX", None),
            ("已发送", Some("Sent")),
            ("Gesendet", None),
            ("垃圾箱", Some("Trash")),
            ("Deleted Items", None),
            ("Projects/Drafts", None),
            ("INBOX", None),
            ("ENTWÜRFE", Some("Drafts")),
        ];
        assert_eq!(found, expected.map(|(name, role)| (name.to_owned(), role)));
        assert_eq!(roles(&[told("Sent Items", None), told("Sent", None)], "INBOX")[0].1, None);
        assert_eq!(roles(&[told("Sent", None)], "Old"), [("Old/Sent".to_owned(), None)]);
    }

    #[test]
    fn every_name_finds_one_that_can_be() {
        for (path, expected) in [
            ("inbox/a", "INBOX/a"),
            ("Shared/x", "Shared_/x"),
            ("a*b%/ /c\u{1}", "a_b_/_/c_"),
            ("a//b", "a/_/b"),
            ("", "_"),
        ] {
            assert_eq!(fitting(path).as_str(), expected, "{path:?}");
        }
        let long = "订".repeat(300);
        let (one, two) = (fitting(&format!("{long}1")), fitting(&format!("{long}2")));
        assert!(one != two && one.as_str().len() <= NAME_BYTES_MAX && one.as_str().starts_with('订'));
        assert!(fitting(&"x/".repeat(40)).as_str().matches('/').count() < LEVELS_MAX);
    }
}
