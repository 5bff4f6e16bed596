//! Compiles modules, but those whose code is kept: the one way to bytecode, for a whole archive and for modules that have changed.

use std::rc::Rc;

use super::compile::{CompileProcesses, Compiled, Job, MainGuardQuestion};
use super::kept_code::KeptCode;
use super::{Broken, BundleError, BundleRequest, Problem};

/// The compile processes of a build, and the code that earlier builds have kept.
#[derive(Debug)]
pub(super) struct Compiler<'r> {
    processes: CompileProcesses<'r>,
    kept: KeptCode<'r>,
}

impl<'r> Compiler<'r> {
    pub(super) fn new(request: &'r BundleRequest<'r>) -> Self {
        let (python, level) = (request.python, request.optimization);
        Self {
            processes: CompileProcesses::new(request.compile, request.jobs, python, level),
            kept: KeptCode::new(request),
        }
    }

    /// Compiles modules, each of a group in which its code is kept, or of none. `progress` gets a module that was compiled,
    /// the number of those that are done, and the number of all.
    pub(super) fn compile(
        &mut self,
        jobs: &[(Job<'_>, Option<Rc<str>>)],
        progress: &mut dyn FnMut(&Job<'_>, usize, usize),
    ) -> Result<Vec<Result<Compiled, Broken>>, BundleError> {
        let mut answers: Vec<Option<Result<Compiled, Broken>>> = Vec::new();
        let mut rest = Vec::new();
        for (job, group) in jobs {
            let kept = group.as_ref().and_then(|group| self.kept.get(group, job));
            if kept.is_none() {
                rest.push((*job, group.clone()));
            }
            answers.push(kept.map(Ok));
        }
        let (mut done, total) = (0, rest.len());
        let new: Vec<Job<'_>> = rest.iter().map(|(job, _)| *job).collect();
        let compiled = self.processes.compile(&new, |job| {
            done += 1;
            progress(job, done, total);
        })?;
        for ((job, group), answer) in rest.iter().zip(&compiled) {
            if let (Some(group), Ok(compiled)) = (group, answer) {
                self.kept.put(group, job, compiled);
            }
        }
        let mut compiled = compiled.into_iter();
        Ok(answers.into_iter().filter_map(|kept| kept.or_else(|| compiled.next())).collect())
    }

    /// Compiles a text that is not packed, to find its mistakes.
    pub(super) fn compile_only(&mut self, name: &str, source: &str) -> Result<(), BundleError> {
        let job = Job {
            path: name,
            location: name.as_ref(),
            source: source.as_bytes(),
            guard: MainGuardQuestion::NotAsked,
        };
        match self.processes.compile(&[job], |_| {})?.pop() {
            Some(Err(broken)) => Err(Problem::Broken(vec![broken]).into()),
            Some(Ok(_)) | None => Ok(()),
        }
    }

    /// Keeps the new code for the next build.
    pub(super) fn write_kept(&mut self) {
        self.kept.write();
    }
}
