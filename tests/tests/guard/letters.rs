//! Letters of a deal, and invoices as PDF.

use std::fmt::Write as _;

use harness::smtp;

/// The partner's account.
pub(crate) const THEIRS: &str = "DE89 3704 0044 0532 0130 00";

/// The thief's.
pub(crate) const THIEFS: &str = "LT12 1000 0111 0100 1000";

/// A letter of the deal; `answers` names the one before.
pub(crate) fn letter(from: &str, to: &str, id: &str, answers: &str, text: &str) -> String {
    let references = if answers.is_empty() {
        String::new()
    } else {
        format!("References: <{answers}>\r\nIn-Reply-To: <{answers}>\r\n")
    };
    format!("From: {from}\r\nTo: {to}\r\nSubject: Order 4471\r\nMessage-ID: <{id}>\r\n{references}\r\n{text}\r\n")
}

/// A page with these lines.
fn pdf(lines: &[&str]) -> Vec<u8> {
    let mut page = String::from("BT /F1 11 Tf 60 760 Td 16 TL\n");
    for line in lines {
        let _ = writeln!(page, "({line}) Tj T*");
    }
    page.push_str("ET\n");
    let objects = [
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_owned(),
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{page}endstream", page.len()),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_owned(),
    ];
    let mut file = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (number, object) in (1..).zip(&objects) {
        places.push(file.len());
        let _ = writeln!(file, "{number} 0 obj\n{object}\nendobj");
    }
    let table = file.len();
    let _ = write!(file, "xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
    for place in &places {
        let _ = writeln!(file, "{place:010} 00000 n ");
    }
    let _ = write!(file, "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n", places.len() + 1);
    file.into_bytes()
}

/// A letter with an invoice.
pub(crate) fn with_invoice(from: &str, to: &str, id: &str, answers: &str, account: &str) -> String {
    let account = format!("IBAN: {account}");
    let invoice = pdf(&["INVOICE 2026-117", "Beneficiary: Acme Valves GmbH", &account, "Amount due: EUR 12,400.00"]);
    let mut encoded = String::new();
    for line in smtp::base64(&invoice).as_bytes().chunks(76) {
        encoded.push_str(&String::from_utf8_lossy(line));
        encoded.push_str("\r\n");
    }
    format!(
        "From: {from}\r\nTo: {to}\r\nSubject: Re: Order 4471\r\nMessage-ID: <{id}>\r\nReferences: <{answers}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=part\r\n\r\n--part\r\nContent-Type: text/plain\r\n\r\nHere is our invoice for the order.\r\n\
         --part\r\nContent-Type: application/pdf; name=\"invoice.pdf\"\r\nContent-Disposition: attachment; filename=\"invoice.pdf\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{encoded}--part--\r\n"
    )
}
