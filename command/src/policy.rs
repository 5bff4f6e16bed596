//! `coldframe policy`: the decision, and why.

use std::io::Write;
use std::process::ExitCode;

use interp_config::StartMethodSetting;
use launcher::command_parts::{PYTHON_BUILD, PYTHON_VERSION};
use platform_policy::{Decision, Os, PythonBuild, decide, documented_default};
use serde::Serialize;
use target_lexicon::HOST;

use super::arguments;
use super::error::CommandError;

/// One decision, as `--json` prints it.
#[derive(Serialize)]
struct Row {
    target: String,
    build: &'static str,
    setting: &'static str,
    method: Option<&'static str>,
    reason: String,
    caution: Option<String>,
    remark: Option<String>,
}

/// The remark that Python itself would take another method, on a system where both work.
pub(super) fn remark(
    os: Os,
    setting: StartMethodSetting,
    decision: &Decision,
    python_version: &str,
) -> Option<String> {
    let minor = python_version.rsplit('.').next()?.parse().ok()?;
    let own = documented_default(os, minor)?;
    let method = decision.method.filter(|method| *method != own)?;
    (os == Os::Forking && setting == StartMethodSetting::Auto).then(|| {
        format!(
            "Python {python_version} itself takes {own} here, and `auto` stays with {method}: choose forkserver or spawn where threads \
             run before workers start, and spawn with CUDA"
        )
    })
}

pub(super) fn run(options: &arguments::Policy) -> Result<ExitCode, CommandError> {
    let mut out = anstream::stdout();
    if options.all {
        return all(&mut out, options.json);
    }
    let host = HOST.to_string();
    let target = options.target.as_deref().unwrap_or(&host);
    let os = Os::of_name(target)?;
    // The Python that this program is linked with says nothing about another system.
    let build = match (&options.target, options.framework) {
        (_, true) => PythonBuild::Framework,
        (None, false) => PYTHON_BUILD,
        (Some(_), false) => PythonBuild::NonFramework,
    };
    let decision = decide(os, build, options.setting)?;
    let row = Row {
        target: target.to_owned(),
        build: build.as_str(),
        setting: options.setting.as_str(),
        method: decision.method.map(platform_policy::StartMethod::as_str),
        reason: decision.reason.to_string(),
        caution: decision.caution.map(|caution| caution.to_string()),
        remark: remark(os, options.setting, &decision, PYTHON_VERSION),
    };
    if options.json {
        print_json(&mut out, &row)?;
        return Ok(ExitCode::SUCCESS);
    }
    let lines = [
        ("target", row.target.as_str()),
        ("build", row.build),
        ("setting", row.setting),
        ("method", row.method.unwrap_or("Python's own default (nothing is called)")),
        ("reason", &row.reason),
    ];
    let more = [("caution", row.caution.as_deref()), ("remark", row.remark.as_deref())];
    let more = more.into_iter().filter_map(|(label, text)| Some((label, text?)));
    for (label, value) in lines.into_iter().chain(more) {
        writeln!(out, "{label:<8} {value}").map_err(CommandError::Print)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The whole table, impossible settings included.
fn all(out: &mut impl Write, json: bool) -> Result<ExitCode, CommandError> {
    let mut rows = Vec::new();
    for &os in Os::ALL {
        for &build in PythonBuild::ALL {
            // Frameworks are macOS's.
            if build == PythonBuild::Framework && os != Os::MacOs {
                continue;
            }
            for &setting in StartMethodSetting::ALL {
                let (method, reason, caution, remark) = match decide(os, build, setting) {
                    Ok(decision) => (
                        decision.method.map(platform_policy::StartMethod::as_str),
                        decision.reason.to_string(),
                        decision.caution.map(|caution| caution.to_string()),
                        remark(os, setting, &decision, PYTHON_VERSION),
                    ),
                    Err(impossible) => (None, format!("error: {impossible}"), None, None),
                };
                let (target, build, setting) =
                    (os.as_str().to_owned(), build.as_str(), setting.as_str());
                rows.push(Row { target, build, setting, method, reason, caution, remark });
            }
        }
    }
    if json {
        print_json(out, &rows)?;
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(out, "{:<12} {:<14} {:<11} {:<11} reason", "system", "build", "setting", "method")
        .map_err(CommandError::Print)?;
    for row in rows {
        let (method, reason) = (row.method.unwrap_or("-"), row.reason);
        let caution =
            row.caution.map(|caution| format!(" (caution: {caution})")).unwrap_or_default();
        writeln!(
            out,
            "{:<12} {:<14} {:<11} {method:<11} {reason}{caution}",
            row.target, row.build, row.setting
        )
        .map_err(CommandError::Print)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints a value as indented JSON, and a line feed.
pub(super) fn print_json(out: &mut impl Write, value: &impl Serialize) -> Result<(), CommandError> {
    let text =
        serde_json::to_string_pretty(value).map_err(|error| CommandError::Print(error.into()))?;
    writeln!(out, "{text}").map_err(CommandError::Print)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_remark_is_made_where_python_and_auto_differ() {
        let setting = StartMethodSetting::Auto;
        for (os, setting, version, expected) in [
            (Os::Forking, setting, "3.13", false),
            (Os::Forking, setting, "3.14", true),
            (Os::Forking, StartMethodSetting::Fork, "3.14", false),
            (Os::Forking, StartMethodSetting::None, "3.14", false),
            (Os::Windows, setting, "3.14", false),
            (Os::NoProcesses, setting, "3.14", false),
        ] {
            let build = PythonBuild::NonFramework;
            let found = decide(os, build, setting)
                .ok()
                .and_then(|decision| remark(os, setting, &decision, version));
            assert_eq!(found.is_some(), expected, "{os} {setting} {version}: {found:?}");
        }
    }
}
