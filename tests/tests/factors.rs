//! Second factors with others' devices: Chromium's authenticator on the server's own pages, `oathtool` as authenticator app, providers of
//! SMS.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use harness::{Access, Failure, Options, Outcome, Scratch, Tradewind, require, run};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(240);

fn script(name: &str) -> String {
    format!("{}/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Runs a script of `tests/clients` that visits the server's pages.
fn visit(tradewind: &Tradewind, access: &Access, name: &str, arguments: &[&str]) -> Outcome<String> {
    let settings = tradewind.command(&["--json", "config", "show"])?.success()?.stdout;
    let settings: Value = serde_json::from_str(settings.trim())?;
    let hostname = settings["server"]["hostname"].as_str().ok_or_else(|| Failure::new("no host name"))?.to_owned();
    let mut command = Command::new("/usr/bin/python3");
    command.arg(script(name)).args(arguments);
    command.env("WEB_HOST", hostname).env("WEB_PORT", tradewind.listen("https")?.port().to_string());
    command.env("IMAP_PORT", access.imaps.port().to_string()).env("IMAP_USER", &access.user);
    command.env("IMAP_PASSWORD", &access.password).env("IMAP_CA", &access.ca);
    Ok(run(command, PATIENCE)?.success()?.stdout)
}

fn factors_of(tradewind: &Tradewind, address: &str) -> Outcome<Value> {
    let told = tradewind.command(&["--json", "user", "factor", "list", address])?.success()?.stdout;
    Ok(serde_json::from_str(told.trim())?)
}

#[test]
fn chromium_enrols_a_key_and_signs_in_and_a_copied_key_is_refused() -> Outcome {
    require!("chromium", "python3");
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    let scratch = Scratch::new("chromium")?;
    let profile = scratch.directory("profile")?.display().to_string();
    let told = visit(&tradewind, &access, "webauthn_chromium.py", &[&profile]);
    let told = told.map_err(|error| Failure::new(format!("{error}\n{}", tradewind.log_tail())))?;
    let told: Value = serde_json::from_str(told.trim())?;
    assert_eq!((&told["codes"], &told["reached"]), (&10.into(), &"/account".into()));
    let listed = factors_of(&tradewind, &access.user)?;
    assert_eq!(
        (&listed["factors"][0]["kind"], &listed["factors"][0]["label"]),
        (&"hardware-key".into(), &"Blue key".into())
    );
    assert_eq!(listed["recovery_codes"], 9, "{listed}");
    assert!(tradewind.log_tail().contains("may have been copied"), "the reason is in the log");
    Ok(())
}

#[test]
fn an_authenticator_app_of_others_opens_the_account() -> Outcome {
    require!("oathtool", "python3");
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    visit(&tradewind, &access, "oathtool_factor.py", &[])?;
    let listed = factors_of(&tradewind, &access.user)?;
    let id = listed["factors"][0]["id"].to_string();
    assert_eq!(listed["asked"]["show"][0], "totp", "{listed}");
    let codes = tradewind.command(&["--json", "user", "factor", "recovery-codes", &access.user])?.success()?.stdout;
    assert_eq!(serde_json::from_str::<Value>(codes.trim())?["recovery_codes"].as_array().map(Vec::len), Some(10));
    tradewind.command(&["user", "factor", "remove", &access.user, &id])?.success()?;
    assert_eq!(factors_of(&tradewind, &access.user)?["asked"], "nothing");
    Ok(())
}

/// A provider of SMS that is ended with the test.
struct Provider(Child);

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a provider under the name `host`; gives its port.
fn provider(scratch: &Scratch, name: &str, host: &str, taken: &Path) -> Outcome<(Provider, u16)> {
    let make = format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout {name}.key -out {name}.pem -days 30 \
         -subj /CN={host} -addext subjectAltName=DNS:{host} -addext basicConstraints=critical,CA:FALSE"
    );
    let mut openssl = Command::new("sh");
    openssl.arg("-c").arg(make).current_dir(scratch.path());
    run(openssl, PATIENCE)?.success()?;
    let mut command = Command::new("/usr/bin/python3");
    command.arg("-u").arg(script("sms_provider.py"));
    command.arg(scratch.join(&format!("{name}.pem"))).arg(scratch.join(&format!("{name}.key"))).arg(name);
    let child = Provider(command.stdout(File::create(taken)?).stderr(Stdio::null()).spawn()?);
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(20) {
        let port = std::fs::read_to_string(taken)?.lines().next().and_then(|line| line.parse().ok());
        if let Some(port) = port {
            return Ok((child, port));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Err(Failure::new(format!("{name} does not listen")))
}

/// Signs in with a code that came by SMS through this provider.
fn sign_in_by_sms(name: &str, host: &str) -> Outcome {
    require!("openssl", "python3");
    let scratch = Scratch::new("sms")?;
    let taken = scratch.join("taken");
    let (_provider, port) = provider(&scratch, name, host, &taken)?;
    let key = scratch.file("key", "the secret\n")?;
    let quoted = |text: &str| format!("\"{text}\"");
    let options = Options::default()
        .set("sms", "provider", &quoted(name))
        .set("sms", "address", &quoted(&format!("127.0.0.1:{port}")))
        .set("sms", "key_id", &quoted("key-id"))
        .set("sms", "key_file", &quoted(&key.display().to_string()))
        .set("sms", "sign_name", &quoted("信风"))
        .set("sms", "template", &quoted("SMS_1"))
        .set("sms", "app_id", &quoted("1400006666"))
        .set("sms", "sender", &quoted("+15005550006"))
        .set("delivery", "roots", &format!("[\"{}\"]", scratch.join(&format!("{name}.pem")).display()));
    let tradewind = Tradewind::start(options)?;
    let access = tradewind.access("sales")?;
    let told = visit(&tradewind, &access, "sms_enrol.py", &[name, &taken.display().to_string()]);
    told.map_err(|error| Failure::new(format!("{error}\n{}", tradewind.log_tail())))?;
    assert!(!tradewind.log_tail().contains("13800138000"), "numbers are not in the log");
    Ok(())
}

#[test]
fn codes_come_through_aliyun() -> Outcome {
    sign_in_by_sms("aliyun", "dysmsapi.aliyuncs.com")
}

#[test]
fn codes_come_through_tencent() -> Outcome {
    sign_in_by_sms("tencent", "sms.tencentcloudapi.com")
}

#[test]
fn codes_come_through_twilio() -> Outcome {
    sign_in_by_sms("twilio", "api.twilio.com")
}

#[test]
fn people_choose_a_new_password_by_the_rules() -> Outcome {
    require!("python3");
    let tradewind = Tradewind::start(Options::default())?;
    let access = tradewind.access("sales")?;
    visit(&tradewind, &access, "password_change.py", &[]).map(drop)
}
