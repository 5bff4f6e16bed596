//! Notes for the user on a search.

use super::index::NodeId;
use super::{Cause, Certainty, Owner, Search, is_editable_pair, is_finder};
use crate::pattern::Pattern;
use crate::source::{Import, ImportPlace};
use crate::{BundleError, LeftOut, Problem, Warning};

/// Signs that count in packages too: they run files that a user names.
const RUNNERS_OF_FILES: &[&str] = &[
    "InteractiveConsole",
    "SourceFileLoader",
    "interact",
    "load_source",
    "run_module",
    "run_path",
    "spec_from_file_location",
];

impl Search<'_, '_> {
    pub(super) fn is_standard(&mut self, first: &str) -> bool {
        let request = self.request;
        *self.is_standard.entry(first.to_owned()).or_insert_with(|| {
            crate::stdlib::is_standard(request, first)
                || request.python.builtin_modules.iter().any(|name| name == first)
                || request.python.standard_names.iter().any(|name| name == first)
        })
    }

    /// Notes a sign that code may run which nobody has seen, and which may import anything.
    pub(super) fn note_unseen(
        &mut self,
        id: NodeId,
        owner: Owner,
        certainty: Certainty,
        sign: &'static str,
        line: u32,
    ) {
        let counts = match owner {
            Owner::Application => true,
            // Packages start programs of their own, and run code that they have made.
            Owner::Distribution(distribution) => {
                let name = self.index.node(id).map_or("", |node| node.name);
                certainty == Certainty::Needed
                    && RUNNERS_OF_FILES.contains(&sign)
                    && !self.rules.runs_nothing_unseen(distribution, name)
            }
            Owner::Standard => false,
        };
        if counts && self.unseen.is_none() {
            let file = self.index.node(id).map_or("", |node| node.path()).to_owned();
            self.unseen = Some((file, line, sign));
        }
    }

    pub(super) fn note_missing(&mut self, from: NodeId, name: &str, import: &Import) {
        let Some(node) = self.index.node(from).filter(|node| node.owner != Owner::Standard) else {
            return;
        };
        let is_doubt =
            matches!(self.arrivals.get(from), Some(Some(arrival)) if arrival.certainty.is_doubt());
        let is_optional = import.place.is_optional() || is_doubt;
        self.missing.insert((name.to_owned(), node.path().to_owned(), import.line, is_optional));
    }

    pub(super) fn note_excluded(
        &mut self,
        from: NodeId,
        pattern: usize,
        name: &str,
        import: &Import,
    ) {
        let Some(node) = self.index.node(from) else { return };
        if import.place == ImportPlace::Top && node.name != name {
            let file = node.path().to_owned();
            let known = |warning: &Warning| matches!(warning, Warning::ExcludedNeeded { pattern: known, .. } if *known == pattern.to_string());
            if !self.result.warnings.iter().any(known) {
                self.result.warnings.push(Warning::ExcludedNeeded {
                    // Its text is put in when all is known.
                    pattern: pattern.to_string(),
                    import: name.to_owned(),
                    file,
                    line: import.line,
                });
            }
        }
    }

    /// Puts the texts of patterns into the warnings that name them by number.
    pub(super) fn warn_of_excluded(&mut self, exclude: &[Pattern]) {
        for warning in &mut self.result.warnings {
            if let Warning::ExcludedNeeded { pattern, .. } = warning
                && let Some(found) = pattern.parse().ok().and_then(|at: usize| exclude.get(at))
            {
                found.text().clone_into(pattern);
            }
        }
    }

    pub(super) fn leave_out(
        &mut self,
        from: NodeId,
        distribution: usize,
        cause: &Cause,
        why: &'static str,
    ) {
        let (Some(node), Some(distribution)) =
            (self.index.node(from), self.distributions.get(distribution))
        else {
            return;
        };
        let (import, line) = match cause {
            Cause::Import { name, line, .. } => (name.clone(), *line),
            Cause::PlugIn { group, .. } => (group.clone(), 0),
            _other => (String::new(), 0),
        };
        let known = |left: &LeftOut| left.distribution == distribution.name;
        if !self.result.left_out.iter().any(known) {
            self.result.left_out.push(LeftOut {
                distribution: distribution.name.clone(),
                import,
                file: node.path().to_owned(),
                line,
                why,
            });
        }
    }

    /// An error when a needed package is served by an import hook of its editable installation: its files are not known.
    pub(super) fn check_editable(&self) -> Result<(), BundleError> {
        for distribution in
            self.chosen.keys().filter_map(|distribution| self.distributions.get(*distribution))
        {
            let Some(location) = &distribution.editable else { continue };
            let has_modules = distribution
                .entries
                .iter()
                .any(|entry| entry.module().is_some() && !is_finder(entry))
                || self.chosen.keys().any(|other| {
                    self.distributions
                        .get(*other)
                        .is_some_and(|other| is_editable_pair(distribution, other))
                });
            if !has_modules {
                return Err(Problem::Editable {
                    name: distribution.name.clone(),
                    location: location.clone(),
                }
                .into());
            }
        }
        Ok(())
    }
}
