//! Which crate may use which: only those of lower layers, as ARCHITECTURE.md says.

use crate::Untidy;
use crate::tree::{Source, Tree};

/// Layers, lowest first. Crates of one layer do not use one another, but for [`SAME_LAYER`].
const LAYERS: &[&[&str]] = &[
    &["env"],
    &["mail", "wire", "gm", "crypto", "resolver", "mailauth", "access", "factors", "payment", "markup", "sieve"],
    &["certs", "hsm", "store", "audit", "trace", "net", "inspect", "smime", "openpgp"],
    &["watch", "identity", "mailbox", "filter", "queue", "signing", "backup"],
    &[
        "letters",
        "intel",
        "guard",
        "scripts",
        "certbook",
        "keybook",
        "portal",
        "portability",
        "residence",
        "retention",
        "investigation",
        "configuration",
    ],
    &["reports", "review", "provision", "judgement", "keycare", "outbound", "evidence", "subjects"],
    &["smtp", "imap", "jmap", "api", "webapp"],
    &["tradewind"],
];

/// Uses within a layer that are wanted: (user, used).
const SAME_LAYER: &[(&str, &str)] = &[
    ("mailauth", "mail"),
    ("sieve", "mail"),
    ("crypto", "gm"),
    ("factors", "gm"),
    ("audit", "store"),
    ("trace", "store"),
    ("identity", "watch"),
    ("signing", "identity"),
    ("subjects", "judgement"),
    ("subjects", "review"),
];

pub(crate) fn check(tree: &Tree) -> Vec<Untidy> {
    tree.manifests.iter().filter(|manifest| manifest.path.starts_with("crates/")).flat_map(check_manifest).collect()
}

fn check_manifest(manifest: &Source) -> Vec<Untidy> {
    let untidy = |what: String| Untidy { place: manifest.path.clone(), what };
    let Some(user) = manifest.path.split('/').nth(1) else { return Vec::new() };
    let Some(layer) = layer_of(user) else {
        return vec![untidy(format!(
            "crate {user} stands in no layer; name it in xtask/src/layers.rs and ARCHITECTURE.md"
        ))];
    };
    let Ok(parsed) = manifest.text.parse::<toml::Table>() else {
        return vec![untidy("is no TOML".to_owned())];
    };
    let used = parsed.get("dependencies").and_then(toml::Value::as_table).into_iter().flat_map(|table| table.keys());
    used.filter_map(|used| {
        let used_layer = layer_of(used)?;
        let allowed = used_layer < layer || SAME_LAYER.contains(&(user, used.as_str()));
        (!allowed).then(|| {
            untidy(format!("{user} (layer {layer}) must not use {used} (layer {used_layer}): arrows only point down"))
        })
    })
    .collect()
}

fn layer_of(name: &str) -> Option<usize> {
    LAYERS.iter().position(|layer| layer.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(name: &str, used: &str) -> Source {
        Source { path: format!("crates/{name}/Cargo.toml"), text: format!("[dependencies]\n{used}.workspace = true\n") }
    }

    #[test]
    fn arrows_point_down() {
        assert!(check_manifest(&manifest("imap", "store")).is_empty());
        assert_eq!(check_manifest(&manifest("store", "imap")).len(), 1);
        assert_eq!(check_manifest(&manifest("imap", "smtp")).len(), 1);
        assert_eq!(check_manifest(&manifest("unheard", "env")).len(), 1);
    }
}
