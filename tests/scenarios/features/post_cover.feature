# language: zh-CN
功能: AB岗代理 · A deputy covers an absent officer's post

  局长外出期间由他人代理,代理期内的批准有效,期外无效;留痕写明是谁代谁。
  While the chief is away a deputy may approve in the chief's place; before and after, not.

  背景:
    假如 甲法院的案件标的为100000元
    # Given court A's case has a claim of 100,000 yuan
    而且 自2026年12月1日至2026年12月8日,甲法院协办人代理局长
    # And from 1 to 8 December the second officer covers the chief's post

  场景: 代理尚未开始 · Before the cover
    当 甲法院冻结第一银行账户50000元,由协办人代局长批准
    # When the deputy approves too early
    那么 中心不予受理,理由是"AB岗代理当时无效"
    # Then the hub refuses

  场景: 代理期内 · During the cover
    当 时间到了2026年12月1日9时
    # When the cover has begun
    而且 甲法院冻结第一银行账户50000元,由协办人代局长批准
    # And the deputy approves in the chief's place
    那么 中心受理
    # Then the hub accepts

  场景: 代理期满 · After the cover
    当 时间到了2026年12月8日0时
    # When the cover has ended
    而且 甲法院冻结第一银行账户50000元,由协办人代局长批准
    # And the deputy approves all the same
    那么 中心不予受理,理由是"AB岗代理当时无效"
    # Then the hub refuses
