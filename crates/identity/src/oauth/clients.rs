//! Clients: those that come with the program, and those that an administrator registers.

use env::Secret;
use store::{Tx, params};

use super::{Answer, OAuthError, OAuthScope, TokenAlgorithm};
use crate::IdentityError;
use crate::secret_token::{hash_token, make_token};

/// Redirect URIs of one client.
const REDIRECTS_MAX: usize = 20;

/// Bytes of a redirect URI.
const REDIRECT_BYTES_MAX: usize = 1_000;

/// Bytes of a name and of an identifier.
const NAME_BYTES_MAX: usize = 100;

/// Mail programs that come with the program as public clients: identifier, name, redirect URIs. A program finds its identifier in
/// our autoconfig, or its user enters it.
const SHIPPED: &[(&str, &str, &[&str])] = &[
    ("thunderbird", "Thunderbird", &["https://localhost", "http://localhost"]),
    ("mail-program", "Mail program", &["http://127.0.0.1/", "http://[::1]/", "http://127.0.0.1", "http://[::1]"]),
    ("mail-device", "Mail device", &[]),
];

/// What shipped clients may ask for.
const SHIPPED_SCOPE: &str = "openid profile email imap smtp offline_access";

const KIND: &str = "client secret";

/// A client of the OAuth server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// Its `client_id`.
    pub id: String,
    /// Whose people may use it; `None` for those that come with the program.
    pub organisation: Option<i64>,
    /// Its name as people read it.
    pub name: String,
    /// Whether it has no secret (RFC 6749 section 2.1).
    pub is_public: bool,
    /// Where it may have people sent back to.
    pub redirects: Vec<String>,
    /// What it may ask for.
    pub scope: OAuthScope,
    /// How its identity tokens are signed.
    pub algorithm: TokenAlgorithm,
    secret: Vec<u8>,
}

/// A client to be registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOAuthClient {
    /// Whose people may use it.
    pub organisation: i64,
    /// Its name.
    pub name: String,
    /// Whether it cannot keep a secret.
    pub is_public: bool,
    /// Where it may have people sent back to.
    pub redirects: Vec<String>,
    /// What it may ask for.
    pub scope: OAuthScope,
    /// How its identity tokens are signed.
    pub algorithm: TokenAlgorithm,
}

/// A client that has just been registered.
#[derive(Debug)]
pub struct Registered {
    /// Its `client_id`.
    pub id: String,
    /// Its secret, shown once; none for a public client.
    pub secret: Option<Secret<String>>,
}

impl OAuthClient {
    /// Whether people may be sent back to `given`: exactly what is registered (RFC 9700 section 2.1), but for the port of an
    /// address of the machine itself (RFC 8252 section 7.3).
    #[must_use]
    pub fn may_redirect_to(&self, given: &str) -> bool {
        let given_portless = without_loopback_port(given);
        self.redirects.iter().any(|registered| {
            registered == given
                || given_portless.as_ref().is_some_and(|it| without_loopback_port(registered).as_ref() == Some(it))
        })
    }
}

/// `http://127.0.0.1:49152/back` without its port; none for other URIs.
fn without_loopback_port(uri: &str) -> Option<String> {
    let (host, rest) = ["http://127.0.0.1", "http://[::1]"]
        .into_iter()
        .find_map(|host| uri.strip_prefix(host).map(|rest| (host, rest)))?;
    let path_at = rest.find(['/', '?']).unwrap_or(rest.len());
    let (port, path) = rest.split_at(path_at);
    let is_port = port.is_empty()
        || port.strip_prefix(':').is_some_and(|digits| !digits.is_empty() && digits.parse::<u16>().is_ok());
    is_port.then(|| format!("{host}{path}"))
}

/// Registers a client.
///
/// # Errors
/// [`IdentityError`] that says what cannot be.
pub fn register_client(tx: &mut Tx<'_>, new: &NewOAuthClient) -> Result<Registered, IdentityError> {
    let name = new.name.trim();
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(IdentityError::Name { what: "the name of an OAuth client", bytes_max: NAME_BYTES_MAX });
    }
    if new.redirects.len() > REDIRECTS_MAX {
        return Err(OAuthError::Registration {
            what: "client",
            given: name.to_owned(),
            cause: "it has more than 20 redirect URIs",
        }
        .into());
    }
    for redirect in &new.redirects {
        check_redirect(redirect)?;
    }
    if new.scope.is_empty() {
        return Err(OAuthError::Registration {
            what: "client",
            given: name.to_owned(),
            cause: "it asks for nothing: give at least one scope",
        }
        .into());
    }
    let entropy = &tx.context().entropy;
    let id = format!("c{:x}", tx.next_id());
    let secret = (!new.is_public).then(|| make_token(&**entropy));
    let hash = secret.as_ref().map_or_else(Vec::new, |secret| hash_token(tx, KIND, secret).to_vec());
    tx.execute(
        "INSERT INTO oauth_client (id, organisation, name, secret, redirects, scope, algorithm, created)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            id.as_str(),
            new.organisation,
            name,
            &hash,
            new.redirects.join("\n").as_str(),
            new.scope.to_string().as_str(),
            new.algorithm.as_str(),
            tx.now().millis()
        ],
    )?;
    Ok(Registered { id, secret })
}

/// A redirect URI that may be registered: HTTPS, HTTP to the machine itself, or an application's own scheme, which holds a dot
/// (RFC 8252 section 7.1); no fragment (RFC 6749 section 3.1.2).
fn check_redirect(given: &str) -> Result<(), OAuthError> {
    let refused = |cause| OAuthError::Registration { what: "redirect URI", given: given.to_owned(), cause };
    if given.is_empty() || given.len() > REDIRECT_BYTES_MAX || !given.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(refused("it must have 1 to 1000 printable ASCII characters"));
    }
    if given.contains('#') {
        return Err(refused("it must have no fragment"));
    }
    let (scheme, rest) =
        given.split_once(':').ok_or_else(|| refused("it must be absolute, such as https://host/path"))?;
    let is_ours = without_loopback_port(given).is_some() || given == "http://localhost";
    match scheme {
        "https" if rest.starts_with("//") && rest.len() > 2 && !rest.contains('@') => Ok(()),
        "http" if is_ours => Ok(()),
        "http" | "https" => Err(refused("it must begin with https://, or with http://127.0.0.1/ or http://[::1]/")),
        own if own.contains('.') && own.bytes().all(|b| b.is_ascii_alphanumeric() || b".-+".contains(&b)) => Ok(()),
        _ => Err(refused("an application's own scheme must be a domain name backwards, such as com.example.app")),
    }
}

/// Clients of an organisation or of all, with those that come with the program.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn list_clients(tx: &mut Tx<'_>, organisation: Option<i64>) -> Result<Vec<OAuthClient>, IdentityError> {
    let mut found = shipped()?;
    let rows = tx.rows(
        "SELECT id, organisation, name, secret, redirects, scope, algorithm FROM oauth_client
         WHERE $1 = 0 OR organisation = $1 ORDER BY created, id",
        params![organisation.unwrap_or(0)],
        read,
    )?;
    for row in rows {
        found.push(row.into_client()?);
    }
    Ok(found)
}

/// The client with this identifier.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub fn find_client(tx: &mut Tx<'_>, id: &str) -> Result<Option<OAuthClient>, IdentityError> {
    if let Some(client) = shipped()?.into_iter().find(|client| client.id == id) {
        return Ok(Some(client));
    }
    let row = tx.row(
        "SELECT id, organisation, name, secret, redirects, scope, algorithm FROM oauth_client WHERE id = $1",
        params![id],
        read,
    )?;
    row.map(Row::into_client).transpose()
}

/// The client that shows `secret`, or none because it is public (RFC 6749 section 2.3).
///
/// # Errors
/// [`OAuthError::InvalidClient`] for the client.
pub fn authenticate_client(tx: &mut Tx<'_>, id: &str, secret: Option<&Secret<String>>) -> Answer<OAuthClient> {
    let Some(client) = find_client(tx, id)? else { return Ok(Err(OAuthError::InvalidClient)) };
    let shown = secret.map(|secret| hash_token(tx, KIND, secret).to_vec());
    // Comparing keyed hashes gives nothing away by its time.
    let fits = if client.is_public { shown.is_none() } else { shown.as_ref() == Some(&client.secret) };
    Ok(if fits { Ok(client) } else { Err(OAuthError::InvalidClient) })
}

/// Takes a client away with everything that people have allowed it.
///
/// # Errors
/// [`OAuthError::NoClient`], or the store's.
pub fn remove_client(tx: &mut Tx<'_>, id: &str) -> Result<(), IdentityError> {
    let deleted = tx.execute("DELETE FROM oauth_client WHERE id = $1", params![id])?;
    if deleted == 0 {
        return Err(OAuthError::NoClient(id.to_owned()).into());
    }
    tx.execute("DELETE FROM oauth_device WHERE client = $1", params![id])?;
    super::grants::revoke_client(tx, id)
}

fn shipped() -> Result<Vec<OAuthClient>, IdentityError> {
    let scope: OAuthScope = SHIPPED_SCOPE.parse()?;
    let client = |(id, name, redirects): &(&str, &str, &[&str])| OAuthClient {
        id: (*id).to_owned(),
        organisation: None,
        name: (*name).to_owned(),
        is_public: true,
        redirects: redirects.iter().map(|uri| (*uri).to_owned()).collect(),
        scope,
        algorithm: TokenAlgorithm::Es256,
        secret: Vec::new(),
    };
    Ok(SHIPPED.iter().map(client).collect())
}

struct Row {
    organisation: i64,
    words: [String; 5],
    secret: Vec<u8>,
}

fn read(row: &store::Row<'_>) -> Result<Row, store::StoreError> {
    let word = |index| Ok::<_, store::StoreError>(row.text(index)?.to_owned());
    Ok(Row {
        organisation: row.int(1)?,
        words: [word(0)?, word(2)?, word(4)?, word(5)?, word(6)?],
        secret: row.bytes(3)?.to_vec(),
    })
}

impl Row {
    fn into_client(self) -> Result<OAuthClient, IdentityError> {
        let [id, name, redirects, scope, algorithm] = self.words;
        Ok(OAuthClient {
            id,
            organisation: Some(self.organisation),
            name,
            is_public: self.secret.is_empty(),
            redirects: redirects.lines().map(str::to_owned).collect(),
            scope: scope.parse()?,
            algorithm: algorithm.parse()?,
            secret: self.secret,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_exact_but_for_ports_of_the_machine_itself() {
        let client = |redirects: &[&str]| OAuthClient {
            id: "x".to_owned(),
            organisation: None,
            name: "x".to_owned(),
            is_public: true,
            redirects: redirects.iter().map(|it| (*it).to_owned()).collect(),
            scope: OAuthScope::all(),
            algorithm: TokenAlgorithm::Es256,
            secret: Vec::new(),
        };
        let web = client(&["https://app.example/back", "http://127.0.0.1/back"]);
        for good in ["https://app.example/back", "http://127.0.0.1:49152/back", "http://127.0.0.1/back"] {
            assert!(web.may_redirect_to(good), "{good}");
        }
        for bad in [
            "https://app.example/back/",
            "https://app.example/back?x=1",
            "https://app.example:8443/back",
            "https://evil.example/back",
            "http://127.0.0.1:49152/other",
            "http://127.0.0.1:99999/back",
            "http://127.0.0.1:/back",
            "http://127.0.0.1.evil.example/back",
            "http://127.0.0.1:80@evil.example/back",
            "http://[::1]:1/back",
            "",
        ] {
            assert!(!web.may_redirect_to(bad), "{bad}");
        }
    }

    #[test]
    fn redirects_that_leak_are_not_registered() {
        for good in ["https://app.example/back", "http://127.0.0.1/", "http://[::1]:8080/x", "com.example.app:/back"] {
            assert_eq!(check_redirect(good), Ok(()), "{good}");
        }
        for bad in [
            "http://app.example/",
            "/back",
            "https://a/#x",
            "javascript:alert(1)",
            "myapp:/x",
            "https://",
            "data:x",
            "",
        ] {
            assert!(check_redirect(bad).is_err(), "{bad}");
        }
    }
}
