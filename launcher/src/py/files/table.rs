//! What is decided for each function of `posix` that takes a path.
//!
//! A test (`launcher/tests/it/virtual_files.rs`) lists the functions of the running Python whose signatures have a path, and
//! fails for one that is neither here nor known to look at no file.

use pyo3_ffi as ffi;

use super::call;

/// What is answered for a path below the executable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// What is known of a file or folder.
    Stat,
    /// Whether something is there, a folder, or a file; and whether it is one of the kinds that are not packed (Windows).
    Exists,
    IsFolder,
    IsFile,
    Never,
    /// Whether it can be used so.
    Access,
    /// A descriptor.
    Open,
    /// The names in a folder.
    List,
    /// Its entries.
    Scan,
    /// That it is no link.
    Link,
    /// That nothing there can be changed.
    Change,
    /// That nothing can be made there, if it is not there already.
    Make,
    /// That there are no extended attributes.
    Attribute,
    Attributes,
    /// What the executable's own path says.
    Around,
    /// What is done in a folder, which is put on disk.
    Enter,
    /// That a program is started, with what it and its arguments name put on disk.
    Start,
}

/// One function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) decision: Decision,
    /// The names of its parameters; how many of them may be given without a name, and how many must be given.
    pub(super) parameters: &'static [&'static str],
    pub(super) unnamed: usize,
    pub(super) required: usize,
    /// Which of its parameters are paths that it looks at.
    pub(super) paths: &'static [usize],
    /// What stands in its place, for the three ways in which such functions are called.
    pub(super) by_name: ffi::PyCFunctionFastWithKeywords,
    pub(super) by_position: ffi::PyCFunctionFast,
    pub(super) single: ffi::PyCFunction,
}

macro_rules! functions {
    ($($name:ident($($parameter:ident),*; $required:literal; $($named:ident),*) at $paths:expr => $decision:ident;)*) => {
        /// The place of a function in the table.
        #[expect(non_camel_case_types, reason = "they are called as Python calls them")]
        enum Place { $($name),* }

        pub(super) static FUNCTIONS: [Function; COUNT] = [$(Function {
            name: stringify!($name),
            decision: Decision::$decision,
            parameters: &[$(stringify!($parameter),)* $(stringify!($named)),*],
            unnamed: [$(stringify!($parameter)),*].len(),
            required: $required,
            paths: &$paths,
            by_name: call::by_name::<{ Place::$name as usize }>,
            by_position: call::by_position::<{ Place::$name as usize }>,
            single: call::single::<{ Place::$name as usize }>,
        }),*];

        pub(super) const COUNT: usize = [$(stringify!($name)),*].len();

    };
}

functions! {
    _add_dll_directory (path; 1; ) at [0] => Enter;
    _isdir (path; 1; ) at [0] => IsFolder;
    _path_exists (path; 1; ) at [0] => Exists;
    _path_isdir (path; 1; ) at [0] => IsFolder;
    _path_isfile (path; 1; ) at [0] => IsFile;
    _path_isjunction (path; 1; ) at [0] => Never;
    _path_islink (path; 1; ) at [0] => Never;
    _path_lexists (path; 1; ) at [0] => Exists;
    access (path, mode; 2; dir_fd, effective_ids, follow_symlinks) at [0] => Access;
    chdir (path; 1; ) at [0] => Enter;
    chflags (path, flags; 2; follow_symlinks) at [0] => Change;
    chmod (path, mode; 2; dir_fd, follow_symlinks) at [0] => Change;
    chown (path, uid, gid; 3; dir_fd, follow_symlinks) at [0] => Change;
    chroot (path; 1; ) at [0] => Enter;
    execv (path, argv; 2; ) at [0] => Start;
    execve (path, argv, env; 3; ) at [0] => Start;
    getxattr (path, attribute; 2; follow_symlinks) at [0] => Attribute;
    lchflags (path, flags; 2; ) at [0] => Change;
    lchmod (path, mode; 2; ) at [0] => Change;
    lchown (path, uid, gid; 3; ) at [0] => Change;
    link (src, dst; 2; src_dir_fd, dst_dir_fd, follow_symlinks) at [0, 1] => Change;
    listdir (path; 0; ) at [0] => List;
    listxattr (path; 0; follow_symlinks) at [0] => Attributes;
    lstat (path; 1; dir_fd) at [0] => Stat;
    mkdir (path, mode; 1; dir_fd) at [0] => Make;
    mkfifo (path, mode; 1; dir_fd) at [0] => Make;
    mknod (path, mode, device; 1; dir_fd) at [0] => Make;
    open (path, flags, mode; 2; dir_fd) at [0] => Open;
    pathconf (path, name; 2; ) at [0] => Around;
    posix_spawn (path, argv, env; 3; file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler) at [0] => Start;
    posix_spawnp (path, argv, env; 3; file_actions, setpgroup, resetids, setsid, setsigmask, setsigdef, scheduler) at [0] => Start;
    readlink (path; 1; dir_fd) at [0] => Link;
    remove (path; 1; dir_fd) at [0] => Change;
    removexattr (path, attribute; 2; follow_symlinks) at [0] => Change;
    rename (src, dst; 2; src_dir_fd, dst_dir_fd) at [0, 1] => Change;
    replace (src, dst; 2; src_dir_fd, dst_dir_fd) at [0, 1] => Change;
    rmdir (path; 1; dir_fd) at [0] => Change;
    scandir (path; 0; ) at [0] => Scan;
    setxattr (path, attribute, value, flags; 3; follow_symlinks) at [0] => Change;
    stat (path; 1; dir_fd, follow_symlinks) at [0] => Stat;
    statvfs (path; 1; ) at [0] => Around;
    statx (path, mask; 2; flags, dir_fd, follow_symlinks, sync) at [0] => Around;
    symlink (src, dst, target_is_directory; 2; dir_fd) at [1] => Make;
    truncate (path, length; 2; ) at [0] => Change;
    unlink (path; 1; dir_fd) at [0] => Change;
    utime (path, times; 1; ns, dir_fd, follow_symlinks) at [0] => Change;
}
