//! Who there is and who may sign in: organisations, their domains, accounts with addresses, and passwords.
//!
//! What reads and writes rows is plain functions over a store transaction. Two long-lived parts stand in front of them:
//! [`Directory`] answers whose an address is (and what an organisation's [`lists`] say) without asking the database each time, and [`SignIn`] checks passwords off the
//! store's threads and slows guessing down.
//!
//! Knows nothing of mail protocols, and of mailboxes only that they go with their account ([`delete_account`]).

mod account;
mod account_page;
mod address;
mod app_password;
pub mod delegation;
mod directory;
mod erase;
mod error;
mod factor_policy;
pub mod factors;
pub mod forward;
mod forwarders;
mod greylist;
pub mod groups;
mod kinds;
mod known;
mod leave;
pub mod lists;
pub mod oauth;
mod organisation;
pub mod password;
mod recent;
mod resolve;
pub mod rights;
pub mod rule_events;
mod sealed;
mod second_factor;
mod secret_token;
pub mod service;
pub mod session;
pub mod sharing;
mod sign_in;
mod throttle;

pub use account::{
    Account, NewAccount, PAGE_MAX, create_account, freeze, level_of_account, list_accounts, load_account,
    password_chosen, set_language, set_name, set_ordinary_role, set_password, set_quota, set_state, unfreeze,
};
pub use account_page::{WantedAccounts, page_accounts};
pub use address::{add_alias, find_by_address, list_addresses, remove_alias, set_main_address};
pub use app_password::{
    APP_PASSWORDS_MAX, AppPassword, NewAppPassword, PreparedAppPassword, add_app_password, list_app_passwords,
    revoke_app_password, scram_salt,
};
pub use delegation::{Deed, Delegation, SendingRight, may, may_send_as, sending_right};
pub use directory::Directory;
pub use erase::{delete_account, erase_restored};
pub use error::IdentityError;
pub use factor_policy::{
    FactorDemand, FactorRule, FactorSettings, check_settings as check_factor_settings, factor_rule,
};
pub use forwarders::Forwarders;
pub use greylist::{Attempt, forget_attempts, note_attempt};
pub use kinds::{
    AccountKind, AccountState, Effect, EntryKind, Language, Level, Permission, Protocol, Role, Senders, UnknownWord,
};
pub use known::{ClientMark, device_of, forget_known_clients, generate_device_token};
pub use leave::turn_into_shared;
pub use organisation::{
    Domain, Organisation, create_domain, create_organisation, delete_domain, find_domain, level_of, list_domains,
    list_organisations, set_level,
};
pub use password::{
    Hasher, PasswordGate, PasswordPolicy, PasswordRefusal, PasswordSettings, PreparedPassword, generate_password,
    password_policy,
};
pub use resolve::{Abroad, GroupAddress, Recipient, Resolution, encrypts, is_local_domain, resolve, sorts};
pub use sign_in::{
    AGENT_BYTES_MAX, AuthFailure, Client, DeviceId, Holder, Method, PasswordsElsewhere, Principal, Scope, SignIn,
    SignInWatch, Standing, TlsTraits, Unasked, Vouched, describe_agent, end_sign_ins,
};
pub use throttle::{Throttle, network_of};
