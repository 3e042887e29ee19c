//! A store with two organisations and a person for each role, and what actions work on.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::access::Via;
use ::store::testing::TestStore;
use identity::factors::Parts;
use identity::password::LeakedLists;
use identity::{AccountKind, Hasher, Language, Level, NewAccount, PasswordSettings, Role};
use signing::SigningSettings;

use super::*;

/// Neither names nor connections.
struct Nowhere;

#[async_trait]
impl Elsewhere for Nowhere {
    fn resolver(&self) -> Result<Arc<dyn Resolver>, Refused> {
        Err(Refused("no names here".to_owned()))
    }

    fn key_finder(&self) -> Result<Arc<keybook::Finder>, Refused> {
        Err(Refused("no directories here".to_owned()))
    }

    fn inquirer(&self) -> Result<Arc<certbook::Inquirer>, Refused> {
        Err(Refused("no directories here".to_owned()))
    }

    fn region_key(&self) -> Result<Key<Region>, Refused> {
        Err(Refused("no key file here".to_owned()))
    }

    fn judge(&self) -> Result<Arc<Judge>, Refused> {
        Judge::shipped().map(Arc::new).map_err(Refused::because)
    }

    fn region(&self) -> RegionSettings {
        RegionSettings { name: "cn".to_owned(), country: "CN".to_owned() }
    }

    async fn send_tls_reports(&self) -> Result<Value, Refused> {
        Ok(Value::Null)
    }
}

pub(crate) struct Fixture {
    pub(crate) store: TestStore,
    pub(crate) controls: Controls,
    /// Accounts by local part; those of the other organisation begin with `other-`.
    pub(crate) accounts: BTreeMap<String, i64>,
    pub(crate) organisation: i64,
}

impl Fixture {
    /// People `sales`, `finance`, ... at trade.test, two of `admin` and `management`; `other-sales` and `other-admin` at other.test.
    pub(crate) async fn new(store: TestStore, level: Level) -> Self {
        let make = move |tx: &mut ::store::Tx<'_>| {
            let mut accounts = BTreeMap::new();
            let own = identity::create_organisation(tx, "Trade Test", level)?;
            identity::create_domain(tx, own, "trade.test")?;
            for role in Role::ALL {
                accounts.insert(role.to_string(), add(tx, own, &format!("{role}@trade.test"), *role)?);
            }
            for (name, role) in [("admin2", Role::Admin), ("management2", Role::Management), ("sales2", Role::Sales)] {
                accounts.insert(name.to_owned(), add(tx, own, &format!("{name}@trade.test"), role)?);
            }
            let other = identity::create_organisation(tx, "Other", Level::Basic)?;
            identity::create_domain(tx, other, "other.test")?;
            for role in [Role::Sales, Role::Admin] {
                accounts.insert(format!("other-{role}"), add(tx, other, &format!("{role}@other.test"), role)?);
            }
            Ok::<_, PeopleError>((accounts, own))
        };
        let (accounts, organisation) = store.write(make).await.unwrap();
        let handle = store.handle();
        let signer = Arc::new(Signer::new(handle.clone(), SigningSettings::default()));
        let controls = Controls {
            directory: Arc::new(Directory::new(handle.clone())),
            passwords: passwords(&handle),
            factors: FactorDesk::new(handle.clone(), desk_parts(), None),
            mailer: Mailer::new(handle.clone(), Arc::clone(&signer), "mail.trade.test".to_owned()),
            outbound: Outbound::new(handle.clone(), None),
            signer,
            signing: env::Watched::default(),
            key_files: PathBuf::from("/nonexistent"),
            tally: Arc::default(),
            access: env::Watched::default(),
            moves: portability::Running::default(),
            backup: Arc::default(),
            elsewhere: Arc::new(Nowhere),
            store: handle,
        };
        Self { store, controls, accounts, organisation }
    }

    pub(crate) fn account(&self, name: &str) -> i64 {
        self.accounts[name]
    }

    /// The person of that name, who has just shown a strong factor.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        let strong_at = Some(self.controls.store.context().clock.now());
        Caller { strong_at, ..self.weak(name) }
    }

    /// The person of that name, without a strong factor.
    pub(crate) fn weak(&self, name: &str) -> Caller {
        Caller { account: Some(self.account(name)), strong_at: None, via: Via::Http, address: None }
    }
}

fn passwords(store: &::store::Store) -> PasswordGate {
    let settings = PasswordSettings::default();
    let lists = LeakedLists::new(&settings, None);
    PasswordGate::new(store.clone(), Hasher::new(Arc::clone(&store.context().entropy)), settings, lists)
}

fn desk_parts() -> Parts {
    Parts {
        settings: env::Watched::default(),
        site: None,
        issuer: "mail.trade.test".to_owned(),
        sms: env::Watched::default(),
        sends_sms: false,
    }
}

fn add(tx: &mut ::store::Tx<'_>, organisation: i64, address: &str, role: Role) -> Result<i64, PeopleError> {
    let new = NewAccount {
        organisation,
        address,
        name: address,
        role,
        language: Language::Chinese,
        kind: AccountKind::Person,
        quota_bytes: 0,
        password: None,
    };
    let id = identity::create_account(tx, &new)?;
    mailbox::mailboxes::create_defaults(tx, id)?;
    Ok(id)
}
