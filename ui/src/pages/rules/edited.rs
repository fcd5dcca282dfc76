//! What the editor writes, a rule or a pipeline: how it is read, saved, and where one goes afterwards.

use crate::{
    components::toast,
    data::{client, failure::Failure},
    i18n::{k, t, tf},
    place::{Place, go},
    state::app,
};
use api::{
    Empty,
    detections::{
        CheckReport, CheckText, CreateRule, PatchRule, PipelineGet, PipelinePath, PipelinePut, PutPipeline,
        RuleCheck, RuleCreate, RuleGet, RulePatch, RulePath, RuleProblem,
    },
};
use leptos::prelude::*;

/// A text by what it is; the empty id is a new one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edited {
    /// A rule.
    Rule(String),
    /// A processing pipeline.
    Pipeline(String),
}

/// Why a text was not saved.
pub enum No {
    /// The server said no, or could not be reached.
    Failure(Failure),
    /// Its text is wrong.
    Wrong(CheckReport),
    /// It can't be saved as it is, in plain words.
    Words(String),
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        match problem(&failure) {
            Some(p) => No::Wrong(CheckReport {
                ok: false,
                documents: Vec::new(),
                pipelines: Vec::new(),
                errors: vec![p],
            }),
            None => No::Failure(failure),
        }
    }
}

fn problem(failure: &Failure) -> Option<RuleProblem> {
    let Failure::Problem { body, .. } = failure else { return None };
    serde_json::from_value(body.detail.clone()?).ok()
}

/// Said of a text.
pub async fn check(body: String) -> Result<CheckReport, Failure> {
    client::call::<RuleCheck>(&Empty {}, &Empty {}, &CheckText { body }).await.map(|a| a.value)
}

impl Edited {
    /// Id; empty for a new one.
    pub fn id(&self) -> &str {
        match self {
            Edited::Rule(id) | Edited::Pipeline(id) => id,
        }
    }

    /// Whether it is not there yet.
    pub fn is_new(&self) -> bool {
        self.id().is_empty()
    }

    /// What stands above the text.
    pub fn title(&self) -> String {
        match self {
            Edited::Rule(id) if id.is_empty() => t(k::ACTION_RULE_NEW).to_owned(),
            Edited::Pipeline(id) if id.is_empty() => t(k::PIPELINE_NEW).to_owned(),
            Edited::Rule(id) | Edited::Pipeline(id) => id.clone(),
        }
    }

    /// Name of the text field.
    pub fn label(&self) -> &'static str {
        match self {
            Edited::Rule(_) => t(k::RULE_BODY),
            Edited::Pipeline(_) => t(k::PIPELINE_BODY),
        }
    }

    /// A text to begin with.
    pub fn blank(&self) -> String {
        match self {
            Edited::Rule(_) => blank_rule(),
            Edited::Pipeline(_) => format!(
                "# {}\nname: our administrators\npriority: 50\nvars:\n    Administrators:\n        - '*\\admin'\n        - 'CORP\\*-adm'\n# {}\ntransformations: []\n",
                t(k::PIPELINE_EXAMPLE_VARS),
                t(k::PIPELINE_EXAMPLE_STEPS),
            ),
        }
    }

    /// Its text and version.
    pub async fn read(&self) -> Result<(String, Option<String>), Failure> {
        let id = self.id().to_owned();
        match self {
            Edited::Rule(_) => {
                let a = client::call::<RuleGet>(&RulePath { rule_id: id }, &Empty {}, &()).await?;
                Ok((a.value.body, a.etag))
            }
            Edited::Pipeline(_) => {
                let path = PipelinePath { pipeline_id: id };
                let a = client::call::<PipelineGet>(&path, &Empty {}, &()).await?;
                Ok((a.value.body, a.etag))
            }
        }
    }

    /// Saves, only over the version `etag`, says so and goes to what was saved.
    pub async fn save(&self, body: String, etag: Option<String>) -> Result<(), No> {
        match self {
            Edited::Rule(id) => {
                let (rule, etag) = if id.is_empty() {
                    let new = CreateRule { body, enabled: None, settings: None };
                    let a = client::call::<RuleCreate>(&Empty {}, &Empty {}, &new).await?;
                    (a.value.rule, a.etag)
                } else {
                    let change = PatchRule { body: Some(Some(body)), ..PatchRule::default() };
                    let path = RulePath { rule_id: id.clone() };
                    let a = client::call_if::<RulePatch>(&path, &Empty {}, &change, etag.as_deref()).await?;
                    (a.value, a.etag)
                };
                toast::say(t(k::DONE_RULE_SAVED).to_owned());
                let place = app().place.get_untracked();
                let id = rule.rule_id.clone();
                app().rules.put(rule, etag);
                app().rules.load();
                go(place.with("id", &id).with("edit", "").with("new", ""));
            }
            Edited::Pipeline(id) => {
                let id = if id.is_empty() { named(&body).await? } else { id.clone() };
                let path = PipelinePath { pipeline_id: id };
                let put = PutPipeline { body, enabled: None };
                client::call_if::<PipelinePut>(&path, &Empty {}, &put, etag.as_deref()).await?;
                toast::say(t(k::DONE_PIPELINE_SAVED).to_owned());
                app().rules.changed();
                self.leave();
            }
        }
        Ok(())
    }

    /// To where it is listed.
    pub fn leave(&self) {
        match self {
            Edited::Rule(_) => {
                go(app().place.get_untracked().with("edit", "").with("new", ""));
                crate::focus::on(super::moves::LIST);
            }
            Edited::Pipeline(_) => go(Place::parse(&super::query::View::Packs.href())),
        }
    }
}

/// The id that a new pipeline's text gives it: none that is there already, so that nothing is written over unseen.
async fn named(body: &str) -> Result<String, No> {
    let report = check(body.to_owned()).await?;
    if !report.errors.is_empty() {
        return Err(No::Wrong(report));
    }
    match report.pipelines.as_slice() {
        [one] if one.pipeline_id.is_empty() => Err(No::Words(t(k::PIPELINE_NAMELESS).to_owned())),
        [one] if one.exists => {
            let name = crate::text::visible(&one.name);
            Err(No::Words(tf(k::PIPELINE_EXISTS, &[("name", &name)])))
        }
        [one] => Ok(one.pipeline_id.clone()),
        _ => Err(No::Words(t(k::PIPELINE_NONE_IN_IT).to_owned())),
    }
}

fn blank_rule() -> String {
    let id = js_sys::Reflect::get(&window(), &"crypto".into())
        .and_then(|c| js_sys::Reflect::get(&c, &"randomUUID".into()).map(|f| (c, f)))
        .ok()
        .and_then(|(c, f)| js_sys::Function::from(f).call0(&c).ok())
        .and_then(|v| v.as_string())
        .unwrap_or_default();
    format!(
        "title: \nid: {id}\nstatus: experimental\ndescription: \nlogsource:\n    product: windows\n    category: process_creation\ndetection:\n    selection:\n        Image|endswith: '\\example.exe'\n    condition: selection\nlevel: medium\n"
    )
}
