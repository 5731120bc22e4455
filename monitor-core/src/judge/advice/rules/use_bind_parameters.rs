//! Values are written into the text of a statement.
//!
//! **What was seen.** Fifty different texts or more that differ in their literals only. The database reads and plans each of them anew, a cache of prepared statements is of no use
//! for them, and a value written into a text may be somebody's injection.
//!
//! **What to do.** Bind the values: `where email = $1` and `.bind(email)`; with diesel, what its query builder does by itself.
//!
//! **When it is wrong.** A few constants that are part of the statement by design, each called many times, are not told.

use super::Rule;
use super::seen::{Found, Say, Seen};
use crate::identify::Kind;
use crate::judge::advice::{Category, Confidence, Effort, Evidence, Priority};

pub(super) struct UseBindParameters;

const TEXTS_MIN: u64 = 50;
/// Calls of each text up to which it is taken for made anew.
const CALLS_PER_TEXT_MAX: u64 = 5;
/// So many texts are nobody's design, and more than this are hard to tell from many more.
const TEXTS_MANY: u64 = 500;
/// Share of the time saved: what reading and planning takes of a quick statement.
const SAVES: f64 = 0.2;

impl Rule for UseBindParameters {
    fn name(&self) -> &'static str {
        "use-bind-parameters"
    }

    fn watch(&self, seen: &Seen<'_>, say: &mut Say<'_>) {
        let kinds = [Kind::Select, Kind::Insert, Kind::Update, Kind::Delete];
        for statement in seen.lately().statements.iter().filter(|one| kinds.contains(&one.kind)) {
            let texts = statement.wording.literal_variants();
            if texts == 0 {
                continue;
            }
            let lifetime = seen.snapshot.lifetime.statements.iter();
            let calls = lifetime.filter(|one| one.fingerprint == statement.fingerprint).map(|one| one.activity.calls);
            let calls: u64 = calls.sum();
            if texts < TEXTS_MIN {
                say.quiet(&*statement.text, format!("about {texts} different texts are few"));
            } else if texts < TEXTS_MANY && calls > CALLS_PER_TEXT_MAX * texts {
                say.quiet(&*statement.text, format!("about {texts} texts are called again and again"));
            } else {
                say.found_in(statement, Found {
                    category: Category::Query,
                    effort: Effort::Small,
                    confidence: Confidence::Observed,
                    risk: Some(Priority::Medium),
                    saves: Some(SAVES),
                    title: "values are written into the text".into(),
                    meaning: "each text is read and planned anew, no prepared statement is used twice, and a value may be an injection".into(),
                    remedy: vec!["bind the values as parameters".into()],
                    evidence: Evidence::default().fact("different texts, about", texts).fact("calls", calls),
                });
            }
        }
    }
}
