//! Texts about backups.

use super::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Text] = &[
    Text { code: "backups_off",
        ko: ("백업이 꺼져 있어요", "백업을 둘 곳이 없어요. 설정 [backup]의 target을 정하고 다시 시작해 주세요."),
        en: ("backups are off", "There is no place for backups. Set `target` under [backup] and start again.") },
    Text { code: "backup_not_found",
        ko: ("없는 백업이에요", "`{id}` 백업은 없어요. /api/v1/backups에서 목록을 볼 수 있어요."),
        en: ("no such backup", "There is no backup `{id}`. The list is at /api/v1/backups.") },
    Text { code: "backup_busy",
        ko: ("다른 백업 작업이 진행 중이에요", "끝난 뒤 다시 해 주세요."),
        en: ("another one is under way", "Something else is being done in the backup target. Try again when it has ended.") },
    Text { code: "backup_damaged",
        ko: ("백업이 손상됐어요", "`{id}` 백업을 쓰지 말고 다른 백업을 써 주세요: {what}"),
        en: ("the backup is damaged", "Don't rely on the backup `{id}`; use another one: {what}") },
    Text { code: "backups_failed",
        ko: ("백업을 둔 곳에 닿지 못했어요", "백업 위치나 데이터베이스가 답하지 않아요. 자세한 까닭은 로그에 있어요."),
        en: ("the backups could not be reached", "The backup target or the database does not answer. The log has the cause.") },
];
