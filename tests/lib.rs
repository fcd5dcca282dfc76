//! Tests of the whole product, as one binary.
#![cfg(test)]

mod airgap;
mod attacks;
mod audited;
mod browser;
mod cli;
mod contract;
mod drive;
mod evidence;
mod folder;
mod journeys;
mod kill;
mod live;
mod plans;
mod rules;
mod schema;
mod served;
mod sources;
mod stores;
mod stranger;
mod tidy;
mod window;
mod workspace;
