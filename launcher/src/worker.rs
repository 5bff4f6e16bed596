//! The command lines of worker processes: recognised without side effects, before the interpreter starts.
//!
//! CPython's `multiprocessing`, and the libraries that are made like it, start the program's own executable again: for
//! a worker and for its helpers. Their command lines follow a grammar: interpreter flags, then `-c` and
//! `from MODULE import NAME; NAME(…)` with literal arguments; or `-m` and a module that is a worker; or a flag such as
//! `--multiprocessing-fork`. A command line that is not of this grammar is the application's.

use std::ffi::OsString;

use thiserror::Error;

use crate::literal::{Arguments, parse_arguments};

/// A process that `multiprocessing`, or a library made like it, asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// Its role.
    pub role: Role,
    /// The action by which it takes on that role.
    pub action: Action,
    /// `sys.argv` as the action expects to find it.
    pub argv: Vec<OsString>,
    /// Whether its streams are unbuffered (`-u`): libraries that talk through them do not flush.
    pub unbuffered: bool,
}

impl Worker {
    /// The module, of the library that wrote the command line, without which there is no such worker.
    pub(crate) fn library(&self) -> &'static str {
        let module = match self.action {
            Action::Call { module, .. } | Action::Module(module) => module,
            Action::Code(_) => "execnet",
        };
        module.split_once('.').map_or(module, |(library, _)| library)
    }
}

/// The role of a worker process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A process that runs the application's own functions.
    Spawned,
    /// CPython's resource tracker.
    ResourceTracker,
    /// The same before Python 3.8 had shared memory; still written by libraries that copied it.
    SemaphoreTracker,
    /// The helper that forks workers from a clean process.
    ForkServer,
}

/// The action by which a worker process takes on its role. Every name in it is one of ours: nothing of the command line is
/// code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A function is called.
    Call {
        /// The function's module.
        module: &'static str,
        /// Its name.
        function: &'static str,
        /// Its arguments: literals.
        arguments: Arguments,
    },
    /// A module is run, as by `python -m`.
    Module(&'static str),
    /// This text is run, as by `python -c`.
    Code(&'static str),
}

/// A command line that is a worker's, and that this process does not follow.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("refused to start a worker process: {why}")]
pub struct Refused {
    why: String,
}

impl Refused {
    /// A worker takes its work from its starter, which has fewer rights than this program.
    pub(crate) fn privileged() -> Self {
        let why = "this program has rights that its starter lacks (a set user or group, or capabilities), and a worker \
                   does what its starter says; set `multiprocessing-start-method` to `fork`, which starts no program";
        Self { why: why.into() }
    }

    /// A worker obeys its command line and its pipes, so that only a process of the same program may write them.
    pub(crate) fn by_another() -> Self {
        let why = "another program than this one wrote its command line, or its parent has ended; processes of \
                   `multiprocessing` are started by the application itself";
        Self { why: why.into() }
    }

    fn not_literals(command: &str) -> Self {
        let why = format!(
            "the arguments in `{command}` are not literals; `multiprocessing` writes nothing else, so this command line \
             was made by something else"
        );
        Self { why }
    }
}

/// The functions that may be called: `-c "from MODULE import NAME; NAME(…)"`.
///
/// The shapes around them are those of CPython 3.9 to 3.15, loky 2 and 3 (and the copy in joblib), multiprocess 0.70
/// and billiard 4.
const CALLS: &[(&str, &str, Role)] = &[
    ("multiprocessing.spawn", "spawn_main", Role::Spawned),
    ("multiprocessing.resource_tracker", "main", Role::ResourceTracker),
    ("multiprocessing.semaphore_tracker", "main", Role::SemaphoreTracker),
    ("multiprocessing.forkserver", "main", Role::ForkServer),
    ("multiprocess.spawn", "spawn_main", Role::Spawned),
    ("multiprocess.resource_tracker", "main", Role::ResourceTracker),
    ("multiprocess.semaphore_tracker", "main", Role::SemaphoreTracker),
    ("multiprocess.forkserver", "main", Role::ForkServer),
    ("billiard.spawn", "spawn_main", Role::Spawned),
    ("billiard.semaphore_tracker", "main", Role::SemaphoreTracker),
    ("billiard.forkserver", "main", Role::ForkServer),
    ("loky.backend.popen_loky_win32", "main", Role::Spawned),
    ("loky.backend.resource_tracker", "main", Role::ResourceTracker),
    ("loky.backend.semaphore_tracker", "main", Role::SemaphoreTracker),
    ("joblib.externals.loky.backend.popen_loky_win32", "main", Role::Spawned),
    ("joblib.externals.loky.backend.resource_tracker", "main", Role::ResourceTracker),
    ("joblib.externals.loky.backend.semaphore_tracker", "main", Role::SemaphoreTracker),
];

/// The flags behind which a frozen program gets `key=value …`, and the function that takes them.
const FORK_FLAGS: &[(&str, &str)] =
    &[("--multiprocessing-fork", "multiprocessing.spawn"), ("--billiard-fork", "billiard.spawn")];

/// The modules that loky runs by `-m`, with `--process-name NAME --pipe DESCRIPTOR`.
const LOKY_MODULES: &[&str] =
    &["loky.backend.popen_loky_posix", "joblib.externals.loky.backend.popen_loky_posix"];

/// The module that anyio runs by `-u -m`, with no arguments.
const ANYIO_MODULE: &str = "anyio.to_process";

/// The code that execnet (and so pytest-xdist) runs by `-u -c`: the program comes through standard input, from the parent.
const EXECNET_CODE: &str = "import sys;exec(eval(sys.stdin.readline()))";

/// Reads a command line, without the program's name in front.
///
/// # Errors
///
/// The call of a worker's function has other arguments than literal ones. An unknown command line is
/// `Ok(None)`: the application's own.
pub fn parse(arguments: &[OsString]) -> Result<Option<Worker>, Refused> {
    let Some(first) = arguments.first() else { return Ok(None) };
    if let Some((_, module)) = FORK_FLAGS.iter().find(|(flag, _)| first == flag) {
        return Ok(frozen_spawn(module, arguments));
    }
    let Some(line) = PythonCommandLine::read(arguments) else { return Ok(None) };
    match line.option {
        RunOption::Module => Ok(module_worker(&line)),
        RunOption::Command if line.text == EXECNET_CODE && line.unbuffered => {
            Ok(Some(line.worker(Role::Spawned, Action::Code(EXECNET_CODE))))
        }
        RunOption::Command => {
            let Some((&(module, function, role), call)) = known_call(line.text) else {
                return Ok(None);
            };
            let Some(arguments) = parse_arguments(call) else {
                return Err(Refused::not_literals(line.text));
            };
            Ok(Some(line.worker(role, Action::Call { module, function, arguments })))
        }
    }
}

/// Whether a command line is a worker's, a refused one's too.
pub(crate) fn is_one(arguments: &[OsString]) -> bool {
    !matches!(parse(arguments), Ok(None))
}

/// `--multiprocessing-fork key=int …`: the command line of `spawn.get_command_line` when `sys.frozen` is true.
fn frozen_spawn(module: &'static str, arguments: &[OsString]) -> Option<Worker> {
    let mut call = Arguments::default();
    for argument in arguments.get(1..)? {
        let (key, value) = argument.to_str()?.split_once('=')?;
        if !matches!(key, "tracker_fd" | "pipe_handle" | "parent_pid") {
            return None;
        }
        let value = parse_arguments(&format!("({value})"))?;
        call.keywords.push((key.to_owned(), value.positional.into_iter().next()?));
    }
    if !call.keywords.iter().any(|(key, _)| key == "pipe_handle") {
        return None;
    }
    // The interpreter's own name stands first in `sys.argv`; the function looks at the flag behind it.
    let mut argv = vec![OsString::new()];
    argv.extend_from_slice(arguments);
    let action = Action::Call { module, function: "spawn_main", arguments: call };
    Some(Worker { role: Role::Spawned, action, argv, unbuffered: false })
}

/// `-m MODULE …`, for the modules that are workers.
fn module_worker(line: &PythonCommandLine<'_>) -> Option<Worker> {
    if line.text == ANYIO_MODULE {
        let is_whole = line.unbuffered && line.after.is_empty();
        return is_whole.then(|| line.worker(Role::Spawned, Action::Module(ANYIO_MODULE)));
    }
    let module = LOKY_MODULES.iter().find(|module| **module == line.text)?;
    let [name_flag, _, pipe_flag, pipe] = line.after else { return None };
    let is_descriptor = pipe.to_str().is_some_and(|pipe| pipe.parse::<i32>().is_ok());
    (name_flag == "--process-name" && pipe_flag == "--pipe" && is_descriptor)
        .then(|| line.worker(Role::Spawned, Action::Module(module)))
}

/// Whether a command line is one for `python`: interpreter flags, then `-c` or `-m` with its text, or a script. The last flag
/// may be one word with the option (`-Im`). A script is known by its ending, for other words are commands of applications.
pub fn is_for_python(arguments: &[OsString]) -> bool {
    let (rest, _) = after_flags(arguments);
    let Some((first, after)) = rest.split_first() else { return false };
    let first = first.as_encoded_bytes();
    if first.starts_with(b"-") {
        return matches!(std::str::from_utf8(first).map(selection), Ok(Some(_)))
            && !after.is_empty();
    }
    [".py", ".pyw", ".pyc"].iter().any(|ending| first.ends_with(ending.as_bytes()))
}

/// `-c` or `-m`, with or without letters of flags before it.
fn selection(option: &str) -> Option<RunOption> {
    let letters = option.strip_prefix('-')?;
    let selected = match letters.chars().last()? {
        'c' => RunOption::Command,
        'm' => RunOption::Module,
        _ => return None,
    };
    let flags = letters.get(..letters.len() - 1)?;
    flags.chars().all(is_flag_letter).then_some(selected)
}

/// The arguments after the interpreter's flags, and whether `-u` is one of them.
fn after_flags(arguments: &[OsString]) -> (&[OsString], bool) {
    let (mut rest, mut unbuffered) = (arguments, false);
    while let Some((flag, after)) = rest.split_first() {
        rest = match flag.to_str() {
            Some("-X" | "-W" | "--check-hash-based-pycs") => match after.get(1..) {
                Some(after) => after,
                None => break,
            },
            Some(flag) if is_interpreter_flag(flag) => {
                unbuffered |=
                    !flag.starts_with("-X") && !flag.starts_with("-W") && flag.contains('u');
                after
            }
            _ => break,
        };
    }
    (rest, unbuffered)
}

/// A command line of interpreter flags, then `-c` or `-m` with its text.
struct PythonCommandLine<'a> {
    option: RunOption,
    text: &'a str,
    after: &'a [OsString],
    unbuffered: bool,
}

/// The option that names the code `python` runs.
enum RunOption {
    Command,
    Module,
}

impl<'a> PythonCommandLine<'a> {
    fn read(arguments: &'a [OsString]) -> Option<Self> {
        let (rest, unbuffered) = after_flags(arguments);
        let (option, rest) = rest.split_first()?;
        // No worker's command line has it in one word with flags.
        let option = match option.to_str()? {
            "-c" => RunOption::Command,
            "-m" => RunOption::Module,
            _ => return None,
        };
        let (text, after) = rest.split_first()?;
        Some(Self { option, text: text.to_str()?, after, unbuffered })
    }

    fn worker(&self, role: Role, action: Action) -> Worker {
        let option = match self.option {
            RunOption::Command => "-c",
            RunOption::Module => "-m",
        };
        let mut argv = vec![OsString::from(option)];
        argv.extend_from_slice(self.after);
        Worker { role, action, argv, unbuffered: self.unbuffered }
    }
}

/// Whether this is a flag that `subprocess._args_from_interpreter_flags` writes (3.9 to 3.15).
fn is_interpreter_flag(flag: &str) -> bool {
    match flag.strip_prefix('-') {
        Some(letters) if letters.starts_with(['X', 'W']) => letters.len() > 1,
        Some(letters) => !letters.is_empty() && letters.chars().all(is_flag_letter),
        None => false,
    }
}

fn is_flag_letter(letter: char) -> bool {
    "bBdEiIOPqRsSuvx".contains(letter)
}

/// The function of `[import sys; ]from MODULE import NAME; NAME(…)`, and the arguments from their bracket on.
fn known_call(command: &str) -> Option<(&'static (&'static str, &'static str, Role), &str)> {
    let command = command.strip_prefix("import sys; ").unwrap_or(command);
    CALLS.iter().find_map(|known| {
        let (module, function, _) = known;
        let rest = command.strip_prefix("from ")?.strip_prefix(module)?;
        let rest = rest.strip_prefix(" import ")?.strip_prefix(function)?.strip_prefix(';')?;
        let call = rest.trim_start_matches(' ').strip_prefix(function)?;
        call.starts_with('(').then_some((known, call))
    })
}
