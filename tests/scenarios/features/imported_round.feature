# language: zh-CN
功能: 历史终本案件导入台账 · A round closed long ago is taken over into the ledger

  本中心启用台账之前已终结本次执行的案件,凭终本裁定和院长批准导入(民诉法解释第517条);自实际终结之日起每六个月查询一次,
  已过的不补查,满五年结束(终本规定第9条)。
  What was closed before the hub kept the ledger comes in with its ruling and the president's approval. Re-inquiries count from the
  real closing, those that have passed are not asked, and after five years it ends.

  场景: 2024年5月10日终本的案件,从第六次查询起 · Closed on 10 May 2024: it goes on with the sixth re-inquiry
    当 甲法院导入2024年5月10日终结的案件,向第一银行定期查询,由院长批准
    # When court A takes over a round closed then, with the ruling and the president's approval
    那么 中心受理
    # Then the hub accepts it
    当 甲法院首次告知案件终结本次执行
    # When court A states the case for the first time, its round closed
    那么 中心登记
    # Then the hub notes it, without a certificate
    当 时间到了2027年5月11日12时
    # When three years have passed since the closing
    那么 第6次定期查询已发往第一银行
    # Then the sixth re-inquiry went out in the night
    当 时间到了2029年6月30日12时
    # When more than five years have passed
    那么 甲法院收到提示"终本满五年"
    # Then court A is told that the re-inquiries have ended

  场景: 仅有局长批准的不予导入 · The bureau chief's approval is not enough
    当 甲法院导入2024年5月10日终结的案件,向第一银行定期查询,由局长批准
    # When only the bureau chief has approved it
    那么 中心不予受理,理由是"审批人级别不足"
    # Then the hub refuses it

  场景: 启用台账之后终结的,须凭完备性证明 · A round closed since needs a certificate
    当 甲法院导入2026年3月1日终结的案件,向第一银行定期查询,由院长批准
    # When the round was closed after the hub began to keep the ledger
    那么 中心不予受理,理由是"终结日期不早于本中心启用台账之日"
    # Then the hub refuses it
