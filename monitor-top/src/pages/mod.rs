//! What is shown of each answer.

mod alerts;
mod overview;
mod pools;
mod requests;
mod statements;

use crate::answers::{Alerts, Overview, Pools, Requests, Scope, Statements};
use crate::question::Question;
use crate::sheet::Sheet;
use crate::text;

/// What a server answered, to be shown.
#[derive(Clone, Debug)]
pub struct Answer {
    pub(crate) content: Content,
}

/// By what was asked.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Overview(Box<Overview>),
    Statements(Statements),
    Pools(Pools),
    Alerts(Alerts),
    Requests(Requests),
}

// === impl Answer ===

impl Answer {
    /// As lines of so many columns.
    pub(crate) fn sheet(&self, question: &Question, width: usize) -> Sheet {
        let mut sheet = Sheet::new(width);
        match &self.content {
            Content::Overview(overview) => overview::fill(&mut sheet, overview),
            Content::Statements(statements) => statements::fill(&mut sheet, statements, question),
            Content::Pools(pools) => pools::fill(&mut sheet, pools),
            Content::Alerts(alerts) => alerts::fill(&mut sheet, alerts),
            Content::Requests(requests) => requests::fill(&mut sheet, requests),
        }
        sheet
    }

    /// What the numbers are about, in a few words.
    pub(crate) fn scope(&self) -> String {
        let of = |scope: &Scope| (scope.at.clone(), scope.covered_seconds);
        let (at, covered) = match &self.content {
            Content::Overview(overview) => of(&overview.scope),
            Content::Statements(statements) => of(&statements.scope),
            Content::Pools(pools) => of(&pools.scope),
            Content::Requests(requests) => (requests.at.clone(), requests.covered_seconds),
            Content::Alerts(alerts) => return format!("at {} UTC", text::time_of_day(&alerts.at)),
        };
        format!("at {} UTC, {} covered", text::time_of_day(&at), text::time(covered))
    }

    /// Pages there are of what was asked.
    pub(crate) fn pages(&self) -> u64 {
        match &self.content {
            Content::Statements(list) => pages(list.total, list.page_size),
            Content::Alerts(alerts) => pages(alerts.history_total, alerts.page_size),
            Content::Requests(requests) => pages(requests.total, requests.page_size),
            Content::Overview(_) | Content::Pools(_) => 1,
        }
    }

    /// The whole text of the statement in a line, where lines are statements.
    pub(crate) fn text_of(&self, line: usize) -> Option<String> {
        let Content::Statements(list) = &self.content else { return None };
        list.statements.get(line).map(statements::whole_text)
    }

    /// Whether each line is a thing of its own, of which one is chosen.
    pub(crate) fn is_list(&self) -> bool {
        matches!(self.content, Content::Statements(_))
    }
}

fn pages(total: u64, page_size: u64) -> u64 {
    total.div_ceil(page_size.max(1)).max(1)
}
