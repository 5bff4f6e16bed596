//! The Python and the platform that an archive is built for.

use std::fmt;

use crate::Error;
use crate::format::TargetRecord;

/// The Python an archive is built for; bytecode and extension modules run on no other.
///
/// ```
/// let target = importer_core::Target {
///     implementation: "cpython".to_owned(),
///     version: (3, 12),
///     bytecode_magic: 3531,
///     free_threaded: false,
///     optimization: 0,
/// };
/// assert_eq!(target.to_string(), "cpython 3.12 (bytecode 3531, -O0)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The implementation as `sys.implementation.name` gives it, such as `cpython`; at most 16 bytes.
    pub implementation: String,
    /// Major and minor version.
    pub version: (u8, u8),
    /// The magic number of its bytecode, such as 3531.
    pub bytecode_magic: u32,
    /// Whether it is a free-threaded build.
    pub free_threaded: bool,
    /// The optimisation level the archive is meant for: 0, 1 or 2.
    pub optimization: u8,
}

impl Target {
    pub(crate) fn to_record(&self) -> Result<TargetRecord, Error> {
        let name = self.implementation.as_bytes();
        let mut implementation = [0; 16];
        match implementation.get_mut(..name.len()) {
            Some(place) if !name.is_empty() && !name.contains(&0) => place.copy_from_slice(name),
            Some(_) | None => {
                let why = "it must have 1 to 16 bytes, none of them NUL";
                return Err(Error::invalid("implementation name", &self.implementation, why));
            }
        }
        let (major, minor) = self.version;
        Ok(TargetRecord {
            implementation,
            major,
            minor,
            free_threaded: u8::from(self.free_threaded),
            optimization: self.optimization,
            bytecode_magic: self.bytecode_magic.into(),
        })
    }

    /// `None` when the name is not text; the header's checksum makes that the writer's fault, not the file's.
    pub(crate) fn from_record(record: &TargetRecord) -> Option<Self> {
        let name = record.implementation.split(|byte| *byte == 0).next()?;
        Some(Self {
            implementation: str::from_utf8(name).ok()?.to_owned(),
            version: (record.major, record.minor),
            bytecode_magic: record.bytecode_magic.get(),
            free_threaded: record.free_threaded != 0,
            optimization: record.optimization,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            implementation,
            version: (major, minor),
            bytecode_magic,
            free_threaded,
            optimization,
        } = self;
        let threads = if *free_threaded { " free-threaded" } else { "" };
        write!(
            f,
            "{implementation} {major}.{minor}{threads} (bytecode {bytecode_magic}, -O{optimization})"
        )
    }
}
