//! The command line, and the texts of `--help`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand};
use interp_config::{
    AddedData, EntryPoint, ExtensionLoading, FileAccessRule, PythonMode, StandardLibraryExtent,
    StartMethodSetting, SystemLibraryRule,
};
use packer::GlibcVersion;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Runs and builds Python applications that need no installation, and whose worker processes start right.
#[derive(Debug, Parser)]
#[command(name = "coldframe", version, styles = STYLES, arg_required_else_help = true, after_help = "\
Examples:
  coldframe run examples/primes              run an application from a cached archive
  coldframe build examples/primes -o primes  make one executable of it
  coldframe policy --all                     the start method of each system, with the reason

Exit codes:
  0  all went well (or the application's own exit code, for `run` and `python`)
  1  `doctor` found something wrong
  2  a wrong command line, or a setting that is unknown or impossible
  3  something that was to be read is missing, damaged, or made for something else
  4  something could not be written: the output, or the cache
  5  there is no Python that fits, or it cannot be started

Environment:
  COLDFRAME_LOG            a filter for the log on standard error, such as `debug`
  COLDFRAME_TRACE_IMPORTS  a file for a timeline of all imports
  COLDFRAME_CACHE_DIR      the cache folder
  COLDFRAME_MAP_LIBRARIES=0  copy shared libraries, in place of mapping them from the archive
  COLDFRAME_PYTHON=1       behave as `python`, as do executables built with `--python-mode always`
  NO_COLOR                 no colours")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Pack an application into a cached archive when it changed, and run it.
    Run(Box<Run>),
    /// Make one executable of an application.
    Build(Box<Build>),
    /// Show the contents of an archive or a built executable.
    Inspect(Inspect),
    /// Show which start method of `multiprocessing` a system gets, and why.
    Policy(Policy),
    /// Be a `python` whose standard library comes from an archive.
    #[command(disable_help_flag = true)]
    Python(Python),
    /// Show the contents of the cache folder, or clean it.
    Cache(Cache),
    /// Show findings and problems, and the way out of each.
    Doctor(Doctor),
    /// Print the types of the module `coldframe`.
    #[command(after_help = "\
Examples:
  coldframe stubs > coldframe.pyi   where mypy and pyright find it: beside the application")]
    Stubs,
    /// Make a `coldframe` that carries the standard library of its Python (`cargo xtask dist` does).
    #[command(hide = true)]
    Whole(Whole),
    /// Be the application of `run --record-files`, which starts this.
    #[command(hide = true)]
    Recorded(Box<Recorded>),
}

#[derive(Args, Debug)]
pub(super) struct Whole {
    /// The file to write.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: PathBuf,
    /// The Python whose standard library is taken [default: the one that this `coldframe` was built with].
    #[arg(long, value_name = "FILE")]
    pub(super) python: Option<PathBuf>,
    /// Folder for archives [default: `coldframe` in the user's cache folder].
    #[arg(long, value_name = "DIR")]
    pub(super) cache_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct Recorded {
    /// The file for the log.
    #[arg(long)]
    pub(super) log: PathBuf,
    /// The cache folder.
    #[arg(long)]
    pub(super) cache_dir: PathBuf,
    /// The archives, the application's first.
    #[arg(long)]
    pub(super) archive: Vec<PathBuf>,
    /// The application, as it was named.
    pub(super) app: PathBuf,
    /// The application's own arguments.
    #[arg(last = true)]
    pub(super) arguments: Vec<OsString>,
}

/// The options that name an application, its packages and its Python.
#[derive(Args, Debug, Default)]
pub(super) struct Source {
    /// Call this function instead of running `__main__.py`.
    #[arg(long, value_name = "PACKAGE.MODULE:FUNCTION")]
    pub(super) entry: Option<EntryPoint>,
    /// The virtual environment whose packages the application uses [default: the active one].
    #[arg(long, value_name = "DIR")]
    pub(super) venv: Option<PathBuf>,
    /// Install these requirements into an environment of their own, and use that.
    #[arg(short, long, value_name = "FILE", conflicts_with = "venv")]
    pub(super) requirements: Option<PathBuf>,
    /// The Python whose standard library is packed, and whose packages, unless `--venv` names others [default: the one that
    /// this `coldframe` was built with].
    #[arg(long, value_name = "FILE")]
    pub(super) python: Option<PathBuf>,
    /// The start method of `multiprocessing`: none, auto, fork, forkserver or spawn [default: auto].
    #[arg(long, value_name = "METHOD")]
    pub(super) start_method: Option<StartMethodSetting>,
    /// Processes that may use the executable as a `python`: never (none), children (the application's own) or always (all
    /// that start it) [default: children].
    #[arg(long, value_name = "WHO")]
    pub(super) python_mode: Option<PythonMode>,
    /// Take a module, package or distribution although nothing imports it; `*` is the whole environment.
    #[arg(long, value_name = "NAME")]
    pub(super) include: Vec<String>,
    /// Leave a module, package or distribution out; `*` stands for any text.
    #[arg(long, value_name = "NAME")]
    pub(super) exclude: Vec<String>,
    /// A file with rules for single distributions, beside the built-in ones: what of their imports to follow and to leave.
    #[arg(long, value_name = "FILE")]
    pub(super) distribution_rules: Vec<PathBuf>,
    /// Pack a file, or a folder with all that is in it, that is no part of the application; TARGET is its path beside the
    /// application's modules [default: its own name].
    #[arg(long, value_name = "SOURCE[:TARGET]", value_parser = parse_data)]
    pub(super) add_data: Vec<AddedData>,
    /// Serve the files of a package from memory, or all that is in its folder from the user's cache, for C code of it that
    /// opens them; `*` stands for any text.
    #[arg(long, value_name = "PACKAGE=memory|cache", value_parser = parse_file_access)]
    pub(super) file_access: Vec<FileAccessRule>,
    /// Pack a shared library of this machine's system, or leave it to the system that the application runs on; `*`
    /// stands for any text. Without this, all are packed that not every system has.
    #[arg(long, value_name = "NAME=pack|leave", value_parser = parse_system_library)]
    pub(super) system_library: Vec<SystemLibraryRule>,
    /// Part of the standard library that is packed: auto, whole or reached [default: auto, which is what imports lead to, and
    /// all of it where the application may run code that cannot be seen].
    #[arg(long, value_name = "EXTENT")]
    pub(super) standard_library: Option<StandardLibraryExtent>,
    /// Pack the sections of libraries that only debuggers read too.
    #[arg(long)]
    pub(super) keep_symbols: bool,
    /// Source of extension modules: auto, memory or cache [default: auto, which is memory where the system can].
    #[arg(long, value_name = "PLACE")]
    pub(super) extensions: Option<ExtensionLoading>,
    /// Pack modules that do not compile too, with a warning, instead of stopping: importing one is the error that Python gives.
    #[arg(long)]
    pub(super) allow_broken: bool,
    /// Folder for archives [default: `coldframe` in the user's cache folder].
    #[arg(long, value_name = "DIR")]
    pub(super) cache_dir: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  coldframe run app/                     a folder with `__main__.py`
  coldframe run tool.py -- --verbose x   a file, with arguments of its own
  coldframe run --record-files app/      and write into the settings which packages need their files on disk
  coldframe run app.coldframe            an archive made by `coldframe build --archive`")]
pub(super) struct Run {
    /// A folder with `__main__.py`, a script with the modules beside it, or an archive.
    pub(super) app: PathBuf,
    #[command(flatten)]
    pub(super) source: Source,
    /// Find the packages whose C code opens files of theirs while the application runs, and write rules for them
    /// (`file-access`) into its settings, or into a new `coldframe.toml` beside it (Linux).
    #[arg(long)]
    pub(super) record_files: bool,
    /// The application's own arguments.
    #[arg(last = true)]
    pub(super) arguments: Vec<OsString>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  coldframe build app/ -o dist/app
  coldframe build tool.py -o dist/tool --venv .venv
  coldframe build app/ -o dist/app -r requirements.txt
  coldframe build --venv .venv --entry black:patched_main -o dist/black
  coldframe build --interpreter -o dist/python
  coldframe build app/ -o dist/app --needs   and list the versions of glibc that each file needs
  coldframe build app/ --explain numpy       the way from the application to numpy

Settings may stand in `coldframe.toml` or under `[tool.coldframe]` in `pyproject.toml`, beside the application or
above it; the command line wins.")]
pub(super) struct Build {
    /// A folder with `__main__.py`, a package, or a script with the modules beside it that it imports; not needed when `--entry` names an installed package.
    pub(super) app: Option<PathBuf>,
    /// The executable to write.
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    #[command(flatten)]
    pub(super) source: Source,
    /// The optimisation level: 0, 1 (no assertions) or 2 (no docstrings either).
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub(super) optimize: Option<u8>,
    /// Compress bytecode and libraries too: a smaller executable, which takes longer to load libraries.
    #[arg(long)]
    pub(super) compress: bool,
    /// Build a self-contained `python` instead of an application.
    #[arg(long, conflicts_with_all = ["app", "entry", "archive"])]
    pub(super) interpreter: bool,
    /// Write the archive only, for `coldframe run` or a program of your own.
    #[arg(long)]
    pub(super) archive: bool,
    /// Write nothing, and print the way from the application to a module or distribution.
    #[arg(long, value_name = "NAME")]
    pub(super) explain: Option<String>,
    /// Write nothing when something would be absent at run time: a module of the standard library that is imported and not
    /// packed, or a shared library that this machine lacks.
    #[arg(long)]
    pub(super) strict: bool,
    /// Refuse to build an executable that needs a newer glibc than this, and name the files and symbols.
    #[arg(long, value_name = "VERSION")]
    pub(super) glibc: Option<GlibcVersion>,
    /// List the versions of glibc that each file needs, and the symbols.
    #[arg(long)]
    pub(super) needs: bool,
    /// The system to build for, as a target triple: this one, or `x86_64-pc-windows-gnu` from another; `--python` then names
    /// the folder of a Python for Windows [default: this one].
    #[arg(long, value_name = "TRIPLE")]
    pub(super) target: Option<String>,
    /// The launcher of that system [default: `coldframe-runtime.exe` beside `coldframe`].
    #[arg(long, value_name = "FILE", requires = "target")]
    pub(super) launcher: Option<PathBuf>,
    #[command(flatten)]
    pub(super) windows: WindowsOptions,
    /// Number of compile processes [default: one per processor].
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<std::num::NonZeroUsize>,
    /// Print a report as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// The properties of an executable for Windows.
#[derive(Args, Debug, Default)]
pub(super) struct WindowsOptions {
    /// Open no console (Windows).
    #[arg(long)]
    pub(super) windowed: bool,
    /// Show this icon, a file `.ico` (Windows).
    #[arg(long, value_name = "FILE")]
    pub(super) icon: Option<PathBuf>,
    /// Say the version in this TOML file: `file-version`, `product-version`, and texts such as `CompanyName` (Windows).
    #[arg(long, value_name = "FILE")]
    pub(super) version_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  coldframe inspect dist/app           the contents, and the needs of a system
  coldframe inspect dist/app --needs   the versions of glibc that each file needs, and the symbols
  coldframe inspect dist/app --why numpy   the way from the application to numpy")]
pub(super) struct Inspect {
    /// An archive, or an executable that `coldframe build` made.
    pub(super) file: PathBuf,
    /// Show only the versions of glibc that each file needs, and the symbols.
    #[arg(long)]
    pub(super) needs: bool,
    /// Print only the way from the application to a module or distribution.
    #[arg(long, value_name = "NAME", conflicts_with = "needs")]
    pub(super) why: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  coldframe policy                                        the decision here
  coldframe policy --target aarch64-apple-darwin --json   the decision elsewhere, for a program
  coldframe policy --all                                  the whole table")]
pub(super) struct Policy {
    /// The system, as a target triple [default: this one].
    #[arg(long, value_name = "TRIPLE")]
    pub(super) target: Option<String>,
    /// Answer for a framework build of Python (macOS).
    #[arg(long)]
    pub(super) framework: bool,
    /// The setting: none, auto, fork, forkserver or spawn.
    #[arg(long, value_name = "SETTING", default_value = "auto")]
    pub(super) setting: StartMethodSetting,
    /// Show every system, build and setting.
    #[arg(long, conflicts_with_all = ["target", "framework", "setting"])]
    pub(super) all: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Python {
    /// Arguments as for `python`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(super) arguments: Vec<OsString>,
}

#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  coldframe cache                             its folder, and the entries
  coldframe cache clean                       entries that nobody has used for 30 days
  coldframe cache clean --older-than 7d --dry-run
  coldframe cache clean --all --json          all that is not in use

What a process uses or writes stays. What is removed is made again when it is needed.")]
pub(super) struct Cache {
    #[command(subcommand)]
    pub(super) action: Option<CacheAction>,
    /// The cache folder [default: `coldframe` in the user's cache folder].
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) cache_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Subcommand, Debug)]
pub(super) enum CacheAction {
    /// Remove entries that have not been used for long, and those that killed processes left.
    Clean(Clean),
}

#[derive(Args, Debug)]
pub(super) struct Clean {
    /// Remove entries that nobody has used for so long: a number and `d`, `h`, `m` or `s` [default: 30d].
    #[arg(long, value_name = "AGE", value_parser = parse_age)]
    pub(super) older_than: Option<Duration>,
    /// Remove all that is not in use.
    #[arg(long, conflicts_with = "older_than")]
    pub(super) all: bool,
    /// Name the entries that would be removed, and remove nothing.
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Doctor {
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

fn parse_system_library(text: &str) -> Result<SystemLibraryRule, String> {
    let Some((name, place)) = text.split_once('=').filter(|(name, _)| !name.is_empty()) else {
        return Err("expected a library's name, `=`, and `pack` or `leave`".to_owned());
    };
    let place =
        place.parse().map_err(|error: interp_config::ParseChoiceError| error.to_string())?;
    Ok(SystemLibraryRule { name: name.to_owned(), place })
}

fn parse_data(text: &str) -> Result<AddedData, String> {
    let is_drive = |from: &str, to: &str| {
        cfg!(windows) && from.len() == 1 && to.starts_with(['/', std::path::MAIN_SEPARATOR])
    };
    let (from, to) = match text.rsplit_once(':').filter(|(from, to)| !is_drive(from, to)) {
        Some((from, to)) => (from, Some(to.to_owned())),
        None => (text, None),
    };
    if from.is_empty() || to.as_deref() == Some("") {
        return Err("expected a file or folder, and maybe `:` and its path in the archive".into());
    }
    Ok(AddedData { from: from.to_owned(), to })
}

fn parse_file_access(text: &str) -> Result<FileAccessRule, String> {
    let Some((package, access)) = text.split_once('=').filter(|(package, _)| !package.is_empty())
    else {
        return Err("expected a package's name, `=`, and `memory` or `cache`".to_owned());
    };
    let access =
        access.parse().map_err(|error: interp_config::ParseChoiceError| error.to_string())?;
    Ok(FileAccessRule { package: package.to_owned(), access })
}

/// Reads `30d`, `12h`, `5m` or `10s`.
fn parse_age(text: &str) -> Result<Duration, String> {
    let units = [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60), ("s", 1)];
    let seconds = units.iter().find_map(|(unit, seconds)| {
        text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*seconds)
    });
    let seconds = seconds.ok_or("expected a number and `d`, `h`, `m` or `s`, such as `30d`")?;
    Ok(Duration::from_secs(seconds))
}
