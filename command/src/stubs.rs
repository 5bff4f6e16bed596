//! `coldframe stubs`: the types of the module `coldframe`, for type checkers.

use std::io::Write as _;
use std::process::ExitCode;

use launcher::command_parts::STUB;

use super::error::CommandError;

pub(super) fn run() -> Result<ExitCode, CommandError> {
    anstream::stdout().write_all(STUB.as_bytes()).map_err(CommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}
