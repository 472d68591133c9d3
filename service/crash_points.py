"""Places where a test may kill the process, by name, to prove that nothing is lost there.

With `PLATEIA_CRASH_AT=<name>` in the environment a process dies by SIGKILL, as in a power cut, the first time that it
comes to that place. The variable is read once, at import; without it `crash_here` does nothing.
"""

import os
import signal

POINTS = {
    "between_files": "one rendition of a photo is kept, the others and its row are not",
    "after_files_kept": "all renditions of a photo are kept, no row names them",
    "after_photo_recorded": "the row about a photo that came before its report is committed, nobody was answered",
    "after_keep": "the outcome of a report is kept and nothing else of it, the transaction is open",
    "before_commit": "a report is written whole with what it owes, the transaction is still open",
    "after_commit": "a report is committed, the phone was not answered",
    "before_move_commit": "a move of a report is written whole with what it owes, the transaction is still open",
    "after_move_commit": "a move of a report is committed, nobody was answered",
    "after_rows_swept": "rows about photos that nobody attached are deleted, their files are not",
    "after_expand_insert": "deliveries are written, the transaction of the event's expansion is still open",
    "after_claim": "deliveries are leased and that is committed, nothing is sent",
    "after_send": "the first message of a batch was accepted, nobody has written that down",
    "before_record": "results are in memory, their transaction has not begun",
    "after_record": "results are committed, the rest of the batch is under way",
    "after_job_claim": "a job is leased and that is committed, its handler has not begun",
    "after_upload_kept": "the file of a layer is kept, no job names it",
    "after_layer_part": "a part of a draft is written, the draft is not whole and nobody sees it",
    "after_layer_import": "a draft is written whole and that is noted, its file is still there",
    "after_layer_fetch": "what came of a fetch is written whole and that is noted, the job has not come back",
    "after_notice_begun": "a notice is owed to its audience and that is committed, its job has not come back",
    "before_article_commit": "an article is published whole with what it owes, the transaction is still open",
    "after_article_commit": "an article is published and that is committed, nobody was answered",
    "before_cancel_commit": "a running notice is cancelled with what follows, the transaction is still open",
    "after_cancel_commit": "a notice is cancelled and committed, what waits is not cleared, nobody was answered",
    "before_correction_commit": "a sent notice is stopped and its correction begun, the transaction is still open",
    "after_correction_commit": "the correction of a notice is begun and committed, nobody was answered",
    "before_seal_commit": "places in the chain of the audit log are given, the transaction is still open",
    "before_erasure_commit": "an account is erased whole, the transaction is still open",
    "after_erasure_listed": "an erasure stands in the store, files of photos are still there",
    "after_copy_kept": "the file of a copy of somebody's data is kept, no row names it",
    "before_plan_applied": "a document is written whole as a draft, the transaction is still open",
    "before_plan_frozen": "a draft is frozen, the transaction is still open",
    "before_plan_published": "a version is in force with what it tells and brings, the transaction is still open",
    "before_progress_approved": "a report on progress is approved and told, the transaction is still open",
    "after_participation": "that somebody takes part is written, their ballot is not, the transaction is open",
    "after_ballot_named": "who takes part and the name of a ballot are written, its answers are not",
    "before_cast_commit": "a cast is written whole, the transaction is still open",
    "after_cast_commit": "a cast is committed, the phone was not answered",
    "after_answers_withdrawn": "answers are forgotten, those that replace them are not written",
    "before_replacement_commit": "a replacement is written whole, the transaction is still open",
    "after_papers_held": "who votes on papers is written, the batch is not",
    "after_papers_taken": "those on papers count as having taken part, none of the papers is a ballot yet",
    "between_papers": "one paper of a batch is a ballot, the others are not",
    "after_papers_logged": "a batch of papers is counted and in the log, the transaction is still open",
    "after_last_release": "the last answers of a vote are in its log, the close is not",
    "before_log_ended": "the close is in the log, the transaction is still open",
    "before_rows_rewritten": "some rows of a vote are deleted to be written anew in the order of their names",
    "before_ballots_parted": "which answers were one ballot is forgotten, the transaction is still open",
    "after_bundle_kept": "the bundle of a vote is kept, no row names it",
    "after_heads_owed": "observers are named and owed the newest head, the transaction is still open",
    "after_letters_written": "the letters of a sheet are written, not what they are found by, the transaction is open",
    "after_sheet_commit": "a sheet of letters is committed, nobody was answered",
    "before_questionnaire_ended": "a questionnaire takes no answers any more, the transaction is still open",
    "after_questionnaire_ended": "a questionnaire takes no answers any more, nothing is counted",
    "before_texts_wait": "some of what people wrote waits for moderators, the transaction is still open",
    "after_texts_wait": "some of what people wrote waits for moderators, the rest does not, nothing is published",
    "before_questionnaire_counted": "the result of a questionnaire is written whole, the transaction is still open",
    "after_making_claimed": "a process is about to make a file and that is committed, nothing of it is made",
    "after_made_file_kept": "a file that others wait for is kept, its maker has not said so",
    "before_result_out": "a result is written with what it owes, the transaction is still open",
    "after_job_run": "a job's handler has come back, its result is not written",
}

WANTED = os.environ.get("PLATEIA_CRASH_AT")
if WANTED and WANTED not in POINTS:
    raise SystemExit(f"PLATEIA_CRASH_AT={WANTED}: there are only {', '.join(POINTS)}")


def crash_here(point: str) -> None:
    """Die now if a test asked for it. Does nothing otherwise."""
    if point == WANTED:
        os.kill(os.getpid(), signal.SIGKILL)
