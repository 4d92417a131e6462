//! Where a statement stands: the job, the section, the post.

use super::words::{is_month, is_year, tidy};

/// What the headings above a statement say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The innermost heading; of a post, its title.
    pub title: String,
    /// `Senior engineer`.
    pub role: String,
    /// `Harrow Freight`.
    pub employer: String,
    /// `Hull`.
    pub city: String,
    /// `2019`, `June 2017`.
    pub from: String,
    /// `2022`, `present`.
    pub to: String,
    /// What kind of section it is.
    pub section: Section,
    /// The heading that names role and employer, as it stands.
    pub quote: String,
    /// The line that gives the dates, as it stands.
    pub dates_quote: String,
}

/// Sections whose statements are read in their own way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Section {
    /// No heading, or none known: a post, a page.
    #[default]
    Prose,
    /// Jobs, and headings with jobs in them.
    Work,
    /// Degrees.
    Education,
    /// Certificates, awards, licences.
    Certificates,
    /// Talks and publications.
    Talks,
    /// Things made.
    Projects,
    /// Lists of skills.
    Skills,
    /// Languages spoken.
    Languages,
    /// Summary, interests: sentences about the person.
    About,
    /// Contact data and other people's words: never asked about.
    Skip,
}

const SECTIONS: &[(Section, &[&str])] = &[
    (
        Section::Work,
        &[
            "experience",
            "work",
            "employment",
            "career",
            "positions",
            "professional",
            "jobs",
            "volunteer",
            "volunteering",
        ],
    ),
    (Section::Education, &["education", "studies", "degrees"]),
    (Section::Certificates, &["certifications", "certification", "certificates", "licences", "licenses"]),
    (Section::Talks, &["talks", "presentations", "speaking"]),
    (Section::Projects, &["projects", "software"]),
    (Section::Skills, &["skills", "technologies", "tools", "competencies"]),
    (Section::Languages, &["languages"]),
    (Section::About, &["summary", "about", "profile", "interests", "hobbies", "objective"]),
    (Section::Skip, &["references", "contact", "publications", "publication", "recommendations", "testimonials"]),
];

const ROLES: &[&str] = &[
    "administrator",
    "advisor",
    "analyst",
    "apprentice",
    "architect",
    "assistant",
    "associate",
    "author",
    "chief",
    "coach",
    "consultant",
    "contractor",
    "coordinator",
    "cto",
    "ceo",
    "designer",
    "developer",
    "director",
    "editor",
    "engineer",
    "fellow",
    "founder",
    "co-founder",
    "freelancer",
    "head",
    "instructor",
    "intern",
    "internship",
    "keeper",
    "lead",
    "lecturer",
    "manager",
    "nurse",
    "officer",
    "operator",
    "owner",
    "partner",
    "president",
    "producer",
    "professor",
    "programmer",
    "researcher",
    "scientist",
    "secretary",
    "specialist",
    "sre",
    "supervisor",
    "teacher",
    "technician",
    "trainee",
    "trainer",
    "tutor",
    "volunteer",
    "writer",
];

fn has_role(text: &str) -> bool {
    text.split_whitespace()
        .any(|w| ROLES.contains(&w.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase().as_str()))
}

/// The section that a heading opens, if it is one of the usual ones.
pub(super) fn section(heading: &str) -> Option<Section> {
    let words: Vec<String> =
        heading.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).map(str::to_lowercase).collect();
    // `Work I am proud of` is a title, `Professional experience` is a section.
    if words.is_empty() || words.len() > 3 {
        return None;
    }
    SECTIONS.iter().find(|(_, names)| words.iter().any(|w| names.contains(&w.as_str()))).map(|(section, _)| *section)
}

impl Place {
    /// Reads a path of headings, outermost first.
    pub(super) fn of(path: &[&str]) -> Self {
        let mut place = Self::default();
        for heading in path {
            let heading = heading.trim();
            if heading.contains('[') || heading.is_empty() {
                continue;
            }
            if let Some(section) = section(heading) {
                place = Self { section, title: heading.to_owned(), ..Self::default() };
            } else if matches!(place.section, Section::Work | Section::Prose)
                && (place.section == Section::Work || has_role(heading))
            {
                place.job(heading);
            } else {
                heading.clone_into(&mut place.title);
            }
        }
        place
    }

    fn job(&mut self, heading: &str) {
        let (mut name, mut dates) = (heading.to_owned(), String::new());
        if let (Some(open), Some(close)) = (heading.rfind('('), heading.rfind(')'))
            && open < close
        {
            heading[open + 1..close].clone_into(&mut dates);
            name = format!("{}{}", &heading[..open], &heading[close + 1..]);
        }
        let mut parts: Vec<String> = vec![name];
        for separator in [" at ", " @ ", " | ", " · ", " – ", " — ", " - ", ", "] {
            parts = parts
                .iter()
                .flat_map(|p| p.split(separator))
                .map(|p| p.trim_matches(|c: char| c.is_whitespace() || ",|·–—-*".contains(c)).to_owned())
                .filter(|p| !p.is_empty())
                .collect();
        }
        // A part that is a date is not a place: `Role, Employer, 2019`.
        let (when, mut parts): (Vec<String>, Vec<String>) = parts.into_iter().partition(|p| {
            !p.is_empty()
                && p.split_whitespace().all(|w| is_year(w) || is_month(w) || w.eq_ignore_ascii_case("present"))
        });
        if dates.is_empty() {
            dates = when.join(" - ");
        }
        if parts.len() >= 2 && !has_role(&parts[0]) && has_role(&parts[1]) {
            parts.swap(0, 1);
        }
        let named =
            |i: usize| parts.get(i).filter(|p| p.split_whitespace().count() <= 6).map(|p| tidy(p)).unwrap_or_default();
        if has_role(heading) || parts.len() > 1 {
            *self = Self {
                section: Section::Work,
                title: heading.to_owned(),
                role: named(0),
                employer: named(1),
                city: if parts.len() == 3 { named(2) } else { String::new() },
                quote: heading.to_owned(),
                ..Self::default()
            };
        } else {
            *self = Self {
                section: Section::Work,
                title: heading.to_owned(),
                employer: named(0),
                quote: heading.to_owned(),
                ..Self::default()
            };
        }
        self.dates(&dates, heading);
    }

    /// Takes a line of dates, `June 2017 - January 2021`; says whether it was one.
    pub(super) fn dates(&mut self, line: &str, quote: &str) -> bool {
        let bare = line.trim().trim_matches(['*', '_', '(', ')']).trim_start_matches("Dates:").trim();
        let Some((from, to)) = [" - ", " – ", " — ", " to ", "–", "-"].iter().find_map(|s| bare.split_once(s))
        else {
            return false;
        };
        let (from, to) = (from.trim(), to.trim());
        let date = |text: &str| {
            text.split_whitespace().count() <= 2
                && text.split_whitespace().next_back().is_some_and(is_year)
                && text.split_whitespace().all(|w| is_year(w) || is_month(w))
        };
        let open = ["present", "now", "today", "current"].contains(&to.to_lowercase().as_str());
        if !date(from) || !(date(to) || open) {
            return false;
        }
        if !self.employer.is_empty() {
            from.clone_into(&mut self.from);
            if open {
                "present".clone_into(&mut self.to)
            } else {
                to.clone_into(&mut self.to)
            }
            quote.clone_into(&mut self.dates_quote);
        }
        true
    }

    /// ` at Harrow Freight`, ` in "Cold water"`, or nothing: what a question ends on.
    pub(super) fn tail(&self) -> String {
        match self.section {
            _ if !self.employer.is_empty() => format!(" at {}", self.employer),
            Section::Prose if !self.title.is_empty() => format!(" in “{}”", self.title.replace(['“', '”', '"'], "")),
            _ => String::new(),
        }
    }

    /// `At Harrow Freight, `, `In "Cold water", `, or nothing: what a question starts with.
    pub(super) fn head(&self) -> String {
        let tail = self.tail();
        let Some(rest) = tail.strip_prefix(' ') else { return String::new() };
        let mut chars = rest.chars();
        chars.next().map(|c| format!("{}{}, ", c.to_uppercase(), chars.as_str())).unwrap_or_default()
    }
}
