//! Labels that say enough: whatever number stands beside one is taken, whether or not a rule has its shape.
//!
//! Countries change their formats, and people write them with other gaps than the offices do. A passport number of an
//! unknown shape behind the word passport is still one. The labels are text, a file for each kind, with `|` between.

use super::Rule;
use crate::mask::span::Entity::{BankAccount, DrivingLicence, NationalId, Passport, TaxId};

pub(super) const RULES: &[Rule] = &[
    Rule::open(Passport, "passport of any shape", include_str!("passport.txt")),
    Rule::open(DrivingLicence, "licence of any shape", include_str!("licence.txt")),
    Rule::open(NationalId, "health number of any shape", include_str!("health.txt")),
    Rule::open(TaxId, "tax number of any shape", include_str!("tax.txt")),
    Rule::open(NationalId, "number of any shape", include_str!("person.txt")),
    Rule::open(NationalId, "number of a member of any shape", include_str!("staff.txt")),
    Rule::open(BankAccount, "account of any shape", include_str!("account.txt")),
];
