//! What is in attached files, as the confined processes tell it. In code, as what is asked of a file in a file has no words in the rule
//! language yet; each of them has its text here.

use inspect::{Kind, Reason, Trait};

use super::EVIDENCE_CHARS_MAX;
use super::claimed_brand;
use super::hosts::{is_cheap_suffix, is_free_host, is_shortener};
use crate::facts::inside::InnerFile;
use crate::facts::{Facts, Inside, Link, Place};
use crate::findings::{Finding, Signal};
use crate::lexicon::Concept::{
    Account, Billing, Credential, Document, Parcel, Quota, Refund, Security, Threat, Urgent, Verify,
};
use crate::lexicon::concepts;
use crate::normal::normal;

/// What is looked for in files.
struct Sought {
    id: &'static str,
    signal: Signal,
    /// Weights for spam and for phish, in log odds.
    weights: (f32, f32),
    holds: fn(&Inside) -> Option<String>,
    english: &'static str,
    chinese: &'static str,
}

/// The findings on what is in attached files; none where nobody looked into them.
pub(crate) fn findings(facts: &Facts) -> Vec<Finding> {
    let Some(inside) = &facts.inside else { return Vec::new() };
    let found = |sought: &Sought| {
        let evidence = (sought.holds)(inside)?;
        Some(Finding {
            id: sought.id.to_owned(),
            signal: sought.signal,
            spam: sought.weights.0,
            phish: sought.weights.1,
            evidence: evidence.chars().take(EVIDENCE_CHARS_MAX).collect(),
            key: format!("finding-{}", sought.id),
        })
    };
    SIGNS.iter().chain(SOUGHT).filter_map(found).collect()
}

/// The text of a finding of this layer, by its key.
pub(crate) fn text(key: &str, language: &str) -> Option<&'static str> {
    let id = key.strip_prefix("finding-")?;
    let sought = SIGNS.iter().chain(SOUGHT).find(|sought| sought.id == id)?;
    Some(if language.starts_with("zh") { sought.chinese } else { sought.english })
}

/// Signs of files: name, sign, weights, texts.
macro_rules! signs {
    ($($id:literal: $what:expr, $weights:expr, $english:literal, $chinese:literal;)+) => {
        &[$(Sought {
            id: $id,
            signal: Signal::File,
            weights: $weights,
            holds: |inside| sign(inside, $what),
            english: $english,
            chinese: $chinese,
        },)+]
    };
}

const SIGNS: &[Sought] = signs! {
    "file-macros": Trait::Macros, (0.1, 0.5),
        "An attached document holds macros: {evidence}", "附件文档含有宏：{evidence}";
    "file-macros-at-opening": Trait::MacrosAtOpening, (0.5, 2.0),
        "Macros of an attached document run when it is opened: {evidence}", "附件文档一打开就运行宏：{evidence}";
    "file-macro-sheet": Trait::MacroSheet, (0.5, 2.0),
        "An attached workbook has a macro sheet: {evidence}", "附件工作簿含有宏表：{evidence}";
    "file-data-exchange": Trait::DataExchange, (0.5, 2.5),
        "An attached document starts a program through a field: {evidence}", "附件文档通过域启动程序：{evidence}";
    "file-external-content": Trait::ExternalContent, (0.5, 2.5),
        "An attached document loads content from elsewhere when it is opened: {evidence}", "附件文档打开时从外部载入内容：{evidence}";
    "file-embedded-object": Trait::EmbeddedObject, (0.0, 0.4),
        "An object of another program is embedded in an attached document: {evidence}", "附件文档嵌有其他程序的对象：{evidence}";
    "file-equation-object": Trait::EquationObject, (0.5, 2.5),
        "An attached document holds an object of the equation editor, known for its holes: {evidence}",
        "附件文档含有公式编辑器对象，该组件漏洞众所周知：{evidence}";
    "file-script": Trait::DocumentScript, (0.1, 0.8),
        "An attached document holds a script: {evidence}", "附件文档含有脚本：{evidence}";
    "file-starts-program": Trait::StartsProgram, (0.5, 3.0),
        "An attached document starts a program: {evidence}", "附件文档会启动程序：{evidence}";
    "file-picture-script": Trait::PictureScript, (0.5, 2.5),
        "An attached picture holds a script: {evidence}", "附件图片含有脚本：{evidence}";
    "file-shortcut-command": Trait::ShortcutCommand, (0.5, 2.5),
        "An attached shortcut runs a command: {evidence}", "附件快捷方式会执行命令：{evidence}";
    "file-password-in-message": Trait::NamedPassword, (0.5, 1.5),
        "The message itself names the password of a locked file: {evidence}", "邮件正文写明了加密文件的密码：{evidence}";
    "file-other-than-named": Trait::OtherThanNamed, (0.5, 2.0),
        "A file is something else than its name says: {evidence}", "文件的实际类型与名称不符：{evidence}";
    "file-name-escapes": Trait::EscapingName, (0.5, 2.0),
        "A file would be unpacked outside of its directory: {evidence}", "文件会解压到目录之外：{evidence}";
    "file-bomb": Trait::Bomb, (1.0, 2.0),
        "A file unpacks to far more than anybody sends: {evidence}", "文件解压后异常庞大：{evidence}";
    "file-smuggled": Trait::SmuggledFile, (0.5, 3.0),
        "An attached page writes a file onto the reader's machine: {evidence}", "附件网页会在读者的机器上生成文件：{evidence}";
    "file-hidden-in-document": Trait::HiddenFile, (0.0, 0.4),
        "A file is embedded in an attached document: {evidence}", "附件文档内嵌有文件：{evidence}";
};

const SOUGHT: &[Sought] = &[
    Sought {
        id: "program-in-archive",
        signal: Signal::File,
        weights: (1.0, 3.0),
        holds: |inside| file(inside, |file| file.is_packed && file.kind.runs()),
        english: "A program is in an attached archive: {evidence}",
        chinese: "附件压缩包内有程序：{evidence}",
    },
    Sought {
        id: "program-in-document",
        signal: Signal::File,
        weights: (0.5, 3.0),
        holds: |inside| file(inside, |file| file.depth > 0 && !file.is_packed && file.kind.runs()),
        english: "A program is in an attached document: {evidence}",
        chinese: "附件文档内有程序：{evidence}",
    },
    Sought {
        id: "image-or-page-in-archive",
        signal: Signal::File,
        weights: (0.3, 1.5),
        holds: |inside| {
            file(inside, |file| file.is_packed && matches!(file.kind, Kind::DiskImage | Kind::Html | Kind::Svg))
        },
        english: "A disk image or web page is in an attached archive: {evidence}",
        chinese: "附件压缩包内有磁盘映像或网页：{evidence}",
    },
    Sought {
        id: "deceptive-name-inside",
        signal: Signal::File,
        weights: (1.0, 2.5),
        holds: |inside| file(inside, |file| file.depth > 0 && file.has_deceptive_name),
        english: "The name of a file in an attached one hides what it is: {evidence}",
        chinese: "附件内的文件名掩盖其真实类型：{evidence}",
    },
    Sought {
        id: "locked-file",
        signal: Signal::File,
        weights: (0.1, 0.5),
        holds: |inside| file(inside, |file| file.is_locked),
        english: "An attached file is locked and could not be looked into: {evidence}",
        chinese: "附件已加密，无法查看：{evidence}",
    },
    Sought {
        id: "password-field-in-file",
        signal: Signal::File,
        weights: (0.5, 3.0),
        holds: |inside| (inside.html.password_fields > 0).then(|| "<input type=password>".to_owned()),
        english: "An attached page asks for a password: {evidence}",
        chinese: "附件网页要求输入密码：{evidence}",
    },
    Sought {
        id: "code-leads-out",
        signal: Signal::Link,
        weights: (0.3, 1.0),
        holds: |inside| {
            link(inside, |link| link.place == Place::Code && matches!(link.scheme.as_str(), "http" | "https"))
        },
        english: "A QR code leads to a page: {evidence}",
        chinese: "二维码指向网页：{evidence}",
    },
    Sought {
        id: "doubtful-link-in-file",
        signal: Signal::Link,
        weights: (0.5, 1.5),
        holds: |inside| link(inside, is_doubtful),
        english: "A link in an attached file leads to a doubtful place: {evidence}",
        chinese: "附件内的链接指向可疑之处：{evidence}",
    },
    Sought {
        id: "link-in-file-to-free-host",
        signal: Signal::Link,
        weights: (0.3, 1.0),
        holds: |inside| {
            link(inside, |link| is_free_host(&link.host) || is_cheap_suffix(&link.host)).filter(|_| is_wanting(inside))
        },
        english: "An attached file presses, and leads to a place where anybody puts up pages: {evidence}",
        chinese: "附件催促操作，并指向任何人都能建页的地方：{evidence}",
    },
    Sought {
        id: "lure-in-file",
        signal: Signal::File,
        weights: (0.3, 1.5),
        holds: |inside| link(inside, |link| !link.host.is_empty()).filter(|_| is_wanting(inside)),
        english: "The text of an attached file presses to act, and leads to: {evidence}",
        chinese: "附件内的文字催促操作，并指向：{evidence}",
    },
    Sought {
        id: "resists-inspection",
        signal: Signal::File,
        weights: (0.3, 1.0),
        holds: |inside| unlooked(inside, resists),
        english: "A file resists being looked into: {evidence}",
        chinese: "文件抗拒检查：{evidence}",
    },
    Sought {
        id: "could-not-inspect",
        signal: Signal::File,
        weights: (0.0, 0.0),
        holds: |inside| unlooked(inside, |why| !resists(why)),
        english: "A file could not be looked into to its end: {evidence}",
        chinese: "文件未能完整检查：{evidence}",
    },
];

fn file(inside: &Inside, is: impl Fn(&InnerFile) -> bool) -> Option<String> {
    inside.files.iter().find(|file| is(file)).map(|file| file.name.clone())
}

/// The file that shows a trait, and what shows it.
fn sign(inside: &Inside, what: Trait) -> Option<String> {
    let sign = inside.signs.iter().find(|sign| sign.what == what)?;
    Some(if sign.evidence.is_empty() || sign.file.ends_with(&sign.evidence) {
        sign.file.clone()
    } else {
        format!("{}: {}", sign.file, sign.evidence)
    })
}

fn link(inside: &Inside, is: impl Fn(&Link) -> bool) -> Option<String> {
    let link = inside.links.iter().find(|link| is(link))?;
    Some(if link.host.is_empty() { link.url.clone() } else { link.host.clone() })
}

fn unlooked(inside: &Inside, is: impl Fn(Reason) -> bool) -> Option<String> {
    let unlooked = inside.unlooked.iter().find(|unlooked| is(unlooked.why))?;
    let why = match unlooked.why {
        Reason::TooLarge => "too large",
        Reason::TimedOut => "timed out",
        Reason::Crashed => "crashed",
        Reason::Damaged => "damaged",
        Reason::Locked => "locked",
        Reason::Unsupported => "unknown form",
        Reason::Bomb => "bomb",
        Reason::TooDeep => "too deep",
        Reason::TooMany => "too many files",
        Reason::NoWorker => "no process",
        Reason::Overloaded => "overloaded",
    };
    Some(format!("{} ({why})", unlooked.file))
}

/// Whether looking failed as a file makes it fail that is built for it.
const fn resists(why: Reason) -> bool {
    matches!(why, Reason::TimedOut | Reason::Crashed | Reason::TooDeep)
}

/// Whether the text of files wants something that thieves want.
fn is_wanting(inside: &Inside) -> bool {
    let spoken = concepts(["", &inside.normal_text]);
    let wishes = [Credential, Verify, Threat, Urgent, Security, Quota, Parcel, Refund, Billing, Document, Account];
    wishes.into_iter().filter(|wish| spoken.has(*wish)).count() >= 3
}

/// A link that no honest file needs: to a number, to a look-alike, to somebody else's name, behind a shortener.
fn is_doubtful(link: &Link) -> bool {
    let claims = || {
        let words = link.host.replace(['.', '-'], " ");
        claimed_brand(&words).is_some_and(|brand| !brand.owns(&link.domain))
    };
    let looks_alike =
        || link.host.contains("xn--") && normal(&mail::domain::unicode(&link.host)).disguises.mixed_script_words > 0;
    link.is_numeric_host || link.has_user || is_shortener(&link.domain) || claims() || looks_alike()
}
