//! The tables of a LinkedIn data export.
//!
//! A table is known by its columns, since people rename files; the name decides only where columns say too little.
//! Tables about others, or with secrets, give the names in them and no document.

mod private;
mod sections;

use super::DocumentError;
use super::builder::Builder;
use super::people;
use super::posts::{Body, Post, day, write_prose};
use super::table::{Row, Table};

pub(super) use private::is_private_name;
use sections::{SECTIONS, Section};

/// What a table comes to.
pub(super) enum Reading {
    /// A document.
    Document(Builder),
    /// No document, but these people.
    People(Vec<String>),
}

/// Columns of a profile written above the labelled lines or below them.
const PROFILE: &[&str] = &["First Name", "Last Name", "Headline", "Summary"];

/// Reads a table of the export; `None` when it is of some other origin.
pub(super) fn read(name: &str, table: &Table) -> Result<Option<Reading>, DocumentError> {
    let stem = stem(name);
    if let Some(people) = private::people(&stem, table) {
        return Ok(Some(Reading::People(people)));
    }
    let mut out = Builder::default();
    // Parts of a profile that were never filled in are tables without rows.
    let empty = table.rows().next().is_none();
    if table.has(&["First Name", "Last Name", "Headline"]) {
        table.rows().for_each(|row| profile(row, &mut out));
    } else if table.has(&["Date", "ShareCommentary"]) {
        write_posts(table, "Posts", share, &mut out)?;
    } else if table.has(&["Date", "Link", "Message"]) {
        write_posts(table, "Comments", comment, &mut out)?;
    } else if table.has(&["Media Description", "Media Link"]) {
        write_posts(table, "Media", media, &mut out)?;
    } else if table.has(&["First Name", "Last Name", "Company", "Job Title", "Text"]) {
        out.heading(1, if stem.contains("given") { "Recommendations given" } else { "Recommendations received" });
        table.rows().for_each(|row| recommendation(row, &mut out));
        table.full_names().into_iter().for_each(|name| out.person(name));
    } else if let Some(section) = SECTIONS.iter().find(|section| section.fits(&stem, table)) {
        out.heading(1, section.title);
        table.rows().for_each(|row| entry(section, row, &mut out));
    } else {
        return Ok(None);
    }
    Ok(Some(Reading::Document(if empty { Builder::default() } else { out })))
}

/// The name of a file in lower case, without folders, ending and the number of a copy.
pub(super) fn stem(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name).to_lowercase();
    let stem = file.rsplit_once('.').map_or(file.as_str(), |(stem, _)| stem);
    stem.split(" (").next().unwrap_or(stem).replace([' ', '-'], "_")
}

fn profile(row: Row<'_>, out: &mut Builder) {
    let names = [row.get("First Name"), row.get("Last Name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    out.heading(1, &names);
    people::name(&names, true).into_iter().for_each(|name| out.person(name));
    if let Some(maiden) = row.get("Maiden Name").and_then(|name| people::name(name, true)) {
        out.person(maiden);
    }
    if let Some(headline) = row.get("Headline") {
        out.paragraph(0, "", headline);
    }
    for (column, cell) in row.cells().filter(|(column, _)| !PROFILE.contains(column)) {
        // Lists stand in square brackets.
        let cell = cell.strip_prefix('[').and_then(|cell| cell.strip_suffix(']')).unwrap_or(cell);
        out.key_value(0, column, &format!("{column}: {cell}"));
    }
    if let Some(summary) = row.get("Summary") {
        out.heading(2, "Summary");
        write_prose(out, summary);
    }
}

fn entry(section: &Section, row: Row<'_>, out: &mut Builder) {
    let heading: Vec<&str> = section.heading.iter().filter_map(|column| row.get(column)).collect();
    if section.items {
        let rest = row.cells().filter(|(column, _)| !section.heading.contains(column)).map(|(_, cell)| cell);
        let rest = rest.collect::<Vec<_>>().join(", ");
        let words = if rest.is_empty() { heading.join(", ") } else { format!("{} ({rest})", heading.join(", ")) };
        return out.item(0, 0, "-", &words);
    }
    out.heading(2, &heading.join(", "));
    match section.dates.map(|column| column.and_then(|column| row.get(column))) {
        [Some(start), Some(end)] => out.key_value(0, "Dates", &format!("Dates: {start} - {end}")),
        [Some(start), None] if section.dates[1].is_some() => {
            out.key_value(0, "Dates", &format!("Dates: {start} - {}", section.open_end));
        }
        [Some(day), None] | [None, Some(day)] => out.key_value(0, "Date", &format!("Date: {day}")),
        [None, None] => {}
    }
    let written = |column: &str| {
        section.heading.contains(&column) || section.prose.contains(&column) || section.dates.contains(&Some(column))
    };
    for (column, cell) in row.cells().filter(|(column, _)| !written(column)) {
        out.key_value(0, column, &format!("{column}: {cell}"));
    }
    section.prose.iter().filter_map(|column| row.get(column)).for_each(|words| write_prose(out, words));
    out.gap();
}

fn recommendation(row: Row<'_>, out: &mut Builder) {
    let who = [row.get("First Name"), row.get("Last Name")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let what = [Some(who.as_str()).filter(|who| !who.is_empty()), row.get("Job Title"), row.get("Company")];
    out.heading(2, &what.into_iter().flatten().collect::<Vec<_>>().join(", "));
    if let Some(date) = row.get("Creation Date") {
        out.key_value(0, "Date", &format!("Date: {}", day(date)));
    }
    write_prose(out, row.get("Text").unwrap_or_default());
    out.gap();
}

fn write_posts(
    table: &Table,
    title: &str,
    post: fn(Row<'_>) -> Option<Post>,
    out: &mut Builder,
) -> Result<(), DocumentError> {
    // The latest come first in the export; equal times keep their order.
    let mut rows: Vec<Row<'_>> = table.rows().collect();
    rows.sort_by_key(|row| row.get("Date").or_else(|| row.get("Date/Time")).unwrap_or_default());
    let posts: Vec<Post> = rows.into_iter().filter_map(post).collect();
    if !posts.is_empty() {
        out.heading(1, title);
    }
    posts.iter().try_for_each(|post| post.write(2, out))
}

fn share(row: Row<'_>) -> Option<Post> {
    let shared = row.get("SharedUrl").filter(|url| row.get("ShareLink") != Some(url));
    let lines = shared.map(|url| ("Link".to_owned(), url.to_owned()));
    let body = row.get("ShareCommentary").map(|words| Body::Plain(undouble(words)));
    body.as_ref()?;
    Some(Post { heading: date(row), lines: lines.into_iter().collect(), body: body.into_iter().collect() })
}

fn comment(row: Row<'_>) -> Option<Post> {
    let body = vec![Body::Plain(undouble(row.get("Message")?))];
    Some(Post { heading: date(row), lines: Vec::new(), body })
}

fn media(row: Row<'_>) -> Option<Post> {
    let body = vec![Body::Plain(undouble(row.get("Media Description").filter(|words| *words != "-")?))];
    let heading = row.get("Date/Time").map(day).unwrap_or_default().to_owned();
    Some(Post { heading, lines: Vec::new(), body })
}

fn date(row: Row<'_>) -> String {
    row.get("Date").map(day).unwrap_or_default().to_owned()
}

/// Takes away the quotation marks that the export puts around every line of a text with several.
fn undouble(words: &str) -> String {
    let lines: Vec<&str> = words.split('\n').collect();
    let last = lines.len() - 1;
    let marked = last > 0
        && lines.iter().enumerate().all(|(idx, line)| {
            let line = line.trim_end_matches('\r');
            (idx == 0 || line.starts_with('"')) && (idx == last || line.ends_with('"'))
        });
    if !marked {
        return words.to_owned();
    }
    let bare = lines.iter().enumerate().map(|(idx, line)| {
        let line = if idx == 0 { line } else { line.strip_prefix('"').unwrap_or(line) };
        if idx == last { line } else { line.trim_end_matches('\r').strip_suffix('"').unwrap_or(line) }
    });
    bare.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, source: &str, expected: &str) {
        let table = Table::parse(source).unwrap();
        let Some(Reading::Document(out)) = read(name, &table).unwrap() else { panic!("{name} is no document") };
        assert_eq!(out.finish().0, expected);
    }

    #[test]
    fn lines_of_a_share_are_undoubled() {
        assert_eq!(undouble("One \"\n\"\n\"Two \"x\"."), "One \n\nTwo \"x\".");
        assert_eq!(undouble("One\"\n\"\"\n\"Two."), "One\n\"\nTwo.".replace("\n\"\n", "\n\n"));
        assert_eq!(undouble("He said \"no\"\nand left."), "He said \"no\"\nand left.");
        assert_eq!(undouble("\"One\""), "\"One\"");
    }

    #[test]
    fn sections() {
        check(
            "Positions (1).csv",
            "Company Name,Title,Description,Location,Started On,Finished On\nTide,Mate,\"Tides.\n\nKnots.\",Leith,Jan 2020,\n",
            "# Positions\n\n## Mate, Tide\n\nDates: Jan 2020 - present\nLocation: Leith\n\nTides.\n\nKnots.\n",
        );
        check("Skills.csv", "Name\nKnots\nTea\n", "# Skills\n\n- Knots\n- Tea\n");
        check("l.csv", "Name,Proficiency\nNorn,Native\nFrench,\n", "# Languages\n\n- Norn (Native)\n- French\n");
        check(
            "Shares.csv",
            "Date,ShareLink,ShareCommentary,SharedUrl,MediaUrl,Visibility\n2024-02-01 10:00:00,l,Later.,,,\n\
             2023-01-02 10:00:00,l,\"One \"\"\n\"\"\n\"\"Two.\",https://a.example,,\n2022-01-01 00:00:00,l,,,,\n",
            "# Posts\n\n## 2023-01-02\n\nLink: https://a.example\n\nOne\n\nTwo.\n\n## 2024-02-01\n\nLater.\n",
        );
    }

    #[test]
    fn others_are_people_only() {
        let people = |name: &str, source: &str| match read(name, &Table::parse(source).unwrap()).unwrap() {
            Some(Reading::People(people)) => people,
            _ => panic!("{name} is a document"),
        };
        let connections =
            "Notes:\n\"x\"\n\nFirst Name,Last Name,URL,Email Address,Company,Position,Connected On\nBo,Ek,u,,,,\n";
        assert_eq!(people("x.csv", connections), ["Bo Ek"]);
        let messages = "CONVERSATION ID,FROM,TO,DATE,CONTENT\n1,Bo Ek,\"Ada Quill,Cy Oh\",d,Hello\n";
        assert_eq!(people("messages.csv", messages), ["Bo Ek", "Ada Quill", "Cy Oh"]);
        assert!(people("Logins.csv", "Login Date,IP Address,User Agent,Login Type\n1,2,3,4\n").is_empty());
    }
}
