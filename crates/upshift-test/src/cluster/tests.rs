use super::*;

/// A cache of this test's own, removed at the end.
struct Scratch {
    cache: Cache,
    account: Account,
    programs: Programs,
}

impl Scratch {
    fn new(name: &str) -> Self {
        let account = Account::choose().unwrap();
        let folder = temporary()[0].join(format!("upshift-{name}-{}", std::process::id()));
        account.run(account.command("mkdir").args(["-m", "700"]).arg(&folder)).unwrap();
        Self { cache: Cache { folder, day: 20_000 }, account, programs: Programs::find().unwrap() }
    }

    fn cluster(&self) -> Cluster {
        self.cache.cluster(&self.programs, &self.account, &[]).unwrap()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.cache.folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.cache.folder);
    }
}

#[test]
fn a_cluster_is_made_once() {
    let scratch = Scratch::new("once");
    let first = scratch.cluster();
    let made_at = fs::metadata(first.data.join("PG_VERSION")).unwrap().ino();
    let second = scratch.cluster();
    assert_eq!(fs::metadata(second.data.join("PG_VERSION")).unwrap().ino(), made_at);
    assert_eq!(first.version, second.version);
    assert_eq!(scratch.names().len(), 1);
}

#[test]
fn a_half_finished_cluster_is_made_anew() {
    for missing in ["version", "data/global/pg_control"] {
        let scratch = Scratch::new("half");
        let entry = scratch.cluster().data.parent().unwrap().to_owned();
        fs::remove_file(entry.join(missing)).unwrap();
        fs::write(entry.join("data/left-behind"), "").unwrap();

        let cluster = scratch.cluster();

        assert!(entry.join(missing).exists(), "{missing}");
        assert!(!cluster.data.join("left-behind").exists(), "{missing}");
    }
}

#[test]
fn what_a_killed_initdb_left_is_never_used_and_removed_two_days_later() {
    let mut scratch = Scratch::new("killed");
    let part = scratch.cache.part();
    fs::create_dir_all(part.join("data/global")).unwrap();

    let cluster = scratch.cluster();
    assert!(!cluster.data.starts_with(&part));
    assert!(part.exists());

    scratch.cache.day += 2;
    scratch.cluster();
    assert!(!part.exists());
    assert_eq!(scratch.names().len(), 1, "yesterday's cluster is removed as well: {:?}", scratch.names());
}

#[test]
fn the_second_to_finish_takes_the_cluster_of_the_first() {
    let scratch = Scratch::new("second");
    let first = scratch.cluster();
    let entry = first.data.parent().unwrap();
    let part = scratch.cache.part();
    make(&scratch.programs, &scratch.account, &[], &part).unwrap();

    let second = publish(&part, entry).unwrap();

    assert_eq!(second.data, first.data);
    assert!(part.exists(), "the first's was not replaced");
}

#[test]
fn a_cache_that_others_can_write_is_refused() {
    let scratch = Scratch::new("foreign");
    let folder = scratch.cache.folder.clone();
    scratch.account.run(scratch.account.command("chmod").arg("770").arg(&folder)).unwrap();
    let error = private(folder, &scratch.account).unwrap_err();
    assert!(error.to_string().contains("is not a private folder of"), "{error}");
}
