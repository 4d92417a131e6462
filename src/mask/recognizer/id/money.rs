//! Accounts and branches of banks, by the words beside them. Codes of whole banks (BIC, IFSC) are everybody's and stay.

use super::Rule;
use super::check::{digit, number, weighted};
use crate::mask::span::Entity::BankAccount;

const ACCOUNT: &[&str] = &[
    "account",
    "account number",
    "account no",
    "acct",
    "acc no",
    "acc",
    "a/c",
    "a/c no",
    "bank account",
    "konto",
    "kontonummer",
    "konto nr",
    "kontonr",
    "rekening",
    "rekeningnummer",
    "rek",
    "numer konta",
    "rachunek",
    "nr konta",
    "número de cuenta",
    "cuenta bancaria",
    "numéro de compte",
    "conto corrente",
    "conta corrente",
    "nº da conta",
    "hesap no",
    "расчетный счет",
    "счет",
    "р/с",
    "счёт",
    "рахунок",
    "口座番号",
    "銀行口座",
    "账号",
    "银行账号",
    "銀行帳號",
    "계좌번호",
    "계좌",
    "หมายเลขบัญชี",
    "เลขที่บัญชี",
    "số tài khoản",
    "stk",
    "no rekening",
    "no. rekening",
    "gtbank",
    "GTBank",
    "maybank",
    "zenith bank",
    "access bank",
    "firstbank",
    "tilinumero",
    "bankkonto",
    "bankgiro",
    "plusgiro",
    "számlaszám",
    "bankszámla",
    "číslo účtu",
    "cont bancar",
    "λογαριασμός",
    "חשבון בנק",
    "رقم الحساب",
    "direct deposit",
];

/// The name of the rule for branches.
pub(super) const BRANCH: &str = "branch of a bank";

pub(super) const RULES: &[Rule] = &[
    Rule::labelled(
        BankAccount,
        "account",
        &[
            "9{6,18}",
            "9{4} 9{4} 9{4}",
            "9{4} 9{4} 9{4} 9{2,4}",
            "9{4}-9{4}-9{4,10}",
            "9{3}-9{6,7}-9{1,3}",
            "9{4} 9{2} 9{5}",
            "9{4}.9{2}.9{5}",
            "9{2} 9{4} 9{7} 9{2,3}",
            "9{2}-9{4}-9{7}-9{2,3}",
            "9{2} 9{4} 9{4} 9{4} 9{4} 9{4} 9{4}",
            "9{8}-9{8}-9{8}",
            "9{8}-9{8}",
            "9{4} 9{4} 9{2} 9{10}",
            "9{2,6}-9{2,10}/9{4}",
            "9{5,10}/9{4}",
            "9{5,8}-9X?",
            "9{26}",
            "9{20}",
        ],
        ACCOUNT,
    ),
    Rule::labelled(
        BankAccount,
        "sort code",
        &["9{2}-9{2}-9{2}", "9{6}", "9{2} 9{2} 9{2}"],
        &["sort code", "sort", "sc", "s/c", "sortcode"],
    ),
    Rule::labelled(
        BankAccount,
        "account behind its bank",
        &["9{10,18}"],
        &["bank", "banka", "banco", "banque", "banca"],
    ),
    // Czech and Slovak accounts: two sums by eleven, and the code of a bank there.
    Rule::checked(BankAccount, "cz account", &["9{1,6}-9{10}/9{4}", "9{10}/9{4}"], ACCOUNT, czech).alone(0.8).strict(),
    Rule::checked(
        BankAccount,
        "us routing",
        &["9{9}", "9{4}-9{4}-9"],
        &["routing", "routing number", "aba", "aba routing", "rtn", "routing no", "transit"],
        routing,
    ),
    Rule::labelled(
        BankAccount,
        "sort code and account",
        &["9{2}-9{2}-9{2} 9{8}", "9{2}-9{2}-9{2} / 9{8}", "9{2}-9{2}-9{2}/9{8}"],
        &["sort code"],
    )
    .alone(0.75),
    Rule::labelled(BankAccount, "us account", &["9{9,17}"], &["checking", "savings", "chequing"]),
    Rule::labelled(BankAccount, "bsb", &["9{3}-9{3}", "9{6}", "9{3} 9{3}"], &["bsb", "bsb number"]),
    Rule::labelled(BankAccount, "au account", &["9{5,9}", "9{2,4} 9{3,4}"], &["bsb account", "acc", "account"]),
    Rule::checked(
        BankAccount,
        "mx clabe",
        &["9{18}", "9{3} 9{3} 9{11} 9"],
        &["clabe", "clabe interbancaria", "cuenta clabe"],
        clabe,
    ),
    // Branches and short accounts, which are kept beside another number of an account only.
    Rule::labelled(
        BankAccount,
        BRANCH,
        &["9{3,5}", "9{4}-X", "9{4}-9{3}", "9{5}-9{3}", "9{6,12}", "9{3} 9{3} 9{1,3}"],
        &[
            "transit",
            "transit no",
            "transit number",
            "n° de transit",
            "folio",
            "n° de folio",
            "agência",
            "agencia",
            "ag",
            "ag n",
            "ag nº",
            "oficina",
            "sucursal",
            "סניף",
            "şube",
            "şube kodu",
            "filiale",
            "支店番号",
            "店番",
            "店番号",
            "guichet",
            "code guichet",
            "op",
            "dv",
            "clé",
            "clé rib",
        ],
    ),
    Rule::labelled(BankAccount, "blz", &["9{8}", "9{3} 9{3} 9{2}"], &["blz", "bankleitzahl"]),
    Rule::labelled(BankAccount, "ar cbu", &["9{22}"], &["cbu", "cvu"]),
    Rule::labelled(
        BankAccount,
        "es account",
        &["9{4} 9{4} 9{2} 9{10}", "9{20}", "9{4}-9{4}-9{2}-9{10}"],
        &["ccc", "cuenta"],
    ),
];

/// The codes of banks in Czechia and Slovakia.
const CZECH_BANKS: &[u64] = &[
    100, 200, 300, 600, 710, 720, 800, 900, 1100, 1111, 2010, 2060, 2070, 2100, 2200, 2220, 2250, 2260, 2600, 2700,
    3000, 3030, 3050, 3060, 3100, 3500, 4000, 4300, 5200, 5500, 5600, 5800, 5900, 6000, 6100, 6200, 6210, 6300, 6363,
    6500, 6700, 6800, 7300, 7500, 7910, 7930, 7940, 7950, 7960, 7970, 7980, 7990, 8020, 8030, 8040, 8050, 8060, 8090,
    8100, 8120, 8130, 8150, 8160, 8170, 8180, 8190, 8198, 8199, 8200, 8220, 8230, 8240, 8250, 8255, 8265, 8270, 8280,
    8293, 8320, 8330, 8360, 8370, 8410, 8420, 8430, 8500,
];

fn czech(value: &[u8]) -> bool {
    let Some(base) = value.len().checked_sub(14) else { return false };
    let sum = |digits: &[u8]| {
        let weights = [1u32, 2, 4, 8, 5, 10, 9, 7, 3, 6];
        digits.iter().rev().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum::<u32>() % 11
    };
    value.iter().all(u8::is_ascii_digit)
        && CZECH_BANKS.contains(&number(value, base + 10, 4))
        && sum(&value[..base]) == 0
        && sum(&value[base..base + 10]) == 0
}

/// American Bankers Association: federal reserve district, weights 371, modulo 10.
fn routing(value: &[u8]) -> bool {
    matches!(number(value, 0, 2), 0..=12 | 21..=32 | 61..=72 | 80)
        && number(value, 0, 9) > 0
        && weighted(value, &[3, 7, 1, 3, 7, 1, 3, 7, 1]).is_multiple_of(10)
}

/// Banco de México: weights 371 of each product's last digit, modulo 10.
fn clabe(value: &[u8]) -> bool {
    let sum: u32 = (0..17).zip([3, 7, 1].into_iter().cycle()).map(|(at, weight)| digit(value, at) * weight % 10).sum();
    (10 - sum % 10) % 10 == digit(value, 17)
}
