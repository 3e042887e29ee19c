//! Single blobs out of backups.

use std::collections::BTreeSet;
use std::io::BufReader;

use serde::Serialize;
use store::Store;
use store::copy::{Bundle, BundleReader};
use store::scrub::{Lost, Mender};
use tokio::runtime::Handle;

use crate::BackupError;
use crate::repository::{Target, snapshots};
use crate::restore::{read_file, read_manifest};
use crate::source::bundle_path;

/// Failures that are told; more say the same.
const FAILURES_MAX: usize = 20;

/// What mending did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Mended {
    /// Blobs that were damaged.
    pub damaged: u64,
    /// Blobs that were put back, each compared with its key.
    pub mended: u64,
    /// What no backup has whole.
    #[serde(skip)]
    pub lost: Vec<Lost>,
    /// Why backups could not be read.
    pub failures: Vec<String>,
}

/// Brings what is known to be damaged in `store` back from backups, the newest first: of each only the bundles that have something of it.
///
/// # Errors
/// [`BackupError`] if the store fails. Repositories that cannot be read are told in the answer; others are tried.
pub async fn mend(store: &Store, targets: &[Target]) -> Result<Mended, BackupError> {
    let mut mender = Mender::new(store).await?;
    let damaged = mender.wanted().len() as u64;
    if damaged == 0 {
        return Ok(Mended::default());
    }
    let (targets, runtime) = (targets.to_vec(), Handle::current());
    let work = move || {
        let mut failures = Vec::new();
        for target in &targets {
            if let Err(error) = mend_from(&mut mender, target, &runtime, &mut failures) {
                failures.push(error.to_string());
            }
        }
        failures.truncate(FAILURES_MAX);
        (mender, failures)
    };
    let (mender, failures) = tokio::task::spawn_blocking(work).await.map_err(|_| BackupError::Panicked)?;
    Ok(Mended { damaged, mended: mender.mended(), lost: mender.lost(), failures })
}

fn mend_from(
    mender: &mut Mender,
    target: &Target,
    runtime: &Handle,
    failures: &mut Vec<String>,
) -> Result<(), BackupError> {
    let mut wanted: BTreeSet<i64> = mender.wanted().into_iter().collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let repository = target.told(target.open()?.to_indexed())?;
    let mut looked_at = BTreeSet::new();
    for snapshot in snapshots(target, &repository)?.iter().rev() {
        let manifest = match read_manifest(target, &repository, snapshot) {
            Ok(manifest) => manifest,
            Err(error) => {
                failures.push(error.to_string());
                continue;
            }
        };
        let has_some = |bundle: &&Bundle| wanted.range(bundle.first..=bundle.last).next().is_some();
        let bundles: Vec<&Bundle> = manifest.store.bundles.iter().filter(has_some).collect();
        for bundle in bundles {
            // The same bundle is in many backups.
            if !looked_at.insert((bundle.first, bundle.mark)) {
                continue;
            }
            let outcome = read_file(target, &repository, snapshot, &bundle_path(bundle), |bytes| {
                let mut blobs = BundleReader::new(BufReader::new(bytes));
                while let Some((id, bytes)) =
                    blobs.blob().map_err(|cause| BackupError::io(bundle_path(bundle), cause))?
                {
                    if wanted.contains(&id) && runtime.block_on(mender.put(id, bytes))? {
                        wanted.remove(&id);
                    }
                }
                Ok(())
            });
            match outcome {
                Ok(()) => {}
                Err(BackupError::Store(error)) => return Err(error.into()),
                Err(error) => failures.push(error.to_string()),
            }
        }
        if wanted.is_empty() {
            break;
        }
    }
    Ok(())
}
