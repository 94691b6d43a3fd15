//! What a transition costs by component, and what nodes, disks and a network carry at these costs.

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{number, table};

/// Part of the cores that may be busy: beyond it, queues grow faster than throughput.
const BUSY_MAX: f64 = 0.6;

/// Cores of a node in the tables.
const CORES: f64 = 32.0;

/// Components whose work a database of its own would do.
const OF_THE_STORE: [&str; 3] = ["embedded store", "engine", "journal: write and fsync"];

/// Measured costs.
pub struct Costs {
    /// State transitions of a one-activity workflow.
    transitions_each: f64,
    /// Server CPU of a transition.
    cpu_us: f64,
    /// Bytes given to the disk for a transition.
    written_bytes: f64,
    /// Bytes over the network for a transition, both ways.
    network_bytes: f64,
    /// Commits of a workflow.
    commits_each: f64,
    /// Part of the CPU that the one committing thread of a node uses.
    committer: f64,
    /// Parts of the CPU by component; together they are one.
    shares: Vec<(String, f64)>,
}

impl Costs {
    /// Reads them from the figures of the bench and from the profile.
    pub fn of(figures: &Value, profile: &Value) -> Result<Self> {
        let capacity = |field: &str| median(figures, "capacity", field);
        let transitions_each = capacity("/transitions_each")?;
        let shares = profile["components"].as_object().context("profile without components")?;
        let shares: Vec<(String, f64)> = shares
            .iter()
            .map(|(name, share)| Some((name.clone(), share.as_f64()?)))
            .collect::<Option<_>>()
            .context("a share that is no number")?;
        Ok(Self {
            transitions_each,
            cpu_us: capacity("/cpu_ms_each")? * 1e3 / transitions_each,
            written_bytes: capacity("/written_bytes_each")? / transitions_each,
            network_bytes: capacity("/network_bytes_each")? / transitions_each,
            commits_each: capacity("/commits_each")?,
            committer: profile["committer"].as_f64().context("profile without committer")?,
            shares,
        })
    }

    /// The figures that everything else follows from.
    pub fn inputs(&self) -> String {
        let rows = [
            ("state transitions of a one-activity workflow", self.transitions_each),
            ("server CPU of a transition, us", self.cpu_us),
            ("of that on the committing thread, us", self.cpu_us * self.committer),
            ("bytes written for a transition", self.written_bytes),
            ("bytes over the network for a transition, both ways", self.network_bytes),
            ("commits of a one-activity workflow", self.commits_each),
        ];
        table(&["Measured", "Figure"], &rows.map(|(name, value)| vec![name.into(), number(value)]))
    }

    /// Cost by component.
    pub fn components(&self) -> String {
        let mut shares = self.shares.clone();
        shares.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        let rows: Vec<Vec<String>> = shares
            .iter()
            .map(|(name, share)| {
                vec![name.clone(), format!("{:.0} %", share * 100.0), number(self.cpu_us * share)]
            })
            .collect();
        table(&["Component", "Share", "us of CPU for a transition"], &rows)
    }

    /// Transitions a second of a node with so many cores, with as many committing threads as it takes.
    fn node(&self, cores: f64) -> f64 {
        cores * BUSY_MAX * 1e6 / self.cpu_us
    }

    /// Transitions a second of one committing thread.
    fn committer_max(&self) -> f64 {
        BUSY_MAX * 1e6 / (self.cpu_us * self.committer)
    }

    /// CPU of one commit on the committing thread, in milliseconds.
    pub fn commit_ms(&self) -> f64 {
        self.cpu_us * self.transitions_each * self.committer / self.commits_each / 1e3
    }

    /// What single nodes carry, and where the committing thread ends it.
    pub fn nodes(&self) -> String {
        let rows: Vec<Vec<String>> = [2.0, 4.0, 8.0, 16.0, CORES, 64.0]
            .iter()
            .map(|&cores| {
                let wanted = self.node(cores);
                let carried = wanted.min(self.committer_max());
                vec![
                    number(cores),
                    number(wanted),
                    number(carried),
                    number((wanted / self.committer_max()).ceil()),
                    number(wanted * self.written_bytes / 1e6),
                    number(wanted * self.network_bytes * 8.0 / 1e9),
                ]
            })
            .collect();
        let head = [
            "Cores",
            "Transitions a second by CPU",
            "with one committing thread",
            "threads for all cores",
            "MB written a second",
            "Gbit a second",
        ];
        table(&head, &rows)
    }

    /// What N nodes before a database of M nodes carry: the smaller of the two.
    pub fn database(&self) -> String {
        let store: f64 = self
            .shares
            .iter()
            .filter(|(name, _)| OF_THE_STORE.contains(&name.as_str()))
            .map(|(_, share)| share)
            .sum();
        let databases = [1.0, 2.0, 4.0, 8.0];
        let rows: Vec<Vec<String>> = [1.0, 2.0, 4.0, 8.0, 16.0]
            .iter()
            .map(|&nodes| {
                let by_nodes = nodes * self.node(CORES) / (1.0 - store);
                let cells = databases.map(|count| number(by_nodes.min(count * self.node(CORES) / store)));
                std::iter::once(number(nodes)).chain(cells).collect()
            })
            .collect();
        let head = ["Nodes", "database of 1 node", "of 2", "of 4", "of 8"];
        table(&head, &rows)
    }

    /// What one million transitions a second takes.
    pub fn million(&self) -> String {
        let cores = 1e6 * self.cpu_us / 1e6 / BUSY_MAX;
        let rows = [
            ("one-activity workflows a second", number(1e6 / self.transitions_each)),
            ("cores, at most 60 % busy", number(cores)),
            ("nodes of 32 cores", number((cores / CORES).ceil())),
            ("committing threads, at most 60 % busy", number((1e6 / self.committer_max()).ceil())),
            ("GB written a second, all nodes", number(1e6 * self.written_bytes / 1e9)),
            ("Gbit a second of network, all nodes", number(1e6 * self.network_bytes * 8.0 / 1e9)),
        ];
        table(
            &["For 1,000,000 transitions a second", "Figure"],
            &rows.map(|(name, text)| vec![name.into(), text]),
        )
    }
}

/// Median over our rounds.
pub fn median(figures: &Value, load: &str, pointer: &str) -> Result<f64> {
    let sides = figures["sides"].as_array().into_iter().flatten();
    let rounds =
        sides.filter(|side| side["name"] == "ours").flat_map(|side| side["rounds"].as_array()).flatten();
    let mut values: Vec<f64> = rounds.filter_map(|round| round[load].pointer(pointer)?.as_f64()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().with_context(|| format!("no figure {load}{pointer}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Costs;

    #[test]
    fn a_transition_of_100_us_takes_166_cores_for_a_million_a_second() {
        let round = json!({"capacity": {"transitions_each": 10, "cpu_ms_each": 1.0, "written_bytes_each": 1e4,
            "network_bytes_each": 1e4, "commits_each": 7}});
        let figures = json!({"sides": [{"name": "ours", "rounds": [round]}]});
        let profile = json!({"committer": 0.25, "components": {"gRPC": 0.5, "engine": 0.5}});
        let costs = Costs::of(&figures, &profile).expect("all figures are there");
        let million = costs.million();
        assert!(million.contains("| cores, at most 60 % busy | 167 |"), "{million}");
        assert!(million.contains("| committing threads, at most 60 % busy | 42 |"), "{million}");
        // Half of the work is the database's, so that two nodes of each carry four times what one node carries alone.
        assert!(costs.database().contains("| 2.00 | 384,000 | 768,000 |"), "{}", costs.database());
    }
}
