//! With Debian's SoftHSM, a token in software. Where it is missing the tests say so and end.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::*;
use crypto::region::{HeldBy, Holders, NoHolders, RegionFile, create, load};
use env::SeededEntropy;

const PIN: &str = "271828";

/// A token in a directory of its own. The library reads an environment variable of the process, so the tests that use it run in processes of their
/// own, or one after the other.
struct SoftToken {
    directory: tempfile::TempDir,
    module: PathBuf,
}

static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());

impl SoftToken {
    fn new() -> Option<Self> {
        let known = ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so"];
        let Some(module) = known.iter().map(PathBuf::from).find(|path| path.exists()) else {
            assert!(std::env::var_os("TRADEWIND_REQUIRE_PEERS").is_none(), "SoftHSM is missing: tools/install peers");
            eprintln!("SKIPPED: SoftHSM is missing; run tools/install peers");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let conf = directory.path().join("softhsm2.conf");
        std::fs::create_dir(directory.path().join("tokens")).unwrap();
        let text = format!(
            "directories.tokendir = {}/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
            directory.path().display()
        );
        std::fs::write(&conf, text).unwrap();
        let made = Command::new("softhsm2-util")
            .args(["--init-token", "--free", "--label", "mail", "--so-pin", "314159", "--pin", PIN])
            .env("SOFTHSM2_CONF", &conf)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        Some(Self { directory, module })
    }

    /// Runs one of the tests below in a process that has the token's configuration in its environment.
    fn run(&self, test: &str) {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", test, "--ignored", "--nocapture"])
            .env("SOFTHSM2_CONF", self.directory.path().join("softhsm2.conf"))
            .env("TOKEN_MODULE", &self.module)
            .env("TOKEN_DIRECTORY", self.directory.path())
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success() && told.contains("1 passed"),
            "{told}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

fn token_key(pin: &str, token: &str, key: &str) -> TokenKey {
    TokenKey {
        module: std::env::var_os("TOKEN_MODULE").unwrap().into(),
        pin: Zeroizing::new(pin.to_owned()),
        token: token.to_owned(),
        key: key.to_owned(),
        entropy: Arc::new(SeededEntropy::new(1)),
    }
}

struct Tokens;

impl Holders for Tokens {
    fn holder(&self, held_by: &HeldBy) -> Result<Box<dyn Holder>, HolderError> {
        match held_by {
            HeldBy::Token { token, key } => Ok(Box::new(token_key(PIN, token, key))),
            other => NoHolders.holder(other),
        }
    }
}

#[test]
fn a_token_holds_the_region_key() {
    let _turn = ONE_AT_A_TIME.lock();
    if let Some(token) = SoftToken::new() {
        token.run("tests::the_region_key_moves_onto_a_token");
    }
}

#[test]
fn what_a_token_refuses_is_told() {
    let _turn = ONE_AT_A_TIME.lock();
    if let Some(token) = SoftToken::new() {
        token.run("tests::wrong_names_and_pins");
    }
}

#[test]
fn a_library_that_is_missing_is_named() {
    let key = TokenKey {
        module: PathBuf::from("/nonexistent/module.so"),
        pin: Zeroizing::new(PIN.to_owned()),
        token: "mail".to_owned(),
        key: "region".to_owned(),
        entropy: Arc::new(SeededEntropy::new(1)),
    };
    let error = key.wrap(b"x").unwrap_err().to_string();
    assert!(error.contains("/nonexistent/module.so") && error.contains("keys.pkcs11_module"), "{error}");
}

#[test]
#[ignore = "runs in a process of its own, started by a_token_holds_the_region_key"]
fn the_region_key_moves_onto_a_token() {
    let directory = PathBuf::from(std::env::var_os("TOKEN_DIRECTORY").unwrap());
    let path = directory.join("region.key");
    let key = create(&path, &SeededEntropy::new(7)).unwrap();
    let plain = std::fs::read_to_string(&path).unwrap().lines().nth(1).unwrap().to_owned();
    token_key(PIN, "mail", "region").make().unwrap();
    let mut file = RegionFile::read(&path, &Tokens).unwrap();
    let before = file.fingerprint();
    file.held_by = HeldBy::Token { token: "mail".to_owned(), key: "region".to_owned() };
    file.replace(&path, &Tokens).unwrap();
    assert!(load(&path).is_err(), "only the token opens it");
    assert!(!anywhere(&directory, plain.as_bytes()), "nothing on the disk has the key in clear");
    let held = RegionFile::read(&path, &Tokens).unwrap();
    assert_eq!(held.fingerprint(), before);
    let sealed = key.sealing().seal(&SeededEntropy::new(8), b"place", b"value");
    assert_eq!(held.key().sealing().open("value", b"place", &sealed).unwrap(), b"value");
    // A changed file does not open.
    let text = std::fs::read_to_string(&path).unwrap();
    let last = text.lines().last().unwrap();
    let changed = if last.ends_with('A') { "B" } else { "A" };
    let at = last.len() / 2;
    std::fs::write(&path, text.replace(last, &format!("{}{changed}{}", &last[..at], &last[at + 1..]))).unwrap();
    let error = RegionFile::read(&path, &Tokens).map(drop).unwrap_err().to_string();
    assert!(error.contains("backup") || error.contains("region key file"), "{error}");
}

#[test]
#[ignore = "runs in a process of its own, started by what_a_token_refuses_is_told"]
fn wrong_names_and_pins() {
    let error = |key: TokenKey| key.wrap(b"key").unwrap_err().to_string();
    assert!(error(token_key(PIN, "post", "region")).contains("mail"), "the tokens there are listed");
    assert!(error(token_key("000000", "mail", "region")).contains("PIN"));
    assert!(error(token_key(PIN, "mail", "region")).contains("--make"));
    let key = token_key(PIN, "mail", "region");
    key.make().unwrap();
    assert!(key.make().unwrap_err().to_string().contains("already"));
    let wrapped = key.wrap(b"key").unwrap();
    assert_eq!(key.unwrap(&wrapped).unwrap().as_slice(), b"key");
    let other = token_key(PIN, "mail", "other");
    other.make().unwrap();
    assert!(other.unwrap(&wrapped).unwrap_err().to_string().contains("another key"));
    assert!(key.unwrap(b"short").unwrap_err().to_string().contains("too short"));
}

fn anywhere(directory: &Path, needle: &[u8]) -> bool {
    std::fs::read_dir(directory).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return anywhere(&path, needle);
        }
        let bytes = std::fs::read(&path).unwrap();
        bytes.windows(needle.len()).any(|window| window == needle)
    })
}
