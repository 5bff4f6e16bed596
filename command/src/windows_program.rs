//! The options of `build` that only programs for Windows have.

use std::fs;
use std::path::Path;

use super::arguments::WindowsOptions;
use super::error::CommandError;
use packer::{WindowsProgram, WindowsVersion};

/// Reads the files that the options name.
pub(super) fn read(options: &WindowsOptions) -> Result<WindowsProgram, CommandError> {
    let read = |path: &Path| {
        fs::read(path).map_err(|source| CommandError::Io {
            action: "read",
            path: path.to_owned(),
            source,
        })
    };
    let icon = options.icon.as_deref().map(read).transpose()?;
    let version = match &options.version_file {
        Some(path) => {
            let text = String::from_utf8_lossy(&read(path)?).into_owned();
            let version = version(&text);
            Some(
                version
                    .map_err(|why| CommandError::Usage(format!("`{}`: {why}", path.display())))?,
            )
        }
        None => None,
    };
    Ok(WindowsProgram { windowed: options.windowed, icon, version })
}

/// `file-version` and `product-version`, of up to four numbers; all else are texts, under the names that Windows gives them.
fn version(text: &str) -> Result<WindowsVersion, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
    let mut version = WindowsVersion::default();
    let mut product = None;
    for (name, value) in table {
        let text =
            value.as_str().ok_or_else(|| format!("`{name}` is no text; write it as \"…\""))?;
        match name.as_str() {
            "file-version" => version.file = numbers(text)?,
            "product-version" => product = Some(numbers(text)?),
            _ => version.texts.push((name, text.to_owned())),
        }
    }
    version.product = product.unwrap_or(version.file);
    Ok(version)
}

fn numbers(text: &str) -> Result<[u16; 4], String> {
    let mut numbers = [0; 4];
    let parts: Vec<&str> = text.split('.').collect();
    let wrong =
        || format!("`{text}` is no version of up to four numbers below 65536, such as `1.2.3`");
    if parts.len() > numbers.len() {
        return Err(wrong());
    }
    for (number, part) in numbers.iter_mut().zip(parts) {
        *number = part.parse().map_err(|_| wrong())?;
    }
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_files_are_read() {
        let check = |text: &str, expected: Result<([u16; 4], [u16; 4], usize), &str>| {
            let found = version(text).map(|found| (found.file, found.product, found.texts.len()));
            match (found, expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{text}"),
                (Err(found), Err(part)) => assert!(found.contains(part), "{text}: {found}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        };
        let one = [1, 2, 3, 0];
        check("file-version = \"1.2.3\"\nCompanyName = \"A\"", Ok((one, one, 1)));
        check("file-version = \"1.2.3\"\nproduct-version = \"2\"", Ok((one, [2, 0, 0, 0], 0)));
        check("", Ok(([0; 4], [0; 4], 0)));
        check("file-version = 1", Err("no text"));
        check("file-version = \"1.2.3.4.5\"", Err("four numbers"));
        check("file-version = \"1.x\"", Err("four numbers"));
        check("file-version", Err("TOML"));
    }
}
