//! Tests of the whole product, as one binary.
#![cfg(test)]

mod attacks;
mod browser;
mod contract;
mod drive;
mod journeys;
mod kill;
mod live;
mod served;
mod tidy;
mod window;
