//! Why a file did not become a document.

/// Why a file did not become a document. Holds no words of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, serde::Serialize, serde::Deserialize)]
pub enum DocumentError {
    /// Neither the name nor the content tells a format that is read here.
    #[error("no reader for {}", extension.as_ref().map_or("a file of this kind".to_owned(), |e| format!("`.{e}` files")))]
    UnknownFormat {
        /// The file's extension, lower-cased.
        extension: Option<String>,
    },
    /// The bytes are text in another encoding, or not text.
    #[error("not UTF-8: no character begins at byte {offset}")]
    NotUtf8 {
        /// Where the first wrong byte lies, from 0.
        offset: usize,
    },
    /// Nothing but space, markup and marks.
    #[error("no text in the file")]
    Empty,
    /// Larger than [`super::MAX_FILE_BYTES`].
    #[error("{bytes} bytes are more than the limit of {limit}")]
    TooLarge {
        /// The file's size.
        bytes: usize,
        /// The most that is read.
        limit: usize,
    },
    /// Not JSON.
    #[error("not JSON at line {line}, column {column}: {reason}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What was expected there.
        reason: String,
    },
    /// JSON of another kind.
    #[error("JSON that is no résumé and no list of posts")]
    NotJsonResume,
    /// Elements, quotes, lists or JSON values in one another.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The most that is followed.
        limit: usize,
    },
    /// Not XML.
    #[error("not well-formed XML at byte {offset}")]
    Xml {
        /// From 0, in the text or in the part of an archive that holds it.
        offset: u64,
    },
    /// More elements than memory is spent on.
    #[error("more than {limit} elements")]
    TooManyElements {
        /// The most that are kept.
        limit: usize,
    },
    /// A table that is cut short or no table.
    #[error("not a table: the quotation mark opened near line {line} is never closed")]
    Table {
        /// From 1.
        line: u64,
    },
    /// An archive that cannot be opened.
    #[error("the archive cannot be read: {reason}")]
    Archive {
        /// What is wrong with it.
        reason: String,
    },
    /// Encrypted.
    #[error("is protected with a password")]
    Password,
    /// A Word document of before 2007.
    #[error("an old Word document (.doc)")]
    OldWord,
    /// Another file of an office program of before 2007.
    #[error("a file of an old office program")]
    OldOffice,
    /// An archive with more files than any export has.
    #[error("more than {limit} files in the archive")]
    TooManyEntries {
        /// The most that are listed.
        limit: usize,
    },
    /// An archive that unpacks to more than memory and time are spent on.
    #[error("the archive unpacks to more than {limit} bytes")]
    Unpacked {
        /// The most that is unpacked.
        limit: u64,
    },
    /// A file in an archive that grows as only made-up files do.
    #[error("a file in the archive is more than {ratio} times as large as it is packed")]
    Bomb {
        /// The most it may grow.
        ratio: u64,
    },
    /// Contacts, messages or accounts: about other people, or secret.
    #[error("holds other people's data or secrets, not writing of the person")]
    Private,
    /// Square brackets within square brackets.
    #[error("more than {limit} square brackets are open at once")]
    TooManyBrackets {
        /// The most that may be open.
        limit: usize,
    },
    /// A tag whose attributes would take longer to compare than any real page needs.
    #[error("a tag has too many attributes")]
    TooManyAttributes,
    /// A PDF that is cut off or damaged past repair, or no PDF at all.
    #[error("the PDF is damaged or not whole: no pages can be found in it")]
    PdfBroken,
    /// A PDF that opens with a password only.
    #[error("the PDF is locked with a password")]
    PdfLocked,
    /// A PDF encrypted in a way that is not read here.
    #[error("the PDF is encrypted in a way that cannot be read")]
    PdfCipher,
    /// A PDF of scanned pages.
    #[error("this PDF holds pictures only, no text")]
    PdfPictures,
    /// A PDF whose fonts do not tell which characters their shapes stand for.
    #[error("the fonts of this PDF do not say which letters they draw")]
    PdfUnmapped,
    /// A PDF with more pages, operators or glyphs than any document about a person has.
    #[error("the PDF has more pages or drawing in it than is read")]
    PdfTooMuch,
    /// The process that read the file took too long and was ended.
    #[error("reading it takes longer than {seconds} seconds")]
    ReaderSlow {
        /// How long it may take.
        seconds: u64,
    },
    /// The process that read the file asked for more memory than it may have.
    #[error("reading it takes more memory than a document may")]
    ReaderMemory,
    /// The file came to more text than a document may have.
    #[error("there is more text in it than a document may have")]
    ReaderOutput,
    /// The process that read the file ended without an answer.
    #[error("the reader for such files stopped on it: the file is damaged, or made to do harm")]
    ReaderCrashed,
}

impl DocumentError {
    /// What a failed read from an archive says. The bytes lie in memory, so it is the archive that is at fault.
    pub(super) fn broken(error: &std::io::Error) -> Self {
        let reason = match error.kind() {
            std::io::ErrorKind::UnexpectedEof => "it is cut short",
            _ => "it is damaged",
        };
        Self::Archive { reason: reason.to_owned() }
    }

    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownFormat { extension } => Some(match extension.as_deref() {
                Some("rtf" | "pages") => {
                    "export it as Markdown, plain text or HTML and add that file".to_owned()
                }
                Some("xls" | "xlsx" | "ods" | "numbers") => "save the table as CSV and add that file".to_owned(),
                _ => format!("files that can be read end in .{}", super::Format::EXTENSIONS.join(", .")),
            }),
            Self::NotUtf8 { .. } => {
                Some("open the file in an editor and save it again with the encoding UTF-8".to_owned())
            }
            Self::TooLarge { .. } => Some("split the file, or leave out what is not about the person".to_owned()),
            Self::NotJsonResume => Some(
                "the top level needs `basics`, `work`, `education` or another section of https://jsonresume.org/schema, \
                 or is a list of posts with `text` and `date`"
                    .to_owned(),
            ),
            Self::Xml { .. } | Self::Table { .. } => {
                Some("save it again with the program that made it, or export its words as plain text".to_owned())
            }
            Self::Archive { .. } => {
                Some("download or copy it once more; if it opens elsewhere, unpack it and add the files".to_owned())
            }
            Self::Password => Some("open it, save it without the password and add that file".to_owned()),
            Self::OldWord => Some("open it and save it as .docx".to_owned()),
            Self::OldOffice => Some("open it and save it in a format of today, or as plain text".to_owned()),
            Self::TooManyEntries { .. } | Self::Unpacked { .. } | Self::Bomb { .. } => {
                Some("unpack it and add the files that the person wrote".to_owned())
            }
            Self::Private => Some("leave it out: names in it are still masked elsewhere".to_owned()),
            Self::TooManyBrackets { .. } => {
                Some("add it as plain text: with the ending .txt no Markdown is looked for".to_owned())
            }
            Self::TooDeep { .. } | Self::TooManyElements { .. } | Self::TooManyAttributes => {
                Some("save the words of the page as plain text and add that file".to_owned())
            }
            Self::PdfBroken => Some("download or export the file again".to_owned()),
            Self::PdfLocked | Self::PdfCipher => {
                Some("open it in a viewer and print it to a PDF without a password".to_owned())
            }
            Self::PdfPictures | Self::PdfUnmapped => Some("run an OCR tool over it first".to_owned()),
            Self::PdfTooMuch
            | Self::ReaderSlow { .. }
            | Self::ReaderMemory
            | Self::ReaderOutput
            | Self::ReaderCrashed => Some("split the file, or save its words as plain text".to_owned()),
            Self::Empty | Self::Json { .. } => None,
        }
    }
}
