//! What DANE says of our own certificate (RFC 7672).

use std::fmt::Write;

use crypto::tls::{association, load_certificates};
use env::dns::Tlsa;

use crate::settings::Settings;
use api::actions::Refused;

/// The association of the certificate that the settings name.
pub(crate) fn tlsa_of(settings: &Settings) -> Result<Tlsa, Refused> {
    let chain = load_certificates(&settings.tls.certificate).map_err(Refused::because)?;
    let own = chain.first().ok_or_else(|| Refused("the file has no certificate".to_owned()))?;
    association(own).map_err(Refused::because)
}

/// Name of the record that vouches for the certificate of the server `host` on port 25 (RFC 7672 section 3.1).
pub(crate) fn tlsa_name(host: &str) -> String {
    format!("_25._tcp.{host}")
}

/// All associations that the zone is to have: of the present certificate, and of the next key if it has been made.
pub(crate) fn all_tlsa_of(settings: &Settings) -> Result<Vec<Tlsa>, Refused> {
    let mut all = vec![tlsa_of(settings)?];
    all.extend(certs::next_association(&settings.tls.key));
    Ok(all)
}

/// An association as zones have it.
pub(crate) fn tlsa_value(tlsa: &Tlsa) -> String {
    let mut value = format!("{} {} {} ", tlsa.usage, tlsa.selector, tlsa.matching);
    for byte in &tlsa.data {
        let _ = write!(value, "{byte:02x}");
    }
    value
}
