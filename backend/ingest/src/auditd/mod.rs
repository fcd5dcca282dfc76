//! Raw records of the Linux audit daemon, one a line and one event each; the serial joins those of one event.
//!
//! `type=SYSCALL msg=audit(1604996384.965:93777): arch=c000003e syscall=59 …`, with `node=HOST ` before it where a
//! daemon forwards and with names for numbers behind a 0x1d where it enriches (auditd.conf(5), log_format).

mod map;
#[cfg(test)]
mod tests;

use crate::text::{Hand, LONGEST, Lines, Origin, Out};
use event::{Name, Place};
use map::Records;
use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// Product and service as Sigma names them.
const DATASET: &str = "linux.auditd";

/// Whether a text (without byte order mark) begins like such a log.
pub(crate) fn is(head: &[u8]) -> bool {
    let lines = head.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|l| !l.is_empty());
    lines.take(5).any(|l| map::start(&String::from_utf8_lossy(&l[..l.len().min(512)])).is_some())
}

/// Reads a log. An error is one of reading, never of content.
pub(crate) fn read(from: &mut dyn Read, origin: Origin, hand: &mut Hand<'_>) -> io::Result<ControlFlow<()>> {
    let mut lines = Lines::new(from);
    let mut out = Out::new(origin, hand);
    let mut records = Records::default();
    let dataset = Name::from(DATASET);
    while let Some((line, bytes)) = lines.next()? {
        // Blank lines have numbers too: a record's number is that of its line.
        let record = out.next();
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        if let Some(record) = record {
            let len = u32::try_from(line.len).unwrap_or(u32::MAX);
            let place = Place { record, offset: line.offset, len };
            let text = String::from_utf8_lossy(bytes);
            let read = if line.cut() {
                Err(format!("longer than {LONGEST} bytes; only its beginning is here"))
            } else {
                records.read(&text)
            };
            match read {
                Ok((time, fields)) => out.event(dataset.clone(), place, time, fields),
                Err(reason) => out.broken(dataset.clone(), place, line.number, bytes, &reason),
            }
        }
        if out.done(line.end).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(out.flush())
}
