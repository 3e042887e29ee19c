//! The configuration file: one TOML file whose sections are declared by the crates that they configure.

mod file;
mod layers;
mod live;
mod log;
mod nature;
mod reference;
mod repositories;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use api::HttpSettings;
use backup::BackupSettings;
use certbook::SmimeSettings;
use configuration::OfFile;
use crypto::seal::Suite;
use env::settings::{self, Section};
use env::{Publisher, Watched};
use factors::sms::SmsSettings;
use factors::webauthn::WebauthnSettings;
use identity::rights::AccessSettings;
use identity::{FactorSettings, PasswordSettings};
use imap::ImapSettings;
use inspect::InspectSettings;
use intel::{OpinionSettings, ThreatSettings};
use jmap::JmapSettings;
use judgement::JudgingSettings;
use keybook::OpenPgpSettings;
use mailauth::{AuthenticationSettings, WithoutDns};
use portal::PortalSettings;
use provision::ProvisionSettings;
use reports::ReportSettings;
use reports::blocklists::BlocklistSettings;
use residence::RegionSettings;
use scripts::RulesSettings;
use serde::{Deserialize, Serialize};
use signing::SigningSettings;
use smtp::{DeliverySettings, SmtpSettings};
use subjects::SubjectSettings;
use trace::TraceSettings;
use watch::WatchSettings;
use webapp::WebSettings;

pub(crate) use file::SettingsError;
pub(crate) use live::Live;
pub(crate) use log::{LogSwitch, start_log};
pub(crate) use reference::{commented_file, reference};
pub(crate) use repositories::with_noted;

env::settings! {
    /// Who this server is and where it keeps its files.
    pub(crate) struct ServerSettings in "server" {
        /// Host name that the server calls itself in SMTP and IMAP and in its certificate; must resolve to this machine
        /// for mail from outside to arrive.
        hostname: String = "mail.trade.test".to_owned(),
        /// Directory of everything that the server writes. Relative paths in this file start at the file's own directory.
        directory: PathBuf = PathBuf::from("data"),
        /// Region key file: the root of all encryption at rest. Keep a copy off this machine; without it no mail can be read.
        region_key: PathBuf = PathBuf::from("region.key"),
        /// Number of this node, 0 to 1023, different on every node that shares a database.
        node: u16 = 0,
        /// Seconds that a stopping server gives its connections to finish, and one less to other servers for the answer to a
        /// message that was sent: without it the message is sent again.
        stop_seconds: u64 = 8,
    }
}

env::settings! {
    /// What seals at rest, and what holds the region key where its file does not (tradewind keys move).
    pub(crate) struct KeysSettings in "keys" {
        /// Cipher under which what is new is sealed at rest: "aes-256-gcm-siv", or "sm4-gcm" where Chinese commercial cryptography is asked for.
        /// What is there opens under either, whatever stands here.
        cipher: String = Suite::default().as_str().to_owned(),
        /// Library of a token's maker that speaks PKCS#11 ("/usr/lib/softhsm/libsofthsm2.so").
        pkcs11_module: Option<PathBuf> = None,
        /// File with the PIN of the token's user, readable by the server alone.
        pkcs11_pin_file: Option<PathBuf> = None,
        /// Program that has a service of keys (KMS) wrap and unwrap, and its arguments. It is called with "wrap" or "unwrap" as the last
        /// argument, reads Base64 and answers in Base64.
        command: Vec<String> = Vec::new(),
    }
}

impl KeysSettings {
    /// What is sealed with from now on; none if it is not known.
    pub(crate) fn suite(&self) -> Option<Suite> {
        Suite::ALL.into_iter().find(|suite| suite.as_str() == self.cipher)
    }
}

env::settings! {
    /// The record of what was done, as a log that outsiders can verify.
    pub(crate) struct AuditSettings in "audit" {
        /// Seconds after which records have their place under a signed checkpoint.
        seal_seconds: u64 = 60,
        /// Directory where each checkpoint is also written, one file each, for somebody else to keep: a mounted bucket that nothing can be
        /// deleted from, a disk of another department. What is there already is never touched.
        witness_directory: Option<PathBuf> = None,
        /// Folders of buckets, as `s3:https://HOST/BUCKET/FOLDER`, into which each newest checkpoint is written as an object of its own. Keys stand
        /// in `backup.credentials_file`, where `lock_days` locks each object against everybody.
        witness_buckets: Vec<String> = Vec::new(),
        /// Addresses (https) to which each newest checkpoint is posted as plain text, for somebody else to keep.
        witness_urls: Vec<String> = Vec::new(),
        /// Mail addresses elsewhere that get the newest checkpoint by letter every `witness_hours`.
        witness_addresses: Vec<String> = Vec::new(),
        /// Hours between two letters with a checkpoint, and between two time stamps.
        witness_hours: u64 = 24,
        /// Address (http or https) of an authority that stamps checkpoints with the time (RFC 3161).
        stamp_url: Option<String> = None,
        /// File with the certificates, in PEM, of the authorities whose time stamps are believed.
        stamp_authorities: Option<PathBuf> = None,
        /// File with the certificate of the authority, in PEM, that vouches for the hosts of these addresses, where the system's do not.
        elsewhere_ca: Option<PathBuf> = None,
    }
}

env::settings! {
    /// Where mail and accounts are kept.
    pub(crate) struct StoreSettings in "store" {
        /// "embedded" (SQLite and segment files in the server's directory) or a PostgreSQL address
        /// ("postgres://user:password@host/database?sslmode=verify-full&connections=16").
        place: String = "embedded".to_owned(),
        /// Days between two walks through all content that look whether it is whole; 0 for none. What is damaged is brought back from a backup.
        scrub_days: u32 = 7,
        /// MiB that such a walk reads in a second at most.
        scrub_mib_per_second: u64 = 8,
    }
}

env::settings! {
    /// Rehearsals: a server built from the newest backup beside this one, compared with it, and a signed report of it.
    pub(crate) struct RehearsalSettings in "rehearsal" {
        /// Days between two; 0 for none but those that are asked for.
        every_days: u32 = 30,
        /// Directory of the reports; empty for "rehearsals" in the server's directory.
        directory: PathBuf = PathBuf::new(),
        /// Directory to build the server in, with room for another copy of everything; empty for one in the server's directory. What is built is
        /// deleted at the end.
        scratch: PathBuf = PathBuf::new(),
        /// Messages that are compared one by one with the server's own; 0 for all.
        sample: u32 = 200,
        /// Minutes in which everything must be back; more is told to administrators. 0 for no goal.
        recovery_minutes_max: u32 = 240,
        /// Minutes that the newest backup may be old; more is told to administrators. 0 for no goal.
        age_minutes_max: u32 = 2880,
    }
}

env::settings! {
    /// Addresses that the services listen on; an empty list switches a service off.
    pub(crate) struct ListenSettings in "listen" {
        /// Mail from other servers (RFC 5321).
        smtp: Vec<String> = vec!["[::]:25".to_owned()],
        /// Mail from our users' clients, STARTTLS required (RFC 6409).
        submission: Vec<String> = vec!["[::]:587".to_owned()],
        /// Mail from our users' clients, TLS from the start (RFC 8314).
        submissions: Vec<String> = vec!["[::]:465".to_owned()],
        /// IMAP with STARTTLS (RFC 9051).
        imap: Vec<String> = vec!["[::]:143".to_owned()],
        /// IMAP with TLS from the start (RFC 8314).
        imaps: Vec<String> = vec!["[::]:993".to_owned()],
        /// HTTP: health, metrics, ACME challenges, redirects to HTTPS.
        http: Vec<String> = vec!["[::]:80".to_owned()],
        /// HTTPS: autoconfig, MTA-STS policy.
        https: Vec<String> = vec!["[::]:443".to_owned()],
        /// Networks of proxies whose PROXY protocol header is believed ("10.0.0.0/8"). From elsewhere such a header is refused.
        proxies: Vec<String> = Vec::new(),
    }
}

env::settings! {
    /// Certificates of the TLS services.
    pub(crate) struct TlsSettings in "tls" {
        /// Certificate chain in PEM, own certificate first.
        certificate: PathBuf = PathBuf::from("tls/server.pem"),
        /// Its private key in PEM, readable by the server alone.
        key: PathBuf = PathBuf::from("tls/server.key"),
        /// Oldest TLS version offered: "1.2" or "1.3". Level `basic` allows 1.2; `enhanced` and `trade` want 1.3.
        version_min: String = "1.2".to_owned(),
        /// Ask clients for a certificate of theirs (UKey), on every service. Browsers then ask people who have one which to show.
        client_certificates: bool = false,
    }
}

env::settings! {
    /// Chinese cryptography (SM2, SM3, SM4) in TLS 1.3 (RFC 8998), on the same ports as the other algorithms, for clients that ask for it.
    pub(crate) struct GmSettings in "gm" {
        /// Take it. Certificate and key must be there; make them with: tradewind tls gm-certificate.
        enabled: bool = false,
        /// Certificate chain of SM2 in PEM, own certificate first: the one to sign with, where there are two.
        certificate: PathBuf = PathBuf::from("tls/gm.pem"),
        /// Its private key in PEM, readable by the server alone.
        key: PathBuf = PathBuf::from("tls/gm.key"),
        /// When a client that speaks both kinds gets SM2: "client" (when it names the suite of SM4 first), "always" (whenever it can) or
        /// "never" (for the hosts in `names` alone). Clients of one kind always get that one.
        prefer: String = "client".to_owned(),
        /// Host names, among those of the certificate, under which every client that can gets SM2.
        names: Vec<String> = Vec::new(),
        /// Authorities of clients (PEM). If given, a connection with SM2 needs a certificate of one of them, on every port.
        client_authorities: Option<PathBuf> = None,
    }
}

env::settings! {
    /// Certificates fetched and renewed by ACME (RFC 8555).
    pub(crate) struct AcmeSettings in "acme" {
        /// Fetch certificates. When off, the files named under [tls] are used as they are and reloaded when they change.
        enabled: bool = false,
        /// Directory of the certificate authority.
        directory_url: String = "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
        /// Address that the authority may write to.
        contact: String = String::new(),
        /// Names for the certificate; when empty, the server's host name, mta-sts, autoconfig and autodiscover of each domain.
        names: Vec<String> = Vec::new(),
        /// How control over the names is shown: "http-01", "tls-alpn-01" or "dns-01".
        challenge: String = "http-01".to_owned(),
        /// For dns-01: command called with "add" or "remove", the record's name and its value.
        dns_hook: Vec<String> = Vec::new(),
        /// Further trusted root certificates (PEM) for a private authority's own HTTPS.
        roots: Option<PathBuf> = None,
    }
}

env::settings! {
    /// How names are looked up.
    pub(crate) struct DnsSettings in "dns" {
        /// Name servers ("127.0.0.1:53"); when empty, those of the system, and its file of hosts.
        servers: Vec<String> = Vec::new(),
        /// Check DNSSEC signatures ourselves.
        validate: bool = true,
        /// Root keys to begin from, as DNSKEY records; when none, those of the internet.
        trust_anchor: Option<PathBuf> = None,
        /// Seconds to wait for one answer.
        timeout_seconds: u64 = 5,
        /// Answers kept.
        cache_entries: u64 = 8192,
    }
}

env::settings! {
    /// What is logged. The log never holds content or secrets.
    pub(crate) struct LogSettings in "log" {
        /// Least weight that is logged: "error", "warn", "info", "debug", or a filter such as "info,smtp=debug".
        level: String = "info".to_owned(),
        /// "text" or "json".
        format: String = "text".to_owned(),
    }
}

/// The sections of the file. Each is read by serde from its own declaration.
macro_rules! sections {
    ($($field:ident: $section:ty,)+) => {
        /// Everything that can be set.
        #[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct Settings {
            $(pub(crate) $field: $section,)+
            /// From which file they are.
            #[serde(skip)]
            pub(crate) origin: Origin,
        }

        /// The settings of each section, to be watched where they are used.
        pub(crate) struct Sections {
            $($field: Publisher<$section>,)+
        }

        impl Sections {
            fn new(settings: &Settings) -> Self {
                Self { $($field: Publisher::new(settings.$field.clone()),)+ }
            }

            /// Tells those who watch; gives the sections that are others than before.
            fn publish(&self, settings: &Settings) -> Vec<&'static str> {
                let mut changed = Vec::new();
                $(if self.$field.publish(&settings.$field) {
                    changed.push(<$section as Section>::NAME);
                })+
                changed
            }

            $(
                #[allow(dead_code)]
                pub(crate) fn $field(&self) -> Watched<$section> {
                    self.$field.watched()
                }
            )+
        }

        /// Name, doc and settings of each section, in the order of the file.
        fn schema() -> Vec<SectionSchema> {
            vec![$(SectionSchema {
                name: <$section as Section>::NAME,
                doc: <$section as Section>::DOC,
                fields: <$section as Section>::FIELDS,
            },)+]
        }
    };
}

sections! {
    server: ServerSettings,
    keys: KeysSettings,
    audit: AuditSettings,
    store: StoreSettings,
    region: RegionSettings,
    backup: BackupSettings,
    rehearsal: RehearsalSettings,
    listen: ListenSettings,
    tls: TlsSettings,
    gm: GmSettings,
    acme: AcmeSettings,
    dns: DnsSettings,
    access: AccessSettings,
    authentication: AuthenticationSettings,
    dkim: SigningSettings,
    reports: ReportSettings,
    blocklists: BlocklistSettings,
    watch: WatchSettings,
    smtp: SmtpSettings,
    trace: TraceSettings,
    inspect: InspectSettings,
    threats: ThreatSettings,
    judging: JudgingSettings,
    opinion: OpinionSettings,
    delivery: DeliverySettings,
    openpgp: OpenPgpSettings,
    smime: SmimeSettings,
    rules: RulesSettings,
    portal: PortalSettings,
    subjects: SubjectSettings,
    imap: ImapSettings,
    jmap: JmapSettings,
    provision: ProvisionSettings,
    passwords: PasswordSettings,
    factors: FactorSettings,
    webauthn: WebauthnSettings,
    sms: SmsSettings,
    http: HttpSettings,
    web: WebSettings,
    log: LogSettings,
}

/// From which file settings are, and what it sets.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Origin {
    /// The file.
    pub(crate) path: PathBuf,
    /// What it sets, by name.
    pub(crate) sets: Arc<BTreeMap<String, OfFile>>,
}

/// What the reference says of a section.
struct SectionSchema {
    name: &'static str,
    doc: &'static str,
    fields: &'static [settings::Field],
}

impl Settings {
    /// Reads and checks the file at `path`; relative paths in it become absolute.
    ///
    /// # Errors
    /// [`SettingsError`], which names the file, the line and what to do.
    pub(crate) fn load(path: &Path) -> Result<Self, SettingsError> {
        file::load(path)
    }

    /// What is done with mail from strangers while DNS does not work. Whoever names servers wants them asked.
    pub(crate) fn without_dns(&self) -> WithoutDns {
        if self.dns.servers.is_empty() { self.authentication.without_dns } else { WithoutDns::Defer }
    }

    /// Where relative paths start.
    pub(crate) fn home(&self) -> &Path {
        self.server.region_key.parent().unwrap_or_else(|| Path::new("."))
    }
}
