//! HTML and SVG in files: handed on to be read as they are shown; files that a script writes for the reader are taken out here.

use mail::message::charset;

use super::markup::{Piece, attributes, pieces};
use crate::kind::kind_of;
use crate::look::{At, Looker};
use crate::report::{Kind, Place, Reason, Trait};

/// Octets of a page that are read.
const PAGE_OCTETS_MAX: usize = 2 << 20;

/// Letters that a packed file within a script has at least.
const PACKED_LETTERS_MIN: usize = 64;

/// Packed files in one page that are opened.
const PACKED_MAX: usize = 16;

/// Reads a page.
pub(super) fn read(octets: &[u8], at: At, looker: &mut Looker<'_>) {
    let page = text(octets);
    looker.text(at, &page, true);
    open_smuggled(&page, at, looker);
}

/// Reads an SVG picture: a page that is shown as one, and may act as one.
pub(super) fn read_svg(octets: &[u8], at: At, looker: &mut Looker<'_>) {
    let page = text(octets);
    for piece in pieces(&page) {
        let Piece::Open { name, attributes: written, .. } = piece else { continue };
        if name.eq_ignore_ascii_case("script") || name.eq_ignore_ascii_case("foreignObject") {
            looker.sign(at, Trait::PictureScript, name);
        }
        for (attribute, value) in attributes(written) {
            let is_handler =
                attribute.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("on")) && attribute.len() > 4;
            let is_script = value.trim_start().get(..11).is_some_and(|start| start.eq_ignore_ascii_case("javascript:"));
            if is_handler || is_script {
                looker.sign(at, Trait::PictureScript, &format!("{attribute}={value}"));
            } else if attribute.eq_ignore_ascii_case("href") && name.eq_ignore_ascii_case("a") {
                looker.link(at, &value, "", Place::Document);
            }
        }
    }
    looker.text(at, &page, true);
    open_smuggled(&page, at, looker);
}

/// Opens what the page carries in letters of base64, if it is something to be opened.
fn open_smuggled(page: &str, at: At, looker: &mut Looker<'_>) {
    let lower = page.to_ascii_lowercase();
    let writes = ["createobjecturl", "mssaveoropenblob", "new blob", "atob(", "download="]
        .into_iter()
        .find(|call| lower.contains(call));
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=');
    let runs = page.split(|c: char| !is_letter(c)).filter(|run| run.len() >= PACKED_LETTERS_MIN);
    for run in runs.take(PACKED_MAX * 8) {
        let octets = mail::message::encoding::decode_base64(run.as_bytes());
        let kind = kind_of("", "application/octet-stream", &octets);
        let opens = kind.runs() || kind.is_container() || matches!(kind, Kind::Pdf | Kind::OldOffice | Kind::Notebook);
        if opens && let Some(call) = writes {
            looker.sign(at, Trait::SmuggledFile, call);
            looker.look_inside(at, "", "application/octet-stream", &octets);
        } else if kind == Kind::Html {
            // A page within the page, as frames and redirections carry it.
            looker.look_inside(at, "", "text/html", &octets);
        } else if kind == Kind::Picture {
            looker.look_inside(at, "", "image/png", &octets);
        }
    }
}

pub(super) fn text(octets: &[u8]) -> String {
    let octets = octets.get(..PAGE_OCTETS_MAX).unwrap_or(octets);
    match encoding_rs::Encoding::for_bom(octets) {
        Some((encoding, length)) => {
            encoding.decode_without_bom_handling(octets.get(length..).unwrap_or_default()).0.into_owned()
        }
        None => charset::guess(octets).into_owned(),
    }
}

/// Reads a link file or an internet shortcut.
pub(super) fn read_plain_shortcut(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    for line in text(octets).lines().take(1000) {
        let Some((key, value)) = line.split_once('=') else { continue };
        match key.trim().to_ascii_lowercase().as_str() {
            "url" => looker.link(at, value, "", Place::Loaded),
            "exec" | "iconfile" => looker.sign(at, Trait::ShortcutCommand, value),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::looked;
    use super::*;

    #[test]
    fn a_smuggled_program_is_taken_out() {
        let mut program = b"MZ\x01".to_vec();
        program.resize(96, 7);
        let packed: String = program
            .chunks(3)
            .map(|chunk| {
                const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
                let number = u32::from(chunk[0]) << 16 | u32::from(chunk[1]) << 8 | u32::from(chunk[2]);
                (0..4).map(|at| char::from(LETTERS[(number >> (18 - at * 6) & 63) as usize])).collect::<String>()
            })
            .collect();
        let page = format!("<html><script>var b=new Blob([atob('{packed}')]);</script></html>");
        let report = looked("bill.html", page.as_bytes());
        assert!(report.shows(Trait::SmuggledFile) && report.files[1].kind == Kind::Program);
        assert!(report.texts[0].is_page);
        // The same letters where nothing makes a file of them.
        assert!(!looked("a.html", format!("<html>{packed}</html>").as_bytes()).shows(Trait::SmuggledFile));
    }

    #[test]
    fn a_picture_that_acts() {
        for svg in [
            "<svg><script>x</script></svg>",
            "<svg onload='x()'></svg>",
            "<svg><a href='javascript:x'/></svg>",
            "<?xml version='1.0'?><svg><foreignObject><form/></foreignObject></svg>",
        ] {
            assert!(looked("a.svg", svg.as_bytes()).shows(Trait::PictureScript), "{svg}");
        }
        let calm = looked("a.svg", b"<svg xmlns:xlink='x'><a xlink:href='https://a.example/'><path d='M0'/></a></svg>");
        assert!(calm.signs.is_empty() && calm.links[0].url == "https://a.example/");
    }

    #[test]
    fn an_internet_shortcut_leads() {
        let report = looked("a.url", b"[InternetShortcut]\r\nURL=file://evil.example/share/a.exe\r\n");
        assert_eq!((report.kind(), report.links[0].url.as_str()), (Kind::Shortcut, "file://evil.example/share/a.exe"));
    }
}
