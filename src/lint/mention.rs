//! Whether words are used or only mentioned: quoted and code text is about something else.

/// Whether a byte lies in Markdown code: between backtick runs of equal length.
pub(super) fn in_code(text: &str, at: usize) -> bool {
    let mut rest = 0;
    while let Some(open) = text[rest..].find('`').map(|i| rest + i) {
        let ticks = text[open..].bytes().take_while(|b| *b == b'`').count();
        let inside = open + ticks;
        let Some(close) = closing(text, inside, ticks) else {
            rest = inside;
            continue;
        };
        if at < open {
            return false;
        }
        if at < close {
            return true;
        }
        rest = close + ticks;
    }
    false
}

/// Where a run of exactly `ticks` backticks begins, from `start` on.
fn closing(text: &str, start: usize, ticks: usize) -> Option<usize> {
    let mut at = start;
    while let Some(found) = text[at..].find('`').map(|i| at + i) {
        let run = text[found..].bytes().take_while(|b| *b == b'`').count();
        if run == ticks {
            return Some(found);
        }
        at = found + run;
    }
    None
}

/// Whether the words that begin at a byte stand right after an opening quotation mark.
pub(super) fn quoted(text: &str, at: usize) -> bool {
    text[..at].chars().next_back().is_some_and(|c| matches!(c, '"' | '\'' | '“' | '‘' | '„' | '«' | '`'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_is_between_equal_runs() {
        let check = |text: &str, expected: bool| {
            let at = text.find('X').unwrap();
            assert_eq!(in_code(text, at), expected, "{text}");
        };
        check("a `X` b", true);
        check("a `b` X", false);
        check("``a ` X`` b", true);
        check("an open ` tick X", false);
        check("```\nX\n```", true);
        check("X `a`", false);
    }
}
