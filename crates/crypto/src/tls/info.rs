//! What a finished handshake agreed on, in the words of the standards.

use std::borrow::Cow;

use rustls::{ClientConnection, CommonState, HandshakeKind, ProtocolVersion, ServerConnection};

/// Bytes of the `tls-exporter` channel binding (RFC 9266 section 2).
const CHANNEL_BINDING_BYTES: usize = 32;

/// What a connection agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsInfo {
    /// Protocol version as in `Received` lines, such as `TLSv1.3`.
    pub version: &'static str,
    /// Cipher suite by its IANA name, such as `TLS_AES_256_GCM_SHA384`.
    pub cipher: Cow<'static, str>,
    /// Key exchange group, such as `X25519MLKEM768`; unknown for some resumed sessions.
    pub group: Option<&'static str>,
    /// Server name that the client asked for, in lower case; of server connections only.
    pub sni: Option<String>,
    /// Application protocol agreed on (RFC 7301).
    pub alpn: Option<Vec<u8>>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// Channel binding `tls-exporter` (RFC 9266); only of TLS 1.3, where it is always unique.
    pub exporter: Option<[u8; CHANNEL_BINDING_BYTES]>,
}

/// A connection that can be described.
pub trait ConnectionState {
    /// What the handshake agreed on; `None` before it is finished.
    fn tls_info(&self) -> Option<TlsInfo>;
}

impl ConnectionState for ServerConnection {
    fn tls_info(&self) -> Option<TlsInfo> {
        let mut info = describe(self)?;
        info.sni = self.server_name().map(str::to_ascii_lowercase);
        info.exporter = exporter(info.version, |into| self.export_keying_material(into, LABEL, Some(&[])));
        Some(info)
    }
}

impl ConnectionState for ClientConnection {
    fn tls_info(&self) -> Option<TlsInfo> {
        let mut info = describe(self)?;
        info.exporter = exporter(info.version, |into| self.export_keying_material(into, LABEL, Some(&[])));
        Some(info)
    }
}

const LABEL: &[u8] = b"EXPORTER-Channel-Binding";

fn exporter<F>(version: &str, export: F) -> Option<[u8; CHANNEL_BINDING_BYTES]>
where
    F: FnOnce([u8; CHANNEL_BINDING_BYTES]) -> Result<[u8; CHANNEL_BINDING_BYTES], rustls::Error>,
{
    // Under TLS 1.2 the value is unique only with the extended master secret (RFC 9266 section 4.2), which the
    // library does not report.
    if version == "TLSv1.3" { export([0; CHANNEL_BINDING_BYTES]).ok() } else { None }
}

fn describe(state: &CommonState) -> Option<TlsInfo> {
    if state.is_handshaking() {
        return None;
    }
    let suite = state.negotiated_cipher_suite()?.suite();
    Some(TlsInfo {
        version: match state.protocol_version()? {
            ProtocolVersion::TLSv1_3 => "TLSv1.3",
            ProtocolVersion::TLSv1_2 => "TLSv1.2",
            _ => "TLS",
        },
        cipher: match suite.as_str() {
            // The library tells the suites of 1.3 apart by a prefix that IANA does not have.
            Some(name) if name.starts_with("TLS13_") => Cow::Owned(name.replacen("TLS13_", "TLS_", 1)),
            Some(name) => Cow::Borrowed(name),
            None => Cow::Borrowed(gm::tls::suite_name(suite).unwrap_or("unknown")),
        },
        group: state
            .negotiated_key_exchange_group()
            .and_then(|group| group.name().as_str().or_else(|| gm::tls::group_name(group.name()))),
        sni: None,
        alpn: state.alpn_protocol().map(<[u8]>::to_vec),
        resumed: state.handshake_kind() == Some(HandshakeKind::Resumed),
        exporter: None,
    })
}
