//! The rows that are about no application: memory of a build with large files, and start-up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use xtask::environment;
use xtask::progress::{Progress, Show, Status};
use xtask::pythons::Python;

use super::environments::Environments;
use super::limits::{Figure, Limit};
use super::list;
use super::made::{Form, build, remove};
use super::measured::Cost;
use crate::bench::{Measured, NUMPY, milliseconds, pairs};

/// Makes the environment of large files.
const LARGE: &str = include_str!("large.py");

/// How many bytes are in it.
const LARGE_SIZE: u64 = 7_000_000_000;

/// The results of these rows.
#[derive(Debug, Default)]
pub(super) struct Others {
    /// The build with large files.
    pub(super) memory: Option<Cost>,
    /// Start-up, of each program in each form.
    pub(super) started: Vec<Started>,
}

/// A program in one form, beside `python -I`.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) form: Form,
    pub(super) measured: Measured,
}

impl Others {
    pub(super) fn figures(&self) -> Vec<Figure> {
        let memory = self.memory.map(|cost| Figure {
            limit: Limit::Memory,
            application: "weights".to_owned(),
            environment: "7 GB",
            value: cost.all / 1e6,
        });
        let started = self.started.iter().filter(|started| started.form == Form::Compressed);
        let started = started.map(|started| Figure {
            limit: Limit::StartCompressed,
            application: started.measured.name.to_owned(),
            environment: "own",
            value: started.measured.ratio,
        });
        memory.into_iter().chain(started).collect()
    }

    /// Lines for people.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(cost) = self.memory {
            lines.push(format!(
                "* Memory of `build` with an environment of 7 GB: {:.0} MB in its largest process, {:.0} MB in all of them, in {:.1} s",
                cost.largest / 1e6,
                cost.all / 1e6,
                cost.time
            ));
        }
        for Started { form, measured } in &self.started {
            lines.push(format!(
                "* Start-up of {} by {}: {:.1} ms, and {:.1} ms by `python -I` ({:.2})",
                measured.name,
                form.name(),
                milliseconds(measured.built),
                milliseconds(measured.python),
                measured.ratio
            ));
        }
        lines
    }

    pub(super) fn as_json(&self) -> Value {
        let started = self.started.iter().map(|Started { form, measured }| {
            json!({
                "program": measured.name, "form": form.name(), "python_ms": milliseconds(measured.python),
                "built_ms": milliseconds(measured.built), "ratio": measured.ratio,
            })
        });
        json!({
            "memory": self.memory.map(Cost::as_json), "started": started.collect::<Vec<_>>(),
        })
    }
}

/// The tools and folders for these rows.
pub(super) struct Rows<'a> {
    pub(super) progress: &'a Progress,
    pub(super) python: &'a Python,
    pub(super) launcher: &'a Path,
    pub(super) environments: &'a Environments<'a>,
    pub(super) folder: PathBuf,
    pub(super) forms: &'a [Form],
    pub(super) pairs: u32,
}

impl Rows<'_> {
    /// Programs against `python -I`, in pairs.
    pub(super) fn started(&self) -> anyhow::Result<Vec<Started>> {
        remove(&self.folder)?;
        fs::create_dir_all(&self.folder)
            .with_context(|| format!("could not make `{}`", self.folder.display()))?;
        let mut started = Vec::new();
        for (name, application, program) in
            [("hello", "hello", "print('hello')\n"), ("numpy", "numpy-scipy", NUMPY)]
        {
            let script = self.script(&format!("{name}-line.py"), program)?;
            let [application] = list::chosen(&[application.to_owned()])?[..] else {
                bail!("there is no application for the start-up of {name}");
            };
            let venv = self.environments.own(application)?;
            for form in self.forms.iter().copied().filter(|form| form.is_ours()) {
                let built = self.folder.join(format!("{name}-{}", form.name().replace(' ', "")));
                let mut command = self.build(&script, &built, &venv);
                if form == Form::Compressed {
                    command.arg("--compress");
                }
                let label = format!("start-up of {name}: {}", form.name());
                let status = self.progress.run(&label, &mut command, Show::AtFailure)?.status;
                if status == Status::Failed {
                    continue;
                }
                self.progress.note(&label);
                let times = pairs(&environment::interpreter(&venv), &script, &built, self.pairs)?;
                let measured = Measured::from_pairs(name, &times);
                started.extend(measured.map(|measured| Started { form, measured }));
            }
        }
        Ok(started)
    }

    /// The build with large files. All of it is removed afterwards: it takes more space than everything else.
    pub(super) fn memory(&self) -> anyhow::Result<Option<Cost>> {
        let venv = self.folder.join("large");
        let mut make = Command::new(&self.python.executable);
        make.args(["-I", "-m", "venv", "--without-pip"]).arg(&venv);
        let packages = format!("lib/python3.{}/site-packages", self.python.version.minor);
        let mut fill = Command::new(&self.python.executable);
        fill.args(["-I", "-c", LARGE]).arg(venv.join(packages)).arg(LARGE_SIZE.to_string());
        for (label, command) in
            [("an environment for large files", &mut make), ("7 GB of large files", &mut fill)]
        {
            if self.progress.run(label, command, Show::AtFailure)?.status == Status::Failed {
                bail!("{label} could not be made");
            }
        }
        let script = self.script("weigh.py", "import weights\nprint(len(weights.names()))\n")?;
        let built = self.folder.join("weigh");
        let command = self.build(&script, &built, &venv);
        let label = "build with 7 GB of large files";
        let cost = Cost::of(self.progress, label, &self.python.executable, &command)?;
        // An executable without the files would have been easy to build.
        let size = fs::metadata(&built).map_or(0, |metadata| metadata.len());
        remove(&self.folder)?;
        if cost.is_some() && size < LARGE_SIZE {
            bail!("the executable with 7 GB of large files has only {size} bytes");
        }
        Ok(cost)
    }

    fn script(&self, name: &str, program: &str) -> anyhow::Result<PathBuf> {
        let script = self.folder.join(name);
        crate::bench::write(&script, program)?;
        Ok(script)
    }

    fn build(&self, script: &Path, built: &Path, venv: &Path) -> Command {
        let mut build = build(self.launcher, script, built, &self.folder.join("cache"));
        build.arg("--venv").arg(venv);
        build
    }
}
