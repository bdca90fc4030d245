//! The pages, and what stands in them.

use std::path::{Path, PathBuf};

/// A page: where it stands below the repository's root, and its text.
pub struct Page {
    pub path: String,
    pub text: String,
}

/// A fenced block of a page.
pub struct Block<'p> {
    pub page: &'p str,
    /// The line of its first row of text, from 1.
    pub line: usize,
    /// What stands behind the fence: `sh`, `rust,no_run`.
    pub info: &'p str,
    pub text: String,
}

impl Block<'_> {
    pub fn language(&self) -> &str {
        self.info.split(',').next().unwrap_or_default()
    }

    pub fn place(&self) -> String {
        format!("{}:{}", self.page, self.line)
    }
}

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below a folder of the repository that ends so, sorted.
pub fn files(folder: &str, ending: &str) -> Vec<String> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in root().join(&folder).read_dir().unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let path = format!("{folder}/{name}");
            match root().join(&path).is_dir() {
                true => folders.push(path),
                false if path.ends_with(ending) => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

/// README and every page of the book.
pub fn pages() -> Vec<Page> {
    let paths = files("docs", ".md").into_iter().chain(["README.md".to_owned()]);
    paths.map(|path| Page { text: read(&path), path }).collect()
}

/// The fenced blocks of a page.
pub fn blocks(page: &Page) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut open: Option<Block<'_>> = None;
    for (number, line) in page.text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                open = Some(Block { page: &page.path, line: number + 2, info, text: String::new() });
            }
            (Some(_), Some("")) => blocks.extend(open.take()),
            (Some(block), _) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{}: a block without an end", page.path);
    blocks
}

/// The `code spans` of a page's text outside of its blocks, with their lines.
pub fn spans(page: &Page) -> Vec<(usize, &str)> {
    let mut fenced = false;
    let mut found = Vec::new();
    for (number, line) in page.text.lines().enumerate() {
        if line.starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            found.extend(line.split('`').skip(1).step_by(2).map(|span| (number + 1, span)));
        }
    }
    found
}
