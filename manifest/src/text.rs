//! The text of values: lines, and fields between tabs.

use crate::error::Malformed;

/// The lines of a value.
pub(crate) fn lines(bytes: &[u8]) -> Result<impl Iterator<Item = (usize, &str)>, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|_| Malformed::new("it is not UTF-8"))?;
    Ok(text.split_terminator('\n').enumerate())
}

/// A field of a line: tabs and line ends in it stand as `\t` and `\n`, and a backslash as two.
pub(crate) fn escaped(field: &str) -> String {
    field.replace('\\', r"\\").replace('\t', r"\t").replace('\n', r"\n")
}

/// The field that stands so.
pub(crate) fn unescaped(line: usize, field: &str) -> Result<String, Malformed> {
    if field.is_empty() {
        return Err(Malformed::line(line, "a field is empty"));
    }
    let mut text = String::with_capacity(field.len());
    let mut letters = field.chars();
    while let Some(letter) = letters.next() {
        text.push(match letter {
            '\\' => match letters.next() {
                Some('\\') => '\\',
                Some('t') => '\t',
                Some('n') => '\n',
                _other => return Err(Malformed::line(line, "a backslash stands alone")),
            },
            letter => letter,
        });
    }
    Ok(text)
}

/// One field in each line.
pub(crate) fn from_list(bytes: &[u8]) -> Result<Vec<String>, Malformed> {
    lines(bytes)?.map(|(line, field)| unescaped(line, field)).collect()
}

/// The bytes of one field in each line.
pub(crate) fn to_list(fields: &[String]) -> Vec<u8> {
    let fields: Vec<_> = fields.iter().map(|field| escaped(field)).collect();
    fields.join("\n").into_bytes()
}
