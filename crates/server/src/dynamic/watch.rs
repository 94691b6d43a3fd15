//! Reads the file of dynamic configuration again while the server runs.

use std::{path::PathBuf, time::Duration};

use longhaul_runtime::Clock;

use super::{InForce, Layers, file};

/// A file to be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Where it is.
    pub path: PathBuf,
    /// How often it is looked at.
    pub interval: Duration,
}

/// What is known of the file.
pub(crate) struct Watch {
    source: Source,
    layers: Layers,
    /// What was read last, right or wrong; `None` if nothing was.
    text: Option<String>,
    /// Whether the file could not be read at the last look.
    missing: bool,
}

impl Watch {
    /// Begins with the layers in force. The first look reads the file once more.
    pub(crate) fn new(source: Source, layers: Layers) -> Self {
        Self { source, layers, text: None, missing: false }
    }

    /// Looks at the file for as long as the server runs.
    pub(crate) async fn run(mut self, clock: Clock, in_force: InForce) {
        loop {
            clock.sleep(self.source.interval).await;
            self.look(&in_force);
        }
    }

    /// Reads the file, and puts what it says in force if it changed and is right. Otherwise the old values stay.
    pub(crate) fn look(&mut self, in_force: &InForce) {
        let path = &self.source.path;
        let text = match file::text(path) {
            Ok(text) => text,
            Err(error) => {
                // Said once, not at every look.
                if !std::mem::replace(&mut self.missing, true) {
                    tracing::error!(error = format!("{error:#}"), "dynamic configuration stays as it was");
                }
                return;
            }
        };
        self.missing = false;
        if self.text.as_ref() == Some(&text) {
            return;
        }
        match file::parse(path, &text) {
            Ok(rules) => {
                let layers = Layers { file: rules, ..self.layers.clone() };
                for note in layers.file.notes.difference(&self.layers.file.notes) {
                    tracing::info!("dynamic configuration: {note}");
                }
                in_force.replace(&layers.everywhere());
                if self.text.is_some() {
                    tracing::info!(path = %path.display(), "dynamic configuration was read anew");
                }
                self.layers = layers;
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "dynamic configuration stays as it was");
            }
        }
        self.text = Some(text);
    }
}
