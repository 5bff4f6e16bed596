//! The `coldframe` command; everything it does is in the library.

use std::process::ExitCode;

launcher::program!();

fn main() -> ExitCode {
    launcher::command::main()
}
