use super::*;

const LETTER: &str = "Dear Anna Becker, the parcel with number 4711 could not be handed over on Monday because nobody was at home. A fee of \
    1.99 EUR is to be paid before it is sent again. Please open the page below within two days, else it goes back to the sender.";

fn facts(text: &str) -> Facts {
    Facts::of_text("", text)
}

fn library(label: Label) -> Library {
    let mut library = Library::default();
    library.add(Template::of("parcel fee", label, &facts(LETTER)).unwrap()).unwrap();
    library
}

#[test]
fn a_template_is_known_again_with_other_names_and_numbers() {
    let library = library(Label::Phish);
    let again = LETTER
        .replace("Anna Becker", "Li Wei")
        .replace("4711", "998877")
        .replace("1.99 EUR", "2.50 USD")
        .replace("Monday", "Friday");
    let found = library.find(&facts(&again));
    assert!(matches!(found.as_slice(), [one] if one.is_text && one.likeness > 0.55), "{found:?}");
    let [finding] = library.findings(&facts(&again)).try_into().unwrap();
    assert!(
        finding.id == "known-text" && finding.phish >= 1.2 && finding.evidence.starts_with("parcel fee, "),
        "{finding:?}"
    );
    assert!(library.find(&facts("Dear Mr. Smith, please find our quotation for ball valves below: USD 12.40 FOB Ningbo, delivery in 30 days.")).is_empty());
}

#[test]
fn a_template_of_a_script_without_spaces() {
    let letter = "尊敬的客户，您的包裹因地址不完整无法派送，请在二十四小时内点击下方链接更新地址并支付重新派送费用，否则包裹将被退回。";
    let mut library = Library::default();
    library.add(Template::of("包裹", Label::Phish, &facts(letter)).unwrap()).unwrap();
    let again = letter.replace("尊敬的客户", "李伟先生").replace("二十四小时", "两天");
    assert_eq!(library.find(&facts(&again)).len(), 1);
    assert!(
        library
            .find(&facts("尊敬的客户，附件是我们的报价单，交货期三十天，付款方式为信用证，请查收并回复。"))
            .is_empty()
    );
}

#[test]
fn a_structure_is_known_again() {
    let page = |words: &str, rows: usize| {
        let rows: String = (0..rows)
            .map(|n| format!("<tr><td><b>{words}{n}</b></td><td><a href='http://a.test/{n}'>{words}</a><br></td></tr>"))
            .collect();
        let raw = format!(
            "From: a@b.example\r\nContent-Type: text/html\r\n\r\n<html><body><div><table><p>{LETTER}</p><ul><li>{words}</li></ul>{rows}</table><hr><h1>x</h1></div></body></html>"
        );
        Facts::read(crate::facts::Received { raw: raw.as_bytes(), ..Default::default() })
    };
    let mut library = Library::default();
    library.add(Template::of("table", Label::Spam, &page("one", 8)).unwrap()).unwrap();
    let found = library.find(&Facts { normal_text: String::new(), ..page("other", 8) });
    assert!(matches!(found.as_slice(), [one] if !one.is_text), "{found:?}");
    let other = page("other", 8);
    assert!(
        serde_json::from_str::<Facts>(&serde_json::to_string(&other).unwrap()).unwrap().structure == other.structure
    );
}

#[test]
fn a_library_is_written_and_read() {
    let library = library(Label::Spam);
    let text = library.write();
    let again = Library::read(&text).unwrap();
    assert!(again.iter().eq(library.iter()));
    assert_eq!(again.find(&facts(LETTER)).len(), 1);
    for (text, error) in [
        ("", TemplateError::Head),
        ("TWTEMPLATES 2\n", TemplateError::Head),
        ("TWTEMPLATES 1\nx\tphish\ten\t-", TemplateError::Line(2)),
        ("TWTEMPLATES 1\nx\tham\ten\t-\t-", TemplateError::Line(2)),
    ] {
        assert_eq!(Library::read(text).err(), Some(error), "{text}");
    }
    assert_eq!(Template::of("x", Label::Phish, &facts("Verify your account")), Err(TemplateError::TooShort(12)));
}

#[test]
fn the_shipped_library_knows_made_phish_and_no_honest_letter() {
    let library = Library::shipped();
    assert!(library.iter().count() > 400);
    for one in made::all().iter().filter(|one| one.label == Label::Ham && !one.subject.is_empty()) {
        let found = library.find(&facts(&one.text));
        assert!(found.is_empty(), "{one:?}: {found:?}");
    }
}
