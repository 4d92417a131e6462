//! The tables of a career: one row, one entry.

use super::Table;

/// How a table is written.
pub(super) struct Section {
    pub(super) title: &'static str,
    /// Columns that tell the table from others.
    columns: &'static [&'static str],
    /// What the file is called, where columns do not tell.
    stem: Option<&'static str>,
    /// Columns that make an entry's heading.
    pub(super) heading: &'static [&'static str],
    /// The columns of its start and its end.
    pub(super) dates: [Option<&'static str>; 2],
    /// What to write for an end that is not there.
    pub(super) open_end: &'static str,
    /// Columns of running text.
    pub(super) prose: &'static [&'static str],
    /// Whether an entry is a list item.
    pub(super) items: bool,
}

impl Section {
    /// Whether a table is this one.
    pub(super) fn fits(&self, stem: &str, table: &Table) -> bool {
        self.stem.is_none_or(|name| stem.starts_with(name)) && table.has(self.columns)
    }
}

const ENTRIES: Section = Section {
    title: "",
    columns: &[],
    stem: None,
    heading: &[],
    dates: [Some("Started On"), Some("Finished On")],
    open_end: "present",
    prose: &["Description"],
    items: false,
};

const ITEMS: Section = Section { heading: &["Name"], dates: [None, None], items: true, ..ENTRIES };

/// All tables, those with more telling columns first.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        title: "Volunteering",
        columns: &["Company Name", "Role", "Cause"],
        heading: &["Role", "Company Name"],
        ..ENTRIES
    },
    Section {
        title: "Positions",
        columns: &["Company Name", "Title", "Started On"],
        heading: &["Title", "Company Name"],
        ..ENTRIES
    },
    Section {
        title: "Education",
        columns: &["School Name", "Degree Name"],
        heading: &["Degree Name", "School Name"],
        dates: [Some("Start Date"), Some("End Date")],
        prose: &["Notes"],
        ..ENTRIES
    },
    Section {
        title: "Certifications",
        columns: &["Name", "Authority", "License Number"],
        heading: &["Name", "Authority"],
        open_end: "no end",
        ..ENTRIES
    },
    Section {
        title: "Projects",
        columns: &["Title", "Description", "Url", "Started On"],
        heading: &["Title"],
        ..ENTRIES
    },
    Section {
        title: "Patents",
        columns: &["Title", "Description", "Patent Number"],
        heading: &["Title"],
        dates: [Some("Issued On"), None],
        ..ENTRIES
    },
    Section {
        title: "Honors",
        columns: &["Title", "Description", "Issued On"],
        heading: &["Title"],
        dates: [Some("Issued On"), None],
        ..ENTRIES
    },
    Section {
        title: "Publications",
        columns: &["Name", "Published On", "Publisher"],
        heading: &["Name", "Publisher"],
        dates: [Some("Published On"), None],
        ..ENTRIES
    },
    Section {
        title: "Organizations",
        columns: &["Name", "Position", "Started On"],
        heading: &["Position", "Name"],
        ..ENTRIES
    },
    Section {
        title: "Test scores",
        columns: &["Name", "Score", "Taken On"],
        heading: &["Name"],
        dates: [Some("Taken On"), None],
        ..ENTRIES
    },
    Section { title: "Languages", columns: &["Name", "Proficiency"], ..ITEMS },
    Section { title: "Courses", columns: &["Name", "Number"], stem: Some("courses"), ..ITEMS },
    Section { title: "Skills", columns: &["Name"], stem: Some("skills"), ..ITEMS },
];
