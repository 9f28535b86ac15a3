# language: zh-CN
功能: 三家银行不得合计超标的 · No over-seizure across three banks

  民诉法第253条、法发〔2019〕35号:不得明显超标的。各家银行实际控制的合计,以债权加费用减已受偿为限;超出须说明理由并经院长批准。
  What all partners together actually control stays within claim and costs less what was recovered (V20); beyond it a
  reason and the president's approval are needed.

  背景:
    假如 第三家银行已接入
    # Given a third bank is connected
    而且 甲法院的案件标的为100000元
    # And court A's case has a claim of 100,000 yuan

  场景: 前两家已冻结八万,第三家只能再冻两万 · 80,000 at two banks leave 20,000 for the third
    当 甲法院冻结第一银行账户40000元
    # When court A freezes 40,000 at the first bank
    而且 第一银行反馈已冻结40000元
    # And it is done
    而且 甲法院冻结第二银行账户40000元
    # And 40,000 at the second
    而且 第二银行反馈已冻结40000元
    # And it is done
    而且 甲法院冻结第三银行账户40000元
    # And 40,000 at the third
    那么 中心不予受理,理由是"超标的"
    # Then the hub refuses: over-seizure
    当 甲法院说明理由并经局长批准,冻结第三银行账户40000元
    # When court A gives a reason, approved by the bureau chief
    那么 中心不予受理,理由是"审批人级别不足"
    # Then the hub refuses: the rank does not suffice
    当 甲法院说明理由并经院长批准,冻结第三银行账户40000元
    # When the president approves
    那么 任务发往第三银行
    # Then the freeze goes to the third bank

  场景: 只算实际控制的 · Only what is actually controlled counts
    当 甲法院冻结第一银行账户100000元
    # When court A freezes 100,000 at the first bank
    那么 甲法院案件共已控制100000元
    # Then all of it counts while the answer is awaited
    当 第一银行反馈已冻结5000元
    # When the account holds only 5,000
    那么 甲法院案件共已控制5000元
    # Then only that counts
    当 甲法院冻结第二银行账户95000元
    # When court A freezes the rest at the second bank
    那么 任务发往第二银行
    # Then the freeze goes there
    当 第二银行反馈查无
    # When that bank knows no such account
    而且 甲法院冻结第三银行账户95000元
    # And court A freezes the rest at the third bank
    那么 任务发往第三银行
    # Then it goes there

  场景: 扣划到账,上限随之降低 · A deduction lowers the ceiling
    当 甲法院冻结第一银行账户60000元
    # When court A freezes 60,000 at the first bank
    而且 第一银行反馈已冻结60000元
    # And it is done
    而且 甲法院从第一银行账户扣划60000元
    # And deducts it
    而且 第一银行反馈已扣划60000元
    # And the bank has paid
    那么 甲法院案件共已控制0元
    # Then nothing is controlled any more
    当 甲法院冻结第二银行账户40001元
    # When court A freezes one yuan more than is still owed
    那么 中心不予受理,理由是"超标的"
    # Then the hub refuses
