//! Parts that pages are made of.

pub mod copy;
pub mod english;
pub mod failed;
pub mod grid;
pub mod help;
pub mod icon;
pub mod menu;
pub mod modal;
pub mod nav;
pub mod palette;
pub mod severity;
pub mod status;
pub mod statusbar;
pub mod toast;
pub mod topbar;
pub mod tray;
