//! How much memory there is for this process.

use std::fs;
use std::path::{Path, PathBuf};

/// Bytes that the process may still take: what the machine has free or can free, and what the limits of its control
/// groups leave. `None` where the system does not tell.
#[must_use]
pub fn available() -> Option<u64> {
    let of_machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| kib_of(&text, "MemAvailable:"));
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let of_groups = groups_of(&groups).into_iter().filter_map(|group| group.left()).min();
    [of_machine, of_groups].into_iter().flatten().min()
}

/// The value of one line of `/proc/meminfo`, in bytes.
fn kib_of(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// A control group's folder, and which version's files lie there.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    folder: PathBuf,
    second: bool,
}

/// The groups of a process and all above them: each may have a limit. From `/proc/self/cgroup`.
fn groups_of(text: &str) -> Vec<Group> {
    let mut out = Vec::new();
    for line in text.lines() {
        let mut parts = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (parts.next(), parts.next()) else { continue };
        let second = controllers.is_empty();
        if !second && !controllers.split(',').any(|name| name == "memory") {
            continue;
        }
        let root = Path::new(if second { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/memory" });
        // Inside a container the path may be one of the host's: the root is then the group itself.
        for inside in Path::new(path.trim_start_matches('/')).ancestors() {
            out.push(Group { folder: root.join(inside), second });
        }
    }
    out
}

impl Group {
    /// What the limit leaves; pages of files that nobody uses do not count.
    fn left(&self) -> Option<u64> {
        let (limit, used, idle) = if self.second {
            ("memory.max", "memory.current", "inactive_file ")
        } else {
            ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file ")
        };
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).ok();
        let number = |name: &str| read(name)?.trim().parse::<u64>().ok();
        // `max` and numbers near 2^63 are no limit.
        let limit = number(limit).filter(|limit| *limit < 1 << 60)?;
        let stat = read("memory.stat").unwrap_or_default();
        let idle = stat.lines().find_map(|line| line.strip_prefix(idle)?.trim().parse::<u64>().ok()).unwrap_or(0);
        Some((limit + idle).saturating_sub(number(used)?).min(limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_proc() {
        assert_eq!(kib_of("MemTotal:  9 kB\nMemAvailable:   21 kB\n", "MemAvailable:"), Some(21 * 1024));
        assert_eq!(kib_of("MemTotal:  9 kB\n", "MemAvailable:"), None);
        let folders = |text: &str| groups_of(text).into_iter().map(|g| g.folder).collect::<Vec<_>>();
        assert_eq!(
            folders("8:blkio:/\n4:memory:/a/b\n0::/\n"),
            ["/sys/fs/cgroup/memory/a/b", "/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory/", "/sys/fs/cgroup/"]
                .map(PathBuf::from)
        );
    }

    #[test]
    fn a_groups_limit() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(dir.path().join(name), text).unwrap();
        let group = Group { folder: dir.path().to_owned(), second: true };
        assert_eq!(group.left(), None);
        write("memory.max", "max\n");
        write("memory.current", "700\n");
        assert_eq!(group.left(), None);
        write("memory.max", "1000\n");
        assert_eq!(group.left(), Some(300));
        write("memory.stat", "anon 1\ninactive_file 250\n");
        assert_eq!(group.left(), Some(550));
        write("memory.current", "2000\n");
        assert_eq!(group.left(), Some(0));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_some() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
