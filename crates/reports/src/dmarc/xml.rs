//! A report as XML (RFC 7489 appendix C; RFC 9990 adds what is optional).

use std::fmt::Write;

use super::fact::{Fact, Policy};

/// Who reports, and of which span.
pub(crate) struct Head<'a> {
    pub(crate) organisation: &'a str,
    pub(crate) email: &'a str,
    pub(crate) id: &'a str,
    /// Seconds since 1970.
    pub(crate) begin: i64,
    /// The last second of the span.
    pub(crate) end: i64,
}

/// The report of `facts`, which are all of one domain. The policy is the one seen last.
pub(crate) fn write(head: &Head<'_>, facts: &[(Fact, u64)]) -> String {
    let mut out = String::with_capacity(1024 + facts.len() * 1024);
    out.push_str(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feedback>\n  <version>1.0</version>\n  <report_metadata>\n",
    );
    element(&mut out, 4, "org_name", head.organisation);
    element(&mut out, 4, "email", head.email);
    element(&mut out, 4, "report_id", head.id);
    let _ = writeln!(
        out,
        "    <date_range>\n      <begin>{}</begin>\n      <end>{}</end>\n    </date_range>",
        head.begin, head.end
    );
    out.push_str("  </report_metadata>\n");
    if let Some((fact, _)) = facts.last() {
        policy(&mut out, &fact.policy);
    }
    for (fact, messages) in facts {
        record(&mut out, fact, *messages);
    }
    out.push_str("</feedback>\n");
    out
}

fn policy(out: &mut String, policy: &Policy) {
    let alignment = |is_strict: bool| if is_strict { "s" } else { "r" };
    out.push_str("  <policy_published>\n");
    element(out, 4, "domain", &policy.domain);
    element(out, 4, "adkim", alignment(policy.is_dkim_strict));
    element(out, 4, "aspf", alignment(policy.is_spf_strict));
    element(out, 4, "p", &policy.policy);
    element(out, 4, "sp", &policy.subdomain_policy);
    element(out, 4, "np", &policy.absent_policy);
    element(out, 4, "testing", if policy.is_testing { "y" } else { "n" });
    out.push_str("  </policy_published>\n");
}

fn record(out: &mut String, fact: &Fact, messages: u64) {
    let outcome = |is_pass: bool| if is_pass { "pass" } else { "fail" };
    out.push_str("  <record>\n    <row>\n");
    element(out, 6, "source_ip", &fact.source.to_string());
    element(out, 6, "count", &messages.to_string());
    out.push_str("      <policy_evaluated>\n");
    element(out, 8, "disposition", fact.disposition.word());
    element(out, 8, "dkim", outcome(fact.is_dkim_aligned));
    element(out, 8, "spf", outcome(fact.is_spf_aligned));
    if let Some(reason) = &fact.reason {
        out.push_str("        <reason>\n");
        element(out, 10, "type", reason);
        out.push_str("        </reason>\n");
    }
    out.push_str("      </policy_evaluated>\n    </row>\n    <identifiers>\n");
    element(out, 6, "envelope_from", &fact.envelope_from);
    element(out, 6, "header_from", &fact.header_from);
    out.push_str("    </identifiers>\n    <auth_results>\n");
    for (domain, selector, result) in &fact.dkim {
        out.push_str("      <dkim>\n");
        element(out, 8, "domain", domain);
        element(out, 8, "selector", selector);
        element(out, 8, "result", result);
        out.push_str("      </dkim>\n");
    }
    let (domain, scope, result) = &fact.spf;
    out.push_str("      <spf>\n");
    element(out, 8, "domain", domain);
    element(out, 8, "scope", scope);
    element(out, 8, "result", result);
    out.push_str("      </spf>\n    </auth_results>\n  </record>\n");
}

/// An element with a text that may come from anywhere.
fn element(out: &mut String, indent: usize, name: &str, text: &str) {
    let _ = write!(out, "{:indent$}<{name}>", "");
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Not allowed in XML 1.0 in any form.
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            c => out.push(c),
        }
    }
    let _ = writeln!(out, "</{name}>");
}
