//! The order: stage by stage as far as what needs what allows.

use std::collections::BTreeSet;

use upshift_schema::Kind;

use super::closure::Work;
use super::graph::{Act, Graph, Unit};
use super::{Stage, Step, Style};
use crate::rule::Draft;

/// One statement of a unit.
struct Node<'a> {
    unit: usize,
    draft: Option<&'a Draft>,
    stage: Stage,
}

pub(super) fn schedule(graph: &Graph, work: &Work, style: Style) -> Vec<Step> {
    let mut nodes: Vec<Node<'_>> = Vec::new();
    let mut ends: Vec<(usize, usize)> = Vec::new();
    let mut behind: Vec<Vec<usize>> = Vec::new();
    for (unit, of) in graph.units.iter().enumerate() {
        let first = nodes.len();
        if of.drafts.is_empty() {
            nodes.push(Node { unit, draft: None, stage: Stage::Expand });
        }
        let stage = |draft: &Draft| match (style, draft.stage) {
            (Style::Plain, stage) if stage != Stage::Enum => Stage::Expand,
            (_, stage) => stage,
        };
        nodes.extend(of.drafts.iter().map(|draft| Node { unit, draft: Some(draft), stage: stage(draft) }));
        behind.resize(nodes.len(), Vec::new());
        (first..nodes.len().saturating_sub(1)).for_each(|at| behind[at].push(at + 1));
        ends.push((first, nodes.len() - 1));
    }
    for (before, after) in &graph.edges {
        behind[ends[*before].1].push(ends[*after].0);
    }
    let mut waits = vec![0_usize; nodes.len()];
    behind.iter().flatten().for_each(|at| waits[*at] += 1);
    let rank = |at: usize| {
        let unit = &graph.units[nodes[at].unit];
        // What goes, goes in the opposite order.
        let order = match nodes[at].draft {
            // What it references may have to be put together from the indexes of partitions first.
            Some(draft) if draft.sql.contains(" FOREIGN KEY ") => Kind::View as usize,
            _ => unit.key.0 as usize,
        };
        let kind = if unit.act == Act::Drop { usize::MAX - order } else { order };
        // Where nobody is, what goes makes room first.
        let late = (unit.act == Act::Drop) == (style == Style::Online);
        (late, kind, unit.key.1.clone(), at)
    };
    let mut ready: BTreeSet<(Stage, (bool, usize, String, usize))> = BTreeSet::new();
    let mut open: BTreeSet<usize> = (0..nodes.len()).collect();
    ready.extend((0..nodes.len()).filter(|at| waits[*at] == 0).map(|at| (nodes[at].stage, rank(at))));
    let mut steps = Vec::new();
    let mut stage = Stage::Expand;
    while !open.is_empty() {
        // The stage goes on while it can: fewer files. In a circle the first goes first, and the proof judges.
        let next =
            ready.range((stage, (false, 0, String::new(), 0))..).next().filter(|it| it.0 == stage).cloned();
        let next = next.or_else(|| ready.first().cloned());
        let at = match &next {
            Some(next) => next.1.3,
            None => match open.iter().copied().min_by_key(|at| (nodes[*at].stage, rank(*at))) {
                Some(at) => at,
                None => break,
            },
        };
        next.map(|next| ready.remove(&next));
        if !open.remove(&at) {
            continue;
        }
        let node = &nodes[at];
        if let Some(draft) = node.draft {
            stage = node.stage;
            steps.push(step(&graph.units[node.unit], draft, node.stage, work));
        }
        for next in &behind[at] {
            waits[*next] = waits[*next].saturating_sub(1);
            if waits[*next] == 0 && open.contains(next) {
                ready.insert((nodes[*next].stage, rank(*next)));
            }
        }
    }
    steps
}

fn step(unit: &Unit, draft: &Draft, stage: Stage, work: &Work) -> Step {
    // The standard comment of that schema takes the place of what was said of it, or of none: nothing is dropped.
    let is_standard = unit.key == (Kind::Comment, "schema public".to_owned());
    let drops = unit.act == Act::Drop && !work.come.contains(&unit.key) && !is_standard;
    Step {
        sql: draft.sql.clone(),
        stage,
        about: unit.key.clone(),
        hazards: draft.hazards.clone(),
        drops: drops.then(|| unit.key.clone()),
    }
}
