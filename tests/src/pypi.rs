use std::fs::{self, File};
use std::path::{Path, PathBuf};
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

/// A virtual environment with the packages of PyPI that `requirements` lists, each pinned by version; gives its directory. It lies beside the
/// tests' files and is made once: as long as the list is the same, it is taken as it is.
///
/// # Errors
/// If they cannot be had.
pub fn virtual_environment(name: &str, requirements: &str) -> Outcome<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/python");
    fs::create_dir_all(&all)?;
    let (place, listed) = (all.join(name), all.join(name).join("installed.txt"));
    // Tests run in parallel processes; one installs.
    let lock = File::create(all.join(format!("{name}.lock")))?;
    lock.lock()?;
    if fs::read_to_string(&listed).is_ok_and(|installed| installed == requirements) {
        return Ok(place);
    }
    let scratch = Scratch::new("pypi")?;
    let wanted = scratch.file("requirements.txt", requirements)?;
    let mut make = Command::new("/usr/bin/python3");
    make.args(["-m", "venv", "--clear"]).arg(&place);
    run(make, PATIENCE)?.success()?;
    let mut pip = Command::new(place.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--requirement"])
        .arg(wanted);
    run(pip, PATIENCE)?.success()?;
    fs::write(listed, requirements)?;
    Ok(place)
}
