//! Server-sent events out of bytes that may be cut anywhere.

/// Longest line and longest event that is kept.
const EVENT_MAX: usize = 1024 * 1024;

/// Collects bytes and gives the data of complete events.
#[derive(Debug, Default)]
pub struct EventReader {
    line: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    after_cr: bool,
}

/// An event was longer than any service sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl EventReader {
    /// Takes bytes; gives back the data of the events that they complete.
    ///
    /// # Errors
    /// [`TooLong`] when a line or an event passes the limit.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<String>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_cr) => {}
                b'\n' | b'\r' => {
                    self.after_cr = *byte == b'\r';
                    events.extend(self.end_line());
                }
                other => {
                    self.after_cr = false;
                    self.line.push(*other);
                }
            }
            if self.line.len() > EVENT_MAX || self.data.len() > EVENT_MAX {
                return Err(TooLong);
            }
        }
        Ok(events)
    }

    /// What is left when the stream ends: some services leave out the last empty line.
    pub fn finish(mut self) -> Option<String> {
        let _ = self.end_line();
        self.has_data.then(|| String::from_utf8_lossy(&self.data).into_owned())
    }

    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if line.is_empty() {
            let data = std::mem::take(&mut self.data);
            return std::mem::take(&mut self.has_data).then(|| String::from_utf8_lossy(&data).into_owned());
        }
        // Comments and other fields say nothing to us.
        if let Some(value) = line.strip_prefix(b"data:") {
            if self.has_data {
                self.data.push(b'\n');
            }
            self.data.extend_from_slice(value.strip_prefix(b" ").unwrap_or(value));
            self.has_data = true;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_out_whole_wherever_the_bytes_are_cut() {
        let text = ": hello\r\n\r\ndata: {\"a\":\"삼성\"}\r\n\r\nevent: x\ndata:one\ndata: two\n\ndata: [DONE]\n\n";
        for cut in 1..text.len() {
            let mut reader = EventReader::default();
            let mut events = Vec::new();
            for piece in text.as_bytes().chunks(cut) {
                events.extend(reader.push(piece).unwrap());
            }
            assert_eq!(events, ["{\"a\":\"삼성\"}", "one\ntwo", "[DONE]"], "cut at {cut}");
        }
    }

    #[test]
    fn the_last_event_needs_no_empty_line_and_an_endless_one_is_refused() {
        let mut reader = EventReader::default();
        assert!(reader.push(b"data: last").unwrap().is_empty());
        assert_eq!(reader.finish().as_deref(), Some("last"));
        assert_eq!(EventReader::default().push(&vec![b'x'; EVENT_MAX + 1]), Err(TooLong));
    }
}
