//! What words say about a number beside them.

use std::cell::RefCell;
use std::sync::LazyLock;

use super::spelt;
use crate::mask::words::Hash;

/// What a word says about a number beside it, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cue(u32);

impl Cue {
    /// A number in words.
    pub(super) const NUMBER: Self = Self(1);
    /// One that only goes on: `-two`.
    pub(super) const ONE: Self = Self(1 << 1);
    /// Between them: `y`.
    pub(super) const JOIN: Self = Self(1 << 2);
    /// `at`: an age when a person is what the sentence is about.
    pub(super) const AT: Self = Self(1 << 3);
    /// `à`, `в`: an age when years follow the number.
    pub(super) const WITH_YEARS: Self = Self(1 << 4);
    /// `mit`, `a los`: the same, or a verb of a person follows.
    pub(super) const BARE: Self = Self(1 << 5);
    /// Who a sentence is about.
    pub(super) const SUBJECT: Self = Self(1 << 6);
    pub(super) const BE: Self = Self(1 << 7);
    /// `turned`.
    pub(super) const TURN: Self = Self(1 << 8);
    /// Languages in which people have years.
    pub(super) const HAVE: Self = Self(1 << 9);
    /// `years`.
    pub(super) const UNIT: Self = Self(1 << 10);
    /// Behind years: they are spent on something.
    pub(super) const SPENT: Self = Self(1 << 11);
    /// `aged`.
    pub(super) const AGED: Self = Self(1 << 12);
    pub(super) const BIRTHDAY: Self = Self(1 << 13);
    /// Whose birthday.
    pub(super) const OWNER: Self = Self(1 << 14);
    /// Verbs before `at` that say a level or a price.
    pub(super) const LEVEL: Self = Self(1 << 15);
    /// Verbs of a life: their subject is a person.
    pub(super) const LIFE: Self = Self(1 << 16);
    /// Between a verb and an age: `now`.
    pub(super) const ADVERB: Self = Self(1 << 17);
    /// `m`, `f`, `w` beside a number.
    pub(super) const SEX: Self = Self(1 << 18);
    /// Small words that go on behind an age in Romance languages.
    pub(super) const ON: Self = Self(1 << 19);
    /// Not the age of a person: `average age of 34`.
    pub(super) const MEAN: Self = Self(1 << 20);
    /// Before `à 15 ans`: a loan.
    pub(super) const LOAN: Self = Self(1 << 21);
    /// Verbs that an age alone may follow: `cumplí cincuenta`, `мне сорок`.
    pub(super) const REACH: Self = Self(1 << 22);
    /// `when`: in a life, a number behind it is an age.
    pub(super) const WHEN: Self = Self(1 << 23);
    /// `of`: between a noun for a person and an age.
    pub(super) const OF: Self = Self(1 << 24);

    pub(super) const fn any(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

const CUES: &[(Cue, &str)] = &[
    (Cue::AT, "at"),
    (Cue::WITH_YEARS, "свои своих свої à a con com met op w v ve vid la à в у на sa"),
    (Cue::BARE, "mit los aos vid ved som"),
    (
        Cue::SUBJECT,
        "i he she who ich er sie je j il elle yo él ella eu ele ela io lui lei ik hij zij ze ja on ona já jag han hon jeg hun minä \
         hän én ő el ea я он она я він вона ben mi my his her me we they",
    ),
    (
        Cue::BE,
        "bylo bolo было було olin ήμουν voltam am m is s was are were re be been bin ist war wurde werde wird war ben bent was werd suis est es é è jest je jsem är er var olen on",
    ),
    (Cue::TURN, "turned turns turning turn hit reached word wordt blir bliver"),
    (
        Cue::HAVE,
        "tengo tiene tenía tenemos cumplo cumple cumplí cumplió cumplir cumplido tenho tem tinha faço faz fiz fez completei completou \
         ho ha aveva avevo compio compie compiuto compì ai a eu avait avais aurai aura ont fête fêté fêter mam ma miał miała miałem \
         miałam skończył skończyła skończyłem skończyłam mám má měl měla am are avea avut împlinit imam ima je navršio",
    ),
    (
        Cue::UNIT,
        "years year yrs ans años anos anni jahre jahren jaar lat lata let letech roky rokov år års vuotta év ani godina godine года \
         год лет років роки годах летах років рік χρόνια χρονών tahun",
    ),
    (
        Cue::SPENT,
        "de d di of von in als bei as experience опыта опыту erfahrung doświadczenia praxe v w в på at je oltre stażu pracy gwarancji \
         praktyki kokemus tapasztalat deneyim experiență vechime стажа стажу досвіду ervaring uit kwa des du ago later after later \
         back together later before ohne nach seit",
    ),
    (
        Cue::REACH,
        "cumplo cumple cumplí cumplió cumplir cumplido cumpliendo completei faço fiz compio compie compiuto fyller fyllde fylte fylder \
         fyldte täytän täytin täyttää täytti betöltöttem skończyłem skończyłam skończył skończyła füllte мне ему ей мені йому їй \
         исполнилось исполнится виповнилось mám mam împlinit lettem",
    ),
    (
        Cue::WHEN,
        "when since until before als toen quand cuando quando când cand když keď kiedy gdy när da når kun amikor mikor когда коли кога kad \
         όταν khi ketika waktu bis seit depuis desde od от с",
    ),
    (Cue::AGED, "aged âgé âgée wieku alter leeftijd edad età idade age"),
    (
        Cue::BIRTHDAY,
        "birthday bday geburtstag geburtstags anniversaire cumpleaños aniversário compleanno verjaardag urodziny urodzin narozeniny \
         narozenin födelsedag fødselsdag bursdag syntymäpäivä syntymäpäivää születésnapom születésnap",
    ),
    (
        Cue::OWNER,
        "my his her your happy mein meinem meinen sein seinem seinen ihr ihrem ihren mon son ses mes mi su mis sus meu seu meus miei meine moich il mio suo \
         mijn zijn haar moje moich swoje jego jej min mitt hans hennes hendes hennar minun hänen",
    ),
    (
        Cue::LEVEL,
        "priced capped set valued stands standing stood running runs limited pegged clocked peaked peaks hit sold closed closes opened \
         opens traded trades maxed starts start starting fixed kept rated scored estimated ranked looking is was are were came comes in \
         stays stayed remains remained sits sat temperature speed rate level price budget section page line chapter step stage version \
         out up down measured tested cooled heated stops stopped ended ends chip port worth currently steady flat over average total \
         timeout position index bar exactly about around nearly almost only just arrived arrive meet met call called",
    ),
    (
        Cue::LIFE,
        "died dies passed married widowed orphaned retired emigrated immigrated father mother parent dad mum mom grandmother \
         grandfather debuted",
    ),
    (
        Cue::ADVERB,
        "both bientôt presque quasi casi quase fast bald bijna snart nästan nesten prawie skoro téměř now just only already currently still barely finally recently nearly almost about jetzt gerade schon nun ya los las ses mes i oggi ora déjà nu już",
    ),
    (Cue::SEX, "m f w d v h k ж ч"),
    (Cue::OF, "of de di von van på z w"),
    (
        Cue::ON,
        "me lo la ya mi mis se y con empecé con já a eu me minha meu comecei nos my j je il elle mon ma m l on ho mi ha sono lei lui io \
         è era fui era aún me decidí jsem si začal začala rzuciłem jag gick flyttade я он она мы у мене",
    ),
    (
        Cue::MEAN,
        "average mean median minimum maximum legal retirement school voting drinking working bronze stone ice iron middle new",
    ),
    (
        Cue::LOAN,
        "prêt prêts emprunt emprunts taux crédit crédits obligation obligations horizon vue prestito mutuo tasso préstamo garantie durée crédito empréstimo",
    ),
];

pub(super) struct Cues {
    seen: Vec<u64>,
    slots: Vec<(u64, Cue)>,
}

pub(super) static WORDS: LazyLock<Cues> = LazyLock::new(|| {
    let mut all = Cues { seen: vec![0; 1024], slots: vec![(0, Cue::default()); 8192] };
    for (cue, list) in CUES {
        list.split_whitespace().for_each(|word| all.add(word, *cue));
    }
    let words = RefCell::new(&mut all);
    spelt::each(
        |word| words.borrow_mut().add(word, Cue::NUMBER),
        |word| words.borrow_mut().add(word, Cue::ONE),
        |word| words.borrow_mut().add(word, Cue::JOIN),
    );
    all
});

impl Cues {
    fn slot(&self, hash: u64) -> usize {
        let mask = self.slots.len() - 1;
        #[expect(clippy::cast_possible_truncation, reason = "masked")]
        let mut at = hash as usize & mask;
        while self.slots[at].0 != 0 && self.slots[at].0 != hash {
            at = (at + 1) & mask;
        }
        at
    }

    fn add(&mut self, word: &str, cue: Cue) {
        let hash = Hash::of(word);
        let at = self.slot(hash);
        self.slots[at] = (hash, self.slots[at].1.or(cue));
        let bit = (hash >> 20) & 0xffff;
        self.seen[(bit >> 6) as usize] |= 1 << (bit & 63);
    }

    pub(super) fn of(&self, hash: u64) -> Cue {
        let bit = (hash >> 20) & 0xffff;
        if self.seen[(bit >> 6) as usize] >> (bit & 63) & 1 == 0 {
            return Cue::default();
        }
        self.slots[self.slot(hash)].1
    }
}
