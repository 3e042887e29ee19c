use super::*;
use crate::facts::Received;

fn ids(raw: &str) -> Vec<String> {
    let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
    Rules::shipped().findings(&facts).into_iter().map(|finding| finding.id).collect()
}

#[test]
fn a_forged_bank_is_found_by_several_signs() {
    let found = ids(
        "From: PayPal Service <info@mail.example>\r\nSubject: Your PayPal account\r\nContent-Type: text/html\r\n\r\n\
         <p>Dear customer, your account is suspended. Verify your password within 24 hours.</p>\
         <a href='http://paypal.login.example/x'>https://www.paypal.com</a>",
    );
    for wanted in ["account-threat", "credential-request", "link-shows-other", "link-claims-brand", "name-claims-brand"]
    {
        assert!(found.iter().any(|id| id == wanted), "{wanted} of {found:?}");
    }
}

#[test]
fn an_honest_offer_has_no_finding() {
    let found = ids("From: Li Wei <li@ningbo-valves.example>\r\nSubject: Quotation for ball valves\r\n\r\n\
         Dear Mr. Smith,\r\nplease find our quotation below: DN50 ball valve, USD 12.40 FOB Ningbo, delivery time 30 days.\r\n\
         Our catalogue is at https://www.ningbo-valves.example/catalogue\r\nBest regards\r\nLi Wei\r\n");
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn files_that_deceive() {
    let found =
        ids("From: a@b.example\r\nSubject: invoice\r\nContent-Type: application/pdf; name=\"invoice.pdf.exe\"\r\n\
         Content-Disposition: attachment; filename=\"invoice.pdf.exe\"\r\n\r\nMZ\x01\x02");
    assert!(found.contains(&"program-attached".to_owned()) && found.contains(&"deceptive-file-name".to_owned()));
}

#[test]
fn the_shipped_files_can_be_read_and_keep_their_examples() {
    let rules = Rules::read(&shipped::sources()).unwrap();
    let broken: Vec<String> = rules
        .broken()
        .iter()
        .map(|one| format!("{} {}: {:?}", one.id, if one.is_hit { "must hit" } else { "must miss" }, one.example))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

fn source(text: &str) -> Source {
    Source { name: "own.toml".to_owned(), text: text.to_owned() }
}

fn rule(id: &str, when: &str) -> String {
    format!(
        "[rule.{id}]\nsignal = \"text\"\nspam = 1.0\nwhen = '''\n{when}'''\nen = \"e {{evidence}}\"\nzh = \"z {{evidence}}\"\n"
    )
}

#[test]
fn errors_name_file_line_and_remedy() {
    for (text, line, what) in [
        ("[rule.x]\nsignal = \"text\"", 1, "missing field"),
        ("[rule.x]\nsignal = \"taste\"", 2, "unknown variant"),
        ("\n[change.nothing]\noff = true\n", 2, "tradewind rules list"),
        ("[words.x]\nen = \"a\"", 1, "too short"),
        (&rule("x", "text ~ /a/ and\nnonsense"), 6, "`nonsense` is no test; there are: "),
        (&rule("x", "says(taste)"), 5, "there is no list of words `taste`; there are: account"),
        (&rule("x", "link(tasty)"), 5, "`tasty` is no test of a link; there are: authority"),
        (&rule("x", "text ~ /(/"), 5, "cannot be used"),
        (&rule("x", "text ~ /(a{900}){900}/"), 5, "cannot be used"),
        (&rule("x", "text >= 3"), 5, "is a text: compare it as"),
        (&rule("x", "links ~ /3/"), 5, "is a number: compare it as"),
        (&rule("x", "answer(3)"), 5, "stands alone"),
        (&rule("x", "found(y)"), 4, "there is no such rule"),
        (&rule("X", "answer"), 1, "is no name"),
        (&rule("casino", "answer"), 1, "there is a rule `casino` already"),
        (&rule("x", "answer").replace("1.0", "90.0"), 1, "weights lie between"),
        (&rule("x", "answer").replace("e {evidence}", "e"), 1, "has no {evidence}"),
        (&format!("{}{}", rule("x", "found(y)"), rule("y", "found(x)")), 4, "in turn"),
    ] {
        let error = Rules::with(&[source(text)]).err().unwrap();
        assert!(error.file == "own.toml" && error.what.contains(what), "{text}: {error}");
        assert_eq!(error.line, line, "{text}: {error}");
    }
}

#[test]
fn an_operator_completes_and_changes_what_is_shipped() {
    let own = format!(
        "[words.bribe]\nen = \"grease\"\nzh = \"好处费\"\n{}[change.casino]\noff = true\n[change.medicine]\nspam = 0.5\n",
        rule("bribe", "says(bribe) and not answer")
    );
    let rules = Rules::with(&[source(&own)]).unwrap();
    let found = |text: &str| rules.findings(&Facts::of_text("", text));
    let [one] = found("有好处费可以谈。").try_into().unwrap();
    assert_eq!((one.id.as_str(), one.evidence.as_str()), ("bribe", "好处费"));
    assert_eq!(rules.text("bribe", "zh_CN"), Some("z {evidence}"));
    assert!(found("Casino bonus: free spins, poker and roulette").iter().all(|one| one.id != "casino"));
    let medicine = found("Viagra, cialis and pills without prescription from our online pharmacy");
    assert!(medicine.iter().any(|one| one.id == "medicine" && (one.spam - 0.5).abs() < 0.001));
    // A rule without examples is told, and so is one that does not keep them.
    assert_eq!(rules.broken().len(), 2);
}
