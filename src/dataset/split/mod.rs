//! Which rows are held out: whole groups of rows that must not be parted, drawn by a seed and by what the rows say,
//! so that neither the order of the rows nor that of the files matters.

mod draw;
mod gather;
mod near;
mod write;

use std::path::{Path, PathBuf};

use crate::row::{Kind, Split};
use crate::{Error, edge};

use gather::Gathered;

/// What keeps rows together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    /// The passage that grounds them: overlapping spans of one source; the whole source where a row has no span.
    Passage,
    /// A column that has the same value.
    Column(String),
    /// Nothing but what they ask.
    Row,
}

/// What is to be as frequent in both parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Stratify {
    /// The kind of the rows.
    #[default]
    Kind,
    /// What questions ask for, by their wording.
    QuestionType,
    /// The values of a column.
    Column(String),
}

/// Where the parts go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The column `split` of the files themselves.
    InPlace,
    /// The column `split` of copies in a folder.
    Copies(PathBuf),
    /// Two files for each, `NAME-train.…` and `NAME-test.…`, in a folder.
    Parts(PathBuf),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Share of the rows that are held out, above 0 and below 1.
    pub test: f64,
    /// What keeps rows together; `None` takes passages where rows have a source, else rows.
    pub by: Option<By>,
    /// What is to be as frequent in both parts.
    pub stratify: Stratify,
    /// Another seed draws other rows.
    pub seed: u64,
    /// Where the parts go; `None` only counts.
    pub place: Option<Place>,
    /// Whether files that are there may be written over.
    pub force: bool,
}

/// Rows of one file on either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The file.
    pub file: PathBuf,
    /// The kind of its rows.
    pub kind: Option<Kind>,
    /// Rows to train on.
    pub train: u64,
    /// Rows held out.
    pub test: u64,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Account {
    /// Files in the order in which they were named.
    pub parts: Vec<Part>,
    /// Rows on either side by what was to be as frequent, sorted by name: train, test.
    pub strata: Vec<(String, u64, u64)>,
    /// What kept rows together.
    pub by: By,
    /// Groups of rows that were not parted.
    pub groups: u64,
    /// Rows of the largest one.
    pub largest: u64,
    /// Rows that are held out now and were not, or the other way about; those without a split do not count.
    pub moved: u64,
    /// Whether the share that was asked for is missed by more than a fifth of it, and by more than one row.
    pub misses: bool,
    /// Files written.
    pub written: Vec<PathBuf>,
}

impl Account {
    /// Rows on either side: train, test.
    #[must_use]
    pub fn total(&self) -> (u64, u64) {
        self.parts.iter().fold((0, 0), |(train, test), part| (train + part.train, test + part.test))
    }
}

/// Splits the rows of some files, which are seen as one dataset: a passage or a question is on one side in all of them.
///
/// # Errors
/// A share outside of 0 to 1, a column that is not there, a row that cannot be read, rows that all hang together, a
/// file in the way, the file system. Then nothing is written but, where the last of several files fails, those before.
pub fn split(files: &[PathBuf], options: &Options) -> Result<Account, Error> {
    if !(options.test > 0.0 && options.test < 1.0) {
        return Err(
            Error::new(format!("{} is no share of rows", options.test)).hint("`--test 0.1` holds out every tenth row")
        );
    }
    let outputs = outputs(files, options)?;
    let gathered = gather::gather(files, options)?;
    let Gathered { rows, .. } = &gathered;
    let groups = draw::groups(&gathered);
    let held = draw::draw(&groups, gathered.strata.len(), rows.len(), options);
    let test: Vec<bool> = groups.of.iter().map(|group| held[*group as usize]).collect();
    let held_out = test.iter().filter(|test| **test).count();
    if held_out == 0 || held_out == rows.len() {
        let what = match rows.len() {
            0 | 1 => "there are too few rows to hold any out".to_owned(),
            n => format!("the {n} rows hang together in {} groups, so none can be held out", groups.sizes.len()),
        };
        return Err(Error::new(what).data().hint(
            "rows of one passage and rows that ask the same stay together; `--by row` looks at the questions only",
        ));
    }
    let mut account = Account {
        parts: gathered
            .files
            .iter()
            .zip(files)
            .map(|(info, file)| Part { file: file.clone(), kind: info.kind, train: 0, test: 0 })
            .collect(),
        strata: gathered.strata.iter().map(|name| (name.clone(), 0, 0)).collect(),
        by: gathered.by.clone(),
        groups: groups.sizes.len() as u64,
        largest: u64::from(groups.sizes.iter().copied().max().unwrap_or(0)),
        moved: 0,
        misses: false,
        written: vec![],
    };
    for (row, test) in rows.iter().zip(&test) {
        let part = &mut account.parts[row.file as usize];
        let stratum = &mut account.strata[row.stratum as usize];
        if *test {
            part.test += 1;
            stratum.2 += 1;
        } else {
            part.train += 1;
            stratum.1 += 1;
        }
        account.moved += u64::from(row.was_test.is_some_and(|was| was != *test));
    }
    account.strata.sort();
    let wanted = options.test * rows.len() as f64;
    account.misses = (held_out as f64 - wanted).abs() > (0.2 * wanted).max(1.0);
    let mut start = 0;
    for (part, (file, outputs)) in account.parts.iter().zip(files.iter().zip(outputs)) {
        let count = usize::try_from(part.train + part.test).unwrap_or(0);
        let test = &test[start..start + count];
        start += count;
        account.written.extend(write::write(file, test, &outputs)?);
    }
    Ok(account)
}

/// Where the rows of one file go.
enum Output {
    Nowhere,
    Same,
    Copy(PathBuf),
    Parts { train: PathBuf, test: PathBuf },
}

fn outputs(files: &[PathBuf], options: &Options) -> Result<Vec<Output>, Error> {
    let mut taken: Vec<PathBuf> = vec![];
    let read = edge::fs::identities(files);
    let mut free = |path: PathBuf| {
        edge::fs::not_over(&path, &read)?;
        if taken.contains(&path) {
            return Err(Error::at(&path, "two of the files would be written there").hint("split them one by one"));
        }
        if path.exists() && !options.force {
            return Err(Error::at(&path, "is there already").hint("`--force` writes over it"));
        }
        taken.push(path.clone());
        Ok(path)
    };
    let output = |file: &PathBuf| {
        let name = file.file_name().map(Path::new).unwrap_or(file);
        Ok(match &options.place {
            None => Output::Nowhere,
            Some(Place::InPlace) => Output::Same,
            Some(Place::Copies(folder)) => Output::Copy(free(folder.join(name))?),
            Some(Place::Parts(folder)) => {
                let name = name.to_string_lossy();
                // The ending may be a double one: `.jsonl.gz`.
                let at = name.find(".jsonl").or_else(|| name.find(".json")).or_else(|| name.rfind('.'));
                let (stem, ending) = name.split_at(at.unwrap_or(name.len()));
                Output::Parts {
                    train: free(folder.join(format!("{stem}-train{ending}")))?,
                    test: free(folder.join(format!("{stem}-test{ending}")))?,
                }
            }
        })
    };
    let outputs: Vec<Output> = files.iter().map(output).collect::<Result<_, Error>>()?;
    if read.len() < files.len() && files.iter().all(|file| file.exists()) {
        return Err(Error::new("a file was named twice"));
    }
    Ok(outputs)
}

/// The name that the column `split` has for a side.
const fn side(test: bool) -> &'static str {
    if test { Split::Test.name() } else { Split::Train.name() }
}

#[cfg(test)]
mod tests;
