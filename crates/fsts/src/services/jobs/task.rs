//! What jobs run: a task that some part of the program put into the registry.

use std::collections::BTreeMap;
use std::sync::Arc;

use fsts_domain::Timestamp;
use futures_util::future::BoxFuture;

use crate::messages::Text;

/// A piece of work that a job can run.
///
/// It may be dropped at any await when the program ends, and it may be asked a second time for the same due instant after a
/// crash; what it writes must bear both.
pub trait Task: Send + Sync + 'static {
    /// The name by which settings call it.
    fn name(&self) -> &'static str;
    /// Does it, and says in a sentence what was done.
    fn run(&self, run: TaskRun) -> BoxFuture<'_, Result<Text, TaskError>>;
}

/// One run of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRun {
    /// The job whose run it is.
    pub job: String,
    /// When it was due, market time; a late run is about this instant.
    pub due: Timestamp,
}

/// Why a task was not done, in words for a person; causes go to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskError(pub Text);

/// All tasks of the program.
#[derive(Clone, Default)]
pub struct Registry {
    tasks: BTreeMap<&'static str, Arc<dyn Task>>,
}

impl Registry {
    /// Puts a task in; one of the same name is replaced.
    pub fn add(&mut self, task: impl Task) {
        self.tasks.insert(task.name(), Arc::new(task));
    }

    /// The task of a name.
    pub fn get(&self, name: &str) -> Option<Arc<dyn Task>> {
        self.tasks.get(name).cloned()
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.tasks.keys()).finish()
    }
}
