//! The two tables of settings: every key once, with how it is read and how it is written.

use crate::build_settings::BuildSettings;
use crate::config::PythonInterpreterConfig;
use crate::error::ConfigError;
use crate::value::{Item, Value};

/// The key of the table with the settings of `coldframe build`.
pub(crate) const BUILD_KEY: &str = "build";

/// One key of a table, and the field of `T` that it sets.
pub(crate) struct Field<T> {
    pub(crate) key: &'static str,
    /// Reads the item into the field.
    pub(crate) read: fn(&mut T, &Item<'_>) -> Result<(), ConfigError>,
    /// The field as TOML; nothing when it is not set.
    pub(crate) write: fn(&T) -> Option<String>,
}

/// Lists the fields of a type in the order in which they are documented and written.
///
/// Reading, writing and the list of allowed keys all go through this table, so they cannot disagree. The pattern without a
/// rest makes a field that is missing here an error of compilation.
macro_rules! fields {
    ($type:ident { $($key:literal => $field:ident,)* }) => {{
        const _: fn(&$type) = |settings| {
            let $type { $($field: _,)* } = settings;
        };
        &[$(Field {
            key: $key,
            read: |settings, item| {
                settings.$field = Value::read(item)?;
                Ok(())
            },
            write: |settings| settings.$field.write(),
        },)*]
    }};
}

/// The keys at the top of our table.
pub(crate) const INTERPRETER: &[Field<PythonInterpreterConfig>] = fields!(PythonInterpreterConfig {
    "profile" => profile,
    "run" => run,
    "argv" => argv,
    "optimization-level" => optimization_level,
    "sys-frozen" => sys_frozen,
    "sys-meipass" => sys_meipass,
    "multiprocessing-start-method" => multiprocessing_start_method,
    "multiprocessing-auto-dispatch" => multiprocessing_auto_dispatch,
    "workers-end-with-parent" => workers_end_with_parent,
    "python-mode" => python_mode,
    "extensions" => extensions,
    "filesystem-importer" => filesystem_importer,
    "module-search-paths" => module_search_paths,
    "utf8-mode" => utf8_mode,
    "warnings" => warnings,
    "x-options" => x_options,
    "site-import" => site_import,
    "allocator" => allocator,
    "post-import-hooks" => post_import_hooks,
    "before-main" => before_main,
    "tcl-library" => tcl_library,
    "terminfo-dirs" => terminfo_dirs,
    "ssl-cert-file" => ssl_cert_file,
    "ssl-cert-dir" => ssl_cert_dir,
});

/// The keys of the table `build`.
pub(crate) const BUILD: &[Field<BuildSettings>] = fields!(BuildSettings {
    "entry" => entry,
    "venv" => venv,
    "include" => include,
    "exclude" => exclude,
    "distribution-rules" => distribution_rules,
    "file-access" => file_access,
    "system-libraries" => system_libraries,
    "data" => data,
    "standard-library" => standard_library,
    "glibc" => glibc,
    "keep-symbols" => keep_symbols,
    "compress" => compress,
    "output" => output,
    "app" => app,
});
