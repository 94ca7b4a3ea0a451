//! The book in `docs/`: every chapter is listed and compiled, every link has a target, and every test named in a table
//! exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the file names of the book's pages, without those of the decisions.
fn chapters() -> Vec<String> {
    let files = fs::read_dir(root().join("docs")).expect("docs");
    let names = files.map(|file| file.expect("a file").file_name().into_string().expect("a name"));
    let mut names: Vec<_> = names.filter(|name| name.ends_with(".md") && name != "SUMMARY.md").collect();
    names.sort();
    names
}

/// Returns the targets of a page's links, except for those in code.
fn links(page: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in prose(page) {
        // Inline code is between backticks.
        let text: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        for rest in text.split("](").skip(1) {
            links.extend(rest.split(')').next().map(str::to_owned));
        }
    }
    links
}

/// Returns the lines outside of fences.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fenced && !fence
    })
}

/// Returns the anchors of a page's headings, as GitHub and mdBook generate them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = prose(page).filter(|line| line.starts_with('#'));
    headings
        .map(|line| {
            let text = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
            text.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
        })
        .collect()
}

#[test]
fn every_chapter_is_in_the_summary() {
    let summary = links(&read(root().join("docs/SUMMARY.md")));
    for chapter in chapters() {
        assert_eq!(summary.iter().filter(|link| **link == chapter).count(), 1, "{chapter}");
    }
}

/// Otherwise the examples of a chapter would not be compiled.
#[test]
fn every_chapter_is_a_documentation_test() {
    let pages = read(root().join("socketio-tower/src/lib.rs"));
    for chapter in chapters() {
        assert!(pages.contains(&format!("include_str!(\"../../docs/{chapter}\")")), "{chapter}");
    }
}

#[test]
fn links_lead_somewhere() {
    let docs = root().join("docs");
    let mut broken = Vec::new();
    for name in chapters().iter().map(String::as_str).chain(["SUMMARY.md", "../README.md"]) {
        let file = docs.join(name);
        for link in links(&read(&file)) {
            if link.contains("://") || link.starts_with("mailto:") {
                continue;
            }
            let (path, anchor) =
                link.split_once('#').map_or((&*link, None), |(path, anchor)| (path, Some(anchor)));
            let target = match path {
                "" => file.clone(),
                path => file.parent().expect("a folder").join(path),
            };
            let is_there = match anchor {
                Some(anchor) => target.is_file() && anchors(&read(&target)).contains(anchor),
                None => target.exists(),
            };
            if !is_there {
                broken.push(format!("{name}: {link}"));
            }
        }
    }
    assert!(broken.is_empty(), "{broken:#?}");
}

/// A row without a test would promise something that is not verified.
#[test]
fn the_tests_that_tables_name_exist() {
    let mut missing = Vec::new();
    let mut count = 0;
    for page in chapters() {
        for named in tests_named_in(&read(root().join("docs").join(&page))) {
            count += 1;
            if !named.exists() {
                missing.push(format!("{page}: {named:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(count > 200, "the tables are read: {count}");
}

/// In the tables for users of other servers, each row names a test or gives a reason why there is no test.
#[test]
fn no_row_is_empty() {
    for page in chapters().iter().filter(|page| page.starts_with("coming-from-")) {
        let mut width = None;
        let page_text = read(root().join("docs").join(page));
        for line in prose(&page_text) {
            let cells: Vec<_> = cells(line);
            match cells.as_slice() {
                [] => width = None,
                [_, _, test, note] if *test != "test" && !test.starts_with("---") => {
                    assert_eq!(width, Some(4), "{page}: {line}");
                    assert!(!test.is_empty(), "{page}: {line}");
                    assert!(*test != "—" || !note.is_empty(), "{page}: a reason is missing: {line}");
                }
                cells => {
                    let width = width.get_or_insert(cells.len());
                    assert_eq!(*width, cells.len(), "{page}: {line}");
                    assert!(!cells.contains(&""), "{page}: {line}");
                }
            }
        }
    }
}

/// Returns the cells of a table row, or nothing if the line is not one. A literal bar is written `\|`.
fn cells(line: &str) -> Vec<&str> {
    let Some(line) = line.strip_prefix('|') else { return Vec::new() };
    let line = line.trim_end().strip_suffix('|').expect("a line of a table ends with a bar");
    let mut cells = Vec::new();
    let mut start = 0;
    for (at, _) in line.match_indices('|') {
        if !line[..at].ends_with('\\') {
            cells.push(line[start..at].trim());
            start = at + 1;
        }
    }
    cells.push(line[start..].trim());
    cells
}

/// A test as a page names it: `tower/connecting.rs::a_middleware_refuses`, or a whole file of tests.
#[derive(Debug)]
struct Named {
    file: PathBuf,
    title: Option<String>,
}

impl Named {
    fn exists(&self) -> bool {
        let Ok(source) = fs::read_to_string(root().join(&self.file)) else { return false };
        match &self.title {
            None => true,
            Some(title) if self.file.extension().is_some_and(|extension| extension == "rs") => {
                source.contains(&format!("fn {title}("))
            }
            Some(title) => {
                ['"', '`'].iter().any(|quote| source.contains(&format!("test({quote}{title}{quote}")))
            }
        }
    }
}

/// Returns the tests named in table rows: text between backticks that begins with a folder of tests.
fn tests_named_in(page: &str) -> Vec<Named> {
    let lines = prose(page).filter(|line| line.starts_with('|'));
    let codes = lines.flat_map(|line| line.split('`').skip(1).step_by(2));
    codes
        .filter_map(|code| {
            let (file, title) =
                code.split_once("::").map_or((code, None), |(file, title)| (file, Some(title)));
            let is_file = file.ends_with(".rs") || file.ends_with(".test.mjs");
            let (folder, rest) = is_file.then(|| file.split_once('/').unwrap_or(("", file)))?;
            let file = match folder {
                "" if title.is_some() => Path::new("tests/tests").join(file),
                "tower" | "core" | "allocations" => Path::new("tests/tests").join(file),
                "e2e" => Path::new("tests/e2e/suite").join(rest),
                "socketio-tower" | "socketio-core" if title.is_some() => PathBuf::from(file),
                _ => return None,
            };
            Some(Named { file, title: title.map(str::to_owned) })
        })
        .collect()
}
