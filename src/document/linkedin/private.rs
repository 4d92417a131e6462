//! Tables of an export that are no writing of the person: contacts, messages, accounts, what others think of them.

use super::Table;
use crate::document::people;

/// Names of files, as [`super::stem`] gives them, that are no documents whatever is in them.
const NAMES: &[&str] = &[
    "ad_targeting",
    "ads_clicked",
    "adsclicked",
    "company_follows",
    "connections",
    "contacts",
    "device",
    "email_addresses",
    "emailaddresses",
    "endorsement_given_info",
    "endorsement_received_info",
    "events",
    "guide_messages",
    "hashtag_follows",
    "importedcontacts",
    "imported_contacts",
    "inferences",
    "inferences_about_you",
    "instantreposts",
    "invitations",
    "job_applications",
    "job_seeker_preferences",
    "lan_ads_engagement",
    "learning_coach_messages",
    "learning_role_play_messages",
    "login_attempts",
    "logins",
    "member_follows",
    "messages",
    "phonenumbers",
    "phone_numbers",
    "private_identity_asset",
    "reactions",
    "receipts",
    "receipts_v2",
    "registration",
    "saved_job_alerts",
    "savedjobs",
    "saved_jobs",
    "savedjobalerts",
    "search_queries",
    "searches",
    "searchqueries",
    "security_challenges",
    "services_marketplace_requests",
    "verifications",
    "votes",
    "whatsapp_phone_numbers",
];

/// Columns that tell such a table under whatever name.
const COLUMNS: &[&[&str]] = &[
    &["First Name", "Last Name", "Company", "Position", "Connected On"],
    &["CONVERSATION ID", "FROM", "TO", "CONTENT"],
    &["From", "To", "Sent At", "Direction"],
    &["Login Date", "IP Address"],
    &["Extension", "Number", "Type"],
    &["Email Address", "Confirmed", "Primary"],
    &["Registered At", "Registration Ip"],
    &["Time", "Search Query"],
    &["Category", "Type of inference", "Inference"],
    &["Transaction Made At", "Transaction Type"],
    &["Saved Date", "Job Url"],
    &["Application Date", "Job Url"],
    &["Member Age", "Company Names"],
    &["Endorsement Date", "Skill Name"],
    &["Date", "Status", "FullName"],
];

/// Whether a file of this name is never a document.
pub(in crate::document) fn is_private_name(stem: &str) -> bool {
    NAMES.contains(&stem)
}

/// The people in such a table; `None` for a table of another kind.
pub(super) fn people(stem: &str, table: &Table) -> Option<Vec<String>> {
    let private = COLUMNS.iter().any(|columns| table.has(columns)) || table.is_contacts();
    // A common name such as `events` may be anybody's table, so it counts only for those who also have the columns of
    // an export: none of their own, or names.
    if !private && !is_private_name(stem) {
        return None;
    }
    let mut names = table.full_names();
    for row in table.rows() {
        for column in ["FROM", "TO", "FullName", "Full Name"] {
            // Several people are parted by commas.
            let several = row.get(column).into_iter().flat_map(|cell| cell.split([',', ';']));
            names.extend(several.filter_map(|cell| people::name(cell, true)));
        }
        for who in ["Endorser", "Endorsee"] {
            let part = |part: &str| row.get(&format!("{who} {part} Name")).unwrap_or_default();
            names.extend(people::name(&format!("{} {}", part("First"), part("Last")), true));
        }
    }
    Some(names)
}
