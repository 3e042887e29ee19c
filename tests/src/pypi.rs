use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::{Failure, Outcome, Scratch, run};

/// What a download may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// Unpacks the source of a package of PyPI, pinned by version and the SHA-256 of its archive, and gives one file of it.
///
/// # Errors
/// If it cannot be had, is not what was pinned, or lacks the file.
pub fn file_of_sdist(package: &str, version: &str, sha256: &str, file: &str) -> Outcome<String> {
    let scratch = Scratch::new("pypi")?;
    let wanted = scratch.file("wanted.txt", format!("{package}=={version} --hash=sha256:{sha256}\n"))?;
    let mut pip = Command::new("/usr/bin/python3");
    pip.args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--no-build-isolation"]);
    pip.args(["--require-hashes", "--requirement"]).arg(wanted).arg("--dest").arg(scratch.path());
    run(pip, PATIENCE)?.success()?;
    let folder = format!("{package}-{version}");
    let mut tar = Command::new("tar");
    tar.arg("-xzf").arg(scratch.join(&format!("{folder}.tar.gz"))).arg("-C").arg(scratch.path());
    run(tar, PATIENCE)?.success()?;
    let path: PathBuf = scratch.join(&folder).join(file);
    fs::read_to_string(&path).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
}

/// Installs packages of PyPI, pinned by version, into a directory of the test; gives it for `PYTHONPATH`.
///
/// # Errors
/// If they cannot be had.
pub fn python_packages(scratch: &Scratch, packages: &[&str]) -> Outcome<PathBuf> {
    let target = scratch.join("python");
    let mut pip = Command::new("/usr/bin/python3");
    pip.args(["-m", "pip", "install", "--quiet", "--no-warn-conflicts", "--disable-pip-version-check", "--target"]);
    pip.arg(&target).args(packages);
    run(pip, PATIENCE)?.success()?;
    Ok(target)
}
