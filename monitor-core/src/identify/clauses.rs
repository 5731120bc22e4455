//! Behind which words a table stands.

use super::{
    dialect::Dialect,
    keyword::Word,
    kind::Kind,
    names::unquoted,
    outline::Walk,
    token::TokenKind,
    verb::{
        Role, Verb, ends_tables, is_modifier, is_object, is_option_of_upkeep, is_query,
        is_sort_of_table,
    },
};

impl Walk<'_> {
    /// Takes up what a verb begins.
    pub(super) fn enter(&mut self, word: Word) {
        let (verb, expects, list) = match word {
            Word::Select | Word::Values => (Verb::Select, None, None),
            Word::Table => (Verb::Select, Some(Role::Read), None),
            Word::Insert | Word::Replace => (Verb::Insert, Some(Role::Written), None),
            Word::Merge => (Verb::Merge, Some(Role::Written), None),
            Word::Update => (Verb::Update, Some(Role::Named), Some(Role::Named)),
            Word::Delete => (Verb::Delete, Some(Role::Aimed), Some(Role::Aimed)),
            Word::Truncate => (Verb::Object, Some(Role::Written), Some(Role::Written)),
            Word::Lock if self.lexer.dialect == Dialect::PostgreSql => {
                (Verb::Object, Some(Role::Read), Some(Role::Read))
            }
            Word::Create
            | Word::Alter
            | Word::Drop
            | Word::Rename
            | Word::Comment
            | Word::Lock
            | Word::Refresh => (Verb::Object, None, None),
            Word::Copy => (Verb::Copy, Some(Role::Copied), None),
            Word::Call | Word::Use => (Verb::None, Some(Role::Shown), None),
            // SQLite's `vacuum` names a schema.
            Word::Vacuum if self.lexer.dialect == Dialect::Sqlite => (Verb::None, None, None),
            Word::Analyze | Word::Vacuum | Word::Optimize | Word::Repair | Word::Cluster => {
                (Verb::Upkeep, Some(Role::Kept), Some(Role::Kept))
            }
            // What a lone name means here may be an index.
            Word::Reindex => (Verb::Upkeep, Some(Role::Shown), None),
            Word::Grant | Word::Revoke => (Verb::Rights, None, None),
            Word::Desc | Word::Describe => (Verb::None, Some(Role::Read), None),
            _ => (Verb::None, None, None),
        };
        let scope = &mut self.scope;
        (scope.verb, scope.expects, scope.list) = (verb, expects, list);
        // What `delete` names before its `from` may be aliases.
        scope.shows = verb != Verb::Delete;
        (scope.is_with, scope.alias_next, scope.is_assigning, scope.has_beside) =
            (false, false, false, false);
    }

    /// Takes a word for a part of a statement that has begun. `false` if it has no part in it.
    pub(super) fn continues(&mut self, word: Word) -> bool {
        let is_comparison = self.is_comparison();
        let scope = &mut self.scope;
        match (scope.verb, word) {
            (_, Word::As) => {}
            (_, Word::Recursive) if scope.is_with => scope.is_recursive = true,
            (Verb::Object, _) => return self.continues_object(word),
            (Verb::Upkeep, _) => return self.looks_after(word),
            // `create table a (like b)`
            (Verb::None, Word::Like) if self.verb == Some(Word::Create) => {
                let is_first = matches!(self.last, Some(TokenKind::Open | TokenKind::Comma));
                let is_columns = self.object == Some(Word::Table) && self.scopes.len() == 1;
                scope.expects = (is_first && is_columns).then_some(Role::Model);
            }
            (Verb::Copy, Word::From | Word::To) => self.copy(word),
            (Verb::Delete, Word::From) if scope.list == Some(Role::Aimed) => self.delete_from(),
            (Verb::Select | Verb::Update, Word::From) if !is_comparison => {
                self.expect_list(Role::Read)
            }
            (Verb::Delete, Word::Using) if !scope.has_beside => {
                (scope.has_beside, scope.shows) = (true, false);
                self.expect_list(Role::Named);
            }
            (Verb::Merge, Word::Using) if !scope.has_beside => {
                (scope.has_beside, scope.shows, scope.expects) = (true, false, Some(Role::Read));
            }
            // MySQL: `select straight_join a from ..`, `use index for join (i)`.
            (
                Verb::Select | Verb::Update | Verb::Delete | Verb::Tables,
                Word::Join | Word::StraightJoin,
            ) if scope.list.is_some() && self.words[1] != Some(Word::For) => {
                // `delete a from a join b using (c)`: this `using` will name columns.
                scope.has_beside |= scope.verb == Verb::Delete;
                let is_named = matches!(scope.list, Some(Role::Named | Role::Aimed));
                self.expect_list(if is_named { Role::Named } else { Role::Read });
            }
            // `load data infile '..' into table t`
            (Verb::None, Word::Into) if self.verb == Some(Word::Load) => {
                let next = self.lexer.clone().next(false).and_then(TokenKind::word);
                scope.expects = (next == Some(Word::Table)).then_some(Role::Written);
            }
            // MySQL's `into` takes variables and files.
            (Verb::Select, Word::Into) if self.lexer.dialect == Dialect::MySql => {}
            (Verb::Select, Word::Into) => (scope.expects, scope.list) = (Some(Role::Written), None),
            (_, Word::On | Word::Using) => (scope.expects, scope.alias_next) = (None, false),
            // What follows `on duplicate key update` are columns.
            (_, Word::Duplicate) => (scope.expects, scope.list) = (None, None),
            // `use index for order by (i)`
            (_, Word::For) if matches!(self.words[1], Some(Word::Index | Word::Reserved)) => {}
            (_, Word::Order | Word::Group) if self.words[1] == Some(Word::For) => {}
            (_, _) if ends_tables(word) => {
                (scope.expects, scope.list, scope.alias_next) = (None, None, false);
                scope.is_assigning = scope.verb == Verb::Update && word == Word::Set;
                scope.shows &= !scope.is_assigning;
            }
            (Verb::None, Word::Transaction | Word::Work) => self.transaction(word),
            _ => return scope.expects.is_some() && is_modifier(word),
        }
        true
    }

    fn expect_list(&mut self, role: Role) {
        (self.scope.expects, self.scope.list) = (Some(role), Some(role));
    }

    /// `delete from t`, or `delete a, b from t a join u b`.
    fn delete_from(&mut self) {
        self.scope.shows = true;
        let is_several = self.targets.has_aim();
        self.expect_list(if is_several { Role::Named } else { Role::Aimed });
    }

    fn continues_object(&mut self, word: Word) -> bool {
        if self.object.is_none() && is_object(word) {
            self.begin_object(word);
            return true;
        }
        match (self.object, word) {
            (Some(Word::Index | Word::Trigger | Word::Policy), Word::On)
                if !self.scope.has_beside =>
            {
                (self.scope.has_beside, self.scope.expects) = (true, Some(Role::Beside));
            }
            (Some(Word::Trigger | Word::Procedure | Word::Function | Word::Event), Word::Begin) => {
                self.enter_block()
            }
            (Some(Word::Table), Word::To) if self.verb == Some(Word::Rename) => {
                self.scope.expects = Some(Role::Written)
            }
            // `create table a like b`, `create table a partition of b`
            (Some(Word::Table), Word::Like) if self.verb == Some(Word::Create) => {
                self.scope.expects = Some(Role::Model)
            }
            (Some(Word::Table), Word::Of) if self.words[1] == Some(Word::Reserved) => {
                self.scope.expects = Some(Role::Model)
            }
            _ => return is_modifier(word),
        }
        true
    }

    /// `analyze table t`, `vacuum full verbose t`, `reindex index concurrently i`
    fn looks_after(&mut self, word: Word) -> bool {
        match word {
            Word::Table | Word::Tables => {
                self.summary.operation("table");
                (self.scope.expects, self.scope.list) = (Some(Role::Kept), Some(Role::Kept));
            }
            Word::Index | Word::Schema | Word::Database => {
                self.summary.operation(self.lexer.token_text());
                self.scope.expects = Some(Role::Shown);
            }
            Word::On | Word::Using | Word::To | Word::Into => {
                (self.scope.expects, self.scope.list) = (None, None)
            }
            _ => {}
        }
        true
    }

    /// `grant select (a) on table t, u to v`
    pub(super) fn rights(&mut self, word: Word) {
        let granted = match word {
            Word::On => Some(Role::Granted),
            Word::Table => self.scope.expects,
            // On something that is no table, or to whom.
            _ => None,
        };
        self.scope.shows = false;
        (self.scope.expects, self.scope.list) = (granted, granted);
    }

    fn begin_object(&mut self, word: Word) {
        self.object = Some(word);
        let (text, role) = match word {
            Word::Table | Word::Tables => ("table", Some(Role::Written)),
            Word::View => ("view", Some(Role::Written)),
            Word::Index => ("index", Some(Role::Shown)),
            Word::Trigger => ("trigger", Some(Role::Shown)),
            Word::Function => ("function", Some(Role::Shown)),
            Word::Procedure => ("procedure", Some(Role::Shown)),
            Word::Event => ("event", Some(Role::Shown)),
            Word::Type => ("type", Some(Role::Shown)),
            Word::Schema => ("schema", Some(Role::Shown)),
            Word::Database => ("database", Some(Role::Shown)),
            Word::Sequence => ("sequence", Some(Role::Shown)),
            Word::Extension => ("extension", Some(Role::Shown)),
            Word::Policy => ("policy", Some(Role::Shown)),
            // Who may do what is nobody's business in a label.
            Word::User => ("user", None),
            Word::Role => ("role", None),
            _ => ("column", None),
        };
        self.summary.operation(text);
        // A lock changes nothing.
        let role = if self.verb == Some(Word::Lock) { role.map(|_| Role::Read) } else { role };
        let is_list =
            matches!(self.verb, Some(Word::Drop | Word::Lock | Word::Rename | Word::Truncate));
        (self.scope.expects, self.scope.list) = (role, role.filter(|_| is_list));
    }

    fn copy(&mut self, word: Word) {
        self.scope.expects = None;
        match (self.copied.take(), word) {
            (Some(name), Word::From) => self.tables.add_written(name),
            (Some(name), _) => self.tables.add_read(name),
            (None, _) => {}
        }
    }

    /// `begin transaction`, `set transaction`, `prepare transaction`.
    fn transaction(&mut self, word: Word) {
        let is_about = match self.verb {
            Some(
                Word::Begin | Word::Start | Word::Commit | Word::End | Word::Rollback | Word::Abort,
            ) => true,
            Some(Word::Set | Word::Prepare) => word == Word::Transaction,
            _ => false,
        };
        if is_about && self.scopes.is_empty() {
            self.kind = Some(Kind::Transaction);
            self.summary.operation(if word == Word::Work { "work" } else { "transaction" });
        }
    }

    /// `is distinct from` compares; it names no table.
    fn is_comparison(&self) -> bool {
        self.words[1] == Some(Word::Distinct) && matches!(self.words[0], Some(Word::Is | Word::Not))
    }

    /// Takes a name, with all that dots tie to it, for what is expected here.
    pub(super) fn name(&mut self, first: TokenKind) {
        let Some(role) = self.scope.expects.take() else { return self.alias_or_aim(first) };
        let start = self.lexer.token_start();
        let mut name = unquoted(first, self.lexer.token_text());
        let mut end = self.lexer.position();
        let mut ahead = self.lexer.clone();
        let mut next = ahead.next(false);
        while next == Some(TokenKind::Dot) {
            let part = ahead
                .next(false)
                .filter(|part| matches!(part, TokenKind::Name | TokenKind::Quoted(_)));
            let Some(part) = part else { break };
            name.push('.');
            name.push_str(&unquoted(part, ahead.token_text()));
            end = ahead.position();
            self.lexer = ahead.clone();
            next = ahead.next(false);
        }
        if self.is_no_table(role, &name, next) {
            return;
        }
        let is_call = next == Some(TokenKind::Open);
        let shown = self.text.get(start..end).unwrap_or_default();
        self.take_name(role, name, shown, is_call);
    }

    /// Whether a word that stands where a table might only leads to it, or to something else.
    fn is_no_table(&mut self, role: Role, name: &str, next: Option<TokenKind>) -> bool {
        let next_word = next.and_then(TokenKind::word);
        let is_name = matches!(next, Some(TokenKind::Quoted(_))) || next_word == Some(Word::Name);
        match role {
            Role::Kept if is_option_of_upkeep(name) => self.scope.expects = Some(role),
            Role::Written if self.scope.verb == Verb::Select && is_sort_of_table(name) => {
                let is_led_to = is_name || next_word == Some(Word::Table);
                self.scope.expects = is_led_to.then_some(role);
                return is_led_to;
            }
            // `grant usage on language l`, `grant select on db.*`
            Role::Granted => return is_name || next == Some(TokenKind::Dot),
            // `describe format=json select ..`
            Role::Read if matches!(self.verb, Some(Word::Desc | Word::Describe)) => {
                return next == Some(TokenKind::Operator) || next_word.is_some_and(is_query);
            }
            _ => return false,
        }
        true
    }

    fn take_name(&mut self, role: Role, name: String, shown: &str, is_call: bool) {
        self.scope.alias_next = matches!(role, Role::Named | Role::Aimed);
        let is_hidden = role == Role::Named && self.expressions.hides(&name);
        match role {
            Role::Expression => {
                let is_recursive = self.scope.is_recursive;
                return self.expressions.define(name, self.scopes.len(), is_recursive);
            }
            Role::Beside | Role::Granted => return self.tables.add_written(name),
            Role::Model => return self.tables.add_read(name),
            Role::Kept => self.tables.add_read(name),
            Role::Read | Role::Named if is_call => {}
            Role::Read if self.expressions.hides(&name) => return,
            Role::Read if name == "dual" => return,
            Role::Read => self.tables.add_read(name),
            Role::Written => self.tables.add_written(name),
            Role::Named => self.targets.name(name),
            Role::Aimed => self.targets.aim(name),
            Role::Copied => self.copied = Some(name),
            Role::Shown => {}
        }
        if self.scope.shows && !is_hidden {
            self.summary.target(shown);
        }
    }

    fn alias_or_aim(&mut self, kind: TokenKind) {
        // `create table a (..) inherits (b, c)`
        if self.object == Some(Word::Table)
            && self.verb == Some(Word::Create)
            && self.scopes.is_empty()
            && self.lexer.token_text() == "inherits"
        {
            self.scope.expects = Some(Role::Model);
        }
        if self.scope.alias_next {
            self.scope.alias_next = false;
            self.targets.alias(&unquoted(kind, self.lexer.token_text()));
        }
        // `set a.price = ..`: what stands before the dot is what is written.
        if self.scope.is_assigning && matches!(self.words[1], Some(Word::Set) | None) {
            let mut ahead = self.lexer.clone();
            let dot = ahead.next(false) == Some(TokenKind::Dot);
            let _column = ahead.next(false);
            if dot && ahead.next(false) == Some(TokenKind::Operator) && ahead.token_text() == "=" {
                self.targets.aim(unquoted(kind, self.lexer.token_text()));
            }
        }
    }
}
