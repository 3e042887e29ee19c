use std::io::Write as _;

use super::super::tests::{looked, looked_with};
use crate::report::{Kind, Place, Reason, Trait};

fn packed(octets: &[u8]) -> Vec<u8> {
    let mut to = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    to.write_all(octets).unwrap();
    to.finish().unwrap()
}

fn stream(dictionary: &str, octets: &[u8]) -> Vec<u8> {
    [format!("{dictionary}\nstream\r\n").as_bytes(), octets, b"\nendstream endobj\n"].concat()
}

#[test]
fn links_plain_and_in_object_streams() {
    let hidden = stream(
        "2 0 obj <</Type/ObjStm/N 1/First 4/Filter[/FlateDecode]/Length 9 0 R>>",
        &packed(b"5 0 <</S/URI/URI(https://hidden.example/x)>>"),
    );
    let file = [
        b"%PDF-1.7\n1 0 obj <</A<</S /#55RI /URI <687474703a2f2f612e6578616d706c652f>>>>>endobj\n".as_slice(),
        &hidden,
    ]
    .concat();
    let report = looked("a.pdf", &file);
    let urls: Vec<&str> = report.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!((report.kind(), urls), (Kind::Pdf, vec!["http://a.example/", "https://hidden.example/x"]));
    assert!(report.signs.is_empty() && report.unlooked.is_empty());
}

#[test]
fn scripts_programs_forms_and_embedded_files() {
    let file = [
        b"%PDF-1.7\n1 0 obj <</OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>>> endobj
        2 0 obj <</S/Launch/Win<</F(cmd.exe)/P(/c calc)>>>> endobj
        3 0 obj <</S/SubmitForm/F<</FS/URL/F(https://collect.example/)>>>> endobj
        4 0 obj <</Type/Filespec/F(bill.pdf.exe)/EF<</F 5 0 R>>>> endobj\n"
            .as_slice(),
        &stream("5 0 obj <</Type/EmbeddedFile/Filter/FlateDecode>>", &packed(b"MZ\x01")),
    ]
    .concat();
    let report = looked("a.pdf", &file);
    let evidence = |what| report.signs.iter().find(|sign| sign.what == what).map(|sign| sign.evidence.as_str());
    assert_eq!(evidence(Trait::DocumentScript), Some("app.alert(1)"));
    assert_eq!(evidence(Trait::StartsProgram), Some("cmd.exe"));
    assert_eq!(evidence(Trait::HiddenFile), Some("bill.pdf.exe"));
    assert_eq!((report.files[1].kind, report.files[1].has_deceptive_name), (Kind::Program, true));
    assert_eq!((report.links[0].url.as_str(), report.links[0].place), ("https://collect.example/", Place::Loaded));
}

#[test]
fn text_of_a_page() {
    let page =
        packed(b"BT /F1 12 Tf 72 700 Td (Your account) Tj 0 -14 Td [(is sus)-20(pended)-250(now)] TJ <0001> Tj ET");
    let report =
        looked("a.pdf", &[b"%PDF-1.4\n".as_slice(), &stream("1 0 obj <</Filter/FlateDecode>>", &page)].concat());
    assert_eq!(report.texts[0].text, "Your account\nis suspended now");
}

#[test]
fn an_encrypted_file_is_told() {
    let report =
        looked("a.pdf", b"%PDF-1.4\n1 0 obj<</S/URI/URI(xxxx://)>>endobj trailer <</Root 1 0 R/Encrypt 2 0 R>>");
    assert!(report.files[0].is_locked && report.links.is_empty());
    assert_eq!(report.unlooked[0].why, Reason::Locked);
}

#[test]
fn bombs_are_bounded() {
    let bomb = packed(&vec![b' '; 60 << 20]);
    let twice = stream("1 0 obj <</Type/ObjStm/Filter[/FlateDecode/FlateDecode]>>", &packed(&bomb));
    let report = looked("a.pdf", &[b"%PDF-1.4\n".as_slice(), &twice].concat());
    assert!(report.shows(Trait::Bomb), "{:?}", report.unlooked);
    let many = b"%PDF-1.4\n".iter().chain(b"<<>> ".repeat(900_000).iter()).copied().collect::<Vec<u8>>();
    assert_eq!(looked("a.pdf", &many).unlooked, []);
}

#[test]
fn broken_files_are_read_as_far_as_they_go() {
    let whole = [
        b"%PDF-1.7\n1 0 obj <</A[1 2 (x\\)) <41>]/S/URI/URI(http://a.example)>> endobj\n".as_slice(),
        &stream("2 0 obj <</Filter/FlateDecode>>", &packed(b"BT (a) Tj ET")),
    ]
    .concat();
    for end in 0..whole.len() {
        let _ = looked("a.pdf", &whole[..end]);
    }
}

/// Files that another program (pypdf) encrypted, each with one link.
macro_rules! encrypted {
    ($($name:literal),+) => { [$(($name, include_bytes!(concat!("../../../tests/data/", $name, ".pdf")).as_slice())),+] };
}

#[test]
fn files_that_open_without_a_password_are_read() {
    for (name, file) in encrypted!("rc4-40", "rc4-128", "aes-128", "aes-256-r5", "aes-256-r6") {
        let report = looked("a.pdf", file);
        let urls: Vec<&str> = report.links.iter().map(|link| link.url.as_str()).collect();
        assert_eq!(urls, [format!("https://hidden.example/{name}")], "{name}");
        assert!(!report.files[0].is_locked && report.unlooked.is_empty());
    }
}

#[test]
fn files_with_a_password_open_with_the_one_that_the_message_names() {
    for (name, file) in encrypted!("rc4-128-locked", "aes-256-r6-locked") {
        assert!(looked("a.pdf", file).files[0].is_locked, "{name}");
        let report = looked_with("a.pdf", file, &["carrot", "rabbit"]);
        assert!(report.shows(Trait::NamedPassword) && report.links.len() == 1, "{name}: {report:?}");
    }
}

/// A page with a font of each kind, its text out of order.
fn paged(content: &str, fonts: &str) -> Vec<u8> {
    let head = format!(
        "%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Type/Pages/Kids[3 0 R]/Resources<</Font<<{fonts}>>>>>> endobj
        3 0 obj <</Type/Page/Parent 2 0 R/Contents 4 0 R>> endobj\n"
    );
    [head.as_bytes(), &stream("4 0 obj <<>>", content.as_bytes())].concat()
}

#[test]
fn rows_come_together_whatever_their_order() {
    let content = "BT /F 10 Tf 1 0 0 1 200 700 Tm (ACME Bank) Tj ET BT /F 10 Tf 1 0 0 1 200 680 Tm (123456) Tj ET
        BT /F 10 Tf 1 0 0 1 50 680 Tm (Account) Tj ET q 1 0 0 1 50 700 cm BT /F 10 Tf 0 0 Td (Bank) Tj ET Q";
    let report = looked("a.pdf", &paged(content, "/F <</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"));
    assert_eq!(report.texts[0].text, "Bank\tACME Bank\nAccount\t123456");
}

#[test]
fn fonts_by_names_of_glyphs_and_by_maps_of_languages() {
    let fonts = "/D <</Subtype/Type1/Encoding<</Differences[1/D/E/eight/nine 20/afii10017]>>/FirstChar 1/Widths[600 600 600 600]>>
        /G <</Subtype/Type0/Encoding/GBK-EUC-H/DescendantFonts[<</CIDSystemInfo<</Ordering(GB1)>>>>]>>
        /U <</Subtype/Type0/Encoding/UniJIS-UTF16-H/DescendantFonts[<</DW 1000>>]>>
        /C <</Subtype/Type0/Encoding/Identity-H/DescendantFonts[<</CIDSystemInfo<</Ordering(Japan1)>>>>]>>";
    let content =
        "BT /D 10 Tf 50 700 Td <0102030414> Tj 0 -20 Td /G 10 Tf <d5cbbac5> Tj 0 -20 Td /U 10 Tf <53e35ea7> Tj
        0 -20 Td /C 10 Tf <001200130101> Tj ET";
    let report = looked("a.pdf", &paged(content, fonts));
    assert_eq!(report.texts[0].text, "DE89А\n账号\n口座\n12:");
}

#[test]
fn pages_that_lead_in_circles_end() {
    let file = b"%PDF-1.7\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj 2 0 obj <</Type/Pages/Kids[2 0 R 3 0 R 3 0 R]>> endobj
        3 0 obj <</Type/Pages/Kids[2 0 R 4 0 R]>> endobj 4 0 obj 4 0 R endobj 5 0 obj <</Type/Page/Contents[5 0 R 4 0 R]/Annots 5 0 R>> endobj";
    assert!(looked("a.pdf", file).texts.is_empty());
    let form = stream(
        "4 0 obj <</Type/XObject/Subtype/Form/Resources<</XObject<</X 4 0 R>>>>>>",
        b"/X Do /X Do /X Do /X Do BT (deep) Tj ET",
    );
    assert!(!looked("a.pdf", &[b"%PDF-1.7\n", form.as_slice()].concat()).texts.is_empty());
    let ranges = "<0000> <ffff> <0041> ".repeat(20_000);
    let map = stream("6 0 obj <<>>", format!("{ranges} endbfrange").as_bytes());
    let file =
        [paged("BT /F 9 Tf (x) Tj ET", "/F <</Subtype/Type0/Encoding/Identity-H/ToUnicode 6 0 R>>"), map].concat();
    looked("a.pdf", &file);
}

proptest::proptest! {
    /// Sample documents with octets changed and their end cut off: reading ends, and nothing panics.
    #[test]
    fn broken_documents_are_survived(
        number in 0..SAMPLES.len(),
        changes in proptest::collection::vec((proptest::prelude::any::<u32>(), proptest::prelude::any::<u8>()), 0..40),
        end in 0.3..1.0_f64,
    ) {
        let mut octets = SAMPLES[number].to_vec();
        octets.truncate((octets.len() as f64 * end) as usize);
        for (at, octet) in changes {
            let at = at as usize % octets.len();
            octets[at] = octet;
        }
        looked("a.pdf", &octets);
    }
}

const SAMPLES: [&[u8]; 3] = [
    include_bytes!("../../../tests/payments/en-classic.pdf"),
    include_bytes!("../../../tests/payments/ru-subset.pdf"),
    include_bytes!("../../../tests/payments/zh-office.pdf"),
];
