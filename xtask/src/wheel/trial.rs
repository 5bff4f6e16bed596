//! Tries a wheel: auditwheel judges its tag, and pip and uv install it into environments in which it has to work.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::bail;

use super::Tools;
use crate::child::said;
use crate::dist::Glibc;
use crate::environment;
use crate::progress::{Progress, Show, Status};
use crate::pythons::Python;
use crate::workspace;

/// Workers of each kind, and a module that only the environment has.
const APPLICATION: &str = "\
import multiprocessing
import of_the_environment

def square(number):
    return number * number

if __name__ == '__main__':
    for method in ('fork', 'forkserver', 'spawn'):
        with multiprocessing.get_context(method).Pool(2) as pool:
            print(method, sum(pool.map(square, range(5))), of_the_environment.NAME)
";
const EXPECTED: &str = "fork 30 here\nforkserver 30 here\nspawn 30 here\n";

pub(super) struct Trials<'a> {
    pub(super) progress: &'a Progress,
    pub(super) python: &'a Python,
    pub(super) tools: &'a Tools,
    pub(super) wheel: &'a Path,
    pub(super) folder: PathBuf,
}

impl Trials<'_> {
    /// The tag that auditwheel finds; an error when it finds that the wheel needs more than its tag.
    pub(super) fn judge(&self, glibc: Glibc) -> anyhow::Result<String> {
        let mut show = self.tools.module("auditwheel");
        let text = said(show.arg("show").arg(self.wheel))?;
        // Its lines are broken anywhere.
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let tag = words.split("platform tag: \"").nth(1).and_then(|rest| rest.split('"').next());
        let version = tag.and_then(|tag| {
            let mut parts = tag.strip_prefix("manylinux_2_")?.split('_');
            Some(Glibc::minor(parts.next()?.parse().ok()?))
        });
        match (tag, version) {
            (Some(tag), Some(version)) if version <= glibc => Ok(tag.to_owned()),
            _ => bail!(
                "auditwheel does not agree that the wheel needs no more than glibc {glibc}: {words}"
            ),
        }
    }

    pub(super) fn with_pip(&self) -> anyhow::Result<()> {
        let environment = self.folder.join("pip");
        let wheel = self.wheel.to_string_lossy();
        let made =
            environment::make(self.progress, self.python, &environment, &[&wheel], "the wheel")?;
        if made.is_none() {
            bail!("pip does not install the wheel");
        }
        self.works(&environment)
    }

    pub(super) fn with_uv(&self) -> anyhow::Result<()> {
        let environment = self.folder.join("uv");
        let mut make = self.tools.module("uv");
        make.args(["venv", "--quiet", "--clear", "--no-project", "--python"]);
        make.arg(&self.python.executable).arg(&environment);
        let mut install = self.tools.module("uv");
        install.args(["pip", "install", "--quiet", "--python"]).arg(&environment).arg(self.wheel);
        for command in [&mut make, &mut install] {
            let finished = self.progress.run("the wheel: uv", command, Show::AtFailure)?;
            if finished.status == Status::Failed {
                bail!("uv does not install the wheel");
            }
        }
        self.works(&environment)
    }

    /// Builds and runs an application in that environment, by the command and by `python -m`.
    fn works(&self, environment: &Path) -> anyhow::Result<()> {
        let scripts = environment.join("bin");
        let interpreter = environment::interpreter(environment);
        let site = "import sysconfig; print(sysconfig.get_path('purelib'), end='')";
        let packages = said(Command::new(&interpreter).args(["-I", "-c", site]))?;
        workspace::write(&Path::new(&packages).join("of_the_environment.py"), "NAME = 'here'\n")?;
        let application = self.folder.join("application.py");
        workspace::write(&application, APPLICATION)?;
        let by_module = [interpreter.as_os_str(), "-m".as_ref(), "coldframe".as_ref()];
        for (name, command) in
            [("command", &[scripts.join("coldframe").as_os_str()][..]), ("module", &by_module)]
        {
            let output = self.folder.join(format!("built-by-{name}"));
            let _ = fs::remove_file(&output);
            let mut build = clean(command);
            build.arg("build").arg(&application).arg("--output").arg(&output);
            said(build.arg("--cache-dir").arg(self.folder.join("cache")))?;
            let printed = said(&mut clean(&[output.as_os_str()]))?;
            if printed != EXPECTED {
                bail!("an application that the {name} has built printed `{}`", printed.trim());
            }
        }
        Ok(())
    }
}

/// A command that finds no other program, and no environment that is active.
fn clean(command: &[&std::ffi::OsStr]) -> Command {
    let mut made = Command::new(command.first().copied().unwrap_or_default());
    made.args(command.iter().skip(1)).env_remove("VIRTUAL_ENV").env("PATH", "/nowhere");
    made
}
