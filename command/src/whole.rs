//! `coldframe whole`: a `coldframe` that carries the standard library of its Python, and so needs none where it is used.

use std::io::Write;
use std::process::ExitCode;

use launcher::command_parts::map_archive;
use launcher::own_executable;
use manifest::RUNTIME;
use packer::{BundleRequest, Purpose, StandardLibrary, copy_libpython_beside, write_executable};

use super::arguments;
use super::context::{CARRIED_LEVEL, Context};
use super::error::CommandError;
use super::runtime_file::{self, RuntimePlace};

pub(super) fn run(options: &arguments::Whole) -> Result<ExitCode, CommandError> {
    let source = arguments::Source {
        python: options.python.clone(),
        cache_dir: options.cache_dir.clone(),
        ..arguments::Source::default()
    };
    let context = Context::of_no_application(&source)?;
    let library = map_archive(&context.standard_library(CARRIED_LEVEL)?)?;
    let standard = StandardLibrary::FromArchive(&library);
    let request = BundleRequest {
        purpose: Purpose::StandardLibrary,
        glibc_floor: context.glibc_floor.as_ref(),
        optimization: CARRIED_LEVEL,
        ..BundleRequest::new(&context.python, &context.compile, standard)
    };
    let mut bundle = request.build(&mut |_| {})?;
    // Without one beside it, this program goes before archives itself.
    if context.runtime.place == RuntimePlace::Beside {
        bundle.writer.set_attribute(RUNTIME, runtime_file::packed(&context.runtime)?)?;
    }
    let launcher = own_executable()?;
    let bytes = write_executable(&launcher, bundle.writer, &options.output)?;
    copy_libpython_beside(&launcher, &context.python, &options.output)?;
    let megabytes = bytes as f64 / 1e6;
    writeln!(anstream::stdout(), "wrote {} ({megabytes:.1} MB)", options.output.display())
        .map_err(CommandError::Print)?;
    Ok(ExitCode::SUCCESS)
}
