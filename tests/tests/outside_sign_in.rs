//! Signing in at an identity provider: a small one of Authlib, in a process of its own, and browsers that come with good and bad intent.

use std::process::Command;
use std::time::Duration;

use harness::{Options, Outcome, Process, Reserved, Scratch, SelfSigned, Tradewind, free_port, require, run};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(120);

fn script(name: &str) -> String {
    format!("{}/clients/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Both sides.
struct Scene {
    tradewind: Tradewind,
    host: String,
    provider: Option<Process>,
    port: Reserved,
    certificate: SelfSigned,
    scratch: Scratch,
}

impl Scene {
    /// `more` are further settings of the provider.
    fn start(options: Options, more: &str) -> Outcome<Self> {
        let scratch = Scratch::new("provider")?;
        let certificate = SelfSigned::write(&scratch)?;
        let port = free_port()?;
        let secret = scratch.file("secret", "a-shared-secret\n")?;
        let provider = format!(
            "[{{ name = \"idp\", label = \"Company login\", issuer = \"https://127.0.0.1:{}\", ca = \"{}\", \
             client_id = \"tradewind\", client_secret_file = \"{}\"{more} }}]",
            port.port,
            certificate.certificate.display(),
            secret.display(),
        );
        let tradewind = Tradewind::start(options.set("provision", "oidc", &provider))?;
        let settings: Value =
            serde_json::from_str(&tradewind.command(&["--json", "config", "show"])?.success()?.stdout)?;
        let host = settings["server"]["hostname"].as_str().unwrap_or_default().to_owned();
        let mut scene = Self { tradewind, host, provider: None, port, certificate, scratch };
        scene.start_provider()?;
        Ok(scene)
    }

    fn web_port(&self) -> Outcome<String> {
        Ok(self.tradewind.listen("https")?.port().to_string())
    }

    fn start_provider(&mut self) -> Outcome {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script("identity_provider.py")).arg(self.port.port.to_string());
        command.arg(&self.certificate.certificate).arg(&self.certificate.key);
        command.arg(format!("https://{}:{}/sign-in/outside/idp/back", self.host, self.web_port()?));
        let mut process = Process::spawn("provider", self.scratch.path(), command)?;
        process.wait_for_port(([127, 0, 0, 1], self.port.port).into(), PATIENCE)?;
        self.provider = Some(process);
        Ok(())
    }

    fn stop_provider(&mut self) -> Outcome {
        self.provider.take().map_or(Ok(()), |mut process| process.kill9())
    }

    /// Runs these parts of the browser's script.
    fn try_all(&self, parts: &[&str]) -> Outcome {
        let mut command = Command::new("/usr/bin/python3");
        command.arg(script("outside_sign_in.py")).args(parts);
        command.env("WEB_HOST", &self.host).env("WEB_PORT", self.web_port()?);
        command.env("IMAP_CA", self.tradewind.ca()?).env("PROVIDER_CA", &self.certificate.certificate);
        command.env("PROVIDER", format!("https://127.0.0.1:{}", self.port.port));
        command.env("PERSON", self.tradewind.account("sales")?.address);
        command.env("ADMINISTRATOR", self.tradewind.account("admin")?.address);
        run(command, PATIENCE)?.success()?;
        Ok(())
    }
}

#[test]
fn a_person_signs_in_there_and_nobody_else_does() -> Outcome {
    require!("python3", "python3-authlib", "python3-flask");
    let mut scene = Scene::start(Options::default(), "")?;
    scene.try_all(&["works", "attacks", "forged_tokens", "strangers"])?;
    let person = scene.tradewind.account("sales")?.address;
    let listed = scene.tradewind.command(&["sign-ins", "list", &person])?.success()?.stdout;
    assert!(listed.contains("provider"), "the watch has seen it: {listed}");
    // Nothing of a second person is taken over by an address.
    scene.tradewind.command(&["user", "disable", &person])?.success()?;
    scene.try_all(&["gone"])?;
    scene.tradewind.command(&["user", "enable", &person])?.success()?;
    scene.try_all(&["works"])?;
    scene.stop_provider()?;
    scene.try_all(&["down"])?;
    assert!(
        scene.tradewind.log_tail().contains("signing in at a provider does not work"),
        "{}",
        scene.tradewind.log_tail()
    );
    scene.start_provider()?;
    scene.try_all(&["works"])
}

#[test]
fn its_word_for_second_factors_counts_as_the_settings_say() -> Outcome {
    require!("python3", "python3-authlib", "python3-flask");
    let scene = Scene::start(Options::default(), ", vouches = { mfa = \"totp\", sms = \"sms\" }")?;
    scene.tradewind.command(&["organisation", "level", "enhanced"])?.success()?;
    scene.try_all(&["factors"])
}
