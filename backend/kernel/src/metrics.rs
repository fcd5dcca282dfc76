//! Counters for /metrics. Labels carry no user's text.

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

/// Labels of one HTTP route.
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct RouteLabels {
    /// GET, …
    pub method: String,
    /// Pattern, not path.
    pub route: String,
    /// Status.
    pub status: u16,
}

/// Why a listener did not take a message.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
pub struct DropLabels {
    /// `queue_full`, `not_allowed`, `too_long`, `connections` or `not_stored`.
    pub reason: &'static str,
}

/// The counters.
pub struct Metrics {
    registry: Registry,
    /// Alerts made.
    pub alerts_created: Counter,
    /// Events that went into an existing alert.
    pub alerts_deduplicated: Counter,
    /// Events stored.
    pub ingest_events: Counter,
    /// Records that could not be read.
    pub ingest_rejected: Counter,
    /// Messages that the listener took.
    pub listener_received: Counter,
    /// Events of the listener that were stored.
    pub listener_stored: Counter,
    /// Messages that the listener did not take.
    pub listener_dropped: Family<DropLabels, Counter>,
    /// Network attacks found.
    pub network_attacks: Counter,
    /// Seconds from request to decision.
    pub approval_latency: Histogram,
    /// Requests waiting for the model.
    pub inference_queue: Gauge,
    /// Jobs waiting.
    pub queue_lag: Gauge,
    /// Seconds by route pattern.
    pub http: Family<RouteLabels, Histogram, fn() -> Histogram>,
}

fn http_buckets() -> Histogram {
    Histogram::new([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0])
}

impl Default for Metrics {
    fn default() -> Self {
        let mut m = Metrics {
            registry: Registry::with_prefix("aurorasoc"),
            alerts_created: Counter::default(),
            alerts_deduplicated: Counter::default(),
            ingest_events: Counter::default(),
            ingest_rejected: Counter::default(),
            listener_received: Counter::default(),
            listener_stored: Counter::default(),
            listener_dropped: Family::default(),
            network_attacks: Counter::default(),
            approval_latency: Histogram::new([1.0, 10.0, 60.0, 300.0, 900.0, 1800.0]),
            inference_queue: Gauge::default(),
            queue_lag: Gauge::default(),
            http: Family::new_with_constructor(http_buckets),
        };
        let r = &mut m.registry;
        r.register("alerts_created", "Alerts made", m.alerts_created.clone());
        r.register("alerts_deduplicated", "Events added to an existing alert", m.alerts_deduplicated.clone());
        r.register("ingest_events", "Events stored", m.ingest_events.clone());
        r.register("ingest_rejected", "Records that could not be read", m.ingest_rejected.clone());
        r.register("listener_received", "Messages that the listener took", m.listener_received.clone());
        r.register("listener_stored", "Events of the listener that were stored", m.listener_stored.clone());
        r.register("listener_dropped", "Messages that the listener did not take", m.listener_dropped.clone());
        r.register("network_attack_detections", "Network attacks found", m.network_attacks.clone());
        r.register("approval_latency_seconds", "From request to decision", m.approval_latency.clone());
        r.register("inference_queue", "Requests waiting for the model", m.inference_queue.clone());
        r.register("queue_lag", "Jobs waiting", m.queue_lag.clone());
        r.register("http_request_duration_seconds", "By route pattern", m.http.clone());
        m
    }
}

impl Metrics {
    /// In Prometheus' own text format, version 0.0.4
    /// (https://prometheus.io/docs/instrumenting/exposition_formats/): as OpenMetrics, but that a counter's family
    /// has the name of its samples.
    pub fn prometheus_text(&self) -> String {
        let mut out = String::new();
        let text = self.text();
        let counters: Vec<_> =
            text.lines().filter_map(|l| l.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
        for line in text.lines().filter(|l| *l != "# EOF" && !l.starts_with("# UNIT ")) {
            let named = line.strip_prefix("# HELP ").map(|rest| ("# HELP ", rest));
            let named = named.or_else(|| line.strip_prefix("# TYPE ").map(|rest| ("# TYPE ", rest)));
            match named.and_then(|(word, rest)| Some((word, rest.split_once(' ')?))) {
                Some((word, (name, rest))) if counters.contains(&name) => {
                    out.push_str(&format!("{word}{name}_total {rest}"));
                }
                _ => out.push_str(line),
            }
            out.push('\n');
        }
        out
    }

    /// In OpenMetrics' text format.
    pub fn text(&self) -> String {
        let mut out = String::new();
        // Writing into a String can't fail.
        let _ = encode(&mut out, &self.registry);
        out
    }
}
