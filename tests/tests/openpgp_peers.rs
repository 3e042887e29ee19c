//! Keys and messages of OpenPGP, to and from GnuPG and Sequoia.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use env::{Clock, Secret, SystemClock, SystemEntropy};
use harness::{Failure, Finished, Options, Outcome, Scratch, Tradewind, require, run};
use openpgp::{Certificate, KeyVersion, PgpError, PrivateKey, Recipients, SignatureState, Wish};

const PATIENCE: Duration = Duration::from_secs(60);
const PASSPHRASE: &str = "correct horse battery staple";
const TEXT: &str = "Ten pieces at the old price.\r\n";

/// A script in a directory of its own, with `gpg` for this directory's keys.
struct Desk {
    directory: PathBuf,
}

impl Desk {
    fn new(scratch: &Scratch, name: &str) -> Outcome<Self> {
        Ok(Self { directory: scratch.directory(name)? })
    }

    fn run(&self, script: &str) -> Outcome<Finished> {
        let mut command = Command::new("sh");
        let gpg = "gpg() { command gpg --homedir . --batch --yes --quiet --pinentry-mode loopback --passphrase \
                   'correct horse battery staple' --trust-model always \"$@\"; }";
        command.args(["-ec", &format!("umask 077\nchmod 700 .\n{gpg}\n{script}")]).current_dir(&self.directory);
        run(command, PATIENCE)
    }

    fn output(&self, script: &str) -> Outcome<String> {
        Ok(self.run(script)?.success()?.stdout)
    }

    fn write(&self, name: &str, content: &[u8]) -> Outcome {
        std::fs::write(self.directory.join(name), content)?;
        Ok(())
    }

    fn read(&self, name: &str) -> Outcome<Vec<u8>> {
        Ok(std::fs::read(self.directory.join(name))?)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // The agent of this directory, which gpg has started; it would live on.
        let mut command = Command::new("gpgconf");
        command.args(["--homedir", ".", "--kill", "all"]).current_dir(&self.directory);
        let _ = run(command, Duration::from_secs(10));
    }
}

fn failed(error: PgpError) -> Failure {
    Failure::new(error.to_string())
}

fn own_key() -> Outcome<PrivateKey> {
    let addresses = ["li.wei@trade.test".to_owned()];
    let wish = Wish {
        name: "Li Wei",
        addresses: &addresses,
        version: KeyVersion::V4,
        valid_for: Duration::from_secs(86_400 * 365),
    };
    PrivateKey::generate(&wish, SystemClock.now(), &SystemEntropy::default()).map_err(failed)
}

fn encrypted(to: &Certificate, signer: &PrivateKey) -> Outcome<String> {
    let (now, certificates) = (SystemClock.now(), [to.clone()]);
    let recipients = Recipients::of(&certificates, now).map_err(failed)?;
    openpgp::encrypt(TEXT.as_bytes(), &recipients, Some(signer), now, &SystemEntropy::default()).map_err(failed)
}

fn export(key: &PrivateKey) -> Outcome<Secret<String>> {
    key.export(&Secret::new(PASSPHRASE.to_owned()), &SystemEntropy::default()).map_err(failed)
}

/// Both directions, with what the other side says of them.
fn there_and_back(desk: &Desk, ours: &PrivateKey, theirs: &Certificate, opens: &str, writes: &str) -> Outcome {
    let now = SystemClock.now();
    desk.write("to-them.asc", encrypted(theirs, ours)?.as_bytes())?;
    let opened = desk.run(opens)?.success()?;
    assert_eq!(opened.stdout.trim_end(), TEXT.trim_end());
    desk.write("text", TEXT.as_bytes())?;
    desk.output(writes)?;
    let read =
        openpgp::decrypt(&desk.read("to-us.asc")?, &[ours], std::slice::from_ref(theirs), now).map_err(failed)?;
    assert_eq!(String::from_utf8_lossy(&read.plain), TEXT);
    assert_eq!(read.signatures.first().map(|it| it.state), Some(SignatureState::Good), "{:?}", read.signatures);
    let other = own_key()?;
    let wrong = openpgp::decrypt(&desk.read("to-us.asc")?, &[&other], &[], now);
    assert_eq!(wrong.err(), Some(PgpError::NotForUs));
    Ok(())
}

#[test]
fn gnupg() -> Outcome {
    require!("gnupg");
    let scratch = Scratch::new("openpgp-gnupg")?;
    let (desk, ours, now) = (Desk::new(&scratch, "gnupg")?, own_key()?, SystemClock.now());
    desk.write("ours.asc", ours.certificate().to_armored().map_err(failed)?.as_bytes())?;
    desk.output("gpg --import ours.asc; gpg --quick-gen-key partner@partner.test future-default default 1y")?;
    let known = desk.output("gpg --with-colons --list-keys li.wei@trade.test")?;
    assert!(known.contains(&ours.certificate().fingerprint()), "{known}");
    let theirs = desk.output("gpg --armor --export partner@partner.test")?;
    let theirs = Certificate::parse(theirs.as_bytes()).map_err(failed)?;
    assert!(theirs.names("partner@partner.test", now) && theirs.check_encrypts(now).is_ok());
    there_and_back(
        &desk,
        &ours,
        &theirs,
        "gpg --status-fd 2 --decrypt to-them.asc 2>status; grep -q 'GOODSIG.*Li Wei' status; cat status >&2",
        "gpg --armor --sign --encrypt -u partner@partner.test -r li.wei@trade.test -o to-us.asc text",
    )?;
    // Signatures beside the content.
    let (signature, _) =
        openpgp::sign_detached(TEXT.as_bytes(), &ours, now, &SystemEntropy::default()).map_err(failed)?;
    desk.write("ours.sig", signature.as_bytes())?;
    desk.output("gpg --verify ours.sig text && gpg --armor --detach-sign -u partner@partner.test -o theirs.sig text")?;
    let verify = |text: &str| {
        let found =
            openpgp::verify_detached(text.as_bytes(), &desk.read("theirs.sig")?, std::slice::from_ref(&theirs), now);
        Ok::<_, Failure>(found.map_err(failed)?.first().map(|it| it.state))
    };
    assert_eq!(verify(TEXT)?, Some(SignatureState::Good));
    assert_eq!(verify("Ten pieces at the new price.\r\n")?, Some(SignatureState::Altered));
    // Private keys both ways: ours opens theirs in gpg, theirs opens theirs here.
    desk.write("private.asc", export(&ours)?.expose().as_bytes())?;
    desk.output("gpg --import private.asc; gpg --decrypt to-us.asc >opened; cmp opened text")?;
    let private = desk.output("gpg --armor --export-secret-keys partner@partner.test")?;
    let private = PrivateKey::parse(private.as_bytes(), &Secret::new(PASSPHRASE.to_owned())).map_err(failed)?;
    let read = openpgp::decrypt(&desk.read("to-them.asc")?, &[&private], &[ours.certificate()], now).map_err(failed)?;
    assert_eq!(read.signatures.first().map(|it| it.state), Some(SignatureState::Good));
    Ok(())
}

/// Keys that nothing is encrypted to, made by GnuPG.
#[test]
fn keys_that_do_not_count() -> Outcome {
    require!("gnupg");
    let scratch = Scratch::new("openpgp-weak")?;
    let (desk, now) = (Desk::new(&scratch, "gnupg")?, SystemClock.now());
    desk.output(
        "for kind in rsa1024 rsa3072 dsa2048; do gpg --passphrase '' --quick-gen-key $kind@partner.test $kind default never; done\n\
         gpg --passphrase '' --faked-system-time 20200101T000000 --quick-gen-key old@partner.test rsa2048 default 1y\n\
         gpg --passphrase '' --cert-digest-algo SHA1 --quick-gen-key sha1@partner.test rsa2048 default never\n\
         gpg --passphrase '' --quick-gen-key gone@partner.test rsa2048 default never\n\
         sed 's/^:---/---/' openpgp-revocs.d/$(gpg --with-colons -k gone@partner.test | awk -F: '/^fpr/{print $10; exit}').rev \
         | gpg --import",
    )?;
    let check = |name: &str| {
        let armored = desk.output(&format!("gpg --armor --export {name}@partner.test"))?;
        let certificate = Certificate::parse(armored.as_bytes()).map_err(failed)?;
        Ok::<_, Failure>(certificate.check(now).map(|standing| standing.algorithms))
    };
    assert!(matches!(check("rsa1024")?, Err(PgpError::WeakKey { algorithm, .. }) if algorithm == "RSA of 1024 bits"));
    assert!(matches!(check("dsa2048")?, Err(PgpError::WeakKey { algorithm, .. }) if algorithm == "DSA"));
    assert!(matches!(check("old")?, Err(PgpError::Expired { on, .. }) if on == "2020-12-31"));
    assert!(matches!(check("sha1")?, Err(PgpError::NoSelfSignature { .. })));
    assert!(matches!(check("gone")?, Err(PgpError::Revoked { .. })));
    assert!(matches!(check("rsa3072")?, Ok(algorithms) if algorithms == "RSA 3072"));
    let private = desk.output("gpg --armor --export-secret-keys rsa3072@partner.test")?;
    let refused = PrivateKey::parse(private.as_bytes(), &Secret::new(String::new()));
    assert!(matches!(refused, Err(PgpError::PrivateKeyNotTaken { .. })));
    Ok(())
}

#[test]
fn sequoia() -> Outcome {
    require!("sq");
    let scratch = Scratch::new("openpgp-sequoia")?;
    let (desk, ours, now) = (Desk::new(&scratch, "sequoia")?, own_key()?, SystemClock.now());
    desk.write("ours.asc", ours.certificate().to_armored().map_err(failed)?.as_bytes())?;
    desk.output(
        "sq key generate --userid '<partner@partner.test>' --export theirs.key >/dev/null 2>&1 \
         && sq key extract-cert -o theirs.asc theirs.key",
    )?;
    let theirs = Certificate::parse(&desk.read("theirs.asc")?).map_err(failed)?;
    assert!(theirs.names("partner@partner.test", now));
    there_and_back(
        &desk,
        &ours,
        &theirs,
        "sq decrypt --recipient-key theirs.key --signer-cert ours.asc to-them.asc",
        "sq encrypt --recipient-cert ours.asc --signer-key theirs.key -o to-us.asc text",
    )?;
    // Its private key, whose first key certifies alone, signs with its part.
    let private = PrivateKey::parse(&desk.read("theirs.key")?, &Secret::new(String::new())).map_err(failed)?;
    let (signature, _) =
        openpgp::sign_detached(TEXT.as_bytes(), &private, now, &SystemEntropy::default()).map_err(failed)?;
    desk.write("theirs.sig", signature.as_bytes())?;
    desk.output("sq verify --signer-cert theirs.asc --detached theirs.sig text")?;
    Ok(())
}

/// A key of one of our people, published and fetched as other programs do.
#[test]
fn the_web_key_directory() -> Outcome {
    require!("gnupg", "curl");
    let scratch = Scratch::new("openpgp-directory")?;
    let desk = Desk::new(&scratch, "gnupg")?;
    let tradewind = Tradewind::start(Options::default())?;
    tradewind.command(&["openpgp", "make", "sales@trade.test"])?.success()?;
    let name = openpgp::wkd::name_of("sales");
    let address = tradewind.listen("https")?;
    let fetch = |host: &str, path: &str| {
        desk.run(&format!(
            "curl -sSk --max-time 20 -o key -w '%{{http_code}}' -H 'Host: {host}' https://{address}{path}"
        ))
    };
    let status = |host: &str, path: &str| Ok::<_, Failure>(fetch(host, path)?.success()?.stdout);
    let advanced = format!("/.well-known/openpgpkey/trade.test/hu/{name}?l=sales");
    assert_eq!(status("openpgpkey.trade.test", &advanced)?, "404", "it is not published yet");
    tradewind.command(&["openpgp", "publish", "sales@trade.test"])?.success()?;
    assert_eq!(status("openpgpkey.trade.test", &advanced)?, "200");
    let listed = desk.output("gpg --import key; gpg --with-colons --list-keys sales@trade.test")?;
    let kept = tradewind.command(&["--json", "openpgp", "list", "sales@trade.test"])?.success()?.stdout;
    let fingerprint = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap_or_default().trim_matches(':');
    assert!(fingerprint.len() == 40 && kept.contains(fingerprint), "{listed}\n{kept}");
    // The direct method, the policy, and what is not there.
    let direct = format!("/.well-known/openpgpkey/hu/{name}");
    assert_eq!(status("trade.test", &direct)?, "200");
    assert_eq!(status("openpgpkey.trade.test", "/.well-known/openpgpkey/trade.test/policy")?, "200");
    let nobody = format!("/.well-known/openpgpkey/trade.test/hu/{}", openpgp::wkd::name_of("nobody"));
    for (host, path) in [("openpgpkey.trade.test", nobody), ("openpgpkey.other.test", advanced), ("other.test", direct)]
    {
        assert_eq!(status(host, &path)?, "404", "{host}{path}");
    }
    // A correspondent's key from a file, and one that is none.
    desk.output("gpg --passphrase '' --quick-gen-key ana@partner.test future-default default never")?;
    desk.output("gpg --armor --export ana@partner.test >ana.asc; printf 'Dear Sir' >none.asc")?;
    let file = |name: &str| desk.directory.join(name).to_string_lossy().into_owned();
    tradewind.command(&["openpgp", "add-partner", "ana@partner.test", &file("ana.asc")])?.success()?;
    let known = tradewind.command(&["openpgp", "partners"])?.success()?.stdout;
    assert!(known.contains("ana@partner.test") && known.contains("given"), "{known}");
    let refused = tradewind.command(&["openpgp", "add-partner", "ana@partner.test", &file("none.asc")])?;
    assert!(refused.success().is_err());
    Ok(())
}
