//! From pieces to migrations: pairs joined, twins found, what is missing named.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::code::{self, CodeDown};
use crate::cut::{self, Reading, Role};
use crate::header::HeaderDraft;
use crate::layout::{Content, Layout, Piece};
use crate::migration::{Body, Down, Migration, MigrationId};
use crate::{Code, CodeHeader, Diagnostic, Header, Section, SectionKind, SourceFile, file_name};

/// A migration and where its header's `requires` were said.
pub(crate) struct Assembled {
    pub migration: Migration,
    pub draft: HeaderDraft,
    pub file: Arc<SourceFile>,
}

/// Joins the pieces of every migration.
pub(crate) fn assemble(layout: Layout, pieces: Vec<Piece>) -> (Vec<Assembled>, Vec<Diagnostic>) {
    let mut groups: BTreeMap<MigrationId, Vec<Piece>> = BTreeMap::new();
    for piece in pieces {
        groups.entry(piece.id.clone()).or_default().push(piece);
    }
    let mut all = Vec::with_capacity(groups.len());
    let mut problems = Vec::new();
    for (id, group) in groups {
        problems.extend(zero(layout, &id, &group));
        match twins(layout, &group) {
            Some(problem) => problems.push(problem),
            None => all.extend(join(layout, id, group, &mut problems)),
        }
    }
    (all, problems)
}

/// The migration of an attributed function.
pub(crate) fn of_code(header: CodeHeader) -> Assembled {
    let file = Arc::new(SourceFile::embedded(header.path, header.text));
    let migration = Migration {
        id: MigrationId::Version(header.version),
        name: header.name.to_owned(),
        header: Header { transaction: header.transaction, ..Header::default() },
        up: Body::Code(Code::new(file.clone())),
        down: match header.down {
            CodeDown::Present => Down::Code,
            CodeDown::Absent => Down::Absent,
        },
        verify: None,
        guard: None,
    };
    Assembled { migration, draft: HeaderDraft::default(), file }
}

/// The mistake of a second migration with one version.
pub(crate) fn twin_version(id: &MigrationId, one: &str, other: &str) -> Diagnostic {
    let message = match id {
        MigrationId::Version(version) => {
            format!("version {version} stands twice: in `{one}` and in `{other}`")
        }
        MigrationId::Repeatable(name) => {
            format!("repeatable `{name}` stands twice: in `{one}` and in `{other}`")
        }
    };
    let help = match id {
        MigrationId::Version(_) => "give the one that is not applied anywhere a new version",
        MigrationId::Repeatable(_) => "join the two",
    };
    Diagnostic::of_file(other, message).help(help)
}

fn zero(layout: Layout, id: &MigrationId, group: &[Piece]) -> Option<Diagnostic> {
    let MigrationId::Version(version) = id else { return None };
    if version.number() > 0 || file_name::zero_is_a_version(layout) {
        return None;
    }
    let problem =
        Diagnostic::of_file(&*group.first()?.file.path, "version 0 is the empty database, and no migration");
    Some(problem.help("versions begin at 1"))
}

/// Two pieces of one version that are not the parts of one migration.
pub(crate) fn twins(layout: Layout, group: &[Piece]) -> Option<Diagnostic> {
    let (first, rest) = group.split_first()?;
    for (n, piece) in rest.iter().enumerate() {
        let earlier = &group[..=n];
        if let Some(twin) = earlier.iter().find(|other| clash(layout, other, piece)) {
            let problem = twin_version(&first.id, &twin.file.path, &piece.file.path);
            // Of another name it is another migration, of another branch.
            return Some(match (role(twin), role(piece)) {
                _ if twin.name != piece.name => problem,
                (Some(Role::Whole), Some(Role::Only(_))) => problem.help(up_in_its_name(twin)),
                (Some(Role::Only(_)), Some(Role::Whole)) => problem.help(up_in_its_name(piece)),
                _ => problem,
            });
        }
    }
    None
}

fn up_in_its_name(whole: &Piece) -> String {
    let stem = whole.file.path.trim_end_matches(".sql");
    format!("when it is the up of the other, rename it to `{stem}.up.sql`")
}

/// What an SQL file is to its migration; Rust code has no sections.
fn role(piece: &Piece) -> Option<Role> {
    match piece.content {
        Content::Sql(manner) => Some(manner.role),
        Content::Rust => None,
    }
}

fn clash(layout: Layout, one: &Piece, other: &Piece) -> bool {
    let (Content::Sql(a), Content::Sql(b)) = (one.content, other.content) else { return true };
    // Flyway joins an undo script to its version, whatever its words are; golang-migrate does the same.
    let by_version = matches!(layout, Layout::Flyway | Layout::GolangMigrate);
    match (a.role, b.role) {
        (Role::Whole, Role::Only(SectionKind::Down)) | (Role::Only(SectionKind::Down), Role::Whole) => {
            layout != Layout::Flyway
        }
        (Role::Only(a), Role::Only(b)) => a == b || (one.name != other.name && !by_version),
        (Role::Whole, _) | (_, Role::Whole) => true,
    }
}

/// Reads the files of one migration and joins them.
fn join(
    layout: Layout,
    id: MigrationId,
    group: Vec<Piece>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Assembled> {
    let mut sections: BTreeMap<SectionKind, Section> = BTreeMap::new();
    let mut up: Option<(HeaderDraft, Piece)> = None;
    let mut allows = Vec::new();
    for piece in group {
        let manner = match piece.content {
            Content::Rust => return rust(id, piece, problems),
            Content::Sql(manner) => manner,
        };
        let (Reading { draft, sections: read }, wrong) = cut::read(&piece.file, manner);
        let broken = !wrong.is_empty();
        problems.extend(wrong);
        if broken && read.is_empty() {
            return None;
        }
        for section in read {
            match sections.get(&section.kind()) {
                Some(first) => problems.push(said_twice(first, &section)),
                None => drop(sections.insert(section.kind(), section)),
            }
        }
        if matches!(manner.role, Role::Whole | Role::Only(SectionKind::Up)) {
            up = Some((draft, piece));
        } else {
            allows.extend(draft.header.allows);
        }
    }
    let Some((mut draft, piece)) = up else {
        problems.extend(sections.values().next().map(without_up));
        return None;
    };
    draft.header.allows.extend(allows);
    if layout == Layout::Native {
        problems.extend(
            [SectionKind::Up, SectionKind::Down].iter().filter_map(|kind| empty(sections.get(kind)?)),
        );
    }
    finish(id, draft, piece, sections, problems)
}

fn said_twice(first: &Section, second: &Section) -> Diagnostic {
    let message =
        format!("section `{}` stands twice: in `{}` and in `{}`", second.kind(), first.path(), second.path());
    Diagnostic::of_file(second.path(), message).help("keep one of them")
}

fn without_up(section: &Section) -> Diagnostic {
    let path = section.path();
    let kind = section.kind();
    let up = path
        .strip_suffix(&format!("{kind}.sql"))
        .map_or_else(|| "the up file".to_owned(), |stem| format!("`{stem}up.sql`"));
    Diagnostic::of_file(path, format!("a {kind} without its up"))
        .help(format!("{up} is missing: restore it, or delete this file"))
}

fn finish(
    id: MigrationId,
    mut draft: HeaderDraft,
    piece: Piece,
    mut sections: BTreeMap<SectionKind, Section>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Assembled> {
    let up = sections.remove(&SectionKind::Up)?;
    let down = sections.remove(&SectionKind::Down);
    if let (MigrationId::Repeatable(name), Some(down)) = (&id, &down) {
        let problem = down.diagnostic(0..0, format!("repeatable `{name}` has a down, which would never run"));
        problems.push(problem.help("delete the section: a repeatable is applied again, and not reverted"));
    }
    let down = match (draft.irreversible.take(), down) {
        (None, None) => Down::Absent,
        (None, Some(section)) => Down::Sql(section),
        (Some((because, _)), None) => Down::Irreversible { because },
        (Some((because, line)), Some(_)) => {
            let message = "`irreversible`, and yet there is a down section";
            let problem = Diagnostic::at(&*piece.file.path, &piece.file.text, line, message);
            problems.push(problem.help("keep one of the two"));
            Down::Irreversible { because }
        }
    };
    let (verify, guard) = (sections.remove(&SectionKind::Verify), sections.remove(&SectionKind::Guard));
    let header = draft.header.clone();
    let migration = Migration { id, name: piece.name, header, up: Body::Sql(up), down, verify, guard };
    Some(Assembled { migration, draft, file: piece.file })
}

/// An empty section of our own layout is a forgotten one; other tools run such files, and so do we.
fn empty(section: &Section) -> Option<Diagnostic> {
    if !section.text().trim().is_empty() {
        return None;
    }
    let help = match section.kind() {
        SectionKind::Down => {
            "write what reverts the migration, or `-- upshift: irreversible because …` in the header"
        }
        _ => "write the statements, or delete the file",
    };
    let message = format!("the {} section is empty", section.kind());
    let problem = match section.mark() {
        Some(mark) => Diagnostic::at(section.path(), &section.file().text, mark, message),
        None => Diagnostic::of_file(section.path(), message),
    };
    Some(problem.help(help))
}

fn rust(id: MigrationId, piece: Piece, problems: &mut Vec<Diagnostic>) -> Option<Assembled> {
    let (read, wrong) = code::read(&piece.file);
    problems.extend(wrong);
    let mut draft = read.draft;
    let down = match (draft.irreversible.take(), read.down) {
        (Some((because, _)), CodeDown::Absent) => Down::Irreversible { because },
        (Some((_, line)), CodeDown::Present) => {
            let message = "`irreversible`, and yet there is a `down` function";
            let problem = Diagnostic::at(&*piece.file.path, &piece.file.text, line, message);
            problems.push(problem.help("keep one of the two"));
            Down::Code
        }
        (None, CodeDown::Present) => Down::Code,
        (None, CodeDown::Absent) => Down::Absent,
    };
    let up = Body::Code(Code::new(piece.file.clone()));
    let header = draft.header.clone();
    let migration = Migration { id, name: piece.name, header, up, down, verify: None, guard: None };
    Some(Assembled { migration, draft, file: piece.file })
}
