//! One compile process, seen from our side.

use std::fs::File;
use std::io::{BufWriter, Read, Seek, SeekFrom};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use interp_config::OptimizationLevel;

use super::{CompileCommand, Compiled, Job};
use crate::marshal::Graph;
use crate::protocol::{self, Introduction, Reply};
use crate::{Broken, BundleError, Problem, PythonInstallation};

#[derive(Debug)]
pub(super) struct Worker {
    child: Child,
    requests: Option<BufWriter<ChildStdin>>,
    replies: ChildStdout,
    /// A file, not a pipe: nobody reads it while the process lives.
    stderr: File,
    version_minor: u8,
}

impl Worker {
    pub(super) fn spawn(command: &CompileCommand) -> Result<Self, BundleError> {
        let start_error = |source| {
            BundleError::from(Problem::WorkerStart { program: command.program.clone(), source })
        };
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
        Ok(Self { child, requests, replies, stderr, version_minor: 0 })
    }

    pub(super) fn introduce(
        &mut self,
        command: &CompileCommand,
        python: &PythonInstallation,
    ) -> Result<(), BundleError> {
        let frame = protocol::read_frame(&mut self.replies).ok();
        let Some(Introduction { version, bytecode_magic }) =
            frame.as_deref().and_then(protocol::parse_introduction)
        else {
            return Err(self.death(&command.program, "did not start"));
        };
        let wanted = (python.version.0, python.version.1);
        if (version, bytecode_magic) != (wanted, python.bytecode_magic) {
            let text =
                |(major, minor): (u8, u8), magic| format!("{major}.{minor} (bytecode {magic})");
            return Err(Problem::WorkerVersion {
                found: text(version, bytecode_magic),
                wanted: text(wanted, python.bytecode_magic),
            }
            .into());
        }
        self.version_minor = version.1;
        Ok(())
    }

    /// Compiles the modules that `take` gives until there are no more. The next module is on its way to the process before
    /// the last answer is looked at, so that neither waits for the other.
    pub(super) fn work(
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
            Reply::Compiled { main_guard, sets_start_method, code, head } => {
                let canonical = Graph::parse(&code, self.version_minor).map(|graph| graph.write());
                let code = canonical.unwrap_or(code);
                Ok(Compiled { code, main_guard, sets_start_method, head })
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
        BundleError::from(Problem::Worker {
            module: module.to_owned(),
            reason,
            stderr: self.last_words(),
        })
    }

    fn last_words(&mut self) -> String {
        let mut text = Vec::new();
        let _unreadable =
            self.stderr.seek(SeekFrom::Start(0)).and_then(|_| self.stderr.read_to_end(&mut text));
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let (_, last) = lines.split_at(lines.len().saturating_sub(3));
        last.join(" | ")
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
