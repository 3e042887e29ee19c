//! Settings for mail clients: Thunderbird's autoconfig and Outlook's autodiscover.

use std::fmt::Write;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::{ClientService, Facts, text};

const XML: &str = "text/xml; charset=utf-8";

/// Longest address that is echoed, in bytes (RFC 5321 section 4.5.3.1.3).
const ADDRESS_BYTES_MAX: usize = 254;

#[derive(Debug, Default)]
struct Asked {
    address: String,
    domain: String,
}

pub(crate) async fn thunderbird(
    State(facts): State<Arc<Facts>>,
    Query(query): Query<Vec<(String, String)>>,
    headers: HeaderMap,
) -> Response {
    let address = query.into_iter().find(|(name, _)| name == "emailaddress").map(|(_, value)| value);
    let asked = asked(address.unwrap_or_default(), &headers);
    if !facts.health.is_ours(&asked.domain).await {
        return (StatusCode::NOT_FOUND, "this is not a mail domain of this server\n").into_response();
    }
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n  <emailProvider id=\"{0}\">\n    <domain>{0}</domain>\n    <displayName>{0}</displayName>\n",
        escape(&asked.domain)
    );
    for service in &facts.services {
        let direction = if service.protocol == "imap" { "incomingServer" } else { "outgoingServer" };
        let _ = write!(
            xml,
            "    <{direction} type=\"{}\">\n      <hostname>{}</hostname>\n      <port>{}</port>\n      <socketType>{}</socketType>\n      \
             <authentication>password-cleartext</authentication>\n      <username>%EMAILADDRESS%</username>\n    </{direction}>\n",
            service.protocol,
            escape(&facts.hostname),
            service.port,
            if service.implicit_tls { "SSL" } else { "STARTTLS" },
        );
    }
    xml.push_str("  </emailProvider>\n</clientConfig>\n");
    text(XML, xml)
}

pub(crate) async fn outlook(State(facts): State<Arc<Facts>>, headers: HeaderMap, body: String) -> Response {
    let address = body.split_once("<EMailAddress>").and_then(|(_, rest)| rest.split_once("</EMailAddress>"));
    let asked = asked(address.map_or_else(String::new, |(address, _)| address.trim().to_owned()), &headers);
    if !facts.health.is_ours(&asked.domain).await {
        return (StatusCode::NOT_FOUND, "this is not a mail domain of this server\n").into_response();
    }
    let mut xml = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n\
         <Response xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\">\n<Account>\n<AccountType>email</AccountType>\n<Action>settings</Action>\n",
    );
    for ClientService { protocol, port, implicit_tls } in &facts.services {
        let _ = writeln!(
            xml,
            "<Protocol><Type>{}</Type><Server>{}</Server><Port>{port}</Port><LoginName>{}</LoginName><SPA>off</SPA>\
             <SSL>on</SSL><Encryption>{}</Encryption><AuthRequired>on</AuthRequired></Protocol>",
            protocol.to_ascii_uppercase(),
            escape(&facts.hostname),
            escape(&asked.address),
            if *implicit_tls { "SSL" } else { "TLS" },
        );
    }
    xml.push_str("</Account>\n</Response>\n</Autodiscover>\n");
    text(XML, xml)
}

/// The address that was asked about and its domain; without an address, the domain in the host name `autoconfig.<domain>`.
fn asked(address: String, headers: &HeaderMap) -> Asked {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let host = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    match address.rsplit_once('@') {
        Some((_, domain)) if address.len() <= ADDRESS_BYTES_MAX => {
            Asked { domain: domain.to_ascii_lowercase(), address }
        }
        _ => {
            let domain =
                host.strip_prefix("autoconfig.").or_else(|| host.strip_prefix("autodiscover.")).unwrap_or(&host);
            Asked { address: String::new(), domain: domain.to_owned() }
        }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
