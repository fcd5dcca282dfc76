//! Detection rules, the packs they come in, runs over stored events, and what people say about their alerts.

mod pack;
mod pipeline;
mod rule;
mod run;
mod verdict;

pub use pack::*;
pub use pipeline::*;
pub use rule::*;
pub use run::*;
pub use verdict::*;

use crate::{Empty, Page, jobs::JobAccepted};

routes! {
    #[doc = "List detection rules"]
    RulesList: GET "/api/v1/detections/rules", SiemRead, path Empty, query RuleList, body None () => 200 Json Page<Rule>;
    #[doc = "Create detection rules of one's own from Sigma text"]
    RuleCreate: POST "/api/v1/detections/rules", SiemWrite, path Empty, query Empty, body Json CreateRule => 201 Json CreatedRule;
    #[doc = "One rule"]
    RuleGet: GET "/api/v1/detections/rules/{rule_id}", SiemRead, path RulePath, query Empty, body None () => 200 Json Rule;
    #[doc = "Enable, disable, tune or rewrite a rule"]
    RulePatch: PATCH "/api/v1/detections/rules/{rule_id}", SiemWrite, path RulePath, query Empty, body Json PatchRule => 200 Json Rule;
    #[doc = "Delete a rule of one's own"]
    RuleDelete: DELETE "/api/v1/detections/rules/{rule_id}", SiemWrite, path RulePath, query Empty, body None () => 204 Empty ();
    #[doc = "How a rule came to be what it is, newest first"]
    RuleHistory: GET "/api/v1/detections/rules/{rule_id}/history", SiemRead, path RulePath, query RuleHistoryList, body None () => 200 Json Page<RuleChange>;
    #[doc = "Enable or disable many rules, or a pack"]
    RulesBulk: POST "/api/v1/detections/bulk", SiemWrite, path Empty, query Empty, body Json BulkRules => 200 Json BulkDone;
    #[doc = "Read Sigma text without keeping it: its errors, and what it would run on"]
    RuleCheck: POST "/api/v1/detections/check", SiemRead, path Empty, query Empty, body Json CheckText => 200 Json CheckReport;
    #[doc = "Why a rule matches one stored event, or why not"]
    RuleExplain: GET "/api/v1/detections/rules/{rule_id}/explain", SiemRead, path RulePath, query ExplainQuery, body None () => 200 Json RuleExplanation;
    #[doc = "Packs of rules"]
    PacksList: GET "/api/v1/detections/packs", SiemRead, path Empty, query PackList, body None () => 200 Json Page<Pack>;
    #[doc = "Import a pack as a stream: a zip of Sigma rules, or YAML files; processing pipelines among them too; 202 with a job whose result is a PackReport"]
    PackImport: POST "/api/v1/detections/packs", SiemWrite, path Empty, query PackQuery, body Stream () => 202 Json JobAccepted;
    #[doc = "Remove an imported pack and its rules; their alerts stay"]
    PackDelete: DELETE "/api/v1/detections/packs/{pack_id}", SiemWrite, path PackPath, query Empty, body None () => 204 Empty ();
    #[doc = "Sigma processing pipelines, in the order in which they are applied to rules"]
    PipelinesList: GET "/api/v1/detections/pipelines", SiemRead, path Empty, query PipelineList, body None () => 200 Json Page<Pipeline>;
    #[doc = "One processing pipeline with its text"]
    PipelineGet: GET "/api/v1/detections/pipelines/{pipeline_id}", SiemRead, path PipelinePath, query Empty, body None () => 200 Json Pipeline;
    #[doc = "Make a processing pipeline or write over it; every rule is compiled again with it"]
    PipelinePut: PUT "/api/v1/detections/pipelines/{pipeline_id}", SiemWrite, path PipelinePath, query Empty, body Json PutPipeline => 200 Json Pipeline;
    #[doc = "Delete a processing pipeline; rules are what their texts say again"]
    PipelineDelete: DELETE "/api/v1/detections/pipelines/{pipeline_id}", SiemWrite, path PipelinePath, query Empty, body None () => 204 Empty ();
    #[doc = "Run one rule over stored events; 202 with a job whose result is a RuleRun"]
    RuleRunCreate: POST "/api/v1/detections/rules/{rule_id}/run", SiemWrite, path RulePath, query Empty, body Json Option<RunRange> => 202 Json RunAccepted;
    #[doc = "Run a pack, some rules or all enabled rules over stored events; 202 with a job whose result is a RuleRun"]
    RunCreate: POST "/api/v1/detections/runs", SiemWrite, path Empty, query Empty, body Json Option<RunWhat> => 202 Json RunAccepted;
    #[doc = "Runs over stored events, newest first"]
    RunsList: GET "/api/v1/detections/runs", SiemRead, path Empty, query RunList, body None () => 200 Json Page<RuleRun>;
    #[doc = "List rule runs, newest first"]
    RuleRuns: GET "/api/v1/detections/rules/{rule_id}/runs", SiemRead, path RulePath, query RunList, body None () => 200 Json Page<RuleRun>;
    #[doc = "Detection metrics: in all and for each rule that saw an event"]
    DetectionMetricsGet: GET "/api/v1/detections/metrics", SiemRead, path Empty, query MetricsList, body None () => 200 Json DetectionMetrics;
    #[doc = "ATT&CK coverage: rules and what was seen"]
    CoverageGet: GET "/api/v1/detections/coverage", SiemRead, path Empty, query Empty, body None () => 200 Json Coverage;
    #[doc = "List suppressions"]
    SuppressionsList: GET "/api/v1/detections/rules/{rule_id}/suppressions", SiemRead, path RulePath, query SuppressionList, body None () => 200 Json Page<Suppression>;
    #[doc = "Create suppression"]
    SuppressionCreate: POST "/api/v1/detections/rules/{rule_id}/suppressions", SiemWrite, path RulePath, query Empty, body Json CreateSuppression => 201 Json Suppression;
    #[doc = "End a suppression"]
    SuppressionDelete: DELETE "/api/v1/detections/rules/{rule_id}/suppressions/{suppression_id}", SiemWrite, path SuppressionPath, query Empty, body None () => 204 Empty ();
    #[doc = "List feedback: what was submitted, and what closed alerts say"]
    FeedbackList: GET "/api/v1/detections/rules/{rule_id}/feedback", SiemRead, path RulePath, query FeedbackPage, body None () => 200 Json Page<Feedback>;
    #[doc = "Submit feedback; with an alert, the verdict closes it"]
    FeedbackCreate: POST "/api/v1/detections/rules/{rule_id}/feedback", SiemWrite, path RulePath, query Empty, body Json CreateFeedback => 201 Json Feedback;
}
