//! PDF (ISO 32000-1) by `lopdf`, in the forms that writers in the world make: letters of a standard font, glyph numbers of an
//! embedded subset with ToUnicode, predefined CMaps for Chinese, Japanese and Korean; objects in streams or apart.

use lopdf::content::{Content, Operation};
use lopdf::{Dictionary, Document, Object, SaveOptions, Stream, StringFormat, dictionary};

use super::Sheet;
use super::font::Subset;
use crate::chance::Chance;

/// Width and height of a page of A4, in points.
const PAGE: (i64, i64) = (595, 842);

/// Lines of a page.
const LINES_MAX: usize = 48;

/// How letters are written in the page.
enum Lettering {
    /// Helvetica with WinAnsiEncoding; no font in the file.
    Standard,
    /// Two octets for each glyph of a font in the file.
    Embedded(Subset),
    /// UTF-16 by a predefined CMap, the reader has the font: ordering, font, CMap.
    Predefined(&'static str, &'static str, &'static str),
}

pub(super) fn write(sheet: &Sheet, language: &str, chance: &mut Chance) -> Result<Vec<u8>, String> {
    let rows = sheet.rows();
    let lettering = lettering(&rows, language, chance);
    let mut document = Document::with_version("1.5");
    let pages_id = document.new_object_id();
    let font_id = font(&mut document, &lettering);
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font_id } });
    let mut kids: Vec<Object> = Vec::new();
    let is_compressed = chance.percent(75);
    for lines in rows.chunks(LINES_MAX) {
        let content = Content { operations: operations(lines, &lettering, chance) };
        let encoded = content.encode().map_err(|error| format!("page of a PDF: {error}"))?;
        let mut stream = Stream::new(Dictionary::new(), encoded);
        if is_compressed {
            stream.compress().map_err(|error| format!("page of a PDF: {error}"))?;
        }
        let content_id = document.add_object(stream);
        let page = document.add_object(dictionary! {
            "Type" => "Page",
            "Parent" => pages_id,
            "MediaBox" => vec![0.into(), 0.into(), PAGE.0.into(), PAGE.1.into()],
            "Resources" => resources,
            "Contents" => content_id,
        });
        kids.push(page.into());
    }
    let count = kids.len() as i64;
    document
        .objects
        .insert(pages_id, Object::Dictionary(dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count }));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => pages_id });
    document.trailer.set("Root", catalog);
    let mut out = Vec::new();
    let saved = if chance.percent(40) {
        let options = SaveOptions::builder().use_object_streams(true).use_xref_streams(true).build();
        document.save_with_options(&mut out, options)
    } else {
        document.save_to(&mut out)
    };
    saved.map_err(|error| format!("writing a PDF: {error}"))?;
    Ok(out)
}

fn lettering(rows: &[Vec<String>], language: &str, chance: &mut Chance) -> Lettering {
    let letters: String = rows.iter().flatten().flat_map(|cell| cell.chars()).collect();
    let is_western = letters.chars().all(|letter| win_ansi(letter).is_some());
    let predefined = match language {
        "zh" => Some(Lettering::Predefined("GB1", "STSong-Light", "UniGB-UTF16-H")),
        "ja" => Some(Lettering::Predefined("Japan1", "HeiseiMin-W3", "UniJIS-UTF16-H")),
        "ko" => Some(Lettering::Predefined("Korea1", "HYSMyeongJo-Medium", "UniKS-UTF16-H")),
        _ => None,
    };
    match predefined {
        Some(lettering) if !is_western && chance.percent(40) => lettering,
        _ if is_western && chance.percent(60) => Lettering::Standard,
        _ => Lettering::Embedded(Subset::new(&letters, chance)),
    }
}

/// The octet of a letter in WinAnsiEncoding, as far as it agrees with Latin-1.
const fn win_ansi(letter: char) -> Option<u8> {
    match letter as u32 {
        code @ (0x20..=0x7e | 0xa0..=0xff) => Some(code as u8),
        0x20ac => Some(0x80),
        _ => None,
    }
}

fn operations(lines: &[Vec<String>], lettering: &Lettering, chance: &mut Chance) -> Vec<Operation> {
    let mut all = vec![Operation::new("BT", vec![]), Operation::new("Tf", vec!["F1".into(), 10.into()])];
    let column = chance.range(110, 190);
    for (place, cells) in lines.iter().enumerate() {
        let height = PAGE.1 - 60 - 16 * place as i64;
        for (number, cell) in cells.iter().enumerate() {
            let across = 50 + column * number as i64;
            let matrix = vec![1.into(), 0.into(), 0.into(), 1.into(), across.into(), height.into()];
            all.push(Operation::new("Tm", matrix));
            all.push(shown(cell, lettering, chance));
        }
    }
    all.push(Operation::new("ET", vec![]));
    all
}

/// One string, or pieces with room between them, as writers that space letters make.
fn shown(text: &str, lettering: &Lettering, chance: &mut Chance) -> Operation {
    let letters: Vec<char> = text.chars().collect();
    if letters.len() < 6 || chance.percent(60) {
        return Operation::new("Tj", vec![string(&letters, lettering)]);
    }
    let mut pieces: Vec<Object> = Vec::new();
    let mut rest = letters.as_slice();
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.len().min(chance.range(2, 7) as usize));
        pieces.push(string(piece, lettering));
        if !more.is_empty() {
            pieces.push(Object::Integer(chance.range(-20, 20)));
        }
        rest = more;
    }
    Operation::new("TJ", vec![Object::Array(pieces)])
}

fn string(letters: &[char], lettering: &Lettering) -> Object {
    match lettering {
        Lettering::Standard => {
            let octets = letters.iter().filter_map(|letter| win_ansi(*letter)).collect();
            Object::String(octets, StringFormat::Literal)
        }
        Lettering::Embedded(subset) => {
            let octets = letters.iter().flat_map(|letter| subset.glyph(*letter).to_be_bytes()).collect();
            Object::String(octets, StringFormat::Hexadecimal)
        }
        Lettering::Predefined(..) => {
            let text: String = letters.iter().collect();
            Object::String(text.encode_utf16().flat_map(u16::to_be_bytes).collect(), StringFormat::Hexadecimal)
        }
    }
}

fn font(document: &mut Document, lettering: &Lettering) -> lopdf::ObjectId {
    match lettering {
        Lettering::Standard => document.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "Type1",
            "BaseFont" => "Helvetica",
            "Encoding" => "WinAnsiEncoding",
        }),
        Lettering::Embedded(subset) => embedded(document, subset),
        Lettering::Predefined(ordering, name, cmap) => {
            let descendant = document.add_object(dictionary! {
                "Type" => "Font",
                "Subtype" => "CIDFontType0",
                "BaseFont" => *name,
                "CIDSystemInfo" => system_info(ordering, "Adobe", 2),
                "DW" => 1000,
            });
            document.add_object(dictionary! {
                "Type" => "Font",
                "Subtype" => "Type0",
                "BaseFont" => *name,
                "Encoding" => *cmap,
                "DescendantFonts" => vec![descendant.into()],
            })
        }
    }
}

fn system_info(ordering: &str, registry: &str, supplement: i64) -> Dictionary {
    dictionary! {
        "Registry" => Object::string_literal(registry),
        "Ordering" => Object::string_literal(ordering),
        "Supplement" => supplement,
    }
}

fn embedded(document: &mut Document, subset: &Subset) -> lopdf::ObjectId {
    let program = subset.program();
    let length = program.len() as i64;
    let mut program = Stream::new(dictionary! { "Length1" => length }, program);
    // A program that does not shrink stays as it is.
    let _ = program.compress();
    let program = document.add_object(program);
    let mut to_unicode = Stream::new(Dictionary::new(), subset.to_unicode().into_bytes());
    let _ = to_unicode.compress();
    let to_unicode = document.add_object(to_unicode);
    let name = subset.name();
    let descriptor = document.add_object(dictionary! {
        "Type" => "FontDescriptor",
        "FontName" => name,
        "Flags" => 4,
        "FontBBox" => vec![0.into(), (-200).into(), 1000.into(), 800.into()],
        "ItalicAngle" => 0,
        "Ascent" => 800,
        "Descent" => -200,
        "CapHeight" => 700,
        "StemV" => 80,
        "FontFile2" => program,
    });
    let descendant = document.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "CIDFontType2",
        "BaseFont" => name,
        "CIDSystemInfo" => system_info("Identity", "Adobe", 0),
        "FontDescriptor" => descriptor,
        "CIDToGIDMap" => "Identity",
        "DW" => 600,
    });
    document.add_object(dictionary! {
        "Type" => "Font",
        "Subtype" => "Type0",
        "BaseFont" => name,
        "Encoding" => "Identity-H",
        "DescendantFonts" => vec![descendant.into()],
        "ToUnicode" => to_unicode,
    })
}
