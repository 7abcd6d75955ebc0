"""The jobs: small, re-runnable passes over due rows, each saying whether there is more to do.

    collect    sources due     → a page of mentions and the cursor, in one transaction
    recheck    posts not looked up for a day → edits and deletions
    verify     cases near their last step    → the brand's replies as they are now
    triage     mentions due    → verdicts; cases opened, extended, answered, withdrawn
    storms     complaints of late → one incident for many, begun, counted, ended
    escalate   cases due       → steps of the ladder into the outbox
    deliver    outbox due      → messages
    act        a person's word → claim, answer, dismiss, snooze, reopen
    missed     a person's word → a case for a post that was let pass
    parting    a person's word → a case split in two, or two joined
    audit      everything      → what is late, failing or silent
    retain     old rows        → customers' words erased

Nothing here loops, sleeps or reads the clock; running anything twice does it once.
"""
