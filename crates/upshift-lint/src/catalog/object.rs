//! Types and functions.

use super::Catalog;
use crate::statement::{
    AlterDomain, AlterType, AttributeChange, ColumnConstraint, CreateFunction, Kind, Language, Name,
    Security, Statement, TypeName, TypeShape, Volatility,
};

/// A type of one's own.
#[derive(Debug, Clone)]
pub enum Type {
    /// An enum, a composite type, a range …
    Shape {
        /// What it is.
        shape: TypeShape,
        /// Who made it.
        origin: super::Origin,
    },
    /// A domain.
    Domain(Domain),
}

/// A domain.
#[derive(Debug, Clone)]
pub struct Domain {
    /// What it is of.
    pub base: TypeName,
    /// The names of its constraints, NOT NULL among them as the empty name. With any of them a column of it is written
    /// anew row by row (measured on 10 to 18).
    pub constraints: Vec<String>,
    /// Who made it.
    pub origin: super::Origin,
}

impl Type {
    /// Who made it.
    pub fn origin(&self) -> super::Origin {
        match self {
            Type::Shape { origin, .. } | Type::Domain(Domain { origin, .. }) => *origin,
        }
    }
}

/// A function.
#[derive(Debug, Clone)]
pub struct Function {
    /// Whether what it returns may change.
    pub volatility: Volatility,
    /// The type it returns; none for a table, and for a procedure.
    pub returns: Option<TypeName>,
    /// What it is written in.
    pub language: Language,
    /// Whose rights it has.
    pub security: Security,
    /// How often it was defined, under different arguments.
    pub arguments: Vec<Vec<TypeName>>,
    /// Who made it.
    pub origin: super::Origin,
}

impl Catalog {
    pub(super) fn object(&mut self, statement: &Statement) {
        match statement {
            Statement::CreateType(created) => {
                let name = self.resolve_type(&created.name);
                let made = Type::Shape { shape: created.shape.clone(), origin: self.origin };
                self.types.insert(name, made);
            }
            Statement::CreateDomain { name, base, constraints } => {
                let name = self.resolve_type(name);
                let constraints = constraints.iter().filter_map(name_of).collect();
                self.types.insert(
                    name,
                    Type::Domain(Domain { base: base.clone(), constraints, origin: self.origin }),
                );
            }
            Statement::AlterType(change) => self.alter_type(change),
            Statement::AlterDomain(change) => self.alter_domain(change),
            Statement::CreateFunction(created) => self.create_function(created),
            _ => {}
        }
    }

    fn create_function(&mut self, created: &CreateFunction) {
        let name = self.resolve_function(&created.name);
        let origin = self.origin;
        let known = self.functions.get(&name);
        let mut arguments = known.map(|f| f.arguments.clone()).unwrap_or_default();
        let replaced = arguments.contains(&created.arguments);
        if !replaced {
            arguments.push(created.arguments.clone());
        }
        let others = known.filter(|_| arguments.len() > 1);
        let volatility = others.map_or(created.volatility, |f| f.volatility.max(created.volatility));
        let origin = known.map_or(origin, |f| f.origin);
        let (language, security) = (created.language.clone(), created.security);
        let returns = created.returns.clone();
        self.functions.insert(name, Function { returns, volatility, language, security, arguments, origin });
    }

    fn alter_type(&mut self, change: &AlterType) {
        let (AlterType::AddValue { name, .. }
        | AlterType::RenameValue { name, .. }
        | AlterType::RenameTo { name, .. }
        | AlterType::SetSchema { name, .. }
        | AlterType::OwnerTo { name }
        | AlterType::RenameAttribute { name, .. }
        | AlterType::Attributes { name, .. }
        | AlterType::Options { name }) = change;
        let old = self.resolve_type(name);
        match change {
            AlterType::RenameTo { to, .. } => {
                let new = Name { schema: old.schema.clone(), name: to.clone() };
                return self.rename_type(&old, &new);
            }
            AlterType::SetSchema { schema, .. } => {
                let new = Name::in_schema(schema, &old.name);
                return self.rename_type(&old, &new);
            }
            _ => {}
        }
        let Some(Type::Shape { shape, .. }) = self.types.get_mut(&old) else { return };
        match (change, shape) {
            (AlterType::AddValue { value, .. }, TypeShape::Enum(values)) if !values.contains(value) => {
                values.push(value.clone());
            }
            (AlterType::RenameValue { from, to, .. }, TypeShape::Enum(values)) => {
                values.iter_mut().filter(|value| *value == from).for_each(|value| value.clone_from(to));
            }
            (AlterType::RenameAttribute { from, to, .. }, TypeShape::Composite(attributes)) => {
                attributes
                    .iter_mut()
                    .filter(|(name, _)| name == from)
                    .for_each(|(name, _)| name.clone_from(to));
            }
            (AlterType::Attributes { changes, .. }, TypeShape::Composite(attributes)) => {
                for change in changes {
                    match change {
                        AttributeChange::Add(name, of) => attributes.push((name.clone(), of.clone())),
                        AttributeChange::Drop(name) => attributes.retain(|(other, _)| other != name),
                        AttributeChange::SetType(name, of) => {
                            attributes
                                .iter_mut()
                                .filter(|(n, _)| n == name)
                                .for_each(|(_, t)| t.clone_from(of));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn alter_domain(&mut self, change: &AlterDomain) {
        let (AlterDomain::AddConstraint { name, .. }
        | AlterDomain::ValidateConstraint { name, .. }
        | AlterDomain::DropConstraint { name, .. }
        | AlterDomain::RenameConstraint { name, .. }
        | AlterDomain::SetNotNull { name }
        | AlterDomain::DropNotNull { name }
        | AlterDomain::SetDefault { name }
        | AlterDomain::RenameTo { name, .. }
        | AlterDomain::SetSchema { name, .. }
        | AlterDomain::OwnerTo { name }) = change;
        let old = self.resolve_type(name);
        match change {
            AlterDomain::RenameTo { to, .. } => {
                let new = Name { schema: old.schema.clone(), name: to.clone() };
                return self.rename_type(&old, &new);
            }
            AlterDomain::SetSchema { schema, .. } => {
                let new = Name::in_schema(schema, &old.name);
                return self.rename_type(&old, &new);
            }
            _ => {}
        }
        let Some(Type::Domain(domain)) = self.types.get_mut(&old) else { return };
        match change {
            AlterDomain::AddConstraint { constraint, constraint_name, .. } => {
                let unnamed = name_of(constraint).unwrap_or_default();
                domain.constraints.push(constraint_name.clone().unwrap_or(unnamed));
            }
            AlterDomain::DropConstraint { constraint, .. } => {
                domain.constraints.retain(|one| one != constraint)
            }
            AlterDomain::RenameConstraint { from, to, .. } => {
                domain.constraints.iter_mut().filter(|one| *one == from).for_each(|one| one.clone_from(to));
            }
            AlterDomain::SetNotNull { .. } => domain.constraints.push(String::new()),
            AlterDomain::DropNotNull { .. } => domain.constraints.retain(|one| !one.is_empty()),
            _ => {}
        }
    }

    /// A type under a new name, in its columns as well.
    fn rename_type(&mut self, old: &Name, new: &Name) {
        if let Some(there) = self.types.remove(old) {
            self.types.insert(new.clone(), there);
        }
        let path = self.search_path.clone();
        let same = |name: &Name| {
            name.name == old.name
                && (name.schema == old.schema
                    || name.schema.is_none() && old.schema.as_ref().is_some_and(|s| path.contains(s)))
        };
        self.relations.change_tables(
            |table| table.columns.iter().any(|column| same(&column.type_name.name)),
            |table| {
                let names = table.columns.iter_mut().map(|column| &mut column.type_name.name);
                names.filter(|name| same(name)).for_each(|name| name.clone_from(new));
            },
        );
    }

    /// What is no relation, under a new name.
    pub(super) fn rename_object(&mut self, kind: Kind, name: &Name, on: Option<&Name>, to: &str) {
        match kind {
            Kind::Function | Kind::Procedure | Kind::Aggregate => {
                let old = self.resolve_function(name);
                if let Some(there) = self.functions.remove(&old) {
                    self.functions.insert(Name { schema: old.schema, name: to.to_owned() }, there);
                }
            }
            Kind::Schema => self.rename_schema(&name.name, to),
            Kind::Trigger | Kind::Policy | Kind::Rule => {
                let Some(on) = on else { return };
                self.change_table(on, |table| {
                    let triggers = table.triggers.iter_mut().map(|trigger| &mut trigger.name);
                    let names: Vec<&mut String> = match kind {
                        Kind::Policy => table.policies.iter_mut().collect(),
                        Kind::Rule => table.rules.iter_mut().collect(),
                        _ => triggers.collect(),
                    };
                    names.into_iter().filter(|one| **one == name.name).for_each(|one| to.clone_into(one));
                });
            }
            _ => {}
        }
    }
}

/// The name of a constraint of a domain: empty for NOT NULL, none for what demands nothing.
fn name_of(constraint: &ColumnConstraint) -> Option<String> {
    match constraint {
        ColumnConstraint::NotNull(_) => Some(String::new()),
        ColumnConstraint::Constraint(inner) => Some(inner.name.clone().unwrap_or_else(|| "check".to_owned())),
        _ => None,
    }
}
