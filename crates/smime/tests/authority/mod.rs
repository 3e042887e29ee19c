//! An authority that OpenSSL keeps: its people, those whom it has revoked, its lists, its answers to questions.

use std::path::{Path, PathBuf};
use std::process::Command;

use smime::{Certificate, Identity, Trust};

/// What it signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// ECDSA over P-256 with SHA-256.
    Ec,
    /// SM2 with SM3.
    Sm2,
}

pub(crate) struct Authority {
    place: tempfile::TempDir,
    kind: Kind,
}

const CONFIG: &str = "[ca]\ndefault_ca = ours\n[ours]\ndir = .\ndatabase = index.txt\nserial = serial\ncrlnumber = crlnumber\n\
    new_certs_dir = .\ncertificate = ca.pem\nprivate_key = ca.key\ndefault_md = MD\ndefault_days = 30\n\
    default_crl_days = 30\npolicy = any\nunique_subject = no\n[any]\ncommonName = supplied\n\
    [person]\nbasicConstraints = CA:FALSE\nsubjectAltName = email:$ENV::NAME@far.test\nextendedKeyUsage = emailProtection\n\
    keyUsage = digitalSignature,keyAgreement,keyEncipherment\nPLACES\n\
    [responder]\nextendedKeyUsage = OCSPSigning\nkeyUsage = digitalSignature\n\
    [users]\nissuingDistributionPoint = critical,@only_users\n[only_users]\nonlyuser = TRUE\n\
    [authorities]\nissuingDistributionPoint = critical,@only_authorities\n[only_authorities]\nonlyCA = TRUE\n\
    [elsewhere]\nissuingDistributionPoint = critical,@other_place\n[other_place]\nfullname = URI:http://elsewhere.test/list\n";

/// `openssl` with what it needs for SM2, which Debian's takes only so.
const TOOLS: &str = "
key() { if [ $KIND = sm2 ]; then openssl genpkey -algorithm SM2 -out $1.key; else openssl ecparam -name prime256v1 -genkey -noout -out $1.key; fi; }
if [ $KIND = sm2 ]; then md='-sm3'; id='-sigopt distid:1234567812345678'; of='-vfyopt distid:1234567812345678'; ocsp='-rmd sm3 -rsigopt distid:1234567812345678'
else md='-sha256'; id=''; of=''; ocsp=''; fi
issue() { key $1; openssl req -new -key $1.key $md $id -subj /CN=$1 -out $1.csr; NAME=$1 openssl ca -batch -config ca.cnf -extensions $2 $of $id -in $1.csr -out $1.pem
  openssl x509 -in $1.pem -out $1.pem; openssl pkcs8 -topk8 -nocrypt -in $1.key -out $1.p8; cat $1.p8 $1.pem > $1.both; }
list() { out=$1; shift; NAME=x openssl ca -config ca.cnf -gencrl $id \"$@\" -out $out.pem; openssl crl -in $out.pem -outform der -out $out; }
";

impl Authority {
    /// One whose certificates name these places as places to ask; `none` if OpenSSL is missing, said loudly.
    pub(crate) fn new(kind: Kind, places: &str) -> Option<Self> {
        if Command::new("openssl").arg("version").output().is_err() {
            eprintln!("SKIPPED: openssl is missing; run tools/install peers");
            return None;
        }
        let ours = Self { place: tempfile::tempdir().unwrap(), kind };
        let md = if kind == Kind::Sm2 { "sm3" } else { "sha256" };
        std::fs::write(ours.path("ca.cnf"), CONFIG.replace("MD", md).replace("PLACES", places)).unwrap();
        ours.run(
            "touch index.txt; echo 1000 > serial; echo 01 > crlnumber
             key ca; openssl req -x509 -new -key ca.key $md $id -subj /CN=Ours -days 30 -out ca.pem -addext keyUsage=critical,keyCertSign,cRLSign
             issue good person; issue lost person; issue responder responder
             NAME=lost openssl ca -config ca.cnf $id -revoke lost.pem; list list",
        );
        Some(ours)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn run(&self, script: &str) {
        let kind = if self.kind == Kind::Sm2 { "sm2" } else { "ec" };
        run(self.place.path(), kind, script);
    }

    pub(crate) fn certificate(&self, name: &str) -> Certificate {
        Certificate::read_file(&self.read(&format!("{name}.pem"))).unwrap().remove(0)
    }

    pub(crate) fn identity(&self, name: &str) -> Identity {
        Identity::from_pem(&self.read(&format!("{name}.both"))).unwrap()
    }

    pub(crate) fn trust(&self) -> Trust {
        Trust::new(&[self.certificate("ca")]).unwrap()
    }
}

fn run(place: &Path, kind: &str, script: &str) {
    let text = format!("{TOOLS}\n{script}");
    let made = Command::new("bash").args(["-euc", &text]).env("KIND", kind).current_dir(place).output().unwrap();
    assert!(made.status.success(), "{script}\n{}", String::from_utf8_lossy(&made.stderr));
}
