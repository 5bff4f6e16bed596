//! Versions of glibc, as options and messages name them.

use std::str::FromStr;

/// A version of glibc: `2.28`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glibc {
    pub(crate) minor: u32,
}

impl Glibc {
    /// `28` is 2.28.
    pub const fn minor(minor: u32) -> Self {
        Self { minor }
    }
}

impl FromStr for Glibc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let minor = text.strip_prefix("2.").and_then(|minor| minor.parse().ok());
        match minor {
            Some(minor) if (17..100).contains(&minor) => Ok(Self { minor }),
            _ => Err(format!(
                "`{text}` is no version of glibc; write one from 2.17 on, such as `2.28`"
            )),
        }
    }
}

impl std::fmt::Display for Glibc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "2.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_and_compared() {
        let read = |text: &str| text.parse::<Glibc>();
        assert_eq!(read("2.28").map(|glibc| glibc.to_string()), Ok("2.28".to_owned()));
        assert!(read("2.28") < read("2.31"));
        for wrong in ["", "2", "2.", "2.x", "3.1", "2.5", "2.28.1"] {
            let error = read(wrong).expect_err(wrong);
            assert!(error.contains(&format!("`{wrong}`")), "{error}");
        }
    }
}
