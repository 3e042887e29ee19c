use std::fs::File;
use std::process::{Command, Stdio};

/// Installs those of `packages` that are missing; says why if that fails.
///
/// Services of the packages do not start: nothing may listen but what tests start themselves.
#[must_use]
pub fn missing(packages: &[&str]) -> Option<String> {
    let absent: Vec<&str> = packages.iter().copied().filter(|package| !is_installed(package)).collect();
    if absent.is_empty() {
        return None;
    }
    if !rustix::process::geteuid().is_root() {
        return Some(format!("install as root: apt-get install {}", absent.join(" ")));
    }
    // Tests run in parallel processes; apt-get tolerates one.
    let lock =
        File::create(std::env::temp_dir().join("tradewind-test-packages")).and_then(|file| file.lock().map(|()| file));
    let _held = match lock {
        Ok(file) => file,
        Err(error) => return Some(format!("cannot wait for other installations: {error}")),
    };
    if !install(&absent) {
        install_lists();
        install(&absent);
    }
    let absent: Vec<&str> = absent.into_iter().filter(|package| !is_installed(package)).collect();
    (!absent.is_empty()).then(|| format!("apt-get could not install {}", absent.join(" ")))
}

fn is_installed(package: &str) -> bool {
    Command::new("dpkg-query")
        .args(["-W", "-f", "${Status}", package])
        .output()
        .is_ok_and(|output| output.stdout == b"install ok installed")
}

fn install(packages: &[&str]) -> bool {
    apt_get(&["install", "-qq", "-y", "--no-install-recommends"], packages)
}

fn install_lists() {
    apt_get(&["update", "-qq"], &[]);
}

fn apt_get(arguments: &[&str], packages: &[&str]) -> bool {
    Command::new("apt-get")
        .args(arguments)
        .args(packages)
        .env("DEBIAN_FRONTEND", "noninteractive")
        // Debian's invoke-rc.d starts no service in run level 1.
        .env("RUNLEVEL", "1")
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
