//! The way from the application to each module: the first import of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;

/// The longest text that is believed: a damaged archive may say anything.
const LONGEST: u64 = 256 << 20;

/// One step: a module or a distribution, and why it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Its name.
    pub name: String,
    /// The module that brought it; nothing where the chain begins.
    pub by: Option<String>,
    /// The way, as a sentence without its subject, which is `name`.
    pub how: String,
}

/// All steps of an archive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    modules: BTreeMap<String, (Option<String>, String)>,
    /// The module that came first, or the distribution that required it, by normalised name.
    distributions: BTreeMap<String, (String, String)>,
}

impl Trace {
    pub(crate) fn module(&mut self, name: &str, by: Option<&str>, how: String) {
        self.modules.insert(name.to_owned(), (by.map(str::to_owned), how));
    }

    pub(crate) fn distribution(&mut self, name: &str, first: &str, how: String) {
        self.distributions.insert(name.to_owned(), (first.to_owned(), how));
    }

    /// The chain from the application to a module or a distribution, its end first; nothing for one that is not packed.
    pub fn explain(&self, name: &str) -> Option<Vec<Step>> {
        let normalized = crate::distribution_name::normalize(name);
        let mut steps = Vec::new();
        let mut next = if self.modules.contains_key(name) {
            name.to_owned()
        } else {
            let (first, how) = self.distributions.get(&normalized)?;
            steps.push(Step {
                name: normalized.clone(),
                by: Some(first.clone()),
                how: how.clone(),
            });
            first.clone()
        };
        // Each step was reached earlier than the one before it, so that chains end; a damaged archive's may not.
        while steps.len() <= self.modules.len() + self.distributions.len() {
            let Some((by, how)) = self.modules.get(&next).cloned().or_else(|| {
                let (by, how) = self.distributions.get(&next)?;
                Some((Some(by.clone()), how.clone()))
            }) else {
                break;
            };
            steps.push(Step { name: next, by: by.clone(), how });
            match by {
                Some(by) => next = by,
                None => break,
            }
        }
        Some(steps)
    }

    /// The names nearest to one that is not there.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.distributions.keys().chain(self.modules.keys()).map(String::as_str)
    }

    /// The trace as text: lines with a letter, and parts between tabs.
    pub(crate) fn to_text(&self) -> String {
        let mut text = String::new();
        let plain = |text: &str| text.replace(['\t', '\n'], " ");
        for (name, (by, how)) in &self.modules {
            // A module that no other leads to has no name there; `parse` reads it so.
            let by = by.as_deref().unwrap_or_default();
            let _ = writeln!(text, "m\t{name}\t{by}\t{}", plain(how));
        }
        for (name, (first, how)) in &self.distributions {
            let _ = writeln!(text, "d\t{name}\t{first}\t{}", plain(how));
        }
        text
    }

    /// The value of the attribute [`TRACE`](manifest::TRACE).
    pub(crate) fn pack(&self) -> Vec<u8> {
        // Memory is all that could be missing, and then nothing goes on.
        zstd::encode_all(self.to_text().as_bytes(), 9).unwrap_or_default()
    }

    /// Reads that attribute; a damaged one is empty, for the trace only explains.
    pub fn unpack(bytes: &[u8]) -> Self {
        let mut text = String::new();
        let read = zstd::Decoder::new(bytes)
            .and_then(|decoder| decoder.take(LONGEST).read_to_string(&mut text));
        if read.is_ok() { Self::parse(&text) } else { Self::default() }
    }

    /// Reads that text; lines of another shape are passed over.
    pub fn parse(text: &str) -> Self {
        let mut trace = Self::default();
        for line in text.lines() {
            let parts: Vec<&str> = line.splitn(4, '\t').collect();
            match parts.as_slice() {
                ["m", name, "", how] => trace.module(name, None, (*how).to_owned()),
                ["m", name, by, how] => trace.module(name, Some(by), (*how).to_owned()),
                ["d", name, first, how] => trace.distribution(name, first, (*how).to_owned()),
                _other => {}
            }
        }
        trace
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_lead_to_the_beginning_and_end() {
        let mut trace = Trace::default();
        trace.module("__main__", None, "is run".into());
        trace.module("a", Some("__main__"), "`__main__.py`, line 1, imports `a`".into());
        trace.module("b.c", Some("a"), "`a.py`, line 2, imports `b.c`".into());
        trace.distribution("bee-dist", "b.c", "holds `b.c`".into());
        // As only a damaged archive may have it.
        trace.module("x", Some("y"), "in a circle".into());
        trace.module("y", Some("x"), "in a circle".into());
        assert_eq!(Trace::parse(&trace.to_text()), trace);
        let names = |name: &str| {
            let steps = trace.explain(name);
            steps.map(|steps| steps.into_iter().map(|step| step.name).collect::<Vec<_>>())
        };
        assert_eq!(names("Bee_Dist").unwrap(), ["bee-dist", "b.c", "a", "__main__"]);
        assert_eq!(names("a").unwrap(), ["a", "__main__"]);
        assert_eq!(names("nothing"), None);
        assert!(names("x").unwrap().len() < 10);
    }
}
