//! What a normalised statement does, and to which tables.
//!
//! A walk over the tokens that keeps one [`Scope`] for each open parenthesis. It is no parser: it knows behind which
//! words a table stands and which words end a list of tables, so it understands what no parser does and never fails.

use super::{
    dialect::Dialect,
    keyword::Word,
    kind::Kind,
    lexer::Lexer,
    normalise::NESTING_MAX,
    summary::Summary,
    tables::{Expressions, Tables, Targets},
    token::TokenKind,
    verb::{Role, Verb, is_query, kind_of},
};

/// What a walk over a normalised text finds.
pub(crate) struct Outline {
    pub(crate) kind: Kind,
    pub(crate) tables: Tables,
    pub(crate) summary: String,
}

/// Walks over a normalised text.
pub(super) fn outline(text: &str, dialect: Dialect) -> Outline {
    let mut walk = Walk::new(text, dialect);
    while let Some(kind) = walk.lexer.next(false) {
        walk.accept(kind);
        walk.words = [walk.words[1], kind.word()];
        walk.last = Some(kind);
    }
    walk.end_statement();
    Outline {
        kind: walk.found.unwrap_or(Kind::Unknown),
        tables: walk.tables,
        summary: walk.summary.into_text(),
    }
}

/// Between a parenthesis and its end, or a whole statement.
#[derive(Clone, Copy, Default)]
pub(super) struct Scope {
    /// Whether a verb may come.
    pub(super) is_start: bool,
    /// What it is about, once that is known.
    pub(super) verb: Verb,
    /// What the next name is, if it matters.
    pub(super) expects: Option<Role>,
    /// What the name after the next comma is.
    pub(super) list: Option<Role>,
    /// Whether tables named now belong to the summary.
    pub(super) shows: bool,
    /// Whether we are in a `with`, and whether it is recursive.
    pub(super) is_with: bool,
    pub(super) is_recursive: bool,
    /// Whether this is the body of a common table expression, and whether it is within one at any depth.
    pub(super) is_body: bool,
    pub(super) is_within_body: bool,
    /// Whether a table was just named that may have an alias.
    pub(super) alias_next: bool,
    /// Whether these are the assignments of an `update`, where the name before a dot may be a target.
    pub(super) is_assigning: bool,
    /// Whether the `using` or `on` that names one more table was met.
    pub(super) has_beside: bool,
}

/// Where the walk is, and what it found.
pub(super) struct Walk<'a> {
    pub(super) text: &'a str,
    pub(super) lexer: Lexer<'a>,
    pub(super) scope: Scope,
    /// The scopes around it.
    pub(super) scopes: Vec<Scope>,
    /// Parentheses open beyond [`NESTING_MAX`].
    too_deep: usize,
    /// The last two tokens where they were words, and the last whatever it was.
    pub(super) words: [Option<Word>; 2],
    pub(super) last: Option<TokenKind>,
    /// The first verb of the statement, and what sort of thing it creates or drops.
    pub(super) verb: Option<Word>,
    pub(super) object: Option<Word>,
    pub(super) kind: Option<Kind>,
    /// What a common table expression does, if it writes.
    kind_within: Option<Kind>,
    /// How many blocks deep we are in the body of a trigger or procedure.
    blocks: usize,
    /// The table of `copy`, until it is known which way.
    pub(super) copied: Option<String>,
    pub(super) expressions: Expressions,
    pub(super) targets: Targets,
    pub(super) tables: Tables,
    pub(super) summary: Summary,
    found: Option<Kind>,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str, dialect: Dialect) -> Self {
        Self {
            text,
            lexer: Lexer::new(text, dialect),
            scope: Scope { is_start: true, ..Scope::default() },
            scopes: Vec::new(),
            too_deep: 0,
            words: [None; 2],
            last: None,
            verb: None,
            object: None,
            kind: None,
            kind_within: None,
            blocks: 0,
            copied: None,
            expressions: Expressions::default(),
            targets: Targets::default(),
            tables: Tables::default(),
            summary: Summary::default(),
            found: None,
        }
    }

    fn accept(&mut self, kind: TokenKind) {
        if self.blocks > 0 {
            return self.follow_blocks(kind.word());
        }
        match kind {
            TokenKind::Semicolon => return self.end_statement(),
            TokenKind::Open => return self.open(),
            TokenKind::Close => self.close(),
            TokenKind::Comma => self.comma(),
            TokenKind::Name | TokenKind::Quoted(_) => self.name(kind),
            TokenKind::Keyword(keyword) if self.scope.verb == Verb::Rights => {
                self.rights(keyword.word)
            }
            TokenKind::Keyword(keyword) if self.begins(keyword.word) => {
                return self.begin(keyword.word);
            }
            TokenKind::Keyword(keyword) => {
                // A join's own words are no alias.
                let may_be_name = !keyword.value_next()
                    && !keyword.spaced()
                    && (keyword.word != Word::Reserved || self.scope.expects.is_some());
                if !self.continues(keyword.word) && may_be_name {
                    self.name(kind);
                }
            }
            _ => self.scope.expects = None,
        }
        // `create view v as select`: behind some words a verb may come once more.
        let reopens = kind.word() == Some(Word::As)
            && matches!(self.verb, Some(Word::Create | Word::Prepare));
        self.scope.is_start &= self.scope.is_with || self.is_explain();
        self.scope.is_start |= reopens && self.scopes.is_empty();
    }

    fn is_explain(&self) -> bool {
        matches!(self.verb, Some(Word::Explain | Word::Describe | Word::Desc))
            && self.scopes.is_empty()
    }

    /// Whether nothing began yet, or `explain` alone did.
    fn may_explain(&self) -> bool {
        self.verb.is_none() || self.verb == Some(Word::Explain)
    }

    fn end_statement(&mut self) {
        loop {
            self.settle();
            match self.scopes.pop() {
                Some(outer) => self.scope = outer,
                None => break,
            }
        }
        if self.last.is_some() {
            let within = self.kind_within.filter(|_| self.kind == Some(Kind::Select));
            let kind = within.or(self.kind).unwrap_or(Kind::Unknown);
            self.found = Some(if self.found.is_some() { Kind::Batch } else { kind });
        }
        self.summary.next_statement();
        self.expressions.clear();
        (self.verb, self.object, self.kind, self.kind_within) = (None, None, None, None);
        (self.too_deep, self.blocks, self.copied) = (0, 0, None);
        self.scope = Scope { is_start: true, ..Scope::default() };
    }

    /// Sorts the tables of an `update` or `delete` that ends here.
    fn settle(&mut self) {
        if matches!(self.scope.verb, Verb::Update | Verb::Delete) {
            self.targets.settle(&mut self.tables, &self.expressions);
        }
    }

    fn open(&mut self) {
        if self.scopes.len() >= NESTING_MAX || self.too_deep > 0 {
            self.too_deep += 1;
            return;
        }
        let is_call = match self.last {
            Some(TokenKind::Name | TokenKind::Quoted(_)) => true,
            Some(TokenKind::Keyword(keyword)) => !keyword.spaced() && keyword.word != Word::Explain,
            _ => false,
        };
        let outer = &mut self.scope;
        let is_body = outer.is_with && matches!(self.words[1], Some(Word::As | Word::Materialized));
        // `from (a join b on ..)`: what stands in these parentheses is tables, unless it turns out to be a query.
        // `vacuum (analyze) t`: options change nothing of what comes after them.
        let is_options = outer.expects == Some(Role::Kept);
        let tables = if is_options { None } else { outer.expects.take() }
            .filter(|role| matches!(role, Role::Read | Role::Named | Role::Model));
        let inner = Scope {
            is_start: !is_call,
            verb: if tables.is_some() { Verb::Tables } else { Verb::None },
            expects: tables,
            list: tables,
            shows: outer.shows,
            is_body,
            is_within_body: is_body || outer.is_within_body,
            ..Scope::default()
        };
        self.scopes.push(std::mem::replace(&mut self.scope, inner));
    }

    fn close(&mut self) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        self.settle();
        let Some(outer) = self.scopes.pop() else { return };
        let inner = std::mem::replace(&mut self.scope, outer);
        self.expressions.leave(self.scopes.len());
        if inner.is_body {
            self.expressions.complete(self.scopes.len());
        }
    }

    fn comma(&mut self) {
        self.scope.alias_next = false;
        self.scope.expects =
            if self.scope.is_with { Some(Role::Expression) } else { self.scope.list };
    }

    /// Whether this word is a verb here.
    fn begins(&self, word: Word) -> bool {
        let may_begin = match word {
            Word::Select => true,
            Word::With => {
                self.scope.is_start
                    || (self.scope.verb == Verb::Insert && self.scope.expects.is_none())
            }
            _ if is_query(word) => self.scope.is_start,
            // SQLite explains whatever it runs.
            Word::Create | Word::Drop | Word::Replace => {
                self.scope.is_start && self.scopes.is_empty() && self.may_explain()
            }
            _ => self.scope.is_start && self.scopes.is_empty() && self.verb.is_none(),
        };
        may_begin && (word == Word::With || kind_of(word).is_some())
    }

    fn begin(&mut self, word: Word) {
        let Some(kind) = kind_of(word) else {
            (self.scope.is_with, self.scope.is_start, self.scope.expects) =
                (true, true, Some(Role::Expression));
            return;
        };
        if self.scope.is_within_body {
            self.kind_within = self
                .kind_within
                .or(Some(kind).filter(|kind| kind.is_write() && self.verb.is_none()));
        } else if self.verb.is_none() {
            (self.verb, self.kind) = (Some(word), Some(kind));
        }
        self.summary.operation(self.lexer.token_text());
        self.enter(word);
        // `explain analyze verbose select`
        self.scope.is_start = matches!(word, Word::Explain | Word::Describe | Word::Desc);
    }

    /// The statements in a trigger or a procedure run some other day: this only finds their end.
    fn follow_blocks(&mut self, word: Option<Word>) {
        let after_end = self.words[1] == Some(Word::End);
        match word {
            Some(Word::Begin) => self.blocks += 1,
            Some(Word::Case) if !after_end => self.blocks += 1,
            Some(Word::End) => {
                let next = self.lexer.clone().next(false).and_then(TokenKind::word);
                let ends_other =
                    matches!(next, Some(Word::If | Word::Loop | Word::While | Word::Repeat));
                self.blocks -= usize::from(!ends_other);
            }
            _ => {}
        }
    }

    pub(super) fn enter_block(&mut self) {
        self.blocks = 1;
    }
}
