//! What a recipe gives: files in their order, and what a person must know.

use std::collections::BTreeMap;
use std::fmt;

use upshift_files::{Phase, SourceFile, Version};

use crate::error::RecipeError;
use crate::file::RecipeFile;

/// The files of a schema change for every phase, and what a person must know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recipe {
    /// What it does, in a line.
    pub title: String,
    /// The files, in the order they are applied.
    pub files: Vec<RecipeFile>,
    /// What old and new code must do, what this recipe cannot see, and where servers differ.
    pub notes: Vec<Note>,
}

/// Something a person must know about a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// Whom it is for.
    pub about: About,
    /// What it says.
    pub text: String,
}

/// Whom a note is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum About {
    /// The code that runs today.
    OldCode,
    /// The code of the next release.
    NewCode,
    /// Whoever reviews the files: what the recipe cannot see or does not do.
    Review,
    /// Servers of some versions.
    Server,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let about = match self.about {
            About::OldCode => "old code",
            About::NewCode => "new code",
            About::Review => "review",
            About::Server => "server",
        };
        write!(f, "{about}: {}", self.text)
    }
}

impl Recipe {
    pub(crate) fn new(title: impl Into<String>) -> Recipe {
        Recipe { title: title.into(), files: Vec::new(), notes: Vec::new() }
    }

    pub(crate) fn note(&mut self, about: About, text: impl Into<String>) {
        self.notes.push(Note { about, text: text.into() });
    }

    /// The same, where what is hidden is dropped after `delay` (`7d` unless said), such as `12h` or `30d`.
    ///
    /// # Errors
    /// When `delay` is no duration.
    pub fn purge_after(mut self, delay: &str) -> Result<Recipe, RecipeError> {
        upshift_files::parse_duration(delay)
            .map_err(|error| RecipeError::new(format!("purging after `{delay}`"), error.to_string()))?;
        self.files.iter_mut().for_each(|file| file.delayed(delay));
        Ok(self)
    }

    /// The same, bound to a switch: code asks it which side to read and write.
    ///
    /// # Errors
    /// When `name` is not made of words joined by dots, such as `orders.status_id`.
    pub fn switch(mut self, name: &str) -> Result<Recipe, RecipeError> {
        let is_word = |part: &str| {
            part.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && part.chars().all(|c| c.is_alphanumeric() || c == '_')
        };
        if !name.split('.').all(is_word) {
            let why = "a name is words joined by dots";
            return Err(RecipeError::new(format!("the switch `{}`", name.escape_debug()), why)
                .instead("name it by what changes, as in `orders.status_id`"));
        }
        self.files.iter_mut().for_each(|file| file.switched(name));
        Ok(self)
    }

    /// The files of one phase, in their order.
    ///
    /// The contract files belong into the folder together with the release that no longer needs what they remove.
    pub fn phase(&self, phase: Phase) -> impl Iterator<Item = &RecipeFile> {
        self.files.iter().filter(move |file| file.phase == phase)
    }

    /// The files with versions from `first` onward, as `upshift::Source::files` takes them and as they are written
    /// into a folder: `path` is the file's name.
    ///
    /// # Errors
    /// When the versions would have more than 18 digits.
    ///
    /// # Examples
    /// ```no_run
    /// # fn write(recipe: upshift_recipes::Recipe) -> Result<(), Box<dyn std::error::Error>> {
    /// for file in recipe.numbered("20261121090000".parse()?)? {
    ///     std::fs::write(std::path::Path::new("migrations").join(&*file.path), &*file.text)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn numbered(&self, first: Version) -> Result<Vec<SourceFile>, RecipeError> {
        let mut next = Some(first);
        let mut versions = BTreeMap::new();
        for file in &self.files {
            let version = next.ok_or_else(|| RecipeError::version_too_high(first))?;
            versions.insert(file.name.as_str(), version);
            next = version.number().checked_add(1).and_then(Version::new);
        }
        Ok(self.files.iter().map(|file| source_file(file, &versions)).collect())
    }

    /// The same, where `version` says each file's: contract files that come with a later release have later ones.
    ///
    /// # Errors
    /// When a file's version is not above those of the files before it.
    pub fn numbered_by(
        &self,
        mut version: impl FnMut(&RecipeFile) -> Version,
    ) -> Result<Vec<SourceFile>, RecipeError> {
        let mut versions = BTreeMap::new();
        let mut last = None;
        for file in &self.files {
            let version = version(file);
            if let Some(before) = last.filter(|before| *before >= version) {
                let why = format!("its version {version} is not above {before}, that of the file before it");
                return Err(RecipeError::new(format!("numbering {}", file.name), why)
                    .instead("the files of a recipe are applied in their order: number them in it"));
            }
            versions.insert(file.name.as_str(), version);
            last = Some(version);
        }
        Ok(self.files.iter().map(|file| source_file(file, &versions)).collect())
    }
}

fn source_file(file: &RecipeFile, versions: &BTreeMap<&str, Version>) -> SourceFile {
    let own = versions.get(file.name.as_str()).map(ToString::to_string).unwrap_or_default();
    SourceFile::new(format!("{own}_{}.sql", file.name), file.text(versions))
}
