//! The resources of a program for Windows: its icon, its version, its manifest, and whether it opens a console.

use editpe::types::VersionU32;
use editpe::{Image, ResourceDirectory, VersionInfo, VersionStringTable};

use super::{BundleError, Problem};

/// The properties that are written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowsProgram {
    /// Whether it opens no console.
    pub windowed: bool,
    /// The contents of a file `.ico`.
    pub icon: Option<Vec<u8>>,
    /// Its version.
    pub version: Option<WindowsVersion>,
}

/// The version of a program, as its properties show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WindowsVersion {
    /// The version of the file.
    pub file: [u16; 4],
    /// The version of the product that the file belongs to.
    pub product: [u16; 4],
    /// Texts by their names (`CompanyName`, `FileDescription`).
    pub texts: Vec<(String, String)>,
}

/// As `python.exe` asks for: paths of any length, and no rights that its user has not.
const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3"><security><requestedPrivileges>
    <requestedExecutionLevel level="asInvoker" uiAccess="false"/>
  </requestedPrivileges></security></trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1"><application>
    <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
  </application></compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3"><windowsSettings>
    <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
  </windowsSettings></application>
</assembly>
"#;

/// The number of the subsystem of programs without a console (`IMAGE_SUBSYSTEM_WINDOWS_GUI`).
const WINDOWED: u16 = 2;
/// American English, in Unicode: what texts that are not translated are said to be in.
const LANGUAGE: (u16, u16, &str) = (0x0409, 0x04b0, "040904b0");

impl WindowsProgram {
    /// Writes it into a program. One for another system stays as it is, and says so with an error if anything was asked for.
    pub fn write_into(&self, program: &mut Vec<u8>) -> Result<(), BundleError> {
        if !program.starts_with(b"MZ") {
            return match self {
                Self { windowed: false, icon: None, version: None } => Ok(()),
                _ => Err(refused("it is no program for Windows, which alone has an icon, a version or no console".into())),
            };
        }
        let failed = |error: &dyn std::fmt::Display| refused(error.to_string());
        let mut image = Image::parse(program.as_slice()).map_err(|error| failed(&error))?;
        let mut resources =
            image.resource_directory().cloned().unwrap_or_else(ResourceDirectory::default);
        resources.set_manifest(MANIFEST).map_err(|error| failed(&error))?;
        if let Some(icon) = &self.icon {
            resources
                .set_main_icon(icon.clone())
                .map_err(|error| refused(format!("the icon is no file `.ico` ({error})")))?;
        }
        if let Some(version) = &self.version {
            resources.set_version_info(&version.info()).map_err(|error| failed(&error))?;
        }
        image.set_resource_directory(resources).map_err(|error| failed(&error))?;
        if self.windowed {
            image.set_subsystem(WINDOWED);
        }
        let mut dressed = image.data().to_vec();
        forget_symbols(&mut dressed);
        *program = dressed;
        Ok(())
    }
}

impl WindowsVersion {
    fn info(&self) -> VersionInfo {
        let number = |[first, second, third, fourth]: [u16; 4]| VersionU32 {
            major: (u32::from(first) << 16) | u32::from(second),
            minor: (u32::from(third) << 16) | u32::from(fourth),
        };
        let (language, page, key) = LANGUAGE;
        let mut info = VersionInfo::default();
        info.info.file_version = number(self.file);
        info.info.product_version = number(self.product);
        info.strings = vec![VersionStringTable {
            key: key.to_owned(),
            strings: self.texts.iter().cloned().collect(),
        }];
        info.vars = vec![editpe::types::VersionU16 { major: language, minor: page }];
        info
    }
}

/// Takes away what says where symbols for debuggers are: they are not where they were.
fn forget_symbols(program: &mut [u8]) {
    let headers = program.get(0x3c..0x40).and_then(|place| place.try_into().ok());
    let headers = headers.map_or(0, u32::from_le_bytes) as usize;
    // Behind the signature, the processor, the number of sections and the time.
    if let Some(place) = headers.checked_add(12)
        && let Some(symbols) = program.get_mut(place..place.saturating_add(8))
    {
        symbols.fill(0);
    }
}

fn refused(reason: String) -> BundleError {
    BundleError::from(Problem::Executable { path: "the runtime".into(), reason })
}
