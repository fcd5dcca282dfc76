//! Tests of the whole product, as one binary.
#![cfg(test)]

mod browser;
mod drive;
mod window;
