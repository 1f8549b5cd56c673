//! `api.runs(filters=…, order=…)`: which runs, in which order.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value as Json;

use crate::api::respond::{Answer, Failure};
use crate::api::{App, blocking};
use crate::store::{RunFacts, Wanted};
use crate::wandb::filter::{BadFilter, Facts, Filter};
use crate::wandb::order::Order;
use crate::wandb::run_field::RunField;
use crate::wandb::time;

/// Answers that are kept: those of the pages that somebody is reading.
const KEPT: usize = 8;

/// Runs that were asked for, by their numbers in the store.
pub struct Found {
    asked: Asked,
    /// In order.
    pub numbers: Vec<i64>,
}

#[derive(Clone, PartialEq, Eq)]
struct Asked {
    commit: u64,
    entity: String,
    project: String,
    filters: String,
    order: Option<String>,
}

/// The newest answers; void with the next commit.
#[derive(Default)]
pub struct Answers(Mutex<Vec<Arc<Found>>>);

impl Answers {
    /// The answer to the same question; how many there are does not depend on
    /// their order.
    fn known(&self, asked: &Asked) -> Option<Arc<Found>> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |found: &&Arc<Found>| match &asked.order {
            Some(_) => found.asked == *asked,
            None => Asked { order: None, ..found.asked.clone() } == *asked,
        };
        known.iter().find(same).cloned()
    }

    fn keep(&self, found: &Arc<Found>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|known| known.asked.commit == found.asked.commit);
        known.insert(0, found.clone());
        known.truncate(KEPT);
    }
}

impl Found {
    /// Looks through a project's runs; without an order the newest come first.
    pub async fn find(
        app: &App,
        owner: &str,
        entity: &str,
        project: &str,
        filters: Option<String>,
        order: Option<String>,
    ) -> Answer<Arc<Self>> {
        let asked = Asked {
            commit: *app.store.newer().borrow(),
            entity: entity.to_owned(),
            project: project.to_owned(),
            filters: filters.unwrap_or_default(),
            order,
        };
        if let Some(known) = app.answers.known(&asked) {
            return Ok(known);
        }
        let bad = |error: BadFilter| Failure::bad(error.to_string());
        let filter = Filter::parse(&asked.filters).map_err(bad)?;
        let order = Order::parse(asked.order.as_deref().unwrap_or_default()).map_err(bad)?;
        let (of, owner, store) = (asked.clone(), owner.to_owned(), app.store.clone());
        let numbers = blocking(move || {
            let mut found = Vec::new();
            store.each_run(&of.entity, &of.project, &wanted(&filter, &order), |facts| {
                let facts = Run { facts, owner: &owner };
                if filter.matches(&facts) {
                    found.push(facts);
                }
            })?;
            // They come newest first; a stable sort leaves equals so.
            found.sort_by(|a, b| order.compare(a, b));
            Ok(found.into_iter().map(|run| run.facts.number).collect())
        });
        let found = Arc::new(Self { asked, numbers: numbers.await? });
        app.answers.keep(&found);
        Ok(found)
    }
}

fn wanted(filter: &Filter<RunField>, order: &Order<RunField>) -> Wanted {
    let mut wanted = Wanted::default();
    for field in filter.fields().chain(order.fields()) {
        match field {
            RunField::Config(path) => wanted.config.push(path.as_str().to_owned()),
            RunField::Summary(path) => wanted.summary.push(path.as_str().to_owned()),
            _ => {}
        }
    }
    wanted
}

struct Run<'a> {
    facts: RunFacts,
    owner: &'a str,
}

impl Facts<RunField> for Run<'_> {
    fn get(&self, field: &RunField) -> Option<Cow<'_, Json>> {
        let text = |text: &str| Some(Cow::Owned(Json::from(text)));
        let facts = &self.facts;
        match field {
            RunField::Id => text(&facts.run),
            RunField::Name => text(&facts.name),
            RunField::State => text(super::run::state(facts.state, facts.preempting)),
            RunField::Tags => Some(Cow::Owned(Json::from(facts.tags.clone()))),
            RunField::Group => facts.group.as_deref().and_then(text),
            RunField::JobType => facts.job_type.as_deref().and_then(text),
            RunField::Notes => facts.notes.as_deref().and_then(text),
            RunField::User => text(self.owner),
            RunField::CreatedAt => text(&time::format(facts.created_us)),
            RunField::HeartbeatAt | RunField::UpdatedAt => text(&time::format(facts.updated_us)),
            RunField::Duration => {
                let us = facts.updated_us.saturating_sub(facts.created_us);
                Some(Cow::Owned(Json::from(time::to_seconds(us))))
            }
            RunField::Config(path) => path.find(&facts.config).map(Cow::Borrowed),
            RunField::Summary(path) => path.find(&facts.summary).map(Cow::Borrowed),
            RunField::Sweep | RunField::Metadata(_) | RunField::Other(_) => None,
        }
    }
}
