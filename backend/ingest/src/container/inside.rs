//! Where in the nesting of containers something is.

use crate::Format;

/// Longer names are cut.
const LONGEST_NAME: usize = 512;

/// See the module.
#[derive(Clone)]
pub(super) struct Inside {
    /// Names of the members on the way, joined.
    pub name: String,
    /// Formats on the way, joined.
    pub formats: String,
    /// Containers around it. A tar archive and the compression right around it are one.
    pub depth: usize,
    /// zstd data around it.
    pub zstd: usize,
    /// Whether the innermost container is compression of one content.
    pub packed: bool,
    /// Bytes of the source before it and up to its end, for progress.
    pub from: u64,
    pub to: u64,
}

impl Inside {
    /// The source itself.
    pub fn top(size: u64) -> Inside {
        Inside {
            name: String::new(),
            formats: String::new(),
            depth: 0,
            zstd: 0,
            packed: false,
            from: 0,
            to: size,
        }
    }

    /// Inside the container of this format here.
    pub fn deeper(&self, format: Format) -> Inside {
        Inside {
            formats: self.format(format),
            depth: self.depth + usize::from(self.counts(format)),
            zstd: self.zstd + usize::from(format == Format::Zstd),
            packed: matches!(format, Format::Gzip | Format::Zstd),
            ..self.clone()
        }
    }

    /// Whether a container of this format here is one more level.
    pub fn counts(&self, format: Format) -> bool {
        !(format == Format::Tar && self.packed)
    }

    pub fn format(&self, format: Format) -> String {
        if self.formats.is_empty() {
            format.name().into()
        } else {
            format!("{}/{}", self.formats, format.name())
        }
    }

    /// The member of this name here.
    pub fn member(&self, name: &str, from: u64, to: u64) -> Inside {
        let mut name: String = name.chars().take(LONGEST_NAME).collect();
        if !self.name.is_empty() {
            name = format!("{} > {name}", self.name);
        }
        Inside { name, from, to, ..self.clone() }
    }

    /// The name, where it has one.
    pub fn label(&self) -> Option<String> {
        (!self.name.is_empty()).then(|| self.name.clone())
    }
}
