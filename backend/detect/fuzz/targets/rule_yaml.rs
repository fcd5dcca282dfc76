//! Any bytes as a rule file and as a pipeline.
#![no_main]

#[path = "../harness.rs"]
#[allow(dead_code, reason = "every target uses its own part")]
mod harness;

libfuzzer_sys::fuzz_target!(|data: &[u8]| harness::rule_yaml(data));
