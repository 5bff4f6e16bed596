//! `--explain` and `--why`: the way from the application to a module or a distribution.

use std::io::Write;

use packer::{Step, Trace};
use serde::Serialize;

use super::error::CommandError;
use super::policy::print_json;

#[derive(Serialize)]
struct Row {
    name: String,
    by: Option<String>,
    how: String,
}

/// Prints the way to `name`, from its end to the application.
pub(super) fn print(
    trace: &Trace,
    name: &str,
    place: &str,
    as_json: bool,
) -> Result<(), CommandError> {
    let Some(steps) = trace.explain(name) else {
        let hint = interp_config::nearest(name, trace.names())
            .map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?"));
        let message = format!("there is no module or distribution `{name}` {place}{hint}");
        return Err(CommandError::Usage(message));
    };
    let mut out = anstream::stdout();
    if as_json {
        let row = |Step { name, by, how, .. }| Row { name, by, how };
        return print_json(&mut out, &steps.into_iter().map(row).collect::<Vec<_>>());
    }
    for Step { name, how, .. } in steps {
        match writeln!(out, "{name}: {how}") {
            // `| head` is no failure.
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(()),
            written => written.map_err(CommandError::Print)?,
        }
    }
    Ok(())
}
