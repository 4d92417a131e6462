//! What a label of a model means here.

use crate::mask::Entity;

/// One label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tag {
    /// The kind of personal data; `None` for what stays readable.
    pub(super) entity: Option<Entity>,
    /// The label without its prefix, as a number: `B-PER` and `I-PER` have the same.
    pub(super) base: usize,
    /// A value begins with this word.
    pub(super) begins: bool,
    /// A value ends with this word.
    pub(super) ends: bool,
}

/// The meaning of each label, by id.
pub(super) fn tags(labels: &[String]) -> Vec<Tag> {
    let mut bases: Vec<&str> = Vec::new();
    labels
        .iter()
        .map(|label| {
            let (prefix, base) = parts(label);
            let at = bases.iter().position(|known| *known == base).unwrap_or_else(|| {
                bases.push(base);
                bases.len() - 1
            });
            // BIO, BIOES and BILOU: single and unit begin and end, end and last only end.
            let begins = matches!(prefix, Some('B' | 'S' | 'U'));
            let ends = matches!(prefix, Some('S' | 'U' | 'E' | 'L'));
            Tag { entity: entity(base), base: at, begins, ends }
        })
        .collect()
}

/// `B-PER` is `B` and `PER`; `PER` has no prefix.
fn parts(label: &str) -> (Option<char>, &str) {
    let split = label.split_once(['-', '_']).filter(|(head, rest)| head.len() == 1 && !rest.is_empty());
    let prefix = split.and_then(|(head, rest)| Some((head.chars().next()?.to_ascii_uppercase(), rest)));
    match prefix {
        Some((prefix @ ('B' | 'I' | 'E' | 'S' | 'L' | 'U' | 'M'), rest)) => (Some(prefix), rest),
        _ => (None, label),
    }
}

/// The kind behind a label without its prefix, whatever its case, its signs and its number: `GIVENNAME2`,
/// `private_person`, `Phone number`.
///
/// The words are those of CoNLL, OntoNotes and i2b2 models and of the common models of personal data. Places,
/// organisations and dates that are nobody's stay readable here as they do by rule.
fn entity(label: &str) -> Option<Entity> {
    let folded: String = label.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let folded = folded.trim_end_matches(|c: char| c.is_ascii_digit());
    match folded {
        // A date or an address on the web that is somebody's, as its label says.
        "privatedate" => return Some(Entity::DateOfBirth),
        "privateurl" | "personalurl" | "urlpersonal" | "urlprofile" => return Some(Entity::Url),
        // The version is a part of the word.
        "ipv" => return Some(Entity::Ip),
        _ => {}
    }
    let folded = folded.strip_prefix("private").or_else(|| folded.strip_prefix("personal")).unwrap_or(folded);
    Some(match folded {
        "per" | "pers" | "person" | "people" | "name" | "personname" | "nameperson" | "names" | "fullname"
        | "firstname" | "lastname" | "middlename" | "givenname" | "surname" | "familyname" | "forename"
        | "maidenname" | "nickname" | "namegiven" | "namefamily" | "namefirst" | "namelast" | "namestudent"
        | "student" | "patient" | "patientname" | "doctor" | "doctorname" | "staff" | "hcw" | "accountname" => {
            Entity::Person
        }
        "username" | "userid" | "user" | "handle" | "login" => Entity::Handle,
        "email" | "mail" | "emailaddress" => Entity::Email,
        "phone" | "phonenumber" | "phonenum" | "telephone" | "telephonenum" | "telephonenumber" | "mobile"
        | "mobilenumber" | "mobilephone" | "fax" | "faxnumber" => Entity::Phone,
        "address" | "street" | "streetaddress" | "streetname" | "secondaryaddress" | "postaladdress"
        | "homeaddress" | "addressline" | "buildingnumber" | "buildingnum" | "zip" | "zipcode" | "postcode"
        | "postalcode" => Entity::Address,
        "dob" | "birthdate" | "dateofbirth" | "birthday" | "datebirth" => Entity::DateOfBirth,
        "placeofbirth" | "birthplace" => Entity::PlaceOfBirth,
        "age" => Entity::Age,
        "nationality" | "citizenship" => Entity::Nationality,
        "maritalstatus" => Entity::MaritalStatus,
        "ip" | "ipaddress" => Entity::Ip,
        "mac" | "macaddress" => Entity::Mac,
        "card" | "creditcard" | "creditcardnumber" | "creditdebitcard" | "cardnumber" | "debitcard" => Entity::Card,
        "iban" | "ibancode" | "ibannumber" => Entity::Iban,
        "account" | "accountnumber" | "accountnum" | "bankaccount" | "bankaccountnumber" | "bankroutingnumber"
        | "sortcode" => Entity::BankAccount,
        "bitcoinaddress" | "ethereumaddress" | "litecoinaddress" | "cryptoaddress" | "crypto" | "wallet" => {
            Entity::Wallet
        }
        "ssn"
        | "usssn"
        | "socialnum"
        | "socialnumber"
        | "socialsecuritynumber"
        | "idcard"
        | "idcardnum"
        | "idcardnumber"
        | "idnum"
        | "idnumber"
        | "nationalid"
        | "nationalidnumber"
        | "identitycardnumber"
        | "healthplannumber"
        | "medicalrecordnumber" => Entity::NationalId,
        "taxnum" | "taxid" | "taxnumber" | "taxidnumber" | "taxpayeridentificationnumber" => Entity::TaxId,
        "passport" | "passportnum" | "passportnumber" => Entity::Passport,
        "driverlicense"
        | "driverlicensenum"
        | "driverslicense"
        | "driverslicensenumber"
        | "driverlicensenumber"
        | "drivinglicence"
        | "drivinglicense"
        | "driverlicence" => Entity::DrivingLicence,
        "vehiclevrm" | "licenseplate" | "licenceplate" | "licenseplatenumber" | "plate" | "vehicleregistration" => {
            Entity::Plate
        }
        "password" | "secret" | "apikey" | "pin" | "accesstoken" | "token" | "creditcardcvv" | "cvv" => Entity::Secret,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_many_models() {
        for (label, kind) in [
            ("PER", Some(Entity::Person)),
            ("private_person", Some(Entity::Person)),
            ("GIVENNAME2", Some(Entity::Person)),
            ("NAME_STUDENT", Some(Entity::Person)),
            ("Phone number", Some(Entity::Phone)),
            ("private_email", Some(Entity::Email)),
            ("STREET_ADDRESS", Some(Entity::Address)),
            ("private_date", Some(Entity::DateOfBirth)),
            ("IPV4", Some(Entity::Ip)),
            ("SOCIALNUM", Some(Entity::NationalId)),
            ("USERNAME", Some(Entity::Handle)),
            ("secret", Some(Entity::Secret)),
            ("O", None),
            ("LOC", None),
            ("ORG", None),
            ("MISC", None),
            ("DATE", None),
            ("COMPANYNAME", None),
            ("LABEL_0", None),
        ] {
            assert_eq!(entity(label), kind, "{label}");
        }
    }

    #[test]
    fn prefixes_say_where_a_value_begins_and_ends() {
        let labels = ["O", "B-PER", "I-PER", "E-PER", "S-PER", "L_PER", "U-PER", "PER", "B-LOC"].map(str::to_owned);
        let found: Vec<_> =
            tags(&labels).iter().map(|tag| (tag.entity.is_some(), tag.base, tag.begins, tag.ends)).collect();
        assert_eq!(
            found,
            [
                (false, 0, false, false),
                (true, 1, true, false),
                (true, 1, false, false),
                (true, 1, false, true),
                (true, 1, true, true),
                (true, 1, false, true),
                (true, 1, true, true),
                (true, 1, false, false),
                (false, 2, true, false),
            ]
        );
    }
}
