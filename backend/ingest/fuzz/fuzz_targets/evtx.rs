#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    ingest_fuzz::run(ingest::Format::Evtx, bytes);
    ingest_fuzz::evtx_both_ways(bytes);
});
