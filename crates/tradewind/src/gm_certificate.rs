//! `tradewind tls gm-certificate`: certificates of SM2 by an authority of our own.

use std::path::Path;
use std::process::ExitCode;

use api::actions::Refused;
use certs::gm_authority::{GmAuthority, GmHolder};
use env::{SystemClock, SystemEntropy};
use serde_json::json;

use crate::print;
use crate::settings::Settings;
use crate::system::home_domain;

/// Issues the server's certificate to where the settings want it, or a person's beside it.
pub(crate) fn issue(
    settings: &Settings,
    names: Vec<String>,
    person: Option<String>,
    json: bool,
) -> Result<ExitCode, Refused> {
    let (clock, entropy) = (SystemClock, SystemEntropy::default());
    let directory = settings.gm.certificate.parent().unwrap_or_else(|| Path::new("."));
    let domain = home_domain(&settings.server.hostname);
    let authority = GmAuthority::open_or_make(directory, domain, &clock, &entropy).map_err(Refused::because)?;
    let (holder, chain, key) = match person {
        Some(address) => {
            let (file, address) = person_file(&address)?;
            let at = |kind: &str| directory.join(format!("{file}.gm.{kind}"));
            (GmHolder::Person(address), at("pem"), at("key"))
        }
        None if names.is_empty() => {
            let host = vec![settings.server.hostname.clone()];
            (GmHolder::Server(host), settings.gm.certificate.clone(), settings.gm.key.clone())
        }
        None => (GmHolder::Server(names), settings.gm.certificate.clone(), settings.gm.key.clone()),
    };
    authority.issue(&holder, &chain, &key, &clock, &entropy).map_err(Refused::because)?;
    let is_server = matches!(holder, GmHolder::Server(_));
    print::print(
        &json!({
            "certificate": chain,
            "key": key,
            "authority": authority.certificate_path(),
            "served": is_server && settings.gm.enabled,
        }),
        json,
    );
    Ok(ExitCode::SUCCESS)
}

/// The address in lower case, and a name for files made of it.
fn person_file(address: &str) -> Result<(String, String), Refused> {
    let wrong = || Refused(format!("--person {address}: give a mail address such as li@example.cn"));
    let address = address.to_lowercase();
    let (local, domain) = address.rsplit_once('@').ok_or_else(wrong)?;
    let fits = |text: &str| {
        !text.is_empty()
            && !text.starts_with('.')
            && text.chars().all(|letter| letter.is_alphanumeric() || "._-+".contains(letter))
    };
    if fits(local) && fits(domain) { Ok((address.clone(), address)) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_people_stay_in_their_directory() {
        assert_eq!(person_file("Li@Trade.cn").unwrap().0, "li@trade.cn");
        for wrong in ["li", "@trade.cn", "li@", "../li@trade.cn", "li@../x", ".li@trade.cn", "a/b@trade.cn"] {
            assert!(person_file(wrong).is_err(), "{wrong}");
        }
    }
}
