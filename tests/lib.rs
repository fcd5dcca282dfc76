//! Tests of the whole product, as one binary.
#![cfg(test)]

mod airgap;
mod attacks;
mod audited;
mod browser;
mod cli;
mod clocks;
mod contract;
mod drive;
mod entities;
mod evidence;
mod folder;
mod hostile;
mod journeys;
mod kill;
mod listening;
mod live;
mod logs;
mod plans;
mod room;
mod rules;
mod schema;
mod sent;
mod served;
mod sources;
mod stores;
mod stranger;
mod tidy;
mod watched;
mod window;
mod workspace;
