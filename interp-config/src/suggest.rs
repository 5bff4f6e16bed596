//! The nearest right spelling, and how messages show it.

use crate::text::quote;

/// The candidate that `given` is most likely a misspelling of.
///
/// The typed word is compared without regard to case and with `_` read as `-`, because `snake_case` is what a Python programmer
/// types first. One wrong letter in three is forgiven. When that finds nothing, a word that is a part of a candidate stands for
/// it, as `start-method` does for `multiprocessing-start-method`.
pub fn nearest<'a>(given: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // Nothing that long is a misspelling, and the distance takes quadratic time.
    const LONGEST: usize = 64;
    if given.len() > LONGEST {
        return None;
    }
    let given = given.to_lowercase().replace('_', "-");
    let forgiven = given.chars().count() / 3;
    candidates
        .map(|candidate| (strsim::damerau_levenshtein(&given, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= forgiven || has_words(candidate, &given))
        .min_by_key(|(distance, _)| (*distance > forgiven, *distance))
        .map(|(_, candidate)| candidate)
}

/// Whether the hyphenated words of `part` stand in a row in `whole`.
fn has_words(whole: &str, part: &str) -> bool {
    !part.is_empty() && format!("-{whole}-").contains(&format!("-{part}-"))
}

/// The clause that follows a complaint: the suggestion if there is one, and the separator either way.
pub(crate) fn suffix(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(|| ";".to_owned(), |right| format!("; did you mean {}?", quote(right)))
}

/// Allowed words, each in backticks, with commas between them.
pub(crate) fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}
