//! What programs write beside their names.

use super::{Forgery, Header, Tell, clocks, is_hex};

/// A program with habits that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Program {
    OutlookExpress,
    /// Outlook, with the first number of its version.
    Outlook(u32),
    TheBat,
    Eudora,
    Thunderbird,
}

/// From this version on Outlook no longer writes `X-MimeOLE`.
const OUTLOOK_ALONE: u32 = 12;

/// Builds of Outlook Express 6 that were released, with their least and greatest revision.
const BUILDS: [(u32, u32, u32); 13] = [
    (2462, 0, 0),
    (2479, 6, 6),
    (2505, 0, 0),
    (2526, 0, 0),
    (2600, 0, 1),
    (2712, 300, 300),
    (2720, 3000, 3000),
    (2727, 1300, 1300),
    (2739, 300, 300),
    (2741, 2600, 2600),
    (2800, 1050, 2200),
    (2900, 2096, 6300),
    (3790, 0, 4800),
];

/// Tells where a message is not as the program makes it that it names.
pub(super) fn compare(header: &Header, tell: &mut Tell<'_>) {
    let (mailer, agent) = (header.first("x-mailer"), header.first("user-agent"));
    let Some(program) = program(mailer, agent) else {
        unnamed(header, mailer, agent, tell);
        return;
    };
    let named = if mailer.is_empty() { agent } else { mailer };
    let identifier = header.identifier();
    if !identifier.is_empty() && !makes_identifier(program, identifier) {
        tell(Forgery::Identifier, &format!("{named}: {identifier}"));
    }
    if let Some(boundary) = header.boundary().filter(|boundary| !makes_boundary(program, boundary)) {
        tell(Forgery::Boundary, &format!("{named}: {boundary}"));
    }
    let is_old_outlook = matches!(program, Program::Outlook(version) if version < OUTLOOK_ALONE);
    if program == Program::OutlookExpress || is_old_outlook {
        if program == Program::OutlookExpress && !was_released(mailer) {
            tell(Forgery::Version, mailer);
        }
        let companion = header.first("x-mimeole");
        let lacks_priority =
            program == Program::OutlookExpress && !(header.has("x-priority") && header.has("x-msmail-priority"));
        let is_other = !companion.is_empty() && version(mailer).is_some_and(|version| !companion.contains(version));
        if companion.is_empty() || lacks_priority || is_other && program == Program::OutlookExpress {
            tell(Forgery::Companion, named);
        }
        if header.first("content-type").to_ascii_lowercase().starts_with("text/html") {
            tell(Forgery::Page, named);
        }
    }
}

/// Marks of a program in a message that names none or another.
fn unnamed(header: &Header, mailer: &str, agent: &str, tell: &mut Tell<'_>) {
    let (has_companion, has_thread) = (header.has("x-mimeole"), header.has("thread-index"));
    let identifier = header.identifier();
    // Microsoft's libraries for programs make the same identifiers and give other names.
    let is_other = mailer.contains("Microsoft") || agent.contains("Microsoft");
    if is_of_outlook_express(identifier) && !has_companion && !has_thread && !is_other {
        tell(Forgery::Borrowed, identifier);
    }
    if header.has("x-msmail-priority") && !has_companion && !has_thread && !is_other {
        tell(Forgery::Companion, "X-MSMail-Priority");
    }
}

fn program(mailer: &str, agent: &str) -> Option<Program> {
    if mailer.starts_with("Microsoft Outlook Express") {
        return Some(Program::OutlookExpress);
    }
    if mailer.starts_with("Microsoft Outlook") || mailer.starts_with("Microsoft Office Outlook") {
        // `Microsoft Outlook IMO, Build 9.0.2416` and the like name no other number before that of the version.
        let number = mailer.split(|c: char| !c.is_ascii_digit()).find(|number| !number.is_empty());
        return number.and_then(|number| number.parse().ok()).map(Program::Outlook);
    }
    if mailer.starts_with("The Bat!") {
        return Some(Program::TheBat);
    }
    if mailer.contains("Eudora") {
        return Some(Program::Eudora);
    }
    (agent.contains("Thunderbird") || mailer.contains("Thunderbird")).then_some(Program::Thunderbird)
}

/// `000c01c793c4$1b5f3e80$6401a8c0@host`
fn is_of_outlook_express(identifier: &str) -> bool {
    let left = identifier.split('@').next().unwrap_or_default();
    let mut pieces = left.split('$');
    let [first, second, third] = [pieces.next(), pieces.next(), pieces.next()].map(Option::unwrap_or_default);
    is_hex(first, 12) && is_hex(second, 8) && is_hex(third, 8) && pieces.next().is_none()
}

fn makes_identifier(program: Program, identifier: &str) -> bool {
    let left = identifier.split('@').next().unwrap_or_default();
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit());
    match program {
        // Later ones make 32 hexadecimal digits; services of the same house put their own in.
        Program::OutlookExpress => {
            is_of_outlook_express(identifier) || is_hex(left, 32) || identifier.to_lowercase().ends_with("phx.gbl")
        }
        // It leaves the identifier to the server in most settings.
        Program::Outlook(_) => true,
        Program::TheBat => {
            left.split_once('.').is_some_and(|(number, time)| digits(number) && digits(time) && time.len() == 14)
        }
        Program::Eudora => {
            left.starts_with("a0") || left.starts_with("p0") || left.starts_with("v0") || left.matches('.').count() >= 6
        }
        Program::Thunderbird => {
            left.split_once('.').is_some_and(|(time, rest)| is_hex(time, 8) && digits(rest))
                || left.len() == 36 && left.split('-').all(|piece| is_hex(piece, piece.len()))
        }
    }
}

fn makes_boundary(program: Program, boundary: &str) -> bool {
    match program {
        Program::OutlookExpress => clocks::of_boundary(boundary).is_some(),
        Program::Outlook(_) => clocks::of_boundary(boundary).is_some() || boundary.starts_with('_'),
        Program::TheBat => boundary.strip_prefix("----------").is_some_and(|rest| is_hex(rest, rest.len())),
        // Signatures and forwarded parts have boundaries of other forms.
        Program::Eudora | Program::Thunderbird => true,
    }
}

/// The number of a version at the end of a program's name.
fn version(mailer: &str) -> Option<&str> {
    mailer.rsplit(' ').next().filter(|version| version.contains('.'))
}

/// Whether there was such a version of Outlook Express; only the sixth is known that well.
fn was_released(mailer: &str) -> bool {
    let Some(version) = version(mailer) else { return true };
    let numbers: Vec<Option<u32>> = version.split('.').map(|number| number.parse().ok()).collect();
    match numbers.as_slice() {
        [Some(6), Some(0), Some(build), Some(revision)] => {
            // What came with later systems has numbers of its own.
            *build >= 6000
                || BUILDS.iter().any(|(known, least, most)| known == build && (*least..=*most).contains(revision))
        }
        [Some(6), Some(0), ..] => false,
        _ => true,
    }
}
