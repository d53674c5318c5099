//! A small state graph: named nodes, edges that may depend on the state, checks when it is built, and a limit of steps.
//! After each step the owner is told, so that it can keep the state.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

/// Where a run begins.
pub const START: &str = "__start__";
/// Where a run ends.
pub const END: &str = "__end__";

/// One step of a run: takes the state and gives it back changed. `C` is what it may reach.
pub trait Node<S, C, E>: Send + Sync {
    /// Does the step.
    fn run<'a>(&'a self, state: S, context: &'a C) -> BoxFuture<'a, Result<S, E>>;
}

type Choice<S> = Arc<dyn Fn(&S) -> &'static str + Send + Sync>;

enum Edge<S> {
    To(&'static str),
    Choose(Vec<&'static str>, Choice<S>),
}

impl<S> Edge<S> {
    fn targets(&self) -> Vec<&'static str> {
        match self {
            Edge::To(target) => vec![target],
            Edge::Choose(targets, _) => targets.clone(),
        }
    }
}

/// Why a graph can't be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Two nodes have one name.
    #[error("the node {0} is there twice")]
    Duplicate(&'static str),
    /// An edge leads nowhere.
    #[error("the edge from {from} leads to the unknown node {to}")]
    UnknownTarget {
        /// Where it begins.
        from: &'static str,
        /// Where it leads.
        to: &'static str,
    },
    /// A node, or the start, has no edge.
    #[error("no edge leaves {0}")]
    NoEdge(&'static str),
    /// A node has two edges.
    #[error("two edges leave {0}")]
    TwoEdges(&'static str),
    /// A node can't be reached.
    #[error("the node {0} can't be reached")]
    Unreachable(&'static str),
    /// From a node there is no way to the end.
    #[error("no way leads from {0} to the end")]
    NoWayOut(&'static str),
}

/// Why a run stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RunError<E> {
    /// A node failed.
    #[error("a node failed")]
    Node(E),
    /// A node panicked; its name.
    #[error("the node {0} panicked")]
    Panicked(&'static str),
    /// It took more steps than allowed.
    #[error("the run took more steps than allowed")]
    TooManySteps,
    /// It was told to begin at, or went to, a node that isn't there.
    #[error("there is no node {0}")]
    NoSuchNode(String),
}

/// A graph that is being described.
pub struct StateGraph<S, C, E> {
    nodes: BTreeMap<&'static str, Arc<dyn Node<S, C, E>>>,
    edges: Vec<(&'static str, Edge<S>)>,
    duplicate: Option<&'static str>,
}

impl<S, C, E> Default for StateGraph<S, C, E> {
    fn default() -> Self {
        StateGraph { nodes: BTreeMap::new(), edges: Vec::new(), duplicate: None }
    }
}

impl<S, C, E> StateGraph<S, C, E> {
    /// Adds a node.
    pub fn node(mut self, name: &'static str, node: impl Node<S, C, E> + 'static) -> Self {
        let reserved = name == START || name == END;
        if self.nodes.insert(name, Arc::new(node)).is_some() || reserved {
            self.duplicate = Some(name);
        }
        self
    }

    /// After `from` comes `to`.
    pub fn edge(mut self, from: &'static str, to: &'static str) -> Self {
        self.edges.push((from, Edge::To(to)));
        self
    }

    /// After `from` comes what `choose` says of the state, one of `targets`.
    pub fn choose(
        mut self,
        from: &'static str,
        targets: &[&'static str],
        choose: impl Fn(&S) -> &'static str + Send + Sync + 'static,
    ) -> Self {
        self.edges.push((from, Edge::Choose(targets.to_vec(), Arc::new(choose))));
        self
    }

    /// Checks the graph and closes it.
    ///
    /// # Errors
    /// [`BuildError`] for the first fault found.
    pub fn build(self, steps_max: u32) -> Result<Graph<S, C, E>, BuildError> {
        if let Some(name) = self.duplicate {
            return Err(BuildError::Duplicate(name));
        }
        let mut edges: BTreeMap<&'static str, Edge<S>> = BTreeMap::new();
        for (from, edge) in self.edges {
            if edges.insert(from, edge).is_some() {
                return Err(BuildError::TwoEdges(from));
            }
        }
        for (from, edge) in &edges {
            for to in edge.targets() {
                if to != END && !self.nodes.contains_key(to) {
                    return Err(BuildError::UnknownTarget { from, to });
                }
            }
        }
        let all = || std::iter::once(START).chain(self.nodes.keys().copied());
        if let Some(name) = all().find(|name| !edges.contains_key(name)) {
            return Err(BuildError::NoEdge(name));
        }
        let reached = reachable(&edges, START);
        if let Some(name) = self.nodes.keys().find(|name| !reached.contains(*name)) {
            return Err(BuildError::Unreachable(name));
        }
        if let Some(name) = all().find(|name| !reachable(&edges, name).contains(END)) {
            return Err(BuildError::NoWayOut(name));
        }
        Ok(Graph { nodes: self.nodes, edges, steps_max })
    }
}

fn reachable<S>(edges: &BTreeMap<&'static str, Edge<S>>, from: &'static str) -> BTreeSet<&'static str> {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![from];
    while let Some(name) = waiting.pop() {
        if seen.insert(name) {
            waiting.extend(edges.get(name).map(Edge::targets).unwrap_or_default());
        }
    }
    seen
}

/// What a run tells its owner.
pub trait Observer<S>: Send {
    /// A node begins.
    fn started<'a>(&'a mut self, node: &'static str) -> BoxFuture<'a, ()>;
    /// A node has ended, and `next` comes; the state may be kept now.
    fn finished<'a>(&'a mut self, node: &'static str, next: &'static str, state: &'a S) -> BoxFuture<'a, ()>;
}

/// A checked graph; many runs may share it.
pub struct Graph<S, C, E> {
    nodes: BTreeMap<&'static str, Arc<dyn Node<S, C, E>>>,
    edges: BTreeMap<&'static str, Edge<S>>,
    steps_max: u32,
}

impl<S, C, E> Graph<S, C, E> {
    /// Runs from a node, or from the start, to the end.
    ///
    /// # Errors
    /// [`RunError`]; what was kept before stays.
    pub async fn run(
        &self,
        mut state: S,
        from: Option<&str>,
        context: &C,
        observer: &mut dyn Observer<S>,
    ) -> Result<S, RunError<E>> {
        let mut place = match from {
            None => self.after(START, &state)?,
            Some(END) => END,
            Some(name) => self.named(name)?,
        };
        let mut steps = 0;
        while place != END {
            if steps >= self.steps_max {
                return Err(RunError::TooManySteps);
            }
            steps += 1;
            let node = self.nodes.get(place).ok_or_else(|| RunError::NoSuchNode(place.to_owned()))?;
            observer.started(place).await;
            // A panic in a tool or a decoder ends the run, not the program.
            let ended = AssertUnwindSafe(node.run(state, context)).catch_unwind().await;
            state = ended.map_err(|_| RunError::Panicked(place))?.map_err(RunError::Node)?;
            let next = self.after(place, &state)?;
            observer.finished(place, next, &state).await;
            place = next;
        }
        Ok(state)
    }

    fn named(&self, name: &str) -> Result<&'static str, RunError<E>> {
        let found = self.nodes.keys().find(|n| **n == name).copied();
        found.ok_or_else(|| RunError::NoSuchNode(name.to_owned()))
    }

    fn after(&self, place: &'static str, state: &S) -> Result<&'static str, RunError<E>> {
        match self.edges.get(place) {
            Some(Edge::To(target)) => Ok(target),
            Some(Edge::Choose(targets, choose)) => {
                let chosen = choose(state);
                if targets.contains(&chosen) { Ok(chosen) } else { Err(RunError::NoSuchNode(chosen.to_owned())) }
            }
            None => Err(RunError::NoSuchNode(place.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Add(i64);
    impl Node<i64, (), &'static str> for Add {
        fn run<'a>(&'a self, state: i64, _: &'a ()) -> BoxFuture<'a, Result<i64, &'static str>> {
            Box::pin(async move {
                match self.0 {
                    0 => panic!("a node that panics"),
                    -1 => Err("no"),
                    n => Ok(state + n),
                }
            })
        }
    }

    #[derive(Default)]
    struct Seen(Vec<(&'static str, &'static str, i64)>);
    impl Observer<i64> for Seen {
        fn started<'a>(&'a mut self, _: &'static str) -> BoxFuture<'a, ()> {
            Box::pin(std::future::ready(()))
        }
        fn finished<'a>(&'a mut self, node: &'static str, next: &'static str, state: &'a i64) -> BoxFuture<'a, ()> {
            self.0.push((node, next, *state));
            Box::pin(std::future::ready(()))
        }
    }

    fn graph() -> StateGraph<i64, (), &'static str> {
        StateGraph::default()
    }

    #[test]
    fn faults_are_found_when_it_is_built() {
        let fault = |g: StateGraph<i64, (), &'static str>| g.build(9).err().unwrap();
        assert_eq!(fault(graph().node("a", Add(1))), BuildError::NoEdge(START));
        let twice = graph().node("a", Add(1)).node("a", Add(2)).edge(START, "a").edge("a", END);
        assert_eq!(fault(twice), BuildError::Duplicate("a"));
        let nowhere = graph().node("a", Add(1)).edge(START, "a").edge("a", "b");
        assert_eq!(fault(nowhere), BuildError::UnknownTarget { from: "a", to: "b" });
        let lonely = graph().node("a", Add(1)).node("b", Add(1)).edge(START, "a").edge("a", END).edge("b", END);
        assert_eq!(fault(lonely), BuildError::Unreachable("b"));
        let endless = graph().node("a", Add(1)).edge(START, "a").edge("a", "a");
        assert_eq!(fault(endless), BuildError::NoWayOut(START));
    }

    #[tokio::test]
    async fn a_run_goes_where_the_state_says_and_may_begin_in_the_middle() {
        let choose = |state: &i64| if *state < 3 { "add" } else { END };
        let graph = graph().node("add", Add(1)).edge(START, "add").choose("add", &["add", END], choose);
        let graph = graph.build(9).unwrap();
        let mut seen = Seen::default();
        assert_eq!(graph.run(0, None, &(), &mut seen).await, Ok(3));
        assert_eq!(seen.0, [("add", "add", 1), ("add", "add", 2), ("add", END, 3)]);
        assert_eq!(graph.run(2, Some("add"), &(), &mut seen).await, Ok(3));
        assert_eq!(graph.run(2, Some(END), &(), &mut seen).await, Ok(2));
        let unknown = graph.run(2, Some("x"), &(), &mut seen).await;
        assert_eq!(unknown, Err(RunError::NoSuchNode("x".to_owned())));
    }

    #[tokio::test]
    async fn endless_steps_failures_and_panics_end_a_run_with_an_error() {
        let built = |n: i64| {
            let again = |_: &i64| "a";
            graph().node("a", Add(n)).edge(START, "a").choose("a", &["a", END], again).build(5).unwrap()
        };
        let mut seen = Seen::default();
        assert_eq!(built(1).run(0, None, &(), &mut seen).await, Err(RunError::TooManySteps));
        assert_eq!(built(-1).run(0, None, &(), &mut seen).await, Err(RunError::Node("no")));
        assert_eq!(built(0).run(0, None, &(), &mut seen).await, Err(RunError::Panicked("a")));
    }
}
