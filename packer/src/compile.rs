//! Compiles modules in several Python processes at once.
//!
//! A thread of ours stands before each process. Which process compiles which module is chance; the answers are put
//! into the order of the questions, and `marshal` sees to it that their bytes do not depend on chance either.

mod worker;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use interp_config::OptimizationLevel;
use worker::Worker;

use super::{Broken, BundleError, PythonInstallation};

/// The command of a compile process: a Python (or the launcher as one) that runs [`COMPILE_WORKER`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Environment variables beside those of this process.
    pub environment: Vec<(OsString, OsString)>,
}

/// The program that a compile process runs (`python/compile_worker.py`); everything it imports is inside the interpreter, but
/// `warnings`.
pub const COMPILE_WORKER: &str = include_str!("python/compile_worker.py");

/// Whether the builder wants to know if a module has an `if __name__ == "__main__"` at its top level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum MainGuardQuestion {
    #[default]
    NotAsked,
    Asked,
}

/// A module to be compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    /// Its path in the archive, which its code will carry.
    pub(super) path: &'a str,
    /// The path of its file, for messages.
    pub(super) location: &'a Path,
    pub(super) source: &'a [u8],
    pub(super) guard: MainGuardQuestion,
}

/// A compiled module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compiled {
    pub(super) code: Vec<u8>,
    pub(super) main_guard: bool,
    /// The line that sets the start method of `multiprocessing`, if one does.
    pub(super) sets_start_method: Option<u32>,
    /// The compile process's answer before the code, as it came.
    pub(super) head: Vec<u8>,
}

/// The number of modules for each process: a small application is done before a second process has booted.
const MODULES_PER_PROCESS: usize = 8;

/// The compile processes, started when there is work for them.
#[derive(Debug)]
pub(super) struct CompileProcesses<'r> {
    command: &'r CompileCommand,
    python: &'r PythonInstallation,
    /// The number of processes that may run at once.
    limit: usize,
    workers: Vec<Worker>,
    level: OptimizationLevel,
}

impl<'r> CompileProcesses<'r> {
    /// `limit` is how many may run at once; without it, as many as the machine can run.
    pub(super) fn new(
        command: &'r CompileCommand,
        limit: Option<NonZeroUsize>,
        python: &'r PythonInstallation,
        level: OptimizationLevel,
    ) -> Self {
        let limit =
            limit.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        Self { command, python, limit, workers: Vec::new(), level }
    }

    fn start(&mut self, modules: usize) -> Result<(), BundleError> {
        let wanted = self.limit.min(modules.div_ceil(MODULES_PER_PROCESS));
        let missing = wanted.saturating_sub(self.workers.len());
        // All are started before the first is asked: they boot at the same time.
        let mut new =
            (0..missing).map(|_| Worker::spawn(self.command)).collect::<Result<Vec<_>, _>>()?;
        for worker in &mut new {
            worker.introduce(self.command, self.python)?;
        }
        self.workers.append(&mut new);
        Ok(())
    }

    /// Compiles all of them; the answers come in the order of the questions.
    pub(super) fn compile(
        &mut self,
        jobs: &[Job<'_>],
        mut each: impl FnMut(&Job<'_>),
    ) -> Result<Vec<Result<Compiled, Broken>>, BundleError> {
        self.start(jobs.len())?;
        // The largest first, so that no process is left alone with a large one at the end.
        let mut order: Vec<usize> = (0..jobs.len()).collect();
        order.sort_by_key(|&index| {
            (std::cmp::Reverse(jobs.get(index).map_or(0, |job| job.source.len())), index)
        });
        let (order, next, failed) = (&order, &AtomicUsize::new(0), &AtomicBool::new(false));
        let level = self.level;

        let mut answers: Vec<Option<Result<Compiled, Broken>>> =
            jobs.iter().map(|_| None).collect();
        let mut failure: Option<(usize, BundleError)> = None;
        thread::scope(|scope| {
            let (sender, receiver) = mpsc::channel();
            for worker in &mut self.workers {
                let sender = sender.clone();
                scope.spawn(move || {
                    let take = || {
                        let taken = next.fetch_add(1, Ordering::Relaxed);
                        if failed.load(Ordering::Relaxed) {
                            None
                        } else {
                            order.get(taken).copied()
                        }
                    };
                    worker.work(jobs, level, take, |index, answer| {
                        if answer.is_err() {
                            failed.store(true, Ordering::Relaxed);
                        }
                        // The receiver lives until all senders are gone.
                        sender.send((index, answer)).is_ok()
                    });
                });
            }
            drop(sender);
            for (index, answer) in receiver {
                match answer {
                    Ok(answer) => {
                        if let Some(job) = jobs.get(index) {
                            each(job);
                        }
                        if let Some(place) = answers.get_mut(index) {
                            *place = Some(answer);
                        }
                    }
                    // When several fail, the first module in order is named.
                    Err(error) if failure.as_ref().is_none_or(|(earlier, _)| index < *earlier) => {
                        failure = Some((index, error));
                    }
                    Err(_) => {}
                }
            }
        });
        match failure {
            Some((_, error)) => Err(error),
            None => Ok(answers.into_iter().flatten().collect()),
        }
    }
}
