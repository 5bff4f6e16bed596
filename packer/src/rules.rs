//! Knowledge about single distributions, which no code of theirs tells (`data/distribution_rules.toml`, and files of users).

use std::collections::{BTreeSet, HashSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use pep440_rs::{Version, VersionSpecifiers};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use toml::Spanned;

use super::distribution::Distribution;
use super::distribution_name::normalize;
use super::pattern::glob;
use super::standard_needs::StandardNeeds;
use super::{BundleError, Problem, RuleError};

const BUILT_IN: &str = include_str!("data/distribution_rules.toml");

/// One file of rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct File {
    /// Distributions that only developers use: an optional import does not bring them.
    #[serde(default)]
    developers_use: Vec<String>,
    #[serde(default)]
    distribution: Vec<Rule>,
}

/// A rule for a distribution.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Rule {
    name: Spanned<String>,
    /// The versions that the rule is for; without it, all.
    versions: Option<Spanned<String>>,
    #[allow(dead_code, reason = "for readers of the file; it must be there")]
    reason: String,
    /// The application that shows it.
    #[allow(dead_code, reason = "for readers of the file")]
    shown_by: Option<String>,
    /// Modules that its own import without any statement.
    #[serde(default)]
    follow: Vec<String>,
    /// Modules that it imports for features that few applications want.
    #[serde(default)]
    leave: Vec<String>,
    /// Words in an application with which the modules of `leave` are followed after all.
    #[serde(default)]
    unless_used: Vec<String>,
    /// Groups of entry points that it asks for, and whose plug-ins few applications want.
    #[serde(default)]
    leave_groups: Vec<String>,
    /// Files that few applications want; `*` stands for any text. The words of `unless-used` are for them too.
    #[serde(default)]
    leave_files: Vec<String>,
    /// Whether shared libraries in its folders `lib` are packed only if a packed file needs them.
    #[serde(default)]
    libraries_by_need: bool,
    /// Whether files that only developers want are packed too.
    #[serde(default)]
    all_files: bool,
    /// Whether its C code opens its files by their paths.
    #[serde(default)]
    real_files: bool,
    /// Extension modules of others that its C code opens by their `__file__`.
    #[serde(default)]
    real_modules: Vec<String>,
    /// Whether all of its modules are packed, where the code says something else.
    all_modules: Option<bool>,
    /// Packages in it that are packed whole where something reaches a module of them or names them, and left where nothing
    /// does, although its modules are found while it runs.
    #[serde(default)]
    parts: Vec<String>,
    /// Modules that look as if they ran files which nobody has seen, and run none in an application.
    #[serde(default)]
    runs_nothing_unseen: Vec<String>,
    /// Distributions that must be there too.
    #[serde(default)]
    beside: Vec<String>,
}

/// All rules for installed distributions.
#[derive(Debug, Default)]
pub(super) struct Rules {
    developers: BTreeSet<String>,
    /// The rules, each with the number of its distribution.
    rules: Vec<(usize, Rule)>,
    words: HashSet<String>,
}

impl Rules {
    /// The built-in rules, and those in files of the user, as far as they are for these distributions.
    pub(super) fn read(
        distributions: &[Distribution],
        files: &[PathBuf],
    ) -> Result<Self, BundleError> {
        let built_in: File = toml::from_str(BUILT_IN)
            .expect("the rules are part of the program, and a test reads them");
        let mut rules = Self::default();
        rules.words.extend(StandardNeeds::read().named().map(|(word, _)| word.to_owned()));
        rules.add(built_in, distributions, None)?;
        for path in files {
            let text =
                std::fs::read_to_string(path).map_err(BundleError::io("read the rules", path))?;
            let source = Source { path, text: &text };
            let file: File = source.parse()?;
            rules.add(file, distributions, Some(&source))?;
        }
        Ok(rules)
    }

    fn add(
        &mut self,
        file: File,
        distributions: &[Distribution],
        source: Option<&Source<'_>>,
    ) -> Result<(), BundleError> {
        self.developers.extend(file.developers_use.iter().map(|name| normalize(name)));
        for rule in file.distribution {
            let versions = match &rule.versions {
                None => None,
                Some(text) => match VersionSpecifiers::from_str(text.get_ref()) {
                    Ok(versions) => Some(versions),
                    Err(_) => {
                        let message = format!(
                            "`{}` is no range of versions; one is written like `>=1.2, <3`",
                            text.get_ref()
                        );
                        return Err(fault(source, text.span(), message));
                    }
                },
            };
            let wanted = normalize(rule.name.get_ref());
            let found =
                distributions.iter().position(|distribution| distribution.normalized == wanted);
            let Some((index, distribution)) =
                found.and_then(|index| Some((index, distributions.get(index)?)))
            else {
                // The built-in ones are for whatever may be installed.
                if source.is_some() {
                    let names =
                        distributions.iter().map(|distribution| distribution.normalized.as_str());
                    let nearest = interp_config::nearest(&wanted, names);
                    let hint = nearest
                        .map_or_else(String::new, |name| format!("; did you mean `{name}`?"));
                    let message =
                        format!("no distribution `{}` is installed{hint}", rule.name.get_ref());
                    return Err(fault(source, rule.name.span(), message));
                }
                continue;
            };
            let version =
                distribution.version.as_deref().and_then(|text| Version::from_str(text).ok());
            let is_for = match (&versions, version) {
                (Some(versions), Some(version)) => versions.contains(&version),
                (Some(_), None) => false,
                (None, _) => true,
            };
            if is_for {
                self.words.extend(rule.unless_used.iter().cloned());
                self.words.extend(rule.parts.iter().map(|part| last_part(part).to_owned()));
                self.rules.push((index, rule));
            }
        }
        Ok(())
    }

    /// All words of which a rule makes something depend.
    pub(super) fn words(&self) -> &HashSet<String> {
        &self.words
    }

    /// Whether only developers use a distribution.
    pub(super) fn is_for_developers(&self, normalized: &str) -> bool {
        self.developers.contains(normalized)
    }

    fn of(&self, distribution: usize) -> impl Iterator<Item = &Rule> {
        self.rules.iter().filter(move |(index, _)| *index == distribution).map(|(_, rule)| rule)
    }

    /// Whether a distribution's import of a module is left, in an application that uses these words.
    pub(super) fn leaves(&self, distribution: usize, module: &str, used: &HashSet<String>) -> bool {
        self.of(distribution).any(|rule| {
            rule.leave.iter().any(|name| is_or_below(module, name))
                && !rule.unless_used.iter().any(|word| used.contains(word))
        })
    }

    /// Whether a distribution's import of a module is one that a rule leaves but for applications like this one.
    pub(super) fn asks_for(
        &self,
        distribution: usize,
        module: &str,
        used: &HashSet<String>,
    ) -> bool {
        self.of(distribution).any(|rule| {
            rule.leave.iter().any(|name| is_or_below(module, name))
                && rule.unless_used.iter().any(|word| used.contains(word))
        })
    }

    /// Whether the plug-ins of a group that a distribution asks for are left.
    pub(super) fn leaves_group(
        &self,
        distribution: usize,
        group: &str,
        used: &HashSet<String>,
    ) -> bool {
        self.of(distribution).any(|rule| {
            rule.leave_groups.iter().any(|name| name == group)
                && !rule.unless_used.iter().any(|word| used.contains(word))
        })
    }

    /// Whether a file of a distribution is left.
    pub(super) fn leaves_file(
        &self,
        distribution: usize,
        path: &str,
        used: &HashSet<String>,
    ) -> bool {
        self.of(distribution).any(|rule| {
            let fits = |pattern: &String| glob(pattern.as_bytes(), path.as_bytes());
            rule.leave_files.iter().any(fits)
                && !rule.unless_used.iter().any(|word| used.contains(word))
        })
    }

    /// Whether a distribution's libraries are packed only if a packed file needs them.
    pub(super) fn has_libraries_by_need(&self, distribution: usize) -> bool {
        self.of(distribution).any(|rule| rule.libraries_by_need)
    }

    /// Whether a module of a distribution runs no files in an application, although it looks so.
    pub(super) fn runs_nothing_unseen(&self, distribution: usize, module: &str) -> bool {
        self.of(distribution)
            .any(|rule| rule.runs_nothing_unseen.iter().any(|name| is_or_below(module, name)))
    }

    /// Whether files of a distribution are packed that only developers want.
    pub(super) fn has_all_files(&self, distribution: usize) -> bool {
        self.of(distribution).any(|rule| rule.all_files)
    }

    /// Whether the C code of a distribution opens its files by their paths.
    pub(super) fn real_modules(&self, distribution: usize) -> impl Iterator<Item = &str> {
        self.of(distribution).flat_map(|rule| rule.real_modules.iter().map(String::as_str))
    }

    pub(super) fn has_real_files(&self, distribution: usize) -> bool {
        self.of(distribution).any(|rule| rule.real_files)
    }

    /// The modules that a distribution's modules need besides their imports.
    pub(super) fn followed(&self, distribution: usize) -> impl Iterator<Item = &str> {
        self.of(distribution).flat_map(|rule| rule.follow.iter().map(String::as_str))
    }

    /// The distributions that a distribution needs besides its requirements, by their normalised names.
    pub(super) fn beside(&self, distribution: usize) -> impl Iterator<Item = String> {
        self.of(distribution).flat_map(|rule| rule.beside.iter().map(|name| normalize(name)))
    }

    /// The packages of a distribution that are packed whole or not at all.
    pub(super) fn parts(&self, distribution: usize) -> impl Iterator<Item = &str> {
        self.of(distribution).flat_map(|rule| rule.parts.iter().map(String::as_str))
    }

    /// The one of them that a module is in.
    pub(super) fn part_of(&self, distribution: usize, module: &str) -> Option<&str> {
        self.parts(distribution).find(|part| is_or_below(module, part))
    }

    /// Whether all modules of a distribution are packed, if a rule says so or the contrary.
    pub(super) fn all_modules(&self, distribution: usize) -> Option<bool> {
        self.of(distribution).find_map(|rule| rule.all_modules)
    }
}

/// `c` of `a.b.c`.
pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether a dotted name is another one, or one below it.
fn is_or_below(module: &str, name: &str) -> bool {
    module.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A file of the user's.
struct Source<'s> {
    path: &'s Path,
    text: &'s str,
}

impl Source<'_> {
    fn parse<T: DeserializeOwned>(&self) -> Result<T, BundleError> {
        toml::from_str(self.text).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            let message = with_nearest_key(error.message());
            fault(Some(self), span, message)
        })
    }
}

/// The message about an unknown key, with the nearest known one.
fn with_nearest_key(message: &str) -> String {
    let mut names = message.split('`').skip(1).step_by(2);
    if !message.starts_with("unknown field") {
        return message.to_owned();
    }
    let Some(found) = names.next() else { return message.to_owned() };
    match interp_config::nearest(found, names) {
        Some(nearest) => format!("unknown key `{found}`; did you mean `{nearest}`?"),
        None => message.replace("unknown field", "unknown key"),
    }
}

/// The error for a place in a file. (In the built-in rules, which a test reads, there is none.)
fn fault(source: Option<&Source<'_>>, span: Range<usize>, message: String) -> BundleError {
    let (path, text) =
        source.map_or((Path::new("built-in rules"), ""), |source| (source.path, source.text));
    let before = text.get(..span.start).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or(before).chars().count() + 1;
    BundleError::from(Problem::Rules(Box::new(RuleError {
        path: path.to_owned(),
        line,
        column,
        message,
    })))
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, line, column, message } = self;
        write!(f, "{}:{line}:{column}: {message}", path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_can_be_read() {
        let file: File = toml::from_str(BUILT_IN).unwrap();
        for rule in &file.distribution {
            let versions = rule.versions.as_ref().map(|text| text.get_ref().as_str());
            assert!(
                versions.is_none_or(|text| VersionSpecifiers::from_str(text).is_ok()),
                "{}",
                rule.name.get_ref()
            );
            assert!(!rule.reason.is_empty(), "{}", rule.name.get_ref());
        }
    }

    #[test]
    fn faults_of_users_files_have_their_places() {
        let distributions = [Distribution {
            name: "Alpha".into(),
            normalized: "alpha".into(),
            version: Some("1.2".into()),
            ..Distribution::default()
        }];
        let check = |text: &str, expected: &str| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("rules.toml");
            std::fs::write(&path, text).unwrap();
            let found = Rules::read(&distributions, std::slice::from_ref(&path));
            let found = match found {
                Ok(rules) => format!("{} rules", rules.of(0).count()),
                Err(error) => error.to_string().replace(&path.display().to_string(), "rules.toml"),
            };
            assert_eq!(found, expected, "{text}");
        };
        let rule =
            |more: &str| format!("[[distribution]]\nname = \"alpha\"\nreason = \"x\"\n{more}");
        check(&rule(""), "1 rules");
        check(&rule("versions = \">=1, <2\""), "1 rules");
        check(&rule("versions = \">=2\""), "0 rules");
        check(&rule("leaves = []"), "rules.toml:4:1: unknown key `leaves`; did you mean `leave`?");
        check(
            "[[distribution]]\nname = \"alhpa\"\nreason = \"x\"",
            "rules.toml:2:8: no distribution `alhpa` is installed; did you mean `alpha`?",
        );
        let found =
            Rules::read(&distributions, &[PathBuf::from("/does/not/exist.toml")]).unwrap_err();
        assert!(found.to_string().contains("/does/not/exist.toml"), "{found}");
    }
}
