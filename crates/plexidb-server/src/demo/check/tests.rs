//! The comparison finds a stale row, and only that.

use plexidb::{Manager, params};
use plexidb_workloads::chat::{Kind, Mix, Operation, Scale, Sequence, generate};

use super::{Verdict, check};
use crate::demo::open;

const SCALE: Scale = Scale {
    users: 100,
    channels: 5,
    messages: 1_000,
};

async fn generated(folder: &tempfile::TempDir) -> (Manager, Manager) {
    let url = format!("sqlite:{}?mode=rwc", folder.path().join("chat.db").display());
    let direct = open(&url, false).await.unwrap();
    generate(&direct.databases()[0], SCALE, 1, |_| {}).await.unwrap();
    (open(&url, true).await.unwrap(), direct)
}

fn operations(reads_percent: u8) -> impl Iterator<Item = Operation> {
    Sequence::new(1, Mix::new(reads_percent).unwrap(), SCALE).take(2_000)
}

#[tokio::test]
async fn reads_and_writes_through_the_layer_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let (layer, direct) = generated(&folder).await;
    let verdict = check(&layer.databases()[0], &direct.databases()[0], operations(80))
        .await
        .unwrap();
    let Verdict::Equal(compared) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(compared.reads + compared.writes, 2_000);
    assert!(compared.writes > 300 && compared.from_cache > 100, "{compared:?}");
}

#[tokio::test]
async fn a_row_that_changed_behind_the_layer_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let (layer, direct) = generated(&folder).await;
    let (layer, direct) = (&layer.databases()[0], &direct.databases()[0]);
    let Verdict::Equal(_) = check(layer, direct, operations(100)).await.unwrap() else {
        panic!("nothing has changed yet");
    };
    let profile = operations(100)
        .find(|operation| operation.kind() == Kind::Profile)
        .unwrap();
    let Operation::Profile { user } = profile else {
        panic!("{profile:?}")
    };

    direct
        .execute("UPDATE users SET bio = 'changed' WHERE id = ?", params![user])
        .await
        .unwrap();
    let Verdict::Differs(difference) = check(layer, direct, operations(100)).await.unwrap() else {
        panic!("the layer cannot know of the write, and its row is stale");
    };
    assert!(difference.sql.contains("FROM users WHERE id"), "{difference}");
    assert!(
        difference.direct.contains("changed") && !difference.layer.contains("changed"),
        "{difference}"
    );
    assert!(difference.params.contains(&user.to_string()), "{difference}");

    layer.invalidate_all().await.unwrap();
    assert!(matches!(
        check(layer, direct, operations(100)).await.unwrap(),
        Verdict::Equal(_)
    ));
}
