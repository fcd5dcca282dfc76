//! EVTX tests.
