//! The finder's methods about the system: what lies on its disk, the libraries that the archive brings, and where certificates lie.

use std::path::Path;

use manifest::{SYSTEM_FOLDER, opened_libraries};

use crate::files::PATH_ENDS;
use crate::py::ffi::arguments::{Arguments, required_text};
use crate::py::ffi::exception::Exception;
use crate::py::ffi::object::Object;
use crate::py::ffi::text::{path_of, path_text, text};
use crate::py::ffi::token::Token;
use crate::py::ffi::values::tuple;
use crate::py::import::finder_type::Finder;
use crate::py::native::library;
use crate::py::process::runtime;

pub(in crate::py) fn root(
    py: Token<'_>,
    _this: &Finder<'_>,
    _arguments: &Arguments<0>,
) -> Result<Object, Exception> {
    path_text(py, &runtime::get(py)?.root)
}

pub(in crate::py) fn path_ends(
    py: Token<'_>,
    _this: &Finder<'_>,
    _arguments: &Arguments<0>,
) -> Result<Object, Exception> {
    text(py, PATH_ENDS)
}

/// The path on disk of a file or folder that lies below the executable, where it is put now; any other path is given back.
pub(in crate::py) fn real_path(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let path = arguments.required(py, 0)?;
    crate::py::files::real_path(py, runtime::get(py)?, path)
}

pub(in crate::py) fn is_on_disk(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let path = path_of(py, arguments.required(py, 0)?)?;
    Ok(Object::boolean(py, Path::new(&path).exists()))
}

pub(in crate::py) fn redirect_dlopen(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    crate::py::files::redirect_dlopen(py, arguments.required(py, 0)?)?;
    Ok(Object::none(py))
}

pub(in crate::py) fn load_library(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let name = path_of(py, arguments.required(py, 0)?)?;
    // A name that is not Unicode is none of the archive's.
    if let Some(name) = name.to_str() {
        library::load_named(py, name)?;
    }
    Ok(Object::none(py))
}

pub(in crate::py) fn list_libraries(
    py: Token<'_>,
    _this: &Finder<'_>,
    _arguments: &Arguments<0>,
) -> Result<Object, Exception> {
    let entries = runtime::get(py)?.archives.directory(SYSTEM_FOLDER);
    let entries = entries.map_err(|error| {
        Exception::damaged(py, &format!("cannot list `{SYSTEM_FOLDER}`: {error}"))
    })?;
    let names = entries.unwrap_or_default().into_iter().map(|entry| text(py, entry.name));
    Object::list(py, names.collect::<Result<_, _>>()?)
}

pub(in crate::py) fn list_opened_libraries(
    py: Token<'_>,
    _this: &Finder<'_>,
    _arguments: &Arguments<0>,
) -> Result<Object, Exception> {
    let mut names = Vec::new();
    for archive in runtime::get(py)?.archives.archives() {
        let key = opened_libraries();
        let opened = key.read(archive).map_err(|error| {
            Exception::damaged(py, &format!("cannot read `{}`: {error}", key.name()))
        })?;
        for name in opened.unwrap_or_default().names {
            names.push(text(py, &name)?);
        }
    }
    Object::list(py, names)
}

/// Files that cannot be put on disk are as good as missing: the library looks where the system has them.
pub(in crate::py) fn system_data(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    let folder = required_text(py, arguments, 0)?;
    let runtime = runtime::get(py)?;
    match runtime.files.folder_on_disk(&runtime.archives, &folder) {
        Ok(Some(path)) => path_text(py, path.as_os_str()),
        Ok(None) => Ok(Object::none(py)),
        Err(error) => {
            tracing::warn!(%error, folder, "files that a library reads are not there");
            Ok(Object::none(py))
        }
    }
}

pub(in crate::py) fn log(
    py: Token<'_>,
    _this: &Finder<'_>,
    arguments: &Arguments<1>,
) -> Result<Object, Exception> {
    tracing::warn!("{}", required_text(py, arguments, 0)?);
    Ok(Object::none(py))
}

pub(in crate::py) fn certificates(
    py: Token<'_>,
    _this: &Finder<'_>,
    _arguments: &Arguments<0>,
) -> Result<Object, Exception> {
    let found = openssl_probe::probe();
    let place = |path: Option<&std::path::PathBuf>| match path {
        Some(path) => path_text(py, path.as_os_str()),
        None => Ok(Object::none(py)),
    };
    tuple(py, &[place(found.cert_file.as_ref())?, place(found.cert_dir.first())?])
}
