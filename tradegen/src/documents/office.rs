//! DOCX and XLSX (ECMA-376), with what readers need and no more.

use std::io::{Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

use super::Sheet;
use crate::chance::Chance;

const RELATIONS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const SPREADSHEET: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const WORDS: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";

/// A text document; bank details stand in a table or in paragraphs.
pub(super) fn docx(sheet: &Sheet, chance: &mut Chance) -> Result<Vec<u8>, String> {
    let mut body = String::new();
    paragraph(&sheet.title, chance, &mut body);
    for line in &sheet.head {
        paragraph(line, chance, &mut body);
    }
    table(&sheet.table, chance, &mut body);
    if chance.percent(60) {
        let rows: Vec<Vec<String>> =
            sheet.bank.iter().map(|(label, value)| vec![label.clone(), value.clone()]).collect();
        table(&rows, chance, &mut body);
    } else {
        for (label, value) in &sheet.bank {
            paragraph(&format!("{label}: {value}"), chance, &mut body);
        }
    }
    for line in &sheet.foot {
        paragraph(line, chance, &mut body);
    }
    let document =
        format!("{DECLARATION}<w:document xmlns:w=\"{WORDS}\"><w:body>{body}<w:sectPr/></w:body></w:document>");
    let kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml";
    package(&[
        ("[Content_Types].xml", content_types(&[("/word/document.xml", kind)])),
        ("_rels/.rels", relations(&[("officeDocument", "word/document.xml")])),
        ("word/document.xml", document),
    ])
}

fn paragraph(text: &str, chance: &mut Chance, out: &mut String) {
    out.push_str("<w:p>");
    // Writers cut a paragraph into runs wherever something was edited.
    let letters: Vec<char> = text.chars().collect();
    let cut = if chance.percent(30) { chance.below(letters.len()) } else { 0 };
    for run in [&letters[..cut], &letters[cut..]] {
        if !run.is_empty() {
            let text: String = run.iter().collect();
            out.push_str(&format!("<w:r><w:t xml:space=\"preserve\">{}</w:t></w:r>", escaped(&text)));
        }
    }
    out.push_str("</w:p>");
}

fn table(rows: &[Vec<String>], chance: &mut Chance, out: &mut String) {
    out.push_str("<w:tbl><w:tblPr/><w:tblGrid/>");
    for row in rows {
        out.push_str("<w:tr>");
        for cell in row {
            out.push_str("<w:tc>");
            paragraph(cell, chance, out);
            out.push_str("</w:tc>");
        }
        out.push_str("</w:tr>");
    }
    out.push_str("</w:tbl>");
}

/// A workbook of one sheet; texts are shared or stand in their cells.
pub(super) fn xlsx(sheet: &Sheet, chance: &mut Chance) -> Result<Vec<u8>, String> {
    let shared = chance.percent(60);
    let mut strings: Vec<String> = Vec::new();
    let mut data = String::new();
    for (row, cells) in sheet.rows().iter().enumerate() {
        data.push_str(&format!("<row r=\"{}\">", row + 1));
        for (column, cell) in cells.iter().enumerate() {
            let place = format!("{}{}", char::from(b'A' + column as u8), row + 1);
            if shared {
                data.push_str(&format!("<c r=\"{place}\" t=\"s\"><v>{}</v></c>", strings.len()));
                strings.push(cell.clone());
            } else {
                data.push_str(&format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(cell)));
            }
        }
        data.push_str("</row>");
    }
    let items: String =
        strings.iter().map(|text| format!("<si><t xml:space=\"preserve\">{}</t></si>", escaped(text))).collect();
    let count = strings.len();
    let kind = |part: &str| format!("application/vnd.openxmlformats-officedocument.spreadsheetml.{part}+xml");
    package(&[
        (
            "[Content_Types].xml",
            content_types(&[
                ("/xl/workbook.xml", &kind("sheet.main")),
                ("/xl/worksheets/sheet1.xml", &kind("worksheet")),
                ("/xl/sharedStrings.xml", &kind("sharedStrings")),
            ]),
        ),
        ("_rels/.rels", relations(&[("officeDocument", "xl/workbook.xml")])),
        (
            "xl/workbook.xml",
            format!(
                "{DECLARATION}<workbook xmlns=\"{SPREADSHEET}\" xmlns:r=\"{OFFICE}\"><sheets><sheet name=\"Sheet1\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            relations(&[("worksheet", "worksheets/sheet1.xml"), ("sharedStrings", "sharedStrings.xml")]),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("{DECLARATION}<worksheet xmlns=\"{SPREADSHEET}\"><sheetData>{data}</sheetData></worksheet>"),
        ),
        (
            "xl/sharedStrings.xml",
            format!(
                "{DECLARATION}<sst xmlns=\"{SPREADSHEET}\" count=\"{count}\" uniqueCount=\"{count}\">{items}</sst>"
            ),
        ),
    ])
}

fn content_types(parts: &[(&str, &str)]) -> String {
    let overrides: String =
        parts.iter().map(|(part, kind)| format!("<Override PartName=\"{part}\" ContentType=\"{kind}\"/>")).collect();
    format!(
        "{DECLARATION}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/>{overrides}</Types>"
    )
}

fn relations(all: &[(&str, &str)]) -> String {
    let each: String = all
        .iter()
        .zip(1..)
        .map(|((kind, target), number)| {
            format!("<Relationship Id=\"rId{number}\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!("{DECLARATION}<Relationships xmlns=\"{RELATIONS}\">{each}</Relationships>")
}

fn package(parts: &[(&str, String)]) -> Result<Vec<u8>, String> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        writer.start_file(*name, SimpleFileOptions::default()).map_err(|error| format!("{name}: {error}"))?;
        writer.write_all(text.as_bytes()).map_err(|error| format!("{name}: {error}"))?;
    }
    writer.finish().map(Cursor::into_inner).map_err(|error| format!("office document: {error}"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
