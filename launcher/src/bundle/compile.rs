//! Compiles modules in several Python processes at once.
//!
//! A thread of ours stands before each process. Which process compiles which module is chance; the answers are put
//! into the order of the questions, and `marshal` sees to it that their bytes do not depend on chance either.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use interp_config::OptimizationLevel;

use super::imports;
use super::marshal::Graph;
use super::protocol::{self, Introduction, Opcodes, Reply};
use super::{Broken, BundleError, PythonInstallation};

/// How to start a compile process: a Python (or the launcher as one) that runs [`COMPILE_WORKER`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileCommand {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Environment variables beside those of this process.
    pub environment: Vec<(OsString, OsString)>,
}

/// The program that a compile process runs (`python/compile_worker.py`); everything it imports is inside the interpreter, but `warnings`.
pub const COMPILE_WORKER: &str = include_str!("../python/compile_worker.py");

/// Whether the builder wants to know if a module has an `if __name__ == "__main__"` at its top level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum MainGuardQuestion {
    #[default]
    NotAsked,
    Asked,
}

/// How closely a module's code is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// Not at all: the standard library needs nothing but itself.
    Nothing,
    Imports,
}

/// A module to be compiled.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job<'a> {
    /// Its path in the archive, which its code will carry.
    pub(super) path: &'a str,
    /// Where it lies, for messages.
    pub(super) location: &'a Path,
    pub(super) source: &'a [u8],
    pub(super) guard: MainGuardQuestion,
    pub(super) scan: Scan,
}

/// A compiled module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Compiled {
    pub(super) code: Vec<u8>,
    pub(super) main_guard: bool,
    /// Dotted names of what it imports.
    pub(super) imports: BTreeSet<String>,
    /// Names used at its top level.
    pub(super) names: BTreeSet<String>,
    /// Whether the bytes could be read, put into canonical form and scanned.
    pub(super) understood: bool,
}

/// The running compile processes.
#[derive(Debug)]
pub(super) struct Compilers {
    workers: Vec<Worker>,
    level: OptimizationLevel,
}

impl Compilers {
    /// Starts them; `count` is how many, or as many as the machine can run.
    pub(super) fn start(
        command: &CompileCommand,
        count: Option<NonZeroUsize>,
        python: &PythonInstallation,
        level: OptimizationLevel,
    ) -> Result<Self, BundleError> {
        let count =
            count.or_else(|| thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get);
        // All are started before the first is asked: they boot at the same time.
        let mut workers =
            (0..count).map(|_| Worker::spawn(command)).collect::<Result<Vec<_>, _>>()?;
        for worker in &mut workers {
            worker.introduce(command, python)?;
        }
        Ok(Self { workers, level })
    }

    /// Compiles all of them; the answers come in the order of the questions.
    pub(super) fn compile(
        &mut self,
        jobs: &[Job<'_>],
        mut each: impl FnMut(&Job<'_>),
    ) -> Result<Vec<Result<Compiled, Broken>>, BundleError> {
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

#[derive(Debug)]
struct Worker {
    child: Child,
    requests: Option<BufWriter<ChildStdin>>,
    replies: ChildStdout,
    /// A file, not a pipe: nobody reads it while the process lives.
    stderr: File,
    version_minor: u8,
    opcodes: Option<Opcodes>,
}

impl Worker {
    fn spawn(command: &CompileCommand) -> Result<Self, BundleError> {
        let start_error =
            |source| BundleError::WorkerStart { program: command.program.clone(), source };
        let stderr = tempfile::tempfile().map_err(start_error)?;
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            // The order of sets of strings; ours is canonical, but the compiler itself may iterate over one.
            .env("PYTHONHASHSEED", "0")
            .envs(command.environment.iter().map(|(key, value)| (key, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(stderr.try_clone().map_err(start_error)?)
            .spawn()
            .map_err(start_error)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let Some((requests, replies)) = pipes else {
            return Err(start_error(std::io::ErrorKind::BrokenPipe.into()));
        };
        let requests = Some(BufWriter::with_capacity(1 << 16, requests));
        Ok(Self { child, requests, replies, stderr, version_minor: 0, opcodes: None })
    }

    fn introduce(
        &mut self,
        command: &CompileCommand,
        python: &PythonInstallation,
    ) -> Result<(), BundleError> {
        let frame = protocol::read_frame(&mut self.replies).ok();
        let Some(Introduction { version, bytecode_magic, opcodes }) =
            frame.as_deref().and_then(protocol::parse_introduction)
        else {
            return Err(self.death(&command.program, "did not start"));
        };
        let wanted = (python.version.0, python.version.1);
        if (version, bytecode_magic) != (wanted, python.bytecode_magic) {
            let text =
                |(major, minor): (u8, u8), magic| format!("{major}.{minor} (bytecode {magic})");
            return Err(BundleError::WorkerVersion {
                found: text(version, bytecode_magic),
                wanted: text(wanted, python.bytecode_magic),
            });
        }
        self.version_minor = version.1;
        self.opcodes = Some(opcodes);
        Ok(())
    }

    /// Compiles what `take` gives until there is no more. The next module is on its way to the process before the last
    /// answer is looked at, so that neither waits for the other.
    fn work(
        &mut self,
        jobs: &[Job<'_>],
        level: OptimizationLevel,
        take: impl Fn() -> Option<usize>,
        answer: impl Fn(usize, Result<Result<Compiled, Broken>, BundleError>) -> bool,
    ) {
        let next = || take().and_then(|index| Some((index, jobs.get(index)?)));
        let mut current = next();
        if let Some((index, job)) = current
            && let Err(error) = self.ask(job, level)
        {
            answer(index, Err(error));
            return;
        }
        while let Some((index, job)) = current {
            let reply =
                protocol::read_frame(&mut self.replies).ok().and_then(protocol::parse_reply);
            let Some(reply) = reply else {
                answer(index, Err(self.death(job.location, "ended")));
                return;
            };
            current = next();
            let asked = current.map_or(Ok(()), |(_, job)| self.ask(job, level));
            let more = answer(index, Ok(self.look_at(job, reply)));
            if let (Err(error), Some((index, _))) = (asked, current) {
                answer(index, Err(error));
                return;
            }
            if !more {
                return;
            }
        }
    }

    fn ask(&mut self, job: &Job<'_>, level: OptimizationLevel) -> Result<(), BundleError> {
        let written = self.requests.as_mut().map(|requests| {
            protocol::write_request(requests, job.path, job.source, level, job.guard)
        });
        match written {
            Some(Ok(())) => Ok(()),
            Some(Err(error)) => {
                Err(self.death(job.location, &format!("could not be asked ({error})")))
            }
            None => Err(self.death(job.location, "ended")),
        }
    }

    fn look_at(&self, job: &Job<'_>, reply: Reply) -> Result<Compiled, Broken> {
        match reply {
            Reply::Broken { line, message, text } => {
                Err(Broken { file: job.location.to_owned(), line, message, text })
            }
            Reply::Compiled { main_guard, code } => {
                let graph = Graph::parse(&code, self.version_minor);
                let (imports, names) = match (&graph, self.opcodes, job.scan) {
                    (Some(graph), Some(opcodes), Scan::Imports) => {
                        (imports::imports(graph, opcodes), imports::top_level_names(graph))
                    }
                    (_, _, Scan::Imports | Scan::Nothing) => Default::default(),
                };
                let canonical = graph.map(|graph| graph.write());
                let understood = canonical.is_some();
                Ok(Compiled {
                    code: canonical.unwrap_or(code),
                    main_guard,
                    imports,
                    names,
                    understood,
                })
            }
        }
    }

    /// The error for a process that does not answer any more.
    fn death(&mut self, module: &Path, what: &str) -> BundleError {
        // Closing its input lets a process that is only confused come to an end.
        self.requests = None;
        // It may be a program that does not read its input at all.
        let _already_gone = self.child.kill();
        let reason = match self.child.wait() {
            Ok(status) => format!("{what} ({status})"),
            Err(error) => format!("{what} ({error})"),
        };
        BundleError::Worker { module: module.to_owned(), reason, stderr: self.last_words() }
    }

    fn last_words(&mut self) -> String {
        let mut text = Vec::new();
        let _unreadable =
            self.stderr.seek(SeekFrom::Start(0)).and_then(|_| self.stderr.read_to_end(&mut text));
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        lines.get(lines.len().saturating_sub(3)..).unwrap_or_default().join(" | ")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It ends by itself when its input ends; killing makes sure of it when it is in the middle of something.
        self.requests = None;
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
    }
}
