//! The end of an account.

use store::{Notice, Store, Tx, params};

use crate::IdentityError;
use crate::account::{keep_an_administrator, take_account};

/// Deletes the account with all its mail, addresses and passwords.
///
/// Its wrapped key goes in the same transaction, so what remains of its content, blobs not yet collected included, can no longer be
/// opened; what copies of the store have of it neither, once the erasure has reached where keys are kept with them ([`store::erasures`]). The rows of its mail are deleted here too, a statement for each table, rather than by a job
/// later: every invariant of the store holds at once, and no half-deleted account can be left behind by a crash. The store's
/// writer is busy as long as that takes, some seconds for hundreds of thousands of messages.
///
/// # Errors
/// [`IdentityError`] if there is no such account, a legal hold covers it, or it is the organisation's last active administrator.
pub fn delete_account(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    if store::holds::is_held(tx, account)? {
        return Err(IdentityError::Held);
    }
    keep_an_administrator(tx, account)?;
    erase(tx, account)
}

/// Neither a hold from before its erasure nor the number of administrators keeps it.
fn erase_again(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    take_account(tx, account)?;
    erase(tx, account)
}

/// Erases every account that came back with a copy and without its key, as it was erased since the copy was made; gives how many.
///
/// # Errors
/// [`IdentityError`] if the store fails.
pub async fn erase_restored(store: &Store) -> Result<u64, IdentityError> {
    let accounts = store.read(store::copy::without_key).await?;
    let mut erased = 0;
    for account in accounts {
        store.write(move |tx| erase_again(tx, account)).await?;
        erased += 1;
    }
    Ok(erased)
}

fn erase(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    store::erasures::erase_key(tx, account)?;
    release_blobs(tx, account)?;
    erase_traces(tx, account)?;
    for delete in DELETES {
        tx.execute(delete, params![account])?;
    }
    tx.notify(Notice::SignIns(account));
    tx.context().keys.forget_account(account);
    Ok(())
}

/// Takes the account out of the message trace, as long as it is known which addresses it had.
fn erase_traces(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    let organisation = tx.row("SELECT organisation FROM account WHERE id = $1", params![account], |row| row.int(0))?;
    let addresses = crate::list_addresses(tx, account)?;
    if let Some(organisation) = organisation {
        trace::erase(tx, organisation, account, &addresses)?;
    }
    Ok(())
}

/// Every table that holds something of an account; the account itself last.
const DELETES: &[&str] = &[
    "DELETE FROM credential WHERE account = $1",
    "DELETE FROM role_given WHERE account = $1",
    "DELETE FROM duty_exception WHERE account = $1",
    "DELETE FROM access_grant WHERE owner = $1 OR asker = $1",
    "DELETE FROM approval WHERE asker = $1",
    "DELETE FROM access_refusal WHERE account = $1",
    "DELETE FROM password_history WHERE account = $1",
    "DELETE FROM factor WHERE account = $1",
    "DELETE FROM factor_challenge WHERE account = $1",
    "DELETE FROM factor_failure WHERE account = $1",
    "DELETE FROM recovery_code WHERE account = $1",
    "DELETE FROM known_client WHERE account = $1",
    "DELETE FROM app_password WHERE account = $1",
    "DELETE FROM session WHERE account = $1",
    "DELETE FROM oauth_token WHERE account = $1",
    "DELETE FROM oauth_device WHERE account = $1",
    "DELETE FROM oauth_grant WHERE account = $1",
    "DELETE FROM address WHERE account = $1",
    "DELETE FROM group_member WHERE kind = 'account' AND target = $1",
    "DELETE FROM group_owner WHERE account = $1",
    "DELETE FROM delegation WHERE account = $1 OR delegate = $1",
    "DELETE FROM share_notice WHERE account = $1",
    // What others were told of it goes as they would take it away themselves.
    "UPDATE account SET modseq = modseq + 1 WHERE id IN (SELECT account FROM share_notice WHERE owner = $1 AND is_gone = 0)",
    "UPDATE share_notice SET is_gone = 1, name = '', changed_modseq =
         (SELECT modseq FROM account a WHERE a.id = share_notice.account) WHERE owner = $1 AND is_gone = 0",
    "DELETE FROM shared_subscription WHERE account = $1 OR owner = $1",
    "DELETE FROM service_account WHERE account = $1",
    "DELETE FROM provisioned WHERE object = $1",
    "DELETE FROM audit_person WHERE account = $1",
    "DELETE FROM jmap_upload WHERE account = $1",
    "DELETE FROM portal_chunk WHERE account = $1",
    "DELETE FROM portal_reply WHERE account = $1",
    "DELETE FROM portal_delivery WHERE account = $1",
    "DELETE FROM jmap_identity WHERE account = $1",
    "DELETE FROM push_subscription WHERE account = $1",
    "DELETE FROM jmap_submission WHERE account = $1",
    "DELETE FROM contact_item WHERE account = $1",
    "DELETE FROM search_signature WHERE account = $1",
    "DELETE FROM mailbox_message WHERE account = $1",
    "DELETE FROM message WHERE account = $1",
    "DELETE FROM removed_message WHERE account = $1",
    "DELETE FROM quota_told WHERE account = $1",
    "DELETE FROM hold_account WHERE account = $1",
    "DELETE FROM investigation_account WHERE account = $1",
    "DELETE FROM investigation_item WHERE account = $1",
    "DELETE FROM mailbox WHERE account = $1",
    "DELETE FROM keyword WHERE account = $1",
    "DELETE FROM label WHERE account = $1",
    "DELETE FROM expunged WHERE account = $1",
    "DELETE FROM destroyed WHERE account = $1",
    "DELETE FROM thread_ref WHERE account = $1",
    "DELETE FROM dedupe WHERE account = $1",
    "DELETE FROM job WHERE account = $1",
    "DELETE FROM forward WHERE account = $1",
    "DELETE FROM script WHERE account = $1",
    "DELETE FROM auto_reply WHERE account = $1",
    "DELETE FROM script_memory WHERE account = $1",
    "DELETE FROM rule_event WHERE account = $1",
    "DELETE FROM smime_key WHERE account = $1",
    "DELETE FROM pgp_published WHERE account = $1",
    "DELETE FROM pgp_key WHERE account = $1",
    "DELETE FROM key_directory WHERE account = $1",
    "DELETE FROM on_receipt WHERE account = $1",
    "DELETE FROM account_place WHERE account = $1",
    "DELETE FROM move_message WHERE account = $1",
    "DELETE FROM move_folder WHERE account = $1",
    "DELETE FROM move_source WHERE account = $1",
    "DELETE FROM outbound_waiting_queued WHERE waiting IN (SELECT id FROM outbound_waiting WHERE account = $1)",
    "DELETE FROM outbound_waiting WHERE account = $1",
    "DELETE FROM key_letter WHERE account = $1",
    "DELETE FROM subject_mail WHERE account = $1",
    "DELETE FROM restriction WHERE account = $1",
    // The request itself stays, under the pseudonym that it had: it proves that what was asked for was done.
    "UPDATE subject_request SET account = 0 WHERE account = $1",
    "DELETE FROM key_statement WHERE account = $1",
    "DELETE FROM sign_in_event WHERE account = $1",
    "DELETE FROM sign_in_feature WHERE account = $1",
    "DELETE FROM sign_in_profile WHERE account = $1",
    "DELETE FROM judged_copy WHERE account = $1",
    "DELETE FROM quarantine_recipient WHERE account = $1",
    "DELETE FROM quarantine_digest WHERE account = $1",
    "DELETE FROM mail_report WHERE account = $1",
    "DELETE FROM mail_vote WHERE account = $1",
    "DELETE FROM mail_pulled WHERE account = $1",
    "DELETE FROM sent_to WHERE account = $1",
    "DELETE FROM sent_hour WHERE account = $1",
    "DELETE FROM sent_stop WHERE account = $1",
    "DELETE FROM sent_message WHERE account = $1",
    "DELETE FROM complaint WHERE account = $1 AND direction = 'in'",
    "UPDATE complaint SET account = 0 WHERE account = $1",
    "DELETE FROM guard_history WHERE account = $1",
    "DELETE FROM guard_search WHERE account = $1",
    "DELETE FROM guard_case WHERE id IN (SELECT guard_case FROM guard_takeover WHERE account = $1)",
    "DELETE FROM guard_takeover WHERE account = $1",
    "DELETE FROM account WHERE id = $1",
];

/// Takes the account's references from the blobs of its messages and files. One account may hold several messages of one blob.
fn release_blobs(tx: &mut Tx<'_>, account: i64) -> Result<(), IdentityError> {
    let now = tx.now().millis();
    tx.execute(
        "UPDATE blob SET refs = refs - gone.held, released = CASE WHEN refs = gone.held THEN $2 ELSE 0 END
         FROM (SELECT blob AS id, COUNT(*) AS held FROM (
                 SELECT blob FROM message WHERE account = $1 UNION ALL SELECT blob FROM jmap_upload WHERE account = $1
                 UNION ALL SELECT blob FROM portal_chunk WHERE account = $1
                 UNION ALL SELECT blob FROM removed_message WHERE account = $1
             ) AS named GROUP BY blob) AS gone
         WHERE blob.id = gone.id",
        params![account, now],
    )?;
    Ok(())
}
