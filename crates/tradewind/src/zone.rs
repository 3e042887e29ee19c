//! The DNS records that a mail domain needs, as a commented zone file.

use std::fmt::Write;
use std::net::IpAddr;

use crate::tlsa::tlsa_name;

/// What the zone is written from.
pub(crate) struct ZoneFacts<'a> {
    /// Mail domain, A-labels.
    pub(crate) domain: &'a str,
    /// Host name of this server.
    pub(crate) hostname: &'a str,
    /// Public addresses of this server where they are known.
    pub(crate) addresses: &'a [IpAddr],
    /// Name and value of each DKIM key record, the name relative to the domain.
    pub(crate) dkim: &'a [(String, String)],
    /// Identifier of the MTA-STS policy (RFC 8461 section 3.1).
    pub(crate) mta_sts_id: &'a str,
    /// What TLSA records say of our certificate (RFC 7672 section 3.1); empty if there is none yet.
    pub(crate) tlsa: &'a [String],
    /// Certificate authority that may issue for the domain (RFC 8659).
    pub(crate) authority: &'a str,
    /// Ports of submissions, submission, imaps and imap, as clients are to find them.
    pub(crate) ports: ClientPorts,
}

/// Ports that mail clients are sent to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ClientPorts {
    pub(crate) submissions: u16,
    pub(crate) submission: u16,
    pub(crate) imaps: u16,
    pub(crate) imap: u16,
}

impl ClientPorts {
    /// The ports that clients expect.
    pub(crate) const USUAL: Self = Self { submissions: 465, submission: 587, imaps: 993, imap: 143 };
}

/// Bytes of one string of a TXT record (RFC 1035 section 3.3).
const TXT_STRING_BYTES: usize = 255;

/// The zone as text: each group of records with a comment that says what it is for.
pub(crate) fn zone(facts: &ZoneFacts<'_>) -> String {
    let mut zone = format!(
        "; DNS records for mail of {0}. Put them into the zone of {0}; lines that begin with ';' are comments.\n$ORIGIN {0}.\n$TTL 3600\n",
        facts.domain
    );
    receiving(&mut zone, facts);
    sending(&mut zone, facts);
    transport(&mut zone, facts);
    clients(&mut zone, facts);
    keys(&mut zone, facts);
    reverse(&mut zone, facts);
    zone
}

fn receiving(zone: &mut String, facts: &ZoneFacts<'_>) {
    let host = facts.hostname;
    let _ = writeln!(zone, "\n; Mail for the domain comes to this server.\n@ IN MX 10 {host}.");
    zone.push_str(
        "\n; The server's own addresses; the MX name must have them and must not be an alias (RFC 5321 section 5.1).\n",
    );
    if facts.addresses.is_empty() {
        let _ = writeln!(
            zone,
            "; replace the example addresses with the server's public ones\n;{host}. IN A 192.0.2.1\n;{host}. IN AAAA 2001:db8::1"
        );
    }
    for address in facts.addresses {
        let kind = if address.is_ipv4() { "A" } else { "AAAA" };
        let _ = writeln!(zone, "{host}. IN {kind} {address}");
    }
}

fn sending(zone: &mut String, facts: &ZoneFacts<'_>) {
    zone.push_str("\n; SPF: only the servers that take mail for the domain send for it (RFC 7208).\n@ IN TXT \"v=spf1 mx -all\"\n");
    let _ = writeln!(
        zone,
        "; SPF for the host's own name, which it says in HELO.\n{}. IN TXT \"v=spf1 a -all\"",
        facts.hostname
    );
    zone.push_str("\n; DKIM: public keys of outgoing signatures (RFC 6376, RFC 8463).\n");
    for (name, value) in facts.dkim {
        let _ = writeln!(zone, "{name} IN TXT {}", txt_strings(value));
    }
    zone.push_str("\n; DMARC: mail that fails both is to be put aside, and reported (RFC 7489). Begin with p=none if other systems send for you too.\n");
    let _ = writeln!(
        zone,
        "_dmarc IN TXT \"v=DMARC1; p=quarantine; sp=quarantine; adkim=s; aspf=s; rua=mailto:postmaster@{}\"",
        facts.domain
    );
}

fn transport(zone: &mut String, facts: &ZoneFacts<'_>) {
    let (host, domain) = (facts.hostname, facts.domain);
    let _ = writeln!(
        zone,
        "\n; MTA-STS: others must use TLS with a valid certificate towards us (RFC 8461). The id is made from the policy and changes with it.\n\
         _mta-sts IN TXT \"v=STSv1; id={}\"\nmta-sts IN CNAME {host}.",
        facts.mta_sts_id
    );
    zone.push_str(
        "\n; DANE: the key of the server's certificate (RFC 7672). Counts only where the zone is signed (DNSSEC).\n\
         ; A renewed certificate keeps its key; before another key is used, its record must be here: tradewind dns tlsa.\n",
    );
    for value in facts.tlsa {
        let _ = writeln!(zone, "{}", tlsa_record(host, value));
    }
    let _ = writeln!(
        zone,
        "\n; TLS-RPT: where others report failed TLS to (RFC 8460).\n_smtp._tls IN TXT \"v=TLSRPTv1; rua=mailto:postmaster@{domain}\""
    );
    let _ = writeln!(
        zone,
        "\n; CAA: only this authority may issue certificates (RFC 8659).\n@ IN CAA 0 issue \"{}\"",
        facts.authority
    );
}

fn clients(zone: &mut String, facts: &ZoneFacts<'_>) {
    let host = facts.hostname;
    let ClientPorts { submissions, submission, imaps, imap } = facts.ports;
    let _ = writeln!(
        zone,
        "\n; Mail clients find their settings (RFC 6186, RFC 8314; Thunderbird and Outlook by name).\n\
         _submissions._tcp IN SRV 0 1 {submissions} {host}.\n_submission._tcp IN SRV 10 1 {submission} {host}.\n\
         _imaps._tcp IN SRV 0 1 {imaps} {host}.\n_imap._tcp IN SRV 10 1 {imap} {host}.\n\
         _pop3._tcp IN SRV 0 0 0 .\n_pop3s._tcp IN SRV 0 0 0 .\n\
         autoconfig IN CNAME {host}.\nautodiscover IN CNAME {host}."
    );
}

fn keys(zone: &mut String, facts: &ZoneFacts<'_>) {
    let _ = writeln!(
        zone,
        "\n; Web key directory: where others find the OpenPGP keys that people of the domain publish.\nopenpgpkey IN CNAME {}.",
        facts.hostname
    );
}

fn reverse(zone: &mut String, facts: &ZoneFacts<'_>) {
    let host = facts.hostname;
    zone.push_str("\n; PTR: the address's owner (your provider) must set the reverse name; without it many servers refuse mail.\n");
    if facts.addresses.is_empty() {
        let _ = writeln!(zone, ";1.2.0.192.in-addr.arpa. IN PTR {host}.");
    }
    for address in facts.addresses {
        let _ = writeln!(zone, ";{} IN PTR {host}.", reverse_name(*address));
    }
}

/// The record that vouches for the certificate of the server `host`.
pub(crate) fn tlsa_record(host: &str, value: &str) -> String {
    format!("{}. IN TLSA {value}", tlsa_name(host))
}

/// `value` as the quoted strings of a TXT record.
fn txt_strings(value: &str) -> String {
    let chunks =
        value.as_bytes().chunks(TXT_STRING_BYTES).map(|chunk| format!("\"{}\"", String::from_utf8_lossy(chunk)));
    let strings: Vec<String> = chunks.collect();
    if strings.len() == 1 { strings.concat() } else { format!("( {} )", strings.join(" ")) }
}

/// Name under which the address's PTR record stands (RFC 1035 section 3.5, RFC 3596 section 2.5).
fn reverse_name(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, d] = v4.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa.")
        }
        IpAddr::V6(v6) => {
            let nibbles = v6.octets().into_iter().rev().fold(String::new(), |mut name, octet| {
                let _ = write!(name, "{:x}.{:x}.", octet & 15, octet >> 4);
                name
            });
            format!("{nibbles}ip6.arpa.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_there() {
        let dkim = [("tw1._domainkey".to_owned(), format!("v=DKIM1; k=rsa; p={}", "A".repeat(300)))];
        let facts = ZoneFacts {
            domain: "acme.example",
            hostname: "mail.acme.example",
            addresses: &["192.0.2.7".parse().unwrap(), "2001:db8::7".parse().unwrap()],
            dkim: &dkim,
            mta_sts_id: "20260101T000000",
            tlsa: &["3 1 1 0123".to_owned()],
            authority: "letsencrypt.org",
            ports: ClientPorts::USUAL,
        };
        let zone = zone(&facts);
        for expected in [
            "@ IN MX 10 mail.acme.example.\n",
            "mail.acme.example. IN A 192.0.2.7\n",
            "mail.acme.example. IN AAAA 2001:db8::7\n",
            "\"v=spf1 mx -all\"",
            "tw1._domainkey IN TXT ( \"v=DKIM1; k=rsa; p=AAA",
            "_dmarc IN TXT \"v=DMARC1;",
            "_mta-sts IN TXT \"v=STSv1; id=20260101T000000\"",
            "_smtp._tls IN TXT",
            "_25._tcp.mail.acme.example. IN TLSA 3 1 1 0123\n",
            "@ IN CAA 0 issue \"letsencrypt.org\"",
            "_imaps._tcp IN SRV 0 1 993 mail.acme.example.",
            "autoconfig IN CNAME",
            ";7.2.0.192.in-addr.arpa. IN PTR mail.acme.example.",
            ";7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. IN PTR",
        ] {
            assert!(zone.contains(expected), "{expected} is missing in\n{zone}");
        }
    }
}
