use super::*;
use crate::facts::Received;

fn ids(raw: &str) -> Vec<String> {
    let facts = Facts::read(Received { raw: raw.as_bytes(), ..Received::default() });
    findings(&facts).into_iter().map(|finding| finding.id).collect()
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
fn ids_are_unique() {
    let mut ids: Vec<&str> = all().map(|rule| rule.id).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
}
