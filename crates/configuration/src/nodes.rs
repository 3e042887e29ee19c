//! What each node has taken up, so that it is told of a setting where it holds.

use std::collections::BTreeMap;

use env::Timestamp;
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx, params};

/// Nodes that are listed.
const NODES_MAX: i64 = 1_024;

/// How a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its number.
    pub node: u16,
    /// When it said so.
    pub at: Timestamp,
    /// What it has taken up.
    pub revision: i64,
    /// Settings that its file sets.
    pub of_file: Vec<String>,
    /// Settings of which another value holds once it starts anew.
    pub pending: Vec<String>,
    /// Values of the store that do not hold on it, with the reason.
    pub unfit: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
struct Detail {
    of_file: Vec<String>,
    pending: Vec<String>,
    unfit: BTreeMap<String, String>,
}

/// Notes how a node stands, in place of what it said before.
///
/// # Errors
/// [`StoreError`] if the store fails.
pub fn note_standing(tx: &mut Tx<'_>, standing: &Standing) -> Result<(), StoreError> {
    let Standing { of_file, pending, unfit, .. } = standing.clone();
    let detail = serde_json::to_string(&Detail { of_file, pending, unfit }).unwrap_or_default();
    tx.execute(
        "INSERT INTO setting_node (node, at, revision, detail) VALUES ($1, $2, $3, $4)
         ON CONFLICT (node) DO UPDATE SET at = $2, revision = $3, detail = $4",
        params![i64::from(standing.node), standing.at.millis(), standing.revision, detail.as_str()],
    )?;
    Ok(())
}

/// How the nodes stand, by their numbers.
///
/// # Errors
/// [`StoreError`] if the store fails or a row does not read.
pub fn list_standings(tx: &mut Tx<'_>) -> Result<Vec<Standing>, StoreError> {
    let sql = "SELECT node, at, revision, detail FROM setting_node ORDER BY node LIMIT $1";
    tx.rows(sql, params![NODES_MAX], |row| {
        let corrupt = || StoreError::Corrupt { what: "what a node said of its settings".to_owned() };
        let detail: Detail = serde_json::from_str(row.text(3)?).map_err(|_| corrupt())?;
        Ok(Standing {
            node: u16::try_from(row.int(0)?).map_err(|_| corrupt())?,
            at: Timestamp::from_millis(row.int(1)?),
            revision: row.int(2)?,
            of_file: detail.of_file,
            pending: detail.pending,
            unfit: detail.unfit,
        })
    })
}
