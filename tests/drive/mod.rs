//! Drives the real user interface: the desktop window under Xvfb by WebKitWebDriver, and headless
//! Chromium by chromedriver on a served workspace. Every run has a HOME of its own in a temporary
//! folder; whatever still carries that folder's name in its environment is ended on drop.

pub mod browser;
pub mod desktop;
pub mod disk;
pub mod evidence;
pub mod page;
pub mod process;
pub mod screen;
pub mod store;
pub mod told;
pub mod watch;
pub mod xdnd;

pub use browser::Browser;
pub use desktop::Desktop;
