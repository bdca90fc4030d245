//! The judgement itself: no database, no clock.

use std::collections::BTreeSet;
use std::time::Duration;

use time::OffsetDateTime;
use upshift_files::{Migration, MigrationSet, Phase, Version};

use crate::plan::waits_on_purpose;

use super::{ClosedBy, Gate, GateFacts, GatePolicy, Instance, SessionTag, Share, Verdict, WordKind};

/// The moment so much later; the last one there is where that is too far.
fn later(moment: OffsetDateTime, by: Duration) -> OffsetDateTime {
    let later = time::Duration::try_from(by).ok().and_then(|by| moment.checked_add(by));
    later.unwrap_or(time::PrimitiveDateTime::MAX.assume_utc())
}

/// A contract as a judgement sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Contract {
    pub(crate) version: Version,
    pub(crate) label: String,
    /// What must be applied before, and how a person calls it.
    needs: Vec<(Version, ClosedBy)>,
    /// What must have been live for a while: what it requires, or else everything older.
    stands_on: BTreeSet<Version>,
    after: Option<Duration>,
    /// The switch it belongs to, and that one's expands and backfills.
    switch: Option<(String, BTreeSet<Version>)>,
}

impl Contract {
    /// The contract with this version, if that is one.
    pub(crate) fn of(set: &MigrationSet, version: Version) -> Option<Contract> {
        let migration = set.get(version).filter(|it| it.header().phase == Phase::Contract)?;
        let requires = &migration.header().requires;
        let older = || set.versioned().iter().filter(move |it| it.version() < Some(version));
        let label = |version: &Version| set.get(*version).map_or(version.to_string(), Migration::label);
        // An expand that stands on a backfill or a contract itself comes when it comes.
        let is_before = |it: &&Migration| !waits_on_purpose(set, it) || it.header().phase == Phase::Backfill;
        let before = older().filter(is_before).filter_map(|it| {
            let reason = match it.header().phase {
                Phase::Backfill => ClosedBy::Backfill(it.label()),
                _ => ClosedBy::Requires(it.label()),
            };
            Some((it.version()?, reason))
        });
        let before: Vec<(Version, ClosedBy)> = before.collect();
        let known: BTreeSet<Version> = before.iter().map(|(version, _)| *version).collect();
        let required = requires.iter().filter(|it| !known.contains(it));
        let required = required.map(|it| (*it, ClosedBy::Requires(label(it))));
        let needs = required.chain(before).collect();
        let stands_on = match requires.as_slice() {
            [] => older().filter_map(Migration::version).collect(),
            requires => requires.iter().copied().collect(),
        };
        let header = migration.header();
        let switch = header.switch.clone().map(|name| {
            let of_it = older().filter(|it| it.header().switch.as_ref() == Some(&name));
            let of_it = of_it.filter(|it| it.header().phase != Phase::Contract);
            (name.clone(), of_it.filter_map(Migration::version).collect())
        });
        Some(Contract { version, label: migration.label(), needs, stands_on, after: header.after, switch })
    }
}

/// What the one who judges knows about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Watch {
    /// Somebody who asks, and will not act on the answer.
    Bystander,
    /// An instance that would run the contract: its name, and the longest time between two of its latest heartbeats.
    Instance { id: String, gap: Duration },
}

/// Whether a contract may run now, and if not, why: every reason at once.
pub(crate) fn judge(contract: &Contract, facts: &GateFacts, policy: &GatePolicy, watch: &Watch) -> Verdict {
    let judge = Judge { contract, facts, policy };
    let mut reasons = judge.ordered();
    reasons.extend(judge.said());
    if policy.gate != Gate::Immediate {
        reasons.extend(judge.soaked());
        reasons.extend(judge.watched(watch));
        reasons.extend(judge.services());
        let instances = judge.instances();
        let somebody_needs_it = instances.iter().any(|by| matches!(by, ClosedBy::Alive { .. }));
        reasons.extend(instances);
        reasons.extend(judge.prepared());
        if !somebody_needs_it {
            // What is asked once those have left; before, it would only hide who is waited for.
            reasons.extend(judge.switched());
            reasons.extend(judge.sessions());
            reasons.extend(judge.transactions());
        }
    }
    if reasons.is_empty() { Verdict::Open } else { Verdict::Closed(reasons) }
}

struct Judge<'j> {
    contract: &'j Contract,
    facts: &'j GateFacts,
    policy: &'j GatePolicy,
}

impl Judge<'_> {
    /// What it stands on that is not there.
    fn ordered(&self) -> Vec<ClosedBy> {
        let applied: BTreeSet<Version> = self.facts.applied.iter().map(|it| it.version).collect();
        let missing = self.contract.needs.iter().filter(|(version, _)| !applied.contains(version));
        missing.map(|(_, reason)| reason.clone()).collect()
    }

    /// What operators said.
    fn said(&self) -> Vec<ClosedBy> {
        let about = |version: Option<Version>| version.is_none_or(|it| it == self.contract.version);
        let words =
            |kind| self.facts.words.iter().filter(move |word| word.kind == kind && about(word.version));
        let mut reasons: Vec<ClosedBy> = words(WordKind::Hold)
            .map(|word| ClosedBy::Hold { reason: word.reason.clone(), role: word.role.clone() })
            .collect();
        if self.policy.gate == Gate::Manual && words(WordKind::Approval).next().is_none() {
            reasons.push(ClosedBy::NotApproved);
        }
        reasons
    }

    fn soaked(&self) -> Option<ClosedBy> {
        let after = match self.policy.gate {
            Gate::After(wanted) => Some(wanted),
            _ => None,
        };
        let wanted = self.contract.after.max(after)?;
        let stood = self.facts.applied.iter().filter(|it| self.contract.stands_on.contains(&it.version));
        let live = self.since(stood.map(|it| it.at).max()?);
        (live < wanted).then_some(ClosedBy::Soak { live, wanted })
    }

    /// Whether the one who looks can be believed.
    fn watched(&self, watch: &Watch) -> Option<ClosedBy> {
        let Watch::Instance { id, gap } = watch else { return None };
        let own = self.facts.instances.iter().find(|it| it.id == *id);
        if !own.is_some_and(|it| self.is_alive(it)) {
            return Some(ClosedBy::NotRegistered);
        }
        // What the lease allows to a healthy instance: it calls itself unhealthy after that.
        (*gap > self.policy.patience()).then_some(ClosedBy::Late { gap: *gap })
    }

    fn instances(&self) -> Vec<ClosedBy> {
        let together = self.ended_together();
        let needing = self.facts.instances.iter().filter(|it| it.left_at.is_none() && !self.tolerates(it));
        let reason = |it: &Instance| {
            let (instance, seen) = (Box::new(it.clone()), self.since(it.seen_at));
            if self.is_alive(it) {
                return Some(ClosedBy::Alive { instance, seen });
            }
            let given_up = later(it.expires_at, self.policy.grace);
            let left = Duration::try_from(given_up - self.facts.now).ok().filter(|left| !left.is_zero())?;
            Some(ClosedBy::Expired { instance, seen, left })
        };
        let mut reasons: Vec<ClosedBy> = needing.filter_map(reason).collect();
        if !together.is_empty() {
            let known = |it: &Instance| {
                reasons
                    .iter()
                    .any(|by| matches!(by, ClosedBy::Expired { instance, .. } if instance.id == it.id))
            };
            let rest: Vec<Instance> = together.into_iter().filter(|it| !known(it)).collect();
            if !rest.is_empty() {
                reasons.push(ClosedBy::EndedTogether(rest));
            }
        }
        reasons
    }

    /// Those whose leases ended within one lease of each other, when they were most of all there were.
    fn ended_together(&self) -> Vec<Instance> {
        let registered: Vec<&Instance> =
            self.facts.instances.iter().filter(|it| it.left_at.is_none()).collect();
        let mut ended: Vec<&Instance> =
            registered.iter().copied().filter(|it| !self.is_alive(it) && !self.tolerates(it)).collect();
        ended.sort_by_key(|it| it.seen_at);
        let within = |first: &Instance| {
            let last = later(first.seen_at, self.policy.lease);
            ended.iter().copied().filter(|it| it.seen_at >= first.seen_at && it.seen_at <= last).collect()
        };
        let groups = ended.iter().map(|first| -> Vec<&Instance> { within(first) });
        let largest = groups.max_by_key(Vec::len).unwrap_or_default();
        if largest.len() < 2 || largest.len() * 2 <= registered.len() {
            return Vec::new();
        }
        largest.into_iter().cloned().collect()
    }

    /// Whether everybody uses the new shape, and has heard that everybody does.
    fn switched(&self) -> Vec<ClosedBy> {
        let Some((name, of_it)) = &self.contract.switch else { return Vec::new() };
        let set = self.facts.switches.iter().find(|it| it.name == *name);
        if let Some(set) = set.filter(|it| it.share != Share::All) {
            return vec![ClosedBy::Switch { name: name.clone(), share: set.share.clone() }];
        }
        let applied = self.facts.applied.iter().filter(|it| of_it.contains(&it.version));
        let news = applied.map(|it| it.at).chain(set.map(|it| it.at)).max();
        let deaf = self.facts.instances.iter().filter(|it| self.is_alive(it) && Some(it.seen_at) <= news);
        deaf.map(|it| ClosedBy::NotHeard(Box::new(it.clone()))).collect()
    }

    fn services(&self) -> Vec<ClosedBy> {
        // One that is alive and does not tolerate it is told of by itself.
        let is_told = |it: &Instance| self.tolerates(it) || self.is_alive(it);
        let told =
            |service: &String| self.facts.instances.iter().any(|it| it.service == *service && is_told(it));
        let missing = self.policy.waits_for.iter().filter(|service| !told(service));
        missing.map(|service| ClosedBy::Unregistered(service.clone())).collect()
    }

    /// Sessions of the services' roles that cannot be those of a living instance which tolerates the contract.
    fn sessions(&self) -> Vec<ClosedBy> {
        let looks = |wanted: fn(&Judge<'_>, &Instance) -> bool| -> BTreeSet<&SessionTag> {
            self.facts.instances.iter().filter(|it| wanted(self, it)).map(|it| &it.tag).collect()
        };
        let tolerant = looks(|judge, it| judge.tolerates(it) && (judge.is_alive(it) || it.left_at.is_some()));
        let needing = looks(|judge, it| !judge.tolerates(it) && it.left_at.is_none());
        let roles: BTreeSet<&str> = self.facts.instances.iter().map(|it| it.tag.role.as_str()).collect();
        let reason = |session: &super::SessionFact| {
            let (pid, tag) = (session.pid, session.tag.clone());
            if !roles.contains(tag.role.as_str()) || self.policy.allowed.contains(&tag.application) {
                None
            } else if needing.contains(&tag) {
                Some(ClosedBy::Ambiguous { pid, tag })
            } else if tolerant.contains(&tag) {
                None
            } else {
                Some(ClosedBy::Session { pid, tag })
            }
        };
        // Those of an instance that is alive are told of as that instance.
        let alive = looks(|judge, it| judge.is_alive(it) && !judge.tolerates(it));
        self.facts.sessions.iter().filter(|it| !alive.contains(&it.tag)).filter_map(reason).collect()
    }

    fn prepared(&self) -> Vec<ClosedBy> {
        let reason = |it: &super::PreparedFact| ClosedBy::Prepared {
            gid: it.gid.clone(),
            role: it.role.clone(),
            age: self.since(it.since),
        };
        self.facts.prepared.iter().map(reason).collect()
    }

    /// Transactions that may have seen the schema before the last instance that needs it was gone.
    fn transactions(&self) -> Vec<ClosedBy> {
        let age = |since: OffsetDateTime| self.since(since);
        let needing = self.facts.instances.iter().filter(|it| !self.tolerates(it));
        let gone = needing.map(|it| it.left_at.unwrap_or(it.expires_at)).max();
        let old = self.facts.sessions.iter().filter_map(|session| {
            let since = session.transaction_since.filter(|since| Some(*since) <= gone)?;
            let allowed = self.policy.allowed.contains(&session.tag.application);
            (!allowed).then(|| ClosedBy::Transaction {
                pid: session.pid,
                tag: session.tag.clone(),
                age: age(since),
            })
        });
        old.collect()
    }

    fn is_alive(&self, instance: &Instance) -> bool {
        instance.left_at.is_none() && instance.expires_at > self.facts.now
    }

    fn tolerates(&self, instance: &Instance) -> bool {
        instance.contracts.contains(&self.contract.version)
    }

    /// How long ago; nothing for what is in the future, which a clock set back makes.
    fn since(&self, moment: OffsetDateTime) -> Duration {
        Duration::try_from(self.facts.now - moment).unwrap_or_default()
    }
}
