//! A plan as a script that psql can run: the same messages, the values written out.

use std::fmt::Write;

use super::message::{
    LockWait, Message, Param, Purpose, RESET, as_ourselves, begin, begun, between, block_messages, commit,
    ended, forget_prepared, going_on, guard, place, queries, session_limits, statement,
};
use super::script::{SqlScript, Unit};
use super::step::{Reason, Step, StepBody, StepMode};
use super::{Entry, Plan};
use crate::history::sql;
use crate::ident::literal;
use crate::settings::Grouping;

impl Plan {
    /// A script for psql that leaves the same schema *and* the same history rows as carrying the plan out.
    ///
    /// Its lock timeouts are the whole ones, since nobody tries a script again (decision 12).
    /// It stops at the first error, takes the lease as a migrator would, and runs each step in its own transaction with
    /// its history row. It writes nothing else and needs no connection to be made. Rust migrations cannot be in it: the
    /// script stops there with a message. A backfill is one statement over all rows in it, which refuses to run where
    /// batches of it were done already.
    pub fn to_sql(&self) -> String {
        let mut script = Script { plan: self, out: String::new() };
        script.head();
        match self.grouping {
            Grouping::Each => script.each(),
            Grouping::AllInOne => script.grouped(),
        }
        script.out
    }
}

struct Script<'p> {
    plan: &'p Plan,
    out: String,
}

impl Script<'_> {
    fn head(&mut self) {
        self.line("-- Run with: psql --no-psqlrc --file this.sql");
        for line in self.plan.to_string().lines() {
            self.line(&format!("--   {line}"));
        }
        self.line("\\set ON_ERROR_STOP on");
        self.line("\\set QUIET on");
        self.line("set client_min_messages = warning;");
        let tables = &self.plan.writer.tables;
        self.line("begin;");
        let upgrade = tables.upgrade(0);
        self.line(&upgrade);
        let identity = &self.plan.writer.identity;
        let values = vec![
            Param::text("offline script"),
            Param::Text(identity.service.clone()),
            Param::Text(identity.release.clone()),
            Param::Text(identity.host.clone()),
        ];
        self.message(&Message::bound(Purpose::Fence, tables.sql(sql::TAKE_LEASE), values));
        self.line("commit;");
    }

    fn each(&mut self) {
        for entry in &self.plan.entries {
            match entry {
                Entry::Blocked(_) => {}
                Entry::Record(record) => {
                    let message = record.message(&self.plan.writer);
                    self.message(&message);
                }
                Entry::Run(step) => {
                    self.title(step);
                    self.step(step);
                }
            }
        }
    }

    fn grouped(&mut self) {
        for entry in &self.plan.entries {
            if let Entry::Record(record) = entry {
                let message = record.message(&self.plan.writer);
                self.message(&message);
            }
        }
        let steps: Vec<&Step> = self.plan.steps().collect();
        let Some(first) = steps.first() else { return };
        self.message(&begin(first, &self.plan.writer, LockWait::Full));
        self.message(&guard(Param::Audited, &self.plan.writer));
        for (at, step) in steps.iter().enumerate() {
            self.title(step);
            if at > 0 {
                self.message(&between(step, &self.plan.writer, LockWait::Full));
            }
            self.inside(step);
        }
        self.message(&commit());
    }

    fn title(&mut self, step: &Step) {
        let title = format!("\n-- {step}");
        self.line(&title);
    }

    fn step(&mut self, step: &Step) {
        if step.mode() != StepMode::OneByOne {
            self.message(&begin(step, &self.plan.writer, LockWait::Full));
            self.message(&guard(Param::Audited, &self.plan.writer));
            self.inside(step);
            return self.message(&commit());
        }
        match &step.body {
            StepBody::Code { .. } | StepBody::Backfill(_) => self.refuse_code(step),
            StepBody::Sql(script) => self.one_by_one(step, script),
        }
    }

    fn inside(&mut self, step: &Step) {
        if step.is_code() {
            return self.refuse_code(step);
        }
        for message in block_messages(step, &self.plan.writer) {
            self.message(&message);
        }
    }

    fn refuse_code(&mut self, step: &Step) {
        let text = literal(&format!("{} is Rust code: run it through the service", step.label));
        self.line(&format!("do $upshift$ begin raise exception '%', {text}; end $upshift$;"));
    }

    /// Statement by statement: the same places are written as the engine writes.
    fn one_by_one(&mut self, step: &Step, script: &SqlScript) {
        let writer = &self.plan.writer;
        self.enter(step, script);
        for unit in step.units().unwrap_or(&[]) {
            if unit.end() <= step.done {
                continue;
            }
            let place = place(step, unit.end(), None, None, writer);
            match unit {
                Unit::Alone(at) => {
                    self.alone(script, *at);
                    self.in_transaction(&[as_ourselves(step, None), place]);
                }
                Unit::InTransaction(at) => {
                    self.in_transaction(&[statement(script, *at), as_ourselves(step, None), place]);
                }
                Unit::Written(range) => {
                    (range.start..range.end - 1).for_each(|at| self.message(&statement(script, at)));
                    self.message(&as_ourselves(step, None));
                    self.message(&place);
                    self.message(&statement(script, range.end - 1));
                }
                Unit::Apart(range) => {
                    range.clone().for_each(|at| self.message(&statement(script, at)));
                    self.in_transaction(&[as_ourselves(step, None), place]);
                }
            }
        }
        let mut last: Vec<Message> = queries(step.verify.as_ref(), Purpose::Verify).collect();
        last.extend(forget_prepared(step));
        last.push(Message::plain(Purpose::Reset, RESET));
        last.push(ended(step, None, writer));
        self.in_transaction(&last);
    }

    fn enter(&mut self, step: &Step, script: &SqlScript) {
        let writer = &self.plan.writer;
        self.message(&Message::plain(Purpose::Reset, RESET));
        self.line(&session_limits(step, writer));
        if matches!(step.reason, Reason::Resumed { .. }) {
            self.message(&going_on(step, writer));
            return script.settings_before(step.done).for_each(|at| self.message(&statement(script, at)));
        }
        queries(step.guard.as_ref(), Purpose::Guard).for_each(|query| self.message(&query));
        self.message(&begun(step, writer));
    }

    /// A statement outside of transactions; what is CONCURRENTLY done waits as long as it must.
    fn alone(&mut self, script: &SqlScript, at: usize) {
        let patient = script.is_concurrent(at);
        if patient {
            self.line("select pg_catalog.current_setting('lock_timeout') as upshift_lock_timeout \\gset");
            self.line("set session lock_timeout = 0;");
        }
        self.message(&statement(script, at));
        if patient {
            self.line("set session lock_timeout = :'upshift_lock_timeout';");
        }
    }

    fn in_transaction(&mut self, messages: &[Message]) {
        self.line("begin;");
        messages.iter().for_each(|message| self.message(message));
        self.line("commit;");
    }

    fn message(&mut self, message: &Message) {
        let text = if message.values.is_empty() {
            message.sql.clone().into_owned()
        } else {
            with_values(&message.sql, &message.values, self.plan)
        };
        self.line(&format!("{};", text.trim_end().trim_end_matches(';')));
        if let Some(data) = &message.copy_data {
            self.out.push_str(data);
            if !data.is_empty() && !data.ends_with('\n') {
                self.out.push('\n');
            }
            self.line("\\.");
        }
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }
}

/// The text with its `$n` replaced by typed literals.
fn with_values(sql: &str, values: &[Param], plan: &Plan) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some(at) = rest.find('$') {
        let (before, behind) = rest.split_at(at);
        out.push_str(before);
        let digits = behind[1..].bytes().take_while(u8::is_ascii_digit).count();
        let number: usize = behind[1..1 + digits].parse().unwrap_or(0);
        match number.checked_sub(1).and_then(|index| values.get(index)) {
            Some(value) => out.push_str(&written(value, plan)),
            None => out.push_str(&behind[..1 + digits]),
        }
        rest = &behind[1 + digits..];
    }
    out.push_str(rest);
    out
}

fn written(value: &Param, plan: &Plan) -> String {
    let lease = |column: &str| {
        let schema = plan.writer.tables.schema();
        // The token is known only when the script runs.
        format!("(select {column} from {schema}.lease)")
    };
    match value {
        Param::Token => lease("token"),
        Param::Owner => lease("owner"),
        Param::Audited => lease("audit_id"),
        Param::Text(Some(text)) => format!("{}::varchar", literal(text)),
        Param::Text(None) => "null::varchar".to_owned(),
        Param::Int(Some(number)) => format!("{number}::bigint"),
        Param::Int(None) => "null::bigint".to_owned(),
        Param::Small(Some(number)) => format!("{number}::integer"),
        Param::Small(None) => "null::integer".to_owned(),
        Param::Texts(texts) => {
            let texts = texts.iter().map(|text| literal(text)).collect::<Vec<_>>().join(", ");
            format!("array[{texts}]::varchar[]")
        }
        Param::Ints(numbers) => {
            let numbers = numbers.iter().map(i64::to_string).collect::<Vec<_>>().join(", ");
            format!("array[{numbers}]::bigint[]")
        }
        Param::Oids(None) => "null::pg_catalog.oid[]".to_owned(),
        Param::Oids(Some(oids)) => {
            let mut text = String::from("'{");
            for (n, oid) in oids.iter().enumerate() {
                let _ = write!(text, "{}{oid}", if n > 0 { "," } else { "" });
            }
            text + "}'::pg_catalog.oid[]"
        }
    }
}
