# language: zh-CN
功能: 同名不误冻 · A namesake is never frozen

  只凭姓名不得冻结。姓名和证件号码须同时相符,否则退回,绝不"择近"办理。
  A name alone never identifies. Name and number must both agree (V23); else the order comes back, and nothing is
  frozen on a best guess.

  场景: 证件号码登记在另一姓名之下,银行退回,不冻结 · The number is on file under another name
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    当 甲法院冻结第一银行账户50000元
    # When court A freezes the account at the first bank for 50,000 yuan
    那么 任务发往第一银行
    # Then the task goes to the first bank
    当 第一银行核对,该证件号码登记在"孙立果"名下
    # When the first bank finds the number on file under another name
    那么 办结为"未完成"
    # Then the request is concluded as incomplete
    而且 甲法院对第一银行账户的措施为"未形成"
    # And court A has no measure on the account
    而且 甲法院案件共已控制0元
    # And nothing is controlled in the case
    当 甲法院解除对第一银行账户的措施
    # When court A asks to release it all the same
    那么 中心不予受理,理由是"原请求未形成控制措施"
    # Then the hub refuses: there is nothing to release

  场景: 同名而证件号码不同的人不在查得之列 · Somebody of the same name with another number is not found
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    当 甲法院冻结第一银行账户50000元
    # When court A freezes the account
    而且 第一银行反馈查无
    # And the bank, which searches by number, has no record of it
    那么 办结为"已完成"
    # Then the request is concluded as complete
    而且 第一银行账户上没有任何措施
    # And there is no measure on the account

  场景: 姓名和证件号码均相符,才予冻结 · Name and number agree: only then is it frozen
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    当 甲法院冻结第一银行账户50000元
    # When court A freezes the account
    那么 第一银行核对姓名和证件号码均相符
    # Then the bank finds that name and number both agree
    当 第一银行反馈已冻结50000元
    # When the bank answers that 50,000 yuan are frozen
    那么 甲法院对第一银行账户的措施为"生效"
    # Then the measure is in effect
