use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use mailauth::tls_rpt::{DateRange, PolicyFacts, PolicyResult, PolicyType, Summary};

use super::*;

fn report() -> Report {
    Report {
        organization_name: "other.example".to_owned(),
        date_range: DateRange {
            start_datetime: "2026-11-25T00:00:00Z".to_owned(),
            end_datetime: "2026-11-25T23:59:59Z".to_owned(),
        },
        contact_info: "postmaster@other.example".to_owned(),
        report_id: "20782.1@mail.other.example".to_owned(),
        policies: vec![PolicyResult {
            policy: PolicyFacts {
                policy_type: PolicyType::Sts,
                policy_string: vec!["version: STSv1".to_owned()],
                policy_domain: "acme.example".to_owned(),
                mx_host: vec!["mail.acme.example".to_owned()],
            },
            summary: Summary { total_successful_session_count: 3, total_failure_session_count: 1 },
            failure_details: Vec::new(),
        }],
    }
}

fn mail_with(kind: &str, encoded: &str) -> Vec<u8> {
    format!(
        "From: <a@other.example>\r\nContent-Type: multipart/report; report-type=TLSRPT; boundary=b\r\n\r\n--b\r\n\r\n\
         words\r\n--b\r\nContent-Type: application/{kind}\r\nContent-Transfer-Encoding: base64\r\n\r\n{encoded}\r\n--b--\r\n"
    )
    .into_bytes()
}

fn packed(plain: &[u8]) -> String {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(plain).unwrap();
    STANDARD.encode(packer.finish().unwrap())
}

#[test]
fn other_forms_are_read_and_bombs_are_not() {
    let json = report().text();
    assert_eq!(recognise(&mail_with("tlsrpt+json", &STANDARD.encode(&json))), Some(report()));
    assert_eq!(recognise(&mail_with("tlsrpt+gzip", &packed(json.as_bytes()))), Some(report()));
    // A hundred megabytes of blanks before the report.
    let bomb = [vec![b' '; 100 << 20], json.clone().into_bytes()].concat();
    let bomb = mail_with("tlsrpt+gzip", &packed(&bomb));
    assert!(bomb.len() < 1 << 20);
    for wrong in [
        bomb,
        mail_with("tlsrpt+gzip", &STANDARD.encode(&json)),
        mail_with("tlsrpt+json", "e30="),
        mail_with("json", &STANDARD.encode(&json)),
        mail_with("tlsrpt+json", &"A".repeat(3 << 20)),
        format!("Content-Type: application/tlsrpt+json\r\n\r\n{json}").into_bytes(),
        b"Subject: hello\r\n\r\nhello\r\n".to_vec(),
    ] {
        assert_eq!(recognise(&wrong), None, "{}", String::from_utf8_lossy(&wrong[..wrong.len().min(300)]));
    }
}
