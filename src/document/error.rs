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
    #[error("JSON without a section of JSON Resume")]
    NotJsonResume,
    /// Elements, quotes, lists or JSON values in one another.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The most that is followed.
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
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownFormat { extension } => Some(match extension.as_deref() {
                Some("doc" | "docx" | "odt" | "rtf" | "pages") => {
                    "export it as Markdown, plain text or HTML and add that file".to_owned()
                }
                _ => format!("files that can be read end in .{}", super::Format::EXTENSIONS.join(", .")),
            }),
            Self::NotUtf8 { .. } => {
                Some("open the file in an editor and save it again with the encoding UTF-8".to_owned())
            }
            Self::TooLarge { .. } => Some("split the file, or leave out what is not about the person".to_owned()),
            Self::NotJsonResume => Some(
                "the top level needs `basics`, `work`, `education` or another section of https://jsonresume.org/schema"
                    .to_owned(),
            ),
            Self::TooDeep { .. } | Self::TooManyAttributes => {
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
