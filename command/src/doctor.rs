//! `coldframe doctor`: findings, problems, and the way out of each.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use interp_config::{PythonInterpreterConfig, StartMethodSetting};
use launcher::command_parts::{
    LINKAGE, Linkage, PYTHON_BUILD, PYTHON_VERSION, start_method_decision,
};
use launcher::own_executable;
use packer::{Environment, Needs, PythonInstallation};
use platform_policy::Os;
use serde::Serialize;
use target_lexicon::HOST;

use super::arguments;
use super::context::cache;
use super::error::CommandError;
use super::packed_python;
use super::policy::{self, print_json};
use super::runtime_file::{self, RuntimePlace};
use super::variable;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    what: &'static str,
    found: String,
    /// The problem, if there is one, and the way out.
    problem: Option<String>,
}

pub(super) fn run(options: &arguments::Doctor) -> Result<ExitCode, CommandError> {
    let findings = findings()?;
    let failed = findings.iter().any(|finding| finding.problem.is_some());
    let mut out = anstream::stdout();
    if options.json {
        print_json(&mut out, &findings)?;
    } else {
        let (good, bad) = (
            anstyle::Style::new().fg_color(Some(anstyle::AnsiColor::Green.into())),
            anstyle::Style::new().bold().fg_color(Some(anstyle::AnsiColor::Red.into())),
        );
        for Finding { what, found, problem } in &findings {
            let (style, mark) = if problem.is_some() { (bad, "wrong") } else { (good, "ok") };
            writeln!(out, "{style}{mark:<5}{style:#} {what:<16} {found}")
                .map_err(CommandError::Print)?;
            if let Some(problem) = problem {
                writeln!(out, "{:23}{problem}", "").map_err(CommandError::Print)?;
            }
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn findings() -> Result<Vec<Finding>, CommandError> {
    let fine = |what, found: String| Finding { what, found, problem: None };
    let mut findings = vec![
        fine("coldframe", format!("{} for {HOST}", env!("CARGO_PKG_VERSION"))),
        fine("executable", own_executable()?.display().to_string()),
        fine(
            "libpython",
            match LINKAGE {
                Linkage::Static => {
                    format!("{PYTHON_VERSION}, inside: built executables need nothing")
                }
                Linkage::Shared => {
                    format!("{PYTHON_VERSION}, shared: built executables need it beside themselves")
                }
            },
        ),
        fine("python build", PYTHON_BUILD.as_str().to_owned()),
    ];
    findings.push(runtime());
    findings.push(needs()?);
    let python = packed_python::find(None, None).map(|found| found.installation);
    findings.push(standard_library(&python));
    let active = variable("VIRTUAL_ENV").filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Ok(python) = &python
        && let Some(venv) = active.or_else(|| packed_python::own_environment(python))
    {
        findings.push(environment(&venv, python));
    }
    findings.push(match cache(None) {
        Ok(cache) => cache_folder(cache.path()),
        Err(error) => {
            Finding { what: "cache", found: "none".into(), problem: Some(error.to_string()) }
        }
    });
    let decision = start_method_decision(&PythonInterpreterConfig::default())?;
    let method =
        decision.method.map_or("Python's own default", platform_policy::StartMethod::as_str);
    findings.push(fine("start method", format!("{method}: {}", decision.reason)));
    if decision.method.is_some() {
        findings.push(fine(
            "set_start_method",
            "is called for applications, and a call of their own raises RuntimeError; the setting \
             `multiprocessing-start-method` names another method, and `none` leaves it to the code"
                .to_owned(),
        ));
    }
    if let Some(caution) = decision.caution {
        findings.push(fine("caution", caution.to_string()));
    }
    let setting = StartMethodSetting::Auto;
    if let Some(remark) = policy::remark(Os::of(&HOST), setting, &decision, PYTHON_VERSION) {
        findings.push(fine("remark", remark));
    }
    Ok(findings)
}

/// The program that goes before archives.
fn runtime() -> Finding {
    let what = "runtime";
    let carried = packed_python::carried().ok().flatten().and_then(|found| found.carried);
    match runtime_file::find(carried.as_ref()) {
        Ok(found) => {
            let megabytes = found.contents.len() as f64 / 1e6;
            let place = match found.place {
                RuntimePlace::Inside => "inside",
                RuntimePlace::Beside => "`coldframe-runtime`, beside this program",
                RuntimePlace::Itself => {
                    "this program itself, with its packer: there is no `coldframe-runtime` of the same sources beside it"
                }
            };
            Finding { what, found: format!("{place} ({megabytes:.1} MB)"), problem: None }
        }
        Err(error) => Finding { what, found: "none".into(), problem: Some(error.to_string()) },
    }
}

/// The needs of this program, which all executables that it builds have too.
fn needs() -> Result<Finding, CommandError> {
    let path = own_executable()?;
    let found = match fs::read(&path) {
        Ok(contents) => {
            let mut needs = Needs::default();
            needs.add_launcher(&contents);
            needs.to_string()
        }
        Err(source) => return Err(CommandError::Io { action: "read", path, source }),
    };
    Ok(Finding { what: "needs", found, problem: None })
}

fn standard_library(python: &Result<PythonInstallation, CommandError>) -> Finding {
    let what = "standard library";
    match python {
        Ok(python) => {
            let (major, minor, micro) = python.version;
            let place = if python.is_installed() {
                python.stdlib.display().to_string()
            } else {
                "inside".to_owned()
            };
            Finding {
                what,
                found: format!("{place} (Python {major}.{minor}.{micro})"),
                problem: None,
            }
        }
        Err(error) => Finding { what, found: "none".into(), problem: Some(error.to_string()) },
    }
}

fn environment(venv: &Path, python: &PythonInstallation) -> Finding {
    let read = Environment::read(venv, python);
    Finding {
        what: "environment",
        found: venv.display().to_string(),
        problem: read.err().map(|error| error.to_string()),
    }
}

/// Whether files can be made in the cache folder, or, while it is not there, in the nearest folder above.
fn cache_folder(folder: &Path) -> Finding {
    let existing = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/"));
    let problem = tempfile::tempfile_in(existing).err().map(|error| {
        format!("it cannot be written to ({error}); name another with `COLDFRAME_CACHE_DIR`")
    });
    Finding { what: "cache", found: folder.display().to_string(), problem }
}
