"""The words for every kind of log entry and of message, in Chinese and English."""

ENTRIES: dict[str, tuple[str, str]] = {
    # requests and answers
    "request.accepted": ("受理请求", "Request accepted"), "request.refused": ("不予受理", "Request refused"),
    "request.dispatched": ("时间已到或原请求已办结,发送任务", "Its turn has come, tasks sent"),
    "request.concluded": ("办结", "Request concluded"), "order.cancelled": ("债务已履行或案件已结束,留存命令撤销", "Debt performed or case closed, held order cancelled"),
    "task.received": ("单位签收", "Partner has the task"), "task.answered": ("单位答复", "Partner answered"),
    "reply.held": ("答复似已逾期,待此前消息读完再定", "Seems late, decided when all from before is read"),
    "task.silent": ("期限已过,记为未答复", "Deadline passed in silence"), "task.nudged": ("催办", "Partner reminded"),
    "task.supervised": ("督办", "Supervised follow-up"), "answer.reused": ("复用近期答复", "Recent answer reused"),
    "message.duplicate": ("重复消息,不再处理", "Duplicate, nothing done again"),
    "message.rejected": ("消息不能接收", "Message not taken in"),
    # dead letters
    "letter.replayed": ("异常消息重放", "Dead letter replayed"), "letter.discarded": ("异常消息作废", "Dead letter discarded"),
    "letter.revealed": ("查看异常消息原文", "Dead letter read in clear"),
    "letter.unanswered": ("重发后仍未答复", "Replay not answered either"),
    # cases
    "case.noted": ("案件登记", "Case registered"), "case.refused": ("案件陈述不予登记", "Statement of a case refused"),
    "case.lifted": ("措施全部解除", "Everything in the case lifted"),
    "certificate.issued": ("出具完整性证明", "Certificate of completeness issued"),
    "certificate.refused": ("不予出具完整性证明", "Certificate of completeness refused"),
    # measures
    "measure.effective": ("措施生效", "Measure in effect"), "measure.queued": ("轮候", "Measure queued"),
    "measure.refused": ("措施未能实施", "Measure not carried out"), "measure.unknown": ("措施是否生效不明", "Whether the measure took effect is unknown"),
    "measure.renewed": ("续行", "Measure renewed"), "measure.released": ("解除", "Measure released"),
    "measure.deducted": ("扣划", "Deducted"), "measure.transferred": ("过户", "Transferred"),
    "measure.promoted": ("轮候转为正式", "Queued measure took effect"), "measure.lapsed": ("届满失效", "Measure lapsed"),
    "measure.renewed-after-end": ("终止后反馈续行,报警", "Renewed after its end, alarm"),
    "measure.disposed": ("财产处置", "Asset disposed of"), "measure.void": ("轮候失效", "Queued measure void"),
    "renewal.due": ("续行提醒", "Renewal due"), "renewal.escalated": ("续行未签,提请督办", "Unsigned renewal escalated"),
    "release.due": ("应予解除", "Release due"), "release.overdue": ("应解除未解除", "Release overdue"),
    "asset.protected": ("财产受保护", "Asset protected"),
    "restriction.restricted": ("限制生效", "Restriction in effect"), "restriction.lifted": ("限制解除", "Restriction lifted"),
    # objections
    "objection.opened": ("收到异议", "Objection opened"), "objection.upheld": ("异议成立", "Objection upheld"),
    "objection.rejected": ("异议驳回", "Objection rejected"), "objection.overdue": ("异议审查逾期", "Review of an objection overdue"),
    # watches
    "watch.armed": ("布控", "Watch armed"), "watch.hit": ("命中", "Watch has hit"), "watch.alerted": ("命中已告知", "Told of a hit"),
    "watch.hit-after-end": ("临控结束后命中", "Hit after the watch's end"),
    "watch.handed-over": ("已移交", "Handed over"), "watch.missed": ("未控制", "Missed"),
    "watch.unattended": ("命中后未处置", "Hit unattended"), "watch.expired": ("临控届满", "Watch ended"),
    "watch.withdrawn": ("撤控", "Watch withdrawn"),
    # leads
    "lead.received": ("收到线索", "Lead received"), "lead.refused": ("线索不予受理", "Lead refused"),
    "lead.confirmed": ("线索属实", "Lead confirmed"), "lead.unfounded": ("线索不实", "Lead unfounded"),
    "lead.acted": ("线索已采取措施", "Lead acted on"), "lead.overdue": ("线索核查逾期", "Verification of a lead overdue"),
    "lead.moved": ("线索随案移送", "Lead passed on with its case"), "lead.converted": ("线索转化为措施", "A lead has become a measure"),
    # entrusted matters
    "matter.sent": ("发出委托", "Matter sent"), "entrust.refused": ("委托不予登记", "Matter refused"),
    "matter.signed-for": ("签收委托", "Matter signed for"), "matter.accepted": ("接受委托", "Matter accepted"),
    "matter.returned": ("退回委托", "Matter returned"), "matter.progress": ("委托进展", "Progress of a matter"),
    "matter.news": ("委托事项有进展", "News of a matter"), "matter.done": ("委托办结", "Matter done"),
    "matter.overdue": ("委托逾期", "Matter overdue"), "matter.withdrawn": ("委托终止", "Matter withdrawn"),
    # closed rounds
    "ledger.opened": ("终本入册", "Closed round entered"), "ledger.imported": ("历史终本导入", "Earlier closed round taken over"),
    "ledger.checked": ("定期查询", "Re-inquiry made"),
    "ledger.found": ("定期查询发现财产", "Re-inquiry found something"), "ledger.resumed": ("恢复执行", "Case resumed"),
    "ledger.dismissed": ("审查后不恢复", "Reviewed, not resumed"), "ledger.overdue": ("发现财产未审查", "Review overdue"),
    "ledger.closed": ("定期查询结束", "Re-inquiries ended"),
    # oversight and operation
    "reading.noted": ("查阅留痕", "Read noted"), "reading.threshold": ("查阅数量达到警戒线", "Reads reached a threshold"),
    "drafts.given": ("提供后续请求草稿", "Drafts of follow-ups given"),
    "register.given": ("提供查询登记簿", "Register of inquiries given"),
    "party.key": ("密钥登记", "Key registered"), "agreement.maintenance": ("协议维护时段登记", "Agreed maintenance registered"), "bus.outage": ("总线中断", "Bus outage"),
    "store.restored": ("存储由备份恢复", "Store put back from a backup"),
    "timer.failed": ("定时事项失败", "Timer failed"),
}  # fmt: skip
"""By kind of entry."""

MESSAGES: dict[str, tuple[str, str]] = {
    "event.request": ("请求", "Request"), "event.task": ("任务", "Task"), "event.receipt": ("签收", "Receipt"),
    "event.reply": ("答复", "Reply"), "event.hit": ("命中通知", "Hit"), "event.acceptance": ("受理通知", "Acceptance"),
    "event.refusal": ("不予受理通知", "Refusal"), "event.result": ("转送答复", "Result passed on"),
    "event.non-response": ("未答复证明", "Record of silence"), "event.conclusion": ("办结通知", "Conclusion"),
    "event.rejection": ("退信", "Rejection"), "event.nudge": ("催办通知", "Reminder"),
    "event.noted": ("登记回执", "Noted"), "event.event": ("案件事项通知", "Case event"),
    "event.statement": ("案件陈述", "Statement of a case"), "event.disposal": ("财产处置通知", "Disposal of an asset"),
    "event.objection": ("异议", "Objection"), "event.objection-decision": ("异议裁定", "Decision on an objection"),
    "event.handover": ("移交情况", "Handover"), "event.review": ("发现财产审查", "Review of a finding"),
    "event.certificate-request": ("申请完整性证明", "Request for a certificate"), "event.certificate": ("完整性证明", "Certificate of completeness"),
    "event.lift-certificate": ("解除证明", "Certificate of lifting"), "event.reading": ("查阅留痕", "Reading"),
    "event.drafts-request": ("申请后续请求草稿", "Request for drafts"), "event.drafts": ("后续请求草稿", "Drafts of follow-ups"),
    "event.register-request": ("申请查询登记簿", "Request for the register"), "event.register": ("查询登记簿", "Register of inquiries"),
    "event.step": ("委托办理情况", "Step of a matter"), "event.matter": ("委托事项", "Entrusted matter"),
    "event.progress": ("委托进展", "Progress of a matter"), "event.submission": ("线索", "Lead"),
    "event.verdict": ("线索核查结论", "Verdict on a lead"), "event.forward": ("转送线索", "Lead passed on"),
    "event.answer": ("线索答复", "Answer to a lead"),
}  # fmt: skip
"""By a message's event: the third part of its type."""
