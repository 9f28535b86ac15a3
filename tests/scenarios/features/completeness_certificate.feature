# language: zh-CN
功能: 穷尽措施的完备性证明 · The completeness certificate

  方案要求的单位全部作出明确答复,才能出具;一家沉默即不能。沉默不等于查无。
  It is issued only when every partner that the plan requires has answered explicitly; one silence is enough to refuse it.

  场景: 一家银行未答复,不能出具;补答后出具 · Refused while one bank is silent, issued once it has answered
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院向各单位查询被执行人财产
    # And court A has asked every partner
    而且 除第二银行外,各单位均反馈查无
    # And all but the second bank have answered that they have no record
    而且 又过了60秒
    # And the second bank's time has passed
    当 甲法院申请完备性证明
    # When court A asks for the certificate
    那么 中心不予出具,理由是"尚有单位未作明确答复"
    # Then the hub refuses it
    当 甲法院向第二银行查询被执行人财产
    # When court A asks the second bank again
    而且 第二银行反馈查无
    # And that bank answers
    而且 甲法院申请完备性证明
    # And court A asks for the certificate again
    那么 甲法院收到完备性证明
    # Then it is issued
    而且 证明列明6家单位的明确答复
    # And lists the explicit answers of all six

  场景: 证明逾三个月,不得据以终本 · A certificate over three months old closes no round
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 甲法院已对被执行人限制消费
    # And the debtor's consumption is restricted
    而且 甲法院向各单位查询被执行人财产
    # And court A has asked every partner
    而且 各单位均反馈查无
    # And all have answered that they have no record
    而且 甲法院申请完备性证明
    # And court A has asked for the certificate
    那么 甲法院收到完备性证明
    # Then it has it
    当 时间到了2027年2月24日9时
    # When three months and a day have passed
    而且 甲法院向第一银行发出终本定期查询,每6个月一次,共10次
    # And court A signs the standing inquiry
    而且 甲法院告知案件终结本次执行
    # And states that this round is closed
    那么 中心不予受理,理由是"穷尽措施证明所依据的答复已逾期限"
    # Then the hub refuses: the debtor is inquired into again
