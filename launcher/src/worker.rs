//! Which command lines are those of worker processes: pure, and decided before the interpreter starts.
//!
//! CPython's `multiprocessing` starts the program's own executable again, for a spawned worker and for its two helpers.
//! What it passes is a grammar, not a position: interpreter flags, then `-c`, then `from MODULE import NAME;` and one
//! call of that name with literal arguments. A command line that is not of this grammar is the application's.

use std::ffi::OsString;

use thiserror::Error;

use crate::literal::{Arguments, parse_arguments};

/// A process that CPython's `multiprocessing` asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// What it is to become.
    pub role: Role,
    /// What the role's function is called with.
    pub arguments: Arguments,
    /// `sys.argv` as the function expects to find it.
    pub argv: Vec<OsString>,
}

/// What a worker process is there for: a function of CPython's, by its module and name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A process that runs the application's own functions.
    Spawned,
    /// The helper that removes named semaphores and shared memory that nobody else did.
    ResourceTracker,
    /// The same before Python 3.8 had shared memory; still written by libraries that copied it.
    SemaphoreTracker,
    /// The helper that forks workers from a clean process.
    ForkServer,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 4] =
        [Self::Spawned, Self::ResourceTracker, Self::SemaphoreTracker, Self::ForkServer];

    /// The module whose function does the work.
    pub const fn module(self) -> &'static str {
        match self {
            Self::Spawned => "multiprocessing.spawn",
            Self::ResourceTracker => "multiprocessing.resource_tracker",
            Self::SemaphoreTracker => "multiprocessing.semaphore_tracker",
            Self::ForkServer => "multiprocessing.forkserver",
        }
    }

    /// That function.
    pub const fn function(self) -> &'static str {
        match self {
            Self::Spawned => "spawn_main",
            Self::ResourceTracker | Self::SemaphoreTracker | Self::ForkServer => "main",
        }
    }
}

/// A command line that calls a worker's function, but not with literals.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "refused to start a worker process: the arguments in `{command}` are not literals; \
     `multiprocessing` writes nothing else, so this command line was made by something else"
)]
pub struct Refused {
    command: String,
}

/// The flag that marks the command line of a spawned worker.
const FORK_FLAG: &str = "--multiprocessing-fork";

/// Reads a command line, without the program's name in front.
///
/// # Errors
///
/// [`Refused`], for the call of a worker's function with anything but literal arguments. What is merely unknown is
/// `Ok(None)`: the application's own.
pub fn parse(arguments: &[OsString]) -> Result<Option<Worker>, Refused> {
    let Some(first) = arguments.first() else { return Ok(None) };
    if first == FORK_FLAG {
        return Ok(frozen_spawn(arguments));
    }
    let Some((command, after)) = command(arguments) else { return Ok(None) };
    let Some((role, call)) = known_call(command) else { return Ok(None) };
    let Some(arguments) = parse_arguments(call) else {
        return Err(Refused { command: command.to_owned() });
    };
    let mut argv = vec![OsString::from("-c")];
    argv.extend_from_slice(after);
    Ok(Some(Worker { role, arguments, argv }))
}

/// `--multiprocessing-fork key=int …`: what `multiprocessing.spawn.get_command_line` makes when `sys.frozen` is true.
fn frozen_spawn(arguments: &[OsString]) -> Option<Worker> {
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
    Some(Worker { role: Role::Spawned, arguments: call, argv })
}

/// The text after `-c`, and what follows it, when only interpreter flags stand before it.
fn command(arguments: &[OsString]) -> Option<(&str, &[OsString])> {
    let mut rest = arguments;
    loop {
        let (flag, after) = rest.split_first()?;
        match flag.to_str()? {
            "-c" => {
                let (command, after) = after.split_first()?;
                return Some((command.to_str()?, after));
            }
            "-X" | "-W" | "--check-hash-based-pycs" => rest = after.get(1..)?,
            flag if is_interpreter_flag(flag) => rest = after,
            _ => return None,
        }
    }
}

/// Whether this is a flag that `subprocess._args_from_interpreter_flags` writes (3.9 to 3.15).
fn is_interpreter_flag(flag: &str) -> bool {
    match flag.strip_prefix('-') {
        Some(letters) if letters.starts_with(['X', 'W']) => letters.len() > 1,
        Some(letters) => {
            !letters.is_empty() && letters.chars().all(|letter| "bBdEiIOPqRsSuvx".contains(letter))
        }
        None => false,
    }
}

/// The role of `[import sys; ]from MODULE import NAME; NAME(…)`, and the arguments from their bracket on.
fn known_call(command: &str) -> Option<(Role, &str)> {
    let command = command.strip_prefix("import sys; ").unwrap_or(command);
    Role::ALL.into_iter().find_map(|role| {
        let rest = command.strip_prefix("from ")?.strip_prefix(role.module())?;
        let rest =
            rest.strip_prefix(" import ")?.strip_prefix(role.function())?.strip_prefix(';')?;
        let call = rest.trim_start_matches(' ').strip_prefix(role.function())?;
        call.starts_with('(').then_some((role, call))
    })
}
