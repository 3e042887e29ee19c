//! Ephemeral Diffie-Hellman on the curve SM2 (RFC 8998 section 3.2.2).

use rustls::crypto::{ActiveKeyExchange, SharedSecret, SupportedKxGroup};
use rustls::{Error, NamedGroup, PeerMisbehaved, ProtocolVersion};

use super::{GROUP, Source};
use crate::sm2::{POINT_BYTES, PrivateKey, PublicKey};

impl SupportedKxGroup for Source {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let key = PrivateKey::generate(self.0);
        let public = key.public().to_sec1();
        Ok(Box::new(Exchange { key, public }))
    }

    fn name(&self) -> NamedGroup {
        GROUP
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Exchange {
    key: PrivateKey,
    public: [u8; POINT_BYTES],
}

impl ActiveKeyExchange for Exchange {
    fn complete(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        // RFC 8446 section 4.2.8.2: the uncompressed form alone, and a point of the curve.
        let misbehaved = || Error::from(PeerMisbehaved::InvalidKeyShare);
        if peer.len() != POINT_BYTES {
            return Err(misbehaved());
        }
        let peer = PublicKey::from_sec1(peer).map_err(|_| misbehaved())?;
        Ok(SharedSecret::from(&self.key.agree(&peer)[..]))
    }

    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn group(&self) -> NamedGroup {
        GROUP
    }
}
