//! Fields: a code that computes something, and the result that was there last.

/// Fields around the text being read.
#[derive(Default)]
pub(super) struct Fields {
    open: Vec<Field>,
    /// How many of them keep text from being shown.
    muted: usize,
}

#[derive(Default)]
struct Field {
    code: String,
    /// Whether its result is being read.
    result: bool,
    muted: bool,
    link: bool,
}

/// What the result of a field is.
pub(super) enum Result {
    /// Words like others.
    Words,
    /// Words that lead somewhere.
    Link(String),
    /// The number of a page.
    Page,
    /// A table of contents or an index.
    Contents,
}

impl Fields {
    /// A field begins.
    pub(super) fn begin(&mut self) {
        self.open.push(Field { muted: true, ..Field::default() });
        self.muted += 1;
    }

    /// A piece of the code.
    pub(super) fn code(&mut self, code: &str) {
        if let Some(field) = self.open.last_mut().filter(|field| !field.result) {
            field.code.push_str(code);
        }
    }

    /// The result begins. Within a field that is not shown, a result is nothing.
    pub(super) fn separate(&mut self, in_margin: bool) -> Option<Result> {
        let field = self.open.last_mut().filter(|field| !field.result)?;
        field.result = true;
        let result = result(&field.code);
        if matches!(result, Result::Contents) || (in_margin && matches!(result, Result::Page)) {
            return Some(result);
        }
        field.muted = false;
        self.muted -= 1;
        field.link = matches!(result, Result::Link(_)) && self.muted == 0;
        Some(if self.muted == 0 { result } else { Result::Words })
    }

    /// A field ends; tells whether a link ends with it.
    pub(super) fn end(&mut self) -> bool {
        let Some(field) = self.open.pop() else { return false };
        self.muted -= usize::from(field.muted);
        field.link
    }

    /// Whether text is kept from being shown.
    pub(super) fn is_muted(&self) -> bool {
        self.muted > 0
    }
}

/// What a code computes.
pub(super) fn result(code: &str) -> Result {
    let mut words = code.split_whitespace();
    match words.next().unwrap_or_default().to_ascii_uppercase().as_str() {
        "HYPERLINK" => {
            let address = code.split('"').nth(1).filter(|_| !code.contains("\\l \"") || code.matches('"').count() > 2);
            match address.or_else(|| words.next().filter(|word| !word.starts_with('\\'))) {
                Some(url) if code.trim_start().get(9..).is_some_and(|rest| !rest.trim_start().starts_with("\\l")) => {
                    Result::Link(url.to_owned())
                }
                _ => Result::Words,
            }
        }
        "PAGE" | "NUMPAGES" | "SECTIONPAGES" => Result::Page,
        "TOC" | "INDEX" | "TOA" => Result::Contents,
        _ => Result::Words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(code: &str, expected: Option<&str>) {
        let url = match result(code) {
            Result::Link(url) => Some(url),
            _ => None,
        };
        assert_eq!(url.as_deref(), expected, "{code}");
    }

    #[test]
    fn links() {
        check(" HYPERLINK \"https://a.example\" \\o \"tip\" ", Some("https://a.example"));
        check("hyperlink https://a.example", Some("https://a.example"));
        check(" HYPERLINK \\l \"part\" ", None);
        check("HYPERLINK", None);
        check("REF x", None);
    }

    #[test]
    fn nested_fields_are_shown_with_the_outer_one() {
        let mut fields = Fields::default();
        fields.begin();
        fields.code("IF ");
        fields.begin();
        fields.code("HYPERLINK \"u\"");
        assert!(matches!(fields.separate(false), Some(Result::Words)) && fields.is_muted());
        assert!(!fields.end());
        fields.separate(false);
        assert!(!fields.is_muted());
        fields.end();
        assert!(!fields.end() && !fields.is_muted());
    }
}
