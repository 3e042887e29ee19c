env::settings! {
    /// Encryption from end to end with OpenPGP: keys of others, keys of ours.
    pub struct OpenPgpSettings in "openpgp" {
        /// Ask the web key directories of correspondents for their keys, where a key is needed.
        wkd_lookup: bool = true,
        /// Hours after which a correspondent's directory is asked again.
        wkd_hours: u64 = 24,
        /// Seconds to wait for an answer of a directory.
        wkd_seconds: u64 = 10,
        /// Port of the directories. Anything but 443 is for tests.
        wkd_port: u16 = 443,
        /// Networks of your own in which directories of correspondents may lie; else only hosts of the open Internet are asked.
        wkd_networks: Vec<String> = Vec::new(),
        /// Learn keys of correspondents from their mail (Autocrypt), if it is authenticated.
        autocrypt: bool = true,
        /// Send the published key of its author along with what our people write to others (Autocrypt).
        autocrypt_write: bool = true,
        /// Tell correspondents so that our people wish answers encrypted wherever both sides can (`prefer-encrypt=mutual`).
        autocrypt_mutual: bool = false,
        /// Days for which keys are valid that are made here. Those kept here are renewed by themselves.
        valid_days: u64 = 730,
    }
}

impl OpenPgpSettings {
    /// With which wish published keys are sent along with mail; none if they are not.
    #[must_use]
    pub const fn writes_keys(&self) -> Option<openpgp::PreferEncrypt> {
        match (self.autocrypt_write, self.autocrypt_mutual) {
            (false, _) => None,
            (true, true) => Some(openpgp::PreferEncrypt::Mutual),
            (true, false) => Some(openpgp::PreferEncrypt::NoPreference),
        }
    }
}
