use super::*;

fn places(records: &[&str]) -> Vec<Destination> {
    destinations(&records.iter().map(|record| (*record).to_owned()).collect::<Vec<_>>())
}

#[test]
fn records() {
    let mail = |address: &str| Destination::Mail(address.to_owned());
    let https =
        |host: &str, port, path: &str| Destination::Https { host: host.to_owned(), port, path: path.to_owned() };
    assert_eq!(places(&["v=TLSRPTv1; rua=mailto:tls@a.example"]), [mail("tls@a.example")]);
    assert_eq!(places(&["v=spf1 -all", "v=TLSRPTv1;rua=mailto:a%2Bb@a.example?subject=x;"]), [mail("a+b@a.example")]);
    assert_eq!(
        places(&["v=TLSRPTv1 ; rua=mailto:tls@a.example , https://R.example:8443/in?x=1,https://b.example"]),
        [mail("tls@a.example"), https("r.example", Some(8443), "/in?x=1"), https("b.example", None, "/")]
    );
    for none in [
        &["v=TLSRPTv1; rua=mailto:a@a.example", "v=TLSRPTv1; rua=mailto:b@a.example"][..],
        &["v=TLSRPTv2; rua=mailto:a@a.example"],
        &["v=TLSRPTv12; rua=mailto:a@a.example"],
        &["v=TLSRPTv1; rua=http://a.example/"],
        &["v=TLSRPTv1; rua=mailto:nobody"],
        &["v=TLSRPTv1; rua=mailto:%0d%0a@a.example"],
        &["v=TLSRPTv1; rua=https://a.example/a b"],
        &["v=TLSRPTv1;"],
        &[],
    ] {
        assert_eq!(places(none), [], "{none:?}");
    }
    let many = format!("v=TLSRPTv1; rua={}", ["mailto:a@a.example"; 50].join(","));
    assert_eq!(places(&[&many]).len(), ADDRESSES_MAX);
}

/// The example of RFC 8460 appendix B, shortened, with a kind of failure that nobody knows.
const EXAMPLE: &str = r#"{
  "organization-name": "Company-X",
  "date-range": {"start-datetime": "2016-04-01T00:00:00Z", "end-datetime": "2016-04-01T23:59:59Z"},
  "contact-info": "sts-reporting@company-x.example",
  "report-id": "5065427c-23d3-47ca-b6e0-946ea0e8c4be",
  "policies": [{
    "policy": {"policy-type": "sts", "policy-string": ["version: STSv1","mode: testing"],
               "policy-domain": "company-y.example", "mx-host": ["*.mail.company-y.example"]},
    "summary": {"total-successful-session-count": 5326, "total-failure-session-count": 303},
    "failure-details": [
      {"result-type": "certificate-expired", "sending-mta-ip": "2001:db8:abcd:0012::1",
       "receiving-mx-hostname": "mx1.mail.company-y.example", "failed-session-count": 100},
      {"result-type": "next-year", "failed-session-count": 3, "additional-information": "https://x.example/"}]
  }]}"#;

#[test]
fn a_report_is_read_and_written() {
    let report = Report::parse(EXAMPLE.as_bytes()).unwrap();
    let policy = &report.policies[0];
    assert_eq!((policy.policy.policy_type, report.totals().total_failure_session_count), (PolicyType::Sts, 303));
    assert_eq!(policy.failure_details[0].result_type, ResultType::CertificateExpired);
    assert_eq!(policy.failure_details[1].result_type, ResultType::Other);
    assert!(report.text().contains(r#""result-type":"certificate-expired""#), "{}", report.text());
    assert_eq!(Report::parse(report.text().as_bytes()).unwrap(), report);
    let alone = EXAMPLE.replace(r#"["*.mail.company-y.example"]"#, r#""*.mail.company-y.example""#);
    assert_eq!(Report::parse(alone.as_bytes()).unwrap(), report);
}

#[test]
fn what_is_no_report_or_too_much_is_refused_or_cut() {
    for wrong in ["", "[]", "{}", "{\"report-id\": 1}", &EXAMPLE.replace("5326", "-1")] {
        assert!(matches!(Report::parse(wrong.as_bytes()), Err(ReportError::Malformed(_))), "{wrong}");
    }
    assert_eq!(Report::parse(&vec![b' '; REPORT_BYTES_MAX + 1]), Err(ReportError::TooLong));
    let deep = "[".repeat(100_000);
    assert!(matches!(Report::parse(deep.as_bytes()), Err(ReportError::Malformed(_))));
    let mut long = Report::parse(EXAMPLE.as_bytes()).unwrap();
    long.report_id = "信".repeat(5_000);
    long.policies = vec![long.policies[0].clone(); 300];
    let cut = Report::parse(long.text().as_bytes()).unwrap();
    assert_eq!((cut.report_id.chars().count(), cut.policies.len()), (TEXT_CHARS_MAX, POLICIES_MAX));
    assert_eq!(cut.totals().total_successful_session_count, 5_326 * POLICIES_MAX as u64);
}
