//! Texts about scheduled jobs.

use super::Text;

#[rustfmt::skip]
pub(super) const TABLE: &[Text] = &[
    Text { code: "jobs_off",
        ko: ("예약 작업이 꺼져 있어요", "이 프로그램에서는 예약 작업이 돌지 않아요."),
        en: ("jobs are off", "No scheduler runs in this program.") },
    Text { code: "job_not_found",
        ko: ("없는 작업이에요", "`{name}` 작업은 없어요. /api/v1/jobs에서 목록을 볼 수 있어요."),
        en: ("no such job", "There is no job `{name}`. The list is at /api/v1/jobs.") },
    Text { code: "job_without_task",
        ko: ("할 일이 없는 작업이에요", "`{name}` 작업이 부르는 기능이 이 프로그램에 없어요. 설정의 task를 확인해 주세요."),
        en: ("the job has no task", "Nothing in this program does what the job `{name}` is to run. Check its `task` in the settings.") },
    Text { code: "job_running",
        ko: ("이미 돌고 있어요", "`{name}` 작업이 돌고 있어서 새로 시작하지 않았어요. 끝난 뒤 다시 해 주세요."),
        en: ("already running", "A run of the job `{name}` goes on, so no other was begun. Try again when it has ended.") },
    Text { code: "jobs_failed",
        ko: ("작업 기록을 쓰지 못했어요", "저장소가 답하지 않아요. 작업은 시작되지 않았어요."),
        en: ("the records of jobs could not be used", "The store does not answer. No run was begun.") },
];
