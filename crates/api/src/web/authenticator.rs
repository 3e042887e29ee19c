//! The key of an authenticator app, as pages show it.

use std::fmt::Write;

use env::Secret;
use qrcode::{Color, EcLevel, QrCode};

use super::html::{Page, escape};

/// Empty modules that readers need around a symbol (ISO/IEC 18004 section 9.1).
const QUIET: usize = 4;

/// The symbol that an app on another device reads, the address that one on this device opens, and the key to be typed.
pub(super) fn key_to_scan(page: &Page, secret: &Secret<String>, uri: &Secret<String>) -> String {
    format!(
        "<div class=\"secret\">{}<p><a href=\"{}\">otpauth://</a></p><code>{}</code></div>",
        symbol(&page.say("qr-code", &[]), uri.expose()).unwrap_or_default(),
        escape(uri.expose()),
        escape(secret.expose())
    )
}

/// A QR code as it is drawn: dark modules as a path, each one unit wide, within a square of so many units.
pub(super) struct Drawn {
    pub(super) side: usize,
    pub(super) path: String,
}

/// The QR code of a text; nothing if it is too long for one.
pub(super) fn draw(text: &str) -> Option<Drawn> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let (width, modules) = (code.width(), code.to_colors());
    let side = width + 2 * QUIET;
    let mut path = String::new();
    for (row, line) in modules.chunks(width).enumerate() {
        let mut column = 0;
        for run in line.chunk_by(|one, next| one == next) {
            if run.first() == Some(&Color::Dark) {
                let (x, y, length) = (column + QUIET, row + QUIET, run.len());
                let _ = write!(path, "M{x} {y}h{length}v1h-{length}z");
            }
            column += run.len();
        }
    }
    Some(Drawn { side, path })
}

/// A QR code as a picture within the page, with `label` for those who do not see it; nothing if `text` is too long for one.
fn symbol(label: &str, text: &str) -> Option<String> {
    let Drawn { side, path } = draw(text)?;
    Some(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {side} {side}\" width=\"220\" height=\"220\" role=\"img\" \
         aria-label=\"{label}\" shape-rendering=\"crispEdges\"><rect width=\"{side}\" height=\"{side}\" fill=\"#fff\"/>\
         <path d=\"{path}\" fill=\"#000\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paints the path again and compares it with the symbol.
    #[test]
    fn the_picture_is_the_symbol() {
        let text = "otpauth://totp/Trade:li@trade.test?secret=JBSWY3DPEHPK3PXP&issuer=Trade";
        let drawn = symbol("code", text).unwrap();
        let code = QrCode::with_error_correction_level(text, EcLevel::M).unwrap();
        let mut dark = vec![Color::Light; code.width() * code.width()];
        let path = drawn.split("<path d=\"").nth(1).unwrap().split('"').next().unwrap();
        for run in path.split('M').skip(1) {
            let numbers: Vec<usize> = run.split([' ', 'h', 'v']).take(3).map(|it| it.parse().unwrap()).collect();
            let start = (numbers[1] - QUIET) * code.width() + numbers[0] - QUIET;
            dark[start..start + numbers[2]].fill(Color::Dark);
        }
        assert_eq!(dark, code.to_colors());
        assert!(!drawn.contains("style") && !drawn.contains("script"), "the page's policy allows neither");
        assert_eq!(symbol("code", &"x".repeat(4_000)), None);
    }
}
