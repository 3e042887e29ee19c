//! Who there is and who may sign in: organisations, their domains, accounts with addresses, and passwords.
//!
//! What reads and writes rows is plain functions over a store transaction. Two long-lived parts stand in front of them:
//! [`Directory`] answers whose an address is (and what an organisation's [`lists`] say) without asking the database each time, and [`SignIn`] checks passwords off the
//! store's threads and slows guessing down.
//!
//! Knows nothing of mail protocols, and of mailboxes only that they go with their account ([`delete_account`]).

mod account;
mod address;
mod directory;
mod erase;
mod error;
pub mod forward;
mod forwarders;
mod greylist;
mod kinds;
pub mod lists;
mod organisation;
pub mod password;
mod recent;
mod resolve;
mod sign_in;
mod throttle;

pub use account::{
    Account, NewAccount, PAGE_MAX, create_account, list_accounts, load_account, set_password, set_quota, set_state,
};
pub use address::{add_alias, find_by_address, list_addresses, may_send_as, remove_alias};
pub use directory::Directory;
pub use erase::delete_account;
pub use error::IdentityError;
pub use forwarders::Forwarders;
pub use greylist::{Attempt, forget_attempts, note_attempt};
pub use kinds::{AccountKind, AccountState, Effect, EntryKind, Language, Level, Protocol, Role, UnknownWord};
pub use organisation::{
    Domain, Organisation, create_domain, create_organisation, delete_domain, find_domain, list_domains,
    list_organisations, set_level,
};
pub use password::{Hasher, PreparedPassword, generate_password};
pub use resolve::{Recipient, Resolution, is_local_domain, resolve};
pub use sign_in::{
    AGENT_BYTES_MAX, AuthFailure, Client, DeviceId, Method, Principal, Scope, SignIn, TlsTraits, describe_agent,
};
pub use throttle::Throttle;
