//! The visitor of the syntax tree: collects relations, functions, columns and targets.
//!
//! Invariant: a node that it cannot account for sets `problem`; each name is marked in the text, so that the
//! cross-check can tell which were never visited.

use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, Select, SelectItem,
    SelectItemQualifiedWildcardKind, Statement, TableAlias, TableFactor, Visitor,
};

use super::bridge::Mark;
use super::scope::{Meaning, Scopes};
use super::text::{Text, fold};
use crate::kind::StatementKind;
use crate::profile::{ColumnUse, Effect, FunctionCall, Profile, RelationName, RelationUse};
use crate::reason::{Reason, Unbounded};

/// What is collected, and where the visitor stands.
pub(super) struct Collector<'t, 'a> {
    pub(super) text: &'t Text<'a>,
    pub(super) profile: Profile,
    pub(super) problem: Option<Reason>,
    /// One mark a token of the text.
    pub(super) marks: Vec<Mark>,
    pub(super) selects: usize,
    pub(super) scopes: Scopes,
    /// The SELECTs of the profile's blocks, by address.
    pub(super) block_places: Vec<*const Select>,
    /// Names of relations that are dealt with where they stand, by address.
    handled: Vec<*const ObjectName>,
}

impl<'t, 'a> Collector<'t, 'a> {
    pub(super) fn new(text: &'t Text<'a>, marks: Vec<Mark>) -> Self {
        let profile = Profile {
            refusal: None,
            ..Profile::bare(text.dialect(), StatementKind::Write)
        };
        let scopes = Scopes::new(text.dialect());
        Self {
            text,
            profile,
            problem: None,
            marks,
            selects: 0,
            scopes,
            block_places: Vec::new(),
            handled: Vec::new(),
        }
    }

    pub(super) fn fail(&mut self, what: &str) {
        self.problem
            .get_or_insert_with(|| Reason::DoesNotParse(what.to_owned()));
    }

    pub(super) fn fold(&self, ident: &Ident) -> String {
        if ident.quote_style.is_some() {
            ident.value.clone()
        } else {
            fold(&ident.value, self.text.dialect())
        }
    }

    /// The name of a relation, or `None` (and a problem) where its parts are not plain names.
    pub(super) fn relation_name(&mut self, name: &ObjectName) -> Option<RelationName> {
        let mut parts = Vec::with_capacity(2);
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(ident) => {
                    self.mark(ident, Mark::Relation);
                    parts.push(self.fold(ident));
                }
                ObjectNamePart::Function(_) => self.fail("a name is computed by a function"),
            }
        }
        // The database's own name before schema and table can only be that of the database itself.
        let Some(name) = parts.pop() else {
            self.fail("a relation has no name");
            return None;
        };
        Some(RelationName {
            schema: parts.pop(),
            name,
        })
    }

    pub(super) fn handle(&mut self, name: &ObjectName) {
        self.handled.push(std::ptr::from_ref(name));
    }

    /// Marks the token of a name. A name without a place came from a literal: nobody knows what it stands for.
    fn mark(&mut self, ident: &Ident, mark: Mark) {
        let place = usize::try_from(ident.span.start.column).unwrap_or_default();
        match place.checked_sub(1).and_then(|index| self.marks.get_mut(index)) {
            // What a relation or function is called stays that.
            Some(Mark::Relation | Mark::Function) if mark == Mark::Name => {}
            Some(slot) => *slot = mark,
            None if mark == Mark::Relation => self.fail("a relation is named by a literal"),
            None => {}
        }
    }

    fn read_relation(&mut self, name: &ObjectName, alias: Option<&TableAlias>) {
        let Some(name) = self.relation_name(name) else {
            return;
        };
        let meaning = match name.schema {
            Some(_) => Meaning::Table,
            None => self.scopes.meaning(&name.name),
        };
        if meaning == Meaning::Cte {
            return;
        }
        let alias = alias.map(|alias| self.fold(&alias.name));
        self.profile.relations.push(RelationUse {
            name,
            alias,
            may_be_cte: meaning == Meaning::Either,
        });
    }

    fn call(&mut self, name: &ObjectName, arguments: Option<usize>, is_table: bool) {
        for part in &name.0 {
            match part {
                ObjectNamePart::Identifier(ident) => self.mark(ident, Mark::Function),
                ObjectNamePart::Function(_) => self.fail("a name is computed by a function"),
            }
        }
        let mut parts = name.0.iter().rev().filter_map(ObjectNamePart::as_ident);
        let Some(last) = parts.next() else { return };
        let schema = parts.next().map(|ident| self.fold(ident));
        let name = last.value.to_lowercase();
        self.profile.functions.insert(FunctionCall {
            schema,
            name,
            arguments,
            is_table,
        });
    }

    /// Notes all names of the text that are neither relations nor functions, whatever they name.
    pub(super) fn note_names(&mut self, from: usize) {
        let names = (from..self.text.len()).filter(|index| self.marks.get(*index) == Some(&Mark::Name));
        self.profile.names = names.filter_map(|index| self.text.name(index)).collect();
    }

    fn name_outputs(&mut self, alias: Option<&TableAlias>) {
        for column in alias.iter().flat_map(|alias| &alias.columns) {
            let name = self.fold(&column.name);
            self.profile.output_names.insert(name);
        }
    }

    fn read_factor(&mut self, factor: &TableFactor) {
        match factor {
            TableFactor::Table {
                name,
                alias,
                args,
                version,
                json_path,
                ..
            } => {
                self.handle(name);
                self.name_outputs(alias.as_ref());
                if version.is_some() || json_path.is_some() {
                    self.fail("the table is read in a way that plexidb does not know");
                }
                match args {
                    Some(arguments) => self.call(name, Some(arguments.args.len()), true),
                    None => self.read_relation(name, alias.as_ref()),
                }
            }
            TableFactor::Function {
                name, args, alias, ..
            } => {
                self.handle(name);
                self.name_outputs(alias.as_ref());
                self.call(name, Some(args.len()), true);
            }
            TableFactor::Derived { alias, .. } => self.name_outputs(alias.as_ref()),
            // Their words have a syntax of their own: the cross-check adds them to the functions.
            TableFactor::UNNEST { alias, .. } => self.name_outputs(alias.as_ref()),
            TableFactor::JsonTable { .. } | TableFactor::XmlTable { .. } => {}
            TableFactor::TableFunction { .. } | TableFactor::NestedJoin { .. } => {}
            _ => self.fail("a table expression that the database does not know"),
        }
    }

    fn read_function(&mut self, function: &Function) {
        let arguments = match &function.args {
            FunctionArguments::None => 0,
            FunctionArguments::Subquery(_) => 1,
            FunctionArguments::List(list) => list.args.len(),
        };
        self.call(&function.name, Some(arguments), false);
        self.check_time_function(function);
    }

    fn read_column(&mut self, qualifier: Option<&Ident>, name: &Ident) {
        let column = ColumnUse {
            qualifier: qualifier.map(|ident| self.fold(ident)),
            name: self.fold(name),
        };
        self.profile.columns.named.insert(column);
    }

    fn read_items(&mut self, items: &[SelectItem]) {
        for item in items {
            match item {
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => {
                    let last = name.0.last().and_then(ObjectNamePart::as_ident);
                    match last.map(|ident| self.fold(ident)) {
                        Some(name) => drop(self.profile.columns.all_of.insert(name)),
                        None => self.profile.columns.may_be_any = true,
                    }
                }
                SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..) => {
                    self.profile.columns.may_be_any = true
                }
                SelectItem::ExprWithAlias { alias, .. } => {
                    let name = self.fold(alias);
                    self.profile.output_names.insert(name);
                }
                SelectItem::UnnamedExpr(_) | SelectItem::ExprWithAliases { .. } => {}
            }
        }
    }
}

impl Visitor for Collector<'_, '_> {
    type Break = ();

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<()> {
        self.read_targets(statement);
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.enter(query);
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            self.name_outputs(Some(&cte.alias));
        }
        if !query.pipe_operators.is_empty() || query.for_clause.is_some() || query.settings.is_some() {
            self.fail("a clause that the database does not know");
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        self.scopes.leave(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        self.selects += 1;
        self.read_block(select);
        self.read_items(&select.projection);
        if let Some(into) = &select.into {
            self.profile.effect = Effect::Unbounded(Unbounded::Schema);
            let is_temporary = into.temporary;
            self.profile.kind = if is_temporary {
                StatementKind::Session
            } else {
                StatementKind::Ddl
            };
            // The new table's name is no table that is read.
            for target in &into.targets {
                if let Expr::Identifier(ident) = target {
                    self.mark(ident, Mark::Relation);
                }
                if let Expr::CompoundIdentifier(idents) = target {
                    idents.iter().for_each(|ident| self.mark(ident, Mark::Relation));
                }
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        self.read_factor(factor);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        let address = std::ptr::from_ref(relation);
        if !self.handled.iter().any(|handled| std::ptr::eq(*handled, address)) {
            self.read_relation(relation, None);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_ident(&mut self, ident: &Ident) -> ControlFlow<()> {
        self.mark(ident, Mark::Name);
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Function(function) => self.read_function(function),
            Expr::Identifier(name) => self.read_column(None, name),
            Expr::CompoundIdentifier(parts) => {
                if let [.., qualifier, name] = parts.as_slice() {
                    self.read_column(Some(qualifier), name);
                }
            }
            Expr::CompoundFieldAccess { access_chain, .. } => self.read_fields(access_chain),
            Expr::MatchAgainst { columns, .. } => {
                for name in columns.iter().filter_map(|name| name.0.last()?.as_ident()) {
                    self.read_column(None, name);
                }
            }
            Expr::QualifiedWildcard(..) => self.profile.columns.may_be_any = true,
            Expr::Cast { expr, data_type, .. }
            | Expr::Convert {
                expr,
                data_type: Some(data_type),
                ..
            } => {
                self.check_cast(expr, data_type);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
