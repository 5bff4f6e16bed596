//! The patterns of `--include` and `--exclude`.

use std::cell::Cell;

use super::distribution_name::normalize;

/// A pattern over dotted names: `*` is any text (dots too), `?` is any one character.
#[derive(Clone, Debug)]
pub(super) struct Pattern {
    text: String,
    hit: Cell<Hit>,
}

/// Whether a pattern has matched anything yet: one that never does is probably misspelt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hit {
    No,
    Yes,
}

impl Pattern {
    pub(super) fn new(text: &str) -> Self {
        Self { text: text.to_owned(), hit: Cell::new(Hit::No) }
    }

    pub(super) fn all(texts: &[String]) -> Vec<Self> {
        texts.iter().map(|text| Self::new(text)).collect()
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn was_hit(&self) -> bool {
        self.hit.get() == Hit::Yes
    }

    /// Whether the pattern names this module, a package it is in, or the folder a data file is in.
    pub(super) fn matches(&self, dotted: &str) -> bool {
        let ends = dotted.match_indices('.').map(|(at, _)| at).chain([dotted.len()]);
        let hit = ends
            .filter_map(|end| dotted.get(..end))
            .any(|name| glob(self.text.as_bytes(), name.as_bytes()));
        self.note(hit)
    }

    /// Whether the pattern names this distribution.
    pub(super) fn matches_distribution(&self, normalized: &str) -> bool {
        let hit = glob(normalize(&self.text).as_bytes(), normalized.as_bytes());
        self.note(hit)
    }

    pub(super) fn is_everything(&self) -> bool {
        self.text == "*"
    }

    fn note(&self, hit: bool) -> bool {
        if hit {
            self.hit.set(Hit::Yes);
        }
        hit
    }
}

/// Matches in time proportional to the product of the lengths at worst: on a mismatch only the last `*` grows.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut here) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(&character) = text.get(here) {
        match (pattern.get(at), star) {
            (Some(b'*'), _) => {
                star = Some((at, here));
                at += 1;
            }
            (Some(&wanted), _) if wanted == b'?' || wanted == character => {
                at += 1;
                here += 1;
            }
            (_, Some((star_at, star_here))) => {
                star = Some((star_at, star_here + 1));
                at = star_at + 1;
                here = star_here + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(at).all(|&rest| rest == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_modules_and_all_that_is_in_them() {
        let table = [
            ("json", "json", true),
            ("json", "json.decoder", true),
            ("json", "jsonschema", false),
            ("json.decoder", "json", false),
            ("*.tests", "numpy.core.tests.test_x", true),
            ("*.tests", "tests", false),
            ("_test*", "_testcapi", true),
            ("_test*", "a._testcapi", false),
            ("email.?ime", "email.mime.text", true),
            ("*", "anything.at.all", true),
            ("a*b*c", "a.x.b.y.c.z", true),
            ("a*b*c", "a.x.c.y.b", false),
        ];
        for (pattern, name, expected) in table {
            assert_eq!(Pattern::new(pattern).matches(name), expected, "{pattern} on {name}");
        }
        assert!(Pattern::new("Ruamel_yaml*").matches_distribution("ruamel-yaml-clib"));
    }
}
